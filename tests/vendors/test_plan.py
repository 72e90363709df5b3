"""From draft to open site: what is drawn is saved, a second person approves, overrides, conflicts, and every step's refusals."""

from datetime import date
from typing import Any

import pytest
import shapely
from psycopg2.extras import DateRange

from gridmgr.core.errors import Conflict, Invalid
from gridmgr.core.history import event_model
from grids.models import Road
from tests.factories import AllocationFactory, UserFactory
from tests.vendors.planning import draft, street
from tests.vendors.siting import ground, spot
from vendors.domain import draft as drafting
from vendors.domain import plan, states
from vendors.domain.place import as_shapely
from vendors.domain.profile import install_demo_profile
from vendors.enums import SiteState
from vendors.models import Override, Site

pytestmark = pytest.mark.django_db
ON = date(2026, 11, 22)


@pytest.fixture
def road() -> Road:
    install_demo_profile()
    return street()


@pytest.fixture
def ann() -> Any:
    return UserFactory(username="ann", role="planner")


@pytest.fixture
def ben() -> Any:
    return UserFactory(username="ben", role="planner")


def proposed(road: Road, by: Any, metre: float = 300.0, **more: Any) -> Site:
    return plan.propose_site(draft=draft(road, metre, **more), by=by, on=ON)


def approved(road: Road, ann: Any, ben: Any) -> Site:
    site = proposed(road, ann)
    return states.approve_site(site=site, by=ben, expected_version=site.version, on=ON)


def opened(road: Road, ann: Any, ben: Any) -> Site:
    site = plan.equip_site(site=approved(road, ann, ben), sign_board=True, bins=2)
    return states.open_site(site=site, by=ann, on=ON)


# ── Drawing and proposing ─────────────────────────────────────────────────────────────────────────────────


def test_what_is_drawn_is_what_is_saved(road: Road, ann: Any) -> None:
    drawn = drafting.draw(draft(road))
    assert drawn.footprint.area.equals_exact(ground(292.6, -10.1, 14.8, 1.8), 1e-6) or shapely.equals(
        drawn.footprint.area.normalize(), ground(292.6, -10.1, 14.8, 1.8).normalize()
    )
    site = proposed(road, ann)
    assert as_shapely(site.area).equals(drawn.footprint.area)
    assert (float(site.stretch.lower), float(site.stretch.upper)) == (292.6, 307.4)
    assert (site.state, site.side, site.capacity, site.proposed_by) == ("proposed", "right", 6, ann)
    stored = [as_shapely(pitch.area) for pitch in site.pitches.order_by("number")]
    assert [a.equals(b) for a, (_n, b) in zip(stored, drawn.pitches, strict=True)] == [True] * 6
    assert site.name == "平直街右侧 300 m 便民摊点"


def test_codes_count_on(road: Road, ann: Any) -> None:
    assert [proposed(road, ann, metre).code for metre in (100, 200)] == ["TD-01", "TD-02"]


def test_numbers_grow_with_the_metres_of_the_street_on_both_sides(road: Road, ann: Any) -> None:
    for side in ("left", "right"):
        site = proposed(road, ann, 500.0 if side == "left" else 600.0, side=side)
        middles = [as_shapely(pitch.area).centroid.x for pitch in site.pitches.order_by("number")]
        assert middles == sorted(middles)


def test_a_place_beyond_the_end_is_refused_and_a_dragged_one_stays_at_the_end(road: Road) -> None:
    with pytest.raises(Invalid, match="在 1200 m 处没有路缘,有路缘的是 0–1000 m"):
        drafting.draw(draft(road, 1200.0))
    with pytest.raises(Invalid, match="放不下"):
        drafting.draw(draft(road, 999.0))
    drawn = drafting.draw(draft(road, 999.0), stay=True)
    assert drawn.draft.position.metre == pytest.approx(1000 - 7.4)  # half of 14.8 m fits before the end


def test_what_cannot_be_a_place_is_not_stored(road: Road, ann: Any) -> None:
    past = DateRange(date(2025, 5, 1), date(2025, 10, 1), "[)")
    with pytest.raises(Invalid, match="已经结束"):
        proposed(road, ann, kind="market", season=past)
    with pytest.raises(Invalid, match="须填写季节"):
        proposed(road, ann, kind="market")
    with pytest.raises(Invalid, match="摊位数 0"):
        draft(road, pitches=0)
    with pytest.raises(Invalid, match="里程须是数字"):
        drafting.draw(draft(road, float("nan")))
    assert not Site.objects.exists()


