"""Data files of layers, each opened by a reader that isn't ours: GDAL, Arrow, openpyxl, the csv module."""

import csv
import json
import os
import resource
import zipfile
from datetime import date, time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import openpyxl
import pyogrio
import pytest
import shapely
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from openpyxl.utils.escape import unescape

from gridmgr.catalog import BACKDROP, LAYERS, layer_named
from gridmgr.core.accounts.audience import Audience
from gridmgr.core.errors import Invalid
from gridmgr.core.geo.datums import GCJ02, datum_named, to_metric
from gridmgr.core.layers.extract import Extract, extract
from gridmgr.core.layers.files import FORMATS, CannotWrite, Format, export_layer, whole_file
from gridmgr.core.layers.gis_files import short_names
from gridmgr.core.layers.sheets import FORMULA
from parking.models import Bay
from tests.conftest import Town
from tests.drawing import rect
from tests.factories import BayFactory, RoadFactory, SiteFactory, replan

pytestmark = pytest.mark.django_db
OFFICE = Audience(role="office")
TODAY = date(2026, 11, 22)
GIS = [".gpkg", ".geojson", ".zip", ".kml", ".fgb"]
ALL = [form.suffix for form in FORMATS]
RARE = "洺堃喆𠮷便民点"  # the fourth lies outside the Basic Multilingual Plane
FORMULAS = [
    '=HYPERLINK("http://evil.example","点我")',
    "+1",
    "-1",
    "@SUM(1)",
    "\tx",
    "\rx",
    "＝1",
    "'=1",
    "''+1",
]
# What some writer took for something else than text: JSON, the end of a CDATA section, a line's end.
ODD_TEXTS = [
    "[1]",
    '{"a": "洺"}',
    "]]></name><NetworkLink/><name>",
    "a<![CDATA[]]>",
    "]]",
    "a\u2028b",
    "a\x01b",
    "_x0041_",
    "<b>&amp;",
    "007",
    "1e5",
    "NULL",
    "true",
    "2026-11-22",
]


@pytest.fixture
def rich_town(town: Town) -> Town:
    """The town with rare characters, a market with a season, hours across midnight, and a bay with and without hours."""
    replan(town.own.site, name=RARE, name_en='Ming\'s "stall", <b>&', opens=time(18), closes=time(2))
    SiteFactory(code="SC-01", market=True, name="瓜果市场", road=town.own.road, at_m=600)
    Bay.objects.filter(pk=town.own.bay.pk).update(opens=time(8), closes=time(20, 30))
    return town


def export(name: str, path: Path, **options: Any) -> Path:
    return export_layer(layer_named(name), path, audience=OFFICE, on=TODAY, **options).path


def read(path: Path) -> tuple[dict[str, list[Any]], np.ndarray, dict[str, Any]]:
    """Columns, geometries and meta of a file, as GDAL or Arrow reads them."""
    if path.suffix == ".parquet":
        import geopandas

        frame = geopandas.read_parquet(path)
        columns = {name: frame[name].tolist() for name in frame.columns if name != "geometry"}
        return columns, frame.geometry.to_numpy(), {"crs": frame.crs}
    # GDAL takes a text that begins like a time for one in GeoJSON, which has no types for them.
    options = {"DATE_AS_STRING": "YES"} if path.suffix == ".geojson" else {}
    meta, _fids, geometry, columns = pyogrio.raw.read(path, **options)
    names = [str(name) for name in meta["fields"]]
    return (
        {name: column.tolist() for name, column in zip(names, columns, strict=True)},
        shapely.from_wkb(geometry),
        meta,
    )


def plain(value: Any) -> Any:
    """One way of writing what readers give differently: missing values, times, dates, whole numbers."""
    if value is None or value != value or value == "":
        return None
    if isinstance(value, (date, time)):
        return value.isoformat()[:10]
    return value.item() if isinstance(value, np.generic) else value


def sorted_rows(columns: list[Any], geometry: np.ndarray) -> list[tuple[list[Any], Any]]:
    """Rows and their shapes in one order: FlatGeobuf's is that of its spatial index."""
    rows = [[plain(value) for value in row] for row in zip(*columns, strict=True)]
    return sorted(zip(rows, geometry, strict=True), key=lambda pair: (str(pair[0]), pair[1].wkb))


