"""Which row of a sheet holds its headings, and what each column is: guessed by the words, remembered by the sender."""

import hashlib
import re
from collections.abc import Mapping as Mapped
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from gridmgr.core.errors import Invalid
from gridmgr.register.enums import JOINED, Column
from gridmgr.register.models import Mapping
from gridmgr.register.sheets import Cell, Sheet
from grids.domain.place_text import plain

LOOKED_AT = 15  # rows among which headings are looked for
SAMPLES = 3
# What headings say, the surer word first; the first column that fits takes the role.
_WORDS: tuple[tuple[Column, str], ...] = (
    (Column.CONTACT, r"联系|电话|手机|负责人|责任人|姓名|经营者|摊主"),
    (Column.QUANTITY, r"数量|个数|摊位数|摊位\(?个|数目|容纳|规模|几个|摊点数"),
    (Column.NOTE, r"备注|说明|备考|附注|情况"),
    (
        Column.STREET,
        r"^(?:所在|所属|涉及)?(?:街道|道路|路名|街路|路段名称?|街巷|主次干道)(?:名称)?$|道路名|街道名",
    ),
    (Column.PLACE, r"点位|地点|地址|位置|方位|设置点|具体|地段|路段|起止"),
    (Column.NAME, r"摊点名|点位名|市场名|名称"),
)
_PRIVATE = re.compile(r"身份证|证件号|银行|账号|户籍|住址|年龄|性别|民族")


@dataclass(frozen=True)
class Heading:
    """A column: its index, heading, what it is guessed to be ('' for nothing) and a few of its values."""

    index: int
    text: str
    role: str
    samples: tuple[str, ...]


def said(cell: Cell) -> str:
    """A cell as text; whole numbers without a decimal point."""
    if cell is None:
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def role_of(heading: str) -> str:
    """What a heading says its column is, '' when it says nothing that is known or asks for what we don't keep."""
    text = plain(heading)
    if not text or _PRIVATE.search(text):
        return ""
    return next((str(column) for column, words in _WORDS if re.search(words, text)), "")


def guess_header_row(sheet: Sheet) -> int:
    """The row (from 1) that looks most like headings: most known words, then most texts, the upper one of equals."""
    best, chosen = (-1, -1), 1
    for number, row in enumerate(sheet.rows[:LOOKED_AT], start=1):
        texts = [cell for cell in row if isinstance(cell, str)]
        roles = {role for cell in texts if len(cell) <= 20 and (role := role_of(cell))}
        score = (len(roles), min(len(set(texts)), 2))
        if score > best and len(set(texts)) > 1:
            best, chosen = score, number
    return chosen


def headings(sheet: Sheet, header_row: int, remembered: Mapped[str, str] | None = None) -> list[Heading]:
    """The columns below that row, with what was remembered of their headings or is guessed by them."""
    if not 1 <= header_row <= len(sheet.rows):
        raise Invalid(_("表头行须在 1 至 %s 之间。") % len(sheet.rows))
    head, body = sheet.rows[header_row - 1], sheet.rows[header_row:]
    taken: set[str] = set()
    found = []
    for index, cell in enumerate(head):
        samples = [text for row in body if (text := said(row[index]))][:SAMPLES]
        text = said(cell)
        if not text and not samples:
            continue
        role = (remembered or {}).get(text, "") if remembered is not None else role_of(text)
        if role in taken and role not in JOINED:
            role = ""
        taken.add(role)
        found.append(Heading(index, text, role, tuple(samples)))
    return found


def fingerprint(sheet: Sheet, header_row: int) -> str:
    """What sheets with the same headings have in common, in whatever order."""
    heads = sorted(plain(text) for cell in sheet.rows[header_row - 1] if (text := said(cell)))
    return hashlib.sha256("\n".join(heads).encode()).hexdigest()


def remembered(sender: str, sheet: Sheet, header_row: int) -> dict[str, str] | None:
    """What this sender's columns with these headings were last time; None when they are new."""
    found = Mapping.objects.filter(sender=sender, fingerprint=fingerprint(sheet, header_row)).first()
    return dict(found.columns) if found else None


def remember(sender: str, sheet: Sheet, header_row: int, roles: Mapped[int, str]) -> None:
    """Keep what each heading was said to be."""
    head = sheet.rows[header_row - 1]
    columns = {said(head[index]): role for index, role in roles.items() if said(head[index])}
    Mapping.objects.update_or_create(
        sender=sender, fingerprint=fingerprint(sheet, header_row), defaults={"columns": columns}
    )


def check_roles(roles: Sequence[str]) -> None:
    """Raises Invalid unless a place can be made of the columns, and none but those that are joined is there twice."""
    chosen = [role for role in roles if role]
    for role in chosen:
        if role not in Column.values:
            raise Invalid(_("不认识列的含义 %s。") % role[:20])
        if chosen.count(role) > 1 and role not in JOINED:
            raise Invalid(_("“%s”对应了两列,请只留一列。") % Column(role).label)
    if Column.PLACE not in chosen and Column.STREET not in chosen:
        raise Invalid(_("请至少指明哪一列是点位,或哪一列是街道。"))
