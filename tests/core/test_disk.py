"""A full disk: an answer in words, and nothing left of what didn't fit. The disk is a real one, of one megabyte."""

import errno
import io
import logging
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2.errors
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, OperationalError, connection, transaction

from gridmgr.core import disk
from gridmgr.core.errors import NoRoom, explain, said_when_full
from gridmgr.core.importing import upload
from gridmgr.core.jobs import process, store
from gridmgr.core.jobs.models import Job
from gridmgr.core.jobs.words import said as in_words
from gridmgr.intake import bringing, shelf
from gridmgr.intake.models import Import
from gridmgr.register import shelf as registers
from gridmgr.register.sheets import Book, Sheet
from tests.factories import BayFactory, UserFactory
from tests.intake.conftest import send

pytestmark = pytest.mark.django_db
ROWS = "编号,摊点\n" + "\n".join(f"{number},{'很长的一行' * 40}" for number in range(4000))


def _half(real: Callable[..., Any]) -> Callable[..., Any]:
    """As `real`, but the disk is full when half of it is written."""

    def write(*args: Any, **kwargs: Any) -> Any:
        real(*args, **kwargs)
        raise OSError(errno.ENOSPC, "No space left on device")

    return write


@pytest.fixture
def tiny(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A disk of one megabyte for what the service keeps; without the right to mount one, writing breaks off half-way."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    settings.VAR_DIR = folder
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode == 0:
        (folder / "ballast").write_bytes(b"\0" * 700_000)
        yield folder
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        return
    monkeypatch.setattr(shutil, "copyfile", _half(shutil.copyfile))
    monkeypatch.setattr(Path, "write_bytes", _half(Path.write_bytes))
    monkeypatch.setattr("json.dump", _half(__import__("json").dump))
    monkeypatch.setattr(shutil, "move", _half(shutil.move))
    monkeypatch.setattr(sqlite3, "connect", _full)
    yield folder


def _full(*_: Any, **__: Any) -> Any:
    raise OSError(errno.ENOSPC, "No space left on device")


def _files(folder: Path) -> list[str]:
    return sorted(
        str(each.relative_to(folder))
        for each in folder.rglob("*")
        if each.is_file() and each.name != "ballast"
    )


def _sheet(rows: int) -> bytes:
    head = "编号,道路,从(米),到(米),侧\n"
    return (head + "\n".join(f"B-{number},{'某某路' * 30},0,6,左" for number in range(rows))).encode()


# ── Uploads ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("at_once", [True, False])
def test_upload_that_does_not_fit_is_refused_in_words_and_leaves_nothing(
    client_as: Any, tiny: Path, monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    if not at_once:
        monkeypatch.setattr(bringing, "BYTES_AT_ONCE", 0)  # put aside for a worker
    client = client_as("planner")
    BayFactory()
    answer = send(client, "bays", "泊位.csv", _sheet(4000))
    assert answer.status_code == 507, answer.content.decode()[-2000:]
    assert "磁盘已满" in answer.content.decode()
    assert not Import.objects.exists()
    assert _files(tiny / "imports") == [] if (tiny / "imports").exists() else True


def test_upload_that_does_not_fit_among_temporary_files_is_refused_in_words(
    client_as: Any, tiny: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Django itself writes it there, while the form is read."""
    settings.FILE_UPLOAD_TEMP_DIR = str(tiny)
    if not (tiny / "ballast").exists():
        monkeypatch.setattr("tempfile._TemporaryFileWrapper", _full)
    client = client_as("planner")
    client.raise_request_exception = False
    answer = send(client, "bays", "泊位.csv", _sheet(4000))
    assert answer.status_code == 507, answer.content.decode()[-2000:]
    assert "磁盘已满" in answer.content.decode()
    assert _files(tiny) == []


def test_file_sent_to_a_page_that_asks_for_none_never_touches_the_disk(
    client: Any, tiny: Path, settings: Any
) -> None:
    """Nobody needs an account to send one to the login page."""
    settings.FILE_UPLOAD_TEMP_DIR = str(tiny)
    big = SimpleUploadedFile("big.bin", b"\0" * 4_000_000)
    answer = client.post("/login/", {"username": "a", "password": "b", "file": big})
    assert answer.status_code == 200
    assert not answer.wsgi_request.FILES
    assert _files(tiny) == []


def test_reader_without_room_says_so_and_not_that_the_file_is_damaged(
    client_as: Any, tiny: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The child process lays down what it read in a temporary folder; it can't even write why it failed."""
    if not (tiny / "ballast").exists():
        monkeypatch.setattr(upload, "_run_child", _full)
    monkeypatch.setattr(tempfile, "tempdir", str(tiny))
    given = tmp_path / "rows.csv"
    given.write_bytes(_sheet(4000))
    with pytest.raises((NoRoom, OSError)) as refusal:
        upload.read_upload(given, name="rows.csv")
    assert explain(refusal.value)[0] == 507
    assert _files(tiny) == []


def test_preview_that_does_not_fit_leaves_no_draft(tiny: Path) -> None:
    lines = [shelf.Line("created", f"B-{number}", {"fields": "很长" * 200}) for number in range(5000)]
    with pytest.raises((NoRoom, OSError, sqlite3.Error)) as refusal, shelf.drafted() as room:
        shelf.put_preview(room, lines, [], {})
    assert explain(refusal.value)[0] == 507
    assert _files(tiny) == []


def test_register_that_does_not_fit_leaves_the_one_before_whole(tiny: Path) -> None:
    if (tiny / "ballast").exists():
        registers.keep(Book([Sheet(name="一", rows=[["甲"]])], []), 1)
    before = _files(tiny)
    with pytest.raises(NoRoom):
        registers.keep(Book([Sheet(name="一", rows=[[ROWS]])], []), 1)
    assert _files(tiny) == before
    if before:
        assert registers.taken_up(1).sheets[0].rows == [["甲"]]


# ── Jobs ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_job_whose_file_does_not_fit_says_so_to_its_owner_and_keeps_nothing(tiny: Path) -> None:
    job = Job.objects.create(kind="briefing", owner=UserFactory(), title="简报", args={})
    folder = store.scratch(job.pk, job.pk)
    with pytest.raises(OSError, match=r"No space|space left") as failed:
        (folder / "made").write_bytes(b"\0" * 2_000_000)
    said = in_words(process._in_words(job, failed.value))
    assert "磁盘已满" in said
    store.remove_scratch(job.pk, job.pk)
    store.remove(job.pk)
    assert _files(tiny) == []


# ── The one table of words ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_whatever_writes_in_a_page_is_answered_507(number: int) -> None:
    status, text = explain(OSError(number, "no room"))
    assert status == 507
    assert "磁盘已满" in text
    wrapped = RuntimeError("some library's own")
    wrapped.__cause__ = OSError(number, "no room")
    assert explain(wrapped)[0] == 507
    assert explain(OSError(errno.EACCES, "not allowed"))[0] == 0


def test_full_disk_of_the_database_is_answered_507() -> None:
    error = OperationalError("could not extend file")
    error.__cause__ = _of_postgres("53100")
    assert explain(error)[0] == 507
    other = OperationalError("server closed the connection")
    other.__cause__ = _of_postgres("57P01")
    assert explain(other)[0] == 503


def _of_postgres(code: str) -> Exception:
    """psycopg2 sets pgcode on what it raises; PostgreSQL is made to raise one."""
    with pytest.raises(DatabaseError) as raised, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{code}'; END $$")
    cause = raised.value.__cause__
    assert isinstance(cause, psycopg2.Error)
    assert cause.pgcode == code
    return cause


def test_error_that_does_not_say_why_is_the_disks_when_that_is_full(tiny: Path) -> None:
    """numpy's own words for a short write carry no number."""
    if not (tiny / "ballast").exists():
        return
    (tiny / "more").write_bytes(b"\0" * 200_000)
    with pytest.raises(NoRoom), said_when_full(tiny):
        raise OSError("1000 requested and 12 written")
    assert disk.has_no_room(tiny)


def test_log_on_a_full_disk_takes_no_page_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """/dev/full answers every write with ENOSPC, as a log on a full disk does; so does standard error then."""
    with Path("/dev/full").open("wb", buffering=0) as full:
        stream = io.TextIOWrapper(full, write_through=True)
        with pytest.raises(OSError, match="No space"):
            stream.write("this is what it does")
        handler = logging.StreamHandler(stream)
        logger = logging.getLogger("gridmgr.full")
        logger.addHandler(handler)
        with monkeypatch.context() as patch:
            patch.setattr("sys.stderr", stream)
            logger.error("a line that nobody will read")
        logger.removeHandler(handler)
        stream.detach()
