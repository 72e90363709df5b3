"""Rows of bays: where they lie, what they keep clear of, and that they never lie on one another."""

import math
from itertools import pairwise, repeat

import numpy as np
import pytest
import shapely
from django.contrib.gis.geos import LineString, MultiPolygon
from django.contrib.gis.geos import Polygon as StoredPolygon
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg2.extras import NumericRange

from gridmgr.core.errors import Invalid
from grids.models import SRID, Carriageway, Kerb, Road
from parking.domain.lay import kerbs_for_bays, lay_bays
from parking.domain.row import KerbLine, Slot, row_of_slots, without_overlaps
from parking.models import Bay, DropOffPoint, PandaLane, School

X, Y = 400_000.0, 4_190_000.0


def straight(length: float = 100, side: str = "right") -> KerbLine:
    return KerbLine.along(np.array([[0.0, 0.0], [length, 0.0]]), np.array([0.0, length]), side)


def slots(kerb: KerbLine, *, kind: str = "small", **kwargs: object) -> list[Slot]:
    stretch = kwargs.pop("stretch", (kerb.measures[0], kerb.measures[-1]))
    return list(row_of_slots(kerb, stretch=stretch, kinds=repeat(kind), **kwargs))  # type: ignore[arg-type]


def test_row_lies_on_the_carriageway_side_of_the_kerb() -> None:
    # Right kerb of a road drawn eastward: the carriageway is north of the kerb (to its left). 20 m hold 3 bays of 6 m.
    right = slots(straight(20, "right"))
    assert [(slot.from_m, slot.to_m, slot.area.bounds) for slot in right] == [
        (0, 6, (0, 0, 6, 2.5)),
        (6, 12, (6, 0, 12, 2.5)),
        (12, 18, (12, 0, 18, 2.5)),
    ]
    left = slots(straight(20, "left"))
    assert [slot.area.bounds for slot in left] == [(0, -2.5, 6, 0), (6, -2.5, 12, 0), (12, -2.5, 18, 0)]


@pytest.mark.parametrize(
    ("kind", "length", "width"),
    [("small", 6, 2.5), ("accessible", 6, 2.5), ("charging", 6, 2.5), ("large", 15.6, 3.25)],
)
def test_row_has_the_size_of_its_kind(kind: str, length: float, width: float) -> None:
    row = slots(straight(100), kind=kind)
    assert len(row) == int(100 // length)
    assert {(round(s.area.bounds[2] - s.area.bounds[0], 6), s.area.bounds[3]) for s in row} == {
        (length, width)
    }


def test_row_keeps_clear() -> None:
    # 100 m of kerb; clear of 0–50 (a junction) and 70–80 (a crossing): room at 50–70 (3 bays) and 80–100 (3 bays).
    row = slots(straight(100), keep_clear=[(70, 80), (-10, 50)])
    assert [slot.from_m for slot in row] == [50, 56, 62, 80, 86, 92]


def test_row_gives_measures_of_the_road_where_the_kerb_is_longer() -> None:
    # On the outside of a bend 120 m of kerb lie abreast of 100 m of road: a bay of 6 m spans 5 m of it.
    kerb = KerbLine.along(np.array([[0.0, 0.0], [120.0, 0.0]]), np.array([200.0, 300.0]), "right")
    row = slots(kerb, stretch=(250, 300))
    assert [(slot.from_m, slot.to_m) for slot in row][:2] == [(250, 255), (255, 260)]
    assert row[0].area.bounds[0] == pytest.approx(60)
    assert len(row) == 10


def test_row_stops_when_no_more_are_wanted() -> None:
    row = list(row_of_slots(straight(100), stretch=(0, 100), kinds=["accessible", "large", "small"]))
    assert [(slot.kind, slot.from_m, slot.to_m) for slot in row] == [
        ("accessible", 0, 6),
        ("large", 6, 21.6),
        ("small", 21.6, 27.6),
    ]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.floats(8, 60), st.floats(-80, 80)), min_size=2, max_size=12),
    st.sampled_from(["left", "right"]),
)
def test_row_never_lies_on_itself(legs: list[tuple[float, float]], side: str) -> None:
    """On a kerb of any bends, bays have their full size and do not overlap their neighbours."""
    xy, heading = [(0.0, 0.0)], 0.0
    for length, turn in legs:
        heading = max(-90, min(90, heading + turn))
        angle = math.radians(heading)
        xy.append((xy[-1][0] + length * math.cos(angle), xy[-1][1] + length * math.sin(angle)))
    points = np.array(xy)
    arc = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))))
    row = without_overlaps(slots(KerbLine.along(points, arc, side)))

    assert all(slot.area.area == pytest.approx(15.0) for slot in row)
    assert all(a.to_m <= b.from_m for a, b in pairwise(row))
    tree = shapely.STRtree([slot.area for slot in row])
    a, b = tree.query([slot.area for slot in row], predicate="intersects")
    assert all(
        row[i].area.intersection(row[j].area).area <= 0.01 for i, j in zip(a, b, strict=True) if i != j
    )


