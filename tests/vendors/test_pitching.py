"""Pitches laid inside a site, by hand-computed metres; overlaps, numbers, and pitches that vendors hold."""

import numpy as np
import pytest
import shapely
from django.db import IntegrityError, transaction

from gridmgr.core.errors import Conflict, Invalid
from tests.drawing import at
from tests.factories import AllocationFactory, PitchFactory, SiteFactory
from tests.vendors.siting import ground
from vendors.domain.pitching import Frame, Layout, check_pitches, lay, read_pitches, set_pitches
from vendors.domain.place import as_shapely, stored
from vendors.models import Pitch, Site

pytestmark = pytest.mark.django_db
EAST, SOUTH = np.array([1.0, 0.0]), np.array([0.0, -1.0])


def boxes(pitches: list[tuple[str, shapely.Polygon]]) -> list[tuple[str, float, float, float, float]]:
    """Number and bounds in metres from the base point."""
    west, south = at(0, 0)
    return [
        (number, *np.round(np.array(area.bounds) - [west, south, west, south], 3).tolist())
        for number, area in pitches
    ]


def test_one_row_turns_its_back_to_the_kerb() -> None:
    # South of a kerb to the north: 10 m along, 3 m deep. 0.5 + 2 + 0.5 + 2 … : four pitches end at 0.5 + 4·2.5 = 10.5 - 0.5 = 10.
    area = ground(100, -13, 10.5, 3)
    frame = Frame.of(area, EAST, SOUTH)
    laid = lay(area, frame, layout=Layout(2.0, 1.5, 0.5, 1.5), most=9)
    assert boxes(laid) == [
        ("01", 100.5, -11.5, 102.5, -10.0),
        ("02", 103.0, -11.5, 105.0, -10.0),
        ("03", 105.5, -11.5, 107.5, -10.0),
        ("04", 108.0, -11.5, 110.0, -10.0),
    ]


def test_two_rows_face_each_other_across_the_aisle() -> None:
    layout = Layout(2.0, 1.5, 0.0, 2.0, rows=2)
    assert (layout.length_for(4), layout.depth_for) == (4.0, 5.0)  # two a row; 1.5 + 2 + 1.5
    area = ground(0, -5, 4, 5)
    laid = lay(area, Frame.of(area, EAST, SOUTH), layout=layout, most=4)
    assert boxes(laid) == [
        ("01", 0.0, -1.5, 2.0, 0.0),
        ("02", 2.0, -1.5, 4.0, 0.0),
        ("03", 0.0, -5.0, 2.0, -3.5),
        ("04", 2.0, -5.0, 4.0, -3.5),
    ]
    # A third row stands back to back with the second, a gap between, and has an aisle of its own.
    assert Layout(2.0, 1.5, 0.5, 2.0, rows=3).depth_for == pytest.approx(1.5 + 2 + 1.5 + 0.5 + 1.5 + 2)


def test_pitches_keep_inside_an_area_that_is_cut_off() -> None:
    # A 10 × 2 m area whose eastern end slants away: at y = -1 it reaches x = 9. Only four of 2 × 1 m fit there.
    west, south = at(0, 0)
    area = shapely.Polygon([(0, 0), (10, 0), (8, -2), (0, -2)])
    area = shapely.transform(area, lambda xy: xy + np.array([west, south]))
    laid = lay(area, Frame.of(area, EAST, SOUTH), layout=Layout(2.0, 1.0, 0.0, 1.0), most=9)
    assert len(laid) == 4
    assert all(area.buffer(0.01).covers(pitch) for _number, pitch in laid)


@pytest.mark.parametrize(
    "values",
    [(0.0, 1, 0, 0), (float("nan"), 1, 0, 0), (2, float("inf"), 0, 0), (2, 1, -1, 0), (2, 1, 0, 50)],
)
def test_layout_that_cannot_be_is_refused(values: tuple[float, ...]) -> None:
    with pytest.raises(Invalid):
        Layout(*values)  # type: ignore[arg-type]


def test_overlapping_doubled_and_outlying_pitches_are_refused_in_words() -> None:
    area = ground(0, -5, 10, 5)
    with pytest.raises(Invalid, match="1 号与 2 号摊位重叠"):
        check_pitches(area, [("1", ground(0, -2, 2, 2)), ("2", ground(1, -2, 2, 2))])
    with pytest.raises(Invalid, match="1 用了两次"):
        check_pitches(area, [("1", ground(0, -2, 2, 2)), ("1", ground(4, -2, 2, 2))])
    with pytest.raises(Invalid, match="7 号摊位超出了摊点范围"):
        check_pitches(area, [("7", ground(9, -2, 2, 2))])
    check_pitches(area, [("1", ground(0, -2, 2, 2)), ("2", ground(2, -2, 2, 2))])  # an edge in common is fine


