"""The door: where each role starts."""

from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import redirect

from gridmgr.core.accounts.rights import reader_of, works_on_street


def home(request: HttpRequest) -> HttpResponseRedirect:
    """Those who work on the street start at their roads, everyone else at the city map."""
    return redirect("my" if works_on_street(reader_of(request.user)) else "map")
