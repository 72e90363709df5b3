"""Hostile uploads: each is refused with its words, nothing is stored, nothing is left."""

import io
import json
import stat
import struct
import tempfile
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gridmgr.catalog import layer_named
from gridmgr.core.accounts.audience import Audience
from gridmgr.core.errors import DomainError, TooMuch
from gridmgr.core.importing import archives, frames, gis_files
from gridmgr.core.importing.archives import MIB, ArchiveLimits
from gridmgr.core.importing.base import Unreadable
from gridmgr.core.importing.upload import Limits, RanAway, import_upload, read_upload
from gridmgr.core.layers.files import FORMATS, export_layer
from gridmgr.data_files import importer_named, labels_of_layer
from parking.models import Bay
from tests.conftest import Town

pytestmark = pytest.mark.django_db
OFFICE = Audience(role="office")
TODAY = date(2026, 11, 22)
SMALL = Limits(file_bytes=MIB, archive=ArchiveLimits(members=20, unpacked_bytes=2 * MIB))


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Temporary files go to a folder of the test's own, which is empty when it ends."""
    room = tmp_path / "temporary"
    room.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(room))
    yield
    assert list(room.iterdir()) == []


def send_out(name: str, path: Path) -> Path:
    return export_layer(layer_named(name), path, audience=OFFICE, on=TODAY).path


def zipped(
    path: Path, members: dict[str, bytes], change: Callable[[zipfile.ZipInfo], None] = lambda info: None
) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            change(info)
            archive.writestr(info, content)
    return path


# ── What is good comes in ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("suffix", [form.suffix for form in FORMATS])
def test_good_file_of_every_format_comes_in_through_the_child(
    suffix: str, town: Town, tmp_path: Path
) -> None:
    path = send_out("bays", tmp_path / f"out{suffix}").rename(tmp_path / "as-stored-by-the-server")
    Bay.objects.filter(number="BW-01").update(state="suspended")
    report = import_upload(path, importer_named("bays"), name=f"泊位{suffix}", labels=labels_of_layer("bays"))
    assert report.refused == []
    assert report.counts == {"bays": {"created": 0, "updated": 1, "unchanged": 1}}
    assert (report.path, Bay.objects.get(number="BW-01").state) == (f"泊位{suffix}", "in_use")


def test_frame_from_the_child_is_that_of_the_file(town: Town, tmp_path: Path) -> None:
    path = send_out("sites", tmp_path / "out.geojson")
    here, there = frames.read_frame(path), read_upload(path, name="out.geojson")
    assert here.columns == there.columns
    assert [shape.wkb for shape in here.geometry] == [shape.wkb for shape in there.geometry]  # type: ignore[union-attr]
    assert (here.datum, here.about, here.by_default) == (there.datum, there.about, there.by_default)


def test_bad_row_is_told_from_the_child_too(town: Town, tmp_path: Path) -> None:
    path = tmp_path / "bays.csv"
    path.write_text('number,WKT [wgs84]\nBW-01,"POLYGON ((1 2))"\n')
    report = import_upload(path, importer_named("bays"), name="泊位.csv", labels=labels_of_layer("bays"))
    assert [(refusal.row, refusal.value) for refusal in report.refused] == [(1, "POLYGON ((1 2))")]


# ── Size and kind ─────────────────────────────────────────────────────────────────────────────────────────


def test_large_and_empty_files_are_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"a" * (MIB + 1))
    with pytest.raises(TooMuch, match=r"大表\.csv 有 1\.0 MB,最多 1 MB"):
        read_upload(path, name="大表.csv", limits=SMALL)
    path.write_bytes(b"")
    with pytest.raises(Unreadable, match=r"空文件"):
        read_upload(path, name="空.csv")


