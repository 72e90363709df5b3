"""WSGI entry point: `gunicorn --preload gridmgr.wsgi:application`."""

import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from gridmgr.core.geo.crs import WGS84, metric_srid, transformer, zone_window

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gridmgr.settings")

application = get_wsgi_application()

# A server does once, before it forks, what takes a second or two, so that no reader waits for it:
# import Folium and every page, look the city's CRS up, and make the streets a network of ways on foot.
for _name in ("gridmgr.core.layers.folium_elements", settings.ROOT_URLCONF):
    import_module(_name)
transformer(WGS84, metric_srid()), transformer(metric_srid(), WGS84), zone_window(metric_srid())
import_module("grids.domain.streets_on_foot").build_before_forking()
