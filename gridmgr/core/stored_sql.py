"""SQL that PostgreSQL keeps for us and reads again later: it means the same whatever the search_path is then.

A dump is restored under an empty search_path, and a pooler or a role's setting may change it as well. Triggers,
constraints, indexes and generated columns are kept as trees, so they know what they mean; the bodies of functions are
text. `settle` gives each function of ours its own search_path after every migrate, so nobody who writes a trigger has to
think of it. What a tree can't say in text is found by tests/core/test_stored_sql.py, which makes everything anew under an
empty search_path: `IS DISTINCT FROM`, `NULLIF`, `CASE x WHEN` and `IN` over geometry, in a trigger's condition for
example, which have no way to name the schema of their operator.

A migration that takes a trigger away leaves its function behind; `sweep` takes those away too, so that a database that
came by many migrations has what a new one has.
"""

from typing import Any

from django.apps import apps
from django.db import connections
from django.db.models.signals import post_migrate
from psycopg2 import sql

# Functions of ours (no extension's) whose body is text, and that have no search_path of their own.
UNSETTLED = """
    SELECT p.oid::regprocedure::text FROM pg_proc p
    JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
    WHERE n.nspname = ANY(current_schemas(false)) AND l.lanname IN ('plpgsql', 'sql') AND p.prosqlbody IS NULL
      AND NOT EXISTS (SELECT 1 FROM unnest(p.proconfig) AS setting WHERE setting LIKE 'search_path=%%')
      AND NOT EXISTS (
          SELECT 1 FROM pg_depend d
          WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
      )
    ORDER BY 1
"""
# Where our tables are, then where the extensions are; temporary tables last, since they would hide ours.
SCHEMAS = """
    SELECT n.nspname FROM pg_namespace n WHERE n.nspname = current_schema()
    UNION
    SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname IN ('postgis', 'btree_gist', 'pg_trgm') AND n.nspname <> 'pg_catalog'
"""
# Functions of django-pgtrigger's that no trigger calls.
LEFT_OVER = """
    SELECT p.oid::regprocedure::text FROM pg_proc p
    WHERE p.pronamespace = current_schema()::regnamespace AND p.prorettype = 'trigger'::regtype
      AND p.proname LIKE 'pgtrigger\\_%' AND NOT EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgfoid = p.oid)
    ORDER BY 1
"""


def unsettled(using: str = "default") -> list[str]:
    """The functions that depend on the search_path of whoever calls them."""
    with connections[using].cursor() as cursor:
        cursor.execute(UNSETTLED)
        return [name for (name,) in cursor.fetchall()]


def settle(using: str = "default") -> list[str]:
    """Give each function that has none its own search_path; returns their names."""
    names = unsettled(using)
    if names:
        with connections[using].cursor() as cursor:
            cursor.execute(f"SELECT current_schema(), ARRAY({SCHEMAS})")
            own, schemas = cursor.fetchone()
            path = [own, *sorted(set(schemas) - {own}), "pg_temp"]
            for name in names:  # as regprocedure writes it, quoted where it must be
                cursor.execute(
                    sql.SQL("ALTER FUNCTION {} SET search_path = {}").format(
                        sql.SQL(name), sql.SQL(", ").join(sql.Identifier(schema) for schema in path)
                    )
                )
    return names


def sweep(using: str = "default") -> list[str]:
    """Drop the functions of triggers that are gone; returns their names."""
    with connections[using].cursor() as cursor:
        cursor.execute(LEFT_OVER)
        names = [name for (name,) in cursor.fetchall()]
        for name in names:
            cursor.execute(sql.SQL("DROP FUNCTION {}").format(sql.SQL(name)))
    return names


def _after_migrate(using: str, **_: Any) -> None:
    if connections[using].vendor == "postgresql":
        sweep(using)
        settle(using)


def settle_after_migrate() -> None:
    """Connect to the last of the signals that migrate sends: other apps make functions in theirs (pghistory does)."""
    *_, last = apps.get_app_configs()
    post_migrate.connect(_after_migrate, sender=last, dispatch_uid="gridmgr.core.stored_sql")
