"""The database keeps the way of a site from proposal to closing, whoever writes: one person proposes, another approves."""

from datetime import UTC, datetime, time, timedelta
from threading import Thread
from typing import Any

import pghistory
import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from psycopg2.extras import DateRange

from gridmgr.core.errors import Conflict, Invalid, constraint_of
from tests.drawing import rect
from tests.factories import AllocationFactory, PitchFactory, SiteFactory, UserFactory
from vendors.domain import plan, states
from vendors.enums import SiteKind, SiteState
from vendors.models import Site
from vendors.triggers import APPROVED, STEPS

pytestmark = pytest.mark.django_db
MOMENT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
# proposed → approved → open ↔ suspended → closed; returned ↔ proposed; a changed plan is proposed anew.
MAY = {
    *[("proposed", "approved"), ("proposed", "returned"), ("proposed", "closed"), ("returned", "proposed")],
    *[("returned", "closed"), ("approved", "open"), ("approved", "proposed"), ("approved", "closed")],
    *[("open", "suspended"), ("open", "proposed"), ("open", "closed"), ("suspended", "open")],
    *[("suspended", "proposed"), ("suspended", "closed")],
}


def refused(site: Site, **values: Any) -> str:
    """The constraint that refuses a plain UPDATE of the row; '' when it is done."""
    try:
        with transaction.atomic():
            Site.objects.filter(pk=site.pk).update(**values)
    except IntegrityError as error:
        return constraint_of(error)
    return ""


def on_record(state: str, site: Site) -> dict[str, Any]:
    """What a row must say beside that state, so that nothing but the step is in question."""
    if state in APPROVED:
        approver = site.approved_by or UserFactory()
        return {"approved_by": approver, "approved_at": site.approved_at or MOMENT}
    return {"approved_by": None, "approved_at": None, "returned_for": "为何" if state == "returned" else ""}


@pytest.mark.parametrize("old", SiteState.values)
def test_a_plain_update_goes_by_the_permitted_steps_alone(old: str) -> None:
    row = {"state": old, "returned_for": "为何" if old == "returned" else "", "proposed_by": UserFactory()}
    site = SiteFactory(**row)
    after = set()
    for new in SiteState.values:
        found = refused(site, state=new, **on_record(new, site))
        assert found in ("", "site_step_by_step"), (old, new)
        if not found:
            after.add(new)
            site.delete()
            site = SiteFactory(**row)
    assert after == {old} | {new for step, new in MAY if step == old}


def test_every_step_of_the_domain_is_one_that_the_database_permits() -> None:
    steps = {(source, target) for sources, target in states.TRANSITIONS.values() for source in sources}
    assert steps <= MAY == {(old, new) for old, after in STEPS.items() for new in after}


@pytest.mark.parametrize("state", APPROVED)
def test_a_site_is_entered_as_approved_only_with_the_whole_record(state: str) -> None:
    ann, ben = UserFactory(), UserFactory()
    whole: dict[str, Any] = {"proposed_by": ann, "approved_by": ben, "approved_at": MOMENT}
    SiteFactory(state=state, **whole)  # a backup comes back
    wrongs: list[tuple[dict[str, Any], str]] = [({name: None}, "site_approval_on_record") for name in whole]
    for wrong, name in [*wrongs, ({"approved_by": ann}, "site_approved_by_another")]:
        with pytest.raises(IntegrityError) as caught, transaction.atomic():
            SiteFactory(state=state, **{**whole, **wrong})
        assert constraint_of(caught.value) == name


def test_an_approval_does_not_name_another_proposer_than_the_proposal() -> None:
    ann, ben = UserFactory(), UserFactory()
    own, nobodys = SiteFactory(state="proposed", proposed_by=ben), SiteFactory(state="proposed")
    approval = {"state": "approved", "approved_by": ben, "approved_at": MOMENT}
    assert refused(own, **approval) == "site_approved_by_another"
    for site in (own, nobodys):
        assert refused(site, **approval, proposed_by=ann) == "site_approval_stands"
    assert refused(nobodys, proposed_by=ann) == "" == refused(nobodys, **approval)


def test_a_proposal_has_no_approver_and_a_returned_one_has_a_reason() -> None:
    site = SiteFactory(state="proposed", proposed_by=UserFactory())
    assert refused(site, approved_by=UserFactory()) == "site_not_approved_yet"
    assert refused(site, state="returned") == "site_returned_with_reason"
    assert refused(site, state="draft") == "site_step_by_step"
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        SiteFactory(state="draft")
    assert constraint_of(caught.value) == "site_state_known"


def test_what_was_approved_stays_as_it_was_approved() -> None:
    site = SiteFactory(market=True)
    changes: dict[str, Any] = {
        "area": rect(500, -16, 16, 4),
        "opens": time(5),
        "closes": time(23),
        "season": DateRange(site.season.lower, site.season.upper + timedelta(days=30)),
        "kind": SiteKind.STALL,
        "capacity": site.capacity + 1,
    }
    for name, value in changes.items():
        also = {"season": None} if name == "kind" else {}
        assert refused(site, **{name: value}, **also) == "site_as_approved", name
    assert refused(site, approved_by=UserFactory()) == "site_approval_stands"
    assert refused(site, approved_at=MOMENT) == "site_approval_stands"
    assert refused(site, proposed_by=UserFactory()) == "site_approval_stands"
    anew = {"state": "proposed", "approved_by": None, "approved_at": None}
    assert refused(site, area=changes["area"], **anew) == ""
    # Nor is a place slipped in with its approval.
    approval = on_record("approved", Site.objects.get(pk=site.pk))
    assert refused(site, state="approved", area=rect(700, -16, 16, 4), **approval) == "site_as_approved"
    assert refused(site, state="approved", **approval) == ""