@pytest.mark.parametrize("name", ["x.exe", "x", "x.osm", "x.csv.exe", "../../etc/passwd"])
def test_unknown_kind_is_refused_with_the_list(name: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x")
    with pytest.raises(Unreadable, match=r"可上传:\.csv"):
        read_upload(tmp_path / "x", name=name)


def test_shapefile_alone_is_told_to_come_as_zip(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x")
    with pytest.raises(Unreadable, match=r"压缩成一个 ZIP"):
        read_upload(tmp_path / "x", name="道路.shp")


@pytest.mark.parametrize("suffix", [".gpkg", ".zip", ".xlsx", ".fgb", ".parquet", ".geojson", ".kml", ".csv"])
@pytest.mark.parametrize(
    "content", [b"MZ\x90\0\x03\0\0\0", b"\x7fELF\x02\x01\x01\0", b"\xff\xd8\xff\xe0\0\x10JFIF\0"]
)
def test_file_that_lies_about_its_kind_is_refused(suffix: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(content * 100)
    with pytest.raises(Unreadable, match=rf"图层\{suffix} 的内容与后缀 \{suffix} 不符"):
        read_upload(tmp_path / "x", name=f"图层{suffix}")


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        (".gpkg", b"SQLite format 3\0" + b"\0" * 4096),
        (".fgb", b"fgb\x03fgb\0" + b"\xff" * 4096),
        (".parquet", b"PAR1" + b"\xff" * 400 + b"PAR1"),
        (".xlsx", b"PK\x03\x04" + b"\xff" * 400),
        (".zip", b"PK\x03\x04" + b"\xff" * 400),
        (".geojson", b'{"type": "FeatureCollection", "features": ['),
        (".geojson", b'{"a":' * 100_000),
        (
            ".geojson",
            (
                rb'{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"number":"Q\ud800"},'
                rb'"geometry":null}]}'
            ),
        ),
        (".kml", b"<kml><Document>"),
        (".kml", b"<html><body>kml</body></html>"),
    ],
)
def test_broken_file_with_the_right_beginning_is_refused(suffix: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(Unreadable) as refused:
        read_upload(tmp_path / "x", name=f"坏{suffix}")
    assert f"坏{suffix}" in str(refused.value) or "Unicode" in str(refused.value)
    assert not isinstance(refused.value, RanAway)
    assert str(tmp_path) not in str(refused.value)


# ── Archives ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "name",
    [
        "../bays.shp",
        "a/../../bays.shp",
        "/etc/bays.shp",
        "C:\\bays.shp",
        "..\\bays.shp",
        "a\\..\\..\\bays.shp",
    ],
)
def test_path_that_leads_out_of_the_archive_is_refused(name: str, tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"ok.shp": b"x", name: b"x"})
    with pytest.raises(Unreadable, match=r"指向包外,可能是恶意文件,没有解压"):
        read_upload(path, name="包.zip")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["temporary", "x.zip"]


