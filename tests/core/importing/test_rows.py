"""Whole tables read from files of every format, and how their text and coordinates are taken."""

import struct
from pathlib import Path

import numpy as np
import pytest
import shapely

from gridmgr.core.importing.base import Unreadable
from gridmgr.core.importing.rows import POLYGONS, read_table
from tests.core.importing.files import EAST, NORTH, degrees, feature, geojson, named_crs, table
from tests.drawing import at

NAMES = {"名称": ["迎泽大街", "𬭚家路"], "等级": ["主干路", "次干路"]}


def metres(*points: tuple[float, float]) -> list[tuple[float, float]]:
    """Drawn points as they are stored."""
    return [at(*each) for each in points]


def lines_of(read: object) -> list[list[tuple[float, float]]]:
    return [[tuple(xy) for xy in shapely.get_coordinates(row.geometry).tolist()] for row in read.rows]  # type: ignore[attr-defined]


def names_of(read: object) -> list[str]:
    return [row.attributes["名称"] for row in read.rows]  # type: ignore[attr-defined]


def test_geojson_is_read_to_the_millimetre(tmp_path: Path) -> None:
    path = geojson(tmp_path / "r.geojson", feature(EAST, lanes=4), feature(NORTH, name="北路"))
    read = read_table(path)
    assert (read.layer, read.crs, read.rows_read, read.refused) == ("r", "EPSG:4326", 2, [])
    assert [dict(row.attributes) for row in read.rows] == [
        {"name": "东街", "class": "primary", "lanes": 4},
        {"name": "北路", "class": "primary"},
    ]
    assert lines_of(read) == [metres(*EAST), metres(*NORTH)]


@pytest.mark.parametrize("srid", [4326, 4490, 4547, 4526])
def test_shapefile_in_any_crs_lands_in_the_same_place(tmp_path: Path, srid: int) -> None:
    # 4526 is the zone of 4547 with its number in front of the easting: 38,400,000 instead of 400,000.
    path = table(tmp_path / "r.shp", [EAST, NORTH], {"名称": ["甲路", "乙路"]}, srid=srid, encoding="UTF-8")
    read = read_table(path)
    assert read.crs == f"EPSG:{srid}"
    assert lines_of(read) == [metres(*EAST), metres(*NORTH)]


@pytest.mark.parametrize("label", ["GBK", "936", "UTF-8", None])
def test_gbk_shapefile_keeps_its_chinese(tmp_path: Path, label: str | None) -> None:
    """With a right .cpg, a code page number, a wrong one, and none."""
    names = {"名称": ["迎泽大街", "府东街"], "等级": ["主干路", "次干路"]}
    path = table(tmp_path / "r.shp", [EAST, NORTH], names, encoding="GBK")
    assert "迎泽大街".encode("gbk") in path.with_suffix(".dbf").read_bytes()
    path.with_suffix(".cpg").unlink()
    if label:
        path.with_suffix(".cpg").write_text(label)
    assert names_of(read_table(path)) == ["迎泽大街", "府东街"]


@pytest.mark.parametrize("label", ["UTF-8", "GBK", None])
def test_utf8_shapefile_keeps_its_chinese(tmp_path: Path, label: str | None) -> None:
    """A character outside the basic plane too; a label that says GBK is overruled by the bytes, and said so."""
    path = table(tmp_path / "r.shp", [EAST, NORTH], NAMES, encoding="UTF-8")
    path.with_suffix(".cpg").unlink()
    if label:
        path.with_suffix(".cpg").write_text(label)
    read = read_table(path)
    assert names_of(read) == ["迎泽大街", "𬭚家路"]
    assert ("GBK" in "".join(read.notes).upper() or "GB18030" in "".join(read.notes).upper()) == (
        label == "GBK"
    )


