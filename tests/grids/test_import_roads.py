"""import_roads on files drawn here: whole results, nothing written twice, nothing written when a row is bad.

The town of data/crossroads.osm, in metres from the base point:

        320 ──────── 支巷 ──···断头巷        高架路 (x = 450) flies over all of it
             │南路 (x = 300)                 断头巷: a node is missing between x = 560 and 640
         20 ←┼──────── 东街, northern half
          0 →┼──────── 东街, southern half, x = 0 … 600
             │
       -300  ○ a roundabout without a name
"""

import json
import math
import os
import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import shapely
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gridmgr.core.changes import history_of
from gridmgr.core.history import event_model
from gridmgr.core.layers.models import DataChange
from grids.domain.network import derive_road
from grids.importers import import_backdrop, import_roads, road_network
from grids.models import Assignment, Backdrop, Carriageway, Crossing, Kerb, MemberAssignment, Road, RoadGap
from parking.models import Bay
from tests.core.importing.files import EAST, NORTH, degrees, feature, geojson, named_crs, table
from tests.drawing import BASE, stretch
from tests.factories import AssignmentFactory, BayFactory, BranchFactory, ShareFactory

TOWN = Path(__file__).parent / "data" / "crossroads.osm"
TABLES = (Road, Carriageway, Kerb, RoadGap, Crossing, Assignment, MemberAssignment, Bay, Backdrop)

pytestmark = pytest.mark.django_db


def counts() -> dict[str, int]:
    """Rows of every table that an import may touch, and of the record of changes."""
    rows = {model.__name__: model._default_manager.count() for model in TABLES}
    return {**rows, "events": event_model(Road).objects.count(), "changes": DataChange.objects.count()}


def run(*args: Any, **options: Any) -> str:
    """The command's output; raises what the command raises."""
    out = StringIO()
    call_command("import_roads", *map(str, args), stdout=out, **options)
    return out.getvalue()


def drawn(line: Any) -> list[tuple[int, int]]:
    """A stored line in whole metres from the base point."""
    return [(round(x - BASE[0]), round(y - BASE[1])) for x, y in line.coords]


# ── What comes out ────────────────────────────────────────────────────────────────────────────────────────


def test_town_becomes_roads_with_class_width_and_line() -> None:
    import_roads(TOWN)
    fields = ("name", "name_en", "road_class", "carriageway_kind", "width_m", "width_origin")
    assert list(Road.objects.order_by("pk").values_list(*fields)) == [
        ("东街", "East Street", "arterial", "dual", 21.0, "lanes"),  # two halves of three lanes of 3.5 m
        ("南路", "", "secondary", "two_way", 13.0, "measured"),
        ("支巷", "", "local", "two_way", 7.0, "class_default"),  # its lanes "2;3" nobody can read
        ("断头巷", "", "local", "two_way", 7.0, "class_default"),
        ("高架路", "", "expressway", "one_way", 10.5, "class_default"),
    ]
    lines = {road.name: drawn(road.reference_line) for road in Road.objects.all()}
    assert (lines["东街"][0], lines["东街"][-1]) == ((0, 10), (600, 10))  # midway, from west to east
    assert (lines["南路"][0], lines["南路"][-1]) == ((300, 320), (300, -300))  # from north to south
    assert {road.name: round(road.length_m) for road in Road.objects.all()} == {
        "东街": 600,
        "南路": 620,
        "支巷": 200,
        "断头巷": 200,
        "高架路": 620,
    }


def test_town_becomes_carriageways_named_or_not() -> None:
    import_roads(TOWN)
    fields = (
        "source_id",
        "road__name",
        "highway",
        "is_link",
        "oneway",
        "lanes",
        "width_m",
        "bridge",
        "level",
    )
    assert list(Carriageway.objects.order_by("pk").values_list(*fields)) == [
        ("osm:101", "东街", "primary", False, "yes", 3, 10.5, False, 0),
        ("osm:102", "东街", "primary", False, "yes", 3, 10.5, False, 0),
        ("osm:103", "南路", "secondary", False, "no", None, 13.0, False, 0),
        ("osm:104", "高架路", "trunk", False, "-1", None, 10.5, True, 1),
        ("osm:105", "支巷", "residential", False, "no", None, 7.0, False, 0),
        ("osm:106", None, "tertiary", False, "yes", None, 6.5, False, 0),  # a roundabout is one-way
        ("osm:109", None, "secondary", True, "no", None, 6.5, False, 0),
        ("osm:111/1", "断头巷", "residential", False, "no", None, 7.0, False, 0),
        ("osm:111/2", "断头巷", "residential", False, "no", None, 7.0, False, 0),
        ("osm:112", None, "motorway", False, "yes", None, 10.5, False, 0),  # a motorway is one-way
    ]


