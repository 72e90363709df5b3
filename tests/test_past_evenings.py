"""Each of sixty evenings is told afterwards as it was told on that evening, while two hundred things change."""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.contrib.gis.db.models.functions import AsWKB
from django.db import transaction
from django.db.models import F
from psycopg2.extras import DateRange

from gridmgr.briefing.dossier import Dossier
from gridmgr.briefing.gather import gather
from gridmgr.catalog import FACILITIES, LAYERS, layer_named
from gridmgr.core.accounts.audience import Audience
from gridmgr.core.layers.geojson import feature_collection
from gridmgr.core.past import as_of
from grids.domain.assign import assign_section, end_section, end_share, hand_over_secretary, share_section
from grids.enums import FacilityKind, MemberRole
from grids.models import Assignment, Branch, Facility, Member, MemberAssignment, Road
from parking.enums import BayState
from parking.models import Bay, DropOffHours, DropOffPoint, PandaLane, School
from tests.drawing import line, point, stretch
from tests.factories import (
    AllocationFactory,
    AssignmentFactory,
    BayFactory,
    BranchFactory,
    DropOffPointFactory,
    MemberFactory,
    PandaLaneFactory,
    RoadFactory,
    SchoolFactory,
    ShareFactory,
    SiteFactory,
    VendorFactory,
)
from vendors.models import Allocation, Pitch, Site, SiteCheck, WaitingEntry

pytestmark = pytest.mark.django_db

EVERYTHING = Audience(role="administrator")
FIRST, DAYS, CHANGES, ROADS = date(2026, 8, 1), 60, 200, 4
Clock = Callable[[str], Any]


# ── Two months of a city ──────────────────────────────────────────────────────────────────────────────────


