"""Layers' data files coming in: the round trip of every layer in every format, and what is refused in which words."""

import csv
import json
import re
import zipfile
from collections.abc import Callable
from datetime import date, time
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pgtrigger
import pyogrio
import pytest
import shapely
from django.core.management import CommandError, call_command
from django.db import connection, models
from django.test.utils import CaptureQueriesContext

from gridmgr.catalog import FACILITIES, LAYERS, layer_named
from gridmgr.core.accounts.audience import Audience
from gridmgr.core.geo.datums import datum_named, from_metric
from gridmgr.core.history import event_model, truncate_guards
from gridmgr.core.importing.base import Unreadable
from gridmgr.core.importing.layers import import_layer
from gridmgr.core.importing.report import Report
from gridmgr.core.importing.tables import MOST_REFUSED
from gridmgr.core.layers.extract import extract
from gridmgr.core.layers.files import FORMATS, export_layer
from gridmgr.data_files import IMPORTERS, importer_named, labels_of_layer
from grids.enums import FacilityKind, MemberRole
from grids.models import Assignment, Branch, MemberAssignment
from parking.models import Bay, DropOffHours, DropOffPoint, School
from tests.conftest import Town
from tests.drawing import at, line, period, rect
from tests.factories import BayFactory, RoadFactory, SchoolFactory, SiteFactory, replan
from tests.vendors.siting import facility, spot
from vendors.models import Site

pytestmark = pytest.mark.django_db
OFFICE = Audience(role="office")
TODAY = date(2026, 11, 22)
SUFFIXES = [form.suffix for form in FORMATS]
RARE = "洺堃喆𠮷便民点"


def bring_in(name: str, path: Path, **options: Any) -> Report:
    return import_layer(path, importer_named(name), labels=labels_of_layer(name), **options)


def send_out(name: str, path: Path, **options: Any) -> Path:
    return export_layer(layer_named(name), path, audience=OFFICE, on=TODAY, **options).path


def events(model: type[models.Model]) -> int:
    return event_model(model).objects.count()


def content(name: str) -> list[tuple[Any, ...]]:
    """All that a file brings in of a layer's rows, geometry to the millimetre, wherever its rings start."""
    taken = extract(layer_named(name), audience=OFFICE, on=TODAY, datum=datum_named("4547"))
    shapes = [shapely.normalize(shapely.set_precision(shape, 0.001)).wkt for shape in taken.geometry]
    columns = [column.values for column in taken.columns if column.name not in IMPORTERS[name].computed]
    return sorted(zip(*columns, shapes, strict=True), key=str)


@pytest.fixture
def rich_town(town: Town) -> Town:
    """The town with rare characters, formulas, a season, hours across midnight, gates, notes and English names."""
    replan(town.own.site, name=RARE, name_en="=1+1", opens=time(18), closes=time(2))
    SiteFactory(code="SC-01", market=True, name="'-瓜果市场\t1", road=town.own.road, at_m=600)
    Bay.objects.filter(pk=town.own.bay.pk).update(opens=time(8), closes=time(20, 30), is_demo=True)
    Branch.objects.filter(pk=town.own.branch.pk).update(name_en='First, "the" branch')
    Assignment.objects.filter(pk=town.own.section.pk).update(note="@备注\n第二行")
    School.objects.filter(pk=town.own.school.pk).update(source_id="osm:w1", source="测试", name="喆小学")
    DropOffPoint.objects.filter(pk=town.own.drop_off.pk).update(gate=town.own.school.gates.get())
    for kind in FacilityKind:
        if kind == FacilityKind.FOOTWAY:
            facility(kind, line((0, -12), (60, -12)), name="人行道", width_m=3.5)
        elif kind in {FacilityKind.FIRE_LANE, FacilityKind.NO_VENDING}:
            facility(kind, rect(200, 40, 30, 6), name="=区域")
        else:
            spot(kind, 250, 30, name=f"{kind.label} 喆")
    return town