# ── Every layer in every format ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("suffix", [*GIS, ".parquet"])
@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_gis_file_holds_the_whole_layer(layer: Any, suffix: str, rich_town: Town, tmp_path: Path) -> None:
    path = export(layer.name, tmp_path / f"out{suffix}")
    taken = extract(layer, audience=OFFICE, on=TODAY)
    columns, geometry, meta = read(path)
    short = short_names([column.name for column in taken.columns])
    assert len(geometry) == len(taken) >= 2
    names = [short[column.name] if suffix == ".zip" else column.name for column in taken.columns]
    if suffix == ".kml":
        names = ["Name" if name == "name" else name for name in names]  # GDAL's name for a placemark's <name>
    found = sorted_rows([columns[name] for name in names], geometry)
    expected = sorted_rows([column.values for column in taken.columns], taken.geometry)
    assert [row for row, _shape in found] == [row for row, _shape in expected]
    for (_row, shape), (_other, stored) in zip(found, expected, strict=True):
        assert to_metric(shape, taken.datum).hausdorff_distance(to_metric(stored, taken.datum)) < 0.001
    assert "4326" in str(meta["crs"])


@pytest.mark.parametrize("layer", [*LAYERS, *BACKDROP], ids=lambda layer: layer.name)
def test_xlsx_holds_the_whole_layer_in_words(layer: Any, rich_town: Town, tmp_path: Path) -> None:
    path = export(layer.name, tmp_path / "out.xlsx")
    taken = extract(layer, audience=OFFICE, on=TODAY)
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    head, *rows = sheet.iter_rows(values_only=True)
    assert list(head) == [*(column.label for column in taken.columns), "WKT [wgs84]"]
    assert len(rows) == len(taken)
    for index, column in enumerate(taken.columns):
        cells = [getattr(row[index], "date", lambda cell=row[index]: cell)() for row in rows]
        assert [cell or None for cell in cells] == [value or None for value in column.in_words()], column.name
    shapes = shapely.from_wkt([row[-1] for row in rows])
    assert all(shape.equals_exact(other, 1e-8) for shape, other in zip(shapes, taken.geometry, strict=True))
    assert sheet.freeze_panes == "A2"
    if rows:
        assert sheet.auto_filter.ref.startswith("A1:")
    about = [row[0] for row in book["说明"].iter_rows(values_only=True)]
    assert f"图层:{layer.title} ({layer.name})" in about
    assert any("OpenStreetMap contributors" in line for line in about)


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_csv_holds_the_whole_layer_in_words(layer: Any, rich_town: Town, tmp_path: Path) -> None:
    path = export(layer.name, tmp_path / "out.csv")
    taken = extract(layer, audience=OFFICE, on=TODAY)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(taken)
    yes = {True: "是", False: "否", None: ""}
    for column in taken.columns:
        expected = [yes[value] if column.type == "bool" else value for value in column.in_words()]
        texts = ["" if value is None else str(value) for value in expected]
        assert [row[column.label].removeprefix("'") for row in rows] == texts
    note = path.with_name("out.csv.txt").read_text()
    assert f"图层:{layer.title} ({layer.name})" in note
    assert "日期:2026-11-22" in note
    assert "ODbL" in note


# ── Types, names, text ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".zip", ".fgb", ".parquet"])
def test_types_stay_what_they_are(suffix: str, rich_town: Town, tmp_path: Path) -> None:
    path = export("sites", tmp_path / f"out{suffix}")
    if suffix == ".parquet":
        import pyarrow.parquet

        types = {field.name: str(field.type) for field in pyarrow.parquet.read_schema(path)}
        wanted = {
            "capacity": "int64",
            "from_m": "double",
            "sign_board": "bool",
            "season_to": "date32[day]",
            "opens": "time32[ms]",
        }
    else:
        info = pyogrio.read_info(path)
        types = dict(zip(info["fields"], info["ogr_types"], strict=True))
        subtypes = dict(zip(info["fields"], info["ogr_subtypes"], strict=True))
        wanted = {"from_m": "OFTReal", "season_to": "OFTDateTime" if suffix == ".fgb" else "OFTDate"}
        assert types["capacity"] in ("OFTInteger", "OFTInteger64")
        assert subtypes["sign_board"] == "OFSTBoolean"
    assert {name: types[name] for name in wanted} == wanted


