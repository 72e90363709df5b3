"""What is in a database, counted: a backup says it, and a restore asks for it again before it commits."""

from collections.abc import Mapping
from typing import Any

from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from psycopg2 import sql

# Our tables: those of the schema that aren't an extension's (spatial_ref_sys).
TABLES = """
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT EXISTS (
        SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    ORDER BY 1
"""
_OURS = "c.relnamespace = 'public'::regnamespace"
# As pg_restore's list calls them → how many there are. Triggers that are off count as missing.
THINGS = {
    "TRIGGER": f"""SELECT count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
                   WHERE {_OURS} AND NOT t.tgisinternal AND t.tgenabled = 'O'""",
    "FK CONSTRAINT": f"""SELECT count(*) FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
                         WHERE {_OURS} AND k.contype = 'f' AND k.convalidated""",
    "CONSTRAINT": f"""SELECT count(*) FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
                      WHERE {_OURS} AND k.contype IN ('p', 'u', 'x') AND c.relname <> 'spatial_ref_sys'""",
    "INDEX": f"""SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
                 WHERE {_OURS} AND i.indisvalid AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid)""",
    "FUNCTION": """SELECT count(*) FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND NOT EXISTS (
                   SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')""",
    "CHECK": f"""SELECT count(*) FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
                 WHERE {_OURS} AND k.contype = 'c' AND k.convalidated AND c.relname <> 'spatial_ref_sys'""",
}


def tables() -> list[str]:
    """Our tables, by name."""
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        return [name for (name,) in cursor.fetchall()]


def rows() -> dict[str, int]:
    """How many rows each of our tables has, for the present snapshot."""
    counts: dict[str, int] = {}
    with connection.cursor() as cursor:
        for name in tables():
            cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name)))
            counts[name] = cursor.fetchone()[0]
    return counts


def things() -> dict[str, int]:
    """How many triggers, constraints, indexes and functions there are."""
    counts: dict[str, int] = {}
    with connection.cursor() as cursor:
        for kind, question in THINGS.items():
            cursor.execute(question)
            counts[kind] = cursor.fetchone()[0]
    return counts


def migrations() -> dict[str, list[str]]:
    """The migrations that made this database, by app."""
    applied: dict[str, list[str]] = {}
    for app, name in sorted(MigrationRecorder(connection).applied_migrations()):
        applied.setdefault(app, []).append(name)
    return applied


def server() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version'), PostGIS_Lib_Version()")
        return "PostgreSQL {}, PostGIS {}".format(*cursor.fetchone())


def demand(rows: Mapping[str, int], things: Mapping[str, int]) -> str:
    """SQL that raises an error in words unless the database holds exactly these; for psql, before COMMIT."""
    demands: list[tuple[str, str, int]] = [
        (f"rows of {name}", f"SELECT count(*) FROM {_quoted(name)}", count) for name, count in rows.items()
    ]
    demands += [(f"count of {kind}", THINGS[kind], count) for kind, count in things.items()]
    return "SET search_path = public;\n" + "\n".join(_demanded(*each) for each in demands) + "\n"


def _quoted(name: str) -> str:
    return '"public"."{}"'.format(name.replace('"', '""'))


def _demanded(what: str, question: str, count: int) -> str:
    say = what.replace("'", "''")
    return (
        f"DO $check$ DECLARE found bigint := ({question}); BEGIN IF found <> {int(count)} THEN\n"
        f"RAISE EXCEPTION '% is % after the restore, not %', '{say}', found, {int(count)}; END IF; END $check$;"
    )


def is_empty() -> bool:
    """Whether there is no table of anybody's in the schema."""
    return not tables()


def expected_of(listing: Mapping[str, int]) -> dict[str, int]:
    """What pg_restore's list of a dump promises, of the kinds that are counted."""
    return {kind: listing.get(kind, 0) for kind in THINGS if kind != "CHECK"}


def has(name: str) -> Any:
    """Whether the extension `name` is there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_extension WHERE extname = %s", [name])
        return cursor.fetchone() is not None