# ── The season and who holds a pitch in it ────────────────────────────────────────────────────────────────


def test_a_season_is_not_shortened_over_allocations_that_run_or_are_to_come() -> None:
    today = timezone.localdate()
    season = DateRange(today - timedelta(days=400), today + timedelta(days=60))
    site = SiteFactory(market=True, season=season, state="proposed", pitches=2)
    first, second = site.pitches.order_by("number")
    AllocationFactory(pitch=first, period=DateRange(season.lower, today - timedelta(days=300)))  # history
    runs = AllocationFactory(
        pitch=second, period=DateRange(today - timedelta(days=5), today + timedelta(days=50))
    )
    to_50 = DateRange(today - timedelta(days=10), today + timedelta(days=50))
    to_49 = DateRange(today - timedelta(days=10), today + timedelta(days=49))
    assert refused(site, season=to_49) == "site_season_holds_allocations"
    assert refused(site, season=to_50) == ""
    site.refresh_from_db()
    site.season = to_49
    with pytest.raises(Conflict, match=f"{second.number} 号摊位分配到季节以外"):
        plan.check_season(site)
    runs.period = DateRange(runs.period.lower, to_49.upper)
    runs.save()
    assert refused(site, season=to_49) == ""


def test_whoever_shapes_a_proposal_is_kept_and_cannot_approve_it() -> None:
    """The proposer stays; a second who moves it is kept beside them, whoever writes and whatever is written over."""
    author, other = UserFactory(role="planner"), UserFactory(role="planner")
    site = SiteFactory(state="proposed", proposed_by=author)
    Site.objects.filter(pk=site.pk).update(capacity=5)
    site.refresh_from_db()
    assert site.proposed_by == author  # nobody known wrote
    with pghistory.context(user=other.pk):
        Site.objects.filter(pk=site.pk).update(bins=3)
    site.refresh_from_db()
    assert site.proposed_by == author  # bins are no part of the plan
    with pghistory.context(user=other.pk):
        Site.objects.filter(pk=site.pk).update(capacity=6)
    site.refresh_from_db()
    assert (site.proposed_by, site.shapers) == (author, sorted([author.pk, other.pk]))
    third = UserFactory(role="administrator")
    for person in (author, other):
        approval = {"state": "approved", "approved_by": person, "approved_at": MOMENT}
        assert refused(site, **approval) == "site_approved_by_another"
        site.refresh_from_db()
        with pytest.raises(Invalid):
            states.approve_site(site=site, by=person, expected_version=site.version)
    Site.objects.filter(pk=site.pk).update(shapers=[])  # nobody is taken off the list
    site.refresh_from_db()
    assert site.shapers == sorted([author.pk, other.pk])
    approval = {"state": "approved", "approved_by": third, "approved_at": MOMENT}
    assert refused(site, **approval) == ""


def test_what_was_approved_and_is_planned_anew_has_shapers_of_its_own() -> None:
    author, approver, editor = (UserFactory(role="planner") for _each in range(3))
    site = SiteFactory(state="approved", proposed_by=author, approved_by=approver)
    with pghistory.context(user=editor.pk):
        Site.objects.filter(pk=site.pk).update(
            state="proposed", approved_by=None, approved_at=None, capacity=5
        )
    site.refresh_from_db()
    assert (site.proposed_by, site.shapers) == (editor, [editor.pk])


def test_a_pitch_lies_on_its_site_whoever_writes() -> None:
    site = SiteFactory(state="open", pitches=2)
    away = rect(900, 900, 2, 2)
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        site.pitches.filter(number="1").update(area=away)
    assert constraint_of(caught.value) == "pitch_within_site"


def left_behind() -> str:
    """What the database puts off to the end of the transaction, asked for now: the constraint, or ''."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    except IntegrityError as error:
        return constraint_of(error)
    return ""


def test_a_site_that_moves_takes_its_pitches_along() -> None:
    site = SiteFactory(state="proposed", pitches=2)  # 16 m by 4 m at (300, -16)
    row = Site.objects.filter(pk=site.pk)
    with transaction.atomic():
        row.update(area=rect(299, -17, 18, 6))  # grown
        assert left_behind() == ""
    for area in (rect(600, -16, 16, 4), rect(300, -16, 1, 4)):  # elsewhere, and shrunk off the second pitch
        row.update(area=area)
        assert left_behind() == "site_holds_pitches"
        row.update(area=site.area)
    with transaction.atomic():
        row.update(area=rect(600, -16, 16, 4))
        for index, pitch in enumerate(site.pitches.order_by("number")):
            pitch.area = rect(600 + 2 * index, -16, 2, 2)
            pitch.save()
        assert left_behind() == ""


@pytest.mark.django_db(transaction=True)
def test_a_site_that_moves_and_its_new_pitch_do_not_pass_each_other() -> None:
    site = SiteFactory(state="proposed")
    found: list[str] = []

    def new_pitch() -> None:
        try:
            PitchFactory(site=site)
        except IntegrityError as error:
            found.append(constraint_of(error))
        finally:
            connection.close()

    with transaction.atomic():
        Site.objects.filter(pk=site.pk).update(area=rect(600, -16, 16, 4))
        (other := Thread(target=new_pitch)).start()
        other.join(timeout=0.5)
        assert other.is_alive()  # waits for the site
    other.join(timeout=10)
    assert found == ["pitch_within_site"]
