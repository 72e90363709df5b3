"""What a monitor reads: whether the database, the worker and the disk are there."""

import shutil

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from gridmgr.core.jobs import store
from gridmgr.core.outage import RETRY_S

# A worker says every half second that it is there, unless the machine is very busy.
WORKER_SILENT_S = 60.0


@require_safe
@never_cache
@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """`/healthz`: 503 while the database is away; else 200, `degraded` when no worker runs or the disk is nearly full."""
    parts = {"database": _database(), "worker": store.silent_s() < WORKER_SILENT_S, "disk": _disk()}
    status = "unavailable" if not parts["database"] else "ok" if all(parts.values()) else "degraded"
    response = JsonResponse(
        {"status": status, **parts, "version": settings.GRIDMGR_VERSION},
        status=200 if parts["database"] else 503,
    )
    if not parts["database"]:
        response["Retry-After"] = str(RETRY_S)
    return response


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return False
    return True


def _disk() -> bool:
    try:
        return shutil.disk_usage(settings.VAR_DIR).free >= settings.GRIDMGR_MIN_FREE_MB << 20
    except OSError:
        return False
