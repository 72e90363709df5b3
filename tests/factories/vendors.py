"""Sites with pitches, vendors, and who holds which pitch."""

from datetime import UTC, datetime, time
from typing import Any

import factory
from django.contrib.gis.geos import Polygon
from factory.django import DjangoModelFactory

from grids.enums import Side
from tests.drawing import period, point, rect, stretch
from tests.factories.accounts import PlannerFactory, UserFactory
from tests.factories.grids import RoadFactory
from vendors import enums
from vendors.domain.guide import new_slip
from vendors.models import Allocation, Guidance, Pitch, Site, Vendor
from vendors.triggers import APPROVED

PITCH_M = 2.0


class SiteFactory(DjangoModelFactory):
    """An open stall site of 16 m by 4 m south of the road from `at_m`; `pitches=3` gives it three, unallocated."""

    class Meta:
        model = Site
        skip_postgeneration_save = True

    class Params:
        at_m = 300.0
        is_approved = factory.LazyAttribute(lambda site: site.state in APPROVED)
        market = factory.Trait(
            kind=enums.SiteKind.MARKET,
            season=factory.LazyFunction(lambda: period("2026-05-01", "2026-12-01")),
        )

    code = factory.Sequence(lambda n: f"TD-{n + 1:03d}")
    name = factory.Sequence(lambda n: f"便民摊点{n + 1}")
    kind = enums.SiteKind.STALL
    state = enums.SiteState.OPEN
    proposed_by = factory.Maybe("is_approved", factory.SubFactory(PlannerFactory, username="proposer"))
    approved_by = factory.Maybe("is_approved", factory.SubFactory(PlannerFactory, username="approver"))
    approved_at = factory.Maybe("is_approved", datetime(2020, 1, 2, tzinfo=UTC))
    road = factory.SubFactory(RoadFactory)
    side = Side.RIGHT
    stretch = factory.LazyAttribute(lambda site: stretch(site.at_m, site.at_m + 16))
    area = factory.LazyAttribute(lambda site: rect(site.at_m, -16, 16, 4))
    capacity = 8
    opens = time(7, 0)
    closes = time(21, 0)
    sign_board = True
    bins = 2

    @factory.post_generation
    def pitches(self, create: bool, extracted: int | None, **_: Any) -> None:
        for index in range(extracted or 0):
            PitchFactory(site=self, index=index)


def replan(site: Site, **values: Any) -> None:
    """Another plan for an open site, as the database wants it: proposed anew, approved again and opened."""
    row = Site.objects.filter(pk=site.pk)
    row.update(state="proposed", approved_by=None, approved_at=None, **values)
    row.update(state="approved", approved_by=site.approved_by, approved_at=site.approved_at)
    row.update(state="open")


def _in_row(site: Site, index: int) -> Polygon:
    west, south, _east, _north = site.area.extent
    area = Polygon.from_bbox((west + index * PITCH_M, south, west + (index + 1) * PITCH_M, south + PITCH_M))
    area.srid = site.area.srid
    return area


class PitchFactory(DjangoModelFactory):
    """A pitch of 2 m by 2 m: the `index`-th in the row, side by side from the site's western end."""

    class Meta:
        model = Pitch

    class Params:
        index = 0

    site = factory.SubFactory(SiteFactory)
    number = factory.LazyAttribute(lambda pitch: str(pitch.index + 1))
    area = factory.LazyAttribute(lambda pitch: _in_row(pitch.site, pitch.index))


class VendorFactory(DjangoModelFactory):
    class Meta:
        model = Vendor

    name = factory.Sequence(lambda n: f"商贩{n + 1}")
    phone = factory.Sequence(lambda n: f"1380351{n + 1:04d}")
    goods = "早点"


class AllocationFactory(DjangoModelFactory):
    """A vendor holds a pitch since 2020."""

    class Meta:
        model = Allocation

    pitch = factory.SubFactory(PitchFactory)
    vendor = factory.SubFactory(VendorFactory)
    period = factory.LazyFunction(period)


class GuidanceFactory(DjangoModelFactory):
    """A vendor met on the road's first metre was guided to a site just now."""

    class Meta:
        model = Guidance

    officer = factory.SubFactory(UserFactory)
    location = factory.LazyFunction(lambda: point(0, 0))
    goods = "早点"
    site = factory.SubFactory(SiteFactory)
    walk_m = 320.0
    slip = factory.LazyFunction(new_slip)
