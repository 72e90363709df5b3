"""A layer's fields as people read them: the columns of its list and the facts on a thing's page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from gridmgr.core import quantities
from gridmgr.core.layers.base import Field, Layer

Row = Mapping[str, Any]

# Fields for maps, not for reading.
UNREAD = frozenset({"colour", "demo"})
NUMBERS = frozenset({"number", "metres", "percent"})


@dataclass(frozen=True)
class Column:
    """One thing to read about a row: a field, or two that belong together, such as both ends of a stretch."""

    name: str
    label: Any
    say: Callable[[Row], str]
    numeric: bool = False

    @property
    def order(self) -> str:
        """The annotation to sort by."""
        return f"p_{self.name}"


def said(field: Field, value: Any) -> str:
    """The value of a layer's field (as Layer.annotated gives it) in words; `—` for nothing."""
    if value is None or value == "":
        return quantities.NOTHING
    return _WORDS.get(field.kind, _plain)(field, value)


def _plain(field: Field, value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _metres(field: Field, value: float) -> str:
    return quantities.width(value) if field.name.startswith("width") else quantities.length(value)


_WORDS: dict[str, Callable[[Field, Any], str]] = {
    "metres": _metres,
    "percent": lambda field, value: quantities.percent(value),
    "date": lambda field, value: quantities.day(date.fromisoformat(value)),
    "time": lambda field, value: quantities.clock(time.fromisoformat(value)),
    "bool": lambda field, value: _("是") if value else _("否"),
    "choice": lambda field, value: str((field.choices or {}).get(value, value)),
}


# ── Fields that read as one ───────────────────────────────────────────────────────────────────────────────


def _stretch(row: Row, low: str, high: str) -> str:
    return f"{round(row[low]):,}–{round(row[high]):,} m" if row[low] is not None else quantities.NOTHING


def _hours(row: Row, opens: str, closes: str) -> str:
    return quantities.hours(
        *(time.fromisoformat(row[each]) if row[each] else None for each in (opens, closes))
    )


def _days(row: Row, first: str, last: str) -> str:
    start, end = (date.fromisoformat(row[each]) if row[each] else None for each in (first, last))
    return quantities.days(start, end and end + timedelta(days=1))


def _named(row: Row, code: str, name: str) -> str:
    return f"{row[code]} {row[name]}"


PAIRS: dict[tuple[str, str], tuple[Any, Callable[[Row, str, str], str]]] = {
    ("from_m", "to_m"): (gettext_lazy("里程"), _stretch),
    ("opens", "closes"): (gettext_lazy("每日时段"), _hours),
    ("season_from", "season_to"): (gettext_lazy("季节"), _days),
    ("since", "until"): (gettext_lazy("期间"), _days),
    ("branch", "branch_name"): (gettext_lazy("支部"), _named),
}


def columns(layer: Layer, *, without: Sequence[str] = ()) -> list[Column]:
    """The layer's readable columns in its own order; `without` names fields to leave out."""
    seconds = {second for _first, second in PAIRS}
    left_out = UNREAD | set(without) | (set() if _english() else {"name_en"})
    if any(field.name == "status" for field in layer.fields):
        left_out = left_out | {"state"}  # the day's status says it, and more
    return [_column(field) for field in layer.fields if field.name not in left_out | seconds]


def _column(field: Field) -> Column:
    pair = next((pair for pair in PAIRS if pair[0] == field.name), None)
    if pair is None:
        key = f"p_{field.name}"
        return Column(field.name, str(field.label), lambda row: said(field, row[key]), field.kind in NUMBERS)
    label, say = PAIRS[pair]
    first, second = (f"p_{name}" for name in pair)
    return Column(field.name, str(label), lambda row: say(row, first, second))


def _english() -> bool:
    return (get_language() or "").startswith("en")


def with_fields(layer: Layer, rows: QuerySet[Any]) -> QuerySet[Any]:
    """`rows` with the layer's fields as annotations, for rows that are not just those on the map."""
    return rows.annotate(**{f"p_{field.name}": field.expression() for field in layer.fields})