def empty(name: str) -> None:
    """Take the layer's rows away, and all that hangs on them."""
    with pgtrigger.ignore(*truncate_guards()), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"TRUNCATE {importer_named(name).model._meta.db_table} CASCADE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


# ── There and back ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", IMPORTERS)
def test_what_is_exported_imports_again_to_the_same(
    name: str, suffix: str, rich_town: Town, tmp_path: Path
) -> None:
    path = send_out(name, tmp_path / f"out{suffix}")
    before, model = content(name), IMPORTERS[name].model
    recorded = events(model)

    again = bring_in(name, path)
    assert again.refused == []
    assert again.counts == {name: {"created": 0, "updated": 0, "unchanged": len(before)}}
    assert (again.changes, events(model)) == (0, recorded)

    empty(name)
    assert content(name) == []
    anew = bring_in(name, path)
    assert anew.refused == []
    assert anew.counts == {name: {"created": len(before), "updated": 0, "unchanged": 0}}
    assert content(name) == before
    assert bring_in(name, path).changes == 0


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".zip", ".fgb", ".parquet", ".csv", ".xlsx"])
@pytest.mark.parametrize("datum", ["gcj02", "bd09", "cgcs2000", "epsg:4526", "epsg:3857"])
def test_datum_is_read_from_the_file(datum: str, suffix: str, town: Town, tmp_path: Path) -> None:
    path = send_out("bays", tmp_path / f"out{suffix}", datum=datum)
    report = bring_in("bays", path)
    assert report.counts["bays"] == {"created": 0, "updated": 0, "unchanged": 2}
    assert datum_named(datum).code in report.crs or str(datum_named(datum)) == report.crs


def test_whole_city_moves_to_another_database(rich_town: Town, tmp_path: Path) -> None:
    paths = {name: send_out(name, tmp_path / f"{name}.gpkg") for name in IMPORTERS}
    before = {name: content(name) for name in IMPORTERS}
    gate = rich_town.own.school.gates.get()
    for name in reversed(IMPORTERS):
        if name not in ("branches", "schools"):
            empty(name)
    for name, path in paths.items():
        assert bring_in(name, path).refused == [], name
    assert {name: content(name) for name in IMPORTERS} == before
    assert DropOffPoint.objects.get(code="JS-01").gate == gate


def test_shapefile_without_its_note_is_known_by_its_cut_names(rich_town: Town, tmp_path: Path) -> None:
    with zipfile.ZipFile(send_out("sites", tmp_path / "out.zip")) as archive:
        archive.extractall(tmp_path)
    (tmp_path / "gridmgr.json").unlink()
    assert bring_in("sites", tmp_path / "sites.shp").counts["sites"]["unchanged"] == 3


# ── Changes ───────────────────────────────────────────────────────────────────────────────────────────────