def test_town_has_its_gap_its_kerbs_and_its_crossings() -> None:
    import_roads(TOWN)
    [gap] = RoadGap.objects.all()
    assert gap.road.name == "断头巷"
    assert (round(gap.stretch.lower), round(gap.stretch.upper)) == (60, 140)
    sides = sorted(Kerb.objects.filter(road__name="东街").values_list("side", flat=True))
    assert sides == ["left", "right"]
    south = Kerb.objects.get(road__name="东街", side="right")
    assert all(y == -5 for _x, y in drawn(south.line))  # the southern half's centre, 0, less half of 10.5 m
    assert Kerb.objects.filter(road__name="断头巷").count() == 4  # cut at the gap, on both sides
    met = Crossing.objects.order_by("road__name", "at_m").values_list("road__name", "other__name", "at_m")
    assert sorted((road, other, round(at)) for road, other, at in met) == [
        ("东街", "南路", 300),
        ("南路", "东街", 310),  # y = 320 is its metre 0; it meets the halves at y = 20 and y = 0
        ("南路", "支巷", 0),
        ("支巷", "南路", 0),
        ("支巷", "断头巷", 200),
        ("断头巷", "支巷", 0),
    ]  # and the flyover meets nobody, though it ends right above 支巷


def test_what_is_no_road_is_counted() -> None:
    report = import_roads(TOWN)
    assert report.left_out == {"footway": 1, "construction": 1, "area=yes": 1, "tank_trap": 1}
    assert report.notes == ["字段 lanes 有 1 个读不懂的值,按未填写处理"]
    assert report.counts["roads"] == {"created": 5, "updated": 0, "unchanged": 0}
    assert report.counts["ways"] == {"created": 10, "updated": 0, "unchanged": 0}
    assert report.totals["right"] == 5


def test_report_is_printed_and_written_as_json(tmp_path: Path) -> None:
    out = run(TOWN, json=str(tmp_path / "report.json"))
    assert "新增  断头巷  等级 local,路线 2,长度(米) 200.0,断档 1,断档长度(米) 80.0" in out
    assert out.rstrip().endswith("已写入。")
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    east = next(item for item in report["items"] if item["name"] == "东街")
    assert east == {
        "name": "东街",
        "outcome": "created",
        "figures": {
            "class": "arterial",
            "ways": 2,
            "length_m": 600.0,
            "gaps": 0,
            "gap_m": 0,
            "covered_share": 1.0,
            "beside_itself_m": 0.0,
            "right": True,
            "left_out": [],
        },
    }


def test_chinese_class_words_and_fields_are_understood(tmp_path: Path) -> None:
    words = ["快速路", "主干道", "次干路", "支路"]
    lines = [[(0, y), (500, y)] for y in (0, 300, 600, 900)]
    columns: dict[str, Any] = {
        "道路名称": ["甲路", "乙路", "丙路", "丁路"],
        "道路等级": words,
        "车道数": [6, 4, 2, 1],
    }
    run(table(tmp_path / "城.shp", lines, columns, srid=4526, encoding="GBK"))
    assert list(Road.objects.order_by("pk").values_list("name", "road_class", "width_m")) == [
        ("丁路", "local", 3.2),  # one lane of 3.25 m
        ("丙路", "secondary", 6.5),
        ("乙路", "arterial", 14.0),
        ("甲路", "expressway", 21.0),
    ]
    assert sorted(Carriageway.objects.values_list("highway", flat=True)) == sorted(words)


def test_geofabrik_shapefile_says_one_way_in_its_own_letters(tmp_path: Path) -> None:
    lines = [[(0, y), (500, y)] for y in (0, 300, 600)]
    columns = {
        "name": ["甲路", "乙路", "丙路"],
        "fclass": ["primary"] * 3,
        "oneway": ["F", "T", "B"],
        "osm_id": ["1", "2", "3"],
    }
    run(table(tmp_path / "gis_osm_roads_free_1.shp", lines, columns, encoding="UTF-8"))
    assert list(Carriageway.objects.order_by("osm_id").values_list("oneway", flat=True)) == [
        "yes",
        "-1",
        "no",
    ]


def test_fields_with_unusual_names_are_named(tmp_path: Path) -> None:
    path = geojson(
        tmp_path / "r.geojson", feature(EAST, **{"name": ..., "class": ..., "L": "甲路", "G": "primary"})
    )
    with pytest.raises(CommandError, match="有这些字段:L、G。请用 --name-field"):
        run(path)
    with pytest.raises(CommandError, match="有这些字段:L、G。请用 --class-field"):
        run(path, name_field="L")
    run(path, name_field="L", class_field="G")
    assert Road.objects.get().name == "甲路"


def test_invisible_marks_are_taken_out_of_names(tmp_path: Path) -> None:
    run(geojson(tmp_path / "r.geojson", feature(EAST, name="\ufeff 东\u200b街\u202e ")))
    assert Road.objects.get().name == "东街"


def test_class_is_that_of_most_metres(tmp_path: Path) -> None:
    secondary, primary = [(0, 0), (400, 0)], [(400, 0), (1000, 0)]
    run(geojson(tmp_path / "r.geojson", feature(secondary, **{"class": "secondary"}), feature(primary)))
    assert Road.objects.get().road_class == "arterial"