def test_xlsx_cells_have_real_types(rich_town: Town, tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(export("sites", tmp_path / "out.xlsx")).worksheets[0]
    head = {cell.value: index for index, cell in enumerate(sheet[1])}
    market = next(row for row in sheet.iter_rows(min_row=2) if row[0].value == "SC-01")
    kinds = {
        label: market[head[label]].data_type
        for label in ("季节开始", "每日开始", "可容纳商贩", "标示牌", "名称")
    }
    assert kinds == {"季节开始": "d", "每日开始": "d", "可容纳商贩": "n", "标示牌": "b", "名称": "inlineStr"} or kinds == {
        "季节开始": "d", "每日开始": "d", "可容纳商贩": "n", "标示牌": "b", "名称": "s",
    }  # fmt: skip
    assert market[head["每日开始"]].value == time(7)
    assert market[head["季节开始"]].value.date() == date(2026, 5, 1)


@pytest.mark.parametrize("suffix", ALL)
def test_rare_characters_are_intact(suffix: str, rich_town: Town, tmp_path: Path) -> None:
    path = export("sites", tmp_path / f"out{suffix}")
    if suffix == ".xlsx":
        names = [row[1] for row in openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True)]
    elif suffix == ".csv":
        names = [row[1] for row in csv.reader(path.open(encoding="utf-8-sig", newline=""))]
    else:
        columns = read(path)[0]
        names = columns["Name" if suffix == ".kml" else "name"]
    assert RARE in names


def test_shapefile_zip_says_utf8_and_tells_which_names_were_cut(rich_town: Town, tmp_path: Path) -> None:
    with zipfile.ZipFile(export("sites", tmp_path / "out.zip")) as archive:
        assert {
            "sites.shp",
            "sites.shx",
            "sites.dbf",
            "sites.prj",
            "sites.cpg",
            "README.txt",
            "gridmgr.json",
        } == set(archive.namelist())
        assert archive.read("sites.cpg") == b"UTF-8"
        readme = archive.read("README.txt").decode("utf-8-sig")
        about = json.loads(archive.read("gridmgr.json"))
    assert "season_fro\tseason_from\t季节开始\t已截短" in readme
    assert "\t\tmarket = 临时瓜果市场" in readme
    assert about["fields"]["season_fro"] == "season_from"
    assert (about["layer"], about["date"], about["datum"], about["demo"]) == (
        "sites",
        "2026-11-22",
        "wgs84",
        False,
    )


def test_names_are_cut_to_ten_bytes_without_clashes() -> None:
    names = ["责任路段起点", "责任路段终点", "season_from_day", "season_from_hour", "SEASON_FRO", "ok"]
    short = short_names(names)
    assert short == {
        "责任路段起点": "责任路",
        "责任路段终点": "责任_1",
        "season_from_day": "season_f_1",
        "season_from_hour": "season_f_2",
        "SEASON_FRO": "SEASON_FRO",
        "ok": "ok",
    }
    assert len({name.lower() for name in short_names([f"长长的名字{i}" for i in range(150)]).values()}) == 150


def test_shapefile_refuses_text_that_it_would_cut(town: Town, tmp_path: Path) -> None:
    town.own.section.note = "备" * 85  # 255 bytes
    town.own.section.save()
    with pytest.raises(Invalid, match=r"最多 254 字节,字段“备注”有 1 个值超长"):
        export("sections", tmp_path / "out.zip")
    assert list(tmp_path.iterdir()) == []


