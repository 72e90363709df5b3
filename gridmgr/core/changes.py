"""The record of changes as people read it: who changed what of a thing, when, by which way."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.apps import apps
from django.db import models
from django.utils.translation import gettext as _
from psycopg2.extras import DateRange, NumericRange

from gridmgr.core import quantities
from gridmgr.core.history import event_model, listed_keys
from gridmgr.core.statements import Gap, written_once


@dataclass(frozen=True)
class Change:
    """One line of an object's history: when, who, by which way, and (field, before, after) triples."""

    at: datetime
    who: str
    way: str
    label: str
    fields: list[tuple[str, str, str]]


def history_of(thing: models.Model, *, hidden: Sequence[str] = (), most: int = 50) -> list[Change]:
    """The latest `most` changes of `thing`, newest first; the values of `hidden` fields read as •••."""
    events = _latest(event_model(type(thing)), most + 1).rows(thing=thing.pk)
    before = [*events[1:], None][: len(events)]
    return changes_between(list(zip(events, before, strict=True))[:most], hidden=hidden)


@written_once
def _latest(events: Any, most: int) -> models.QuerySet[Any]:
    of = Gap("thing", events._meta.get_field("pgh_obj").target_field)
    return events.objects.filter(pgh_obj=of).select_related("pgh_context").order_by("-pgh_id")[:most]


def changes_between(pairs: Sequence[tuple[Any, Any]], *, hidden: Sequence[str] = ()) -> list[Change]:
    """What each event changed against the one before it (None: there was none). One query per model pointed to."""
    names = _names_of([event for pair in pairs for event in pair if event is not None])
    return [_change(event, previous, set(hidden), names) for event, previous in pairs]


@dataclass(frozen=True)
class Event:
    """One line of a whole table's history: what was done to which row, and whether that row is still there."""

    at: datetime
    who: str
    way: str
    label: str
    key: Any
    name: str
    exists: bool


def changes_in(model: type[models.Model], *, most: int = 200) -> list[Event]:
    """The latest `most` changes of all rows of `model`, newest first, deleted rows among them. Two queries."""
    events = list(event_model(model).objects.select_related("pgh_context").order_by("-pgh_id")[:most])
    keys = {event.pgh_obj_id for event in events}
    there = set(model._base_manager.filter(pk__in=keys).values_list("pk", flat=True))
    return [
        Event(
            event.pgh_created_at,
            *_by_whom(event),
            event.pgh_label,
            event.pgh_obj_id,
            name_then(event),
            event.pgh_obj_id in there,
        )
        for event in events
    ]


def name_then(event: Any) -> str:
    """What the row was called when it changed."""
    given = [getattr(event, name, "") for name in ("code", "number", "username", "name", "day")]
    return " ".join(str(each) for each in given if each) or f"#{event.pgh_obj_id}"


def _by_whom(event: Any) -> tuple[str, str]:
    """Who made the change, and by which way: a page's address, a command, or plain SQL."""
    context = event.pgh_context.metadata if event.pgh_context else {}
    who = context.get("username") or context.get("os_user") or event.pgh_db_user
    return who, context.get("command") or context.get("url") or _("直接写入数据库")


# Names of the rows that foreign keys point to: {model: {key: name}}.
Names = dict[type[models.Model], dict[Any, str]]


def _names_of(events: Sequence[Any]) -> Names:
    """Names of all that the events' foreign keys point to and that is still there. One query per model pointed to."""
    wanted: dict[type[models.Model], set[Any]] = {}
    for event in events:
        for field in _tracked_fields(event):
            if model := _pointed_to(field):
                wanted.setdefault(model, set()).update(_keys(getattr(event, field.attname)))
    return {model: _names(model, keys) for model, keys in wanted.items() if keys}


def _pointed_to(field: Any) -> type[models.Model] | None:
    """The model that a foreign key, or a list of keys, points to; None of any other field."""
    if isinstance(field, models.ForeignKey):
        found: type[models.Model] = field.related_model
        return found
    told = listed_keys(getattr(field.model, "pgh_tracked_model", field.model)).get(field.name)
    return apps.get_model(told) if told else None


def _keys(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _names(model: type[models.Model], keys: Iterable[Any]) -> dict[Any, str]:
    return {row.pk: str(row) for row in model._base_manager.filter(pk__in=keys).select_related()}


def _tracked_fields(event: Any) -> list[Any]:
    """What a person changed: not the record's own columns, nor the counter of changes."""
    own = {"id", "version"}
    return [
        field for field in event._meta.fields if not field.name.startswith("pgh_") and field.name not in own
    ]


def _change(event: Any, previous: Any, hidden: set[str], names: Names) -> Change:
    fields = list(_differences(event, previous, hidden, names))
    return Change(event.pgh_created_at, *_by_whom(event), event.pgh_label, fields)


def _differences(event: Any, previous: Any, hidden: set[str], names: Names) -> Iterator[tuple[str, str, str]]:
    if event.pgh_label == "delete":
        return
    for field, old, new in changed_fields(event, previous):
        mask = field.name in hidden or field.name.endswith("_digest")
        said = [_say(field, value, mask, names) for value in (old, new)]
        yield str(field.verbose_name), said[0], said[1]


def changed_fields(event: Any, previous: Any) -> Iterator[tuple[Any, Any, Any]]:
    """Field, value before and value after, of all that a person changed from `previous` (None: nothing) to `event`."""
    for field in _tracked_fields(event):
        old = getattr(previous, field.attname) if previous is not None else None
        new = getattr(event, field.attname)
        if old != new and not (_nothing(old) and _nothing(new)):
            yield field, old, new


def in_words(field: Any, value: Any, *, hidden: bool = False) -> str:
    """One value of a field as the history says it; a row pointed to costs a query."""
    names: Names = {}
    if not hidden and (model := _pointed_to(field)) and (keys := _keys(value)):
        names = {model: _names(model, keys)}
    return _say(field, value, hidden, names)


def _nothing(value: Any) -> bool:
    return value is None or value == "" or value == []


def _say(field: Any, value: Any, mask: bool, names: Names) -> str:
    if _nothing(value):
        return quantities.NOTHING
    if mask:
        return "•••"
    if model := _pointed_to(field):
        gone = _("已删除的内容(%(key)s)")
        return _("、").join(names.get(model, {}).get(key) or gone % {"key": key} for key in _keys(value))
    if field.flatchoices:
        return str(dict(field.flatchoices).get(value, value))
    return _say_value(value)


def _say_value(value: Any) -> str:
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, DateRange):
        return quantities.period(value)
    if isinstance(value, NumericRange):
        return quantities.stretch(value)
    if isinstance(value, datetime):
        return quantities.moment(value)
    if isinstance(value, date):
        return quantities.day(value)
    if isinstance(value, time):
        return quantities.clock(value)
    if hasattr(value, "geom_type"):
        return _("图形,%(points)s 个点") % {"points": value.num_coords}
    return str(value)
