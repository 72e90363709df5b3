"""Figures as formulas over the sheets that hold what they were counted from."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from gridmgr.briefing.counts import APART
from gridmgr.briefing.dossier import BranchPart, Dossier, Figure, Rest
from gridmgr.briefing.workbook.cells import (
    COUNT,
    FIRST_ROW,
    METRES,
    PERCENT,
    Column,
    Formula,
    Key,
    Table,
    value_of,
)
from gridmgr.briefing.workbook.tables import Tables, label_of, linked
from grids.layers import BRANCHES, SECTIONS
from parking.layers import BAYS
from vendors.layers import PITCHES, SITES

# Which sheet's rows, and which column's sum (None: how many), a figure is; others are written as they are.
FORMULAS: dict[str, tuple[str, str | None]] = {
    BRANCHES.name: (BRANCHES.name, None),
    SECTIONS.name: (SECTIONS.name, None),
    "metres": (SECTIONS.name, "metres"),
    "unshared_m": ("unshared", "metres"),
    SITES.name: (SITES.name, "in_use"),
    PITCHES.name: (SITES.name, PITCHES.name),
    "taken": (SITES.name, "taken"),
    "free": (SITES.name, "free"),
    "drop_off_points": ("points", None),
    BAYS.name: (BAYS.name, "number"),
    "gaps": ("gaps", None),
    "gaps_m": ("gaps", "metres"),
}
SHARES = {"fill": ("taken", PITCHES.name)}  # of the sites' columns
UNITS = {"m": METRES, "%": PERCENT, "": COUNT}


def branches_table(dossier: Dossier, tables: Tables) -> Table:
    """A row for each branch; what the other sheets hold is counted there."""
    figures = [each for part in dossier.branches for each in part.figures]
    names = {each.name: each for each in figures if not each.name.startswith(APART)}
    columns = {
        "branch": Column(_("支部"), total="" if dossier.rests else "count"),
        "secretary": Column(_("支部书记")),
        "members": Column(pgettext("plural", "党员"), COUNT, "sum"),
    }
    rows = [_branch(dossier, tables, part, number) for number, part in enumerate(dossier.branches, FIRST_ROW)]
    rows += [_rest(row, names) for row in dossier.rests]  # which are no branches, and not counted as such
    whole = {each.name: each.value for each in dossier.figures}
    for name, figure in names.items():
        label = figure.label + (_("(米)") if figure.unit == "m" else "")
        adds_up = name in whole and _close(sum(value_of(row.get(name)) or 0 for row in rows), whole[name])
        columns[name] = Column(label, UNITS[figure.unit], "sum" if adds_up else "")
    return Table(pgettext("plural", "支部"), columns, rows, key="branch")


def _rest(row: Rest, names: Mapping[str, Figure]) -> dict[str, Any]:
    """A row below the branches' that makes their columns add up."""
    values = {name: row.values[name] for name in names if row.values.get(name)}
    return {"branch": row.label, "secretary": "", "members": None, **values}


def _branch(dossier: Dossier, tables: Tables, part: BranchPart, number: int) -> dict[str, Any]:
    key = Key("branch", label_of(part), f"$A{number}")
    return {
        "branch": linked(dossier, label_of(part), part.path),
        "secretary": part.secretary,
        "members": part.members,
        **{each.name: counted(tables, each, key) for each in part.figures if not each.name.startswith(APART)},
    }


def counted(tables: Tables, figure: Figure, key: Key | None = None) -> Any:
    """The figure as a formula over the sheets, where their rows are all that it was counted from; else its value."""
    formula = _formula(tables, figure.name, key)
    return formula if formula and _close(formula.value, figure.value) else figure.value


def _formula(tables: Tables, name: str, key: Key | None) -> Formula | None:
    if name in FORMULAS:
        sheet, column = FORMULAS[name]
        return tables[sheet].summed(column, key) if column else tables[sheet].counted(key)
    if name not in SHARES:
        return None
    part, whole = (tables[SITES.name].summed(column, key) for column in SHARES[name])
    return Formula(f"{part.text}/{whole.text}", part.value / whole.value) if whole.value else None


def _close(one: float, other: float) -> bool:
    return abs(one - other) <= 1e-6 * max(1.0, abs(other))
