"""The planner's page in a browser: dragged across a rule's edge red turns green; a second person approves; two edit one site."""

import re
import sys
from collections.abc import Callable
from typing import Any

import pytest

from gridmgr.core.geo.crs import WGS84, metric_srid, transformer
from grids.models import Road
from tests.drawing import at
from tests.factories import BranchFactory, UserFactory
from tests.journeys.conftest import PASSWORD, PHONE, Visitor
from tests.vendors.planning import street
from tests.vendors.siting import spot
from vendors.domain.profile import install_demo_profile
from vendors.models import Site

pytestmark = pytest.mark.django_db(transaction=True)

IDLE = "() => window.gridmgrPlan && gridmgrPlan.answer && gridmgrPlan.idle()"
FOLLOWS_MS = 150


@pytest.fixture
def road() -> Road:
    """A junction at 340 m: the footprint of 14.8 m keeps 20 m from it up to metre 340 - 20 - 7.4 = 312.6."""
    install_demo_profile()
    BranchFactory()
    spot("junction", 340, -9.2)
    return street()


@pytest.fixture
def people(road: Road) -> tuple[str, str]:
    return tuple(
        UserFactory(username=name, password=PASSWORD, role="planner").username for name in ("ann", "ben")
    )


def degrees(x: float, y: float) -> tuple[float, float]:
    return transformer(metric_srid(), WGS84).transform(*at(x, y))


def planning(visitor: Visitor, who: str, query: str = "") -> Any:
    page = visitor.log_in(who)
    page = visitor.open(f"/plan/{query}")
    page.wait_for_selector("#plan[data-ready]")
    return page


def placed(page: Any, metre: float) -> None:
    page.fill("#plan-road", "平直街")
    page.fill("#plan-metre", str(metre))
    page.press("#plan-metre", "Enter")
    page.wait_for_function(IDLE)
    # Where the footprint is, as closely as can be seen; the map stands still.
    lon, lat = degrees(metre, -9)
    page.evaluate(f"gridmgr.current.setView([{lat}, {lon}], 19, {{animate: false}})")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)  # the tiles are painted


def pixels_per_metre(page: Any) -> float:
    (west, south), (east, _north) = degrees(300, -9), degrees(310, -9)
    x_of = "gridmgr.current.latLngToContainerPoint([{}, {}]).x".format
    return float(page.evaluate(f"{x_of(south, east)} - {x_of(south, west)}")) / 10


def report(page: Any, words: str) -> list[float]:
    """The milliseconds from each move to its verdict on the screen, sorted; said with `pytest -s`."""
    timings = sorted(page.evaluate("gridmgrPlan.timings.map((each) => each.total)"))
    middle, last = timings[len(timings) // 2], timings[-1]
    sys.stdout.write(f"\n{words}: {len(timings)} verdicts, median {middle:.0f} ms, slowest {last:.0f} ms\n")
    return timings


def test_dragged_across_the_edge_of_a_rule_red_turns_green(
    visit: Callable[..., Visitor], people: tuple[str, str]
) -> None:
    page = planning(visit(), people[0])
    placed(page, 318)
    verdict = page.locator("#plan-verdict")
    assert verdict.get_attribute("data-state") == "bad"
    # 340 - 318 - 7.4 = 14.6 m; 20 m are required.
    assert "14.6 m < 20" in page.inner_text("[data-code=junction] .plan-figures")
    assert page.locator("path.plan-gap.state-bad").count() == 1
    assert "路口 14.6 m" in page.inner_text(".plan-metres")

    box = page.locator(".plan-shape").bounding_box()
    scale, x, y = pixels_per_metre(page), box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.evaluate("gridmgrPlan.timings.length = 0")
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 41):  # ten metres to the west, a quarter of a metre at a time
        page.mouse.move(x - step * scale / 4, y)
        page.wait_for_timeout(60)
    page.mouse.up()
    page.wait_for_function(IDLE)
    page.wait_for_function("() => document.querySelector('#plan-verdict').dataset.state === 'good'")
    assert "≥ 20" in page.inner_text("[data-code=junction] .plan-figures")
    assert page.locator("path.plan-gap").count() == 0
    assert page.evaluate("gridmgrPlan.at.metre") == pytest.approx(308, abs=0.7)
    assert (
        len(report(page, "dragged")) >= 35
    )  # each move has its verdict, though one answer may serve several
    assert (
        page.evaluate("new Set(gridmgrPlan.timings.map((each) => each.answered)).size") >= 3
    )  # while it was dragged

    page.keyboard.press("Control+z")
    page.wait_for_function("() => document.querySelector('#plan-verdict').dataset.state === 'bad'")
    assert page.evaluate("gridmgrPlan.at.metre") == pytest.approx(318, abs=0.01)
    page.click("[data-do=nearest]")
    page.wait_for_function("() => document.querySelector('#plan-verdict').dataset.state === 'good'")
    assert page.evaluate("gridmgrPlan.at.metre") == pytest.approx(312.6, abs=0.1)