def edited(path: Path, change: Callable[[list[dict[str, str]]], None]) -> Path:
    """A CSV file with its rows changed."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    change(rows)
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_only_rows_that_differ_are_updated(town: Town, tmp_path: Path) -> None:
    recorded = events(Bay)

    def suspend(rows: list[dict[str, str]]) -> None:
        rows[0]["状态"] = "暂停"
        rows.append({**rows[0], "编号": "BW-03", "起点里程": "300", "终点里程": "306"})

    path = edited(send_out("bays", tmp_path / "out.csv"), suspend)
    report = bring_in("bays", path)
    assert report.counts == {"bays": {"created": 1, "updated": 1, "unchanged": 1}}
    assert [(item.name, item.outcome, item.figures) for item in report.items] == [
        ("BW-01", "updated", {"changed": ["state"]}),
        ("BW-03", "created", {}),
    ]
    assert Bay.objects.get(number="BW-01").state == "suspended"
    assert events(Bay) == recorded + 2
    assert event_model(Bay).objects.latest("pgh_id").pgh_context.metadata["file"] == "out.csv"


def test_unchanged_place_is_kept_to_the_last_digit(town: Town, tmp_path: Path) -> None:
    # A place that isn't a whole number of millimetres comes back rounded, and must not move the stored one.
    Bay.objects.filter(number="BW-01").update(area=rect(100.00037, -7.50021, 6, 2.5))
    stored = Bay.objects.get(number="BW-01").area.wkb
    path = edited(send_out("bays", tmp_path / "out.csv"), lambda rows: rows[0].update({"类型": "充电"}))
    assert bring_in("bays", path).counts["bays"] == {"created": 0, "updated": 1, "unchanged": 1}
    bay = Bay.objects.get(number="BW-01")
    assert (bay.kind, bay.area.wkb) == ("charging", stored)


def test_place_that_moved_by_a_centimetre_is_updated(town: Town, tmp_path: Path) -> None:
    path = send_out("bays", tmp_path / "out.gpkg")
    Bay.objects.filter(number="BW-01").update(area=rect(100.01, -7.5, 6, 2.5))
    assert bring_in("bays", path).items[0].figures == {"changed": ["area"]}
    assert Bay.objects.get(number="BW-01").area.equals_exact(rect(100, -7.5, 6, 2.5), 0.001)


def test_columns_that_the_file_has_not_stay_as_they_are(town: Town, tmp_path: Path) -> None:
    path = tmp_path / "states.csv"
    wkt = from_metric(shapely.from_wkb(bytes(town.own.bay.area.wkb)), datum_named("wgs84")).wkt
    path.write_text(f'number,state,WKT [wgs84]\nBW-01,removed,"{wkt}"\n', encoding="utf-8")
    assert bring_in("bays", path).counts["bays"]["updated"] == 1
    bay = Bay.objects.get(number="BW-01")
    assert (bay.state, bay.road, bay.kind) == ("removed", town.own.road, "small")


def test_new_row_needs_the_columns_that_a_bay_cannot_do_without(town: Town, tmp_path: Path) -> None:
    path = tmp_path / "states.csv"
    wkt = from_metric(shapely.from_wkb(bytes(town.own.bay.area.wkb)), datum_named("wgs84")).wkt
    path.write_text(f'number,state,WKT [wgs84]\nBW-99,in_use,"{wkt}"\n', encoding="utf-8")
    (refusal,) = bring_in("bays", path).refused
    assert (refusal.row, refusal.ref, set(refusal.field.split("、"))) == (
        1,
        "BW-99",
        {"道路", "侧", "起点里程"},
    )
    assert "新增须有这些列" in refusal.reason


def test_new_branch_comes_with_its_secretary(town: Town, tmp_path: Path) -> None:
    path = edited(
        send_out("branches", tmp_path / "out.csv"),
        lambda rows: rows.append({**rows[0], "编号": "03", "名称": "第03支部", "支部书记": "赵堃"}),
    )
    assert bring_in("branches", path).counts["branches"]["created"] == 1
    secretary = Branch.objects.get(code="03").members.get()
    assert (secretary.name, secretary.role) == ("赵堃", MemberRole.SECRETARY)


def test_secretary_does_not_change_hands_by_an_import(town: Town, tmp_path: Path) -> None:
    path = edited(
        send_out("branches", tmp_path / "out.csv"), lambda rows: rows[0].update({"支部书记": "别人"})
    )
    (refusal,) = bring_in("branches", path).refused
    assert (refusal.row, refusal.field, refusal.value) == (1, "secretary", "别人")
    assert "更换书记请在支部页办理" in refusal.reason
    assert town.own.branch.members.get(role=MemberRole.SECRETARY).name == "书记01"


def test_hours_of_a_drop_off_point_change_window_by_window(town: Town, tmp_path: Path) -> None:
    path = edited(
        send_out("drop-off-points", tmp_path / "out.csv"),
        lambda rows: rows[0].update({"上学日时段": "16:20-17:40, 06:50~08:00"}),
    )
    recorded = events(DropOffHours)
    report = bring_in("drop-off-points", path)
    assert report.items[0].figures == {"changed": ["hours"]}
    hours = DropOffHours.objects.filter(point__code="JS-01").values_list("opens", "closes")
    assert list(hours) == [(time(6, 50), time(8)), (time(16, 20), time(17, 40))]
    assert events(DropOffHours) == recorded + 2  # one window gone, one come; the third untouched


# ── All or nothing ────────────────────────────────────────────────────────────────────────────────────────


def test_sheet_names_the_last_day_and_not_the_one_after(town: Town, tmp_path: Path) -> None:
    MemberAssignment.objects.all().delete()
    Assignment.objects.filter(pk=town.own.section.pk).update(period=period("2026-01-01", "2027-01-01"))
    path = send_out("sections", tmp_path / "out.csv", filters={"branch": "01"})
    assert ("2026-12-31" in path.read_text(), "2027-01-01" in path.read_text()) == (True, False)
    edited(path, lambda rows: rows[0].update({"最后一天": "2026-06-30"}))
    assert bring_in("sections", path).counts["sections"]["updated"] == 1
    town.own.section.refresh_from_db()
    assert town.own.section.period.upper == date(2026, 7, 1)


def test_one_bad_row_keeps_everything_out_unless_skipped(town: Town, tmp_path: Path) -> None:
    def spoil(rows: list[dict[str, str]]) -> None:
        rows[0]["状态"] = "暂停"
        rows[1]["类型"] = "飞机"

    path = edited(send_out("bays", tmp_path / "out.csv"), spoil)
    report = bring_in("bays", path)
    assert [(r.row, r.ref, r.field, r.value) for r in report.refused] == [(2, "BW-02", "类型", "飞机")]
    assert "小型车(small)" in report.refused[0].reason
    assert not report.written
    assert Bay.objects.get(number="BW-01").state == "in_use"
    skipped = bring_in("bays", path, skip_refused=True)
    assert (skipped.written, len(skipped.refused), skipped.counts["bays"]["updated"]) == (True, 1, 1)
    assert Bay.objects.get(number="BW-01").state == "suspended"


def test_dry_run_tells_what_would_be_and_writes_nothing(town: Town, tmp_path: Path) -> None:
    path = send_out("bays", tmp_path / "out.gpkg")
    Bay.objects.filter(number="BW-01").update(state="suspended")
    recorded = events(Bay)
    report = bring_in("bays", path, dry_run=True)
    assert (report.counts["bays"]["updated"], report.written) == (1, False)
    assert (Bay.objects.get(number="BW-01").state, events(Bay)) == ("suspended", recorded)


@pytest.mark.parametrize("bad", [0, 1, 3, 20, 39])
def test_row_that_the_database_refuses_is_found_among_many(bad: int, town: Town, tmp_path: Path) -> None:
    # 40 new bays one behind the other from metre 200; one of them lies on the stored bay at metre 100 to 106.
    BayFactory.row(town.own.road, 40, from_m=200)
    path = send_out("bays", tmp_path / "out.csv", filters={"road": town.own.road.name})
    Bay.objects.filter(road=town.own.road).exclude(number="BW-01").delete()
    number = bad + (1 if bad == 0 else 0)

    def shift(rows: list[dict[str, str]]) -> None:
        rows[:] = [row for row in rows if row["编号"] != "BW-01"]
        rows[number].update({"起点里程": "102", "终点里程": "108"})

    report = bring_in("bays", edited(path, shift))
    (refusal,) = report.refused
    assert (refusal.row, refusal.field) == (number + 1, "bay_kerb_once")
    assert refusal.reason == "同侧路缘的这一段已有泊位。 挡住它的是:BW-01。"
    assert Bay.objects.filter(road=town.own.road).count() == 1
    assert bring_in("bays", path, skip_refused=True).counts["bays"]["created"] == 39
    assert Bay.objects.filter(road=town.own.road).count() == 40


def test_file_of_bad_rows_is_given_up_and_none_of_it_written(town: Town, tmp_path: Path) -> None:
    def pile_up(rows: list[dict[str, str]]) -> None:
        rows[:] = [{**rows[0], "编号": f"P-{index}"} for index in range(150)]

    path = edited(send_out("bays", tmp_path / "out.csv"), pile_up)
    report = bring_in("bays", path, skip_refused=True)
    assert (len(report.refused), report.written) == (MOST_REFUSED, False)
    assert "其余各行没有再检查" in report.notes[-1]
    assert Bay.objects.count() == 2


def test_section_of_another_branch_is_refused_with_who_holds_it(town: Town, tmp_path: Path) -> None:
    path = edited(
        send_out("sections", tmp_path / "out.csv"),
        lambda rows: rows.append(
            {**rows[0], "支部编号": "02", "起点里程": "900", "终点里程": "950", "起始日期": "2026-01-01"}
        ),
    )
    (refusal,) = bring_in("sections", path).refused
    assert refusal.reason == (
        "这一路段在此期间已由其他支部包干。 挡住它的是:01 第01支部 的 第01街 0–1000 m,2020-01-01 至 长期。"
    )


def test_promises_of_triggers_are_told_in_words(town: Town, tmp_path: Path) -> None:
    beyond = edited(
        send_out("bays", tmp_path / "bays.csv"),
        lambda rows: rows[0].update({"起点里程": "999", "终点里程": "1005"}),
    )
    assert bring_in("bays", beyond).refused[0].reason.startswith("里程超出道路范围。")
    pitches = send_out("pitches", tmp_path / "pitches.csv")

    def overlap(rows: list[dict[str, str]]) -> None:
        rows.append({**rows[0], "摊位号": "9"})

    assert (
        bring_in("pitches", edited(pitches, overlap))
        .refused[0]
        .reason.startswith("与同一摊点的另一摊位重叠。")
    )
    shrunk = edited(
        send_out("sections", tmp_path / "sections.csv"), lambda rows: rows[0].update({"终点里程": "500"})
    )
    assert "还有党员的责任段" in bring_in("sections", shrunk).refused[0].reason
    Site.objects.update(state="proposed", approved_by=None, approved_at=None)
    season = edited(
        send_out("sites", tmp_path / "sites.csv"), lambda rows: rows[0].update({"季节开始": "2026-05-01"})
    )
    assert bring_in("sites", season).refused[0].reason == "临时瓜果市场须填写季节,便民摊点不填季节。"


# ── Values ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "column", "value", "words"),
    [
        ("bays", "编号", "", "没有填写"),
        ("bays", "编号", "长" * 21, "最多 20 个"),
        ("bays", "道路", "无此路", "没有叫这个名字的道路"),
        ("bays", "侧", "中间", r"左侧\(left\)"),
        ("bays", "起点里程", "一百", "不是数字"),
        ("bays", "起点里程", "nan", "不是数字"),
        ("bays", "起点里程", "106", "终点必须大于起点"),
        ("bays", "起点里程", "", "没有填写"),
        ("bays", "每日开始", "25:00", "不是时间"),
        ("bays", "每日开始", "08:00", "须同时填写"),
        ("bays", "演示数据", "也许", "应为 是 或 否"),
        ("sites", "可容纳商贩", "-3", "大于等于|大于或等于"),
        ("sites", "可容纳商贩", "2.5", "应为整数"),
        ("sites", "可容纳商贩", "99999", "小于等于|小于或等于"),
        ("sites", "编号", "td 01", "大写字母"),
        ("sites", "季节开始", "2026-02-30", "不是日期"),
        ("sections", "支部编号", "77", "没有这个编号的支部"),
        ("sections", "最后一天", "2019-01-01", "最后一天不能早于"),
        ("pitches", "摊点编号", "XX", "没有这个编号的摊点"),
        ("panda-lanes", "学校", "无此校", "没有叫这个名字的学校"),
        ("drop-off-points", "上学日时段", "七点", "时段应写成"),
        ("drop-off-points", "上学日时段", "08:00–07:00", "必须晚于"),
        ("drop-off-points", "上学日时段", "07:00–08:00 07:00–09:00", "同一时刻"),
        ("drop-off-points", "服务校门", "后门", "没有叫这个名字的校门"),
    ],
)
def test_value_that_cannot_be_is_refused(
    name: str, column: str, value: str, words: str, town: Town, tmp_path: Path
) -> None:
    path = edited(send_out(name, tmp_path / "out.csv"), lambda rows: rows[1].update({column: value}))
    report = bring_in(name, path)
    assert [refusal.row for refusal in report.refused] == [2]
    assert re.search(words, report.refused[0].reason), report.refused[0]
    assert not report.written


def test_row_that_comes_twice_is_refused(town: Town, tmp_path: Path) -> None:
    path = edited(send_out("bays", tmp_path / "out.csv"), lambda rows: rows.append(dict(rows[0])))
    (refusal,) = bring_in("bays", path).refused
    assert (refusal.row, refusal.reason) == (3, "与第 1 行重复。请删去一行,或改正编号。")


def test_school_of_a_common_name_is_known_by_its_source_id_alone(town: Town, tmp_path: Path) -> None:
    path = send_out("panda-lanes", tmp_path / "out.csv", filters={"school": "小学01"})
    twin = SchoolFactory(name="小学01", source_id="osm:w2")
    (refusal,) = bring_in("panda-lanes", path).refused
    assert refusal.reason == "有 2 所学校叫这个名字。请填写学校来源编号(school_id)。"
    named = edited(
        path, lambda rows: rows[0].update({"学校来源编号": "osm:w2", "起点里程": "600", "终点里程": "640"})
    )
    assert bring_in("panda-lanes", named).counts["panda-lanes"]["created"] == 1
    assert twin.panda_lanes.count() == 1
    (unclear,) = bring_in(
        "schools",
        edited(
            send_out("schools", tmp_path / "s.csv", filters={"source_id": "osm:w2"}),
            lambda rows: rows[0].update({"来源编号": ""}),
        ),
    ).refused
    assert "分不清是哪一个" in unclear.reason


def test_gbk_sheet_with_words_of_people_is_read(town: Town, tmp_path: Path) -> None:
    path = send_out("bays", tmp_path / "out.csv")
    path.write_bytes(path.read_text(encoding="utf-8-sig").encode("gbk"))
    report = bring_in("bays", path)
    assert (report.counts["bays"]["unchanged"], report.notes[0]) == (2, "文字按 GB18030(GBK)编码读取")


def test_xlsx_with_whole_numbers_and_extra_columns_is_read(town: Town, tmp_path: Path) -> None:
    path = send_out("bays", tmp_path / "out.xlsx")
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    sheet.cell(1, sheet.max_column + 1, "联系人")
    sheet.cell(2, sheet.max_column, "张三")
    book.save(path)
    report = bring_in("bays", path)
    assert report.counts["bays"]["unchanged"] == 2
    assert "不认识的列,没有读入:联系人" in report.notes


# ── Places ────────────────────────────────────────────────────────────────────────────────────────────────


def polygons_file(path: Path, shapes: list[Any], crs: str | None = "EPSG:4547") -> Path:
    """A GeoPackage of bays on the town's first road whose places are these."""
    count = len(shapes)
    fields: dict[str, list[Any]] = {
        "number": [f"N-{index}" for index in range(count)],
        "road": ["第01街"] * count,
        "side": ["right"] * count,
        "from_m": [f"{200.0 + 10 * index}" for index in range(count)],
        "to_m": [f"{206.0 + 10 * index}" for index in range(count)],
    }
    pyogrio.raw.write(
        path,
        shapely.to_wkb(np.array(shapes, dtype=object)),
        [np.array(values, dtype=np.dtype("O")) for values in fields.values()],
        list(fields),
        geometry_type="Unknown",
        crs=crs,
    )
    return path


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_file_without_a_datum_is_refused_until_a_person_names_it(town: Town, tmp_path: Path) -> None:
    shape = shapely.box(*at(200, -7.5), *at(206, -5))
    path = polygons_file(tmp_path / "none.gpkg", [shape], crs=None)
    with pytest.raises(Unreadable, match=r"没有写明坐标基准。请指明"):
        bring_in("bays", path)
    assert bring_in("bays", path, datum="EPSG:4547").counts["bays"]["created"] == 1
    sheet = tmp_path / "none.csv"
    sheet.write_text(f'number,WKT\nBW-01,"{shape.wkt}"\n', encoding="utf-8")
    with pytest.raises(Unreadable, match=r"没有写明坐标基准"):
        bring_in("bays", sheet)


