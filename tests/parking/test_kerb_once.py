"""Two bays never share a piece of kerb, whoever writes; the constraint compares boxes made of road, side and stretch."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from gridmgr.core.errors import constraint_of
from parking.models import Bay
from tests.drawing import stretch
from tests.factories import BayFactory, RoadFactory

pytestmark = pytest.mark.django_db


def refused(bay: Bay) -> str:
    """The constraint that refuses the bay, '' when it may stand there."""
    try:
        with transaction.atomic():
            bay.save()
            transaction.set_rollback(True)
    except IntegrityError as error:
        return constraint_of(error)
    return ""


@pytest.mark.parametrize(
    ("low", "high", "constraint"),
    [
        ("106", "112", ""),
        ("94", "100", ""),
        ("105.999999", "112", "bay_kerb_once"),
        ("94", "100.000001", "bay_kerb_once"),
        ("102", "103", "bay_kerb_once"),
        ("90", "120", "bay_kerb_once"),
    ],
)
def test_neighbours_touch_but_do_not_overlap(low: str, high: str, constraint: str) -> None:
    bay = BayFactory()  # [100, 106) at the right kerb
    other = BayFactory.build(road=bay.road, stretch=f"[{low},{high})")
    assert refused(other) == constraint


def test_the_other_kerb_another_road_and_removed_bays_do_not_count() -> None:
    bay = BayFactory()
    assert refused(BayFactory.build(road=bay.road)) == "bay_kerb_once"
    assert refused(BayFactory.build(road=bay.road, side="left")) == ""
    assert refused(BayFactory.build(road=RoadFactory())) == ""
    assert refused(BayFactory.build(road=bay.road, state="removed")) == ""
    Bay.objects.filter(pk=bay.pk).update(state="removed")
    assert refused(BayFactory.build(road=bay.road)) == ""


def test_boxes_overlap_exactly_where_stretches_at_one_kerb_do() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH spot AS (
                SELECT road, side, numrange(m, m + length) AS stretch
                FROM unnest(ARRAY[1, 2, 90000]) AS road, unnest(ARRAY['left', 'right']) AS side,
                     unnest(ARRAY[0, 0.000001, 5.999999, 6, 12.5, 49999.5]) AS m, unnest(ARRAY[0.000001, 6, 12]) AS length
            )
            SELECT count(*), count(*) FILTER (WHERE a.road = b.road AND a.side = b.side AND a.stretch && b.stretch)
            FROM spot AS a, spot AS b
            WHERE (kerb_box(a.road, a.side, a.stretch) && kerb_box(b.road, b.side, b.stretch))
                  <> (a.road = b.road AND a.side = b.side AND a.stretch && b.stretch)
            """
        )
        assert cursor.fetchone() == (0, 0)


def test_form_is_told_before_the_database_is_asked() -> None:
    bay = BayFactory()
    BayFactory.build(road=bay.road, stretch=stretch(106, 112)).validate_constraints()
    with pytest.raises(ValidationError, match="同侧路缘的这一段已有泊位。"):
        BayFactory.build(road=bay.road, stretch=stretch(105, 111)).validate_constraints()
