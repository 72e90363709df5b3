from django.urls import path

from gridmgr.briefing import views

urlpatterns = [
    path("briefing/", views.briefing, name="briefing"),
    path("export/map/", views.export_map, name="export-map"),
]
