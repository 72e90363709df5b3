"""On the street with a bad signal or a lapsed session: what is shown stays, a tap arrives once, and the way back is named."""

from collections.abc import Callable
from typing import Any

import pytest

from gridmgr.core.accounts.models import Session
from tests.conftest import Town
from tests.journeys.conftest import PASSWORD, PHONE, Visitor
from tests.journeys.test_guide import officer, position  # noqa: F401  # a fixture
from vendors.models import Guidance, PitchHold

pytestmark = pytest.mark.django_db(transaction=True)


def street(x: float, y: float, **more: Any) -> dict[str, Any]:
    return {
        "is_mobile": True,
        "has_touch": True,
        "geolocation": position(x, y) | more,
        "permissions": ["geolocation"],
    }


def log_in_again(page: Any, user: str) -> None:
    page.fill("input[name=username]", user)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_load_state("networkidle")


@pytest.fixture
def guide(visit: Callable[..., Visitor], officer: str) -> Visitor:  # noqa: F811
    visitor = visit(PHONE, **street(500, 0))
    visitor.log_in(officer)
    visitor.open("/guide/").wait_for_selector(".near li")
    return visitor


def test_a_hold_after_the_session_lapsed_is_one_tap_after_the_login(guide: Visitor, town: Town) -> None:
    page, shown = guide.page, guide.page.url
    Session.objects.all().delete()
    page.locator(".near button[name=site]").tap()
    page.wait_for_selector("input[name=password]")
    assert "填写的内容都在" in page.inner_text("main")
    log_in_again(page, "officer")
    assert page.url == shown
    assert Guidance.objects.count() == 0
    page.get_by_role("button", name="现在提交").tap()
    page.wait_for_url("**/guide/SD*/")
    assert Guidance.objects.get().site == town.own.site
    assert PitchHold.objects.count() == 1
    guide.faults = [each for each in guide.faults if "401" not in each]


def test_a_hold_without_a_signal_waits_and_arrives_once(guide: Visitor, town: Town) -> None:
    page = guide.page
    page.context.set_offline(True)
    page.locator(".near button[name=site]").tap()
    page.wait_for_selector("#guide-waiting:visible")
    assert "有信号时自动发送一次" in page.inner_text("#guide-waiting")
    page.locator(".near button[name=site]").tap()  # a second tap is the same
    assert Guidance.objects.count() == 0
    assert page.locator(".near li").count() == 1
    page.context.set_offline(False)
    page.wait_for_url("**/guide/SD*/", timeout=20_000)
    assert Guidance.objects.count() == 1
    guide.faults = [each for each in guide.faults if "ERR_INTERNET_DISCONNECTED" not in each]


def test_a_waiting_hold_outlives_a_reload_and_can_be_cancelled(guide: Visitor, town: Town) -> None:
    page = guide.page
    page.context.route("**/guide/hold/", lambda route: route.abort())
    page.locator(".near button[name=site]").tap()
    page.wait_for_selector("#guide-waiting:visible")
    page.reload()
    page.wait_for_selector("#guide-waiting:visible")
    page.get_by_role("button", name="取消").tap()
    page.wait_for_selector("#guide-waiting", state="hidden")
    assert "什么都没有发送" in page.inner_text("#guide-says")
    page.context.unroute("**/guide/hold/")
    page.wait_for_timeout(6000)
    assert Guidance.objects.count() == 0
    guide.faults = [each for each in guide.faults if "ERR_FAILED" not in each]


def test_an_answer_that_got_lost_makes_no_second_hold(guide: Visitor, town: Town) -> None:
    """The server holds the pitch, the answer never arrives; the tap is sent again and leads to the same slip."""
    page = guide.page
    lost: list[Any] = []

    def lose_first(route: Any) -> None:
        if lost:
            route.continue_()
            return
        lost.append(route.fetch())
        route.abort()

    page.context.route("**/guide/hold/", lose_first)
    page.locator(".near button[name=site]").tap()
    page.wait_for_url("**/guide/SD*/", timeout=20_000)
    assert (len(lost), Guidance.objects.count(), PitchHold.objects.count()) == (1, 1, 1)
    guide.faults = [each for each in guide.faults if "ERR_FAILED" not in each]