def test_multiline_is_split_into_parts(tmp_path: Path) -> None:
    row = feature(EAST)
    row["geometry"] = {
        "type": "MultiLineString",
        "coordinates": [degrees((0, 0), (400, 0)), degrees((400, 0), (900, 0))],
    }
    run(geojson(tmp_path / "r.geojson", row))
    ids = list(Carriageway.objects.order_by("pk").values_list("source_id", flat=True))
    assert [each[-2:] for each in ids] == ["/1", "/2"]
    assert ids[0].startswith("sha:")
    assert round(Road.objects.get().length_m) == 900


# ── Again ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_second_run_writes_nothing_at_all() -> None:
    import_roads(TOWN)
    before = counts()
    with CaptureQueriesContext(connection) as queries:
        report = import_roads(TOWN)
    assert [
        query["sql"]
        for query in queries
        if query["sql"].lstrip().split()[0] in ("INSERT", "UPDATE", "DELETE")
    ] == []
    assert counts() == before
    assert {item.outcome for item in report.items} == {"unchanged"}
    assert report.changes == 0
    assert "没有改动" in run(TOWN)


def test_same_ways_from_another_format_change_nothing() -> None:
    import_roads(TOWN)
    before = counts()
    report = import_roads(TOWN.with_suffix(".osm.pbf"), skip_refused=True)
    changed = {item.name for item in report.items if item.outcome != "unchanged"}
    assert changed == {"断头巷"}  # GDAL bridges the missing node; all else is the same to the last digit
    assert counts()["events"] == before["events"] + 1


def test_changed_attribute_updates_the_way_and_its_road_only(tmp_path: Path) -> None:
    rows = [feature(EAST, osm_id=1, lanes=2), feature(NORTH, osm_id=2, name="北路")]
    run(geojson(tmp_path / "r.geojson", *rows))
    rows[0]["properties"]["lanes"] = 4
    report = import_roads(geojson(tmp_path / "r.geojson", *rows))
    assert {item.name: item.outcome for item in report.items} == {"东街": "updated", "北路": "unchanged"}
    assert report.counts["ways"] == {"created": 0, "updated": 1, "unchanged": 1}
    assert Road.objects.get(name="东街").width_m == 14.0
    assert event_model(Road).objects.filter(pgh_label="update").count() == 1


def test_what_is_not_in_the_file_stays(tmp_path: Path) -> None:
    import_roads(TOWN)
    before = set(Carriageway.objects.values_list("source_id", flat=True))
    run(geojson(tmp_path / "r.geojson", feature([(600, 0), (900, 0)], osm_id=900, oneway="yes", lanes=3)))
    assert set(Carriageway.objects.values_list("source_id", flat=True)) == before | {"osm:900"}
    # The road is derived from all its ways, stored and new: 900 m, and a little for going over from midway between
    # the halves, y = 10, to the lone way at y = 0.
    assert Road.objects.get(name="东街").length_m == pytest.approx(901, abs=1)


def test_renamed_way_leaves_its_old_road(tmp_path: Path) -> None:
    rows = [feature([(0, 0), (400, 0)], osm_id=1), feature([(400, 0), (900, 0)], osm_id=2)]
    run(geojson(tmp_path / "r.geojson", *rows))
    rows[1]["properties"]["name"] = "新东街"
    run(geojson(tmp_path / "r.geojson", rows[1]))
    assert {road.name: round(road.length_m) for road in Road.objects.all()} == {"东街": 400, "新东街": 500}
    assert list(Crossing.objects.order_by("pk").values_list("road__name", "at_m")) == [
        ("东街", 400.0),
        ("新东街", 0.0),
    ]


def test_the_same_line_without_an_id_is_the_same_way(tmp_path: Path) -> None:
    with_id, without = feature(EAST, osm_id=1, lanes=4), feature(EAST)
    run(geojson(tmp_path / "a.geojson", with_id))
    assert "1 条无编号的路线与库中同名路线完全重合" in run(geojson(tmp_path / "b.geojson", without))
    assert Carriageway.objects.get().lanes == 4


def test_a_way_learns_its_id(tmp_path: Path) -> None:
    run(geojson(tmp_path / "b.geojson", feature(EAST)))
    run(geojson(tmp_path / "a.geojson", feature(EAST, osm_id=1)))
    assert Carriageway.objects.get().source_id == "osm:1"


def test_history_names_command_file_and_user() -> None:
    import_roads(TOWN)
    [change] = history_of(Road.objects.get(name="东街"))
    event = event_model(Road).objects.get(name="东街")
    assert change.way == "import_roads"
    assert event.pgh_context.metadata["file"] == "crossroads.osm"
    assert "os_user" in event.pgh_context.metadata


def test_source_is_kept_on_the_road(tmp_path: Path) -> None:
    run(TOWN)
    assert Road.objects.get(name="东街").source == "crossroads.osm"
    run(TOWN, source="© OpenStreetMap contributors")
    assert set(Road.objects.values_list("source", flat=True)) == {"© OpenStreetMap contributors"}
    before = counts()
    run(TOWN)
    assert counts() == before


def test_dry_run_reports_and_writes_nothing() -> None:
    before = counts()
    report = import_roads(TOWN, dry_run=True)
    assert (report.written, report.counts["roads"]["created"]) == (False, 5)
    assert "试运行" in run(TOWN, dry_run=True)
    assert counts() == before


# ── What is refused ───────────────────────────────────────────────────────────────────────────────────────


