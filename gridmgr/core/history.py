"""The record of every change: written by database triggers, so that no path (page, admin, command, SQL) escapes it."""

import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import pghistory
import pghistory.trigger
import pgtrigger
from django.contrib.gis.db.models import GeometryField
from django.contrib.postgres.indexes import BrinIndex
from django.db import DatabaseError, connections, models
from django.db.models.expressions import Func

M = TypeVar("M", bound=type[models.Model])


class SessionUser(Func):
    """PostgreSQL's `session_user`: who wrote when no person was logged in (psql, a script)."""

    template = "session_user"
    output_field = models.TextField()


class _Trigger(pghistory.trigger.Event):
    """Records the rows of one statement, one event for each, from PostgreSQL's tables of old and new rows."""

    def get_func(self, model: models.Model) -> pgtrigger.Func:
        """The library's, but a statement that changed nothing leaves no context behind, as none of its rows asks for it."""
        text = super().get_func(model).func
        for found, better in (
            ("WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) ", ""),
            ("_pgh_attached_context.value", "(SELECT _pgh_attach_context())"),
            (", _pgh_attached_context;", ";"),
        ):
            if found not in text:
                raise RuntimeError(f"django-pghistory writes its triggers anew: no {found!r} in {text!r}")
            text = text.replace(found, better)
        return pgtrigger.Func(text)

    def get_func_template_kwargs(self, model: models.Model) -> dict[str, Any]:
        """Of an UPDATE, the rows that read differently than before, and those whose key changed, which have no partner.

        Rows are paired by a full join because PostgreSQL can only hash or sort for it: the plan is made in a session's
        first UPDATE, of one row perhaps, and a nested loop would then be kept for an UPDATE of 100,000.
        """
        known: dict[str, Any] = super().get_func_template_kwargs(model)
        if self.operation != pgtrigger.Update:
            return known
        key = f'"{model._meta.pk.column}"'
        pairs = f"old_values FULL JOIN new_values ON old_values.{key} = new_values.{key}"
        changed = self.get_condition(model).resolve(model)
        changed = changed.replace("OLD.", "old_values.").replace("NEW.", "new_values.")
        there = f"num_nonnulls(new_values.{key}) = 1"  # not IS NOT NULL, which would make it a right join
        return known | {"cond_new_values": f"{pairs} WHERE {there} AND ({changed})"}


class _ByStatement(pghistory.RowEvent):
    """Mixed into the library's trackers, so that they make our trigger."""

    level = pgtrigger.Statement

    def add_event_trigger(self, event_model: type[models.Model]) -> None:
        trigger = _Trigger(
            event_model=event_model,
            label=self.label,
            name=self.trigger_name,
            row=self.row,
            operation=self.operation,
            condition=self.condition,
            level=self.level,
        )
        pgtrigger.register(trigger)(event_model.pgh_tracked_model)  # type: ignore[attr-defined]


class _Insert(_ByStatement, pghistory.InsertEvent):
    pass


class _Update(_ByStatement, pghistory.UpdateEvent):
    pass


class _Delete(_ByStatement, pghistory.DeleteEvent):
    pass


def append_only() -> list[pgtrigger.Trigger]:
    """What is written stays: no update, no delete, and no TRUNCATE, which asks no row."""
    return [
        pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        never_truncated(),
    ]


def never_truncated() -> pgtrigger.Trigger:
    """Rows go one by one, so that each leaves a record."""
    return pgtrigger.Trigger(
        name="no_truncate",
        level=pgtrigger.Statement,
        when=pgtrigger.Before,
        operation=pgtrigger.Truncate,
        func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
    )


def truncate_guards() -> list[str]:
    """All of these, by the names that `pgtrigger.ignore` takes: for tests and benches, which empty their own tables."""
    return [
        f"{model._meta.label}:{each.name}"
        for model, each in pgtrigger.registered()
        if each.name == "no_truncate"
    ]


def context_stands() -> pgtrigger.Trigger:
    """Who made a change stays on record. Only the transaction that wrote it may still add to it, as a request does."""
    return pgtrigger.Trigger(
        name="context_stands",
        when=pgtrigger.Before,
        operation=pgtrigger.Update | pgtrigger.Delete,
        func="""
            IF TG_OP = 'UPDATE' AND OLD.created_at = now() AND NEW.created_at = OLD.created_at AND NEW.id = OLD.id THEN
                RETURN NEW;
            END IF;
            RAISE EXCEPTION USING MESSAGE = format('pgtrigger: Cannot %s rows from %s table', lower(TG_OP), TG_TABLE_NAME);
        """,
    )


