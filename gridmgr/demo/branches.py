"""Writing the branches, their members, sections and shares."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import shapely
from django.contrib.gis.geos import MultiPolygon
from django.contrib.gis.geos import Polygon as StoredPolygon
from psycopg2.extras import DateRange
from shapely import Polygon

from gridmgr.core.geo.crs import WGS84, transformer
from gridmgr.demo import names
from gridmgr.demo.areas import grid_areas
from gridmgr.demo.ground import Ground
from gridmgr.demo.sections import Piece, Run, members_per_area, portions, shared_runs, with_holes
from grids.domain.assign import stretch_of
from grids.domain.colours import colour_branches
from grids.enums import MemberRole
from grids.models import SRID, Assignment, Branch, Member, MemberAssignment

BRANCHES = 18
MEMBERS = 200
HOLES = 3
FOUNDED = date(2020, 7, 1)


@dataclass(frozen=True)
class Grids:
    """The branches with their areas, their runs of road (Run.area is the place in `branches`), and the sections."""

    branches: list[Branch]
    areas: list[Polygon]
    runs: list[Run]
    sections: list[Assignment]

    def branch_at(self, street_pk: int, metre: float) -> Branch | None:
        """Who answers for that metre of the road; None for a hole or a road not shared out."""
        for run in self.runs:
            if run.street.road.pk == street_pk and run.from_m <= metre < run.to_m:
                return self.branches[run.area]
        return None


def make_grids(ground: Ground, *, today: date, rng: np.random.Generator) -> Grids:
    """Eighteen branches with 200 members, and the 37 roads shared out among them but for three holes."""
    shared = [ground.streets[name] for name in names.SHARED_ROADS]
    areas = grid_areas(ground, shared, count=BRANCHES, rng=rng)
    places = _places(areas)
    order = sorted(range(BRANCHES), key=lambda area: places[area])
    areas = [areas[area] for area in order]
    runs, holes = with_holes(shared_runs(shared, areas), holes=HOLES)
    branches = _branches([names.PLACES[places[area]] for area in order], areas)
    sections = _sections(branches, runs, holes, today)
    _members(branches, runs, sections, today, rng)
    colour_branches(on=today)
    return Grids(branches, areas, runs, sections)


def _places(areas: Sequence[Polygon]) -> list[int]:
    """For each area the place (index in names.PLACES) that it is named for: nearest on the whole, each once."""
    from scipy.optimize import linear_sum_assignment

    to_metres = transformer(WGS84, SRID)
    spots = shapely.points(
        *to_metres.transform(*np.array([place[2:] for place in names.PLACES], dtype=float).T)
    )
    cost = shapely.distance(np.array(areas, dtype=object)[:, None], spots[None]) ** 1.5
    cost += shapely.distance(shapely.centroid(np.array(areas, dtype=object))[:, None], spots[None])
    return [int(place) for place in linear_sum_assignment(cost)[1]]


def _branches(places: Sequence[tuple[str, str, float, float]], areas: Sequence[Polygon]) -> list[Branch]:
    return Branch.objects.bulk_create(
        Branch(
            code=f"{number:02d}",
            name=f"{place[0]}支部",
            name_en=f"{place[1]} branch",
            founded=FOUNDED,
            area=MultiPolygon(stored(area), srid=SRID),
            is_demo=True,
        )
        for number, (place, area) in enumerate(zip(places, areas, strict=True), start=1)
    )


def stored(polygon: Polygon) -> StoredPolygon:
    """A shapely polygon as Django keeps it, in the city's CRS."""
    rings = [ring.coords for ring in (polygon.exterior, *polygon.interiors)]
    return StoredPolygon(*[[point[:2] for point in ring] for ring in rings], srid=SRID)


def _sections(
    branches: Sequence[Branch], runs: Sequence[Run], holes: Sequence[tuple[int, Piece]], today: date
) -> list[Assignment]:
    """Sections in force since New Year, and on the holes: one that ended, one to come, and nothing."""
    this_year = date(today.year, 1, 1)
    last_year, next_year = date(today.year - 1, 1, 1), date(today.year + 1, 1, 1)
    sections = [
        Assignment(
            branch=branches[run.area],
            road=run.street.road,
            stretch=stretch_of(run.from_m, run.to_m),
            period=DateRange(this_year, None),
            is_demo=True,
        )
        for run in runs
    ]
    others = [(DateRange(last_year, this_year), "已到期,待续签"), (DateRange(next_year, None), "明年起接管")]
    sections += [
        Assignment(
            branch=branches[area],
            road=piece.street.road,
            stretch=stretch_of(piece.from_m, piece.to_m),
            period=period,
            note=note,
            is_demo=True,
        )
        for (area, piece), (period, note) in zip(holes, others, strict=False)
    ]
    return Assignment.objects.bulk_create(sections)[: len(runs)]


def _members(
    branches: Sequence[Branch],
    runs: Sequence[Run],
    sections: Sequence[Assignment],
    today: date,
    rng: np.random.Generator,
) -> None:
    counts = members_per_area(runs, len(branches), members=MEMBERS)
    called = iter(names.people(rng, MEMBERS))
    section_of = {id(run): section for run, section in zip(runs, sections, strict=True)}
    members: list[Member] = []
    shares: list[MemberAssignment] = []
    for area, branch in enumerate(branches):
        own = [run for run in runs if run.area == area]
        for place, portion in enumerate(portions(own, counts[area])):
            member = Member(
                branch=branch,
                name=next(called),
                role=MemberRole.MEMBER if place else MemberRole.SECRETARY,
                phone=names.phone(len(members) + 1),
                joined_on=FOUNDED,
                is_demo=True,
            )
            members.append(member)
            shares += [
                MemberAssignment(
                    assignment=section_of[id(run)],
                    member=member,
                    stretch=stretch_of(start, end),
                    period=section_of[id(run)].period,
                    is_demo=True,
                )
                for run, start, end in portion
            ]
    Member.objects.bulk_create(members)
    MemberAssignment.objects.bulk_create(shares)
