"""Packs by suffix and the command that writes them: whole or not at all, with progress that may call it off."""

import re
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from pypdf import PdfReader

from gridmgr.briefing.gather import gather
from gridmgr.briefing.pack import FORMS, make_pack
from gridmgr.core.accounts.audience import Audience
from gridmgr.core.errors import Invalid
from tests.briefing.test_gather import TODAY
from tests.conftest import Town

pytestmark = pytest.mark.django_db
OFFICE = Audience(role="office")
# What only a file of that form holds.
INSIDE = {"pptx": "ppt/presentation.xml", "xlsx": "xl/workbook.xml", "docx": "word/document.xml"}


class CalledOff(BaseException):
    """What a job's progress raises when its owner takes it back."""


def brief(path: Path, *words: str) -> str:
    out = StringIO()
    call_command("briefing", str(path), *words, "--date", "2026-11-22", stdout=out)
    return out.getvalue()


def words_of(content: bytes, form: str) -> str:
    """What the file says, markup left out."""
    if form == "pdf":
        return " ".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages)
    with ZipFile(BytesIO(content)) as parts:
        return re.sub(
            "<[^>]*>", "", " ".join(parts.read(n).decode() for n in parts.namelist() if n[-4:] == ".xml")
        )


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_made_and_progress_told(town: Town, form: str) -> None:
    told: list[tuple[int, int, str]] = []
    dossier = gather(None, audience=OFFICE, on=TODAY)
    pack = make_pack(dossier, form, audience=OFFICE, progress=lambda *step: told.append(step))
    assert pack.name == f"全市网格责任简报 2026-11-22.{form}"
    if form == "pdf":
        assert len(PdfReader(BytesIO(pack.content)).pages) >= 7
    else:
        assert INSIDE[form] in ZipFile(BytesIO(pack.content)).namelist()
    assert f"gridmgr {settings.GRIDMGR_VERSION}" in words_of(pack.content, form)
    if form in ("pdf", "pptx"):
        said = " ".join(words for _done, _total, words in told)
        assert all(part.name in said for part in dossier.branches)
    done = [step for step, _total, _words in told]
    assert done == sorted(done)
    assert all(step < total for step, total, _words in told)
    assert len(set(done)) > 3


@pytest.mark.parametrize("form", FORMS)
def test_called_off_in_the_middle(town: Town, form: str) -> None:
    calls = 0

    def call_off(done: int, total: int, words: str) -> None:
        nonlocal calls
        calls += 1
        if done or total == 1:
            raise CalledOff

    with pytest.raises(CalledOff):
        make_pack(gather(None, audience=OFFICE, on=TODAY), form, audience=OFFICE, progress=call_off)
    assert calls <= 2


def test_command_writes_the_whole_file_and_says_so(town: Town, tmp_path: Path) -> None:
    path = tmp_path / "简报.pdf"
    said = brief(path, "--branches", "02", "--site", "https://grid.example.cn/", "-v2")
    assert "02 第02支部责任简报" in said
    assert "数据时刻" in said
    assert re.search(r"0/\d+ 正在绘制 02", said)
    assert "正在写入文件" in said
    reader = PdfReader(path)
    links = {
        str(each.get_object()["/A"]["/URI"])
        for page in reader.pages
        for each in page.get("/Annots", [])
        if "/URI" in each.get_object().get("/A", {})
    }
    assert "https://grid.example.cn/bays/?branch=02&state=in_use&date=2026-11-22" in links
    assert [each.name for each in tmp_path.iterdir()] == ["简报.pdf"]


@pytest.mark.parametrize(
    ("name", "words", "said"),
    [
        ("a.odt", [], ".pdf、.pptx、.xlsx、.docx"),
        ("a.pdf", ["--branches", "01,77"], "没有编号为 77 的支部"),
        ("a.pdf", ["--site", "javascript:alert(1)"], "须以 http"),
        ("no/such/a.pdf", [], "不存在"),
    ],
)
def test_refused_in_words_and_nothing_is_left(
    town: Town, tmp_path: Path, name: str, words: list[str], said: str
) -> None:
    with pytest.raises(CommandError, match=re.escape(said)):
        brief(tmp_path / name, *words)
    assert list(tmp_path.iterdir()) == []


def test_what_fails_half_way_leaves_the_old_file(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"old")

    def break_down(*_args: Any, **_more: Any) -> None:
        raise CalledOff

    monkeypatch.setattr("gridmgr.briefing.pdf._set", break_down)
    with pytest.raises(CalledOff):
        brief(path)
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["a.pdf"]


def test_unknown_form(town: Town) -> None:
    with pytest.raises(Invalid, match="odt"):
        make_pack(gather(None, audience=OFFICE, on=TODAY), "odt", audience=OFFICE)