class City:
    """A small city in which one thing after the other changes; `day` is its today."""

    def __init__(self, seed: int) -> None:
        self.rng, self.n, self.day = random.Random(seed), 0, FIRST
        self.roads = [
            RoadFactory(reference_line=line((0, 400 * row), (1000, 400 * row))) for row in range(ROADS)
        ]
        for road in self.roads:
            section = AssignmentFactory(branch=BranchFactory(), road=road, stretch=stretch(0, 600))
            members = MemberFactory.create_batch(3, branch=section.branch)
            ShareFactory(assignment=section, member=members[0], stretch=stretch(0, 300))
            AllocationFactory(pitch__site=SiteFactory(road=road, pitches=3, at_m=320.0), pitch__index=3)
            school = SchoolFactory()
            PandaLaneFactory(school=school, road=road)
            DropOffPointFactory(school=school, road=road)
            BayFactory.row(road, 5)
        self.changes = [getattr(self, name) for name in sorted(vars(City)) if name.startswith("do_")]

    def change(self) -> str:
        """One change of some kind; those that are impossible just now are drawn again."""
        while True:
            change = self.rng.choice(self.changes)
            self.n += 1
            with transaction.atomic():
                if change() is not False:
                    return str(change.__name__)

    def one(self, rows: Any) -> Any:
        """Any of the rows, None when there is none."""
        found = list(rows.order_by("pk"))
        return self.rng.choice(found) if found else None

    def from_today(self) -> DateRange:
        return DateRange(self.day, None, "[)")

    # Each returns False when there is nothing to change.

    def do_hand_over(self) -> Any:
        to = self.one(Member.objects.serving().filter(role=MemberRole.MEMBER))
        return hand_over_secretary(to.branch, to=to) if to else False

    def do_leave(self) -> Any:
        who = self.one(Member.objects.serving().filter(role=MemberRole.MEMBER, shares=None))
        return Member.objects.filter(pk=who.pk).update(left_on=self.day) if who else False

    def do_join(self) -> Any:
        return MemberFactory(branch=self.one(Branch.objects.all()), joined_on=self.day)

    def do_rename_branch(self) -> Any:
        return Branch.objects.filter(pk=self.one(Branch.objects.all()).pk).update(name=f"改名支部{self.n}")

    def do_rename_road(self) -> Any:
        return Road.objects.filter(pk=self.one(Road.objects.all()).pk).update(name=f"改名街{self.n}")

    def do_bend_road(self) -> Any:
        road = self.one(Road.objects.all())
        row = self.roads.index(road)
        bent = line((0, 400 * row), (500, 400 * row + self.n % 7), (1000, 400 * row))
        return Road.objects.filter(pk=road.pk).update(reference_line=bent)

    def do_new_branch(self) -> Any:
        return BranchFactory() if Branch.objects.count() < 8 else False

    def do_end_section(self) -> Any:
        section = self.one(Assignment.objects.on_day(self.day).filter(period__startswith__lt=self.day))
        return end_section(section, on=self.day) if section else False

    def do_assign_section(self) -> Any:
        road = self.one(Road.objects.all())
        low = self.rng.choice([0, 200, 400, 600, 800])
        wanted = stretch(low, low + 200)
        if road.assignments.filter(stretch__overlap=wanted, period__overlap=self.from_today()):
            return False
        return assign_section(
            self.one(Branch.objects.all()), road=road, stretch=wanted, period=self.from_today()
        )

    def do_delete_section(self) -> Any:
        section = self.one(Assignment.objects.filter(shares=None, period__endswith=None))
        return section.delete() if section else False

    def do_share(self) -> Any:
        section = self.one(Assignment.objects.on_day(self.day).filter(period__endswith=None, shares=None))
        members = section and section.branch.members.serving()
        if not section or not members:
            return False
        return share_section(
            section, member=self.one(members), stretch=section.stretch, period=self.from_today()
        )

    def do_end_share(self) -> Any:
        share = self.one(MemberAssignment.objects.on_day(self.day).filter(period__startswith__lt=self.day))
        return end_share(share, on=self.day) if share else False

    def do_site(self) -> Any:
        return SiteFactory(
            road=self.one(Road.objects.all()), at_m=self.rng.randrange(20, 900), pitches=self.n % 3
        )

    def do_state_of_site(self) -> Any:
        site = self.one(Site.objects.exclude(state="closed"))
        after = {"open": ["suspended", "closed"], "suspended": ["open"]}[site.state] if site else []
        return Site.objects.filter(pk=site.pk).update(state=self.rng.choice(after)) if after else False

    def do_rename_site(self) -> Any:
        site = self.one(Site.objects.all())
        return Site.objects.filter(pk=site.pk).update(name=f"改名摊点{self.n}")

    def do_check(self) -> Any:
        site = self.one(Site.objects.exclude(state="closed"))
        given = {"result": self.rng.choice(["good", "hard"]), "findings": [], "rules_of": self.day}
        return SiteCheck.objects.update_or_create(site=site, defaults=given) if site else False

    def do_remove_pitch(self) -> Any:
        pitch = self.one(Pitch.objects.filter(allocations=None))
        return pitch.delete() if pitch else False

    def do_allocate(self) -> Any:
        pitch = self.one(Pitch.objects.free(on=self.day).exclude(allocations__period__endswith=None))
        pitch = pitch or self.one(Pitch.objects.filter(allocations=None))
        return AllocationFactory(pitch=pitch, period=self.from_today()) if pitch else False

    def do_end_allocation(self) -> Any:
        held = self.one(Allocation.objects.on_day(self.day).filter(period__startswith__lt=self.day))
        if not held:
            return False
        ended = DateRange(held.period.lower, self.day, "[)")
        return Allocation.objects.filter(pk=held.pk).update(period=ended)

    def do_wait(self) -> Any:
        return WaitingEntry.objects.create(site=self.one(Site.objects.all()), vendor=VendorFactory())

    def do_stop_waiting(self) -> Any:
        entry = self.one(WaitingEntry.objects.filter(left_at=None))
        now = datetime.combine(self.day, time(9)).astimezone()
        return WaitingEntry.objects.filter(pk=entry.pk).update(left_at=now) if entry else False

    def do_lay_bays(self) -> Any:
        road, low = self.one(Road.objects.all()), self.rng.randrange(0, 100) * 8
        if Bay.objects.filter(road=road, stretch__overlap=stretch(low, low + 12)):
            return False
        return BayFactory.row(road, 2, from_m=low)

    def do_close_bays(self) -> Any:
        keys = list(Bay.objects.standing().order_by("pk").values_list("pk", flat=True)[:3])
        return Bay.objects.filter(pk__in=keys).update(state=BayState.REMOVED) or False

    def do_delete_bay(self) -> Any:
        bay = self.one(Bay.objects.all())
        return bay.delete() if bay else False

    def do_school(self) -> Any:
        school = SchoolFactory()
        PandaLaneFactory(school=school, road=self.one(Road.objects.all()), at_m=self.rng.randrange(900))
        return DropOffPointFactory(
            school=school, road=self.one(Road.objects.all()), at_m=self.rng.randrange(900)
        )

    def do_rename_school(self) -> Any:
        school = self.one(School.objects.all())
        return School.objects.filter(pk=school.pk).update(name=f"改名小学{self.n}")

    def do_delete_lane(self) -> Any:
        lane = self.one(PandaLane.objects.all())
        return lane.delete() if lane else False

    def do_other_hours(self) -> Any:
        hours = self.one(DropOffHours.objects.filter(opens=time(7, 10)))
        return DropOffHours.objects.filter(pk=hours.pk).update(opens=time(7, 0)) if hours else False

    def do_delete_point(self) -> Any:
        spot = self.one(DropOffPoint.objects.all())
        return spot.delete() if spot else False

    def do_hydrant(self) -> Any:
        where = point(self.rng.randrange(1000), self.rng.randrange(1000))
        return Facility.objects.create(source_id=f"h{self.n}", kind=FacilityKind.HYDRANT, shape=where)


