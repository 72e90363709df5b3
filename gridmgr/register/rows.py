"""Rows of a mapped sheet → entries: places as texts, quantities read from words, sums and remarks left out."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from gridmgr.register.columns import said
from gridmgr.register.enums import Column, State, Told
from gridmgr.register.models import Entry, Register
from gridmgr.register.sheets import Cell, Sheet
from grids.domain.place_text import number_in, plain
from vendors.domain.pitching import MOST_PITCHES

_SUM = re.compile(r"(?:合计|总计|共计|小计|累计|总数)")
_SIGNED = re.compile(r"^(?:填表|制表|审核|负责人|单位|日期|注:|说明|备注:|填报|联系人|年月日)")
_NUMBER = r"\d+(?:\.0+)?|[零一二两三四五六七八九十百]+"
_QUANTITY = re.compile(
    rf"(?:约|大约|共|共计|共有|近|不少于|最多|可容纳)?({_NUMBER})(?:余|多|来)?(?:个|处|户|家|摊|位|组|辆)*(?:摊位|摊点|商贩|左右|上下|以内)*"
)
_LIMITS = {"street": 120, "place": 300, "name": 120, "note": 500, "contact": 300, "quantity": 60}
# Eleven digits of a mobile telephone in whatever groups, one of a house with its area's, or the eighteen characters of
# an identity number.
_PRIVATE = re.compile(
    r"(?<!\d)(?:1[3-9]\d[- ]?\d{4}[- ]?\d{4}|0\d{2,3}[- ]?\d{7,8}|\d{17}[\dXx])(?!\d)", re.ASCII
)
# Full-width characters as the narrow ones that they stand for, one for one.
_NARROW = {0xFF01 + offset: 0x21 + offset for offset in range(94)} | {0x3000: 0x20}
_NARROW |= dict.fromkeys(map(ord, "–—―‐−"), ord("-"))
# Columns that keep such numbers, for those who may read them.
_MAY_HOLD_NUMBERS = (Column.CONTACT, Column.NOTE)


@dataclass(frozen=True)
class Quantity:
    """A number of pitches as it was said; `why` when it can't be used as it is."""

    number: int | None
    why: str = ""


def read_quantity(text: str) -> Quantity:
    """约20个 → 20; nothing, two numbers, none or more than a site may have: with the reason."""
    words = plain(text)
    if not words:
        return Quantity(None, _("没有写数量"))
    found = _QUANTITY.fullmatch(words)
    number = _whole(found[1]) if found else None
    if number is None:
        return Quantity(None, _("数量“%s”读不出一个数") % text[:30])
    if not 1 <= number <= MOST_PITCHES:
        return Quantity(
            None, _("数量 %(given)s 须在 1 至 %(most)s 之间") % {"given": number, "most": MOST_PITCHES}
        )
    return Quantity(number)


def _whole(text: str) -> int | None:
    digits = re.sub(r"\.0+$", "", text)
    return number_in(digits)


def entries_of(register: Register, sheet: Sheet, roles: Mapping[int, str]) -> list[Entry]:
    """An entry for each row below the headings that holds anything, with what its mapped cells say."""
    found = []
    for number, row in enumerate(sheet.rows[register.header_row :], start=register.header_row + 1):
        if any(cell is not None for cell in row):
            found.append(_entry(register, number, _told(row, roles), row))
    return [entry for entry in found if entry is not None]


def _told(row: list[Cell], roles: Mapping[int, str]) -> dict[str, str]:
    told: dict[str, str] = {}
    for index, role in roles.items():
        text = said(row[index]) if role else ""
        if role not in _MAY_HOLD_NUMBERS:  # a place and a name go on into what everybody reads
            text = " ".join(without_private(text, " ").split())
        if text:
            told[role] = f"{told[role]} {text}" if role in told else text
    return {role: text[: _LIMITS[role]] for role, text in told.items()}


def _entry(register: Register, number: int, told: dict[str, str], row: list[Cell]) -> Entry | None:
    texts = [text for cell in row if (text := said(cell))]
    entry = Entry(
        register=register,
        row=number,
        street=told.get(Column.STREET, ""),
        place=told.get(Column.PLACE, ""),
        name=told.get(Column.NAME, ""),
        note=told.get(Column.NOTE, ""),
        contact=told.get(Column.CONTACT, ""),
        quantity_said=told.get(Column.QUANTITY, ""),
        state=State.UNMATCHED,
    )
    if why := _no_row(texts, entry):
        # Of a line that is none of the register's rows nothing but what it is called is kept.
        return Entry(
            register=register, row=number, place=without_private(texts[0])[:60], state=State.LEFT_OUT, why=why
        )
    quantity = read_quantity(entry.quantity_said)
    entry.quantity = quantity.number
    if not entry.title:
        entry.state, entry.why = State.REFUSED, Told.NO_PLACE
    return entry


def _no_row(texts: list[str], entry: Entry) -> str:
    """Why a line is none of the register's rows: a sum, a signature, the headings again."""
    first = plain(texts[0])
    if _SUM.match(first) or _SUM.fullmatch(plain(entry.title)):
        return Told.SUM
    if _SIGNED.match(first) and len(texts) <= 3:
        return Told.REMARK
    return ""


def without_private(text: str, instead: str = "•••") -> str:
    """The text with telephone and identity numbers masked, full-width ones too, for those who mayn't read them."""
    for found in reversed([*_PRIVATE.finditer(text.translate(_NARROW))]):
        text = text[: found.start()] + instead + text[found.end() :]
    return text


def troubles(entry: Entry) -> Iterator[str]:
    """What a person still has to set right before the row can be imported."""
    if entry.quantity is None and entry.state not in (State.LEFT_OUT, State.REFUSED):
        yield read_quantity(entry.quantity_said).why or _("没有写数量")
