"""A register through its pages: columns remembered, places confirmed and pinned, preview, writing, undo, rights."""

import os
import threading
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from time import monotonic, sleep
from types import SimpleNamespace
from typing import Any

import pghistory
import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gridmgr.core.geo.crs import WGS84, metric_srid, transformer
from gridmgr.core.jobs.work import Cancelled, Product, Work
from gridmgr.intake.models import Import
from gridmgr.intake.models import State as Imported
from gridmgr.register import matching, placing, work, writing
from gridmgr.register.enums import Stage, State
from gridmgr.register.models import Entry, Mapping, Register
from grids.models import Crossing, Road
from tests.drawing import at, line, rect, stretch
from tests.factories import RoadFactory, SiteFactory
from tests.intake.conftest import dump
from tests.register.conftest import HEAD, IDENTITY, PHONE, ROWS, brought, mapped, press, row, send, workbook
from tests.vendors.siting import spot
from vendors.domain.profile import install_demo_profile
from vendors.models import Pitch, Site

pytestmark = pytest.mark.django_db


def lonlat(x: float, y: float) -> dict[str, str]:
    lon, lat = transformer(metric_srid(), WGS84).transform(*at(x, y))
    return {"lon": f"{lon:.7f}", "lat": f"{lat:.7f}"}


def preview(client: Client, register: Register) -> Any:
    return client.get(f"/data/register/{register.pk}/preview/")


def confirm(client: Client, register: Register, token: str | None = None) -> Any:
    token = preview(client, register).context["token"] if token is None else token
    return client.post(f"/data/register/{register.pk}/confirm/", {"token": token})


# ── Upload and columns ────────────────────────────────────────────────────────────────────────────────────


def test_columns_are_guessed_shown_with_samples_and_remembered(
    planner: Client, streets: tuple[Road, Road], var_of_its_own: Path
) -> None:
    send(planner)
    first = Register.objects.get()
    first_page = planner.get(f"/data/register/{first.pk}/columns/").content.decode()
    assert "与南北路交叉口东南角" in first_page
    assert "上次的填好" not in first_page
    mapped(planner, first, **{"column-7": ""})  # 备注 is not wanted
    assert Mapping.objects.get().sender == "某街道办"

    other_order = [0, 2, 1, 3, 4, 5, 6, 7]
    rows = [[row[index] for index in other_order] for row in ROWS if row]
    second = brought(workbook(rows, [HEAD[index] for index in other_order]))
    page = planner.get(f"/data/register/{second.pk}/columns/")
    assert "上次的填好" in page.content.decode()
    told = {each.text: each.role for each in page.context["form"].columns}
    assert told["点位"] == "place"
    assert told["备注"] == ""  # as it was said, not as it would be guessed

    third = brought(workbook(), sender="另一街道办")
    page = planner.get(f"/data/register/{third.pk}/columns/")
    assert "上次的填好" not in page.content.decode()


def test_what_is_not_mapped_is_kept_nowhere(register: Register, var_of_its_own: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(e::text, '') FROM register_entry AS e")
        stored = cursor.fetchone()[0]
    assert PHONE in stored  # mapped as the contact
    assert IDENTITY not in stored
    assert list(var_of_its_own.iterdir()) == []


def test_cells_that_nobody_maps_go_after_a_day(planner: Client, var_of_its_own: Path) -> None:
    made = brought(workbook())
    (kept,) = var_of_its_own.iterdir()
    assert kept.stat().st_mode & 0o077 == 0
    os.utime(kept, (0, 0))
    answer = planner.get(f"/data/register/{made.pk}/columns/")
    assert answer.status_code == 404
    assert "24 小时" in answer.content.decode()
    brought(workbook())
    assert not kept.exists()


def test_columns_without_a_place_are_refused(planner: Client, streets: tuple[Road, Road]) -> None:
    answer = mapped(planner, brought(workbook()), **{"column-1": "", "column-2": ""})
    assert answer.status_code == 422
    assert "至少指明哪一列是点位" in answer.content.decode()
    assert not Entry.objects.exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.xls", b"x"), ("a.xlsx", b"MZ not a workbook"), ("a.csv", b"\0\0"), ("a.xlsx", b"")],
)
def test_hostile_file_gets_words_and_leaves_nothing(
    planner: Client, var_of_its_own: Path, name: str, content: bytes
) -> None:
    answer = send(planner, content, name)
    assert answer.status_code in {400, 413}
    assert 'class="errorlist"' in answer.content.decode()
    assert not Register.objects.exists()
    assert not var_of_its_own.exists() or list(var_of_its_own.iterdir()) == []


