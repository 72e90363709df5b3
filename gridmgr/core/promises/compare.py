"""The difference between what is wanted and what is there, and how it is mended."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext_noop as _

from gridmgr.core import stored_sql
from gridmgr.core.promises.there import Index, There, read
from gridmgr.core.promises.wanted import Promise, promises

# What may be wrong with a thing, and with what words the reader is told.
MISSING, DISABLED, INVALID, CHANGED, EMPTY = "missing", "disabled", "invalid", "changed", "may be empty"
STATES = {
    MISSING: _("缺少"),
    DISABLED: _("被停用"),
    INVALID: _("无效,没有核对过已有的数据"),
    CHANGED: _("内容被改动"),
    EMPTY: _("本应必填,却可以为空"),
}
KINDS = {
    "extension": _("扩展"),
    "table": _("数据表"),
    "column": _("列"),
    "function": _("函数"),
    "primary key": _("主键"),
    "unique": _("唯一约束"),
    "check": _("检查约束"),
    "column check": _("检查约束"),
    "exclusion": _("排他约束"),
    "index": _("索引"),
    "foreign key": _("外键"),
    "trigger": _("触发器"),
}
_LETTERS = {"primary key": "p", "check": "c", "column check": "c", "exclusion": "x", "foreign key": "f"}


@dataclass(frozen=True)
class Fault:
    """A promise that the database does not keep, and why not; `present` is the name of what stands in its place."""

    promise: Promise
    state: str
    present: str = ""

    @property
    def mendable(self) -> bool:
        return self.promise.mend is not None


def faults() -> list[Fault]:
    """Every promise that is not kept. Eight queries, whatever the number of tables."""
    there = read()
    found = [fault for promise in promises() if (fault := _fault(promise, there)) is not None]
    lost = {fault.promise.table for fault in found if fault.promise.kind == "table"}
    return [fault for fault in found if fault.promise.kind == "table" or fault.promise.table not in lost]


def _fault(promise: Promise, there: There) -> Fault | None:
    look = _LOOKS.get(promise.kind, _constraint)
    return look(promise, there)


def _extension(promise: Promise, there: There) -> Fault | None:
    return None if promise.name in there.extensions else Fault(promise, MISSING)


def _table(promise: Promise, there: There) -> Fault | None:
    return None if promise.name in there.tables else Fault(promise, MISSING)


def _column(promise: Promise, there: There) -> Fault | None:
    name, needed = promise.key
    stands = there.columns.get((promise.table, name))
    if stands is None:
        return Fault(promise, MISSING)
    return Fault(promise, EMPTY) if needed and not stands else None


def _function(promise: Promise, there: There) -> Fault | None:
    body = there.functions.get(promise.name)
    if body is None:
        return Fault(promise, MISSING)
    return None if promise.body in {body, ""} else Fault(promise, CHANGED)


def _constraint(promise: Promise, there: There) -> Fault | None:
    """A constraint, by its name where the model gives one, else by what it stands on: Django's own names may vary."""
    like = [
        each
        for each in there.constraints
        if each.table == promise.table and each.kind == _LETTERS[promise.kind]
    ]
    if promise.kind in {"check", "exclusion"}:
        like = [each for each in like if each.name == promise.name]
    elif promise.kind == "foreign key":
        like = [each for each in like if (*each.columns, each.to) == promise.key]
    else:
        like = [each for each in like if each.columns == promise.key]
    if not like:
        return Fault(promise, MISSING)
    first = next((each for each in like if each.valid and each.enabled), like[0])
    if not first.enabled:
        return Fault(promise, DISABLED, first.name)
    return None if first.valid else Fault(promise, INVALID, first.name)


def _unique(promise: Promise, there: There) -> Fault | None:
    """By its name, or by its columns when they are a field's; a constraint and an index do it alike."""
    like = [each for each in there.indexes if each.table == promise.table and each.unique]
    named = [each for each in like if each.name == promise.name]
    same = named or [each for each in like if each.columns == promise.key and not each.partial]
    return _best(promise, same)


def _index(promise: Promise, there: There) -> Fault | None:
    like = [each for each in there.indexes if each.table == promise.table]
    if len(promise.key) == 1:
        return _best(promise, [each for each in like if each.name == promise.name])
    columns, method = promise.key
    same = [each for each in like if each.columns == columns and not each.partial]
    if method == "like":
        return _best(promise, [each for each in same if each.like])
    return _best(promise, [each for each in same if each.method == method and not each.like])


def _best(promise: Promise, like: list[Index]) -> Fault | None:
    if any(each.valid for each in like):
        return None
    return Fault(promise, INVALID, like[0].name) if like else Fault(promise, MISSING)


def _trigger(promise: Promise, there: There) -> Fault | None:
    stands = there.triggers.get((promise.table, promise.name))
    if stands is None:
        return Fault(promise, MISSING)
    if not stands.enabled:
        return Fault(promise, DISABLED, stands.name)
    same = stands.body == promise.body and stands.mark in {promise.mark, None}
    return None if same else Fault(promise, CHANGED, stands.name)


_LOOKS: dict[str, Callable[[Promise, There], Fault | None]] = {
    "extension": _extension,
    "table": _table,
    "column": _column,
    "function": _function,
    "unique": _unique,
    "index": _index,
    "trigger": _trigger,
}


# ── Mending ───────────────────────────────────────────────────────────────────────────────────────────────────


def mend(fault: Fault) -> str:
    """Makes anew what is missing, disabled or changed; returns '' or why that can't be, in PostgreSQL's words."""
    if fault.promise.mend is None:
        return "?"
    try:
        with transaction.atomic():
            _make_room(fault)
            with connection.schema_editor() as editor:
                fault.promise.mend(editor)
            stored_sql.settle()
    except DatabaseError as error:
        return " ".join(str(error).split())
    return ""


def _make_room(fault: Fault) -> None:
    """Away with what is there but does not hold; a trigger's own mending does that."""
    quote = connection.ops.quote_name
    if not fault.present or fault.promise.kind == "trigger":
        return
    table, name = quote(fault.promise.table), quote(fault.present)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_constraint WHERE conname = %s", [fault.present])
        if cursor.fetchone():
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        else:
            cursor.execute(f"DROP INDEX {name}")
