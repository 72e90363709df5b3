"""The first sheet: what the workbook is, its key figures, and what the other sheets hold."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from xlsxwriter.utility import quote_sheetname

from gridmgr.briefing import wording
from gridmgr.briefing.dossier import Dossier
from gridmgr.briefing.workbook.cells import COUNT, DAY, MOMENT, WASH, Book, Link
from gridmgr.briefing.workbook.counted import UNITS, counted
from gridmgr.briefing.workbook.tables import Tables
from gridmgr.core import quantities


def write_about(book: Book, dossier: Dossier, tables: Tables) -> None:
    sheet = book.sheet(_("说明"))
    for letter, width in zip("ABCD", (26, 22, 8, 50), strict=True):
        book.widen(sheet, letter, width)
    book.put(sheet, "A1", dossier.title, bold=True, size=16)
    book.put(sheet, "A2", dossier.subtitle)
    facts: Sequence[tuple[str, Any, str]] = [
        (_("截至日期"), dossier.on, DAY),
        (_("数据时刻"), _wall_clock(dossier.moment), MOMENT),
        (_("数据"), wording.demo_mark(dossier) or _("登记数据"), ""),
        (_("编制程序"), wording.maker(), ""),
        (_("网址"), Link(dossier.site, dossier.site) if dossier.site else quantities.NOTHING, ""),
    ]
    for row, (label, value, form) in enumerate(facts, 4):
        book.put(sheet, f"A{row}", label, bold=True)
        book.put(sheet, f"B{row}", value, form, align="left")
    row = _key_figures(book, sheet, dossier, tables, first=10)
    _contents(book, sheet, tables, first=row + 2)
    sheet.freeze_panes("A4")


def _key_figures(book: Book, sheet: Any, dossier: Dossier, tables: Tables, first: int) -> int:
    """The figures with the lists that they were counted from; returns the row of the last."""
    _labels(book, sheet, first, (_("关键数字"), _("数值"), _("单位"), _("名单")))
    units = {"m": _("米"), "%": "", "": ""}
    row = first
    for row, figure in enumerate(dossier.figures, first + 1):
        url = wording.address(dossier, figure.path)
        book.put(sheet, f"A{row}", figure.label)
        book.put(sheet, f"B{row}", counted(tables, figure), UNITS[figure.unit])
        book.put(sheet, f"C{row}", units[figure.unit])
        book.put(sheet, f"D{row}", Link(_("打开名单"), url) if url else None)
    return row


def _contents(book: Book, sheet: Any, tables: Tables, first: int) -> None:
    _labels(book, sheet, first, (_("工作表"), _("行数"), "", _("说明")))
    about = {
        "branches": _("每个支部的数字,由其他各表算出"),
        "sections": _("支部负责的路段"),
        "shares": _("党员负责的路段"),
        "unshared": _("支部负责、但还没有分给党员的路段"),
        "sites": _("支部路段上的便民摊点和临时瓜果市场,跨两个支部的只列一次"),
        "points": _("支部路段上的上下学接送点和它们的时段"),
        "bays": _("停车泊位,按种类"),
        "gaps": _("没有支部负责的主次干路"),
    }
    for row, (name, table) in enumerate(tables.items(), first + 1):
        book.put(sheet, f"A{row}", Link(table.title, f"internal:{quote_sheetname(table.title)}!A1"))
        book.put(sheet, f"B{row}", table.counted(), COUNT)
        book.put(sheet, f"D{row}", about[name])
    note = _("各表第二行的合计随筛选变化;起止里程从道路参考线的起点算起。")
    book.put(sheet, f"A{first + len(tables) + 2}", note)


def _labels(book: Book, sheet: Any, row: int, labels: Sequence[str]) -> None:
    for letter, label in zip("ABCD", labels, strict=True):
        book.put(sheet, f"{letter}{row}", label, bold=True, fill=WASH, align="right" if letter == "B" else "")


def _wall_clock(moment: datetime) -> datetime:
    """To the second and without a zone, which a workbook's clock has not."""
    return timezone.localtime(moment).replace(tzinfo=None, microsecond=0)