def test_row_on_a_gentle_bend_stays_close() -> None:
    """A kerb on a circle of 100 m radius, bays on its inside: the row opens by centimetres, not by bays."""
    angles = np.linspace(0, math.pi / 2, 200)
    xy = 100 * np.column_stack((np.sin(angles), 1 - np.cos(angles)))
    arc = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))))
    # Left turn, right kerb: bays inside the circle, at 97.5 to 100 m from its centre. A bay's inner edge of 6 m at
    # 97.5 m takes 6 / 97.5 of a radian, so 157.08 m of arc hold 1.5708 / 0.0615 = 25 bays.
    row = slots(KerbLine.along(xy, arc, "right"))
    assert len(row) == 25
    assert without_overlaps(row) == row


def test_without_overlaps_keeps_the_first_and_spares_what_is_taken() -> None:
    def slot(x: float) -> Slot:
        return Slot("small", x, x + 6, shapely.box(x, 0, x + 6, 2.5))

    a, b, c, d = slot(0), slot(5), slot(10), slot(16)
    # b lies on a; c would lie on b, which is out; d only touches c.
    assert without_overlaps([a, b, c, d]) == [a, c, d]
    assert without_overlaps([a, b, c, d], taken=[shapely.box(11, 1, 12, 2)]) == [a, d]
    assert without_overlaps([]) == []


@pytest.mark.parametrize(
    ("width", "one_way", "kerbs"),
    [
        (7.9, False, 0),
        (8, False, 1),
        (11.9, False, 1),
        (12, False, 2),
        (5.9, True, 0),
        (6, True, 1),
        (8.9, True, 1),
        (9, True, 2),
    ],
)
def test_kerbs_for_bays_by_width(width: float, one_way: bool, kerbs: int) -> None:
    assert kerbs_for_bays(width, one_way=one_way) == kerbs


# ── Into the database ─────────────────────────────────────────────────────────────────────────────────────


def a_road(name: str, start: tuple[float, float], end: tuple[float, float]) -> Road:
    return Road.objects.create(
        name=name,
        road_class="secondary",
        carriageway_kind="two_way",
        width_m=14,
        width_origin="lanes",
        reference_line=LineString((X + start[0], Y + start[1]), (X + end[0], Y + end[1]), srid=SRID),
        covered_share=1,
        ways_used=1,
    )


def a_kerb(road: Road, side: str, start: tuple[float, float], end: tuple[float, float]) -> None:
    line = LineString((X + start[0], Y + start[1]), (X + end[0], Y + end[1]), srid=SRID)
    Kerb.objects.create(road=road, side=side, line=line, measures=[0, road.length_m])


@pytest.fixture
def road(db: None) -> Road:
    """府西街, 100 m eastward, with its right kerb 7 m south of the reference line."""
    road = a_road("府西街", (0, 0), (100, 0))
    road.refresh_from_db()
    a_kerb(road, "right", (0, -7), (100, -7))
    return road


def laid(road: Road, low: float, high: float, **kwargs: object) -> list[Bay]:
    options = {"side": "right", "prefix": "03"} | kwargs
    return lay_bays(road, stretch=NumericRange(low, high), **options)  # type: ignore[arg-type]


def test_lay_bays_writes_numbered_bays_on_their_measures(road: Road) -> None:
    laid(road, 10, 24)

    bays = Bay.objects.order_by("number")
    assert [(b.number, b.stretch.lower, b.stretch.upper, b.side, b.kind, b.state) for b in bays] == [
        ("03-0001", 10, 16, "right", "small", "in_use"),
        ("03-0002", 16, 22, "right", "small", "in_use"),
    ]
    # The kerb is 7 m south of the line, and the bay reaches 2.5 m north from it, onto the carriageway.
    assert [b.area.extent for b in bays] == [
        (X + 10, Y - 7, X + 16, Y - 4.5),
        (X + 16, Y - 7, X + 22, Y - 4.5),
    ]


