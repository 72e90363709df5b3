"""An import through its pages: round trip, datum, refused rows, hostile files, two confirmations, rights."""

import csv
import io
import json
import os
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import shapely
from django.db import connection
from django.test import Client
from django.utils import timezone

from gridmgr.catalog import layer_named
from gridmgr.core.accounts.audience import Audience
from gridmgr.core.geo.datums import datum_named
from gridmgr.core.history import event_model
from gridmgr.core.importing import upload
from gridmgr.core.importing.base import Unreadable
from gridmgr.core.jobs.models import Job
from gridmgr.core.jobs.work import Work
from gridmgr.core.layers.extract import extract
from gridmgr.intake import bringing, changes, record, shelf, steps, work
from gridmgr.intake.models import Import, State
from gridmgr.intake.record import LOCK, another_runs
from grids.models import Branch, Carriageway
from parking.models import Bay
from tests.conftest import Town
from tests.drawing import line
from tests.factories import BayFactory, SiteFactory
from tests.intake.conftest import body, confirm, dump, send, step, taken
from vendors.models import Site

pytestmark = pytest.mark.django_db
CITY = "/data/export/file?layer={layer}&format={suffix}&datum={datum}"


def exported(client: Client, layer: str, suffix: str, datum: str = "wgs84") -> bytes:
    return body(client.get(CITY.format(layer=layer, suffix=suffix, datum=datum)))


def content(layer: str) -> list[tuple[Any, ...]]:
    taken_out = extract(
        layer_named(layer), audience=Audience(role="office"), on=date(2026, 11, 22), datum=datum_named("4547")
    )
    shapes = [shapely.normalize(shapely.set_precision(shape, 0.001)).wkt for shape in taken_out.geometry]
    return sorted(zip(*(column.values for column in taken_out.columns), shapes, strict=True), key=str)


def events() -> int:
    return event_model(Bay).objects.count()


def without_datum(sheet: bytes) -> bytes:
    """The sheet with a heading of places that names no datum."""
    return sheet.replace(b"WKT [gcj02]", b"WKT").replace(b"WKT [wgs84]", b"WKT")


# ── There and back ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("layer", "suffix"), [("bays", ".gpkg"), ("sites", ".xlsx")])
def test_what_was_exported_comes_back_through_the_pages(
    layer: str, suffix: str, town: Town, planner: Client
) -> None:
    before, sheet = content(layer), exported(planner, layer, suffix)
    model: Any = layer_named(layer).models[0]
    if layer == "sites":
        Site.objects.filter(pk=town.other.site.pk).update(name="改过名")
        counts = {"created": 0, "updated": 1, "unchanged": 1, "refused": 0}
    else:
        town.own.bay.delete()
        Bay.objects.filter(pk=town.other.bay.pk).update(state="suspended")
        counts = {"created": 1, "updated": 1, "unchanged": 0, "refused": 0}
    changed = dump(model)

    record = taken(planner, layer, f"图层{suffix}", sheet)
    page = planner.get(f"/data/import/{record.pk}/").content.decode()
    record.refresh_from_db()
    assert (record.state, record.counts, record.datum) == ("previewed", counts, "wgs84")
    assert "由文件写明" in page
    assert dump(model) == changed
    assert confirm(planner, record).status_code == 302
    assert (record.state, record.counts, record.by) == ("written", counts, planner.user.username)  # type: ignore[attr-defined]
    assert content(layer) == before


