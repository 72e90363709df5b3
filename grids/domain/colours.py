"""Seven colours for the branches, given out so that neighbours on the map always differ (graph colouring)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date

import shapely
from django.db import connection, transaction
from django.utils import timezone
from shapely import Geometry
from shapely.ops import substring

from grids.models import Assignment, Branch, Road

COLOURS = 7
TOUCH_M = 1.0  # areas nearer than this touch
MEET_M = (
    25.0  # sections nearer than this meet: the same junction of two roads, seen along their reference lines
)
MOST_STEPS = 200_000

Neighbours = Mapping[int, set[int]]


def colour_branches(*, on: date) -> list[tuple[int, int]]:
    """Writes `colour` (0 to 6) of every branch so that neighbours on the day `on` differ.

    Neighbours have areas that touch, or sections that meet. Returns the pairs of branch ids that had to stay
    alike, which is empty unless more than seven branches all meet one another.
    """
    branches = list(Branch.objects.order_by("code").only("code", "colour", "area"))
    neighbours = neighbours_of(_shapes(branches, on))
    colours = colouring(neighbours)
    for branch in branches:
        if branch.colour != colours[branch.pk]:
            branch.colour = colours[branch.pk]
            branch.save(update_fields=["colour"])
    return [(a, b) for a in neighbours for b in neighbours[a] if a < b and colours[a] == colours[b]]


def recolour_once_committed() -> None:
    """After the present transaction, once: neighbours that came to bear one colour get another. Call it where branches or
    their sections change."""
    if not any(each[1] is _recolour for each in connection.run_on_commit):
        transaction.on_commit(_recolour, robust=True)


def _recolour() -> None:
    part_neighbours(on=timezone.localdate())


@transaction.atomic
def part_neighbours(*, on: date) -> list[str]:
    """Gives another colour to as few branches as it takes for neighbours on that day to differ; the map stays as people
    know it otherwise. Returns the codes of those that changed."""
    branches = list(Branch.objects.order_by("pk").only("code", "colour", "area"))
    if len(branches) < 2:
        return []
    neighbours = neighbours_of(_shapes(branches, on))
    colours = {branch.pk: branch.colour for branch in branches}
    for branch in reversed(branches):  # the newest gives way
        taken = {colours[other] for other in neighbours[branch.pk]}
        if colours[branch.pk] in taken and (free := set(range(COLOURS)) - taken):
            used = Counter(colours.values())
            colours[branch.pk] = min(free, key=lambda colour: (used[colour], colour))
    if any(colours[a] == colours[b] for a in neighbours for b in neighbours[a]):
        colours = colouring(neighbours)
    changed = [branch for branch in branches if branch.colour != colours[branch.pk]]
    for branch in changed:
        Branch.objects.filter(pk=branch.pk).update(colour=colours[branch.pk])
    return [branch.code for branch in changed]


def neighbours_of(shapes: Mapping[int, tuple[Geometry, Geometry]]) -> dict[int, set[int]]:
    """Who neighbours whom, from each branch's (area, sections) in metres."""
    keys = list(shapes)
    found: dict[int, set[int]] = {key: set() for key in keys}
    for part, reach in ((0, TOUCH_M), (1, MEET_M)):
        geometries = [shapes[key][part] for key in keys]
        a, b = shapely.STRtree(geometries).query(geometries, predicate="dwithin", distance=reach)
        for i, j in zip(a[a != b], b[a != b], strict=True):
            found[keys[i]].add(keys[j])
    return found


def colouring(neighbours: Neighbours, *, colours: int = COLOURS) -> dict[int, int]:
    """A colour 0 to `colours` - 1 for each key, by backtracking, the most constrained key first (Brélaz 1979).

    Colours are used evenly. Where none is possible (or would take too long), keys get the colour that fewest of
    their neighbours have.
    """
    steps = iter(range(MOST_STEPS))
    found = _completed({}, neighbours, colours, steps)
    if found is not None:
        return found
    chosen: dict[int, int] = {}
    while len(chosen) < len(neighbours):
        key = _most_constrained(chosen, neighbours)
        chosen[key] = _by_preference(key, chosen, neighbours, range(colours))[0]
    return chosen


def _completed(
    chosen: dict[int, int], neighbours: Neighbours, colours: int, steps: Iterable[int]
) -> dict[int, int] | None:
    if len(chosen) == len(neighbours):
        return chosen
    if next(iter(steps), None) is None:
        return None
    key = _most_constrained(chosen, neighbours)
    taken = {chosen[other] for other in neighbours[key] if other in chosen}
    free = [colour for colour in range(colours) if colour not in taken]
    for colour in _by_preference(key, chosen, neighbours, free):
        found = _completed({**chosen, key: colour}, neighbours, colours, steps)
        if found is not None:
            return found
    return None


def _most_constrained(chosen: Mapping[int, int], neighbours: Neighbours) -> int:
    def freedom(key: int) -> tuple[int, int, int]:
        seen = {chosen[other] for other in neighbours[key] if other in chosen}
        return -len(seen), -len(neighbours[key]), key

    return min((key for key in neighbours if key not in chosen), key=freedom)


def _by_preference(
    key: int, chosen: Mapping[int, int], neighbours: Neighbours, free: Iterable[int]
) -> list[int]:
    """The colours `free`, those first that the fewest neighbours and then the fewest of all have."""
    near = [chosen[other] for other in neighbours[key] if other in chosen]
    everywhere = list(chosen.values())
    return sorted(free, key=lambda colour: (near.count(colour), everywhere.count(colour), colour))


def _shapes(branches: Iterable[Branch], on: date) -> dict[int, tuple[Geometry, Geometry]]:
    lines: dict[int, list[Geometry]] = {}
    sections = Assignment.objects.on_day(on).order_by().values_list("branch_id", "road_id", "stretch")
    used = {road for _branch, road, _stretch in sections}
    roads = {
        road: shapely.from_wkb(bytes(line.wkb))
        for road, line in Road.objects.filter(pk__in=used).values_list("pk", "reference_line")
    }
    for branch, road, stretch in sections:
        lines.setdefault(branch, []).append(
            substring(roads[road], float(stretch.lower), float(stretch.upper))
        )
    return {
        branch.pk: (
            shapely.from_wkb(bytes(branch.area.wkb)),
            shapely.MultiLineString(lines.get(branch.pk, [])),
        )
        for branch in branches
    }