def test_locating_again_without_a_signal_keeps_the_list(guide: Visitor, town: Town) -> None:
    page = guide.page
    page.context.set_offline(True)
    page.get_by_role("button", name="从我这里").tap()
    page.wait_for_selector(".stale")
    assert "的结果,可能已有变化" in page.inner_text(".stale")
    assert page.inner_text(".near h2") == "摊点01"
    assert "没有网络" in page.inner_text("#guide-says")
    page.context.set_offline(False)
    guide.faults = [each for each in guide.faults if "ERR_INTERNET_DISCONNECTED" not in each]


def test_a_question_after_the_session_lapsed_leads_to_the_login_and_back(guide: Visitor, town: Town) -> None:
    page, shown = guide.page, guide.page.url
    Session.objects.all().delete()
    page.get_by_role("button", name="从我这里").tap()
    page.wait_for_selector(".lapsed a")
    assert "请重新登录" in page.inner_text("#guide-says")
    assert page.locator(".near li").count() == 1
    page.locator(".lapsed a").tap()
    log_in_again(page, "officer")
    assert page.url == shown
    page.wait_for_selector(".near li")
    guide.faults = [each for each in guide.faults if "401" not in each]


def test_a_coarse_fix_is_a_circle_and_asks_for_the_pin(
    visit: Callable[..., Visitor],
    town: Town,
    officer: str,  # noqa: F811
) -> None:
    visitor = visit(PHONE, **street(500, 0, accuracy=800))
    visitor.log_in(officer)
    page = visitor.open("/guide/")
    page.wait_for_selector(".guide-says.bad")
    assert "±800 m" in page.inner_text("#guide-says")
    circles = "() => Object.values(gridmgr.current._layers).filter(l => l instanceof L.Circle && l.getRadius() === 800).length"
    assert page.evaluate(circles) == 1
    assert page.locator(".near li").count() == 0
    assert page.locator("#guide-where .where-cross").is_visible()
    page.get_by_role("button", name="就在这里").tap()  # from so far off it only goes nearer
    page.wait_for_function("() => gridmgr.current.getZoom() >= 17")
    page.get_by_role("button", name="就在这里").tap()
    page.wait_for_selector(".near li")
    assert page.evaluate(circles) == 0


def test_my_roads_say_so_when_the_session_is_over_and_keep_what_was_found(
    visit: Callable[..., Visitor], town: Town, secretary: str
) -> None:
    visitor = visit(PHONE, **street(600, -8))
    visitor.log_in(secretary)
    page = visitor.open("/my/")
    page.click("[data-do=locate]")
    page.wait_for_selector(".where-says a[href^='tel:']")
    page.context.set_offline(True)
    page.click("[data-do=locate]")
    page.wait_for_selector(".where-says .trouble-words")
    kept = page.inner_text(".where-says")
    assert "没有网络" in kept
    assert "的结果" in kept
    assert "李01" in kept
    page.context.set_offline(False)
    Session.objects.all().delete()
    page.click("[data-do=locate]")
    page.wait_for_selector(".where-says a[href^='/login/']")
    assert "请重新登录" in page.inner_text(".where-says")
    assert "网络" not in page.inner_text(".where-says")
    page.click(".where-says a[href^='/login/']")
    log_in_again(page, secretary)
    assert page.url.endswith("/my/")
    visitor.faults = [each for each in visitor.faults if "401" not in each and "DISCONNECTED" not in each]


def test_a_tap_of_an_hour_ago_or_of_another_account_is_not_sent(guide: Visitor, town: Town) -> None:
    page = guide.page
    for change in ("held.at -= 3600 * 1000", "held.account = '0'"):
        page.context.route("**/guide/hold/", lambda route: route.abort())
        page.locator(".near button[name=site]").tap()
        page.wait_for_selector("#guide-waiting:visible")
        page.evaluate(
            "(change) => { const held = JSON.parse(sessionStorage.getItem('gridmgr-hold')); "
            + change
            + "; sessionStorage.setItem('gridmgr-hold', JSON.stringify(held)); }",
            change,
        )
        page.context.unroute("**/guide/hold/")
        page.reload()
        page.wait_for_selector(".guide-says.bad")
        assert "没有发送" in page.inner_text("#guide-says")
        assert page.locator("#guide-waiting").is_hidden()
    assert Guidance.objects.count() == 0
    guide.faults = [each for each in guide.faults if "ERR_FAILED" not in each]
