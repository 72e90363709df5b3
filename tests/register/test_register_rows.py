"""Sheets as they come: title rows, merged cells, widths, quantities in words, sums; and hostile ones."""

import io
import zipfile
from pathlib import Path

import openpyxl
import pytest

from gridmgr.core.errors import DomainError
from gridmgr.core.importing.archives import ArchiveLimits
from gridmgr.register import columns, shelf
from gridmgr.register.enums import State
from gridmgr.register.models import Register
from gridmgr.register.notes import notes_of
from gridmgr.register.rows import entries_of, read_quantity, without_private
from gridmgr.register.sheets import MOST_ROWS, Book, Cell, Sheet, read_book
from tests.register.conftest import HEAD, IDENTITY, PHONE, ROWS, workbook

SAMPLE = Path(__file__).parents[2] / "fixtures" / "registers" / "sample-street-register.xlsx"


def read(tmp_path: Path, content: bytes, name: str = "a.xlsx") -> Book:
    path = tmp_path / name
    path.write_bytes(content)
    return read_book(path, ArchiveLimits(members=500, unpacked_bytes=10_000_000))


def test_headings_are_found_below_titles_and_columns_by_their_words(tmp_path: Path) -> None:
    sheet = read(tmp_path, workbook()).sheets[0]
    assert columns.guess_header_row(sheet) == 4
    found = {each.text: each.role for each in columns.headings(sheet, 4)}
    assert found == {
        "序号": "", "街道": "street", "点位": "place", "数量": "quantity",
        "联系人": "contact", "电话": "contact", "身份证号": "", "备注": "note",
    }  # fmt: skip
    samples = {each.text: each.samples for each in columns.headings(sheet, 4)}
    assert samples["街道"] == ("东西街", "东西街", "东西街")  # the merged cell is read in both its rows
    assert samples["数量"] == ("约6个", "４", "5")


def test_rows_are_read_with_their_number_and_sums_left_out(tmp_path: Path) -> None:
    sheet = read(tmp_path, workbook()).sheets[0]
    roles = {each.index: each.role for each in columns.headings(sheet, 4)}
    entries = entries_of(Register(header_row=4), sheet, roles)
    told = [(each.row, each.street, each.place, each.quantity, each.state) for each in entries]
    assert told == [
        (5, "东西街", "与南北路交叉口东南角", 6, State.UNMATCHED),
        (6, "东西街", "120号对面", 4, State.UNMATCHED),
        (8, "东西街", "南北璐口西北角", 5, State.UNMATCHED),
        (9, "", "合计", None, State.LEFT_OUT),
    ]
    assert entries[0].contact == f"张三 {PHONE}"
    assert IDENTITY not in str([vars(each) for each in entries])


@pytest.mark.parametrize(
    ("text", "number"),
    [("约20个", 20), ("２０", 20), ("十二个", 12), ("20余户", 20), ("8.0", 8), ("共计6处摊位", 6), ("二十", 20), ("一百零五个", 105),
     ("20-30", None), ("若干", None), ("", None), ("0", None), ("500", None), ("-3", None), ("3、5", None), ("1e2", None)],
)  # fmt: skip
def test_quantity_is_one_number_or_a_reason(text: str, number: int | None) -> None:
    found = read_quantity(text)
    assert found.number == number
    assert bool(found.why) == (found.number is None)


def test_private_numbers_are_masked_in_free_text() -> None:
    assert without_private(f"联系 {PHONE},证件 {IDENTITY},摊位 12") == "联系 •••,证件 •••,摊位 12"


def test_full_width_private_numbers_are_masked_too() -> None:
    text = "张三　１３８－３５１０－１２３４，身份证１４０１０５１９９００１０１１２３Ｘ，１２号"
    assert without_private(text) == "张三　•••，身份证•••，１２号"
    assert without_private("电话０３５１—４０４１２３４转８") == "电话•••转８"


