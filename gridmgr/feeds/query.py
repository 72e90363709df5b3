"""Query parameters that layers understand, read strictly."""

import math
from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import Any

from django.contrib.gis.geos import Polygon
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from gridmgr.core.accounts.audience import audience_of
from gridmgr.core.errors import Invalid
from gridmgr.core.geo.crs import WGS84
from gridmgr.core.past import as_of

# Days that a page can be about; what lies beyond them is a slip of the pen, and the calendar ends soon after.
FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2199, 12, 31)


def day_of(request: HttpRequest) -> date:
    """`?date=2026-11-22`, from 1990 to 2199, else today in the city's time zone."""
    text = request.GET.get("date", "")
    if not text:
        return timezone.localdate()
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None or not FIRST_DAY <= day <= LAST_DAY:
        raise Invalid(_("日期“%(text)s”无法识别,请写成 2026-11-22 这样的形式。") % {"text": text[:40]})
    return day


def told_of_its_day(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A page that reads `?date=` tells what was so at the end of that day; base.html says which day, and the way back.

    Who reads, and what they may see, is a matter of today. Nothing is told of a past day to whoever writes.
    """

    @wraps(view)
    def told(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method not in {"GET", "HEAD"} or not request.GET.get("date"):
            return view(request, *args, **kwargs)
        audience_of(request.user)  # read now, and kept with the user
        try:
            day = day_of(request)
        except Invalid:
            return view(request, *args, **kwargs)  # which says so in its own way
        request.told_of = day  # type: ignore[attr-defined]
        with as_of(day):
            return view(request, *args, **kwargs)

    return told


def box_of(request: HttpRequest) -> Polygon | None:
    """`?bbox=west,south,east,north` in degrees of WGS 84, or None when it isn't given."""
    text = request.GET.get("bbox", "")
    if not text:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise Invalid(_("范围框(bbox)须为四个数:西,南,东,北(经纬度)。")) from None
    if not all(math.isfinite(value) for value in (west, south, east, north)):
        raise Invalid(_("范围框(bbox)中有不是有限数的值。"))
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise Invalid(_("范围框(bbox)须满足 西<东、南<北,且在经纬度范围内。"))
    box = Polygon.from_bbox((west, south, east, north))
    box.srid = WGS84
    return box
