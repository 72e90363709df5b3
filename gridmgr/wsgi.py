"""WSGI entry point: `gunicorn --preload gridmgr.wsgi:application`."""

import os
from importlib import import_module

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gridmgr.settings")

application = get_wsgi_application()

# Folium takes about a second to import; a server does it once before it forks, so that no reader waits for it.
import_module("gridmgr.layers.folium_elements")
