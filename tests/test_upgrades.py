"""Databases of earlier versions end as a new one begins: by the files that the squashed migrations replace, from wherever they stand."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from gridmgr.backup import archive
from gridmgr.backup.programs import environment, program
from gridmgr.core.promises.steps import strangers
from tests.databases import new_database, psql, python

LAST = "the last version before"
SQUASHED = {
    "accounts.0001_squashed_0007_accounts",
    "grids.0001_squashed_0010_roads_and_branches",
    "jobs.0001_squashed_0003_jobs",
    "parking.0001_squashed_0007_schools_and_bays",
    "register.0001_squashed_0002_street_registers",
    "vendors.0001_squashed_0020_sites_and_pitches",
}
# How far earlier databases may have come, each further than the one before.
STOPS = {
    "in the midst of grids": {"accounts": "0003_history_stays", "grids": "0004_history_by_statement"},
    "version of 22 November": {
        "grids": "0005_fewer_indexes",
        "parking": "0003_fewer_indexes",
        "vendors": "0012_capacity_as_approved",
        "jobs": "0002_words_in_any_language",
        "register": "0002_words_as_codes",
    },
    # Parking is whole, and what it stands on isn't: grids has two more to come.
    "version before the levels of ways": {
        "accounts": "0007_logins_kept",
        "grids": "0008_events_by_time",
        "parking": "0007_events_by_time",
        "vendors": "0018_events_by_time",
    },
    LAST: {},
}


def schema(database: str) -> str:
    """Everything but rows, as pg_dump writes it; without the key that it makes up for each dump."""
    said = subprocess.run(
        [program("pg_dump"), "--schema-only", "--no-owner", "--extension=plpgsql"],
        env=environment() | {"PGDATABASE": database},
        capture_output=True,
        text=True,
        check=True,
    )
    return re.sub(r"^\\(un)?restrict .*$", "", said.stdout, flags=re.MULTILINE)


def schema_read_again(database: str) -> str:
    """The same from a copy: PostgreSQL writes some conditions otherwise once it has read them from a dump."""
    with new_database() as copy:
        empty, public = (f"set_config('search_path', '{path}', false)" for path in ("", "public"))
        psql(copy, script=schema(database).replace(empty, public))
        return schema(copy)


def recorded(database: str) -> set[str]:
    return set(psql(database, "SELECT app || '.' || name FROM django_migrations").splitlines())


def migrate(database: str, var: Path) -> set[str]:
    """What had to be done."""
    answer = python(database, var, "manage.py", "migrate")
    assert answer.returncode == 0, answer.stderr
    return set(re.findall(r"Applying (\S+)\.\.\. OK", answer.stdout))


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("city") / "var"


@pytest.fixture(scope="module")
def fresh(var: Path) -> Iterator[str]:
    """A database by the squashed migrations."""
    with new_database() as name:
        assert migrate(name, var) >= SQUASHED
        yield name


@pytest.fixture(scope="module")
def earlier(var: Path) -> Iterator[dict[str, str]]:
    """Databases on the old way, by how far they have come."""
    with ExitStack() as stack:
        going = stack.enter_context(new_database())
        stopped = {}
        for stop, targets in STOPS.items():
            wanted = [f"{app}.{name}" for app, name in targets.items()]
            answer = python(going, var, "-m", "tests.earlier", *wanted)
            assert answer.returncode == 0, answer.stderr
            stopped[stop] = stack.enter_context(new_database(like=going))
        yield stopped


@pytest.mark.slow
def test_a_new_database_takes_each_app_in_one_step(fresh: str) -> None:
    assert {*SQUASHED, "vendors.0020_longer_slip_numbers"} <= recorded(fresh)
    assert int(psql(fresh, "SELECT count(*) FROM vendors_placementrule")) > 5


@pytest.mark.slow
@pytest.mark.parametrize("stop", STOPS)
def test_a_database_that_stopped_anywhere_goes_on_and_ends_the_same(
    stop: str, earlier: dict[str, str], fresh: str, var: Path
) -> None:
    with new_database(like=earlier[stop]) as database:
        assert not any("_squashed_" in name for name in recorded(database))
        migrate(database, var)
        assert schema(database) == schema(fresh)
        assert recorded(database) == recorded(fresh)
        answer = python(database, var, "manage.py", "check_database")
        assert "数据库完整" in answer.stdout, answer.stderr


@pytest.mark.slow
def test_the_last_version_before_has_nothing_left_to_do(earlier: dict[str, str], var: Path) -> None:
    with new_database(like=earlier[LAST]) as database:
        before = recorded(database)
        later = migrate(database, var)
        assert later.isdisjoint(before | SQUASHED)
        assert recorded(database) - before == later | SQUASHED


@pytest.mark.slow
def test_a_backup_of_the_last_version_before_comes_back_and_is_upgraded(
    earlier: dict[str, str], fresh: str, var: Path, tmp_path: Path
) -> None:
    taken = tmp_path / "city.backup"
    answer = python(earlier[LAST], var, "manage.py", "backup", taken)
    assert answer.returncode == 0, answer.stderr
    assert not any(
        "_squashed_" in name for names in archive.check(taken, "").migrations.values() for name in names
    )
    with new_database() as database:
        answer = python(database, tmp_path / "restored", "manage.py", "restore_backup", taken)
        assert answer.returncode == 0, answer.stderr
        assert migrate(database, tmp_path / "restored").isdisjoint(recorded(earlier[LAST]) | SQUASHED)
        assert schema_read_again(database) == schema_read_again(fresh)


@pytest.mark.slow
def test_a_plain_dump_of_an_earlier_version_comes_back_and_is_upgraded(
    earlier: dict[str, str], fresh: str, tmp_path: Path
) -> None:
    dump = tmp_path / "gridmgr.dump"
    env = environment() | {"PGDATABASE": earlier["version before the levels of ways"]}
    subprocess.run([program("pg_dump"), "--format=custom", f"--file={dump}"], env=env, check=True)
    with new_database() as database:
        answer = python(database, tmp_path / "restored", "manage.py", "restore_backup", dump)
        assert answer.returncode == 0, answer.stderr
        migrate(database, tmp_path / "restored")
        assert schema_read_again(database) == schema_read_again(fresh)


# ── What can't be upgraded ────────────────────────────────────────────────────────────────────────────────────


def refused(*command: str) -> str:
    with pytest.raises(CommandError) as refusal:
        call_command(*command, stdout=StringIO(), stderr=StringIO())
    return str(refusal.value)


@pytest.mark.django_db
@pytest.mark.parametrize("command", ["migrate", "check_database"])
def test_a_database_with_migrations_that_are_gone_is_too_old(command: str) -> None:
    """As one of the first weeks has it: the capacity that does not grow was withdrawn before the first release."""
    MigrationRecorder(connection).record_applied("vendors", "0012_capacity_does_not_grow")
    said = refused(command)
    assert "这个数据库太旧" in said
    assert "too old" in said
    assert "vendors.0012_capacity_does_not_grow" in said
    assert "导出为数据文件" in said
    assert "docs/deployment.md, Upgrades" in said


@pytest.mark.django_db
@pytest.mark.parametrize("command", ["migrate", "check_database"])
def test_a_database_half_way_through_files_that_are_gone_is_too_old(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a later version will find one, when the files that the squashed migrations replace have been deleted."""
    loaded = MigrationLoader.load_disk

    def without_replaced(self: MigrationLoader) -> None:
        loaded(self)
        for migration in [each for each in self.disk_migrations.values() if each.replaces]:
            for key in migration.replaces:
                self.disk_migrations.pop(key, None)

    monkeypatch.setattr(MigrationLoader, "load_disk", without_replaced)
    call_command("check_database", stdout=StringIO())  # whole, it needs none of them
    MigrationRecorder(connection).record_unapplied("vendors", "0020_longer_slip_numbers")
    said = refused(command)
    assert "这个数据库太旧" in said
    assert "vendors." in said