# How the rows of each tracked model are told of a past day: the column with their days of validity, "" without one,
# None for those of which only the present is told.
_TOLD: dict[type[models.Model], str | None] = {}
# What a city has before it has any data.
_GIVEN: set[type[models.Model]] = set()
# Columns that are lists of keys, and whose keys they are.
_KEYS_OF: dict[type[models.Model], dict[str, str]] = {}


def tracked(
    *,
    exclude: Sequence[str] = (),
    valid: str = "",
    told: bool = True,
    given: bool = False,
    keys_of: Mapping[str, str] | None = None,
) -> Callable[[M], M]:
    """Class decorator: each insert, update and delete of a row is copied to an append-only event table.

    Once per statement, from PostgreSQL's tables of old and new rows: 100,000 rows cost one trigger, not 100,000.
    `valid` names the range of days on which a row holds: a day in the past (gridmgr.core.past) is then told by it, whenever the row was
    entered. With `told=False` the past of these rows is not told. `given`: a city comes with such rows, so that they don't tell
    when its data began. `keys_of` says of a column that is a list of keys whose they are, so that they are told by name.
    """

    def decorate(model: M) -> M:
        _TOLD[model] = valid if told else None
        _KEYS_OF[model] = dict(keys_of or {})
        if given:
            _GIVEN.add(model)
        track = pghistory.track(
            _Insert("insert"),
            _Update("update"),
            _Delete("delete"),
            exclude=list(exclude),
            append_only=False,
            meta={"triggers": append_only(), "indexes": [_when(model)]},
            attrs={
                "pgh_id": models.BigAutoField(primary_key=True),
                "pgh_db_user": models.TextField(db_default=SessionUser(), editable=False),
                **_unindexed(model, exclude),
            },
        )
        pgtrigger.register(never_truncated())(model)
        return track(model)

    return decorate


@contextmanager
def session_context(using: str, **metadata: Any) -> Iterator[None]:
    """All that this connection writes meanwhile is on record under `metadata`.

    pghistory.context puts its settings before each statement, which those of migrations don't stand.
    """
    _settle_context(using, str(uuid.uuid4()), json.dumps(metadata))
    try:
        yield
    finally:
        with suppress(
            DatabaseError
        ):  # a connection that is lost, or a transaction that is broken, forgets by itself
            _settle_context(using, "", "")


def _settle_context(using: str, context: str, metadata: str) -> None:
    with connections[using].cursor() as cursor:
        for name, value in (("context_id", context), ("context_metadata", metadata)):
            cursor.execute("SELECT set_config(%s, %s, false)", [f"pghistory.{name}", value])


def told_of(model: type[models.Model]) -> str | None:
    """The column with the days on which the model's rows hold, "" without one; None when its past is not told."""
    return _TOLD.get(model)


def is_given(model: type[models.Model]) -> bool:
    """Whether a city has rows of the model before it has any data."""
    return model in _GIVEN


def listed_keys(model: type[models.Model]) -> dict[str, str]:
    """The columns of `model` that are lists of keys, and the label of the model whose keys they are."""
    return _KEYS_OF.get(model, {})


def _when(model: type[models.Model]) -> models.Index:
    """What has changed since a day. Events come in the order of time, so a summary of each block is index enough."""
    name = f"{model._meta.model_name}_event_when"
    return BrinIndex(fields=["pgh_created_at"], name=name, pages_per_range=16, autosummarize=True)


def _unindexed(model: type[models.Model], exclude: Sequence[str]) -> dict[str, "models.Field[Any, Any]"]:
    """Geometry and foreign keys of `model` as its event table has them: without the index that nobody would use."""
    lean: dict[str, models.Field[Any, Any]] = {}
    for field in model._meta.local_fields:
        if isinstance(field, GeometryField):
            lean[field.name] = field.clone()
            lean[field.name].spatial_index = False  # type: ignore[attr-defined]
        elif isinstance(field, models.ForeignKey):
            lean[field.name] = models.ForeignKey(
                field.remote_field.model,
                models.DO_NOTHING,
                verbose_name=field.verbose_name,
                null=field.null,
                related_name="+",
                db_constraint=False,
                db_index=False,
            )
    return {name: field for name, field in lean.items() if name not in exclude}


def event_model(model: type[models.Model]) -> Any:
    """The model of the event table that `tracked` made beside `model`."""
    return next(relation for relation in _event_models(model))


def is_tracked(model: type[models.Model]) -> bool:
    """Whether changes of `model` are on record."""
    return next(_event_models(model), None) is not None


def _event_models(model: type[models.Model]) -> Iterator[Any]:
    for related in model._meta.related_objects:
        candidate = related.related_model
        if isinstance(candidate, type) and issubclass(candidate, pghistory.models.Event):
            yield candidate