def test_datum_that_contradicts_the_file_is_refused(town: Town, tmp_path: Path) -> None:
    path = send_out("bays", tmp_path / "out.gpkg")
    with pytest.raises(Unreadable, match=r"写明坐标基准为 WGS 84 \(EPSG:4326\),与指定的 GCJ-02"):
        bring_in("bays", path, datum="gcj02")
    assert bring_in("bays", path, datum="cgcs2000").counts["bays"]["unchanged"] == 2
    shifted = send_out("bays", tmp_path / "out.geojson", datum="gcj02")
    with pytest.raises(Unreadable, match=r"写明坐标基准为 GCJ-02"):
        bring_in("bays", shifted, datum="wgs84")


def test_geojson_from_elsewhere_may_be_told_to_be_gcj02(town: Town, tmp_path: Path) -> None:
    path = send_out("bays", tmp_path / "out.geojson", datum="gcj02")
    document = json.loads(path.read_bytes())
    del document["gridmgr"], document["crs"]
    path.write_text(json.dumps(document))
    assert bring_in("bays", path, datum="gcj02").counts["bays"]["unchanged"] == 2
    assert (
        bring_in("bays", path, dry_run=True).counts["bays"]["updated"] == 2
    )  # read as RFC 7946 says: WGS 84


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        (None, "没有几何"),
        (shapely.Polygon(), "为空"),
        (shapely.Point(*at(0, 0)), "应为单个多边形"),
        (
            shapely.union(shapely.box(*at(0, 0), *at(1, 1)), shapely.box(*at(5, 5), *at(6, 6))),
            "应为单个多边形",
        ),
        (shapely.force_3d(shapely.box(*at(0, 0), *at(1, 1)), 5), "三维"),
        (shapely.Polygon([at(0, 0), at(2, 2), at(2, 0), at(0, 2)]), "几何无效"),
        (shapely.Polygon([at(0, 0), at(2, 2), (float("inf"), 0), at(0, 2)]), "NaN 或 Infinity"),
        (shapely.box(900_000, 100_000, 900_010, 100_010), "超出本市坐标系的范围"),
    ],
)
def test_place_that_cannot_be_is_refused(shape: Any, words: str, town: Town, tmp_path: Path) -> None:
    good = [shapely.box(*at(200 + 10 * index, -7.5), *at(206 + 10 * index, -5)) for index in range(3)]
    report = bring_in("bays", polygons_file(tmp_path / "bad.gpkg", [good[0], shape, *good[1:]]))
    assert [refusal.row for refusal in report.refused] == [2]
    assert words in report.refused[0].reason
    assert Bay.objects.count() == 2


