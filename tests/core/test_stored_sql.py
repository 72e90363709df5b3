"""Everything that PostgreSQL keeps as SQL means the same under the empty search_path of a restore."""

from collections.abc import Iterator

import pytest
from django.db import DatabaseError, connection, transaction

from gridmgr.core import stored_sql

pytestmark = pytest.mark.django_db

# What is ours: in the schema of our tables, and no extension's.
OURS = """
    {oid} IN (SELECT oid FROM {catalog} WHERE {namespace} = 'public'::regnamespace)
    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = '{catalog}'::regclass AND d.objid = {oid} AND d.deptype = 'e')
"""
TABLES = OURS.format(oid="c.oid", catalog="pg_class", namespace="relnamespace")
FUNCTIONS = OURS.format(oid="p.oid", catalog="pg_proc", namespace="pronamespace")
# (what it is called, statements that make it anew), written out under the empty search_path as pg_dump does.
ANEW = {
    "function": f"""
        SELECT p.oid::regprocedure::text, pg_get_functiondef(p.oid) FROM pg_proc p WHERE {FUNCTIONS} AND p.prokind = 'f'
    """,
    "trigger": f"""
        SELECT format('%s of %s', t.tgname, c.relname),
               format('DROP TRIGGER %I ON %s; %s', t.tgname, c.oid::regclass, pg_get_triggerdef(t.oid))
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal AND {TABLES}
    """,
    "constraint": f"""
        SELECT format('%s of %s', k.conname, c.relname),
               format('ALTER TABLE %s ADD CONSTRAINT once_more %s', c.oid::regclass, pg_get_constraintdef(k.oid))
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE k.contype IN ('c', 'x', 'u', 'f') AND {TABLES}
    """,
    "index": f"""
        SELECT format('%s of %s', i.indexrelid::regclass, c.relname),
               format('DROP INDEX %s; %s', i.indexrelid::regclass, pg_get_indexdef(i.indexrelid))
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
        WHERE NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid) AND {TABLES}
    """,
    "column": f"""
        SELECT format('%s of %s', a.attname, c.relname), CASE a.attgenerated
            WHEN '' THEN format('ALTER TABLE %s ALTER %I SET DEFAULT %s', c.oid::regclass, a.attname,
                                pg_get_expr(d.adbin, d.adrelid))
            ELSE format('ALTER TABLE %s ADD once_more %s GENERATED ALWAYS AS (%s) STORED', c.oid::regclass,
                        format_type(a.atttypid, a.atttypmod), pg_get_expr(d.adbin, d.adrelid)) END
        FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.adnum
        WHERE {TABLES}
    """,
}


def kept(kind: str) -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(ANEW[kind])
        return list(cursor.fetchall())


def lost(kind: str) -> Iterator[str]:
    """What could not be made anew as it is written in a dump."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL search_path = ''")
        for name, statements in kept(kind):
            try:
                with transaction.atomic():
                    cursor.execute(statements)
                    transaction.set_rollback(True)
            except DatabaseError as error:
                yield f"{name}: {str(error).splitlines()[0]}"
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("kind", "least"),
    [("function", 100), ("trigger", 100), ("constraint", 100), ("index", 50), ("column", 20)],
)
def test_a_restore_makes_everything_anew(kind: str, least: int) -> None:
    assert len(kept(kind)) >= least
    assert list(lost(kind)) == []


def test_a_condition_that_a_restore_cannot_read_is_found() -> None:
    with connection.cursor() as cursor:
        cursor.execute("""
            CREATE TRIGGER unreadable AFTER UPDATE ON vendors_site FOR EACH ROW
            WHEN (OLD.area IS DISTINCT FROM NEW.area) EXECUTE FUNCTION suppress_redundant_updates_trigger()
        """)
    (found,) = lost("trigger")
    assert found.startswith(
        "unreadable of vendors_site: operator is not unique: public.geometry = public.geometry"
    )


def test_each_function_has_a_search_path_of_its_own() -> None:
    assert stored_sql.unsettled() == []


def test_a_function_made_by_anybody_gets_one_at_the_next_migrate() -> None:
    with connection.cursor() as cursor:
        cursor.execute("""
            CREATE FUNCTION "Roads"() RETURNS bigint LANGUAGE plpgsql
            AS 'BEGIN RETURN (SELECT count(*) FROM grids_road); END';
            CREATE FUNCTION as_a_tree() RETURNS int LANGUAGE sql RETURN 1;
        """)
        assert stored_sql.settle() == ['"Roads"()']
        cursor.execute("SET LOCAL search_path = ''")
        cursor.execute('SELECT public."Roads"()')
        assert cursor.fetchone() == (0,)


def test_functions_of_triggers_that_are_gone_go_too() -> None:
    with connection.cursor() as cursor:
        cursor.execute("""
            CREATE FUNCTION pgtrigger_of_before() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
            CREATE FUNCTION pgtriggered() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
            CREATE FUNCTION pgtrigger_in_use() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
            CREATE TRIGGER in_use AFTER DELETE ON grids_road EXECUTE FUNCTION pgtrigger_in_use();
        """)
    assert stored_sql.sweep() == ["pgtrigger_of_before()"]
    assert stored_sql.sweep() == []


def test_a_temporary_table_does_not_hide_ours_from_a_trigger() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM public.layers_datachange WHERE table_name = 'grids_branch'")
        (before,) = cursor.fetchone()  # emptying the tables after a test that commits counts as well
        cursor.execute(
            "CREATE TEMPORARY TABLE layers_datachange (table_name text, xid bigint, weight bigint)"
        )
        cursor.execute("UPDATE grids_branch SET name = name")
        cursor.execute("SELECT count(*) FROM pg_temp.layers_datachange")
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT count(*) FROM public.layers_datachange WHERE table_name = 'grids_branch'")
        assert cursor.fetchone() == (before + 1,)
