"""The words of a dossier, the same in slides, workbook and notice."""

import unicodedata
from dataclasses import replace
from datetime import date, datetime

from django.conf import settings
from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.translation import gettext as _

from gridmgr.briefing.dossier import Dossier, DropOffRow, Figure, Rest, RoadRow
from gridmgr.core import quantities
from gridmgr.core.layers.sheets import NOT_XML

# How much of an em a character takes at most: Chinese ones all of it, others about this (bold capitals, digits).
NARROW = 0.6


def plain(text: str) -> str:
    """The text without characters that no XML can hold: each becomes `�`."""
    return NOT_XML.sub("�", text)


def ems(text: str, narrow: float = NARROW) -> float:
    """How wide the text runs, in widths of a Chinese character; one that isn't takes `narrow` of it."""
    return sum(1.0 if _is_wide(each) else narrow for each in text)


def _is_wide(character: str) -> bool:
    return character != "–" and unicodedata.east_asian_width(character) in "WFA"


def day(value: date) -> str:
    """`2026年11月22日`: a paper is read in another year, too."""
    return date_format(value, _("Y年n月j日"))


def data_moment(moment: datetime) -> str:
    """`数据时刻 2026年11月22日 20:24`, in the city's time zone."""
    local = timezone.localtime(moment)
    return _("数据时刻 %s") % f"{day(local.date())} {local:%H:%M}"


def demo_mark(dossier: Dossier) -> str:
    """The words that mark simulated data, '' when there is none."""
    return _("演示数据:支部、党员、摊点、泊位为模拟") if dossier.holds_demo_data else ""


def maker() -> str:
    """The program that made the paper, with its version."""
    return f"gridmgr {settings.GRIDMGR_VERSION}"


def imprint(dossier: Dossier) -> str:
    """The day, the moment and the demo mark in one line."""
    parts = [quantities.as_of(dossier.on), data_moment(dossier.moment), demo_mark(dossier)]
    return " · ".join(part for part in parts if part)


def address(dossier: Dossier, path: str) -> str:
    """The page's whole address, '' when the service's is unknown or the page is none."""
    return f"{dossier.site}{path}" if dossier.site and path else ""


def amount(figure: Figure) -> str:
    """A figure's value with its unit: `1,204`, `98.3 km`, `87%`."""
    if figure.unit == "m":
        return quantities.length(figure.value)
    return quantities.percent(figure.value) if figure.unit == "%" else f"{round(figure.value):,}"


def rest(row: Rest, figure: Figure) -> str:
    """What the row says below a column of that figure: `1,204`, `−27`; `—` where nothing is to be set right."""
    value = row.values.get(figure.name, 0.0)
    if round(value, 6) == 0:
        return quantities.NOTHING
    return ("−" if value < 0 else "") + amount(replace(figure, value=abs(value)))


def number(value: int | None) -> str:
    """`1,204`; `—` for one that there isn't, such as the free pitches of a site that isn't in use."""
    return quantities.NOTHING if value is None else f"{value:,}"


def stretch(from_m: float, to_m: float) -> str:
    """`300–1,150 m`."""
    return f"{round(from_m):,}–{round(to_m):,} m"


def ends(row: RoadRow) -> str:
    """`新建路→五一路`; for a section whose ends have no name, its metres."""
    if row.begins_at and row.ends_at:
        return f"{row.begins_at}→{row.ends_at}"
    return stretch(row.from_m, row.to_m)


def answerers(row: RoadRow) -> str:
    """Who answers for it, each once; with the metres that nobody took: `李芳、王强;320 m 未分`."""
    named = _("、").join(dict.fromkeys(each.name for each in row.answerers))
    open_m = _("%s 未分") % quantities.length(row.unshared_m) if round(row.unshared_m) >= 1 else ""
    return _(";").join(part for part in (named, open_m) if part) or quantities.NOTHING


def turns(row: DropOffRow) -> str:
    """`07:00–08:00、16:20–17:30`."""
    return _("、").join(quantities.hours(opens, closes) for opens, closes in row.turns)
