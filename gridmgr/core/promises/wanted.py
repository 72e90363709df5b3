"""What a migrated database has, as the models declare it: their constraints, keys, indexes and triggers, and the
functions that migrations make in SQL. tests/core/test_promises.py holds this against a database that was just migrated.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import pgtrigger
import pgtrigger.registry
from django.apps import apps
from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import connection, models

EXTENSIONS = ("postgis", "btree_gist", "pg_trgm")
# Comes with each trigger of django-pgtrigger.
SHOULD_IGNORE = "_pgtrigger_should_ignore"

# Gets Django's schema editor, whose parts that make one thing have no public names.
Mend = Callable[[Any], None]
Model = type[models.Model]


@dataclass(frozen=True)
class Promise:
    """One thing that must be there. `kind` is the word for it; `key` is what the catalogs know it by."""

    kind: str
    table: str
    name: str
    key: Any = None
    mend: Mend | None = field(default=None, compare=False)
    # Of a function or a trigger's, its body; of a trigger, the mark of its version; else nothing.
    body: str = field(default="", compare=False)
    mark: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.table}: {self.name}" if self.table else self.name


def promises() -> list[Promise]:
    """Everything; tables first, then what stands on them, in an order in which it can be mended."""
    tables = [model for model in apps.get_models(include_auto_created=True) if _has_table(model)]
    found = [Promise("extension", "", name) for name in EXTENSIONS]
    found += [Promise("table", model._meta.db_table, model._meta.db_table) for model in tables]
    with connection.schema_editor(collect_sql=True, atomic=False) as editor:
        for model in tables:
            found += _of_columns(model, editor)
            found += _of_meta(model)
    found += _of_functions()
    found += [_of_trigger(model, trigger) for model, trigger in pgtrigger.registered()]
    order = (
        "extension",
        "table",
        "column",
        "function",
        "primary key",
        "unique",
        "check",
        "exclusion",
        "index",
    )
    return sorted(found, key=lambda each: order.index(each.kind) if each.kind in order else len(order))


def _has_table(model: Model) -> bool:
    return model._meta.managed and not model._meta.proxy


# ── Columns and what stands on one ────────────────────────────────────────────────────────────────────────────


def _of_columns(model: Model, editor: Any) -> Iterator[Promise]:
    table = model._meta.db_table
    column: Any
    for column in model._meta.local_concrete_fields:
        needed = not column.null and not isinstance(column, models.GeneratedField)
        yield Promise("column", table, column.column, (column.column, needed))
        if column.primary_key:
            yield Promise("primary key", table, column.column, (column.column,))
        elif column.unique:
            yield Promise("unique", table, column.column, (column.column,), _makes_unique(model, column))
        if column.db_check(connection):
            yield Promise("column check", table, column.column, (column.column,))
        if column.remote_field is not None and column.db_constraint:
            to = column.remote_field.model._meta.db_table
            yield Promise("foreign key", table, column.column, (column.column, to), _makes_key(model, column))
        yield from _indexes_of(model, column, editor)


def _indexes_of(model: Model, column: Any, editor: Any) -> Iterator[Promise]:
    table, key = model._meta.db_table, (column.column,)
    if getattr(column, "spatial_index", False):
        yield Promise("index", table, column.column, (key, "gist"), _makes_index(model, column))
    elif column.db_index and not column.unique:
        yield Promise("index", table, column.column, (key, "btree"), _makes_index(model, column))
    if editor._create_like_index_sql(model, column) is not None:
        yield Promise("index", table, f"{column.column} (LIKE)", (key, "like"), _makes_like(model, column))


def _makes_unique(model: Model, column: Any) -> Mend:
    return lambda editor: editor.execute(editor._create_unique_sql(model, [column]))


def _makes_index(model: Model, column: Any) -> Mend:
    return lambda editor: editor.execute(editor._create_index_sql(model, fields=[column]))


def _makes_like(model: Model, column: Any) -> Mend:
    return lambda editor: editor.execute(editor._create_like_index_sql(model, column))


def _makes_key(model: Model, column: Any) -> Mend:
    name = "_fk_%(to_table)s_%(to_column)s"
    return lambda editor: editor.execute(editor._create_fk_sql(model, column, name))


# ── Meta ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _of_meta(model: Model) -> Iterator[Promise]:
    table = model._meta.db_table
    for index in model._meta.indexes:
        yield Promise("index", table, index.name, (index.name,), _adds_index(model, index))
    for columns in model._meta.unique_together:
        fields: list[Any] = [model._meta.get_field(name) for name in columns]
        key = tuple(each.column for each in fields)
        yield Promise("unique", table, ", ".join(key), key, _makes_unique_of(model, fields))
    for constraint in model._meta.constraints:
        yield Promise(
            _kind_of(constraint), table, constraint.name, (constraint.name,), _adds(model, constraint)
        )


def _kind_of(constraint: models.constraints.BaseConstraint) -> str:
    if isinstance(constraint, ExclusionConstraint):
        return "exclusion"
    return "check" if isinstance(constraint, models.CheckConstraint) else "unique"


def _adds(model: Model, constraint: models.constraints.BaseConstraint) -> Mend:
    return lambda editor: editor.add_constraint(model, constraint)


def _adds_index(model: Model, index: models.Index) -> Mend:
    return lambda editor: editor.add_index(model, index)


def _makes_unique_of(model: Model, fields: list[Any]) -> Mend:
    return lambda editor: editor.execute(editor._create_unique_sql(model, fields))


# ── Functions and triggers ────────────────────────────────────────────────────────────────────────────────────


def _of_functions() -> Iterator[Promise]:
    """Those that migrations make in SQL, besides those of triggers; the migration has the text."""
    kerb = import_module("parking.migrations.0001_squashed_0007_schools_and_bays")
    context = import_module("gridmgr.core.accounts.migrations.0001_squashed_0007_accounts")
    yield _of_function("kerb_box", f"CREATE OR REPLACE FUNCTION {kerb.SIGNATURE} RETURN {kerb.BOX}")
    yield _of_function("_pgh_attach_context", context.ATTACH_CONTEXT)
    yield _should_ignore()


def _of_function(name: str, text: str) -> Promise:
    body = text.split("$$")[1] if "$$" in text else ""  # kept as a tree, not as text
    return Promise("function", "", name, None, lambda editor: editor.execute(text), body)


def _should_ignore() -> Promise:
    model, trigger = pgtrigger.registered()[0]
    text = str(trigger.compile(model).sql)
    return Promise(
        "function", "", SHOULD_IGNORE, None, lambda _editor: trigger.install(model), text.split("$$")[1]
    )


def _of_trigger(model: Any, trigger: pgtrigger.Trigger) -> Promise:
    compiled = trigger.compile(model)
    pgid = compiled.sql.pgid
    body = re.search(rf"FUNCTION {pgid}\(\)\s+RETURNS TRIGGER AS \$\$(.*?)\$\$", str(compiled.sql), re.DOTALL)
    if body is None:
        raise RuntimeError(f"django-pgtrigger writes its triggers anew: no body in {compiled.sql}")
    table = model._meta.db_table
    return Promise(
        "trigger", table, pgid, (pgid,), lambda _editor: trigger.install(model), body[1], compiled.hash
    )