@pytest.mark.parametrize("encoding", ["UTF-8", "GBK"])
@pytest.mark.parametrize("label", [True, False])
def test_wide_text_fields_are_read(tmp_path: Path, encoding: str, label: bool) -> None:
    """A width of 128 to 254 is a byte that is no letter in either encoding; GIS programs make fields 254 wide."""
    long = "迎" * 70
    path = table(tmp_path / "r.shp", [EAST, NORTH], {"名称": [long, "路"]}, encoding=encoding)
    assert path.with_suffix(".dbf").read_bytes()[32 + 16] > 127
    if not label:
        path.with_suffix(".cpg").unlink()
    assert names_of(read_table(path)) == [long, "路"]


@pytest.mark.parametrize(("label", "names"), [("", "一路"), ("", "路"), ("GBK", "路"), ("UTF-8", "é·")])
def test_short_words_that_either_encoding_reads(tmp_path: Path, label: str, names: str) -> None:
    """路 in GBK is the bytes C2 B7, which in UTF-8 are a dot: without a label it is Chinese."""
    encoding = "UTF-8" if label == "UTF-8" else "GBK"
    path = table(tmp_path / "r.shp", [EAST], {"名称": [names], "x": ["a"]}, encoding=encoding)
    path.with_suffix(".cpg").write_text(label)
    header = "名称".encode(encoding)
    dbf = path.with_suffix(".dbf")
    dbf.write_bytes(dbf.read_bytes().replace(header, b"name".ljust(len(header), b"\0"), 1))
    assert [row.attributes["name"] for row in read_table(path).rows] == [names]


def test_shapefile_whose_text_no_encoding_reads_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path / "r.shp", [EAST, NORTH], {"名称": ["迎泽大街", "府东街"]}, encoding="GBK")
    dbf = path.with_suffix(".dbf")
    dbf.write_bytes(dbf.read_bytes().replace("府东街".encode("gbk"), b"\xff\xff\xff\x80\xff\xff"))
    with pytest.raises(Unreadable, match="既不是 UTF-8,也不是 GBK"):
        read_table(path)


