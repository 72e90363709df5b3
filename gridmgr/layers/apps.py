from django.apps import AppConfig


class LayersConfig(AppConfig):
    name = "gridmgr.layers"
    label = "layers"
