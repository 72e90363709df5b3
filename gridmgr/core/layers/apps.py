from django.apps import AppConfig


class LayersConfig(AppConfig):
    name = "gridmgr.core.layers"
    label = "layers"
