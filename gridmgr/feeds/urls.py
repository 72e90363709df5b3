from django.urls import path

from gridmgr.feeds import health, views

urlpatterns = [
    path("tiles/<str:layers>/<int:z>/<int:x>/<int:y>.pbf", views.tile, name="tile"),
    path("layers/<slug:layer>.geojson", views.geojson, name="layer-geojson"),
    path("healthz", health.healthz, name="healthz"),
]
