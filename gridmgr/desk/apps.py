from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "gridmgr.desk"
    label = "desk"