def test_lay_bays_goes_on_counting_and_leaves_bays_lanes_and_points_alone(road: Road) -> None:
    laid(road, 0, 12)
    square = StoredPolygon.from_bbox((X, Y - 50, X + 50, Y - 20))
    square.srid = SRID
    school = School.objects.create(name="新建路小学", kind="school", area=square_of(square))
    PandaLane.objects.create(
        road=road, side="right", stretch=NumericRange(30, 50), school=school, line=road.reference_line
    )
    DropOffPoint.objects.create(
        road=road,
        side="right",
        stretch=NumericRange(60, 80),
        school=school,
        code="JS-01",
        capacity=3,
        area=square,
    )

    bays = laid(road, 0, 100, most=6)

    # Taken: 0–12, 30–50, 60–80. Left: 12–30 (3 bays), 50–60 (1), 80–100 (3, of which 2 are wanted).
    assert [(b.number, float(b.stretch.lower)) for b in bays] == [
        ("03-0003", 12),
        ("03-0004", 18),
        ("03-0005", 24),
        ("03-0006", 50),
        ("03-0007", 80),
        ("03-0008", 86),
    ]


@pytest.mark.parametrize(
    "more", [{"bridge": True, "level": 1}, {"tunnel": True, "level": -1}, {"level": -1}, {}]
)
def test_lay_bays_keeps_clear_of_bridges_and_tunnels(db: None, more: dict[str, object]) -> None:
    # A bridge from metre 80 to 90: none from 30 to 140 m, so five bays of 6 m before it and three from 140 to 158 m.
    road = a_road("解放路", (0, 0), (300, 0))
    road.refresh_from_db()
    a_kerb(road, "right", (0, -7), (300, -7))
    Carriageway.objects.create(
        source_id="b", road=road, highway="secondary", width_m=14, width_origin="lanes",
        line=LineString((X + 90, Y), (X + 80, Y), srid=SRID), **more,
    )  # fmt: skip
    starts = [float(bay.stretch.lower) for bay in laid(road, 0, 160)]
    assert starts == ([0, 6, 12, 18, 24, 140, 146, 152] if more else list(range(0, 156, 6)))


def test_lay_bays_spares_bays_of_a_road_that_crosses(road: Road) -> None:
    #            │ 新建路, right kerb at x = 40, bays at 37.5–40
    #  ──────────┼───── 府西街, kerb at y = -7, bays at -7 to -4.5
    crossing = a_road("新建路", (33, 40), (33, -60))
    crossing.refresh_from_db()
    a_kerb(crossing, "right", (26, 40), (26, -60))
    laid(crossing, 0, 100, prefix="05")

    bays = laid(road, 0, 60)

    areas = [shapely.from_wkb(bytes(bay.area.wkb)) for bay in Bay.objects.all()]
    assert sum(a.intersection(b).area > 0.01 for a in areas for b in areas if a is not b) == 0
    # 新建路's bays lie at x = 26 to 28.5: the bay at 24–30 is left out.
    assert [float(bay.stretch.lower) for bay in bays] == [0, 6, 12, 18, 30, 36, 42, 48, 54]


@pytest.mark.parametrize(
    ("low", "high", "clear", "words"),
    [
        (90, 101, (), "路段 90–101 m 不在府西街的范围 0–100 m 之内"),
        (50, 20, (), "不在府西街的范围"),
        (10, 15, (), "放不下一个长 6.0 m 的泊位"),
        (0, 100, ((3, 98),), "放不下一个长 6.0 m 的泊位"),
    ],
)
def test_lay_bays_refuses_where_none_can_be(
    road: Road, low: float, high: float, clear: tuple[tuple[float, float], ...], words: str
) -> None:
    with pytest.raises(Invalid, match=words):
        laid(road, low, high, keep_clear=clear)
    assert not Bay.objects.exists()


def test_lay_bays_needs_a_kerb(road: Road) -> None:
    with pytest.raises(Invalid, match="没有路缘数据"):
        laid(road, 0, 100, side="left")


def square_of(polygon: StoredPolygon) -> MultiPolygon:
    return MultiPolygon(polygon, srid=SRID)
