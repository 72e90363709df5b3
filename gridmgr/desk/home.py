"""The door: where each role starts."""

from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import redirect

from gridmgr.core.accounts.audience import audience_of

STREET_ROLES = {"secretary", "member"}


def home(request: HttpRequest) -> HttpResponseRedirect:
    """Those who work on the street start at their roads, everyone else at the city map."""
    return redirect("my" if audience_of(request.user).role in STREET_ROLES else "map")