# ── Approving ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_second_person_approves(road: Road, ann: Any, ben: Any) -> None:
    site = proposed(road, ann)
    with pytest.raises(Invalid, match="须由另一位"):
        states.approve_site(site=site, by=ann, expected_version=site.version, on=ON)
    done = states.approve_site(site=site, by=ben, expected_version=site.version, on=ON)
    assert (done.state, done.approved_by, done.version) == ("approved", ben, site.version + 1)


def test_a_broken_hard_rule_needs_a_reason_and_stays_on_record(road: Road, ann: Any, ben: Any) -> None:
    # The junction is 325 - 307.4 = 17.6 m from the site's edge; 20 are required.
    spot("junction", 325, -9.2)
    site = proposed(road, ann)
    with pytest.raises(Invalid, match="写明例外的理由"):
        states.approve_site(site=site, by=ben, expected_version=site.version, on=ON)
    with pytest.raises(Invalid, match="写明例外的理由"):
        states.approve_site(
            site=site, by=ben, expected_version=site.version, reasons={"junction": "  "}, on=ON
        )
    assert not Override.objects.exists()
    done = states.approve_site(
        site=site, by=ben, expected_version=site.version, reasons={"junction": "单行道,视线良好"}, on=ON
    )
    override = done.overrides.get()
    assert (override.rule_code, override.reason, override.asked_by, override.approved_by) == (
        "junction", "单行道,视线良好", ann, ben,
    )  # fmt: skip
    assert override.found == pytest.approx(17.6)
    opened_site = states.open_site(site=plan.equip_site(site=done, sign_board=True, bins=1), by=ben, on=ON)
    assert opened_site.state == "open"


def test_what_was_seen_is_what_is_approved(road: Road, ann: Any, ben: Any) -> None:
    site = proposed(road, ann)
    plan.edit_site(site=site, expected_version=site.version, draft=draft(road, 320.0), by=ann, on=ON)
    with pytest.raises(plan.SiteChanged):
        states.approve_site(site=site, by=ben, expected_version=site.version, on=ON)


def test_a_returned_proposal_says_why_and_is_mended_and_proposed_again(
    road: Road, ann: Any, ben: Any
) -> None:
    site = proposed(road, ann)
    with pytest.raises(Invalid, match="理由"):
        states.reject(site=site, by=ben, reason=" ", expected_version=site.version)
    done = states.reject(site=site, by=ben, reason="离菜场太近", expected_version=site.version)
    assert (done.state, done.returned_for, done.proposed_by) == ("returned", "离菜场太近", ann)
    assert (
        event_model(Site)
        .objects.filter(pgh_context__metadata__reason="离菜场太近", pgh_obj_id=site.pk)
        .exists()
    )
    with pytest.raises(Conflict, match="现为“已退回”"):
        states.approve_site(site=done, by=ben, expected_version=done.version, on=ON)
    again = plan.edit_site(site=done, expected_version=done.version, draft=draft(road), by=ann, on=ON)
    assert (again.state, again.returned_for, again.proposed_by) == ("proposed", "", ann)
    assert (
        states.approve_site(site=again, by=ben, expected_version=again.version, on=ON).approved_at is not None
    )


# ── Open, suspend, close ──────────────────────────────────────────────────────────────────────────────────


def test_opening_needs_board_and_bins(road: Road, ann: Any, ben: Any) -> None:
    site = approved(road, ann, ben)
    with pytest.raises(Invalid, match="还缺标示牌和垃圾容器"):
        states.open_site(site=site, by=ann, on=ON)
    site = plan.equip_site(site=site, sign_board=True, bins=0)
    with pytest.raises(Invalid, match="还缺垃圾容器"):
        states.open_site(site=site, by=ann, on=ON)
    site = plan.equip_site(site=site, sign_board=True, bins=1)
    assert states.open_site(site=site, by=ann, on=ON).state == "open"
    with pytest.raises(Invalid, match="请先暂停"):
        plan.equip_site(site=site, sign_board=False, bins=1)


def test_a_site_that_breaks_a_rule_by_now_is_not_opened(road: Road, ann: Any, ben: Any) -> None:
    site = plan.equip_site(site=approved(road, ann, ben), sign_board=True, bins=1)
    spot("hydrant", 300, -12)
    with pytest.raises(Invalid, match="现在违反禁止性规则:距消防栓"):
        states.open_site(site=site, by=ann, on=ON)


def test_suspend_resume_close(road: Road, ann: Any, ben: Any) -> None:
    site = opened(road, ann, ben)
    held = AllocationFactory(pitch=site.pitches.first())
    site = states.suspend_site(site=site, by=ann, reason="道路施工")
    assert (site.state, site.pitches.count()) == ("suspended", 6)
    site = states.resume(site=site, by=ann, on=ON)
    with pytest.raises(Conflict, match="还有 1 份摊位分配"):
        states.close_site(site=site, by=ann, reason="撤销", on=ON)
    held.delete()
    assert states.close_site(site=site, by=ann, reason="撤销", on=ON).state == "closed"


