"""Files as other programs leave them: our own exports moved into another CRS, curves, styles, attributes of macOS, …"""

import csv
import json
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely

from gridmgr.catalog import layer_named
from gridmgr.core.accounts.audience import Audience
from gridmgr.core.geo.crs import transformer
from gridmgr.core.importing.base import Unreadable
from gridmgr.core.importing.frames import read_frame
from gridmgr.core.importing.layers import import_layer
from gridmgr.core.importing.report import Report
from gridmgr.core.layers.files import export_layer
from gridmgr.data_files import importer_named, labels_of_layer
from tests.conftest import Town

pytestmark = pytest.mark.django_db
OFFICE = Audience(role="office")
# A square in QGIS's own WKB for curves: a curve polygon of one ring of straight pieces.
CURVE_POLYGON = bytes.fromhex(
    "010a00000001000000010200000005000000"
    + np.array([112.5, 37.8, 112.6, 37.8, 112.6, 37.9, 112.5, 37.9, 112.5, 37.8]).tobytes().hex()
)


def bring_in(name: str, path: Path, **options: Any) -> Report:
    return import_layer(path, importer_named(name), labels=labels_of_layer(name), **options)


def send_out(name: str, path: Path, **options: Any) -> Path:
    return export_layer(layer_named(name), path, audience=OFFICE, on=date(2026, 11, 22), **options).path


def moved_into(path: Path, srid: int, target: Path) -> Path:
    """A file in another CRS, its layer's metadata carried along, as ogr2ogr -t_srs does."""
    meta, _fids, wkb, columns = pyogrio.raw.read(path)
    change = transformer(meta["crs"], srid)
    shapes = shapely.transform(
        shapely.from_wkb(wkb), lambda xy: np.column_stack(change.transform(xy[:, 0], xy[:, 1]))
    )
    pyogrio.raw.write(
        target,
        shapely.to_wkb(shapes),
        columns,
        meta["fields"],
        geometry_type="Polygon",
        crs=f"EPSG:{srid}",
        layer_metadata=pyogrio.read_info(path)["layer_metadata"],
    )
    return target


@pytest.mark.parametrize("datum", ["wgs84", "epsg:4547"])
@pytest.mark.parametrize("srid", [4490, 4547, 4526, 4546, 3857])
def test_export_that_was_reprojected_comes_in_where_it_lies(
    srid: int, datum: str, town: Town, tmp_path: Path
) -> None:
    """The mark of our export still says the old datum: the CRS counts."""
    path = moved_into(send_out("bays", tmp_path / "out.gpkg", datum=datum), srid, tmp_path / "moved.gpkg")
    assert "gridmgr" in pyogrio.read_info(path)["layer_metadata"]
    assert bring_in("bays", path).counts["bays"] == {"created": 0, "updated": 0, "unchanged": 2}


def test_shifted_export_that_was_given_a_crs_is_for_a_person_to_decide(town: Town, tmp_path: Path) -> None:
    shifted = send_out("bays", tmp_path / "out.gpkg", datum="gcj02")
    meta, _fids, wkb, columns = pyogrio.raw.read(shifted)
    given, about = tmp_path / "given.gpkg", pyogrio.read_info(shifted)["layer_metadata"]
    pyogrio.raw.write(
        given,
        wkb,
        columns,
        meta["fields"],
        geometry_type="Polygon",
        crs="EPSG:4326",
        layer_metadata=about,
    )
    assert any("都不采用" in note for note in read_frame(given).notes)
    with pytest.raises(Unreadable, match="没有写明坐标基准"):
        bring_in("bays", given)
    assert bring_in("bays", given, datum="gcj02").counts["bays"]["unchanged"] == 2


def test_shifted_geojson_that_names_a_crs_is_for_a_person_to_decide(town: Town, tmp_path: Path) -> None:
    """ogr2ogr writes the mark of a GeoJSON out again, beside a crs of its own."""
    path = send_out("bays", tmp_path / "out.geojson", datum="bd09")
    document = json.loads(path.read_bytes())
    document["crs"] = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
    path.write_text(json.dumps(document))
    with pytest.raises(Unreadable, match="没有写明坐标基准"):
        bring_in("bays", path)
    assert bring_in("bays", path, datum="bd09").counts["bays"]["unchanged"] == 2