def test_preview_tells_fields_old_and_new_and_draws_them(town: Town, planner: Client) -> None:
    sheet = exported(planner, "bays", ".csv").decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(sheet)))
    kind = rows[0].index("类型")
    rows[1][kind], rows[2][kind] = "充电", "飞机"
    stream = io.StringIO()
    csv.writer(stream).writerows(rows)
    record = taken(planner, "bays", "泊位.csv", stream.getvalue().encode())
    page = planner.get(f"/data/import/{record.pk}/?show=updated").content.decode()
    assert "<del>小型车</del> → <ins>充电</ins>" in page
    shapes = planner.get(f"/data/import/{record.pk}/changes.geojson").json()["features"]
    assert [shape["properties"]["outcome"] for shape in shapes] == ["updated"]

    refused = json.loads(body(planner.get(f"/data/import/{record.pk}/refused.json")))
    assert [(row["row"], row["field"], row["value"]) for row in refused] == [(2, "类型", "飞机")]
    sheet = body(planner.get(f"/data/import/{record.pk}/refused.csv")).decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(sheet)))
    assert lines[1][:4] == ["2", "BW-02", "类型", "飞机"]
    before = dump(Bay)
    assert (confirm(planner, record).status_code, dump(Bay)) == (409, before)
    assert confirm(planner, record, skip_refused="on").status_code == 302
    assert Bay.objects.get(number=rows[1][0]).kind == "charging"


@pytest.fixture
def long_preview(town: Town, planner: Client, monkeypatch: pytest.MonkeyPatch) -> Import:
    """30 bays that change, numbered P-00 on, and 25 rows refused, of which one's value is a formula; pages of 10."""
    monkeypatch.setattr(steps, "PAGE_ROWS", 10)
    monkeypatch.setattr(steps, "CHUNK", 100)
    monkeypatch.setattr(changes, "_BATCH", 7)
    for number in range(55):
        BayFactory(number=f"P-{number:02}", road=town.own.road, at_m=300 + 6 * number)
    rows = list(csv.reader(io.StringIO(exported(planner, "bays", ".csv").decode("utf-8-sig"))))
    kind = rows[0].index("类型")
    for row in rows[1:]:
        if row[0].startswith("P-"):
            row[kind] = "充电" if row[0] < "P-30" else "=1+1" if row[0] == "P-30" else "飞机"
    stream = io.StringIO()
    csv.writer(stream).writerows(rows)
    record = taken(planner, "bays", "泊位.csv", stream.getvalue().encode())
    record.refresh_from_db()
    return record


def test_every_row_of_a_preview_can_be_paged_through_and_found(long_preview: Import, planner: Client) -> None:
    address = f"/data/import/{long_preview.pk}/"
    assert (long_preview.counts["updated"], long_preview.counts["refused"]) == (30, 25)
    pages = [planner.get(f"{address}?show=updated&page={number}") for number in (1, 2, 3)]
    rows = [row for page in pages for row in page.context["rows"]]
    assert sorted(row.name for row in rows) == [f"P-{number:02}" for number in range(30)]
    assert {tuple(row.fields) for row in rows} == {(("类型", "小型车", "充电"),)}
    assert "page=3#rows" in pages[0].content.decode()
    found = planner.get(f"{address}?show=updated&q=ｐ-2").context["rows"]
    assert sorted(row.name for row in found) == [f"P-{number}" for number in range(20, 30)]
    assert "没有找到“P-99”" in planner.get(f"{address}?show=updated&q=P-99").content.decode()
    refused = planner.get(f"{address}?show=refused&q=p-54").context["rows"]
    assert [(row["ref"], row["label"], row["value"]) for row in refused] == [("P-54", "类型", "飞机")]