# ── Rows ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_rows_are_matched_unsure_or_not_found(register: Register) -> None:
    states = {each.row: each.state for each in register.entries.all()}
    assert states == {5: State.MATCHED, 6: State.UNMATCHED, 8: State.UNSURE, 9: State.LEFT_OUT}
    corner = row(register, 5)
    # The kerbs cross at (506, -10): metre 506 of 东西街 on its right side, and eastwards there is room.
    assert (corner.side, corner.metre, corner.toward) == ("right", 506.0, 1)
    assert corner.point is not None
    assert (round(corner.point.x), round(corner.point.y)) == at(506, -10)
    assert "东南角" in corner.understood
    assert "门牌号" in row(register, 6).why
    assert "只差一个字" in row(register, 8).why


def test_candidate_is_a_place_once_a_person_chose_it(planner: Client, register: Register) -> None:
    assert planner.get(f"/data/register/{register.pk}/").context["show"] == "unsure"
    answer = press(planner, register, 8, "choose/", candidate=0, show="unsure")
    assert answer.url.endswith("?show=unsure#row-8")
    chosen = row(register, 8)
    assert (chosen.state, chosen.side, chosen.metre, chosen.toward) == (State.PINNED, "left", 494.0, -1)
    assert press(planner, register, 8, "choose/", candidate=9).status_code == 400


def test_pin_by_map_takes_the_nearest_kerb(planner: Client, register: Register) -> None:
    said = planner.get(
        f"/data/register/where?{'&'.join(f'{k}={v}' for k, v in lonlat(250, -30).items())}"
    ).json()
    assert said["words"] == "东西街 右侧 250 m"
    press(planner, register, 6, **lonlat(250, -30))
    pinned = row(register, 6)
    assert (pinned.state, pinned.side) == (State.PINNED, "right")
    assert pinned.metre == pytest.approx(250, abs=0.05)
    assert pinned.point is not None
    assert (round(pinned.point.x), round(pinned.point.y)) == at(250, -10)


def test_pin_by_road_and_metre_needs_no_map(planner: Client, register: Register) -> None:
    press(planner, register, 6, road="南北路", side="left", metre="100")
    pinned = row(register, 6)
    assert (pinned.road and pinned.road.name, pinned.side, pinned.metre) == ("南北路", "left", 100.0)


@pytest.mark.parametrize(
    "data", [{"lon": "0", "lat": "0"}, {"lon": "nan", "lat": "38"}, {"road": "没有街", "metre": "5"},
             {"road": "东西街", "side": "left", "metre": "5000"}, {}]
)  # fmt: skip
def test_pin_that_cannot_be_is_refused_in_words(
    planner: Client, register: Register, data: dict[str, str]
) -> None:
    answer = press(planner, register, 6, **data)
    assert answer.status_code in {422, 404, 400}
    assert row(register, 6).state == State.UNMATCHED


def test_row_is_left_out_and_taken_in_again(planner: Client, register: Register) -> None:
    press(planner, register, 5, "leave/")
    assert row(register, 5).state == State.LEFT_OUT
    press(planner, register, 5, "leave/", back=1)
    assert row(register, 5).state == State.MATCHED


def test_list_costs_the_same_queries_for_any_number_of_rows(
    planner: Client, streets: tuple[Road, Road], register: Register
) -> None:
    def cost(number: int) -> int:
        rows = [[1, "东西街", "与南北路交叉口东南角", 6, "张三", PHONE, "", ""]] * number
        made = brought(workbook(rows))
        mapped(planner, made)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            planner.get(f"/data/register/{made.pk}/?show=all")
        return len(queries)

    assert cost(1) == cost(3)


# ── Preview, writing, undo ────────────────────────────────────────────────────────────────────────────────