def test_curve_is_refused_in_its_row(town: Town, tmp_path: Path) -> None:
    path = tmp_path / "curve.gpkg"
    _write(path, [CURVE_POLYGON, shapely.to_wkb(shapely.box(112.5, 37.8, 112.6, 37.9))], "Unknown")
    assert read_frame(path).troubles[0][1].startswith("曲线几何")
    assert list(read_frame(path).troubles) == [0]


def test_styles_beside_the_layer_are_no_layer(town: Town, tmp_path: Path) -> None:
    path = send_out("bays", tmp_path / "out.gpkg")
    styles = np.array(["<qgis/>"], dtype=object)
    pyogrio.raw.write(
        path, None, [styles], ["styleQML"], layer="layer_styles", geometry_type=None, append=False
    )
    assert len(pyogrio.list_layers(path)) == 2
    assert bring_in("bays", path).counts["bays"]["unchanged"] == 2


def test_attributes_that_macos_packs_are_passed_over(town: Town, tmp_path: Path) -> None:
    path = send_out("bays", tmp_path / "out.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("__MACOSX/._bays.shp", b"\0\5\26\7")
        archive.writestr("._bays.shp", b"\0\5\26\7")
    assert bring_in("bays", path).counts["bays"]["unchanged"] == 2


@pytest.mark.parametrize("suffix", [".fgb", ".parquet", ".gpkg", ".xlsx"])
def test_half_a_file_is_refused_in_words(suffix: str, town: Town, tmp_path: Path) -> None:
    whole = send_out("bays", tmp_path / f"out{suffix}").read_bytes()
    path = tmp_path / f"half{suffix}"
    path.write_bytes(whole[: len(whole) * 9 // 10])
    with pytest.raises(Unreadable):
        bring_in("bays", path)


# ── Sheets ────────────────────────────────────────────────────────────────────────────────────────────────


def _sheet(path: Path, *rows: list[str], delimiter: str = ",") -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, delimiter=delimiter).writerows(rows)
    return path


def test_shape_of_thousands_of_vertices_comes_back_from_csv(town: Town, tmp_path: Path) -> None:
    disc = shapely.Point(112.5, 37.8).buffer(0.01, quad_segs=2000)
    assert len(disc.wkt) > 131_072
    path = _sheet(tmp_path / "x.csv", ["name", "WKT [wgs84]"], ["圆", disc.wkt])
    assert shapely.get_num_coordinates(read_frame(path).geometry) == shapely.get_num_coordinates(disc)


def test_collections_in_collections_are_refused_and_take_no_process_down(town: Town, tmp_path: Path) -> None:
    deep = "GEOMETRYCOLLECTION(" * 100_000 + "POINT (1 2)" + ")" * 100_000
    path = _sheet(tmp_path / "x.csv", ["name", "WKT [wgs84]"], ["深", deep], ["浅", "POINT (112.5 37.8)"])
    frame = read_frame(path)
    assert list(frame.troubles) == [0]
    assert frame.geometry is not None
    assert frame.geometry[1].wkt == "POINT (112.5 37.8)"


def test_line_separators_inside_a_text_end_no_row(town: Town, tmp_path: Path) -> None:
    text = "a\u2028b\x85c\x0bd\x1ce"
    path = _sheet(tmp_path / "x.csv", ["name", "WKT [wgs84]"], [text, "POINT (112.5 37.8)"])
    frame = read_frame(path)
    assert (frame.columns["name"], len(frame)) == ([text], 1)


@pytest.mark.parametrize(("delimiter", "sign"), [(";", ";"), ("\t", "制表符")])
def test_other_separator_is_named(delimiter: str, sign: str, town: Town, tmp_path: Path) -> None:
    path = _sheet(tmp_path / "x.csv", ["number", "WKT"], ["1", "POINT (1 2)"], delimiter=delimiter)
    with pytest.raises(Unreadable, match=f"各列用 {sign} 分隔"):
        read_frame(path)


def test_heading_that_comes_twice_is_refused(town: Town, tmp_path: Path) -> None:
    path = _sheet(tmp_path / "x.csv", ["number", "number", "WKT"], ["1", "2", "POINT (1 2)"])
    with pytest.raises(Unreadable, match="表头有几列都叫“number”"):
        read_frame(path)


def _write(path: Path, wkb: list[bytes], kind: str) -> None:
    numbers = np.array([f"N-{index}" for index in range(len(wkb))], dtype=object)
    pyogrio.raw.write(
        path, np.array(wkb, dtype=object), [numbers], ["number"], geometry_type=kind, crs="EPSG:4326"
    )