def test_text_cannot_become_a_formula(tmp_path: Path) -> None:
    road = RoadFactory()
    for number, text in enumerate(FORMULAS):
        SiteFactory(code=f"TD-{number}", name=text, road=road, at_m=20 * number)
    sheet = openpyxl.load_workbook(export("sites", tmp_path / "out.xlsx")).worksheets[0]
    cells = [row[1] for row in sheet.iter_rows(min_row=2)]
    assert {cell.data_type for cell in cells} <= {"s", "inlineStr"}
    # A carriage return is kept as Excel keeps it, in an escape that openpyxl leaves to its users.
    assert [unescape(cell.value) for cell in cells] == FORMULAS
    assert all(cell.quotePrefix for cell in cells)
    with export("sites", tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as stream:
        texts = [row["名称"] for row in csv.DictReader(stream)]
    assert texts == [f"'{text}" for text in FORMULAS]
    assert not any(text[0] in "=+-@\t\r＝" for text in texts)
    assert FORMULA.match("普通文字") is None


@pytest.mark.parametrize("suffix", ALL)
def test_text_is_never_taken_for_markup_or_json(suffix: str, tmp_path: Path) -> None:
    road = RoadFactory()
    for number, text in enumerate(ODD_TEXTS):
        SiteFactory(code=f"TD-{number:02}", name=text, road=road, at_m=20 * number)
    path = export("sites", tmp_path / f"out{suffix}")
    if suffix == ".xlsx":
        rows = openpyxl.load_workbook(path).worksheets[0].iter_rows(min_row=2, values_only=True)
        names = [unescape(row[1]) for row in rows]
    elif suffix == ".csv":
        names = [row[1] for row in csv.reader(path.open(encoding="utf-8-sig", newline=""))][1:]
    else:
        names = read(path)[0]["Name" if suffix == ".kml" else "name"]
    if suffix == ".kml":
        ElementTree.parse(path)
        names = [name.replace("�", "\x01") for name in names]  # XML can't hold it
    assert sorted(names) == sorted(ODD_TEXTS)


def test_negative_numbers_in_csv_stay_numbers() -> None:
    from gridmgr.core.layers.sheets import _csv_cell

    assert _csv_cell(-1.5) == -1.5


def test_places_too_long_for_one_cell_run_on_in_the_next(tmp_path: Path) -> None:
    from django.contrib.gis.geos import LineString

    from tests.drawing import SRID, at

    line = LineString([at(index * 0.5, index % 2) for index in range(2000)], srid=SRID)
    RoadFactory(reference_line=line)
    head, row = (
        openpyxl.load_workbook(export("roads", tmp_path / "out.xlsx"))
        .worksheets[0]
        .iter_rows(values_only=True)
    )
    assert head[-2:] == ("WKT [wgs84]", "WKT [wgs84] 2")
    assert max(len(cell) for cell in row[-2:]) <= 32_767
    assert len(shapely.from_wkt("".join(row[-2:])).coords) == 2000


# ── Standards ─────────────────────────────────────────────────────────────────────────────────────────────


def test_geojson_follows_rfc_7946(rich_town: Town, tmp_path: Path) -> None:
    document = json.loads(export("sites", tmp_path / "out.geojson").read_bytes())
    assert "crs" not in document
    assert document["gridmgr"]["datum"] == "wgs84"
    assert document["gridmgr"]["licence"].startswith("ODbL")
    ring = shapely.LinearRing(document["features"][0]["geometry"]["coordinates"][0])
    assert ring.is_ccw
    properties = document["features"][0]["properties"]
    assert properties["sign_board"] is True
    assert isinstance(properties["capacity"], int)
    assert list(tmp_path.iterdir()) == [tmp_path / "out.geojson"]


def test_geojson_in_another_datum_says_so_within_and_beside(rich_town: Town, tmp_path: Path) -> None:
    path = export("sites", tmp_path / "out.geojson", datum="gcj02")
    document = json.loads(path.read_bytes())
    assert (document["gridmgr"]["datum"], document["crs"]) == ("gcj02", None)
    assert "RFC 7946 规定 GeoJSON 用 WGS 84" in (tmp_path / "out.geojson.txt").read_text()
    there = json.loads(export("sites", tmp_path / "zone.geojson", datum="4547").read_bytes())
    assert there["crs"]["properties"]["name"].endswith("4547")


def test_note_beside_goes_when_it_is_no_longer_true(town: Town, tmp_path: Path) -> None:
    export("bays", tmp_path / "out.geojson", datum="gcj02")
    (tmp_path / "other.geojson.txt").write_text("somebody's own words")
    export("bays", tmp_path / "out.geojson")
    export("bays", tmp_path / "other.geojson")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "other.geojson",
        "other.geojson.txt",
        "out.geojson",
    ]