def test_preview_writes_nothing_and_confirming_proposes(planner: Client, register: Register) -> None:
    press(planner, register, 6, **lonlat(250, -30))
    page = preview(planner, register)
    assert page.context["counts"] == {"created": 2, "changed": 0, "unchanged": 0, "refused": 0}
    assert page.context["left"] == {"open": 1, "no_quantity": 0, "left_out": 1}
    assert not Site.objects.exists()

    assert confirm(planner, register).status_code == 302
    corner, pinned = Site.objects.order_by("code")
    # Six pitches: 6 x 2.4 + 0.4 = 14.8 m, from 1 m beyond the corner at 506 on.
    assert (corner.state, corner.capacity, corner.pitches.count(), corner.name) == (
        "proposed", 6, 6, "东西街 与南北路交叉口东南角",
    )  # fmt: skip
    assert [float(corner.stretch.lower), float(corner.stretch.upper)] == pytest.approx(
        [507.0, 521.8], abs=0.01
    )
    assert corner.proposed_by == planner.user  # type: ignore[attr-defined]
    assert pinned.middle_m == pytest.approx(250, abs=0.05)
    register.refresh_from_db()
    assert register.stage == Stage.WRITTEN
    assert row(register, 5).site_code == corner.code
    record = Import.objects.get()
    assert (record.way, record.state, record.counts["created"]) == ("register", Imported.WRITTEN, 2)
    assert PHONE not in str(record.report)


@pytest.mark.parametrize("off_m", [0.0, -0.3])
def test_place_that_may_stand_anywhere_on_a_stretch_moves_to_where_it_is_legal(
    planner: Client, streets: tuple[Road, Road], monkeypatch: pytest.MonkeyPatch, off_m: float
) -> None:
    install_demo_profile()
    west = RoadFactory(name="西环路", reference_line=line((100, -300), (100, 300)))
    Crossing.objects.create(road=streets[0], other=west, at_m=100)
    Crossing.objects.create(road=west, other=streets[0], at_m=300)
    for x in range(120, 320, 20):  # from the west on it is barred up to 330 m
        spot("hydrant", x, -12)
    made = brought(workbook([[1, "东西街", "东西街(西环路至南北路)南侧", 6, "", "", "", ""]]))
    mapped(planner, made)
    legal = placing.nearest_legal

    def nearly(*args: Any, **kwargs: Any) -> Any:
        """The nearest legal place, of which the ground is drawn a little off, as where a kerb bends."""
        found = legal(*args, **kwargs).same_kerb
        assert found is not None
        ground = replace(
            found.footprint, from_m=found.footprint.from_m + off_m, to_m=found.footprint.to_m + off_m
        )
        return SimpleNamespace(same_kerb=SimpleNamespace(footprint=ground))

    monkeypatch.setattr(placing, "nearest_legal", nearly)
    (step,) = preview(planner, made).context["steps"]
    assert "最近的合规位置" in step.notes[0]
    assert not step.is_hard
    low, high = step.drawn.footprint.stretch
    assert 330 < low < high < 480


def test_what_changed_after_the_preview_is_not_confirmed(planner: Client, register: Register) -> None:
    token = preview(planner, register).context["token"]
    press(planner, register, 5, "quantity/", quantity=9)
    answer = confirm(planner, register, token)
    assert answer.status_code == 409
    assert "预览之后有了改动" in answer.content.decode()
    assert not Site.objects.exists()
    assert confirm(planner, register).status_code == 302
    assert Site.objects.get().capacity == 9
    assert confirm(planner, register, token).status_code == 409  # a second time
    assert Site.objects.count() == 1


@pytest.mark.parametrize("way", ["/data/register/{register}/undo/", "/data/import/{record}/undo/"])
def test_undo_takes_the_whole_import_back_wherever_it_is_asked_for(
    planner: Client, register: Register, way: str
) -> None:
    near = SiteFactory(
        name="老摊点",
        code="TD-90",
        state="proposed",
        at_m=240,
        pitches=8,
        capacity=8,
        road=Road.objects.get(name="东西街"),
    )
    press(planner, register, 6, **lonlat(250, -10))
    before = dump(Register, Entry, Pitch)
    confirm(planner, register)
    near.refresh_from_db()
    assert (near.capacity, near.state, Site.objects.count()) == (4, "proposed", 2)
    record = Import.objects.get()
    assert record.rows == 2
    assert planner.post(way.format(register=register.pk, record=record.pk)).status_code == 302
    near.refresh_from_db()
    assert near.capacity == 8
    assert list(Site.objects.all()) == [near]
    assert dump(Register, Entry, Pitch) == before
    assert Import.objects.get().state == Imported.UNDONE
    confirm(planner, register)  # and it can be imported again
    assert Site.objects.count() == 2


