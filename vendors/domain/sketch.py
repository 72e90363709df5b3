"""A small map of the way to a site for a slip: streets around, their names, the way, as plain SVG without scripts."""

from dataclasses import dataclass
from typing import Any

from django.contrib.gis.db.models.functions import Intersection
from django.contrib.gis.geos import LineString, Point, Polygon

from grids.models import SRID, Carriageway
from vendors.models import Site

WIDTH, HEIGHT = 340.0, 240.0  # of the drawing, in its own units
MARGIN = 26.0
LEAST_M = 220.0  # the drawing shows at least so many metres across
WIDEST_M = 2_500.0  # from here on the smallest streets are left out
SMALL = {"service", "residential", "living_street", "footway", "path", "unclassified"}


@dataclass(frozen=True)
class Street:
    """A street's points, its width in the drawing, and where its name stands ('' for none)."""

    points: str
    width: float
    name: str = ""
    x: float = 0.0
    y: float = 0.0


@dataclass(frozen=True)
class Sketch:
    """The drawing, in units of its own: north is up; `bar` is the width of a scale bar of `bar_m` metres."""

    streets: list[Street]
    names: list[Street]
    way: str
    start: tuple[float, float]
    goal: tuple[float, float]
    bar: float
    bar_m: int
    width: float = WIDTH
    height: float = HEIGHT


@dataclass(frozen=True)
class Frame:
    """From metres of the city's CRS to units of the drawing."""

    west: float
    north: float
    scale: float

    @classmethod
    def around(cls, box: tuple[float, float, float, float]) -> "Frame":
        west, south, east, north = box
        across = max(
            (east - west) / (WIDTH - 2 * MARGIN), (north - south) / (HEIGHT - 2 * MARGIN), LEAST_M / WIDTH
        )
        middle = ((west + east) / 2, (south + north) / 2)
        return cls(middle[0] - across * WIDTH / 2, middle[1] + across * HEIGHT / 2, 1 / across)

    @property
    def box(self) -> tuple[float, float, float, float]:
        east, south = self.west + WIDTH / self.scale, self.north - HEIGHT / self.scale
        return self.west, south, east, self.north

    def at(self, x: float, y: float) -> tuple[float, float]:
        return round((x - self.west) * self.scale, 1), round((self.north - y) * self.scale, 1)

    def path(self, line: LineString) -> str:
        return " ".join(f"{x},{y}" for x, y in (self.at(*spot[:2]) for spot in line.coords))


def sketch(*, start: Point, site: Site, way: LineString | None) -> Sketch:
    """The way from `start` to `site` (a straight line when there is none on foot) among the streets. One query."""
    goal = site.area.centroid
    line = way or LineString((start.x, start.y), (goal.x, goal.y), srid=SRID)
    frame = Frame.around(line.union(site.area).extent)
    streets = _streets(frame)
    bar_m = next(
        metres for metres in (500, 200, 100, 50, 20) if metres * frame.scale <= WIDTH / 3 or metres == 20
    )
    return Sketch(
        streets=streets,
        names=_names(streets, [frame.at(start.x, start.y), frame.at(goal.x, goal.y)]),
        way=frame.path(line),
        start=frame.at(start.x, start.y),
        goal=frame.at(goal.x, goal.y),
        bar=round(bar_m * frame.scale, 1),
        bar_m=bar_m,
    )


def _streets(frame: Frame) -> list[Street]:
    box = Polygon.from_bbox(frame.box)
    box.srid = SRID
    rows = Carriageway.objects.filter(line__intersects=box, is_link=False)
    if WIDTH / frame.scale > WIDEST_M:
        rows = rows.exclude(highway__in=SMALL)
    seen: list[Street] = []
    for name, highway, width_m, part in rows.annotate(part=Intersection("line", box)).values_list(
        "name", "highway", "width_m", "part"
    ):
        width = round(max(1.5 if highway in SMALL else 3.0, min(width_m * frame.scale, 12.0)), 1)
        seen += [_street(frame, name, width, line) for line in _lines(part)]
    return sorted(seen, key=lambda street: street.width)


def _lines(part: Any) -> list[LineString]:
    if part.geom_type == "LineString":
        return [part]
    return (
        [each for each in part if each.geom_type == "LineString"]
        if part.geom_type.startswith("Multi")
        else []
    )


def _street(frame: Frame, name: str, width: float, line: LineString) -> Street:
    middle = line.interpolate_normalized(0.5)
    x, y = frame.at(middle.x, middle.y)
    return Street(frame.path(line), width, name if line.length * frame.scale > 40 else "", x, y)


def _names(streets: list[Street], marks: list[tuple[float, float]]) -> list[Street]:
    """One name per street, the widest first, none upon another or on a mark."""
    chosen: dict[str, Street] = {}
    for street in reversed(streets):
        inside = 30 < street.x < WIDTH - 30 and 14 < street.y < HEIGHT - 14
        inside &= all(abs(street.x - x) > 36 or abs(street.y - y) > 16 for x, y in marks)
        apart = all(
            abs(street.x - each.x) > 6 * (len(street.name) + len(each.name)) or abs(street.y - each.y) > 14
            for each in chosen.values()
        )
        if street.name and street.name not in chosen and inside and apart:
            chosen[street.name] = street
    return list(chosen.values())[:8]
