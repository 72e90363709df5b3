"""What a monitor reads: whether the database, the worker and the disk are there."""

import shutil
from collections.abc import Callable
from ipaddress import ip_address

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
# Headers by which a proxy says for whom it asks: then it is not the monitor on this machine who does.
FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_REAL_IP", "HTTP_VIA")


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


class MonitorMiddleware:
    """Answers /healthz to a monitor on this machine before a host is checked or TLS asked for; it has no name for us."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/healthz" and on_this_machine(request):
            return healthz(request)
        return self.get_response(request)


def on_this_machine(request: HttpRequest) -> bool:
    """Whether the asker itself, not a proxy for somebody, sits on the loopback interface."""
    if any(name in request.META for name in FORWARDED):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
