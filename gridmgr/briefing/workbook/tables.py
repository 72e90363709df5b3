"""The subjects of a workbook: what the branches answer for, and what stands there."""

from collections.abc import Callable, Iterable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from gridmgr.briefing import wording
from gridmgr.briefing.dossier import BranchPart, Count, Dossier, GapRow, SiteRow
from gridmgr.briefing.workbook.cells import (
    COUNT,
    DAY,
    METRES,
    PERCENT,
    TIME,
    Column,
    Link,
    Table,
    joined,
)
from vendors.layers import PITCHES

Tables = dict[str, Table]


def subjects(dossier: Dossier) -> Tables:
    """A table for each subject, by the name that formulas call it."""
    return {
        "sections": _sections(dossier),
        "shares": _shares(dossier),
        "unshared": _unshared(dossier),
        "sites": _sites(dossier),
        "points": _points(dossier),
        "bays": _bays(dossier),
        "gaps": _gaps(dossier),
    }


def linked(dossier: Dossier, value: Any, path: str) -> Link:
    return Link(value, wording.address(dossier, path))


def label_of(part: BranchPart) -> str:
    """`03 迎泽支部`."""
    return f"{part.code} {part.name}"


# ── Stretches ─────────────────────────────────────────────────────────────────────────────────────────────

FROM_TO = ("to_m", "from_m")


def _stretch() -> dict[str, Column]:
    return {
        "from_m": Column(_("起(米)"), METRES),
        "to_m": Column(_("止(米)"), METRES),
        "metres": Column(_("长度(米)"), METRES, "sum", less=FROM_TO),
    }


def _sections(dossier: Dossier) -> Table:
    columns = {
        "branch": Column(_("支部")),
        "road": Column(_("道路"), total="count"),
        "road_class": Column(_("等级")),
        "begins_at": Column(pgettext("column", "起点")),
        "ends_at": Column(pgettext("column", "讫点")),
        **_stretch(),
        "answerers": Column(_("责任党员"), most_width=46),
        "unshared_m": Column(_("未分到党员(米)"), METRES, "sum"),
    }
    plain = ("road_class", "begins_at", "ends_at", "from_m", "to_m", "unshared_m")
    rows = [
        {
            "branch": label_of(part),
            "road": linked(dossier, row.road, row.path),
            "answerers": _("、").join(dict.fromkeys(each.name for each in row.answerers)),
            **{name: getattr(row, name) for name in plain},
        }
        for part in dossier.branches
        for row in part.roads
    ]
    return Table(pgettext("plural", "责任路段"), columns, rows, key="road")


def _shares(dossier: Dossier) -> Table:
    columns = {
        "branch": Column(_("支部")),
        "member": Column(_("党员")),
        "road": Column(_("道路"), total="count"),
        **_stretch(),
    }
    rows = [
        {
            "branch": label_of(part),
            "member": each.name,
            "road": linked(dossier, row.road, row.path),
            "from_m": each.from_m,
            "to_m": each.to_m,
        }
        for part in dossier.branches
        for row in part.roads
        for each in row.answerers
    ]
    return Table(pgettext("plural", "党员责任段"), columns, rows, key="road")


def _unshared(dossier: Dossier) -> Table:
    """What of the branches' sections no member answers for."""
    columns = {"branch": Column(_("支部")), "road": Column(_("道路"), total="count"), **_stretch()}
    rows = [_gap(dossier, row, branch=label_of(part)) for part in dossier.branches for row in part.gaps]
    return Table(_("未分到党员"), columns, rows, key="road")


def _gaps(dossier: Dossier) -> Table:
    """Arterial and secondary roads that no branch answers for."""
    columns = {"road": Column(_("道路"), total="count"), **_stretch()}
    return Table(
        pgettext("plural", "空白路段"), columns, [_gap(dossier, row) for row in dossier.gaps], key="road"
    )


def _gap(dossier: Dossier, row: GapRow, **more: str) -> dict[str, Any]:
    road = linked(dossier, row.road, row.path)
    return {**more, "road": road, "from_m": row.from_m, "to_m": row.to_m}


# ── What stands there ─────────────────────────────────────────────────────────────────────────────────────


