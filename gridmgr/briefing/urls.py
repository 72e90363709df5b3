from django.urls import path

from gridmgr.briefing import views

urlpatterns = [
    path("export/map/", views.export_map, name="export-map"),
]