def test_all_refused_rows_are_downloaded_and_stay_when_the_others_are_written(
    long_preview: Import, planner: Client, shelf_of_its_own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def downloaded() -> list[list[str]]:
        sheet = body(planner.get(f"/data/import/{long_preview.pk}/refused.csv")).decode("utf-8-sig")
        return list(csv.reader(io.StringIO(sheet)))

    monkeypatch.setattr(record, "MOST_REFUSED_KEPT", 3)
    assert [len(downloaded()), downloaded()[1][1:4]] == [26, ["P-30", "类型", "'=1+1"]]
    before = downloaded()
    assert confirm(planner, long_preview, skip_refused="on").status_code == 302
    assert [each.name for each in (shelf_of_its_own / str(long_preview.pk)).iterdir()] == ["refused.sqlite"]
    assert downloaded() == before
    assert step(planner, long_preview, "undo").status_code == 302  # nothing else was needed for it
    assert set(Bay.objects.filter(number__startswith="P-").values_list("kind", flat=True)) == {"small"}
    shelf.remove(long_preview.pk)
    assert downloaded() == before[:4]
    assert "下载前 3 个被拒绝的行" in planner.get(f"/data/import/{long_preview.pk}/").content.decode()


def test_new_rows_that_point_to_one_another_are_called_by_their_names(
    town: Town, client_as: Callable[..., Any]
) -> None:
    administrator = client_as("administrator")
    sheet = exported(administrator, "branches", ".csv").decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(sheet)))
    head = rows[0]
    new = dict(zip(head, rows[1], strict=True)) | {"编号": "77", "名称": "七七支部", "书记": "新书记"}
    stream = io.StringIO()
    csv.writer(stream).writerows([head, [new[name] for name in head]])
    record = taken(administrator, "branches", "支部.csv", stream.getvalue().encode())
    rows = administrator.get(f"/data/import/{record.pk}/?show=created").context["rows"]
    member = next(row for row in rows if row.kind == "党员")
    assert ("支部", "—", "77 七七支部") in member.fields
    assert not Branch.objects.filter(code="77").exists()


# ── Datum ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_file_without_datum_waits_for_a_person_and_lands_where_it_should(town: Town, planner: Client) -> None:
    for number, north in enumerate((0, 200)):
        Carriageway.objects.create(
            source_id=str(number),
            highway="primary",
            width_m=12,
            width_origin="tag",
            line=line((0, north), (1000, north)),
        )
    bay = town.own.bay
    was, sheet = bay.area, without_datum(exported(planner, "bays", ".csv", "gcj02"))
    bay.delete()
    record = taken(planner, "bays", "泊位.csv", sheet)
    assert (record.state, record.datum) == ("uploaded", "")
    answer = planner.get(f"/data/import/{record.pk}/")
    found = {each.fit.datum.code: each for each in answer.context["candidates"]}
    assert next(iter(found)) == "gcj02"
    assert found["gcj02"].fit.median_m < 10 < 40 < found["wgs84"].fit.median_m
    assert 'name="datum" value="gcj02" required>' in answer.content.decode()  # nothing is chosen beforehand
    assert confirm(planner, record).status_code == 409

    assert step(planner, record, "datum", datum="gcj02").status_code == 302
    assert (record.state, record.datum, record.counts["created"]) == ("previewed", "gcj02", 1)
    confirm(planner, record)
    assert Bay.objects.get(number=bay.number).area.equals_exact(was, 0.001)


def test_unfit_datum_is_told_and_another_can_be_chosen(town: Town, planner: Client) -> None:
    record = taken(planner, "bays", "泊位.csv", without_datum(exported(planner, "bays", ".csv")))
    answer = step(planner, record, "datum", other="EPSG:4547")
    assert (answer.status_code, record.state) == (400, "uploaded")
    assert "不在本市" in answer.content.decode()
    assert step(planner, record, "datum", datum="wgs84").status_code == 302
    assert record.counts["unchanged"] == 2


# ── Hostile files ─────────────────────────────────────────────────────────────────────────────────────────


