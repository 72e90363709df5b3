"""What the pages of vendors share: who reads, maps, paging, and one step back."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.contrib.gis.db.models import Extent
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.utils.crypto import get_random_string

from gridmgr.core.accounts.audience import Audience, audience_of
from gridmgr.core.errors import answer
from gridmgr.core.geo.crs import WGS84, metric_srid, transformer
from gridmgr.core.layers.maps import Bounds, MapParts, page_map
from grids.layers import CARRIAGEWAYS, MARKETS, PARKS, ROADS, WATER
from grids.models import Branch, Road
from vendors.layers import PITCHES, SITES

BACKDROP = (PARKS, MARKETS, WATER, CARRIAGEWAYS)
MARGIN_M = 60.0
UNDO_SLOT = "vendors_undo"
UNDO_MOST = 5
UNDO_VALID = timedelta(hours=24)


def require(allowed: bool) -> None:
    """Raises PermissionDenied (403) unless allowed."""
    if not allowed:
        raise PermissionDenied


def refusal(request: HttpRequest, *, status: int, text: str) -> HttpResponse | None:
    """The refusal as JSON for a client that asked for it; None for people, who get their page back with the words."""
    return answer(request, status=status, text=text) if wants_json(request) and text else None


def wants_json(request: HttpRequest) -> bool:
    """Whether a program asks, not a person."""
    return "application/json" in request.headers.get("Accept", "")


# ── Maps ──────────────────────────────────────────────────────────────────────────────────────────────────


def degrees(x: float, y: float) -> tuple[float, float]:
    """Longitude and latitude of a place in the metric CRS."""
    lon, lat = transformer(metric_srid(), WGS84).transform(x, y)
    return lon, lat


def line_in_degrees(line: Any) -> list[tuple[float, float]]:
    """Coordinates of a line, as GeoJSON wants them."""
    xs, ys = zip(*((x, y) for x, y, *_z in line.coords), strict=True)
    lons, lats = transformer(metric_srid(), WGS84).transform(xs, ys)
    return [(round(lon, 6), round(lat, 6)) for lon, lat in zip(lons, lats, strict=True)]


def map_around(
    request: HttpRequest, shapes: Iterable[Any], *, focus: tuple[str, Any] | None = None
) -> MapParts:
    """A map of sites and pitches around `shapes` (in the metric CRS); without any, around the reader's grid."""
    boxes = [shape.extent for shape in shapes if shape] or [_home(audience_of(request.user))]
    west, south, east, north = zip(*boxes, strict=True)
    low = degrees(min(west) - MARGIN_M, min(south) - MARGIN_M)
    high = degrees(max(east) + MARGIN_M, max(north) + MARGIN_M)
    bounds: Bounds = (*low, *high)
    return page_map(request, layers=[ROADS, SITES, PITCHES], backdrop=BACKDROP, bounds=bounds, focus=focus)


def _home(audience: Audience) -> tuple[float, float, float, float]:
    """The box of the reader's own grid, else of the city, else of nothing in particular."""
    grids = Branch.objects.filter(pk=audience.branch_id) if audience.branch_id else Branch.objects.all()
    for rows, field in ((grids, "area"), (Road.objects.all(), "reference_line")):
        if box := rows.aggregate(box=Extent(field))["box"]:
            return box
    return (500_000.0, 4_000_000.0, 501_000.0, 4_001_000.0)


# ── Paging ────────────────────────────────────────────────────────────────────────────────────────────────


def pages(page: Page[Any], given: QueryDict) -> list[dict[str, Any]]:
    """The page numbers to offer, with addresses that keep the filters; a gap has no address."""
    numbers = page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1)
    return [
        {"text": str(n), "url": _at(given, n) if isinstance(n, int) else "", "current": n == page.number}
        for n in numbers
    ]


def _at(given: QueryDict, number: int) -> str:
    query = given.copy()
    query["page"] = str(number)
    for name in [name for name in query if not query[name]]:
        del query[name]
    return f"?{query.urlencode()}"


# ── One step back ─────────────────────────────────────────────────────────────────────────────────────────


def remember(request: HttpRequest, *, at: str, words: str, **facts: Any) -> str:
    """Keeps what was just done on the page `at`, with the facts that undoing needs, and returns its key."""
    key = get_random_string(12)
    step = {"key": key, "at": at, "words": words, "when": timezone.now().timestamp(), **facts}
    request.session[UNDO_SLOT] = [*request.session.get(UNDO_SLOT, []), step][-UNDO_MOST:]
    return key


def step_of(request: HttpRequest, key: str, *, at: str) -> dict[str, Any] | None:
    """What can still be undone under this key on this page."""
    oldest = timezone.now().timestamp() - UNDO_VALID.total_seconds()
    steps: Sequence[dict[str, Any]] = request.session.get(UNDO_SLOT, [])
    return next((s for s in steps if s["key"] == key and s["at"] == at and s["when"] >= oldest), None)


def forget(request: HttpRequest, key: str) -> None:
    request.session[UNDO_SLOT] = [each for each in request.session.get(UNDO_SLOT, []) if each["key"] != key]
