"""The city map."""

from datetime import date
from typing import Any

from django.contrib.gis.db.models import Extent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from gridmgr.catalog import BACKDROP, FACILITIES, LAYERS, off_at_first
from gridmgr.core.accounts.audience import Audience, audience_of
from gridmgr.core.geo.crs import in_degrees
from gridmgr.core.layers.maps import Bounds, Extra, page_map
from gridmgr.feeds.query import day_of, told_of_its_day
from grids.domain.naming import said
from grids.models import Branch, Road


@require_GET
@told_of_its_day
def city_map(request: HttpRequest) -> HttpResponse:
    """`/map/`: every layer of the catalog on one map; the view, the layers and the date stand in the address."""
    on, audience = day_of(request), audience_of(request.user)
    chart = page_map(
        request,
        layers=LAYERS,
        backdrop=BACKDROP,
        extra=Extra(gettext("选址设施"), FACILITIES),
        hidden=off_at_first(),
        bounds=city_bounds(audience),
        query={"date": request.GET["date"]} if "date" in request.GET else {},
        branches=_branches(audience, on),
        full=True,
    )
    return render(request, "desk/map.html", {"map": chart, "on": on})


def _branches(audience: Audience, on: date) -> list[dict[str, Any]]:
    """The branches for the legend, each with its box in degrees."""
    return [
        {
            "code": branch.code,
            "name": said(branch.name, branch.name_en),
            "colour": branch.colour,
            "bbox": in_degrees(branch.area.extent),
        }
        for branch in Branch.objects.visible_to(audience, on=on)
    ]


def city_bounds(audience: Audience) -> Bounds | None:
    """The box of the grids this reader sees, or of the roads while there are no grids, in degrees."""
    today = timezone.localdate()
    for model, field in ((Branch, "area"), (Road, "reference_line")):
        rows = model.objects.visible_to(audience, on=today)
        if extent := rows.aggregate(box=Extent(field))["box"]:
            return in_degrees(extent)
    return None
