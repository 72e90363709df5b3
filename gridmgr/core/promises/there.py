"""What a database has, read from PostgreSQL's catalogs in a few queries, whatever the number of tables."""

from dataclasses import dataclass
from typing import Any

from django.db import connection

EXTENSIONS = "SELECT extname FROM pg_extension"
COLUMNS = """
    SELECT c.relname, a.attname, a.attnotnull
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
      AND a.attnum > 0 AND NOT a.attisdropped
"""
# A foreign key whose own triggers were switched off (pg_restore --disable-triggers, cut short) holds nothing.
CONSTRAINTS = """
    SELECT c.relname, k.conname, k.contype::text, k.convalidated, COALESCE(t.relname, ''),
           ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS n (num, place)
                 JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = n.num ORDER BY n.place),
           NOT EXISTS (SELECT FROM pg_trigger g WHERE g.tgconstraint = k.oid AND g.tgenabled NOT IN ('O', 'A'))
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid LEFT JOIN pg_class t ON t.oid = k.confrelid
    WHERE k.connamespace = current_schema()::regnamespace
"""
INDEXES = """
    SELECT c.relname, i.relname, x.indisunique, x.indisvalid AND x.indisready AND x.indislive, m.amname,
           x.indpred IS NOT NULL,
           ARRAY(SELECT COALESCE(a.attname::text, '') FROM unnest(x.indkey) WITH ORDINALITY AS n (num, place)
                 LEFT JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = n.num ORDER BY n.place),
           EXISTS (SELECT FROM unnest(x.indclass) AS o (id) JOIN pg_opclass q ON q.oid = o.id
                   WHERE q.opcname LIKE '%pattern_ops')
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
    JOIN pg_am m ON m.oid = i.relam
    WHERE c.relnamespace = current_schema()::regnamespace
"""
TRIGGERS = """
    SELECT c.relname, t.tgname, t.tgenabled IN ('O', 'A'), obj_description(t.oid, 'pg_trigger'), p.prosrc
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE c.relnamespace = current_schema()::regnamespace AND NOT t.tgisinternal
"""
FUNCTIONS = """
    SELECT p.proname, p.prosrc FROM pg_proc p
    WHERE p.pronamespace = current_schema()::regnamespace AND p.prorettype <> 'trigger'::regtype
      AND NOT EXISTS (SELECT FROM pg_depend d
                      WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
"""


@dataclass(frozen=True)
class Index:
    """An index as the catalogs have it; an expression reads as '' among its columns."""

    table: str
    name: str
    unique: bool
    valid: bool
    method: str
    partial: bool
    columns: tuple[str, ...]
    like: bool


@dataclass(frozen=True)
class Constraint:
    """A constraint as the catalogs have it; `kind` is PostgreSQL's letter for it."""

    table: str
    name: str
    kind: str
    valid: bool
    to: str
    columns: tuple[str, ...]
    enabled: bool


@dataclass(frozen=True)
class Trigger:
    """A trigger and the text of its function; `mark` is django-pgtrigger's, None when a dump left comments out."""

    table: str
    name: str
    enabled: bool
    mark: str | None
    body: str


@dataclass(frozen=True)
class There:
    """All of it."""

    extensions: set[str]
    columns: dict[tuple[str, str], bool]
    constraints: list[Constraint]
    indexes: list[Index]
    triggers: dict[tuple[str, str], Trigger]
    functions: dict[str, str]

    @property
    def tables(self) -> set[str]:
        return {table for table, _column in self.columns}


def read() -> There:
    """What the database of the default connection has in its own schema."""
    return There(
        extensions={name for (name,) in _rows(EXTENSIONS)},
        columns={(table, column): needed for table, column, needed in _rows(COLUMNS)},
        constraints=[Constraint(*row) for row in _rows(CONSTRAINTS)],
        indexes=[Index(*row) for row in _rows(INDEXES)],
        triggers={(row[0], row[1]): Trigger(*row) for row in _rows(TRIGGERS)},
        functions=dict(_rows(FUNCTIONS)),
    )


def _rows(query: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return [tuple(tuple(x) if isinstance(x, list) else x for x in row) for row in cursor.fetchall()]