def apart(boxes: list[dict[str, float]]) -> bool:
    """Whether no two of the boxes overlap."""
    return not any(
        a["x"] < b["x"] + b["width"]
        and b["x"] < a["x"] + a["width"]
        and a["y"] < b["y"] + b["height"]
        and b["y"] < a["y"] + a["height"]
        for number, a in enumerate(boxes)
        for b in boxes[:number]
    )


def test_metres_of_culprits_hide_neither_each_other_nor_the_footprint(
    visit: Callable[..., Visitor], people: tuple[str, str]
) -> None:
    """A hydrant 3 m before the junction: both lines run along the kerb, and their middles are 2 m from each other."""
    spot("hydrant", 337, -9.2)
    page = planning(visit(), people[0])
    placed(page, 318)
    for zoom in (19, 17):
        page.evaluate(f"gridmgr.current.setZoom({zoom}, {{animate: false}})")
        labels = page.locator(".plan-metres").all()
        assert sorted(label.inner_text()[:4] for label in labels) == ["✗ 消防", "✗ 路口"]
        assert apart([each.bounding_box() for each in [*labels, page.locator(".plan-shape")]]), zoom


def test_map_shows_what_the_rules_of_the_kind_measure_to(
    visit: Callable[..., Visitor], people: tuple[str, str]
) -> None:
    """Footways matter to stall sites only; junctions to markets too; nothing is fetched of the whole city."""
    visitor = visit()
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.append(request.url))
    lon, lat = degrees(300, -9)
    page = planning(visitor, people[0], f"?loc={lat},{lon},15")
    assert not [url for url in asked if "junctions" in url]
    placed(page, 300)
    (tiles,) = {url.split("/tiles/")[1].split("/")[0] for url in asked if "junctions" in url}
    assert {"footways", "junctions", "hydrants"} <= set(tiles.split(","))
    asked.clear()
    page.select_option("#plan-kind", "market")
    page.evaluate("gridmgr.current.panBy([700, 0], {animate: false})")
    page.wait_for_load_state("networkidle")
    last = next(url for url in reversed(asked) if "junctions" in url)
    assert "footways" not in last


def test_kerbs_in_colours_with_what_each_rule_takes_here_and_in_the_city(
    visit: Callable[..., Visitor], people: tuple[str, str]
) -> None:
    lon, lat = degrees(400, 0)
    page = planning(visit(), people[0], f"?loc={lat},{lon},18")
    page.click("[data-do=kerbs]")
    page.wait_for_selector("#plan-lost button")
    lost = page.locator("#plan-lost tr", has_text="路口").locator("td")
    here = lost.nth(1).inner_text()
    assert re.fullmatch(r"[\d.]+ m", here)
    assert page.evaluate("document.querySelector('.leaflet-plan-kerbs-pane canvas').width") > 0
    page.click("#plan-lost button")
    page.wait_for_selector("#plan-lost th:nth-child(3)")
    assert lost.nth(1).inner_text() == here
    assert page.locator("#plan-lost button").count() == 0
    page.click("[data-do=kerbs]")
    assert page.locator("#plan-lost").is_hidden()