def test_undo_is_refused_when_a_site_was_changed_since(planner: Client, register: Register) -> None:
    confirm(planner, register)
    with pghistory.context():  # in a test all is one transaction, which keeps the last context
        Site.objects.update(name="别人改过")
    planner.post(f"/data/register/{register.pk}/undo/")
    assert Site.objects.get().name == "别人改过"
    register.refresh_from_db()
    assert register.stage == Stage.WRITTEN


def test_fruit_markets_need_their_season(planner: Client, streets: tuple[Road, Road]) -> None:
    made = brought(workbook())
    assert mapped(planner, made, kind="market").status_code == 422
    season = {"season_from": "2027-06-01", "season_to": "2027-09-30"}
    assert mapped(planner, made, kind="market", **season).status_code == 302
    confirm(planner, made)
    market = Site.objects.get()
    assert (market.kind, market.code[:2]) == ("market", "GG")
    assert market.season is not None
    assert (str(market.season.lower), str(market.season.upper)) == ("2027-06-01", "2027-10-01")


# ── Sites that are there already ──────────────────────────────────────────────────────────────────────────


def test_site_within_thirty_metres_on_the_same_kerb_is_the_one_meant(
    planner: Client, register: Register
) -> None:
    road = Road.objects.get(name="东西街")
    # The corner is at x = 506; its site from 530 on is 24 m away, the one across the street nearer still.
    site = SiteFactory(code="TD-91", state="returned", returned_for="太近", road=road, at_m=530, capacity=8)
    SiteFactory(code="TD-92", road=road, side="left", stretch=stretch(500, 516), area=rect(500, 12, 16, 4))
    page = preview(planner, register)
    (step,) = page.context["steps"]
    assert (step.outcome, step.site) == ("changed", site)
    assert "8 → 6" in step.words


def test_quantity_of_an_approved_site_is_its_planners_to_change(planner: Client, register: Register) -> None:
    site = SiteFactory(code="TD-91", road=Road.objects.get(name="东西街"), at_m=530, pitches=8, capacity=8)
    press(planner, register, 6, **lonlat(250, -30))
    page = preview(planner, register)
    assert [step.outcome for step in page.context["steps"]] == ["refused", "created"]
    assert "批准的是 8 个,表里写 6 个" in page.content.decode()
    assert "/plan/?site=TD-91" in page.content.decode()
    assert confirm(planner, register).status_code == 302
    before = site.version
    site.refresh_from_db()
    assert (site.capacity, site.state, site.version) == (8, "open", before)
    for address in (f"/data/register/{register.pk}/?show=all", Import.objects.get().get_absolute_url()):
        page = planner.get(address).content.decode()
        assert "批准的是 8 个" in page
        assert "/refused.csv" not in page


def test_site_is_known_by_its_name_wherever_it_stands(planner: Client, streets: tuple[Road, Road]) -> None:
    SiteFactory(code="TD-91", name="南北路夜市", road=streets[0], at_m=800, pitches=6, capacity=6)
    made = brought(workbook([[1, "", "南北路夜市", 6, "", "", "", ""]]))
    mapped(planner, made)
    assert row(made, 5).state == State.MATCHED
    (step,) = preview(planner, made).context["steps"]
    assert step.outcome == "unchanged"
    assert confirm(planner, made).status_code == 409  # nothing to write


def test_two_rows_on_one_spot_are_told_of_one_another(planner: Client, streets: tuple[Road, Road]) -> None:
    made = brought(workbook([[n, "东西街", "与南北路交叉口东南角", 6, "", "", "", ""] for n in (1, 2)]))
    mapped(planner, made)
    first, second = preview(planner, made).context["steps"]
    unruled = "未设置规则,无法判断"  # tests begin without rules
    assert first.notes == [unruled]
    (note,) = [note for note in second.notes if note != unruled]
    assert "第 5 行占同一块地方" in note


