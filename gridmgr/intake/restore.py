"""What one context of history changed, row by row, and putting it back: set-wise SQL over the event tables.

The events say how each row was before and how the context left it. A row that is neither any more was changed by
somebody else since, and is nobody's to put back.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import IntegrityError, connection, models, transaction
from psycopg2 import sql

from gridmgr.core.history import event_model

Model = type[models.Model]
# A counter of changes goes on counting: an editor who holds an older one must still be told.
COUNTERS = {"version"}


class Standing(Enum):
    """How a row stands today beside what the context made of it."""

    AS_LEFT = "left"
    AS_BEFORE = "before"
    CHANGED_SINCE = "changed"
    UNKNOWN = "unknown"  # history does not say how it was before


@dataclass(frozen=True)
class Touched:
    """One row that a context changed: its key, the context's last event of it, the event that says how it was before.

    `before` is None for a row that the context created; `gone` when the context deleted it.
    """

    key: Any
    last: int
    before: int | None
    gone: bool
    standing: Standing


@dataclass
class Steps:
    """What putting one model's rows back takes: keys of rows to remove, events of how rows to change and to bring back were."""

    model: Model
    delete: list[Any] = field(default_factory=list)
    update: list[int] = field(default_factory=list)
    insert: list[int] = field(default_factory=list)


def tracked_models() -> Iterator[Model]:
    """Every model whose changes history keeps."""
    for model in apps.get_models():
        with suppress(StopIteration):  # it has no events
            event_model(model)
            yield model


def _models_of(context: UUID) -> list[Model]:
    return [
        model
        for model in tracked_models()
        if event_model(model).objects.filter(pgh_context_id=context).exists()
    ]


def touched_by(context: UUID) -> dict[Model, list[Touched]]:
    """The rows that the context changed, by model, each list in the order of the changes."""
    return {model: touched_rows(model, context) for model in _models_of(context)}


_TOUCHED = """
    WITH mine AS (
        SELECT pgh_obj_id AS key, min(pgh_id) AS first, max(pgh_id) AS last
        FROM {events} WHERE pgh_context_id = %s GROUP BY pgh_obj_id
    ), steps AS (
        SELECT mine.key, mine.last, opening.pgh_label AS opened, closing.pgh_label = 'delete' AS gone,
               CASE opening.pgh_label WHEN 'insert' THEN NULL WHEN 'delete' THEN mine.first ELSE (
                   SELECT max(earlier.pgh_id) FROM {events} AS earlier
                   WHERE earlier.pgh_obj_id = mine.key AND earlier.pgh_id < mine.first
               ) END AS before
        FROM mine JOIN {events} AS opening ON opening.pgh_id = mine.first
        JOIN {events} AS closing ON closing.pgh_id = mine.last
    )
    SELECT steps.key, steps.last, steps.before, steps.gone, CASE
        WHEN steps.opened = 'update' AND steps.before IS NULL THEN 'unknown'
        WHEN CASE WHEN steps.gone THEN now.{pk} IS NULL ELSE now.{pk} IS NOT NULL AND {now} IS NOT DISTINCT FROM {left} END
            THEN 'left'
        WHEN CASE steps.opened WHEN 'insert' THEN now.{pk} IS NULL
             ELSE now.{pk} IS NOT NULL AND {now} IS NOT DISTINCT FROM {was} END THEN 'before'
        ELSE 'changed' END
    FROM steps LEFT JOIN {table} AS now ON now.{pk} = steps.key
    LEFT JOIN {events} AS made ON made.pgh_id = steps.last
    LEFT JOIN {events} AS was ON was.pgh_id = steps.before
    ORDER BY steps.last
"""


def touched_rows(model: Model, context: UUID) -> list[Touched]:
    """The rows of one model that the context changed, in the order of the changes. One statement."""
    names = _columns(model)
    parts = {name: _row(alias, names) for name, alias in (("now", "now"), ("left", "made"), ("was", "was"))}
    rows = _run(model, _TOUCHED, [context], **parts)
    return [Touched(key, last, before, gone, Standing(said)) for key, last, before, gone, said in rows]


def told_by(model: Model, events: Sequence[int]) -> dict[int, str]:
    """Events as the text that PostgreSQL makes of a row, byte by byte what they are: for `events_told`."""
    return dict(
        _run(model, "SELECT pgh_id, {events}::text FROM {events} WHERE pgh_id = ANY(%s)", [list(events)])
    )