def test_verdict_follows_each_move(visit: Callable[..., Visitor], people: tuple[str, str]) -> None:
    """By keyboard, one move at a time: each is answered on the screen before the next is made."""
    page = planning(visit(), people[0])
    placed(page, 250)
    page.focus(".plan-shape")
    page.keyboard.press("ArrowRight")  # the first one wakes everything up
    page.wait_for_timeout(500)
    page.evaluate("gridmgrPlan.timings.length = 0")
    for _n in range(20):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(120)
        page.wait_for_function(IDLE)
    page.keyboard.press("Shift+ArrowLeft")
    page.wait_for_timeout(300)
    page.wait_for_function(IDLE)
    assert page.evaluate("gridmgrPlan.at.metre") == pytest.approx(250 + 1 + 20 - 10, abs=0.02)
    timings = report(page, "by keyboard")
    assert timings[len(timings) // 2] < FOLLOWS_MS


def test_proposed_by_one_approved_by_another(visit: Callable[..., Visitor], people: tuple[str, str]) -> None:
    page = planning(visit(), people[0])
    placed(page, 300)
    page.click("[data-do=save]")
    page.wait_for_url(re.compile("/sites/TD-01/"))
    page = visit().log_in(people[0])
    page.goto(page.url.split("/my")[0].split("/map")[0].rstrip("/") + "/plan/proposals/TD-01/")
    assert page.locator("button[value=approve]").count() == 0
    other = visit()
    page = other.log_in(people[1])
    page = other.open("/plan/proposals/")
    page.click("text=平直街右侧 300 m 便民摊点")
    page.click("button[value=approve]")
    page.wait_for_url(re.compile("/sites/TD-01/"))
    assert Site.objects.get().state == "approved"
    page.check("input[name=sign_board]")
    page.fill("input[name=bins]", "2")
    page.click("text=登记 >> nth=-1")
    page.wait_for_load_state("networkidle")
    page.click(".site-steps button:text-is('开放')")
    page.wait_for_load_state("networkidle")
    assert Site.objects.get().state == "open"


def test_two_planners_edit_one_site(visit: Callable[..., Visitor], people: tuple[str, str]) -> None:
    page = planning(visit(), people[0])
    placed(page, 300)
    page.click("[data-do=save]")
    page.wait_for_url(re.compile("/sites/TD-01/"))
    first, second = visit(), visit()
    one, two = (planning(v, who, "?site=TD-01") for v, who in zip((first, second), people, strict=True))
    for page, metre in ((one, 200), (two, 100)):
        page.wait_for_function(IDLE)
        page.fill("#plan-metre", str(metre))
        page.press("#plan-metre", "Enter")
        page.wait_for_function(IDLE)
    one.click("[data-do=save]")
    one.wait_for_url(re.compile("/sites/TD-01/"))
    two.click("[data-do=save]")
    two.wait_for_selector("#plan-conflict table")
    told = two.inner_text("#plan-conflict")
    assert "刚被别人改过" in told
    assert "93–107 m" in told  # hers
    assert "193–207 m" in told  # what is stored
    assert two.evaluate("gridmgrPlan.at.metre") == 100  # nothing lost
    second.faults = [fault for fault in second.faults if "409" not in fault]  # the conflict it is about
    two.click("text=仍按我的保存")
    two.wait_for_url(re.compile("/sites/TD-01/"))
    assert Site.objects.get().middle_m == pytest.approx(100, abs=0.01)


def test_on_a_phone_the_map_moves_under_a_crosshair(
    visit: Callable[..., Visitor], people: tuple[str, str]
) -> None:
    page = planning(visit(PHONE, has_touch=True, is_mobile=True), people[0])
    assert page.is_visible("#plan-cross")
    lon, lat = degrees(500, -15)
    page.evaluate(f"gridmgr.current.setView([{lat}, {lon}], 18, {{animate: false}})")
    page.click("[data-do=here]")
    page.wait_for_function(IDLE)
    assert page.evaluate("gridmgrPlan.at.metre") == pytest.approx(500, abs=0.5)
    assert "可以设置" in page.inner_text("#plan-verdict")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