def _sites(dossier: Dossier) -> Table:
    columns = {
        "branch": Column(_("支部"), most_width=30),
        "code": Column(_("编号")),
        "name": Column(_("名称"), total="count"),
        "kind": Column(_("类别")),
        "state": Column(_("状态")),
        "in_use": Column(_("开放"), COUNT, "sum"),
        "road": Column(_("道路")),
        "side": Column(_("侧")),
        "at_m": Column(_("位置(米)"), METRES),
        "opens": Column(_("每日开始"), TIME),
        "closes": Column(_("每日结束"), TIME),
        "first_day": Column(_("季节开始"), DAY),
        "last_day": Column(_("季节最后一天"), DAY),
        "pitches": Column(pgettext("plural", "摊位"), COUNT, "sum"),
        "taken": Column(_("已占用"), COUNT, "sum"),
        "free": Column(_("空摊位"), COUNT, "sum"),
        "idle": Column(_("未启用摊位"), COUNT, "sum"),
        "fill": Column(_("占用率"), PERCENT, share=("taken", PITCHES.name)),
        "waiting": Column(_("候补"), COUNT, "sum"),
    }
    plain = ("code", "kind", "state", "road", "side", "at_m", "waiting")
    rows = [
        {
            "branch": joined(labels),
            "name": linked(dossier, row.name, row.path),
            **dict(zip(("opens", "closes", "first_day", "last_day"), (*row.times, *row.days), strict=True)),
            **{name: getattr(row, name) for name in plain},
            **_pitches(row),
        }
        for labels, row in _once(dossier, lambda part: part.sites)
    ]
    return Table(pgettext("plural", "摊点"), columns, rows, key="name")


def _pitches(row: SiteRow) -> dict[str, Any]:
    """Pitches of a site in use with their fill; those of any other are in a column of their own."""
    if row.in_use:
        return {"in_use": 1, "pitches": row.pitches, "taken": row.taken, "free": row.free, "idle": None}
    return {"in_use": None, "pitches": None, "taken": None, "free": None, "idle": row.pitches}


def _points(dossier: Dossier) -> Table:
    found = _once(dossier, lambda part: part.drop_off_points)
    most = max([1, *(len(row.turns) for _labels, row in found)])
    columns = {
        "branch": Column(_("支部"), most_width=30),
        "code": Column(_("编号"), total="count"),
        "school": Column(_("学校")),
        "road": Column(_("道路")),
        "side": Column(_("侧")),
        "at_m": Column(_("位置(米)"), METRES),
    }
    for turn in range(most):
        columns |= {
            f"opens{turn}": Column(_("时段%s 起") % (turn + 1), TIME),
            f"closes{turn}": Column(_("时段%s 止") % (turn + 1), TIME),
        }
    rows = [
        {
            "branch": joined(labels),
            "code": linked(dossier, row.code, row.path),
            **{name: getattr(row, name) for name in ("school", "road", "side", "at_m")},
            **{f"opens{turn}": hours[0] for turn, hours in enumerate(row.turns)},
            **{f"closes{turn}": hours[1] for turn, hours in enumerate(row.turns)},
        }
        for labels, row in found
    ]
    return Table(pgettext("plural", "接送点"), columns, rows, key="code")


def _once(dossier: Dossier, of: Callable[[BranchPart], Iterable[Any]]) -> list[tuple[list[str], Any]]:
    """Each thing of the branches once, with the branches whose stretches it stands on."""
    labels: dict[str, list[str]] = {}
    rows: dict[str, Any] = {}
    for part in dossier.branches:
        for row in of(part):
            labels.setdefault(row.code, []).append(label_of(part))
            rows[row.code] = row
    return [(labels[code], row) for code, row in rows.items()]


def _bays(dossier: Dossier) -> Table:
    """Bays by branch and kind. A bay may stand on two branches' stretches, or on none: a last row sets that right."""
    columns = {
        "branch": Column(_("支部")),
        "kind": Column(_("种类")),
        "number": Column(pgettext("plural", "泊位"), COUNT, "sum"),
    }
    rows = [_bay_row(dossier, label_of(part), count) for part in dossier.branches for count in part.bays]
    rows += [
        _bay_row(dossier, rest.label, Count(count.label, number, ""))
        for rest in dossier.rests
        for count in dossier.bays
        if (number := round(rest.values.get(f"bays:{count.label}", 0)))
    ]
    return Table(pgettext("plural", "泊位"), columns, rows, key="kind")


def _bay_row(dossier: Dossier, branch: str, count: Count) -> dict[str, Any]:
    number = linked(dossier, count.number, count.path)
    return {"branch": branch, "kind": count.label, "number": number}
