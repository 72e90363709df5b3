"""A city is never green by default: a new one starts with rules that wait to be confirmed, and without rules nothing is good."""

from datetime import date
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db.migrations.loader import MigrationLoader

from gridmgr.core.accounts.audience import Audience
from gridmgr.core.errors import Conflict
from gridmgr.demo.reset import take_away
from grids.models import Kerb, Road
from tests.drawing import line
from tests.factories import RoadFactory, SiteFactory, UserFactory
from vendors.apps import begin_with_rules
from vendors.domain.batch import check_places
from vendors.domain.kerbside import Wanted, where_may_stand
from vendors.domain.kerbside.nearest import nearest_legal
from vendors.domain.place import Place
from vendors.domain.profile import DEFAULTS, confirm, install_default_profile, install_demo_profile
from vendors.enums import CheckResult
from vendors.layers import VERDICTS
from vendors.models import PlacementRule, RuleProfile, Site, SiteCheck

ON = date(2026, 11, 22)
OFFICE = Audience(role="office")
pytestmark = pytest.mark.django_db


def migrated(*names: str) -> None:
    """As post_migrate tells it after these migrations of the app have been applied."""
    known = MigrationLoader(None).disk_migrations
    plan = [(known["vendors", name], False) for name in names]
    begin_with_rules(plan=plan, using="default", sender=apps.get_app_config("vendors"))


def test_a_new_city_starts_with_the_defaults_each_waiting_to_be_confirmed() -> None:
    migrated("0001_squashed_0020_sites_and_pitches")
    profile = RuleProfile.objects.get(in_use=True)
    assert not profile.is_demo
    assert {rule.code for rule in profile.rules.all()} == {default.code for default in DEFAULTS}
    assert all(rule.awaits_confirmation for rule in profile.rules.all())


def test_an_older_city_is_offered_the_defaults_and_not_given_them(client_as: Any) -> None:
    migrated("0017_fill_shapers_and_defaults")
    begin_with_rules(using="default")  # a database that was emptied
    assert not RuleProfile.objects.exists()
    assert "采用默认规则" in client_as("administrator").get("/plan/rules/").content.decode()
    assert client_as("planner").post("/plan/rules/", {"do": "adopt"}).status_code == 403
    client_as("administrator").post("/plan/rules/", {"do": "adopt"})
    assert RuleProfile.objects.get(in_use=True).rules.count() == len(DEFAULTS)
    with pytest.raises(CommandError, match="已有使用中的规则集"):
        call_command("default_rules")


def test_the_citys_own_rules_outlive_the_demo() -> None:
    own = install_default_profile()
    assert install_demo_profile() == own
    take_away()
    assert RuleProfile.objects.get() == own
    RuleProfile.objects.all().delete()
    assert install_demo_profile().is_demo
    take_away()
    assert not RuleProfile.objects.exists()


def test_rules_are_confirmed_one_by_one_or_all_and_the_planners_page_says_how_many_wait(
    client_as: Any,
) -> None:
    RoadFactory()
    first = install_default_profile().rules.order_by("pk")[0]
    administrator, planner = client_as("administrator"), client_as("planner")
    assert f"{len(DEFAULTS)} 条规则是默认值,待本市确认" in planner.get("/plan/").content.decode()
    administrator.post("/plan/rules/", {"do": "confirm", "rule": first.pk})
    first.refresh_from_db()
    assert (first.confirmed_by, first.awaits_confirmation) == (administrator.user, False)
    page = planner.get("/plan/rules/").content.decode()
    assert page.count("tag warn") == len(DEFAULTS) - 1
    administrator.post("/plan/rules/", {"do": "confirm"})
    assert "待本市确认" not in planner.get("/plan/").content.decode()


def test_confirming_again_changes_nothing() -> None:
    rules = install_default_profile().rules
    ann, ben = UserFactory(), UserFactory()
    assert (confirm(rules.all(), by=ann), confirm(rules.all(), by=ben)) == (len(DEFAULTS), 0)
    assert not rules.exclude(confirmed_by=ann).exists()