# ── Rights ────────────────────────────────────────────────────────────────────────────────────────────────

PAGES = (
    "/data/register/",
    "/data/register/{pk}/",
    "/data/register/{pk}/rows/6/",
    "/data/register/{pk}/preview/",
)


def test_registers_are_for_those_who_work_with_them(
    client_as: Callable[..., Client], register: Register
) -> None:
    for role in ("secretary", "member"):
        client = client_as(role)
        for page in PAGES:
            assert client.get(page.format(pk=register.pk)).status_code == 403, (role, page)
        assert send(client).status_code == 403
    assert Client().get("/data/register/").status_code == 302
    office = client_as("office")
    assert press(office, register, 6, **lonlat(250, -30)).status_code == 302
    assert confirm(office, register).status_code == 403
    assert not Site.objects.exists()


def test_contacts_are_shown_to_those_alone_who_may_see_phones(
    client_as: Callable[..., Client], planner: Client, register: Register
) -> None:
    Entry.objects.filter(row=5).update(note=f"找张三 {PHONE}")
    for client, sees in ((planner, False), (client_as("office"), True), (client_as("administrator"), True)):
        for page in PAGES[1:]:
            shown = client.get(page.format(pk=register.pk) + "?show=all").content.decode()
            assert (PHONE in shown) == (sees and page == PAGES[1]), page


def test_samples_of_columns_hide_contacts_from_those_who_may_not_see_them(
    client_as: Callable[..., Client], planner: Client, streets: tuple[Road, Road]
) -> None:
    address = f"/data/register/{brought(workbook()).pk}/columns/"
    for client, sees in ((planner, False), (client_as("office"), True)):
        page = client.get(address).content.decode()
        assert "与南北路交叉口东南角" in page
        for private in ("张三", PHONE, IDENTITY):
            assert (private in page) == sees, private


# ── Words ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_was_read_in_chinese_is_told_in_english(planner: Client, streets: tuple[Road, Road]) -> None:
    rows = ("点位,数量", "东西街与南北路交叉口东南角,5", "东西街与南北璐口西北角,5", "合计,10")
    sheet = "\n".join(rows).encode("gb18030")
    send(planner, sheet, "登记表.csv")
    made = Register.objects.get()
    mapped(planner, made)
    address = f"/data/register/{made.pk}/?show=all"
    chinese = planner.get(address).content.decode()
    planner.post("/i18n/setlang/", {"language": "en", "next": "/"})
    english = planner.get(address).content.decode()
    corner, unsure = row(made, 2), row(made, 3)
    for said, meant in (
        ("文字按 GB18030(GBK)编码读取", "Text read as GB18030 (GBK)"),
        ("合计行", "Row of totals"),
        (corner.understood, "Junction of 东西街 and 南北路, south-east corner"),
        (unsure.why, "differ in one character"),
        (unsure.candidates[0]["words"], "Junction of 东西街 and 南北路, north-west corner"),
    ):
        assert (said in chinese, said in english, meant in english) == (True, False, True), said
    press(planner, made, 3, "choose/", candidate=0)
    page = planner.get(address).content.decode()
    assert ("north-west corner" in page, "differ in one character" in page) == (True, False)


def test_rows_of_the_version_before_are_carried_over(planner: Client, register: Register) -> None:
    confirm(planner, register)
    register.refresh_from_db()
    Import.objects.update(state="undone", undone_at=timezone.now())  # as it left the register then
    register.notes = ["没有读隐藏的工作表,共 2 张", "Text read as GB18030 (GBK)", "别的话"]
    register.save()
    for number, words in {
        9: {"why": "合计行"},
        6: {"why": "Left out by hand"},
        5: {"outcome": "新提出,6 个摊位"},
    }.items():
        register.entries.filter(row=number).update(**words)
    press_pinned = {
        "state": State.PINNED,
        "metre": 1,
        "point": row(register, 5).point,
        "understood": "由人定点:东西街",
    }
    register.entries.filter(row=8).update(**press_pinned)
    other = Register.objects.create(sender="甲", file_name="乙.csv", stage="review")
    other.entries.create(
        row=1, state="matched", metre=1, point=row(register, 5).point, outcome="老摊点:可容纳 8 → 6"
    )

    import_module("gridmgr.register.migrations.0002_words_as_codes").into_codes(apps, None)
    register.refresh_from_db()
    assert register.notes_words == ["没有读隐藏的工作表,共 2 张", "文字按 GB18030(GBK)编码读取", "别的话"]
    assert [row(register, 9).why, row(register, 6).why, row(register, 8).understood] == [
        "sum",
        "by_person",
        "pinned",
    ]
    assert other.entries.get().outcome == "changed"
    assert (register.stage, register.record, row(register, 5).site_code) == (Stage.REVIEW, None, "")