def test_shapefile_with_measures_is_read_without_them_and_says_so(tmp_path: Path) -> None:
    """Shape type 23 is a line with measures (ESRI Shapefile Technical Description, 1998); 3 is one without."""
    path = table(tmp_path / "r.shp", [EAST], {"name": ["甲路"]}, encoding="UTF-8", srid=4547)
    shp = bytearray(path.read_bytes())
    count = 2
    measures = struct.pack("<4d", 0, 1000, 0, 1000)  # least, greatest, and one for each vertex
    assert struct.unpack("<i", shp[32:36]) == struct.unpack("<i", shp[108:112]) == (3,)
    shp[32:36] = shp[108:112] = struct.pack("<i", 23)
    shp[104:108] = struct.pack(">i", (len(shp) - 108 + 16 + 8 * count) // 2)
    shp[24:28] = struct.pack(">i", (len(shp) + 16 + 8 * count) // 2)
    path.write_bytes(bytes(shp) + measures)
    shx = bytearray(path.with_suffix(".shx").read_bytes())
    shx[32:36], shx[104:108] = shp[32:36], shp[104:108]
    path.with_suffix(".shx").write_bytes(shx)
    read = read_table(path)
    assert lines_of(read) == [metres(*EAST)]
    assert any("Measured" in note for note in read.notes)


def test_geopackage_takes_the_only_layer_of_lines(tmp_path: Path) -> None:
    path = table(tmp_path / "r.gpkg", [EAST], {"name": ["甲路"]}, layer="streets")
    table(
        path,
        [shapely.Point(112.8, 37.8)],
        {"name": ["站"]},
        layer="stops",
        append=True,
        geometry_type="Point",
    )
    read = read_table(path)
    assert read.layer == "streets"
    assert "stops" in read.notes[0]
    assert lines_of(read) == [metres(*EAST)]


def test_geopackage_with_two_layers_of_lines_asks_which(tmp_path: Path) -> None:
    path = table(tmp_path / "r.gpkg", [EAST], {"name": ["甲路"]}, layer="one")
    table(path, [NORTH], {"name": ["乙路"]}, layer="two", append=True)
    with pytest.raises(Unreadable, match=r"one、two.*--layer"):
        read_table(path)
    assert read_table(path, layer="two").rows[0].attributes["name"] == "乙路"
    assert read_table(path, favourites=["roads", "two"]).layer == "two"


def test_numbers_without_a_value_are_none(tmp_path: Path) -> None:
    path = table(tmp_path / "r.gpkg", [EAST, NORTH], {"name": ["甲路", "乙路"], "lanes": [4.0, np.nan]})
    assert [row.attributes["lanes"] for row in read_table(path).rows] == [4, None]


def test_osm_and_pbf_give_the_same_ways() -> None:
    """Except the way of which a node is missing: GDAL, which reads the PBF, closes the break in silence."""
    data = Path(__file__).parents[2] / "grids" / "data"
    xml, pbf = read_table(data / "crossroads.osm"), read_table(data / "crossroads.osm.pbf")
    whole = {row.ref: row for row in pbf.rows}
    assert {row.ref for row in xml.rows} - whole.keys() == {"110"}  # area=yes: a polygon to GDAL
    for row in xml.rows:
        if row.ref not in ("110", "111"):
            assert row.geometry == whole[row.ref].geometry
            tags = {key: value for key, value in whole[row.ref].attributes.items() if key != "z_order"}
            assert tags == dict(row.attributes)


def test_osm_way_is_cut_where_a_node_is_missing() -> None:
    read = read_table(Path(__file__).parents[2] / "grids" / "data" / "crossroads.osm")
    [cut] = [row for row in read.rows if row.ref == "111"]
    assert cut.geometry is not None
    ends = [[round(x - at(0, 0)[0]) for x, _y in part.coords] for part in cut.geometry.geoms]
    assert ends == [[500, 560], [640, 700]]


@pytest.mark.parametrize("srid", [4326, 4490])
def test_crs_given_and_in_the_file_may_both_be_there_when_they_agree(tmp_path: Path, srid: int) -> None:
    path = geojson(tmp_path / "r.geojson", feature(EAST), crs=named_crs(4490))
    assert lines_of(read_table(path, crs=f"EPSG:{srid}")) == [metres(*EAST)]


def test_geojson_without_crs_member_obeys_the_crs_given(tmp_path: Path) -> None:
    row = feature(EAST)
    row["geometry"]["coordinates"] = [list(at(*each)) for each in EAST]
    path = geojson(tmp_path / "r.geojson", row)
    assert lines_of(read_table(path, crs="4547")) == [metres(*EAST)]


def test_rows_in_another_city_are_refused_one_by_one(tmp_path: Path) -> None:
    shanghai = feature(EAST, name="南京路")
    shanghai["geometry"]["coordinates"] = [[121.47, 31.23], [121.48, 31.23]]
    read = read_table(geojson(tmp_path / "r.geojson", feature(EAST), feature(NORTH), shanghai))
    assert [row.number for row in read.rows] == [1, 2]
    [refusal] = read.refused
    assert refusal.row == 3
    assert "111.50–116.50°E" in refusal.reason


def test_polygons_are_read_when_asked_for(tmp_path: Path) -> None:
    park = {"type": "Feature", "properties": {"name": "公园"}}
    park["geometry"] = {"type": "Polygon", "coordinates": [degrees((0, 0), (100, 0), (100, 50), (0, 0))]}
    read = read_table(geojson(tmp_path / "p.geojson", park, feature(EAST)), kinds=POLYGONS)
    [only] = read.rows
    assert only.geometry is not None
    assert only.geometry.area == pytest.approx(2500, abs=0.2)  # 100 × 50 / 2
    assert [(refusal.row, refusal.value) for refusal in read.refused] == [(2, "LineString")]


@pytest.mark.parametrize("ends", [3, 4])
def test_ring_that_does_not_close_is_refused_and_not_mended(ends: int, tmp_path: Path) -> None:
    corners = [(0, 0), (100, 0), (100, 50), (0, 50)][:ends]
    park = feature(EAST)
    park["geometry"] = {"type": "Polygon", "coordinates": [degrees(*corners)]}
    read = read_table(geojson(tmp_path / "p.geojson", park), kinds=POLYGONS)
    assert [(refusal.row, "环不闭合" in refusal.reason) for refusal in read.refused] == [(1, True)]