def test_private_numbers_stay_out_of_what_everybody_reads() -> None:
    """A place and a name become a site's; the contact stays with those who may read it."""
    head = ["点位", "摊点名称", "数量", "联系人"]
    said = ["文源巷北口 139-1234-5678", f"早点摊{PHONE}", PHONE, f"张三 {PHONE}"]
    rows: list[list[Cell]] = [[*head], [*said], [f"填表人:李四 0351-4041234 {IDENTITY}", None, None, None]]
    sheet = Sheet("CSV", rows)
    roles = {0: "place", 1: "name", 2: "quantity", 3: "contact"}
    entry, signed = entries_of(Register(header_row=1), sheet, roles)
    assert (entry.place, entry.name, entry.quantity_said) == ("文源巷北口", "早点摊", "")
    assert entry.contact == f"张三 {PHONE}"
    assert signed.place == "填表人:李四 ••• •••"


def test_csv_of_excel_is_read_in_its_encoding(tmp_path: Path) -> None:
    text = "\r\n".join(
        ",".join(str(cell or "") for cell in row) for row in [HEAD, *[row or [] for row in ROWS]]
    )
    book = read(tmp_path, text.encode("gb18030"), "a.csv")
    assert columns.guess_header_row(book.sheets[0]) == 1
    assert [*notes_of(book.notes)] == ["文字按 GB18030(GBK)编码读取"]
    assert book.sheets[0].rows[1][2] == "与南北路交叉口东南角"


def test_same_headings_in_another_order_have_one_fingerprint() -> None:
    a, b = (Sheet("", [list(head)]) for head in (HEAD, HEAD[::-1]))
    assert columns.fingerprint(a, 1) == columns.fingerprint(b, 1)
    assert columns.fingerprint(a, 1) != columns.fingerprint(Sheet("", [["序号", "点位"]]), 1)


def test_sample_register_is_what_the_docs_say() -> None:
    book = shelf.read_upload(SAMPLE, name=SAMPLE.name)
    assert [sheet.name for sheet in book.sheets] == ["摊点登记", "填表说明"]
    assert "模拟数据" in str(book.sheets[0].rows[0][0])
    assert columns.guess_header_row(book.sheets[0]) == 4


# ── Hostile ───────────────────────────────────────────────────────────────────────────────────────────────


def refused(path: Path, content: bytes, name: str) -> str:
    path.write_bytes(content)
    with pytest.raises(DomainError) as error:
        shelf.read_upload(path, name=name)
    return str(error.value)


def _bomb() -> bytes:
    """A workbook whose sheet declares 300 MB of nothing."""
    stream = io.BytesIO(workbook())
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/zeros.bin", b"\0" * 300_000_000)
    return stream.getvalue()


def _vast() -> bytes:
    book = openpyxl.Workbook()
    book.active["XFD1048576"] = "x"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_hostile_files_are_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    assert "登记表须是 Excel" in refused(path, b"x", "a.xls")
    assert "与后缀 .xlsx 不符" in refused(path, b"%PDF-1.7", "a.xlsx")
    assert "压缩" in refused(path, b"PK\x03\x04 nothing", "a.xlsx")
    assert "解压" in refused(path, _bomb(), "a.xlsx")
    assert f"最多 {MOST_ROWS} 行" in refused(path, _vast(), "a.xlsx")
    many = "点位,数量\n" + "x,1\n" * (MOST_ROWS + 1)
    assert f"最多 {MOST_ROWS} 行" in refused(path, many.encode(), "a.csv")
    assert "空文件" in refused(path, b"", "a.csv")
    assert "不是有效的 Excel" in refused(path, _laughing(), "a.xlsx")
    assert "压缩炸弹" in refused(path, _merged(), "a.xlsx")


def _merged() -> bytes:
    """A few kilobytes: one row of long texts, each merged down over all rows, that would be read as 70 MB."""
    book = openpyxl.Workbook()
    for column in range(1, 17):
        book.active.cell(1, column, "汾" * 500)
        book.active.merge_cells(start_row=1, end_row=MOST_ROWS, start_column=column, end_column=column)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _laughing() -> bytes:
    """A workbook whose sheet declares entities that would grow to gigabytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook())) as sound, zipfile.ZipFile(made, "w") as archive:
        for name in sound.namelist():
            archive.writestr(name, _LAUGHS if name.endswith("sheet1.xml") else sound.read(name))
    return made.getvalue()


_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1 or str()};" * 10}">' for n in range(1, 10))
    + ']><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">'
    '<c r="A1" t="inlineStr"><is><t>&a9;</t></is></c></row></sheetData></worksheet>'
)
