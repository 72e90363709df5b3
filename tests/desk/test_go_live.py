"""The go-live checklist: what a city lacks, counted from its rows, until nothing lacks."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.utils import timezone

from gridmgr.core.quantities import length
from gridmgr.desk.go_live import steps
from grids.models import Assignment, Branch, Kerb, Member, MemberAssignment
from tests.conftest import Town
from tests.factories import MemberFactory, RoadFactory, UserFactory
from vendors.domain.profile import confirm, install_default_profile
from vendors.models import PlacementRule

pytestmark = pytest.mark.django_db


def lacking() -> dict[str, str]:
    return {step.title: step.lacks for step in steps(timezone.localdate()) if step.lacks}


def test_an_empty_city_lacks_everything_and_says_where_to_begin(client_as: Any) -> None:
    page = client_as("administrator").get("/go-live/").content.decode()
    assert lacking()["道路"] == "还没有道路"
    assert {"城市名称", "路缘", "支部", "责任路段", "责任到人", "党员", "账号", "学校"} <= set(
        lacking()
    )  # nothing is done by being empty
    assert re.search(r"还差 \d+ 项,这座城市就可以上线", page.replace(",", ","))
    assert "/admin/grids/branch/" in page


def test_each_count_follows_the_rows(town: Town) -> None:
    assert "党员" not in lacking()
    MemberFactory(branch=town.own.branch, user=None)
    assert lacking()["账号"] == f"{Member.objects.serving().filter(user=None).count()} 名党员没有账号"
    road = RoadFactory(name="无人大街", road_class="arterial")
    assert lacking()["责任路段"] == f"{length(road.length_m)} 主次干路没有支部负责"
    share = MemberAssignment.objects.filter(assignment=town.own.section)
    today = timezone.localdate()
    assert "责任到人" not in lacking() or share.exists()
    share.delete()
    nobodys = sum(not section.shares.on_day(today).exists() for section in Assignment.objects.on_day(today))
    assert lacking()["责任到人"] == f"{nobodys} 个责任路段没有落实到党员"


def test_what_was_done_is_gone_from_the_list(town: Town, client_as: Any) -> None:
    call_command("name_city", "贵溪市")
    install_default_profile()
    assert "条是默认值" in lacking()["设置规则"]
    confirm(PlacementRule.objects.filter(profile__in_use=True), by=UserFactory(role="administrator"))
    assert {"城市名称", "设置规则"}.isdisjoint(lacking())


def test_administrators_are_led_there_until_it_is_done(town: Town, client_as: Any) -> None:
    cache.clear()
    assert "/go-live/" in client_as("administrator").get("/map/").content.decode()
    assert "/go-live/" not in client_as("planner").get("/map/").content.decode()
    Branch.objects.filter(pk=town.own.branch.pk).update(is_demo=True)
    cache.clear()
    assert "/go-live/" not in client_as("administrator").get("/map/").content.decode()


def test_it_takes_the_same_queries_for_any_city(town: Town, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(22):
        steps(timezone.localdate() + timedelta(days=1))
    assert Kerb.objects.exists() or lacking()["路缘"]
