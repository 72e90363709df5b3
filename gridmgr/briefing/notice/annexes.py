"""The lists behind a notice's numbers, each on pages of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from gridmgr.briefing import wording
from gridmgr.briefing.dossier import Dossier
from gridmgr.briefing.notice.official import HEI, XIAO_SI, Column, Part, paragraph, table
from gridmgr.core import quantities


@dataclass(frozen=True)
class Annex:
    """A list with its title."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Part]]


def annexes(dossier: Dossier) -> list[Annex]:
    """Those of the lists that are not empty."""
    found = [_sections(dossier), _sites(dossier), _points(dossier), _gaps(dossier)]
    return [each for each in found if each.rows]


def write(made: Any, number: int, annex: Annex, imprint: str) -> None:
    """The annex from the top of a new page; `imprint` says of when it is."""
    mark = paragraph(made, Part(_("附件%s") % number), style="Heading 1", face=HEI)
    mark.paragraph_format.page_break_before = True
    paragraph(made, Part(annex.title), style="Title", align="c")
    paragraph(made, Part(imprint), align="c", size=XIAO_SI)
    table(made, annex.columns, annex.rows)


def _linked(dossier: Dossier, words: str, path: str) -> Part:
    return Part(words, wording.address(dossier, path))


def _sections(dossier: Dossier) -> Annex:
    columns = [
        Column(_("支部"), 32),
        Column(_("道路"), 28),
        Column(_("起讫"), 38),
        Column(_("长度"), 18, numeric=True),
        Column(_("责任党员"), 40),
    ]
    rows = [
        [
            Part(f"{part.code} {part.name}"),
            _linked(dossier, row.road, row.path),
            Part(wording.ends(row)),
            Part(quantities.length(row.metres)),
            Part(wording.answerers(row)),
        ]
        for part in dossier.branches
        for row in part.roads
    ]
    return Annex(_("责任路段和责任党员"), columns, rows)


def _sites(dossier: Dossier) -> Annex:
    columns = [
        Column(_("支部"), 32),
        Column(_("摊点"), 48),
        Column(_("状态"), 14),
        Column(_("时间"), 38),
        Column(_("摊位"), 12, numeric=True),
        Column(pgettext("column", "空"), 12, numeric=True),
    ]
    rows = [
        [
            Part(f"{part.code} {part.name}"),
            _linked(dossier, f"{row.code} {row.name}", row.path),
            Part(row.state),
            Part(" ".join(each for each in (row.hours, row.season) if each)),
            Part(wording.number(row.pitches)),
            Part(wording.number(row.free)),
        ]
        for part in dossier.branches
        for row in part.sites
    ]
    return Annex(_("便民摊点和瓜果市场"), columns, rows)


def _points(dossier: Dossier) -> Annex:
    columns = [
        Column(_("支部"), 32),
        Column(_("接送点"), 18),
        Column(_("学校"), 46),
        Column(_("上学日时段"), 60),
    ]
    rows = [
        [
            Part(f"{part.code} {part.name}"),
            _linked(dossier, row.code, row.path),
            Part(row.school),
            Part(wording.turns(row)),
        ]
        for part in dossier.branches
        for row in part.drop_off_points
    ]
    return Annex(_("上下学接送点"), columns, rows)


def _gaps(dossier: Dossier) -> Annex:
    columns = [
        Column(_("道路"), 80),
        Column(_("里程"), 46, numeric=True),
        Column(_("长度"), 30, numeric=True),
    ]
    rows = [
        [
            _linked(dossier, row.road, row.path),
            Part(wording.stretch(row.from_m, row.to_m)),
            Part(quantities.length(row.to_m - row.from_m)),
        ]
        for row in dossier.gaps
    ]
    return Annex(_("无人负责的主次干路"), columns, rows)
