"""The past, read from the history: inside `as_of(day)` every query sees the tables as they were at the end of that day.

Before each statement that names a tracked table stands a common table expression of the same name, which PostgreSQL
resolves first: the rows that have not changed since, from the table itself with its indexes, and what the history
keeps of the others. Code that reads knows nothing of it, and today costs nothing (docs/adr/0008).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cache, lru_cache
from typing import Any

from django.apps import apps
from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import connection, models
from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.translation import gettext as _

from gridmgr.core.errors import NotRecorded
from gridmgr.core.history import event_model, is_given, told_of

Execute = Callable[[str, Any, bool, dict[str, Any]], Any]


class WrittenInThePast(RuntimeError):
    """Something would have changed a table while it is told as it was: a mistake in the program."""


class Tense(StrEnum):
    """How a day lies to what is recorded."""

    PAST = "past"
    TODAY = "today"
    FUTURE = "future"


@contextmanager
def as_of(day: date) -> Iterator[None]:
    """Everything read inside is as it was at the end of `day` in the city's time zone; today and later, as it is.

    What tables without a history say (kerbs, crossings, drawn ways, accounts, jobs) is today's. Raises NotRecorded for
    a day before the city's data begins, WrittenInThePast when a told table would be changed inside.
    """
    if day >= timezone.localdate() or _telling() == day:
        yield
        return
    if other := _telling():
        raise RuntimeError(f"asked for {day} while {other} is being told")
    _check_recorded(day)
    wrappers, teller = connection.execute_wrappers, Teller(day)
    # The outermost, or it would see a statement behind what the history's context puts before it, and tell only that
    # of the past. Django's own execute_wrapper takes away the last, which is another's when a stream outlives it.
    wrappers.insert(0, teller)
    try:
        yield
    finally:
        wrappers.remove(teller)


@contextmanager
def at_present() -> Iterator[None]:
    """Inside as_of, what is read here is as it is now: who the reader is, say."""
    wrappers = connection.execute_wrappers
    connection.execute_wrappers = [each for each in wrappers if not isinstance(each, Teller)]
    try:
        yield
    finally:
        connection.execute_wrappers = wrappers


def end_of(day: date) -> datetime:
    """The first moment after the day, in the city's time zone."""
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))


def tense_of(day: date) -> Tense:
    """Whether the day is past, today or to come."""
    today = timezone.localdate()
    return Tense.TODAY if day == today else Tense.PAST if day < today else Tense.FUTURE


def _check_recorded(day: date) -> None:
    first = recorded_from()
    if first is None:
        raise NotRecorded(_("本市还没有数据,无从查看 %s 的情况。") % _said(day))
    if day < first:
        raise NotRecorded(
            _(
                "本市的数据自 %(first)s 开始记录,此前没有记录,无从查看 %(day)s 的情况。请选 %(first)s 或以后的日期。"
            )
            % {"first": _said(first), "day": _said(day)}
        )


def _said(day: date) -> str:
    return date_format(day, _("Y年n月j日"))


def recorded_from() -> date | None:
    """The day on which the city's data begins; None while there is none. One query."""
    firsts = (
        f"(SELECT pgh_created_at FROM {_name(event_model(model)._meta.db_table)} ORDER BY pgh_id LIMIT 1)"
        for model in told_models()
        if not is_given(model)
    )
    with at_present(), connection.cursor() as cursor:
        cursor.execute(f"SELECT LEAST({', '.join(firsts)})")
        first = cursor.fetchone()[0]
    return timezone.localdate(first) if first else None


@cache
def told_models() -> Sequence[type[models.Model]]:
    """The models whose rows are told as they were."""
    return [model for model in apps.get_models() if told_of(model) is not None]


def _telling() -> date | None:
    return next((each.day for each in connection.execute_wrappers if isinstance(each, Teller)), None)


def _name(name: str | None) -> str:
    return connection.ops.quote_name(str(name))


# ── Statements ────────────────────────────────────────────────────────────────────────────────────────────


_VERB = re.compile(r"[\s(]*(\w+)")


@dataclass(frozen=True)
class Teller:
    """A wrapper of execution: puts the past's tables before the statement."""

    day: date

    def __call__(self, execute: Execute, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        text = sql if isinstance(sql, str) else sql.as_string(context["cursor"].cursor)
        return execute(self.told(text), params, many, context)

    def told(self, sql: str) -> str:
        """The statement as of the day."""
        named = set(_tables().findall(sql))
        if not named:
            return sql
        verb = _VERB.match(sql)
        if verb is None or verb[1].upper() not in {"SELECT", "WITH"}:
            raise WrittenInThePast(f"as of {self.day} this can't be done: {sql[:80]}")
        # A history ends with the day, and comes after what is made from all of it: one sees those before it.
        tables = ", ".join(
            _told(name, self.day) for name in sorted(named, key=lambda name: name in _histories())
        )
        if verb[1].upper() == "SELECT":
            return f"WITH {tables} {sql}"
        return f"WITH {tables}, {sql[verb.end(1) :]}"


@lru_cache(maxsize=1024)
def _told(name: str, day: date) -> str:
    """The common table expression of a table as of the day."""
    history = _histories().get(name)
    rows = _events_then(history, day) if history else _rows_then(_by_table()[name], day)
    return f"{_name(name)} AS NOT MATERIALIZED ({rows})"


@cache
def _by_table() -> dict[str, type[models.Model]]:
    return {model._meta.db_table: model for model in told_models()}


@cache
def _histories() -> dict[str, type[models.Model]]:
    """The tracked model by the table of its history."""
    return {event_model(model)._meta.db_table: model for model in told_models()}


@cache
def _tables() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join([*_by_table(), *_histories()])})\b")