def test_date_before_excel_is_text(town: Town, tmp_path: Path) -> None:
    town.own.branch.founded = date(1899, 5, 4)
    town.own.branch.save()
    sheet = openpyxl.load_workbook(export("branches", tmp_path / "out.xlsx")).worksheets[0]
    assert "1899-05-04" in [cell.value for cell in sheet[2]]


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".zip", ".fgb", ".parquet"])
@pytest.mark.parametrize("code", ["gcj02", "epsg:4526", "cgcs2000"])
def test_file_in_a_named_datum_lies_where_that_datum_says(
    code: str, suffix: str, town: Town, tmp_path: Path
) -> None:
    datum = datum_named(code)
    path = export("bays", tmp_path / f"out{suffix}", datum=code)
    columns, geometry, meta = read(path)
    bay = Bay.objects.get(number=columns["number"][0])
    placed = to_metric(geometry[0], datum)
    assert placed.hausdorff_distance(shapely.from_wkb(bytes(bay.area.wkb))) < 0.001
    if code == "gcj02":
        assert to_metric(geometry[0], datum_named("wgs84")).distance(placed) > 50
        # GDAL reads any GeoJSON as WGS 84; the member `crs` says that it isn't (2008: null means unknown).
        assert meta["crs"] is None or suffix == ".geojson"


def test_geopackage_and_others_tell_where_their_numbers_come_from(town: Town, tmp_path: Path) -> None:
    for suffix in (".gpkg", ".fgb", ".parquet"):
        path = export("bays", tmp_path / f"out{suffix}", filters={"road": [town.own.road.name]})
        if suffix == ".parquet":
            import pyarrow.parquet

            text = pyarrow.parquet.read_metadata(path).metadata[b"gridmgr"].decode()
        else:
            metadata = pyogrio.read_info(path)["layer_metadata"]
            text = metadata["gridmgr" if suffix == ".gpkg" else "DESCRIPTION"]
        about = json.loads(text)
        assert (about["layer"], about["features"], about["date"]) == ("bays", 1, "2026-11-22")
        assert about["restricted_to"] == f"road=['{town.own.road.name}']"
        assert about["data_moment"].endswith("+08:00")
        assert "OpenStreetMap" in about["source"]
    kml = export("bays", tmp_path / "out.kml").read_text()
    assert "OpenStreetMap contributors" in kml


def test_demo_rows_are_told(town: Town, tmp_path: Path) -> None:
    Bay.objects.update(is_demo=True)
    document = json.loads(export("bays", tmp_path / "out.geojson").read_bytes())
    assert document["gridmgr"]["demo"] is True
    export("bays", tmp_path / "out.csv")
    assert "不是真实业务" in (tmp_path / "out.csv.txt").read_text()


def test_kml_is_wgs84_or_refused(town: Town, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"KML 按标准只能用 WGS 84"):
        export("bays", tmp_path / "out.kml", datum="bd09")
    assert list(tmp_path.iterdir()) == []


# ── Which rows ────────────────────────────────────────────────────────────────────────────────────────────


def test_reader_gets_only_what_the_reader_may_see(town: Town, tmp_path: Path) -> None:
    member = Audience(role="member", branch_id=town.own.branch.pk, member_id=town.own.member.pk)
    path = export_layer(layer_named("bays"), tmp_path / "out.gpkg", audience=member, on=TODAY).path
    assert read(path)[0]["number"] == [town.own.bay.number]
    nobody = export_layer(
        layer_named("bays"), tmp_path / "no.gpkg", audience=Audience(role="member"), on=TODAY
    )
    assert (nobody.features, len(read(nobody.path)[1])) == (0, 0)


def test_no_file_holds_a_phone_number(town: Town, tmp_path: Path) -> None:
    for layer in LAYERS:
        content = export(layer.name, tmp_path / f"{layer.name}.geojson").read_text()
        assert not [phone for phone in town.phones if phone in content]


def test_filters_and_box_choose_rows(town: Town, tmp_path: Path) -> None:
    assert read(export("bays", tmp_path / "a.gpkg", filters={"number": "BW-02"}))[0]["number"] == ["BW-02"]
    assert read(export("bays", tmp_path / "b.gpkg", box=rect(0, -50, 1000, 100)))[0]["number"] == [
        "BW-01",
        "BW-02",
    ]
    BayFactory(number="BW-far", road=town.own.road, at_m=900)
    box = rect(890, -50, 50, 100)
    assert read(export("bays", tmp_path / "c.gpkg", box=box))[0]["number"] == ["BW-far"]
    with pytest.raises(Invalid, match=r"没有字段 phone"):
        export("bays", tmp_path / "d.gpkg", filters={"phone": "1"})


