"""The briefing page: who may make which, what the preview says, what is asked of the worker; and the ways to it."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from django.utils import timezone
from openpyxl import load_workbook

from gridmgr.briefing import views
from gridmgr.briefing.jobs import make
from gridmgr.core.errors import NotThere
from gridmgr.core.jobs.models import Job
from gridmgr.core.jobs.work import Work
from grids.models import Branch
from tests.conftest import Town
from tests.drawing import stretch
from tests.factories import BayFactory

pytestmark = pytest.mark.django_db


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_preview_shows_the_figures_with_their_lists_and_the_branches(client_as: Any, town: Town) -> None:
    client = client_as("office")
    page = text(client.get("/briefing/"))
    for branch in (town.own.branch, town.other.branch):
        assert f"{branch.code} {branch.name}</a>" in page
    assert "全市" in page
    assert "数据时刻" in page
    figures = client.get("/briefing/?branches=01").context["dossier"].figures
    assert [figure.value for figure in figures if figure.name == "sites"] == [1]
    for figure in figures:
        assert client.get(figure.path).status_code == 200
    both = client.get("/briefing/?branches=01,02").context["dossier"]
    assert both.whole  # all there are is the city
    assert client.get("/briefing/?branches=01&date=2020-01-01").context["dossier"].on.year == 2020


def test_bad_choices_are_told_on_the_page(client_as: Any, town: Town) -> None:
    client = client_as("planner")
    for words in ("branches=99", "date=yesterday"):
        answer = client.get(f"/briefing/?{words}")
        assert (answer.status_code, "errorlist" in text(answer)) == (400, True), words
    assert client.post("/briefing/", {"form": "exe"}).status_code == 400
    assert not Job.objects.exists()


def test_empty_city_says_what_would_be_here(client_as: Any) -> None:
    page = text(client_as("administrator").get("/briefing/"))
    assert "还没有可以汇报的内容" in page
    assert "制作简报</button>" not in page


def test_secretary_makes_a_briefing_of_the_own_branch_alone(client_as: Any, town: Town) -> None:
    client = client_as("secretary", branch=town.own.branch)
    page = text(client.get("/briefing/"))
    assert "01 第01支部" in page
    assert "02 第02支部" not in page
    assert client.get("/briefing/?branches=02").status_code == 400
    assert client.post("/briefing/", {"branches": "02", "form": "xlsx"}).status_code == 400
    assert client.post("/briefing/", {"form": "xlsx"}).status_code == 302
    assert Job.objects.get().args["branches"] == ["01"]
    own, other = (text(client.get(f"/branches/{code}/")) for code in ("01", "02"))
    assert "/briefing/?branches=01" in own
    assert "/briefing/?branches=02" not in other


def test_post_asks_the_worker_for_what_was_shown(client_as: Any, town: Town, settings: Any) -> None:
    client = client_as("office")
    asked = {"branches": "02", "date": "2026-11-20", "form": "pdf"}
    answer = client.post("/briefing/", asked)
    job = Job.objects.get()
    assert answer["Location"] == f"/jobs/{job.pk}/"
    assert (job.kind, job.owner, job.origin) == (
        "briefing",
        client.user,
        "/briefing/?branches=02&date=2026-11-20",
    )
    assert job.args == {"branches": ["02"], "on": "2026-11-20", "form": "pdf", "site": "http://testserver"}
    assert str(job) == f"{town.other.branch}简报 2026年11月20日 PDF"
    assert client.post("/briefing/", asked)["Location"] == answer["Location"]  # asked twice, made once

    settings.GRIDMGR_JOBS_EACH = 1
    busy = client.post("/briefing/", {"form": "pdf"})
    assert (busy.status_code, "每人同时最多 1 个" in text(busy)) == (429, True)


@pytest.fixture
def work(client_as: Any, tmp_path: Path) -> Callable[..., Work]:
    def of(role: str, branches: list[str] | None, **member: Any) -> Work:
        args = {
            "branches": branches,
            "on": timezone.localdate().isoformat(),
            "form": "xlsx",
            "site": "https://x.cn",
        }
        return Work(args=args, owner=client_as(role, **member).user, folder=tmp_path)

    return of


def test_job_makes_the_file(work: Callable[..., Work], town: Town) -> None:
    told: list[str] = []
    one = work("office", ["01"])
    one.tell = lambda done, total, words: told.append(words)
    product = make(one)
    assert product.path
    assert product.name.endswith(".xlsx")
    assert told[0] == "正在读取数据"
    book = load_workbook(BytesIO(product.path.read_bytes()))
    links = {cell.hyperlink.target for sheet in book for row in sheet for cell in row if cell.hyperlink}
    assert any(str(link).startswith("https://x.cn/") for link in links)


def test_job_refuses_what_its_owner_may_not_have_any_more(work: Callable[..., Work], town: Town) -> None:
    with pytest.raises(NotThere, match="已无权"):
        make(work("member", ["01"], member=town.own.member))
    for branches in (["02"], None):
        with pytest.raises(NotThere, match="已无权"):
            make(work("secretary", branches, branch=town.own.branch))
    Branch.objects.filter(pk=town.other.branch.pk).update(code="77")
    with pytest.raises(NotThere):
        make(work("office", ["02"]))


# ── Exporting what a list shows ───────────────────────────────────────────────────────────────────────────


def test_list_leads_to_a_map_with_its_filters_each_of_which_can_be_taken_away(
    client_as: Any, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    BayFactory(road=town.own.road, kind="charging", number="CD-1", stretch=stretch(300, 306))
    client = client_as("office")
    page = client.get(f"/bays/?branch=01&kind=charging&q=CD&road={town.own.road.pk}")
    found = page.content.decode().split('href="/export/map/?', 1)[1].split('"', 1)[0].replace("&amp;", "&")
    form = client.get(f"/export/map/?{found}")
    assert "停车泊位 · 类型:充电" in text(form)
    assert "停车泊位 · 搜索:CD" in text(form)
    where = form.context["form"].initial["where"]
    assert set(where) == {"bays.kind=charging", "bays.q=CD", "bays.road=第01街"}
    sent = {
        "scope": "branch:01", "format": "html", "layers": "bays", "paper": "a4", "orientation": "auto",
        "date": timezone.localdate().isoformat(),
    }  # fmt: skip
    shown: list[dict[str, int]] = []

    def note(made: Any) -> HttpResponse:
        shown.append(made.counts)
        return HttpResponse()

    monkeypatch.setattr(views, "_handed_out", note)
    for conditions in (where, ["bays.kind=charging"], []):
        assert client.post("/export/map/", {**sent, "where": conditions}).status_code == 200
    assert [counts["bays"] for counts in shown] == [1, 1, 2]
    two = text(client.get("/bays/?branch=01&branch=02"))
    assert "/export/map/" not in two  # no map file is of these two


def test_pages_lead_to_their_map_files(client_as: Any, town: Town) -> None:
    client = client_as("office")
    grid = town.own
    for page, scope in (
        (f"/branches/{grid.branch.code}/", "branch:01"),
        (f"/roads/{grid.road.pk}/", "road:%E7%AC%AC01%E8%A1%97"),
        (f"/sites/{grid.site.code}/", "site:TD-01"),
        ("/sites/?status=open", "city&amp;layers=sites&amp;where=sites.status%3Dopen"),
    ):
        body = text(client.get(page))
        assert f'href="/export/map/?scope={scope}' in body, page
        link = f"/export/map/?scope={scope}".replace("&amp;", "&")
        assert client.get(link).status_code == 200