def test_file_in_the_wrong_place_is_refused_as_a_whole(town: Town, tmp_path: Path) -> None:
    swapped = shapely.box(37.8, 112.5, 37.81, 112.51)
    with pytest.raises(Unreadable, match=r"坐标轴颠倒了"):
        bring_in("bays", polygons_file(tmp_path / "swapped.gpkg", [swapped], crs="EPSG:4326"))
    degrees = shapely.box(112.5, 37.8, 112.51, 37.81)
    with pytest.raises(Unreadable, match=r"不在本市"):
        bring_in("bays", polygons_file(tmp_path / "degrees.gpkg", [degrees], crs="EPSG:4547"))


@pytest.mark.parametrize("name", IMPORTERS)
def test_file_of_another_layer_is_refused_with_its_columns(name: str, town: Town, tmp_path: Path) -> None:
    road = send_out("roads", tmp_path / "roads.gpkg")
    if name == "schools":  # a road has a name too, but no area
        assert {
            refusal.row for refusal in bring_in(name, road).refused if "应为多边形" in refusal.reason
        } == {1, 2}
        return
    with pytest.raises(Unreadable, match=r"缺少列:.*文件里有:name、name_en、class"):
        bring_in(name, road)


def test_file_with_thousands_of_columns_is_told_in_few_words(town: Town, tmp_path: Path) -> None:
    properties = {f"列{index}": index for index in range(5000)}
    member = {"type": "Feature", "properties": properties, "geometry": None}
    path = tmp_path / "wide.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [member]}))
    with pytest.raises(Unreadable, match=r"列0、列1、.*等 5000 个") as refused:
        bring_in("bays", path)
    assert len(str(refused.value)) < 500


