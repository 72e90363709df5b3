"""What is derived of roads, as rows: gaps, kerbs and crossings; only what changed is written anew."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.backends.postgresql.psycopg_any import NumericRange
from django.db.models import Model

from grids.domain.network import CrossingWay, derive_crossings
from grids.importers.fields import as_geos
from grids.importers.road_network import Network, as_shapely
from grids.models import Carriageway, Crossing, Kerb, Road, RoadGap


@dataclass
class Derived:
    """Derived rows: written anew, taken away, left untouched."""

    created: list[Any]
    removed: list[Any]
    unchanged: list[Any]

    @property
    def rows(self) -> list[Any]:
        """Rows that came or went."""
        return [*self.created, *self.removed]

    def counts(self) -> dict[str, int]:
        return {
            "created": len(self.created),
            "updated": 0,
            "unchanged": len(self.unchanged),
            "removed": len(self.removed),
        }


def gap_rows(wanted: Network, ids: dict[str, int]) -> Iterator[RoadGap]:
    for name, road in wanted.roads.items():
        for low, high in road.reference.gaps:
            yield RoadGap(
                road_id=ids[name], stretch=NumericRange(Decimal(f"{low:.2f}"), Decimal(f"{high:.2f}"))
            )


def kerb_rows(wanted: Network, ids: dict[str, int]) -> Iterator[Kerb]:
    for name, road in wanted.roads.items():
        for side, run in road.kerb_runs():
            yield Kerb(road_id=ids[name], side=side, line=as_geos(run.line), measures=run.measures.tolist())


def crossing_rows() -> Iterator[Crossing]:
    """Crossings of all roads in the database: a new road also meets roads that are not in the file."""
    roads = {road.name: road for road in Road.objects.only("name", "reference_line")}
    fields = ("source_id", "name", "level", "osm_id", "line")
    ways = [_for_crossings(way) for way in Carriageway.objects.filter(road__isnull=False).only(*fields)]
    lines = {name: as_shapely(road.reference_line) for name, road in roads.items()}
    for name, met in derive_crossings(ways, lines).items():
        for other, metre in met:
            yield Crossing(road_id=roads[name].pk, other_id=roads[other].pk, at_m=metre)


def _for_crossings(way: Carriageway) -> CrossingWay:
    return CrossingWay(way.name, way.level, way.osm_id is not None, as_shapely(way.line))


def replace_derived(model: type[Model], rows: list[Any], roads: set[int] | None) -> Derived:
    """Replace the derived rows of those roads (None: of all) whose set of rows differs; leave the others untouched."""
    stored = model._default_manager.all() if roads is None else model._default_manager.filter(road__in=roads)
    old, new = _per_road(stored), _per_road(rows)
    differ = {road for road in old.keys() | new.keys() if _contents(old[road]) != _contents(new[road])}
    if differ:
        model._default_manager.filter(road__in=differ).delete()
        model._default_manager.bulk_create([row for row in rows if row.road_id in differ], batch_size=1000)
    return Derived(
        created=[row for row in rows if row.road_id in differ],
        removed=[row for road in differ for row in old[road]],
        unchanged=[row for row in rows if row.road_id not in differ],
    )


def _per_road(rows: Iterable[Any]) -> dict[int, list[Any]]:
    grouped: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        grouped[row.road_id].append(row)
    return grouped


def _contents(rows: Sequence[Any]) -> list[Any]:
    """What the rows say, comparable whether they are stored or new."""
    return sorted(_content(row) for row in rows)


def _content(row: Any) -> tuple[Any, ...]:
    if isinstance(row, RoadGap):
        return (row.stretch.lower, row.stretch.upper)
    if isinstance(row, Kerb):
        return (row.side, bytes(row.line.wkb), tuple(row.measures))
    return (row.other_id, row.at_m)
