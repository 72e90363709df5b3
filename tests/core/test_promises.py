"""A database that lacks what its migrations promise is found out, by name, and mended where that can be."""

from dataclasses import replace
from io import StringIO
from time import perf_counter

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.db.migrations.recorder import MigrationRecorder

from gridmgr.core import stored_sql
from gridmgr.core.promises import compare
from gridmgr.core.promises.compare import faults
from gridmgr.core.promises.steps import steps
from gridmgr.core.promises.there import read
from gridmgr.core.promises.wanted import promises
from grids.models import Road
from tests.factories import VendorFactory

pytestmark = pytest.mark.django_db

# PostGIS's, and Django's list of migrations, without which nothing is applied.
FOREIGN_TABLES = {"spatial_ref_sys", "django_migrations"}


def _sql(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _trigger(name: str) -> str:
    return next(each.name for each in promises() if each.kind == "trigger" and f"_{name}_" in each.name)


def _check(*options: str) -> str:
    out = StringIO()
    call_command("check_database", *options, stdout=out, stderr=out)
    return out.getvalue()


def _refused(*options: str) -> str:
    with pytest.raises(CommandError) as refusal:
        _check(*options)
    return str(refusal.value)


def test_fresh_database_keeps_every_promise() -> None:
    assert faults() == []
    assert _check().strip() == "数据库完整。 / The database is whole."


def test_nothing_stands_in_the_database_that_is_not_promised() -> None:
    """The other way round: whatever a migration makes is known here, or its loss would go unseen."""
    there, wanted = read(), promises()
    named = {(each.table, each.name) for each in wanted}
    by_columns = {(each.table, *each.key) for each in wanted if each.key and each.kind != "column"}
    by_index = {(each.table, *each.key) for each in wanted if each.kind == "index" and len(each.key) == 2}
    assert there.tables - FOREIGN_TABLES == {each.table for each in wanted if each.kind == "table"}
    columns = {(table, column) for table, column in there.columns if table not in FOREIGN_TABLES}
    assert columns == {(each.table, each.name) for each in wanted if each.kind == "column"}
    own = {each for each in there.triggers if each[1] == "tests_moment"}  # the clock of tests/past.py
    assert set(there.triggers) - own == {(each.table, each.name) for each in wanted if each.kind == "trigger"}
    assert set(there.functions) - {"tests_moment"} == {
        each.name for each in wanted if each.kind == "function"
    }
    for held in there.constraints:
        if held.table not in FOREIGN_TABLES and held.kind != "t":
            key = (*held.columns, held.to) if held.kind == "f" else held.columns
            assert (held.table, held.name) in named or (held.table, *key) in by_columns, held
    held_by_constraint = {each.name for each in there.constraints}
    for index in there.indexes:
        if index.table in FOREIGN_TABLES or index.name in held_by_constraint:
            continue
        method = "like" if index.like else index.method
        assert (index.table, index.name) in named or (index.table, index.columns, method) in by_index, index


def test_check_takes_less_than_a_second() -> None:
    faults()  # the first compiles and imports
    began = perf_counter()
    steps()
    faults()
    assert perf_counter() - began < 1.0, "it stands in the way of each start"


LOSSES = [
    ("DROP TRIGGER {site_holds_pitches} ON vendors_site", "触发器", "缺少"),
    ("ALTER TABLE vendors_site DISABLE TRIGGER {site_holds_pitches}", "触发器", "被停用"),
    ("ALTER TABLE grids_branchevent DISABLE TRIGGER USER", "触发器", "被停用"),
    (
        "CREATE OR REPLACE FUNCTION {site_holds_pitches}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "触发器",
        "内容被改动",
    ),
    ("ALTER TABLE grids_assignment DROP CONSTRAINT section_one_branch", "排他约束", "缺少"),
    ("ALTER TABLE vendors_pitch DROP CONSTRAINT {foreign_key}", "外键", "缺少"),
    ("DROP INDEX vendor_one_per_identity", "唯一约束", "缺少"),
    ("DROP INDEX {road_index}", "索引", "缺少"),
    ("DROP FUNCTION kerb_box CASCADE", "函数", "缺少"),
    (
        "CREATE OR REPLACE FUNCTION _pgh_attach_context() RETURNS uuid LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "函数",
        "内容被改动",
    ),
    ("ALTER TABLE grids_road ALTER name DROP NOT NULL", "列", "可以为空"),
    ("ALTER TABLE grids_road DROP COLUMN name CASCADE", "列", "缺少"),
    ("DROP TABLE vendors_waitingentry CASCADE", "数据表", "缺少"),
]


def _filled(statement: str) -> str:
    keys = [each for each in read().constraints if each.table == "vendors_pitch" and each.kind == "f"]
    return statement.format(
        site_holds_pitches=_trigger("site_holds_pitches"),
        foreign_key=keys[0].name,
        road_index=Road._meta.indexes[0].name,
    )


@pytest.mark.parametrize(("loss", "kind", "state"), LOSSES)
def test_each_kind_of_loss_is_named(loss: str, kind: str, state: str) -> None:
    _sql(_filled(loss))
    said = _refused()
    assert any(kind in line and state in line for line in said.splitlines()), said
    assert "The database is not whole" in said
    assert "→" in said


@pytest.mark.parametrize("loss", [loss for loss, kind, _state in LOSSES if kind not in {"列", "数据表"}])
def test_what_can_be_made_anew_is_mended(loss: str) -> None:
    _sql(_filled(loss))
    said = _check("--mend")
    assert "已补上" in said
    assert "Mended" in said
    assert faults() == []


def test_what_stands_on_a_lost_function_comes_back_with_it() -> None:
    _sql("DROP FUNCTION kerb_box CASCADE")
    assert len(faults()) > 1
    _check("--mend")
    assert faults() == []
    assert stored_sql.unsettled() == []


def test_what_is_not_made_anew_says_that_a_backup_has_it() -> None:
    _sql("DROP TABLE vendors_waitingentry CASCADE")
    said = _refused("--mend")
    assert "vendors_waitingentry" in said.split("不能自动补上")[1]
    assert "restore the backup" in said


def test_constraint_that_was_never_validated_is_found_and_mended() -> None:
    _sql(
        "ALTER TABLE grids_road DROP CONSTRAINT road_width_positive",
        "ALTER TABLE grids_road ADD CONSTRAINT road_width_positive CHECK (width_m > 0 AND width_m < 200) NOT VALID",
    )
    assert "无效" in _refused()
    _check("--mend")
    assert faults() == []


def test_foreign_key_with_its_triggers_switched_off_holds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `pg_restore --disable-triggers` leaves it when it is cut short; only a superuser can do it, so it is put in
    what was read. Mending makes the key anew, with triggers that are on."""
    there = read()
    off = [
        replace(each, enabled=False) if each.table == "vendors_pitch" else each for each in there.constraints
    ]
    with monkeypatch.context() as patch:
        patch.setattr(compare, "read", lambda: replace(there, constraints=off))
        found = [fault for fault in faults() if fault.promise.kind == "foreign key"]
    assert [(fault.promise.table, fault.state) for fault in found] == [("vendors_pitch", "disabled")]
    assert compare.mend(found[0]) == ""
    assert faults() == []


def test_rows_that_break_a_promise_are_named_and_left_alone() -> None:
    _sql("DROP INDEX vendor_one_per_identity")
    VendorFactory(identity_digest="same")
    VendorFactory(identity_digest="same")
    out = StringIO()
    with pytest.raises(CommandError, match="vendor_one_per_identity"):
        call_command("check_database", "--mend", stdout=out, stderr=out)
    assert "Key (identity_digest)=(same) is duplicated" in out.getvalue()


def test_mended_trigger_refuses_again() -> None:
    VendorFactory()
    _sql(f"DROP TRIGGER {_on_vendors()} ON vendors_vendorevent")
    _sql("UPDATE vendors_vendorevent SET name = 'forged'")
    _check("--mend")
    with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
        _sql("UPDATE vendors_vendorevent SET name = 'forged again'")


def _on_vendors() -> str:
    return next(
        each.name for each in promises() if each.table == "vendors_vendorevent" and "append_only" in each.name
    )


def test_database_of_a_newer_version_is_refused() -> None:
    MigrationRecorder(connection).record_applied("grids", "9999_of_next_year")
    said = _refused()
    assert "grids.9999_of_next_year" in said
    assert "newer version" in said


def test_database_with_unapplied_migrations_is_refused() -> None:
    last = max(
        name for label, name in MigrationRecorder(connection).applied_migrations() if label == "vendors"
    )
    MigrationRecorder(connection).record_unapplied("vendors", last)
    assert f"vendors.{last}" in _refused()
