"""A crossroads with kerbs, and registers as street offices write them.

东西街 runs 1,000 m due east from the base point, 南北路 600 m due north through it at x = 500; kerbs 10 m beside 东西街 and
6 m beside 南北路. Right of 东西街 is the south, right of 南北路 the east.
"""

import io
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from gridmgr.register import shelf
from gridmgr.register.models import Entry, Register
from gridmgr.register.sheets import read_book
from grids.models import Crossing, Kerb, Road
from tests.drawing import line
from tests.factories import RoadFactory
from tests.screen import as_on_screen

HEAD = ["序号", "街道", "点位", "数量", "联系人", "电话", "身份证号", "备注"]
PHONE, IDENTITY = "13912345678", "140105199001011234"
ROWS: list[list[Any] | None] = [
    [1, "东西街", "与南北路交叉口东南角", "约6个", "张三", PHONE, IDENTITY, "早餐"],
    [2, None, "120号对面", "４", "李四", "13912340000", "140105199001011235", ""],
    None,
    [3, "东西街", "南北璐口西北角", 5, "王五", "13912340001", "", "璐"],
]


@pytest.fixture(autouse=True)
def var_of_its_own(tmp_path: Path, settings: Any) -> Path:
    """What is laid down until columns are mapped lies in the test's own folder."""
    settings.VAR_DIR = tmp_path / "var"
    folder: Path = tmp_path / "var" / "registers"
    return folder


@pytest.fixture
def streets(db: None) -> tuple[Road, Road]:
    """The crossroads, with kerbs and its crossing."""
    east = RoadFactory(name="东西街")
    north = RoadFactory(name="南北路", reference_line=line((500, -300), (500, 300)))
    for road, side, a, b, length in (
        (east, "right", (0, -10), (1000, -10), 1000.0),
        (east, "left", (0, 10), (1000, 10), 1000.0),
        (north, "right", (506, -300), (506, 300), 600.0),
        (north, "left", (494, -300), (494, 300), 600.0),
    ):
        Kerb.objects.create(road=road, side=side, line=line(a, b), measures=[0.0, length])
    Crossing.objects.create(road=east, other=north, at_m=500.0)
    Crossing.objects.create(road=north, other=east, at_m=300.0)
    return east, north


def workbook(rows: Sequence[Sequence[Any] | None] = ROWS, head: Sequence[str] = tuple(HEAD)) -> bytes:
    """A sheet with two title rows, an empty row, headings in the fourth, 街道 merged over the first two rows, and a sum."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "登记表"
    sheet["A1"] = "便民摊点登记表"
    sheet.merge_cells("A1:H1")
    sheet["A2"] = "填报单位:某街道办"
    for column, text in enumerate(head, start=1):
        sheet.cell(4, column, text)
    for number, row in enumerate(rows, start=5):
        for column, value in enumerate(row or [], start=1):
            sheet.cell(number, column, value)
    if "街道" in head and len(rows) > 1:
        letter = openpyxl.utils.get_column_letter(list(head).index("街道") + 1)
        sheet.merge_cells(f"{letter}5:{letter}6")
    last = 5 + len(rows)
    sheet.cell(last, 1, "合计")
    sheet.cell(last, list(head).index("数量") + 1 if "数量" in head else 2, 15)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def send(
    client: Client, content: bytes | None = None, name: str = "登记表.xlsx", sender: str = "某街道办"
) -> Any:
    """Upload a file on the registers' page."""
    file = SimpleUploadedFile(name, workbook() if content is None else content)
    return client.post("/data/register/", {"sender": sender, "file": file})


def brought(content: bytes, sender: str = "某街道办") -> Register:
    """A register of which the cells have been read, by the code of the child process but in this one."""
    made = Register.objects.create(sender=sender, file_name="登记表.xlsx")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "upload.xlsx"
        path.write_bytes(content)
        shelf.keep(read_book(path, shelf.LIMITS.archive), made.pk)
    return made


def mapped(client: Client, register: Register, **changes: Any) -> Any:
    """Accept what the columns' page offers, but for `changes` by field name."""
    page = client.get(f"/data/register/{register.pk}/columns/")
    form = page.context["form"]
    data = {name: form[name].value() or "" for name in form.fields}
    data |= {"kind": "stall", "opens": "06:00", "closes": "22:00", **changes}
    sheet, header = page.context["sheet"].name, page.context["header"]
    return client.post(f"/data/register/{register.pk}/columns/?sheet={sheet}&header={header}", data)


@pytest.fixture
def planner(client_as: Callable[..., Any]) -> Client:
    client: Client = client_as("planner")
    return client


@pytest.fixture
def register(planner: Client, streets: tuple[Road, Road]) -> Register:
    """The sheet above, uploaded and mapped: rows 5 and 6 (merged street), 8, and the sum in 9."""
    made = brought(workbook())
    answer = mapped(planner, made)
    assert answer.status_code == 302, answer.content.decode()[-2000:]
    made.refresh_from_db()
    return made


def row(register: Register, number: int) -> Entry:
    found: Entry = register.entries.get(row=number)
    return found


def press(client: Client, register: Register, number: int, verb: str = "", **data: Any) -> Any:
    """A button of one row, which is as it was on the screen."""
    sent = {**as_on_screen(row(register, number)), **data}
    return client.post(f"/data/register/{register.pk}/rows/{number}/{verb}", sent)