def test_link_and_password_and_many_members_are_refused(tmp_path: Path) -> None:
    def link(info: zipfile.ZipInfo) -> None:
        info.external_attr = (stat.S_IFLNK | 0o777) << 16

    with pytest.raises(Unreadable, match=r"是符号链接"):
        read_upload(zipped(tmp_path / "l.zip", {"bays.shp": b"/etc/passwd"}, link), name="包.zip")
    locked = zipped(tmp_path / "p.zip", {"bays.shp": b"x"})
    content = bytearray(locked.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1  # the flag of encryption in the central directory
    locked.write_bytes(content)
    with pytest.raises(Unreadable, match=r"有密码"):
        read_upload(locked, name="包.zip")
    with pytest.raises(Unreadable, match=r"有 21 个文件,最多 20 个"):
        read_upload(
            zipped(tmp_path / "m.zip", {f"{n}.shp": b"x" for n in range(21)}), name="包.zip", limits=SMALL
        )


def test_bomb_is_refused_by_what_it_declares(tmp_path: Path) -> None:
    path = zipped(tmp_path / "bomb.zip", {"bays.shp": bytes(8 * MIB), "bays.shx": b"", "bays.dbf": b""})
    assert path.stat().st_size < 20_000
    with pytest.raises(Unreadable, match=r"解压后有 8 MB 以上,最多 2 MB\(可能是压缩炸弹\),没有解压"):
        read_upload(path, name="包.zip", limits=SMALL)


def test_bomb_that_declares_little_gives_no_more_than_it_declared(tmp_path: Path) -> None:
    path = zipped(tmp_path / "liar.zip", {"bays.shp": bytes(8 * MIB)})
    content = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = content.index(mark) + offset
        content[at : at + 4] = struct.pack("<I", 1000)
    path.write_bytes(content)
    with pytest.raises(Unreadable, match=r"不是有效的 ZIP"):
        read_upload(path, name="包.zip", limits=SMALL)


def test_unpacking_stops_at_the_limit_whatever_was_declared(tmp_path: Path) -> None:
    path = zipped(tmp_path / "big.zip", {"bays.shp": bytes(8 * MIB)})
    folder = tmp_path / "out"
    folder.mkdir()
    with zipfile.ZipFile(path) as archive, pytest.raises(Unreadable, match=r"压缩炸弹"):
        archives._unpack(path, archive, archive.infolist()[0], folder, left=3 * MIB)
    assert (folder / "layer.shp").stat().st_size <= 3 * MIB


def test_sheet_that_is_a_bomb_is_refused(town: Town, tmp_path: Path) -> None:
    path = send_out("bays", tmp_path / "out.xlsx")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet9.xml", b" " * (8 * MIB))
    with pytest.raises(Unreadable, match=r"压缩炸弹"):
        read_upload(path, name="表.xlsx", limits=SMALL)


def test_archive_without_one_shapefile_is_refused(town: Town, tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"没有 \.shp 文件"):
        read_upload(zipped(tmp_path / "n.zip", {"a.txt": b"x"}), name="包.zip")
    two = zipped(tmp_path / "t.zip", {"a.shp": b"x", "b.shp": b"x"})
    with pytest.raises(Unreadable, match=r"有几个 \.shp:a\.shp、b\.shp"):
        read_upload(two, name="包.zip")
    inner = send_out("bays", tmp_path / "bays.zip")
    with zipfile.ZipFile(inner, "a") as archive:
        archive.writestr("other/b.shp", b"x")
    assert len(read_upload(inner, name="包.zip", layer="bays")) == 2


# ── Entities ──────────────────────────────────────────────────────────────────────────────────────────────

LAUGHS = "".join(f'<!ENTITY l{n} "{"&l" + str(n - 1) + ";" if n else "ha"}' * 1 + '">' for n in range(10))
PLACEMARK = "<Placemark><name>{}</name><Point><coordinates>112,37</coordinates></Point></Placemark>"


@pytest.mark.parametrize(
    "declaration",
    [
        f"<!DOCTYPE kml [{LAUGHS}]>",
        '<!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE kml SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE kml [<!ENTITY % p SYSTEM "file:///etc/hostname"> %p;]>',
    ],
)
def test_kml_with_entities_or_a_dtd_never_reaches_gdal(
    declaration: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.kml"
    path.write_text(
        f'<?xml version="1.0"?>{declaration}<kml><Document>{PLACEMARK.format("&x;")}</Document></kml>'
    )
    with pytest.raises(Unreadable, match=r"有 DTD 或实体声明,可能是恶意文件"):
        read_upload(path, name="点.kml")

    def reached(path: Path) -> list[str]:
        raise AssertionError("GDAL")

    monkeypatch.setattr(gis_files, "layers_of", reached)
    with pytest.raises(Unreadable, match=r"有 DTD 或实体声明"):
        frames.read_frame(path)


def test_sheet_with_entities_is_refused_or_reads_without_them(town: Town, tmp_path: Path) -> None:
    path = send_out("bays", tmp_path / "out.xlsx")
    evil = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    spoiled = io.BytesIO()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(spoiled, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name.startswith("xl/worksheets/sheet1"):
                content = evil + content.split(b"?>", 1)[1].replace(b"BW-01", b"&x;")
            target.writestr(name, content)
    path.write_bytes(spoiled.getvalue())
    with pytest.raises(Unreadable):
        read_upload(path, name="表.xlsx")


# ── Amounts, and parsers that run away ────────────────────────────────────────────────────────────────────


def test_too_many_features_or_vertices_are_refused(town: Town, tmp_path: Path) -> None:
    path = send_out("bays", tmp_path / "out.gpkg")
    with pytest.raises(TooMuch, match=r"有 2 个要素,最多 1 个"):
        read_upload(path, name="图.gpkg", limits=Limits(features=1))
    with pytest.raises(TooMuch, match=r"有 10 个顶点,最多 9 个"):
        read_upload(path, name="图.gpkg", limits=Limits(vertices=9))


def large_geojson(path: Path, points: int) -> Path:
    """A file whose parsing takes some forty times its size in memory, and its time."""
    ring = ",".join("[112.1,37.1]" for _ in range(points))
    geometry = '{"type":"LineString","coordinates":[' + ring + "]}"
    path.write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":'
        + geometry
        + "}]}"
    )
    return path


def test_parser_that_takes_too_much_memory_is_ended(tmp_path: Path) -> None:
    path = large_geojson(tmp_path / "x.geojson", 1_500_000)
    with pytest.raises(RanAway, match=r"图\.geojson 用的内存超过 700 MB,已停止,什么都没有保存"):
        read_upload(path, name="图.geojson", limits=Limits(memory_bytes=700 * MIB))


def test_parser_that_takes_too_much_processor_time_is_ended(tmp_path: Path) -> None:
    path = large_geojson(tmp_path / "x.geojson", 1_500_000)
    with pytest.raises(RanAway, match=r"图\.geojson 超过 1 秒,已停止"):
        read_upload(path, name="图.geojson", limits=Limits(cpu_s=1))


def test_parser_that_only_waits_is_ended(tmp_path: Path) -> None:
    path = large_geojson(tmp_path / "x.geojson", 1_500_000)
    with pytest.raises(RanAway, match=r"超过 1 秒,已停止"):
        read_upload(path, name="图.geojson", limits=Limits(wall_s=1))


def test_parser_that_crashes_takes_nothing_with_it(town: Town, tmp_path: Path) -> None:
    # With 60 MB not even Python's own libraries load: the child ends without a word.
    path = send_out("bays", tmp_path / "out.gpkg")
    with pytest.raises(RanAway, match=r"什么都没有保存"):
        read_upload(path, name="图.gpkg", limits=Limits(memory_bytes=60 * MIB))


def test_refused_upload_stores_nothing(town: Town, tmp_path: Path) -> None:
    before = list(Bay.objects.values_list("number", "state"))
    path = tmp_path / "x.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [{"type": "Nonsense"}]}))
    with pytest.raises(DomainError):
        import_upload(path, importer_named("bays"), name="x.geojson", labels=labels_of_layer("bays"))
    assert list(Bay.objects.values_list("number", "state")) == before
