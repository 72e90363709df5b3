"""Uploads through the pages, as a browser sends them, and rows as the database holds them."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, models
from django.test import Client

from gridmgr.intake import shelf
from gridmgr.intake.models import Import


@pytest.fixture(autouse=True)
def shelf_of_its_own(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """What is kept lies in the test's own folder, and nothing is left among temporary files."""
    settings.VAR_DIR = tmp_path / "var"
    room = tmp_path / "temporary"
    room.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(room))
    settings.FILE_UPLOAD_TEMP_DIR = str(room)
    yield shelf.root()
    assert list(room.iterdir()) == []


@pytest.fixture
def planner(client_as: Callable[..., Any]) -> Client:
    client: Client = client_as("planner")
    return client


def send(client: Client, layer: str, name: str, content: bytes) -> Any:
    """Upload a file."""
    file = SimpleUploadedFile(name, content, content_type="application/octet-stream")
    return client.post("/data/import/", {"layer": layer, "file": file})


def taken(client: Client, layer: str, name: str, content: bytes) -> Import:
    """Upload a file that is taken; its record."""
    answer = send(client, layer, name, content)
    assert answer.status_code == 302, answer.content.decode()[-3000:]
    return Import.objects.latest("created")


def step(client: Client, record: Import, name: str, **data: Any) -> Any:
    """Press the button of that step on the import's page; the record is read anew."""
    answer = client.post(f"/data/import/{record.pk}/{name}/", data)
    if Import.objects.filter(pk=record.pk).exists():
        record.refresh_from_db()
    return answer


def confirm(client: Client, record: Import, **data: Any) -> Any:
    """Confirm the preview as it is now."""
    return step(client, record, "confirm", fingerprint=record.fingerprint, **data)


def body(answer: Any) -> bytes:
    """What a streamed answer sends."""
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


def dump(*kinds: type[models.Model]) -> list[str]:
    """All rows of these tables, as PostgreSQL writes them: geometry byte by byte."""
    with connection.cursor() as cursor:
        rows = []
        for kind in kinds:
            cursor.execute(f"SELECT t::text FROM {kind._meta.db_table} AS t ORDER BY t.id")
            rows += [text for (text,) in cursor.fetchall()]
        return rows
