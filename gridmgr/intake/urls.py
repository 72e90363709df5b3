from django.urls import path, re_path

from gridmgr.intake import exports, views

urlpatterns = [
    path("data/", views.hub, name="data"),
    path("data/export/", exports.page, name="data-export"),
    path("data/export/file", exports.file, name="data-export-file"),
    path("data/imports/", views.imports, name="data-imports"),
    path("data/import/", views.upload, name="data-upload"),
    path("data/import/<uuid:pk>/", views.one, name="data-import"),
    path("data/import/<uuid:pk>/datum/", views.choose_datum, name="data-datum"),
    path("data/import/<uuid:pk>/confirm/", views.confirm, name="data-confirm"),
    path("data/import/<uuid:pk>/undo/", views.undo, name="data-undo"),
    path("data/import/<uuid:pk>/drop/", views.drop, name="data-drop"),
    path("data/import/<uuid:pk>/changes.geojson", views.changes, name="data-changes"),
    re_path(
        r"^data/import/(?P<pk>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/refused\.(?P<suffix>csv|json)$",
        views.refused,
        name="data-refused",
    ),
]
