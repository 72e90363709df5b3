"""Which road is this, and who answers: one place, and many at once, beside asking for the nearest reference line."""

from functools import partial
from typing import Any

from django.contrib.gis.db.models.functions import GeometryDistance
from django.contrib.gis.geos import Point
from django.db import transaction
from django.utils import timezone

from gridmgr.core.geo.crs import metric_srid
from grids.domain.answering import roads_at, roads_at_each
from grids.models import Road
from script.benchmarks.timing import percentile, seconds
from script.benchmarks.truth.answering import points, share_out

ONE_BY_ONE, AT_ONCE = 300, 2_000


def run() -> list[dict[str, Any]]:
    """The figures, at points inside the kerbs of roads that are shared out."""
    today = timezone.localdate()
    with transaction.atomic():
        share_out(today)
        laid = points(AT_ONCE, on=today)
        places = [Point(each.x, each.y, srid=metric_srid()) for each in laid[:ONE_BY_ONE]]
        _nearest(places[0]), roads_at(places[0], on=today)
        pairs = [
            (seconds(partial(roads_at, place, on=today)), seconds(partial(_nearest, place)))
            for place in places
        ]
        batch = seconds(lambda: roads_at_each([(each.x, each.y) for each in laid], on=today))
        transaction.set_rollback(True)
    rows = []
    for share in (0.5, 0.95):
        mine, peer = (1000 * percentile(list(times), share) for times in zip(*pairs, strict=True))
        figure = f"which road, one place, p{100 * share:.0f}, ms"
        rows.append(
            {
                "figure": figure,
                "size": f"{len(places)} places",
                "value": mine,
                "peer": peer,
                "ratio": mine / peer,
            }
        )
    each = 1000 * batch / AT_ONCE
    rows.append(
        {"figure": "which road, many places at once, ms each", "size": f"{AT_ONCE} places", "value": each}
    )
    return rows


def _nearest(place: Point) -> Any:
    return (
        Road.objects.annotate(apart=GeometryDistance("reference_line", place)).order_by("apart")[:4].first()
    )