def bomb() -> bytes:
    """A ZIP of 2 GB of zeros by its declared size."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("layer.shp", b"\0" * 1000)
    raw = bytearray(stream.getvalue())
    entry = raw.index(b"PK\x01\x02")
    raw[entry + 24 : entry + 28] = (2 * 1024**3 - 1).to_bytes(4, "little")
    return bytes(raw)


def path_out() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("../../etc/layer.shp", b"x")
    return stream.getvalue()


KML_ENTITY = b"""<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<kml xmlns="http://www.opengis.net/kml/2.2"><Placemark><name>&a;</name></Placemark></kml>"""
LONG_LINE = json.dumps(
    {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"number": "1"},
                "geometry": {
                    "type": "LineString",
                    "coordinates": [[112.5, 37.8 + n / 1e6] for n in range(2000)],
                },
            }
        ],
    }
).encode()


@pytest.mark.parametrize(
    ("name", "sent", "words"),
    [
        ("炸弹.zip", bomb(), "可能是压缩炸弹"),
        ("路径.zip", path_out(), "指向包外"),
        ("假.gpkg", b"MZ\x90\0" * 100, "与后缀 .gpkg 不符"),
        ("实体.kml", KML_ENTITY, "DTD"),
        ("顶点.geojson", LONG_LINE, "个顶点,最多 1000 个"),
        ("空.csv", b"", "空文件"),
        ("程序.exe", b"MZ", "不认识文件"),
        ("大.csv", b"a" * 300_001, "文件超过 0 MB"),
    ],
)
def test_hostile_upload_is_refused_in_words_and_nothing_stored(
    name: str,
    sent: bytes,
    words: str,
    planner: Client,
    shelf_of_its_own: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small = upload.Limits(vertices=1000, file_bytes=300_000)
    for module in ("gridmgr.core.importing.upload", "gridmgr.intake.receiving", "gridmgr.intake.views"):
        monkeypatch.setattr(f"{module}.Limits", lambda: small)
    monkeypatch.setattr(bringing, "AT_ONCE", small)
    answer = send(planner, "bays", name, sent)
    assert answer.status_code in {400, 413}
    assert words in answer.content.decode()
    assert Import.objects.count() == 0
    assert not shelf_of_its_own.exists() or list(shelf_of_its_own.iterdir()) == []


@pytest.mark.parametrize("head", ["WKT [wgs84]", "WKT"])
def test_file_that_lacks_a_column_is_refused_before_anybody_is_asked_for_its_datum(
    planner: Client, shelf_of_its_own: Path, head: str
) -> None:
    answer = send(planner, "bays", "别的.csv", f"名称,{head}\n甲,POINT (112.5 37.8)\n".encode())
    assert (answer.status_code, answer.request["PATH_INFO"]) == (400, "/data/import/")
    assert "缺少列:" in answer.content.decode()
    assert Import.objects.count() == 0
    assert not shelf_of_its_own.exists() or list(shelf_of_its_own.iterdir()) == []


def test_file_that_no_datum_could_save_is_refused_and_its_content_forgotten(
    planner: Client, shelf_of_its_own: Path
) -> None:
    far = (
        '编号,道路,侧,起点里程,终点里程,WKT [wgs84]\nA1,甲路,左侧,0,6,"POLYGON((0 0,1 0,1 1,0 0))"\n'.encode()
    )
    answer = send(planner, "bays", "远.csv", far)
    assert answer.status_code == 400
    assert "不在本市" in answer.content.decode()
    assert Import.objects.get().state == State.REFUSED
    assert list(shelf_of_its_own.iterdir()) == []


def test_what_is_kept_is_closed_to_others_and_goes_after_some_days(
    town: Town, planner: Client, shelf_of_its_own: Path
) -> None:
    sheet = exported(planner, "bays", ".csv")
    first = taken(planner, "bays", "甲.csv", sheet)
    folder = shelf_of_its_own / str(first.pk)
    assert (folder.stat().st_mode & 0o777, shelf_of_its_own.stat().st_mode & 0o777) == (0o700, 0o700)
    os.utime(folder, (0, 0))
    second = taken(planner, "bays", "乙.csv", sheet)
    assert [each.name for each in shelf_of_its_own.iterdir()] == [str(second.pk)]
    answer = confirm(planner, first)
    assert (answer.status_code, "重新上传" in answer.content.decode()) == (404, True)
    Import.objects.filter(pk=first.pk).update(created=timezone.now() - timedelta(days=8))
    taken(planner, "bays", "丙.csv", sheet)
    assert not Import.objects.filter(pk=first.pk).exists()


# ── Confirming ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def draft(town: Town, planner: Client) -> Import:
    """A previewed import that changes both bays."""
    sheet = exported(planner, "bays", ".gpkg")
    Bay.objects.update(state="suspended")
    record = taken(planner, "bays", "泊位.gpkg", sheet)
    record.refresh_from_db()
    return record


def test_confirming_twice_writes_once(draft: Import, planner: Client, shelf_of_its_own: Path) -> None:
    shown = draft.fingerprint
    assert step(planner, draft, "confirm", fingerprint=shown).status_code == 302
    (kept,) = shelf_of_its_own.iterdir()
    left = [each.name for each in kept.iterdir()]
    assert left == ["refused.sqlite"]  # what was written needs its file no more
    written, at = events(), draft.written_at
    answer = step(planner, draft, "confirm", fingerprint=shown)
    assert (answer.status_code, events(), draft.written_at) == (409, written, at)
    assert "没有再写一次" in answer.content.decode()


def test_written_import_is_not_given_up(draft: Import, planner: Client) -> None:
    confirm(planner, draft)
    answer = step(planner, draft, "drop")
    assert (answer.status_code, draft.state) == (409, "written")
    assert "不能放弃" in answer.content.decode()
    assert "什么都没有写入" not in answer.content.decode()


def test_stale_preview_is_shown_anew_instead_of_written(draft: Import, planner: Client, town: Town) -> None:
    shown = draft.fingerprint
    Bay.objects.filter(pk=town.own.bay.pk).update(kind="large")
    before = dump(Bay)
    answer = step(planner, draft, "confirm", fingerprint=shown)
    assert (answer.status_code, dump(Bay), draft.state) == (409, before, "previewed")
    assert "预览之后数据又有变动" in answer.content.decode()
    assert "大型车" in answer.content.decode()
    assert (
        step(planner, draft, "confirm", fingerprint=shown).status_code == 409
    )  # the old page, in another window
    assert confirm(planner, draft).status_code == 302
    assert Bay.objects.get(pk=town.own.bay.pk).kind == "small"


def test_long_files_are_previewed_and_written_by_a_worker(
    town: Town, planner: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bringing, "ROWS_AT_ONCE", 1)
    sheet = exported(planner, "bays", ".gpkg")
    Bay.objects.update(state="suspended")
    answer: Any = send(planner, "bays", "泊位.gpkg", sheet)
    record, told = Import.objects.get(), []
    for kind, press in (
        ("import-preview", None),
        ("import-write", lambda: confirm(planner, record)),
        ("import-undo", lambda: step(planner, record, "undo")),
    ):
        answer = press() if press else answer
        job = Job.objects.latest("created")
        assert (job.kind, answer["Location"]) == (kind, job.get_absolute_url())
        made = {"import-preview": work.preview, "import-write": work.write, "import-undo": work.take_back}[
            kind
        ]
        product = made(Work(job.args, planner.user, tmp_path, lambda *said: told.append(said[2])))
        assert product.result == record.get_absolute_url()
        record.refresh_from_db()
    assert (record.state, told) == ("undone", ["正在核对 2 行", "正在写入 2 行", "正在撤销"])
    assert set(Bay.objects.values_list("state", flat=True)) == {"suspended"}


def test_large_files_are_read_by_a_worker_and_leave_nothing_when_refused(
    town: Town, planner: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shelf_of_its_own: Path
) -> None:
    monkeypatch.setattr(bringing, "BYTES_AT_ONCE", 100)
    sheet = exported(planner, "bays", ".csv")
    send(planner, "bays", "泊位.csv", sheet)
    record, job = Import.objects.get(), Job.objects.get()
    assert "正在后台读取" in planner.get(f"/data/import/{record.pk}/").content.decode()
    assert work.read(Work(job.args, planner.user, tmp_path)).result == record.get_absolute_url()
    record.refresh_from_db()
    assert (record.state, record.counts["unchanged"]) == ("previewed", 2)
    step(planner, record, "drop")
    assert (Import.objects.count(), list(shelf_of_its_own.iterdir())) == (0, [])

    send(planner, "bays", "假.gpkg", sheet)
    with pytest.raises(Unreadable, match=r"假\.gpkg 的内容与后缀"):
        work.read(Work(Job.objects.latest("created").args, planner.user, tmp_path))
    assert (Import.objects.count(), list(shelf_of_its_own.iterdir())) == (0, [])


def test_file_that_takes_too_long_in_a_page_is_read_by_a_worker(
    town: Town, planner: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shelf_of_its_own: Path
) -> None:
    monkeypatch.setattr(bringing, "AT_ONCE", upload.Limits(wall_s=0))
    send(planner, "bays", "泊位.csv", exported(planner, "bays", ".csv"))
    record = Import.objects.get()
    assert "正在后台读取" in planner.get(f"/data/import/{record.pk}/").content.decode()
    work.read(Work(Job.objects.get().args, planner.user, tmp_path))
    record.refresh_from_db()
    assert (record.state, record.counts["unchanged"]) == ("previewed", 2)


def test_step_that_would_wait_for_another_import_is_a_workers(
    town: Town, planner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = taken(planner, "bays", "泊位.csv", exported(planner, "bays", ".csv"))
    monkeypatch.setattr("gridmgr.intake.views.another_runs", lambda: True)
    answer = step(planner, record, "confirm", fingerprint=record.fingerprint)
    job = Job.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, job.get_absolute_url())
    assert record.state == "previewed"


@pytest.mark.django_db
def test_an_import_at_work_elsewhere_is_seen() -> None:
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [LOCK])
            assert another_runs()
            cursor.execute("SELECT pg_advisory_unlock(hashtext(%s))", [LOCK])
            assert not another_runs()
            cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [LOCK])
            assert cursor.fetchone() == (True,)  # asking left no lock behind
    finally:
        other.close()


def test_large_file_that_no_worker_may_take_is_not_kept(
    town: Town, planner: Any, monkeypatch: pytest.MonkeyPatch, settings: Any, shelf_of_its_own: Path
) -> None:
    monkeypatch.setattr(bringing, "BYTES_AT_ONCE", 100)
    settings.GRIDMGR_JOBS_EACH = 0
    answer = send(planner, "bays", "泊位.csv", exported(planner, "bays", ".csv"))
    assert (answer.status_code, "每人同时最多 0 个" in answer.content.decode()) == (429, True)
    assert (Import.objects.count(), list(shelf_of_its_own.iterdir())) == (0, [])


def test_each_person_keeps_a_few_drafts(
    town: Town, planner: Any, monkeypatch: pytest.MonkeyPatch, client_as: Any, shelf_of_its_own: Path
) -> None:
    monkeypatch.setattr(bringing, "MOST_DRAFTS", 2)
    sheet = exported(planner, "bays", ".csv")
    others = taken(client_as("planner"), "bays", "别人.csv", sheet)
    mine = [taken(planner, "bays", f"{name}.csv", sheet) for name in "甲乙丙"]
    left = {others.pk, mine[1].pk, mine[2].pk}
    assert set(Import.objects.values_list("pk", flat=True)) == left
    assert {each.name for each in shelf_of_its_own.iterdir()} == {str(pk) for pk in left}


# ── Rights ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("role", "hub", "taking_out", "bringing_in"),
    [
        ("administrator", 200, 200, 200),
        ("planner", 200, 200, 200),
        ("office", 200, 200, 403),
        ("secretary", 200, 200, 403),
        ("member", 403, 403, 403),
    ],
)
def test_who_may(
    role: str, hub: int, taking_out: int, bringing_in: int, town: Town, client_as: Callable[..., Any]
) -> None:
    client = client_as(role)
    answers = [
        client.get(path)
        for path in ("/data/", "/data/export/", CITY.format(layer="bays", suffix=".csv", datum=""))
    ]
    assert [answer.status_code for answer in answers] == [hub, taking_out, taking_out]
    assert [client.get(path).status_code for path in ("/data/import/", "/data/imports/")] == [bringing_in] * 2
    assert b"".join(answers[2].streaming_content if taking_out == 200 else [b"BW-01"]).count(b"BW-") >= 1


def test_planners_bring_in_places_only(town: Town, client_as: Callable[..., Any]) -> None:
    planner, administrator = client_as("planner"), client_as("administrator")
    sheet = exported(administrator, "branches", ".csv")
    names = Branch.objects.filter(pk=town.own.branch.pk)
    names.update(name="旧名")
    assert send(planner, "branches", "支部.csv", sheet).status_code == 400
    assert Import.objects.count() == 0
    record = taken(administrator, "branches", "支部.csv", sheet)
    assert planner.get(f"/data/import/{record.pk}/").status_code == 404
    record.refresh_from_db()
    assert confirm(planner, record).status_code == 404
    assert confirm(administrator, record).status_code == 302
    assert names.get().name != "旧名"
    assert step(planner, record, "undo").status_code == 404
    assert record.file_name not in planner.get("/data/imports/").content.decode()


def test_only_an_administrators_file_restores_an_approved_site(
    town: Town, client_as: Callable[..., Any]
) -> None:
    site, planner, administrator = (
        SiteFactory(code="TD-77", road=town.own.road, at_m=600),
        client_as("planner"),
        client_as("administrator"),
    )
    sheet = exported(administrator, "sites", ".gpkg")
    assert site.state == "open"
    site.pitches.all().delete()
    site.delete()
    theirs = taken(planner, "sites", "摊点.gpkg", sheet)
    refused = json.loads(body(planner.get(f"/data/import/{theirs.pk}/refused.json")))
    assert [row["ref"] for row in refused] == ["TD-77"]
    record = taken(administrator, "sites", "摊点.gpkg", sheet)
    assert confirm(administrator, record).status_code == 302
    assert (record.counts["created"], record.counts["refused"]) == (1, 0)
    assert Site.objects.get(code="TD-77").state == "open"


def test_a_colleague_sees_what_was_written_but_no_drafts(
    draft: Import, client_as: Callable[..., Any], planner: Client
) -> None:
    colleague = client_as("planner")
    assert colleague.get(f"/data/import/{draft.pk}/").status_code == 404
    confirm(planner, draft)
    assert colleague.get(f"/data/import/{draft.pk}/").status_code == 200
    assert step(colleague, draft, "undo").status_code == 302
    assert (draft.state, draft.undone_by) == ("undone", colleague.user.username)


# ── Out ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_odd_addresses_are_refused_in_words(planner: Client) -> None:
    assert planner.get(f"/data/import/{'-' * 36}/refused.csv").status_code == 404
    assert planner.get(CITY.format(layer="bays", suffix="%00.gpkg", datum="wgs84")).status_code == 400
    for odd in ("/../../x.gpkg", "%0D%0AX:1.csv"):
        answer: Any = planner.get(CITY.format(layer="bays", suffix=odd, datum="wgs84"))
        assert answer["Content-Disposition"].endswith(odd[-4:])  # the file of that kind, under its own name
        assert b"".join(answer.streaming_content)


def test_export_takes_the_conditions_of_the_list_and_tells_them(town: Town, planner: Client) -> None:
    Bay.objects.filter(pk=town.own.bay.pk).update(kind="charging")
    page = planner.get("/bays/?kind=charging&branch=01").content.decode()
    assert "/data/export/?layer=bays&amp;kind=charging&amp;branch=01" in page
    page = planner.get("/data/export/?layer=bays&kind=charging&branch=01").content.decode()
    assert "<strong>1</strong>" in page
    answer: Any = planner.get(
        "/data/export/file?layer=bays&kind=charging&branch=01&format=.geojson&datum=gcj02"
    )
    made = json.loads(b"".join(answer.streaming_content))
    assert [each["properties"]["number"] for each in made["features"]] == ["BW-01"]
    assert made["gridmgr"]["restricted_to"] == f"类型 充电;支部 {town.own.branch}"
    answer = planner.get("/data/export/file?layer=bays&format=.kml&datum=gcj02")
    assert (answer.status_code, "KML 按标准只能用 WGS 84" in answer.content.decode()) == (400, True)
    assert planner.get("/data/export/?layer=bays&branch=99").status_code == 400