# ── Two at once ───────────────────────────────────────────────────────────────────────────────────────────


CHANGES: dict[str, dict[str, Any]] = {
    "quantity/": {"quantity": 9},
    "leave/": {},
    "": {"road": "东西街", "side": "left", "metre": "100"},
}


def waiting() -> int:
    """How many connections wait for a lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return int(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_row_that_is_changed_while_the_register_is_written_stays_as_it_was_written(
    planner: Client, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: dict[str, int] = {}

    def meanwhile(verb: str) -> None:
        answers[verb] = press(planner, register, 5, verb, **CHANGES[verb]).status_code
        connection.close()

    others = [threading.Thread(target=meanwhile, args=[verb]) for verb in CHANGES]
    write = writing._write_all

    def write_slowly(*args: Any) -> None:
        write(*args)
        for each in others:
            each.start()
        until = monotonic() + 20
        while any(each.is_alive() for each in others) and waiting() < len(others) and monotonic() < until:
            sleep(0.02)

    monkeypatch.setattr(writing, "_write_all", write_slowly)
    answer = confirm(planner, register)
    for each in others:
        each.join()
    assert (answer.status_code, answers) == (302, {"quantity/": 409, "leave/": 409, "": 422})
    written = row(register, 5)
    assert (written.state, written.quantity, written.metre) == (State.MATCHED, 6, 506.0)
    assert (written.site_code, written.outcome) == (Site.objects.get().code, "created")


# ── Jobs ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_a_person_says_while_rows_are_matched_stays(register: Register) -> None:
    register.entries.update(state=State.UNMATCHED, understood="")

    def meanwhile(done: int, _total: int) -> None:
        if done == 1:
            register.entries.filter(row=6).update(state=State.LEFT_OUT, understood="由人决定")

    matching.match(register, report=meanwhile)
    assert (row(register, 6).state, row(register, 6).understood) == (State.LEFT_OUT, "由人决定")
    assert row(register, 5).state == State.MATCHED


def test_jobs_match_and_write_as_the_pages_do(planner: Any, register: Register, tmp_path: Path) -> None:
    register.entries.filter(row=5).update(state=State.UNMATCHED)
    told: list[tuple[int, int]] = []
    job = Work(
        {"register": register.pk},
        planner.user,
        tmp_path,
        lambda done, total, _words: told.append((done, total)),
    )
    assert work.match(job).result == f"/data/register/{register.pk}/"
    assert row(register, 5).state == State.MATCHED
    assert told
    assert told[-1] == (3, 3)
    token = preview(planner, register).context["token"]
    work.write(Work({"register": register.pk, "token": token}, planner.user, tmp_path))
    assert Site.objects.count() == 1


def test_job_that_was_taken_back_writes_nothing(planner: Any, register: Register, tmp_path: Path) -> None:
    def too_late(_product: Product) -> None:
        raise Cancelled

    register.entries.filter(row=5).update(state=State.UNMATCHED)
    with pytest.raises(Cancelled):
        work.match(Work({"register": register.pk}, planner.user, tmp_path, seal=too_late))
    assert row(register, 5).state == State.UNMATCHED
    matching.match(register)
    token = preview(planner, register).context["token"]
    with pytest.raises(Cancelled):
        work.write(Work({"register": register.pk, "token": token}, planner.user, tmp_path, seal=too_late))
    register.refresh_from_db()
    assert (Site.objects.count(), Import.objects.count(), register.stage) == (0, 0, Stage.REVIEW)