def brought_to(state: str, site: Site, ann: Any, ben: Any) -> Site:
    if state == "returned":
        return states.reject(site=site, by=ben, reason="x", expected_version=site.version)
    if state != "proposed":
        site = states.approve_site(site=site, by=ben, expected_version=site.version, on=ON)
    if state in {"open", "suspended"}:
        site = states.open_site(site=plan.equip_site(site=site, sign_board=True, bins=1), by=ben, on=ON)
    if state == "suspended":
        return states.suspend_site(site=site, by=ann, reason="x")
    return states.close_site(site=site, by=ann, reason="x", on=ON) if state == "closed" else site


@pytest.mark.parametrize("state", SiteState.values)
def test_steps_lead_only_where_the_table_says(road: Road, ann: Any, ben: Any, state: str) -> None:
    site = brought_to(state, proposed(road, ann), ann, ben)
    tries: dict[str, Any] = {
        "approve": lambda: states.approve_site(site=site, by=ben, expected_version=site.version, on=ON),
        "reject": lambda: states.reject(site=site, by=ben, reason="x", expected_version=site.version),
        "open": lambda: states.open_site(site=site, by=ben, on=ON),
        "suspend": lambda: states.suspend_site(site=site, by=ben, reason="x"),
        "resume": lambda: states.resume(site=site, by=ben, on=ON),
        "close": lambda: states.close_site(site=site, by=ben, reason="x", on=ON),
    }
    refused = set(tries) - set(states.steps_from(state))
    for verb in refused:
        with pytest.raises(Conflict, match="请刷新后核对"):
            tries[verb]()
    assert refused | set(states.steps_from(state)) == set(states.TRANSITIONS)


# ── Editing ───────────────────────────────────────────────────────────────────────────────────────────────


def test_the_second_planner_gets_both_versions_and_nothing_is_lost(road: Road, ann: Any, ben: Any) -> None:
    site = proposed(road, ann)
    first = plan.edit_site(
        site=site, expected_version=site.version, draft=draft(road, 400.0, name="东口"), by=ann, on=ON
    )
    with pytest.raises(plan.SiteChanged) as caught:
        plan.edit_site(
            site=site, expected_version=site.version, draft=draft(road, name="西口", pitches=5), by=ben
        )
    assert ("名称", "西口", "东口") in caught.value.fields
    assert ("里程(米)", "294–306 m", "393–407 m") in caught.value.fields
    assert ("可容纳商贩", "5", "6") in caught.value.fields
    kept = Site.objects.get(pk=site.pk)
    assert (kept.name, kept.version) == ("东口", first.version)
    # The same again on purpose, over the version that is there now.
    again = plan.edit_site(
        site=site, expected_version=kept.version, draft=draft(road, name="西口", pitches=5), by=ben, on=ON
    )
    assert (again.name, again.capacity, again.pitches.count()) == ("西口", 5, 5)


def test_a_new_plan_of_an_approved_site_waits_for_a_second_person_again(
    road: Road, ann: Any, ben: Any
) -> None:
    site = approved(road, ann, ben)
    same = plan.edit_site(
        site=site, expected_version=site.version, draft=draft(road, name="新名"), by=ben, on=ON
    )
    assert (same.state, same.name) == ("approved", "新名")
    moved = plan.edit_site(site=same, expected_version=same.version, draft=draft(road, 340.0), by=ben, on=ON)
    assert (moved.state, moved.proposed_by, moved.approved_by) == ("proposed", ben, None)


def test_moving_by_less_than_a_pitch_keeps_allocations(road: Road, ann: Any, ben: Any) -> None:
    site = opened(road, ann, ben)
    held = AllocationFactory(pitch=site.pitches.get(number="03"))
    moved = plan.edit_site(site=site, expected_version=site.version, draft=draft(road, 301.0), by=ann, on=ON)
    pitch = moved.pitches.get(number="03")
    assert pitch.pk == held.pitch_id
    # 292.6 + 1 + 0.4 + 2 · 2.4 = 298.8 is where the third pitch begins now.
    assert as_shapely(pitch.area).bounds[0] == pytest.approx(as_shapely(moved.area).bounds[0] + 5.2)


def test_a_stored_site_is_read_back_as_the_same_draft(road: Road, ann: Any) -> None:
    site = proposed(road, ann)
    again = drafting.draft_of(Site.objects.get(pk=site.pk))
    assert (again.layout, again.offset, again.pitches) == (draft(road).layout, 0.8, 6)
    assert (again.position.side, again.position.metre) == ("right", 300.0)