# ── Cost, and the command ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("count", [1, 3])
def test_import_takes_the_same_statements_whatever_it_holds(count: int, tmp_path: Path) -> None:
    road = RoadFactory()
    BayFactory.row(road, count)
    path = send_out("bays", tmp_path / "out.gpkg")
    Bay.objects.all().delete()
    with CaptureQueriesContext(connection) as queries:
        assert bring_in("bays", path).counts["bays"]["created"] == count
    assert len(queries) == 21


def test_command_imports_and_reports(town: Town, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = send_out("sites", tmp_path / "out.gpkg")
    Site.objects.filter(code="TD-01").update(name="旧名")
    call_command("import_layer", "sites", str(path), json=str(tmp_path / "report.json"))
    out = capsys.readouterr().out
    assert "摊点与瓜果市场:新增 0,更新 1,不变 1" in out
    assert "\n已写入。" in out
    assert json.loads((tmp_path / "report.json").read_text())["written"] is True
    assert Site.objects.get(code="TD-01").name == "摊点01"


def test_command_exits_with_one_when_rows_were_refused(town: Town, tmp_path: Path) -> None:
    path = edited(send_out("bays", tmp_path / "out.csv"), lambda rows: rows[0].update({"道路": "无此路"}))
    with pytest.raises(SystemExit, match="1"):
        call_command("import_layer", "bays", str(path))


@pytest.mark.parametrize(
    ("layer", "file", "words"),
    [
        ("roads", "x.gpkg", "import_roads"),
        ("water", "x.gpkg", "不能导入"),
        ("trees", "x.gpkg", "没有图层 trees"),
        ("bays", "no-such.gpkg", "找不到文件"),
        ("bays", "x.dwg", "不认识文件"),
        ("bays", "empty.csv", "空文件"),
    ],
)
def test_command_refuses_in_words(layer: str, file: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    (tmp_path / "x.dwg").write_bytes(b"AC1032")
    with pytest.raises(CommandError, match=words):
        call_command("import_layer", layer, str(tmp_path / file))


def test_layers_that_can_be_imported_are_all_but_the_roads() -> None:
    derived = {"roads", "verdicts"}  # roads have a command of their own; verdicts are made by check_places
    assert set(IMPORTERS) == {layer.name for layer in [*LAYERS, *FACILITIES]} - derived