@pytest.mark.usefixtures("on_the_day")
@pytest.mark.parametrize("count", [1, 3])
def test_export_takes_one_statement_whatever_it_holds(count: int, tmp_path: Path) -> None:
    road = RoadFactory()
    BayFactory.row(road, count)
    with CaptureQueriesContext(connection) as queries:
        export("bays", tmp_path / "out.gpkg")
    assert len(queries) == 1


# ── All or nothing ────────────────────────────────────────────────────────────────────────────────────────


def test_unknown_suffix_is_refused_with_the_list(town: Town, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"\.gpkg、\.geojson、\.zip、\.kml、\.fgb、\.parquet、\.csv、\.xlsx"):
        export("bays", tmp_path / "out.shp")


def test_target_that_cannot_be_is_refused_in_words(town: Town, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder.csv").mkdir()
    for target, words in [
        (tmp_path / "no" / "out.csv", "不存在"),
        (tmp_path / "file" / "out.csv", "不是文件夹"),
        (tmp_path / "folder.csv", "是文件夹"),
    ]:
        with pytest.raises(CannotWrite, match=words):
            export("bays", target)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.csv"]


@pytest.mark.parametrize("suffix", ALL)
@pytest.mark.parametrize("missing", ["all", "the end"])
def test_full_disk_leaves_the_old_file_and_no_rest(
    suffix: str, missing: str, town: Town, tmp_path: Path
) -> None:
    # A child whose files may not grow beyond a size stands for the full disk: every write beyond it fails.
    BayFactory.row(town.own.road, 60, from_m=200)
    taken = extract(layer_named("bays"), audience=OFFICE, on=TODAY)
    form = next(form for form in FORMATS if form.suffix == suffix)
    path = tmp_path / f"out{suffix}"
    with whole_file(path) as draft:
        form.write(taken, draft)
    limit = 2048 if missing == "all" else path.stat().st_size - 100
    path.write_bytes(b"old")
    assert _exit_code_with_files_up_to(limit, taken, form, path) == WORDED
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


WORDED = 7


def _exit_code_with_files_up_to(limit: int, taken: Extract, form: Format, path: Path) -> int:
    """WORDED when a child that may write files of at most `limit` bytes says that the file can't be written."""
    child = os.fork()
    if child == 0:  # pragma: no cover
        code = 99
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            with whole_file(path) as draft:
                form.write(taken, draft)
        except CannotWrite as error:
            code = WORDED if str(path) in str(error) and "什么都没有留下" in str(error) else 8
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


# ── The command ───────────────────────────────────────────────────────────────────────────────────────────


def test_command_writes_a_branch_as_of_a_day(
    town: Town, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "out.gpkg"
    for name in (
        "roads",
        "branches",
        "sections",
        "schools",
        "bays",
        "panda-lanes",
        "drop-off-points",
        "sites",
    ):
        call_command("export_layer", name, str(path), branch="01", date="2026-11-22")
        assert len(read(path)[1]) == 1, name
    call_command("export_layer", "pitches", str(path), branch="01")
    assert set(read(path)[0]["site_code"]) == {"TD-01"}
    call_command("export_layer", "sections", str(path), date="2019-12-31")
    assert len(read(path)[1]) == 0
    assert "0 个要素,截至 2019-12-31" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"date": "昨天"}, "无法识别"),
        ({"datum": "mars"}, "不认识坐标基准"),
        ({"bbox": "1,2,3"}, "四个数"),
        ({"bbox": "113,38,112,39"}, "西<东"),
        ({"bbox": "nan,38,112,39"}, "西<东"),
        ({"branch": "99"}, "没有编号为 99 的支部"),
    ],
)
def test_command_refuses_in_words(options: dict[str, str], words: str, town: Town, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("export_layer", "bays", str(tmp_path / "out.gpkg"), **options)
    assert list(tmp_path.iterdir()) == []


def test_command_names_the_layers_when_there_is_no_such(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"没有图层 trees"):
        call_command("export_layer", "trees", str(tmp_path / "out.gpkg"))


def test_gcj02_has_no_epsg_code() -> None:
    assert GCJ02.crs is None
