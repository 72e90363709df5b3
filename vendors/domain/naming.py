"""Names that the product gave a site say its road, side and metre: they follow when the site or its road does.

A name that a person gave stays. Which one it is shows in its form: "府西街右侧 412 m 便民摊点", in either language, of a road
that is called so or was.
"""

import re
from collections.abc import Container, Sequence
from functools import cache
from typing import Any

from django.conf import settings
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import override

from gridmgr.core import quantities
from gridmgr.core.history import event_model
from grids.enums import Side
from grids.models import Road
from vendors.enums import SiteKind
from vendors.models import Site

# A name was given where the site's middle was then, to the metre.
SAME_M = 1.0
# A road may have a name that leaves no room in that of a site: then the site keeps the one it has.
MOST = Site._meta.get_field("name").max_length or 0


def name_at(*, road: str, side: str, metre: float, kind: str) -> str:
    """A name to offer, in the reader's language: "府西街右侧 412 m 便民摊点"."""
    return _("%(road)s%(side)s %(metre)s %(kind)s") % {
        "road": road,
        "side": Side(side).label,
        "metre": quantities.metres(metre),
        "kind": SiteKind(kind).label,
    }


@cache
def _forms() -> dict[str, re.Pattern[str]]:
    """What such names look like, by language."""
    found = {}
    for language, _name in settings.LANGUAGES:
        with override(language):
            words = _("%(road)s%(side)s %(metre)s %(kind)s") % {
                "road": "\0road\0", "side": "\0side\0", "metre": "\0metre\0", "kind": "\0kind\0",
            }  # fmt: skip
            parts = {
                "road": "(?P<road>.+?)",
                "side": f"(?P<side>{_any(Side.labels)})",
                "metre": r"(?P<metre>[\d,]+) m",
                "kind": f"(?P<kind>{_any(SiteKind.labels)})",
            }
            pieces = re.split("\0", words)
            pattern = "".join(
                parts[each] if number % 2 else re.escape(each) for number, each in enumerate(pieces)
            )
            found[language] = re.compile(pattern)
    return found


def _any(words: Sequence[Any]) -> str:
    return "|".join(re.escape(str(word)) for word in words)


def language_of(name: str, roads: Container[str] | None = None) -> str:
    """The language in which the product made the name; '' when a person gave it. `roads`: what roads are called or were."""
    for language, pattern in _forms().items():
        found = pattern.fullmatch(name)
        if found and found["road"] in (road_names() if roads is None else roads):
            return language
    return ""


def road_names() -> set[str]:
    """What the roads are called, and what they were called before."""
    now = Road.objects.values_list("name", flat=True)
    before = event_model(Road).objects.values_list("name", flat=True)
    return set(now.order_by()) | set(before.order_by().distinct())


def follow_places(sites: "QuerySet[Site]") -> int:
    """Gives those of the sites whose name the product gave, and that it says wrongly by now, the right one."""
    renamed, roads = 0, road_names()
    for site in sites.annotate(road_name=F("road__name")).only("name", "kind", "side", "stretch", "road"):
        right = _right_name(site, roads)
        if right and right != site.name and len(right) <= MOST:
            renamed += Site.objects.filter(pk=site.pk).update(name=right)
    return renamed


def _right_name(site: Any, roads: Container[str]) -> str:
    """What a site that the product named is to be called where it is now; '' for one that a person named."""
    language = language_of(site.name, roads)
    if not language:
        return ""
    said = _forms()[language].fullmatch(site.name)
    road: str = site.road_name
    with override(language):
        right = name_at(road=road, side=site.side, metre=site.middle_m, kind=site.kind)
        now = _forms()[language].fullmatch(right)
    if said is None or now is None or _all_but_metre(said) != _all_but_metre(now):
        return right
    apart = abs(float(said["metre"].replace(",", "")) - site.middle_m)
    return right if apart > SAME_M else site.name


def _all_but_metre(found: re.Match[str]) -> tuple[str, ...]:
    return found["road"], found["side"], found["kind"]