def told(day: date) -> dict[str, Any]:
    """All that is told of the day, in a form that compares: the dossier, and the rows of each layer."""
    rows = {layer.name: sorted(map(repr, _rows(layer, day))) for layer in [*LAYERS, *FACILITIES]}
    features = b"".join(feature_collection(layer_named("sites"), audience=EVERYTHING, on=day))
    return {"dossier": plain(gather(None, audience=EVERYTHING, on=day)), "features": features, **rows}


def _rows(layer: Any, day: date) -> Iterator[Any]:
    rows = layer.annotated(EVERYTHING, day).annotate(p_shape=AsWKB(F(layer.geometry)))
    with as_of(day):
        for *values, shape in rows.values_list(*layer.property_names, "p_shape"):
            yield *values, bytes(shape)


def plain(dossier: Dossier) -> Dossier:
    """Without what tells when it was read."""
    return replace(dossier, moment=datetime.min.replace(tzinfo=UTC), state="")


def test_each_evening_is_told_as_it_was(live: Clock) -> None:
    live(f"{FIRST} 08:00")
    city, evenings, kinds = City(seed=1), {}, set()
    when = sorted(city.rng.randrange(DAYS) for _change in range(CHANGES))
    for number in range(DAYS):
        city.day = FIRST + timedelta(days=number)
        live(f"{city.day} 10:00")
        for _change in range(when.count(number)):
            kinds.add(city.change())
        live(f"{city.day} 23:59")
        evenings[city.day] = told(city.day)
    assert len(kinds) == len(city.changes)  # no kind of change is left out
    live(f"{FIRST + timedelta(days=DAYS)} 08:00")
    assert len({repr(evening) for evening in evenings.values()}) > DAYS / 2
    for day, evening in evenings.items():
        now_told = told(day)
        for name, rows in evening.items():
            assert now_told[name] == rows, (day, name)
