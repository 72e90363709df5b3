"""WSGI entry point: `gunicorn gridmgr.wsgi:application`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gridmgr.settings")

application = get_wsgi_application()