def events_told(model: Model, texts: Sequence[str]) -> list[Any]:
    """The events of which `told_by` made these texts, though they may have been taken back since.

    Raises DataError or ProgrammingError when the table has other columns by now.
    """
    events = event_model(model)
    table = connection.ops.quote_name(events._meta.db_table)
    found = list(
        events.objects.raw(
            f"SELECT (told::{table}).* FROM unnest(%s::text[]) WITH ORDINALITY AS each (told, place) ORDER BY place",  # noqa: S608
            [list(texts)],
        )
    )
    for event in found:
        event.pgh_context = None  # it was taken back too
    return found


def lock(context: UUID) -> None:
    """Keep all rows that the context changed from changing until the transaction ends."""
    for model in _models_of(context):
        statement = (
            "SELECT FROM {table} WHERE {pk} IN (SELECT pgh_obj_id FROM {events} WHERE pgh_context_id = %s) "
            "ORDER BY {pk} FOR UPDATE"
        )
        _run(model, statement, [context])


def put_back(steps: Sequence[Steps]) -> None:
    """Take the steps, in the caller's transaction; raises IntegrityError when what stands there now forbids it.

    Foreign keys are checked at the end; so the order is: away with what is new, back with what was.
    """
    for each in steps:
        _run(each.model, "DELETE FROM {table} WHERE {pk} = ANY(%s)", [each.delete])
    for each in steps:
        _update(each)
    for each in steps:
        names = [*_columns(each.model), *_counters(each.model)]
        columns = sql.SQL(", ").join(map(sql.Identifier, [_pk(each.model), *names]))
        _run(
            each.model,
            "INSERT INTO {table} ({columns}) SELECT {columns} FROM {events} WHERE pgh_id = ANY(%s)",
            [each.insert],
            columns=columns,
        )
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def _update(steps: Steps) -> None:
    """All at once; where one row stands in another's old place until it is moved itself, one by one, in whatever order
    the database lets them pass."""
    left = list(steps.update)
    try:
        with transaction.atomic():
            _update_to(steps.model, left)
        return
    except IntegrityError as error:
        refused = error
    while left:
        stuck = [event for event in left if not _passes(steps.model, event)]
        if len(stuck) == len(left):
            raise refused
        left = stuck


def _passes(model: Model, event: int) -> bool:
    try:
        with transaction.atomic():
            _update_to(model, [event])
    except IntegrityError:
        return False
    return True


def _update_to(model: Model, events: Sequence[int]) -> None:
    names = _columns(model)
    settings = sql.SQL(", ").join(sql.SQL("{0} = was.{0}").format(sql.Identifier(name)) for name in names)
    _run(
        model,
        "UPDATE {table} AS now SET {settings} FROM {events} AS was "
        "WHERE was.pgh_id = ANY(%s) AND now.{pk} = was.pgh_obj_id",
        [list(events)],
        settings=settings,
    )


def _run(
    model: Model, statement: str, parameters: Sequence[Any], **parts: sql.Composable
) -> list[tuple[Any, ...]]:
    """Run a statement in which `{table}`, `{events}` and `{pk}` are known."""
    known = {
        "table": sql.Identifier(model._meta.db_table),
        "events": sql.Identifier(event_model(model)._meta.db_table),
        "pk": sql.Identifier(_pk(model)),
    }
    with connection.cursor() as cursor:
        text = sql.SQL(statement).format(**known, **parts).as_string(cursor.connection)
        cursor.execute(text, list(parameters))
        return cursor.fetchall() if cursor.description else []


def _pk(model: Model) -> str:
    return str(model._meta.pk.column)


def _columns(model: Model) -> list[str]:
    """The columns that history keeps and an import may change."""
    kept = {each.column for each in event_model(model)._meta.concrete_fields}
    return [
        str(each.column)
        for each in model._meta.concrete_fields
        if each.column in kept and not (each.primary_key or each.generated) and each.name not in COUNTERS
    ]


def _counters(model: Model) -> list[str]:
    return [str(each.column) for each in model._meta.concrete_fields if each.name in COUNTERS]


def _row(alias: str, names: Sequence[str]) -> sql.Composable:
    columns = sql.SQL(", ").join(sql.Identifier(alias, name) for name in names)
    return sql.SQL("ROW({})").format(columns)
