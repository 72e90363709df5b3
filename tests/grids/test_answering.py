"""Which road is this, and who answers: by the carriageway and the kerbs that hold a place, not by the nearest line.

                  y
═══════════════   15  left kerb of 大街, whose carriageways run at ±10 (10 m wide), its line between them
───────────────    4  kerb of what lies in the middle, where something does
- - - - - - - -    0
───────────────   -4
═══════════════  -15  right kerb
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from grids.domain.answering import RoadHere, kerbs_meant, possible, roads_at, roads_at_each
from grids.enums import RoadClass
from grids.functions import roads_around
from grids.importers import import_roads
from grids.models import Carriageway, Kerb, Road, RoadGap
from script.benchmarks.truth import answering as audit
from tests.drawing import at, line, point, stretch
from tests.factories import AssignmentFactory, BranchFactory
from tests.streets import dual, street

ON = date(2026, 11, 30)
ROADS = Path(__file__).parents[2] / "fixtures" / "taiyuan" / "roads_all.geojson"

pytestmark = pytest.mark.django_db


def here(x: float, y: float) -> list[RoadHere]:
    return roads_at(point(x, y), on=ON)


def names(found: list[RoadHere]) -> list[str]:
    return [each.road for each in found]


def test_the_kerbs_hold_a_place_though_another_line_is_nearer() -> None:
    # (400, 12) is 12 m from the avenue's line and 8 m from the lane's at y = 20, 3 m inside the avenue's kerb.
    AssignmentFactory(road=street("大街", 0, 15))
    street("小巷", 20, 2)
    found = here(400, 12)
    assert names(found) == ["大街", "小巷"]
    first = found[0]
    assert (first.metre, first.side, first.away_m) == (pytest.approx(400), "left", 0)
    assert (first.axis_m, first.kerb_m) == (pytest.approx(12), pytest.approx(3))
    assert names(possible(found)) == ["大街"]


def test_a_bridge_above_the_avenue_is_a_second_choice() -> None:
    avenue, bridge = dual(), street("立交桥", 0, 4, level=1, bridge=True)
    AssignmentFactory(road=avenue)
    assert names(here(400, 3)) == ["大街", "立交桥"]
    AssignmentFactory(road=bridge)  # who stands there stands on the ground
    found = here(400, 3)
    assert names(possible(found)) == ["大街", "立交桥"]
    assert [each.on_ground for each in found] == [True, False]


def test_a_road_in_the_middle_of_another_is_its_own() -> None:
    AssignmentFactory(road=dual())
    AssignmentFactory(road=street("中路", 0, 4))
    assert names(here(400, 3)) == ["中路", "大街"]
    assert names(possible(here(400, 12))) == ["大街"]  # on the avenue's own carriageway


def test_who_answers_comes_first_at_a_crossing_and_the_nearest_kerb_where_both_do() -> None:
    avenue, side_street = street("大街", 0, 15), street("横街", 500, 6, north=True)
    AssignmentFactory(road=avenue)
    found = here(495, 10)  # 1 m inside the side street's kerb, 5 m inside the avenue's
    assert names(possible(found)) == ["大街", "横街"]
    AssignmentFactory(road=side_street)
    assert names(here(495, 10)) == ["横街", "大街"]
    assert names(here(500, 13)) == ["大街", "横街"]  # 2 m and 6 m


def test_on_the_footway_the_avenue_that_answers_comes_before_the_mouth_of_a_lane() -> None:
    AssignmentFactory(road=street("大街", 0, 15))
    street("小巷", 500, 3, north=True)
    assert names(here(500, 17))[0] == "大街"  # 2 m beyond its kerb
    assert names(here(500, 25))[0] == "小巷"


def test_all_carriageways_on_one_side_of_the_line() -> None:
    # The left kerb is half a metre from the line, the right one 20 m: a place 2 m inside the left kerb is right of the line.
    AssignmentFactory(road=street("大街", 0, 20, left=0.5))
    street("桥", -1.5, 4, level=1, bridge=True)
    found = here(400, -1.5)
    assert names(found)[0] == "大街"
    assert found[0].away_m == 0


def test_a_gap_and_the_ground_beyond_an_end_hold_nothing() -> None:
    road = street("断头路", 0, 10)
    Kerb.objects.all().delete()
    Carriageway.objects.all().delete()
    for low, high in ((0, 300), (700, 1000)):
        for side, y in (("left", 10), ("right", -10)):
            Kerb.objects.create(road=road, side=side, line=line((low, y), (high, y)), measures=[low, high])
    RoadGap.objects.create(road=road, stretch=stretch(300, 700))
    assert here(200, 5)[0].away_m == 0
    assert here(350, 0)[0].away_m > 40
    assert here(1040, 0)[0].away_m > 20
    assert here(500, 0) == []


def test_nobody_is_said_of_the_metre_and_the_day() -> None:
    road = street("大街", 0, 15)
    section = AssignmentFactory(road=road, stretch=stretch(0, 400))
    assert here(399, 5)[0].branch_id == section.branch_id
    assert here(401, 5)[0].branch_id is None
    assert roads_at(point(100, 5), on=date(2019, 1, 1))[0].branch_id is None


@pytest.mark.parametrize("count", [1, 3])
def test_many_places_are_one_query(count: int, django_assert_num_queries: Any) -> None:
    AssignmentFactory(road=street("大街", 0, 15))
    with django_assert_num_queries(1):
        found = roads_at_each([at(100.0 * n, 5) for n in range(count)], on=ON)
    assert [round(each[0].metre) for each in found] == [100 * n for n in range(count)]


def test_no_place_no_road() -> None:
    assert roads_at_each([], on=ON) == []
    assert here(0, 0) == []


def test_a_kerb_is_meant_by_what_is_put_down_beside_it() -> None:
    avenue, lane = dual(), street("小巷", 500, 3, north=True)
    street("立交桥", 0, 4, level=1, bridge=True)
    AssignmentFactory(road=avenue)
    assert names(kerbs_meant(here(400, 3.5))) == ["大街", "立交桥"]  # half a metre from the bridge's kerb
    assert names(kerbs_meant(here(500, 17)))[0] == "大街"
    AssignmentFactory(road=lane)
    # Far from both the nearest: 9 m to the avenue's kerb, 7 m to the lane's.
    assert names(kerbs_meant(here(490, 24)))[0] == "小巷"


# ── The streets of a real city ────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def heart(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """The roads of the middle of Taiyuan, arterial and secondary ones shared out among branches in turn."""
    import json

    from django.db import transaction

    west, south, east, north = 112.53, 37.84, 112.60, 37.90
    everything = json.loads(ROADS.read_text(encoding="utf-8"))
    everything["features"] = [
        each
        for each in everything["features"]
        if all(west < x < east and south < y < north for x, y in each["geometry"]["coordinates"])
    ]
    path = tmp_path_factory.mktemp("heart") / "roads_all.geojson"
    path.write_text(json.dumps(everything, ensure_ascii=False), encoding="utf-8")
    with django_db_blocker.unblock():
        atomic = transaction.atomic()
        atomic.__enter__()
        import_roads(path, skip_refused=True)
        branches = [BranchFactory(code=f"9{n}") for n in range(4)]
        # Nobody is given the bridges and tunnels of roads that run on the ground too.
        shared = Road.objects.filter(road_class__in=[RoadClass.ARTERIAL, RoadClass.SECONDARY])
        for index, road in enumerate(shared.exclude(name__regex="桥|隧道")):
            if road.length_m > 100:
                whole = stretch(0, int(road.length_m))
                AssignmentFactory(road=road, branch=branches[index % 4], stretch=whole)
        yield
        transaction.set_rollback(True)
        atomic.__exit__(None, None, None)


@pytest.mark.usefixtures("heart")
def test_points_inside_the_kerbs_of_real_streets_find_their_road() -> None:
    laid = audit.points(800, on=ON)
    found = {row["figure"].partition(": ")[2]: row["value"] for row in audit.audit(laid, on=ON)}
    # Whole roads are shared out here, so some of the points lie on the carriageways of two at a crossing.
    assert found["another road first"] <= 8
    assert found["nobody, though somebody answers"] == 0
    assert found["not among the roads to choose from"] == 0


@pytest.mark.usefixtures("heart")
def test_a_point_on_the_carriageways_of_one_road_alone_is_on_that_road() -> None:
    laid = audit.points(800, on=ON, seed=2)
    found = roads_at_each([(each.x, each.y) for each in laid], on=ON)
    asked = [
        (each, here) for each, here in zip(laid, found, strict=True) if _roads_under(each) == {each.road}
    ]
    assert len(asked) > 600
    assert [each for each, here in asked if here[0].road_id != each.road] == []


def _roads_under(laid: audit.Laid) -> set[int | None]:
    """Of which roads a drawn carriageway holds the point, whatever its level: plain SQL."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT road_id FROM grids_carriageway"
            " WHERE ST_DWithin(line, ST_SetSRID(ST_MakePoint(%s, %s), ST_SRID(line)), width_m / 2)",
            [laid.x, laid.y],
        )
        return {row[0] for row in cursor.fetchall()}


@pytest.mark.usefixtures("heart")
def test_the_statement_reads_lines_by_their_indexes() -> None:
    spot = point(0, 0)
    spot.x, spot.y = audit.points(1, on=ON)[0].x, audit.points(1, on=ON)[0].y
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE grids_kerb, grids_road, grids_carriageway")
        cursor.execute(
            f"EXPLAIN {roads_around()}",
            {"n": [0], "spot": [spot.hexewkb.decode()], "reach": 80.0, "on": ON},
        )
        told = "\n".join(row[0] for row in cursor.fetchall())
    assert "Seq Scan on grids_kerb" not in told, told
    assert "Seq Scan on grids_carriageway" not in told, told
    assert "grids_kerb_line" in told, told