def test_the_database_refuses_an_overlap_too() -> None:
    site = SiteFactory(pitches=1)
    with pytest.raises(IntegrityError, match="pitch 9 lies on pitch 1"), transaction.atomic():
        Pitch.objects.create(site=site, number="9", area=site.pitches.get().area)


def test_pitches_swap_places_and_stay_with_their_vendors() -> None:
    site = SiteFactory(pitches=2, capacity=2)  # 300–302 and 302–304 m
    first, second = site.pitches.order_by("number")
    AllocationFactory(pitch=first)
    a, b = as_shapely(first.area), as_shapely(second.area)
    set_pitches(site=site, pitches=[("1", b), ("2", a)], expected_version=site.version)
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.area.equals(stored(b))
    assert second.area.equals(stored(a))
    assert first.allocations.count() == 1
    assert Site.objects.get(pk=site.pk).capacity == 2


def test_a_pitch_that_is_a_vendors_is_not_taken_away() -> None:
    site = SiteFactory(pitches=2)
    held = site.pitches.get(number="2")
    AllocationFactory(pitch=held)
    kept = as_shapely(site.pitches.get(number="1").area)
    with pytest.raises(Conflict, match="2 号摊位有分配"):
        set_pitches(site=site, pitches=[("1", kept)], expected_version=site.version)
    assert site.pitches.count() == 2


def test_an_approved_site_gets_no_more_pitches_than_were_approved() -> None:
    site = SiteFactory(pitches=2, capacity=2)
    first, second = (as_shapely(pitch.area) for pitch in site.pitches.order_by("number"))
    west, south, east, north = second.bounds
    halves = [
        shapely.box(west, south, (west + east) / 2, north),
        shapely.box((west + east) / 2, south, east, north),
    ]
    with pytest.raises(Conflict, match="批准的是 2 个摊位,现在有 3 个"):
        set_pitches(
            site=site,
            pitches=[("1", first), ("2", halves[0]), ("3", halves[1])],
            expected_version=site.version,
        )
    assert site.pitches.count() == 2
    # One given up can come back.
    set_pitches(site=site, pitches=[("1", first)], expected_version=site.version)
    site.refresh_from_db()
    assert (site.capacity, site.pitches.count()) == (2, 1)
    set_pitches(site=site, pitches=[("1", first), ("2", second)], expected_version=site.version)
    assert site.pitches.count() == 2


def test_count_of_a_proposals_pitches_is_its_capacity() -> None:
    site = SiteFactory(pitches=2, state="proposed")  # of a capacity of 8, made out of thin air
    area = as_shapely(site.pitches.get(number="1").area)
    set_pitches(site=site, pitches=[("1", area)], expected_version=site.version)
    assert Site.objects.get(pk=site.pk).capacity == 1


def test_the_second_of_two_who_change_pitches_is_told() -> None:
    site = SiteFactory(pitches=1)
    area = as_shapely(site.pitches.get().area)
    set_pitches(site=site, pitches=[("甲", area)], expected_version=site.version)
    with pytest.raises(Conflict, match="刚被别人改过"):
        set_pitches(site=site, pitches=[("乙", area)], expected_version=site.version)
    assert [pitch.number for pitch in site.pitches.all()] == ["甲"]


def test_rows_written_by_hand_are_read_from_the_corner_at_the_kerb() -> None:
    area = ground(100, -13, 10, 3)
    frame = Frame.of(area, EAST, SOUTH)
    row = {"number": "A1", "at": "1.5", "out": "0.25", "width": "2", "depth": "1"}
    assert boxes(read_pitches(frame, [row])) == [("A1", 101.5, -11.25, 103.5, -10.25)]
    for wrong in ({"at": "NaN"}, {"at": "Infinity"}, {"width": "0"}, {"depth": "x"}, {"out": None}):
        with pytest.raises(Invalid):
            read_pitches(frame, [row | wrong])


def test_frame_round_trip() -> None:
    site = SiteFactory(pitches=0)
    PitchFactory(site=site, index=1)
    frame = Frame.of(as_shapely(site.area), EAST, SOUTH)
    # The site is 300–316 m, y from -12 to -16; the pitch 302–304 m, y from -14 to -16.
    assert frame.place_of(as_shapely(site.pitches.get().area)) == pytest.approx((2.0, 2.0, 2.0, 2.0))