def _text(name: str, text: str | bytes) -> Callable[[Path], Path]:
    def build(folder: Path) -> Path:
        (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
        return folder / name

    return build


def _rows(*rows: Any, **members: Any) -> Callable[[Path], Path]:
    return lambda folder: geojson(folder / "r.geojson", feature(EAST, name="好路"), *rows, **members)


def _row(**properties: Any) -> Callable[[Path], Path]:
    return _rows(feature(NORTH, **properties))


def _geometry(member: Any) -> Callable[[Path], Path]:
    return _rows({**feature(NORTH), "geometry": member})


def _line(*coordinates: Any) -> Callable[[Path], Path]:
    return _geometry({"type": "LineString", "coordinates": list(coordinates)})


def _number_text(word: str) -> Callable[[Path], Path]:
    """A GeoJSON file with `word` where a coordinate should be."""

    def build(folder: Path) -> Path:
        path = geojson(folder / "r.geojson", feature(EAST, name="好路"), feature([(0, 9), (9, 9)]))
        path.write_text(path.read_text().replace(str(degrees((9, 9))[0][0]), word))
        assert word in path.read_text()
        return path

    return build


def _gpkg(*lines: Any, srid: int | None = 4326, **columns: Any) -> Callable[[Path], Path]:
    columns = columns or {"name": ["甲路"] * len(lines), "class": ["primary"] * len(lines)}

    def build(folder: Path) -> Path:
        return table(folder / "r.gpkg", lines, columns, srid=srid, geometry_type="Unknown", layer="roads")

    return build


def _shapefile(*, without: str = "", srid: int = 4490) -> Callable[[Path], Path]:
    def build(folder: Path) -> Path:
        path = table(
            folder / "r.shp", [EAST], {"name": ["甲路"], "class": ["primary"]}, srid=srid, encoding="UTF-8"
        )
        path.with_suffix(without).unlink() if without else None
        return path

    return build


def _pipe(folder: Path) -> Path:
    os.mkfifo(folder / "r.geojson")
    return folder / "r.geojson"


SWAPPED = [[lat, lon] for lon, lat in degrees(*EAST)]
FAR = shapely.LineString([(121.47, 31.23), (121.48, 31.23)])

BAD = {
    "no such file": (lambda folder: folder / "none.geojson", {}, "找不到文件 .*none.geojson"),
    "a name too long for any file": (
        lambda folder: folder / ("长" * 300 + ".geojson"),
        {},
        "读不了文件 .*File name too long",
    ),
    "a name with NUL": (lambda folder: folder / "r\0.geojson", {}, "读不了文件"),
    "a pipe": (_pipe, {}, "不是普通文件"),
    "a folder": (lambda folder: folder, {}, "是文件夹"),
    "an empty file": (_text("r.geojson", ""), {}, "空文件"),
    "an unknown format": (_text("r.dwg", "AC1027"), {}, "不认识文件 .*r.dwg 的格式.*\\.gpkg"),
    "not JSON": (_text("r.geojson", "{"), {}, "不是有效的 JSON"),
    "JSON nested without end": (_text("r.geojson", "[" * 100_000), {}, "不是有效的 JSON"),
    "JSON of another kind": (_text("r.geojson", "[]"), {}, "不是 GeoJSON FeatureCollection"),
    "GeoJSON in GBK": (_text("r.geojson", '{"路名": 1}'.encode("gbk")), {}, "不是 UTF-8"),
    "a text called .shp": (_text("r.shp", "name,x,y\n"), {}, "不是 Shapefile"),
    "a text called .gpkg": (_text("r.gpkg", "name,x,y\n"), {}, "不是 GeoPackage"),
    "a broken GeoPackage": (_text("r.gpkg", b"SQLite format 3\0" + b"\1" * 4000), {}, "读不了 .*r.gpkg"),
    "a text called .osm": (_text("r.osm", "name,x,y\n"), {}, "不是有效的 OSM XML"),
    "a cut .osm": (_text("r.osm", TOWN.read_bytes()[:2000]), {}, "不是有效的 OSM XML"),
    "XML of another kind": (_text("r.osm", "<gpx/>"), {}, "根元素是 <gpx>"),
    "an XML bomb": (
        _text("r.osm", '<!DOCTYPE osm [<!ENTITY a "b">]><osm>&a;</osm>'),
        {},
        "不是有效的 OSM XML",
    ),
    "a text called .pbf": (_text("r.osm.pbf", "name,x,y, and so on for a while"), {}, "不是 OSM PBF"),
    "a cut .pbf": (_text("r.osm.pbf", TOWN.with_suffix(".osm.pbf").read_bytes()[:300]), {}, "r.osm.pbf"),
    "no .shx": (_shapefile(without=".shx"), {}, "缺少 r.shx"),
    "no .dbf": (_shapefile(without=".dbf"), {}, "缺少 r.dbf"),
    "no .prj": (_shapefile(without=".prj"), {}, "没有写明坐标系.*--crs"),
    "no CRS in a GeoPackage": (_gpkg(EAST, srid=None), {}, "没有写明坐标系.*--crs"),
    "crs null in GeoJSON": (_rows(crs=None), {}, "没有写明坐标系.*--crs"),
    "an unreadable crs member": (_rows(crs="4326"), {}, "crs 成员读不懂"),
    "an unknown CRS in the file": (_rows(crs=named_crs(99999)), {}, "不认识坐标系 .*99999"),
    "an unknown --crs": (_rows(), {"crs": "EPSG:99999"}, "不认识坐标系 EPSG:99999"),
    "a --crs that is no CRS": (_rows(), {"crs": "北京54"}, "不认识坐标系 北京54"),
    "--crs against the file's": (
        _rows(crs=named_crs(4490)),
        {"crs": "EPSG:4547"},
        "EPSG:4490,与 --crs EPSG:4547 矛盾",
    ),
    "another city": (_gpkg(FAR), {}, r"位于 121\.47–121\.48°E.*本市\(EPSG:4547\)为 111\.50–116\.50°E"),
    "another city's CRS": (_gpkg(EAST), {"crs": "EPSG:4548"}, "与 --crs EPSG:4548 矛盾"),
    "lat before lon": (
        _text(
            "r.geojson",
            json.dumps(
                {
                    "type": "FeatureCollection",
                    "features": [
                        {**feature(EAST), "geometry": {"type": "LineString", "coordinates": SWAPPED}}
                    ],
                }
            ),
        ),
        {},
        "坐标轴颠倒",
    ),
    "northing before easting": (
        _gpkg(shapely.LineString([(4190000, 400000), (4190000, 401000)]), srid=4547),
        {},
        "坐标轴颠倒",
    ),
    "metres in a file of degrees": (
        _gpkg(shapely.LineString([(400000, 4190000), (401000, 4190000)])),
        {},
        "以米计的投影坐标",
    ),
    "easting without its zone": (
        _gpkg(shapely.LineString([(400000, 4190000), (401000, 4190000)]), srid=4526),
        {},
        "东坐标没有带号.*EPSG:4547",
    ),
    "easting with its zone": (
        _gpkg(shapely.LineString([(38400000, 4190000), (38401000, 4190000)]), srid=4547),
        {},
        "东坐标带有带号.*EPSG:4526",
    ),
    "a wrong layer": (_gpkg(EAST), {"layer": "railways"}, "没有图层 railways.*roads"),
    "a layer of GeoJSON": (_rows(), {"layer": "railways"}, "没有图层 railways,只有图层 r"),
    "a layer of points": (
        lambda folder: table(
            folder / "r.gpkg",
            [shapely.Point(112.8, 37.8)],
            {"name": ["站"]},
            layer="stops",
            geometry_type="Point",
        ),
        {},
        "没有 LineString、MultiLineString 图层.*stops",
    ),
    "a layer of points by name": (
        lambda folder: table(
            folder / "r.gpkg",
            [shapely.Point(112.8, 37.8)],
            {"name": ["站"]},
            layer="stops",
            geometry_type="Point",
        ),
        {"layer": "stops"},
        "图层 stops 不是 LineString",
    ),
    "no feature": (_text("r.geojson", '{"type": "FeatureCollection", "features": []}'), {}, "没有任何要素"),
    "no road among them": (
        lambda folder: geojson(folder / "r.geojson", feature(EAST, **{"class": "footway"})),
        {},
        "没有机动车道路",
    ),
    "no field for the name": (
        lambda folder: geojson(folder / "r.geojson", feature(EAST, name=...)),
        {},
        "找不到道路名称字段。有这些字段:class",
    ),
    "no field for the class": (
        lambda folder: geojson(folder / "r.geojson", feature(EAST, **{"class": ...})),
        {},
        "找不到道路等级字段。有这些字段:name",
    ),
    "a field that is not there": (_rows(), {"name_field": "路"}, "没有字段 路.*有这些字段:name、class"),
}

BAD_ROWS = {
    "no geometry": (_geometry(None), "几何", "没有几何"),
    "an empty line": (_line(), "几何", "几何为空"),
    "one point": (_line(degrees((0, 9))[0]), "几何", "少于两个不同的点"),
    "the same point twice": (_line(*degrees((0, 9), (0, 9))), "几何", "少于两个不同的点"),
    "two points within a millimetre": (_line(*degrees((0, 9), (0.0001, 9))), "几何", "少于两个不同的点"),
    "a third dimension": (
        _line(*[[*each, 780.5] for each in degrees(*NORTH)]),
        "几何",
        "三维几何.*ogr2ogr -dim XY",
    ),
    "NaN": (_number_text("NaN"), "几何", "NaN 或 Infinity"),
    "Infinity": (_number_text("-Infinity"), "几何", "NaN 或 Infinity"),
    "a number too large to be one": (_number_text("1e999"), "几何", "NaN 或 Infinity"),
    "text for a number": (_line(["112.8", 37.8], [112.9, 37.8]), "几何", "不是两个数字"),
    "a lone coordinate": (_line([112.8], [112.9]), "几何", "不是两个数字"),
    "coordinates of the wrong depth": (_line(1, 2), "几何", "层数不对"),
    "a point": (
        _geometry({"type": "Point", "coordinates": degrees((0, 0))[0]}),
        "几何",
        "几何类型应为 LineString、MultiLineString",
    ),
    "an unknown type": (_geometry({"type": "Arc", "coordinates": []}), "几何", "不是 GeoJSON 的类型"),
    "a collection": (_geometry({"type": "GeometryCollection", "geometries": []}), "几何", "几何类型应为"),
    "not a feature": (_rows(42), "几何", "不是 GeoJSON Feature"),
    "the same OSM id": (
        _rows(feature(NORTH, osm_id=7), feature([(0, 9), (9, 9)], osm_id="way/7")),
        "osm_id",
        "与第 2 行重复",
    ),
    "the same id": (_rows(feature(NORTH, id=7), feature([(0, 9), (9, 9)], id=7)), "id", "与第 2 行重复"),
    "the same feature id": (
        _rows({**feature(NORTH), "id": 7}, {**feature([(0, 9), (9, 9)]), "id": 7}),
        "编号",
        "与第 2 行重复",
    ),
    "the same name and line": (_rows(feature(EAST, name="好路")), "名称和几何", "与第 1 行重复"),
    "an OSM id that is none": (_row(osm_id="abc"), "osm_id", "不是 OSM 路线编号"),
    "an unknown class": (_row(**{"class": "大道"}), "class", "不认识的等级。可用:.*主干路"),
    "no class": (_row(**{"class": None}), "class", "没有填写等级"),
    "a name too long": (_row(name="长" * 121), "name", "121 个字,最多 120 个"),
    "a name with a line feed": (_row(name="东\n街"), "name", "控制字符"),
    "a NUL in a name": (_row(name="东\0街"), "name", "控制字符"),
    "a name that is half a character": (_row(name="东\ud800街"), "name", "控制字符"),
    "a name that is a list": (_row(name=["东街"]), "name", "名称应为文字"),
    "a name that is NaN": (_row(name=math.nan), "name", "名称应为文字"),
    "an English name too long": (_row(name_en="x" * 161), "name_en", "161 个字,最多 160 个"),
    "no lanes at all": (_row(lanes=0), "lanes", "1 至 40 的整数"),
    "lanes below none": (_row(lanes=-2), "lanes", "1 至 40 的整数"),
    "absurdly many lanes": (_row(lanes=400), "lanes", "1 至 40 的整数"),
    "half a lane": (_row(lanes=2.5), "lanes", "1 至 40 的整数"),
    "lanes in words": (_row(lanes="双"), "lanes", "不是数字"),
    "lanes in a list": (_row(lanes=[2]), "lanes", "不是数字"),
    "an absurd width": (_row(width_m=1500), "width_m", "1.0 至 150.0 米"),
    "a width below nothing": (_row(width_m=-7), "width_m", "1.0 至 150.0 米"),
    "a width of infinity": (_row(width_m="inf"), "width_m", "不是数字"),
    "an absurd level": (_row(layer=99999), "layer", "-20 至 20"),
    "a one-way nobody understands": (_row(oneway="maybe"), "oneway", "读不懂单行值"),
    "a third dimension in a GeoPackage": (
        _gpkg(EAST, shapely.LineString([(112.8, 37.8, 1), (112.9, 37.8, 1)])),
        "几何",
        "三维几何",
    ),
    "NaN in a GeoPackage": (
        _gpkg(EAST, shapely.LineString([(112.8, math.nan), (112.9, 37.8)])),
        "几何",
        "NaN 或 Infinity",
    ),
    "null in a GeoPackage": (_gpkg(EAST, None), "几何", "没有几何"),
    "empty in a GeoPackage": (_gpkg(EAST, shapely.LineString()), "几何", "几何为空"),
}


def stock(folder: Path) -> Path:
    """A file of one road, so that there is something that a bad import could spoil."""
    return geojson(folder / "stock.geojson", feature(EAST, name="好路", osm_id=1))


@pytest.mark.parametrize("case", BAD)
def test_bad_file_is_refused_in_words_and_nothing_is_written(tmp_path: Path, case: str) -> None:
    build, options, message = BAD[case]
    import_roads(stock(tmp_path))
    before = counts()
    with pytest.raises(CommandError, match=message) as refusal:
        run(build(tmp_path), **options)
    assert refusal.value.returncode == 1
    assert counts() == before


@pytest.mark.parametrize("case", BAD_ROWS)
def test_bad_row_is_refused_in_words_and_nothing_is_written(tmp_path: Path, case: str) -> None:
    build, field, reason = BAD_ROWS[case]
    import_roads(stock(tmp_path))
    before = counts()
    path = build(tmp_path)
    out = StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("import_roads", str(path), stdout=out, json=str(tmp_path / "report.json"))
    assert end.value.code == 1
    assert counts() == before
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    [refusal] = report["refused"]
    assert refusal["row"] == report["rows_read"]
    assert refusal["field"] == field
    assert re.search(reason, refusal["reason"])
    assert f"拒绝第 {refusal['row']} 行" in out.getvalue()
    assert "什么都没有写入" in out.getvalue()
    assert not report["written"]


def test_good_rows_are_written_when_asked_and_the_report_says_so(tmp_path: Path) -> None:
    path = geojson(tmp_path / "r.geojson", feature(EAST, name="好路"), feature(NORTH, lanes=400))
    out = run(path, skip_refused=True)
    assert list(Road.objects.values_list("name", flat=True)) == ["好路"]
    assert "拒绝第 2 行(编号 —),字段 lanes,值 400" in out
    assert "已写入;1 行被拒绝" in out


def test_only_bad_rows_write_nothing_even_when_skipped(tmp_path: Path) -> None:
    run(geojson(tmp_path / "r.geojson", feature(NORTH, lanes=400)), skip_refused=True)
    assert not Road.objects.exists()


def test_database_refusal_speaks_in_words(tmp_path: Path) -> None:
    """A constraint that the checks at the door don't know of: here one added to the table for the occasion."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE grids_road ADD CONSTRAINT no_east CHECK (name <> '东街')")
    before = counts()
    with pytest.raises(CommandError, match=r"什么都没有写入\(约束 no_east"):
        run(geojson(tmp_path / "r.geojson", feature(EAST)))
    assert counts() == before


def test_road_that_no_line_can_be_derived_for_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No input is known that does this; the derivation is broken here for one name, to see the rest go on."""

    def derive(name: str, ways: Any) -> Any:
        if name == "乱路":
            raise ValueError("no medial axis")
        return derive_road(name, ways)

    monkeypatch.setattr(road_network, "derive_road", derive)
    path = geojson(tmp_path / "r.geojson", feature(EAST), feature(NORTH, name="乱路"))
    before = counts()
    report = import_roads(path)
    assert [(refusal.row, refusal.value) for refusal in report.refused] == [(2, "乱路")]
    assert "no medial axis" in report.refused[0].reason
    assert counts() == before
    assert import_roads(path, skip_refused=True).written
    assert [way.name for way in Carriageway.objects.all()] == ["东街"]


# ── What stands on a road whose line changes ──────────────────────────────────────────────────────────────


def _road_with_things(tmp_path: Path) -> Road:
    """东街, 1,000 m, with a section 200–800, a member's share 200–500 of it, and two bays on either side."""
    run(geojson(tmp_path / "r.geojson", feature(EAST, osm_id=1)))
    road = Road.objects.get()
    section = AssignmentFactory(road=road, stretch=stretch(200, 800))
    ShareFactory(assignment=section, stretch=stretch(200, 500))
    for side in ("left", "right"):
        BayFactory(road=road, side=side, stretch=stretch(300, 306))
        BayFactory(road=road, side=side, stretch=stretch(306, 312))
    return road


def _stretches(model: Any) -> list[tuple[float, float]]:
    return [(float(row.stretch.lower), float(row.stretch.upper)) for row in model.objects.order_by("pk")]


def test_changed_line_under_things_is_refused_with_their_number(tmp_path: Path) -> None:
    _road_with_things(tmp_path)
    before = counts()
    longer = geojson(tmp_path / "r.geojson", feature([(-100, 0), (1000, 0)], osm_id=1))
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("import_roads", str(longer), stdout=out)
    assert "参考线变了,路上有 6 处" in out.getvalue()  # section, share, four bays
    assert "--remeasure" in out.getvalue()
    assert counts() == before
    assert round(Road.objects.get().length_m) == 1000


def test_refused_road_is_left_out_and_the_rest_written(tmp_path: Path) -> None:
    _road_with_things(tmp_path)
    rows = [feature([(-100, 0), (1000, 0)], osm_id=1), feature([(0, 500), (400, 500)], osm_id=2, name="新路")]
    run(geojson(tmp_path / "r.geojson", *rows), skip_refused=True)
    assert {road.name: round(road.length_m) for road in Road.objects.all()} == {"东街": 1000, "新路": 400}
    assert round(Carriageway.objects.get(source_id="osm:1").line.length) == 1000


def test_remeasure_keeps_things_in_place(tmp_path: Path) -> None:
    # The road now begins 100 m farther west: every metre counts 100 more.
    road = _road_with_things(tmp_path)
    out = run(geojson(tmp_path / "r.geojson", feature([(-100, 0), (1000, 0)], osm_id=1)), remeasure=True)
    assert "随参考线改写里程:6" in out
    assert _stretches(Assignment) == [(300, 900)]
    assert _stretches(MemberAssignment) == [(300, 600)]
    assert _stretches(Bay) == [(400, 406), (406, 412), (400, 406), (406, 412)]
    assert [bay.side for bay in Bay.objects.order_by("pk")] == ["left", "left", "right", "right"]
    road.refresh_from_db()
    assert round(road.length_m) == 1100


def test_road_that_grows_at_its_end_moves_nothing(tmp_path: Path) -> None:
    _road_with_things(tmp_path)
    run(geojson(tmp_path / "r.geojson", feature([(0, 0), (1300, 0)], osm_id=1)))
    assert _stretches(Assignment) == [(200, 800)]
    assert round(Road.objects.get().length_m) == 1300


def test_line_that_turns_round_changes_sides(tmp_path: Path) -> None:
    # First a road that runs more to the east than to the north, so it starts in the west; then it grows northwards at
    # its eastern end, runs more to the north, and starts in the north: what was left of it is now on its right.
    run(geojson(tmp_path / "r.geojson", feature([(0, 0), (1000, 0)], osm_id=1)))
    road = Road.objects.get()
    section = AssignmentFactory(road=road, stretch=stretch(200, 800))
    ShareFactory(assignment=section, stretch=stretch(200, 500))
    ShareFactory(assignment=section, member=MemberAssignment.objects.get().member, stretch=stretch(500, 800))
    BayFactory(road=road, side="left", stretch=stretch(300, 306))
    BayFactory(road=road, side="right", stretch=stretch(600, 606))
    run(geojson(tmp_path / "r.geojson", feature([(0, 0), (1000, 0), (1000, 1500)], osm_id=1)), remeasure=True)
    road.refresh_from_db()
    assert drawn(road.reference_line)[0] == (1000, 1500)
    assert _stretches(Assignment) == [(1700, 2300)]  # 1500 + 1000 - 800 … 2500 - 200
    assert _stretches(MemberAssignment) == [(2000, 2300), (1700, 2000)]
    assert [(bay.side, *_stretches(Bay)[i]) for i, bay in enumerate(Bay.objects.order_by("pk"))] == [
        ("right", 2194, 2200),
        ("left", 1894, 1900),
    ]


def test_things_that_change_places_on_a_turned_line_do_so(tmp_path: Path) -> None:
    # A diagonal that runs 1,000 m east and 1,000 m north starts in the west; with 1,010 m north it starts in the north.
    # On the turned line, √(1000² + 1010²) = 1421.3 m long, metre m becomes 1421.3 - m·cos 0.29° = 1421.3 - m: the two
    # shares 400–700 and 700–1000 each go where the other was.
    run(geojson(tmp_path / "r.geojson", feature([(0, 0), (1000, 1000)], osm_id=1)))
    section = AssignmentFactory(road=Road.objects.get(), stretch=stretch(400, 1000))
    first = ShareFactory(assignment=section, stretch=stretch(400, 700))
    ShareFactory(assignment=section, member=first.member, stretch=stretch(700, 1000))
    run(geojson(tmp_path / "r.geojson", feature([(0, 0), (1000, 1010)], osm_id=1)), remeasure=True)
    assert [[round(metre) for metre in each] for each in _stretches(MemberAssignment)] == [
        [721, 1021],
        [421, 721],
    ]
    assert [[round(metre) for metre in each] for each in _stretches(Assignment)] == [[421, 1021]]


def test_things_without_a_place_on_the_new_line_are_not_moved(tmp_path: Path) -> None:
    _road_with_things(tmp_path)
    before = counts()
    out = StringIO()
    path = geojson(tmp_path / "r.geojson", feature([(0, 700), (1000, 700)], osm_id=1))
    with pytest.raises(SystemExit):
        call_command("import_roads", str(path), stdout=out, remeasure=True)
    assert "离新的参考线 700 米" in out.getvalue()
    assert counts() == before


# ── The basemap ───────────────────────────────────────────────────────────────────────────────────────────


def _area(*rings: Any, **properties: Any) -> dict[str, Any]:
    shape = {"type": "Polygon", "coordinates": [degrees(*ring) for ring in rings]}
    return {"type": "Feature", "properties": properties, "geometry": shape}


def test_backdrop_polygons_are_mended_and_kept(tmp_path: Path) -> None:
    # A bow tie: two triangles of 50 × 50 / 2 m² that touch at their tips.
    bow = _area([(0, 0), (100, 50), (100, 0), (0, 50), (0, 0)], osm_id=1, osm_type="way", name="蝶湖")
    pond = _area([(200, 0), (300, 0), (300, 50), (200, 50), (200, 0)])
    path = geojson(tmp_path / "w.geojson", bow, pond)
    report = import_backdrop(path, kind="water", source="© OpenStreetMap contributors")
    assert report.counts == {"backdrop": {"created": 2, "updated": 0, "unchanged": 0}}
    rows = {row.source_id[:9]: row for row in Backdrop.objects.all()}
    assert rows["water:way"].name == "蝶湖"
    assert rows["water:way"].area.valid
    assert round(rows["water:way"].area.area) == 2500
    assert round(rows["water:sha"].area.area) == 5000
    before = counts()
    assert import_backdrop(path, kind="water").changes == 0
    assert counts() == before


def test_backdrop_without_area_is_refused(tmp_path: Path) -> None:
    flat = _area([(0, 0), (100, 0), (200, 0), (0, 0)], name="线")
    report = import_backdrop(geojson(tmp_path / "w.geojson", flat), kind="park")
    assert (report.written, report.refused[0].reason[:7]) == (False, "修复后没有面积")
    assert not Backdrop.objects.exists()


@pytest.mark.django_db
def test_the_demo_s_roads_are_not_mixed_with_another_city_s_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    BranchFactory(is_demo=True)
    monkeypatch.setattr("sys.stdin", StringIO())
    with pytest.raises(CommandError, match="演示城市"):
        call_command("import_roads", str(TOWN), verbosity=0)
    assert not Road.objects.exists()
    call_command("import_roads", str(TOWN), into_demo=True, verbosity=0)
    assert Road.objects.exists()