@pytest.mark.django_db
@pytest.mark.parametrize("command", ["migrate", "check_database"])
def test_a_database_of_a_newer_version_is_left_alone(command: str) -> None:
    MigrationRecorder(connection).record_applied("grids", "0999_to_come")
    assert "newer version" in refused(command)


@pytest.mark.django_db
@pytest.mark.parametrize("command", ["migrate", "check_database"])
def test_records_that_contradict_each_other_are_told_in_words(command: str) -> None:
    MigrationRecorder(connection).record_unapplied("accounts", "0001_accounts")
    said = refused(command)
    assert "迁移记录前后矛盾" in said
    assert "contradict" in said


def test_names_of_migrations_tell_who_is_older() -> None:
    """The withdrawn names of our own history, and the numbers of squashed migrations still to come."""
    gone = [("grids", "0008_carriageway_level_known"), ("vendors", "0014_identity_looks_and_history_stay")]
    to_come = [("grids", "0001_squashed_0999_all"), ("vendors", "0998_more")]
    others = [("axes", "0001_initial"), ("grids", "0010_fill_level_known")]
    newer, older = strangers([*gone, *to_come, *others])
    assert older == ["grids.0008_carriageway_level_known", "vendors.0014_identity_looks_and_history_stay"]
    assert newer == ["grids.0001_squashed_0999_all", "vendors.0998_more"]
