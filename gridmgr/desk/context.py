"""What every page needs: who reads it, where one can go, and whether the city is a demo."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

import rules
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gridmgr.catalog import LAYERS, family_of
from gridmgr.core.accounts.audience import audience_of
from gridmgr.core.accounts.lapsed import unsent_of
from gridmgr.core.accounts.models import Role
from gridmgr.core.accounts.rights import is_administrator, member_of, reader_of, works_on_street
from gridmgr.core.city.models import city_name
from gridmgr.core.past import Tense, at_present, tense_of
from gridmgr.desk.go_live import left
from grids.enums import MemberRole
from grids.models import Branch
from parking.models import Bay
from vendors.models import Site
from vendors.rights import may_plan

DEMO_KEPT_S = 60

# What stands in the bar at the top beside the layers' lists: its place from the left, name of the page, word, and which
# other addresses count as the same place.
PAGES = [
    (0, "my", gettext_lazy("我的道路"), ()),
    (10, "map", gettext_lazy("地图"), ()),
    (50, "guide", gettext_lazy("疏导"), ("guidance", "vendors")),
    (51, "guidance", gettext_lazy("疏导"), ("vendors",)),
    (80, "plan", gettext_lazy("规划"), ()),
    (90, "briefing", gettext_lazy("简报"), ("jobs", "export")),
    (100, "data", gettext_lazy("数据"), ()),
]


def site(request: HttpRequest) -> dict[str, Any]:
    """Context of base.html. What costs a query is computed only when a template asks."""
    return {
        "product": settings.PRODUCT_NAME,
        "city": _lazily(city_name),
        "product_version": settings.GRIDMGR_VERSION,
        "lists": addresses_of_lists(),
        "navigation": _lazily(lambda: navigation(request)),
        "reader_name": _lazily(lambda: reader_name(request)),
        "reader_role": _lazily(lambda: reader_role(request)),
        "holds_demo_data": _lazily(holds_demo_data),
        "go_live_left": _lazily(lambda: go_live_left(request)),
        "unsent": _lazily(lambda: unsent_of(request)),
        "told": _lazily(lambda: told(request)),
    }


def go_live_left(request: HttpRequest) -> int:
    """How much an administrator has to do before the city can go live; the demo city has nothing to go live with."""
    return left() if is_administrator(reader_of(request.user)) and not holds_demo_data() else 0


def _lazily(make: Callable[[], Any]) -> Any:
    return SimpleLazyObject(make)


@lru_cache
def addresses_of_lists() -> dict[str, str]:
    """Where things are listed, by the URL name of their own page: `{{ lists.road }}`."""
    return {layer.route: reverse(layer.name) for layer in LAYERS if layer.listing}


@lru_cache
def bar() -> Sequence[tuple[int, str, Any, Sequence[str]]]:
    """The bar at the top as it is for somebody who may open everything."""
    lists = [
        (
            listing.place,
            layer.name,
            listing.menu or layer.title,
            [each.name for each, _its in family_of(layer.name)],
        )
        for layer, listing in ((each, each.listing) for each in LAYERS)
        if listing and not listing.beside
    ]
    return sorted([*PAGES, *lists], key=lambda each: each[0])


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The pages of the top bar for this reader, the present one marked."""
    reader = audience_of(request.user)
    on_the_street = works_on_street(reader)
    not_theirs = {"guidance" if on_the_street else "guide"}
    if not may_plan(reader):
        not_theirs.add("plan")
    if not rules.has_perm("gridmgr.make_briefing", request.user):
        not_theirs.add("briefing")
    if on_the_street:  # a secretary takes files out from the pages that hold what is taken
        not_theirs.add("data")
    first = request.path.strip("/").split("/")[0]
    return [
        {"title": title, "url": reverse(name), "current": first in (name, *others)}
        for _place, name, title, others in bar()
        if name not in not_theirs and (name != "my" or on_the_street)
    ]


def reader_name(request: HttpRequest) -> str:
    """The person's name as their branch has it, else the account's."""
    user = request.user
    member = member_of(user)
    full = member.name if member else getattr(user, "get_full_name", str)()
    return full or user.get_username()


def reader_role(request: HttpRequest) -> str:
    """What the reader is here: 支部书记, 规划员 …"""
    role = audience_of(request.user).role
    return str(dict([*Role.choices, *MemberRole.choices]).get(role, _("党员")))


def told(request: HttpRequest) -> dict[str, Any] | None:
    """Of which day the page tells, when it isn't today, whether that is to come, and the same page today."""
    day = getattr(request, "told_of", None)
    if day is None or tense_of(day) == Tense.TODAY:
        return None
    query = request.GET.copy()
    query.pop("date", None)
    address = f"{request.path}?{query.urlencode()}" if query else request.path
    return {"day": day, "planned": tense_of(day) == Tense.FUTURE, "today": address}


def holds_demo_data() -> bool:
    """Whether anything in the database is simulated; asked of the database at most once a minute per process."""
    with at_present():
        return bool(cache.get_or_set("holds-demo-data", _any_demo_row, DEMO_KEPT_S))


def _any_demo_row() -> bool:
    ids = [model.objects.filter(is_demo=True).order_by().values("pk") for model in (Branch, Site, Bay)]
    return len(ids[0].union(*ids[1:], all=True)[:1]) > 0


def dated(address: str, on: date) -> str:
    """The page as of the same day; today's needs no word of it, and no page no address."""
    if not address or on == timezone.localdate():
        return address
    return f"{address}{'&' if '?' in address else '?'}date={on.isoformat()}"


def address_of(name: str, *args: Any) -> str:
    """Address of a page, or '' when this key can't stand in an address (a bay number with a slash)."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""