# ── One table ─────────────────────────────────────────────────────────────────────────────────────────────


def _moment(day: date) -> str:
    return f"'{end_of(day).isoformat()}'::timestamptz"


def _events_then(model: type[models.Model], day: date) -> str:
    return f"SELECT * FROM {_name(event_model(model)._meta.db_table)} WHERE pgh_created_at < {_moment(day)}"


def _rows_then(model: type[models.Model], day: date) -> str:
    """Unchanged rows, those that read differently now or are gone, and those that were put on record afterwards."""
    table, key = _Table(model, day), f"l.{_name(model._meta.pk.column)}"
    events, end = table.events, _moment(day)
    since = f"SELECT x.pgh_obj_id FROM {events} x WHERE x.pgh_created_at >= {end}"
    unchanged = (
        f"SELECT {table.columns('l')} FROM {table.name} l WHERE NOT EXISTS ({since} AND x.pgh_obj_id = {key})"
    )
    # The newest event of the day or before it, unless that deleted the row.
    newest = (
        f"NOT EXISTS (SELECT 1 FROM {events} n WHERE n.pgh_obj_id = e.pgh_obj_id AND n.pgh_id > e.pgh_id "
        f"AND n.pgh_created_at < {end})"
    )
    changed = (
        f"SELECT {table.kept()} FROM {events} e WHERE e.pgh_created_at < {end} AND e.pgh_label <> 'delete' "
        f"AND e.pgh_obj_id IN ({since}) AND {newest}"
    )
    if not table.period:
        return f"{unchanged} UNION ALL {changed}"
    late = (
        f"SELECT {table.columns('l')} FROM {table.name} l WHERE {key} IN ({since}) AND NOT EXISTS "
        f"(SELECT 1 FROM {events} n WHERE n.pgh_obj_id = {key} AND n.pgh_created_at < {end}) "
        f"AND lower(l.{table.period}) <= '{day.isoformat()}'::date"
    )
    return f"{unchanged} UNION ALL {changed} AND {table.not_corrected()} UNION ALL {late}"


class _Table:
    """A tracked model's table and its history, as SQL names them."""

    def __init__(self, model: type[models.Model], day: date) -> None:
        self.model, self.event, self.day = model, event_model(model), day
        self.name, self.events = _name(model._meta.db_table), _name(self.event._meta.db_table)
        period = told_of(model)
        self.period = _name(period) if period else ""
        self.key = _name(model._meta.pk.column)

    def columns(self, of: str) -> str:
        return ", ".join(f"{of}.{_name(field.column)}" for field in self.model._meta.concrete_fields)

    def kept(self) -> str:
        """The columns from an event `e`; what the history doesn't keep is worked out, or as the row has it now."""
        return ", ".join(
            f"{self._kept(field)} AS {_name(field.column)}" for field in self.model._meta.concrete_fields
        )

    def _kept(self, field: "models.Field[Any, Any]") -> str:
        column = _name(field.column)
        now = f"(SELECT l.{column} FROM {self.name} l WHERE l.{self.key} = e.{self.key})"
        if column == self.period:  # as it was said then, unless it was corrected for this very day
            on = f"@> '{self.day.isoformat()}'::date"
            return f"CASE WHEN ({now} {on}) = (e.{column} {on}) THEN e.{column} ELSE COALESCE({now}, e.{column}) END"
        if field.column in {each.column for each in self.event._meta.concrete_fields}:
            return f"e.{column}"
        if isinstance(field, models.GeneratedField):
            sql, params = field.generated_sql(connection)
            return str(sql % tuple(map(repr, params)) if params else sql)
        return now

    def not_corrected(self) -> str:
        """A deleted row gives way to one that was put in its place and is in force on the day."""
        there = f"SELECT 1 FROM {self.name} l WHERE"
        same = " AND ".join(
            f"l.{_name(column)} {operator} e.{_name(column)}" for column, operator in self._apart()
        )
        return (
            f"(EXISTS ({there} l.{self.key} = e.{self.key}) OR "
            f"NOT EXISTS ({there} {same} AND l.{self.period} @> '{self.day.isoformat()}'::date))"
        )

    def _apart(self) -> Iterator[tuple[str, str]]:
        """What an exclusion constraint keeps from meeting beside the period: (column, operator)."""
        for constraint in self.model._meta.constraints:
            if isinstance(constraint, ExclusionConstraint):
                for name, operator in constraint.expressions:
                    field: Any = self.model._meta.get_field(str(name))
                    if _name(field.column) != self.period:
                        yield field.column, str(operator)
                return