def test_who_edits_a_rule_in_the_admin_stands_for_it(client_as: Any) -> None:
    rule = install_default_profile().rules.get(code="junction")
    client = client_as("administrator")
    address = f"/admin/vendors/placementrule/{rule.pk}/change/"
    form = client.get(address).context["adminform"].form
    given = {name: form[name].value() or "" for name in form.fields}
    given |= {"amount": "25", "valid_0": "2020-01-01", "valid_1": ""}
    answer = client.post(address, given)
    assert answer.status_code == 302, answer.context["errors"]
    rule.refresh_from_db()
    assert (rule.amount, rule.confirmed_by, rule.awaits_confirmation) == (25.0, client.user, False)


# ── Without rules ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def road() -> Road:
    """A street 15 m wide due east with its right-hand kerb."""
    road = RoadFactory()
    Kerb.objects.create(road=road, side="right", line=line((0, -7.5), (1000, -7.5)), measures=[0, 1000])
    return road


def test_without_rules_no_place_is_good_and_the_check_ends_with_2(road: Road, capsys: Any) -> None:
    site = SiteFactory(road=road, pitches=1)
    assert [each.result for each in check_places(on=ON)] == [CheckResult.UNRULED]
    with pytest.raises(SystemExit) as ended:
        call_command("check_places")
    assert ended.value.code == 2
    told = capsys.readouterr().out
    assert "未设置规则,无法判断" in told
    assert "符合规则 0" in told
    (row,) = VERDICTS.annotated(OFFICE, ON)
    assert (row.pk, row.p_result) == (site.pk, "unruled")


def test_a_result_that_was_good_is_none_any_more_when_the_rules_are_gone(road: Road) -> None:
    SiteCheck.objects.create(site=SiteFactory(road=road), result=CheckResult.GOOD, rules_of=ON)
    install_default_profile()

    def told() -> str:
        return str(VERDICTS.annotated(OFFICE, ON).values_list("p_result", flat=True).get())

    assert told() == "good"
    RuleProfile.objects.update(in_use=False)
    assert told() == "unruled"


def test_rules_for_one_kind_say_nothing_of_the_other(road: Road) -> None:
    SiteFactory(code="A", road=road, at_m=200, pitches=1)
    SiteFactory(code="B", road=road, at_m=400, market=True)
    install_default_profile()
    PlacementRule.objects.exclude(applies_to__in=["market"]).delete()
    assert [each.result == CheckResult.UNRULED for each in check_places(on=ON)] == [True, False]
    with pytest.raises(SystemExit) as ended:
        call_command("check_places")
    assert ended.value.code == 2


def test_without_rules_kerbs_are_grey_and_nothing_is_the_nearest_legal_place(road: Road) -> None:
    states = {stretch.state for stretch in where_may_stand(Wanted(), on=ON, roads=[road.pk]).stretches}
    assert "unruled" in states
    assert states <= {"unruled", "barred"}
    with pytest.raises(Conflict, match="没有对便民摊点有效的设置规则"):
        nearest_legal(Place.of(SiteFactory(road=road)), on=ON)


def test_without_rules_the_planners_pages_say_that_nothing_can_be_judged(road: Road, client_as: Any) -> None:
    site = SiteFactory(road=road, state="proposed", pitches=1)
    client = client_as("planner")
    place = {"road": road.pk, "side": "right", "metre": 300}
    answer = client.post(
        "/plan/verdict", {"at": place, "kind": "stall", "pitches": 2}, content_type="application/json"
    )
    assert answer.json()["state"] == "unruled", answer.content
    for address in ("/plan/", "/plan/proposals/", f"/plan/proposals/{site.code}/"):
        page = client.get(address).content.decode()
        assert "未设置规则,无法判断" in page, address
        assert "✓ 符合" not in page
    assert Site.objects.get().state == "proposed"
