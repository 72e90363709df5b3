"""A backup of a small town and what comes of it: into a database of somebody's, and into a new cluster."""

import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from gridmgr.backup import archive, bringing, inventory, kept, taking
from gridmgr.backup.programs import environment, program
from gridmgr.core.jobs import store
from gridmgr.core.jobs.models import Job, State
from gridmgr.intake import shelf
from gridmgr.intake.models import Import, Way
from tests.conftest import Town
from tests.databases import ROOT, new_database, psql, python, url_of
from tests.factories import BranchFactory, UserFactory, VendorFactory
from vendors.domain import keyring
from vendors.domain.identity import decrypt, store_identity
from vendors.domain.rekey import change_key
from vendors.models import Vendor

pytestmark = pytest.mark.django_db(transaction=True)
needs_cluster = pytest.mark.skipif(
    not Path("/usr/lib/postgresql/15/bin/initdb").exists(), reason="PostgreSQL 15 is not installed here"
)


@pytest.fixture
def var(settings: Any, tmp_path: Path) -> Path:
    settings.VAR_DIR = tmp_path / "var"
    settings.VAR_DIR.mkdir()
    return settings.VAR_DIR


def import_with_a_file() -> Path:
    record = Import.objects.create(by="a", way=Way.PAGE, layer="bays", file_name="泊位.csv")
    path = shelf.folder_of(record.pk) / shelf.REFUSED
    path.parent.mkdir(parents=True)
    path.write_bytes(b"refused rows")
    return path


def job_with_a_file() -> Path:
    now = timezone.now()
    job = Job.objects.create(
        owner=UserFactory(), kind="briefing", title="简报", language="zh-hans", state=State.DONE,
        finished=now, file_name="简报.pdf",
    )  # fmt: skip
    store.folder_of(job.pk).mkdir(parents=True)
    store.kept_file(job.pk).write_bytes(b"%PDF")
    return store.kept_file(job.pk)


def take(path: Path, passphrase: str = "") -> archive.Manifest:
    return taking.take(path, passphrase, lambda _: None)


@pytest.fixture
def other_database() -> Iterator[str]:
    with new_database() as name:
        yield name


def restore(
    path: Path, database: str, var: Path, *arguments: str, **more: str
) -> subprocess.CompletedProcess[str]:
    return python(database, var, "manage.py", "restore_backup", path, *arguments, **more)


# ── Taking ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_backup_holds_database_files_keys_and_says_so(town: Town, var: Path, tmp_path: Path) -> None:
    kept_file, made = import_with_a_file(), job_with_a_file()
    (shelf.root() / "nobody knows").mkdir()
    (shelf.root() / "nobody knows" / "it").write_text("x")
    (var / "identity-key").write_text("first key of all\nsecond key of all\n")
    said = StringIO()
    call_command("backup", str(tmp_path / "a.backup"), stdout=said)
    manifest = archive.check(tmp_path / "a.backup", "")
    files = {f"files/{path.relative_to(var)}" for path in (kept_file, made)}
    assert set(manifest.members) == {archive.DUMP, "keys/secret-key", "keys/identity-key", *files}
    assert manifest.rows == inventory.rows()
    assert manifest.rows["grids_branch"] == 2
    assert manifest.things["TRIGGER"] > 100
    assert manifest.srid == django_settings.GRIDMGR_SRID
    assert "0012_capacity_as_approved" in manifest.migrations["vendors"]
    assert (tmp_path / "a.backup").stat().st_mode & 0o777 == 0o600
    assert "MB" in said.getvalue()


def test_the_dump_has_neither_extensions_nor_their_comments_nor_their_table(
    var: Path, tmp_path: Path
) -> None:
    take(tmp_path / "a.backup")
    archive.unpack(tmp_path / "a.backup", "", var)
    listing = subprocess.check_output([program("pg_restore"), "--list", var / archive.DUMP], text=True)
    assert "TABLE DATA public grids_road" in listing
    assert "EXTENSION" not in listing
    assert "spatial_ref_sys" not in listing


def test_a_key_from_the_environment_is_in_the_backup(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDMGR_IDENTITY_KEY", "the key that writes, a key of last year")
    (var / "identity-key").write_text("an older key\n")
    assert kept.keys() == {
        "secret-key": f"{django_settings.SECRET_KEY}\n",
        "identity-key": "the key that writes\na key of last year\n"
        "the key that writes, a key of last year\nan older key\n",
    }


def test_people_may_work_while_it_is_made(
    town: Town, var: Path, tmp_path: Path, other_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row and a file that come after the snapshot are in neither dump nor counts; a file that goes is named."""
    import_with_a_file()
    gone = job_with_a_file()
    dump = taking._dump

    def meanwhile(*args: Any) -> None:
        psql(
            connection.settings_dict["NAME"],
            "UPDATE grids_branch SET name = name || ' later'; DELETE FROM intake_import",
            "INSERT INTO layers_datachange (table_name, xid) VALUES ('later', 1)",
        )
        shutil.rmtree(gone.parent)
        dump(*args)

    monkeypatch.setattr(taking, "_dump", meanwhile)
    manifest = take(tmp_path / "a.backup")
    assert (manifest.rows["intake_import"], Import.objects.count()) == (1, 0)
    assert manifest.gone == [gone.relative_to(var).as_posix()]
    answer = restore(tmp_path / "a.backup", other_database, tmp_path / "restored")
    assert answer.returncode == 0, answer.stderr
    assert psql(other_database, "SELECT count(*) FROM grids_branch WHERE name LIKE '%later'") == "0"
    assert psql(other_database, "SELECT count(*) FROM layers_datachange WHERE table_name = 'later'") == "0"


@pytest.mark.parametrize("settled", [True, False])
def test_keys_that_are_changed_meanwhile_are_both_in_it(
    var: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settled: bool
) -> None:
    """The snapshot's numbers stand under the old key, the file has the new one by then."""
    if settled:
        keyring.settle()
    vendor = VendorFactory()
    store_identity(vendor, "999999199001011238")
    vendor.save()
    stored, dump = vendor.identity_cipher, taking._dump

    def elsewhere() -> None:
        change_key()
        connection.close()

    def meanwhile(*args: Any) -> None:
        other = threading.Thread(target=elsewhere)
        other.start()
        other.join()
        dump(*args)

    monkeypatch.setattr(taking, "_dump", meanwhile)
    take(tmp_path / "a.backup")
    assert decrypt(stored) is None
    archive.unpack(tmp_path / "a.backup", "", tmp_path / "there")
    (var / "identity-key").write_text((tmp_path / "there/keys/identity-key").read_text())
    assert decrypt(stored) == "999999199001011238"
    assert decrypt(Vendor.objects.get().identity_cipher) == "999999199001011238"


def test_a_link_in_the_place_of_its_room_is_not_followed(var: Path, tmp_path: Path) -> None:
    (var / "secret-key").write_text("kept")
    (tmp_path / taking.ROOM).symlink_to(var)
    with pytest.raises(CommandError, match="not a folder of this account"):
        call_command("backup", str(tmp_path / "a.backup"), stdout=StringIO())
    assert (var / "secret-key").read_text() == "kept"


def test_a_file_that_is_there_is_left_alone(var: Path, tmp_path: Path) -> None:
    (tmp_path / "a.backup").write_text("older")
    with pytest.raises(CommandError, match="exists"):
        call_command("backup", str(tmp_path / "a.backup"))
    assert (tmp_path / "a.backup").read_text() == "older"


@pytest.mark.parametrize("where", ["_dump", "_copy_files"])
def test_a_backup_that_fails_leaves_nothing(
    var: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def full_disk(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(taking, where, full_disk)
    with pytest.raises(CommandError, match="No space left"):
        call_command("backup", str(tmp_path / "a.backup"), stdout=StringIO())
    assert [path.name for path in tmp_path.iterdir()] == ["var"]


def test_what_a_killed_backup_left_goes_with_the_next(var: Path, tmp_path: Path) -> None:
    (tmp_path / taking.ROOM).mkdir()
    (tmp_path / taking.ROOM / "whole").write_text("half")
    take(tmp_path / "a.backup", "口令")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.backup", "var"]


# ── Bringing back ─────────────────────────────────────────────────────────────────────────────────────────────


def test_it_comes_back_into_an_empty_database_and_folder(
    town: Town, var: Path, tmp_path: Path, other_database: str
) -> None:
    kept_file = import_with_a_file()
    (var / "identity-key").write_text("first key of all\n")
    manifest = take(tmp_path / "a.backup", "大城小巷")
    here, there = connection.settings_dict["NAME"], tmp_path / "restored"

    wrong = restore(
        tmp_path / "a.backup", other_database, there, "--check", GRIDMGR_BACKUP_PASSPHRASE="大城小港"
    )
    assert (wrong.returncode, "the passphrase is wrong" in wrong.stderr) == (1, True)
    wrong = restore(tmp_path / "a.backup", other_database, there, GRIDMGR_BACKUP_PASSPHRASE="大城小港")
    assert (wrong.returncode, list(there.iterdir())) == (1, [])
    assert psql(other_database, inventory.TABLES) == ""

    right = restore(tmp_path / "a.backup", other_database, there, GRIDMGR_BACKUP_PASSPHRASE="大城小巷")
    assert right.returncode == 0, right.stderr
    for question in [f"SELECT count(*) FROM {name}" for name in manifest.rows] + [
        "SELECT md5(string_agg(e::text, '|' ORDER BY pgh_id)) FROM vendors_siteevent e",
        "SELECT md5(string_agg(pg_get_triggerdef(oid), '|' ORDER BY pg_get_triggerdef(oid))) FROM pg_trigger WHERE NOT tgisinternal",
        *inventory.THINGS.values(),
    ]:
        assert psql(other_database, question) == psql(here, question)
    assert (there / kept_file.relative_to(var)).read_bytes() == b"refused rows"
    assert (there / "identity-key").read_text() == "first key of all\n"
    assert (there / "secret-key").read_text().strip() == django_settings.SECRET_KEY
    assert (there / "srid").read_text().strip() == str(django_settings.GRIDMGR_SRID)

    again = restore(tmp_path / "a.backup", other_database, there, GRIDMGR_BACKUP_PASSPHRASE="大城小巷")
    assert (again.returncode, "the database is not empty: nothing was written" in again.stderr) == (1, True)


def rewritten(path: Path, room: Path, **changes: Any) -> Path:
    """The backup with another manifest, rightly sealed."""
    room.mkdir()
    archive.unpack(path, "", room)
    manifest = archive.check(path, "")
    members = {name: room / name for name in manifest.members}
    archive.write(path.with_name("changed.backup"), replace(manifest, **changes), members, "")
    return path.with_name("changed.backup")


def test_counts_that_are_not_the_manifests_leave_the_database_empty(
    town: Town, var: Path, tmp_path: Path, other_database: str
) -> None:
    manifest = take(tmp_path / "a.backup")
    changed = rewritten(tmp_path / "a.backup", tmp_path / "room", rows={**manifest.rows, "grids_branch": 3})
    answer = restore(changed, other_database, tmp_path / "restored")
    assert answer.returncode == 1
    assert "rows of grids_branch is 2 after the restore, not 3" in answer.stderr
    assert psql(other_database, inventory.TABLES) == ""


def test_a_backup_of_a_newer_version_is_refused_before_anything_is_written(
    var: Path, tmp_path: Path, other_database: str
) -> None:
    manifest = take(tmp_path / "a.backup")
    newer = {**manifest.migrations, "grids": [*manifest.migrations["grids"], "9999_to_come"]}
    changed = rewritten(tmp_path / "a.backup", tmp_path / "room", migrations=newer, version="9.0")
    answer = restore(changed, other_database, tmp_path / "restored", "--check")
    assert answer.returncode == 1
    assert "newer version (9.0), upgrade first: grids.9999_to_come" in answer.stderr
    assert restore(changed, other_database, tmp_path / "restored").returncode == 1
    assert psql(other_database, inventory.TABLES) == ""


def test_a_backup_with_migrations_that_are_gone_is_refused(
    var: Path, tmp_path: Path, other_database: str
) -> None:
    manifest = take(tmp_path / "a.backup")
    older = {**manifest.migrations, "vendors": ["0001_sites_and_pitches", "0012_capacity_does_not_grow"]}
    changed = rewritten(tmp_path / "a.backup", tmp_path / "room", migrations=older, version="0.0")
    answer = restore(changed, other_database, tmp_path / "restored")
    assert answer.returncode == 1
    assert "备份太旧(版本 0.0)" in answer.stderr
    assert "restore it with that one: vendors.0012_capacity_does_not_grow" in answer.stderr
    assert psql(other_database, inventory.TABLES) == ""


def test_a_database_without_the_extensions_is_told_what_it_needs(
    var: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inventory, "is_empty", lambda: True)
    monkeypatch.setattr(inventory, "has", lambda _: False)
    with pytest.raises(archive.Unusable, match="has no PostGIS"):
        bringing.refuse_full_database()


# ── Dumps that people have ────────────────────────────────────────────────────────────────────────────────────

# What stopped the documented restore of earlier versions: a condition that can't be read under an empty search_path.
EARLIER = (
    "CREATE TABLE grids_road (id int PRIMARY KEY, reference_line geometry(LineString, 4548))",
    "CREATE TABLE part (road int REFERENCES grids_road, area geometry(Polygon, 4548))",
    "INSERT INTO grids_road VALUES (1, 'SRID=4548;LINESTRING(0 0, 1 1)'); INSERT INTO part VALUES (1, NULL)",
    "CREATE FUNCTION moved() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    (
        "CREATE TRIGGER moved AFTER UPDATE ON part FOR EACH ROW WHEN (OLD.area IS DISTINCT FROM NEW.area)"
        " EXECUTE FUNCTION moved()"
    ),
)


def test_a_dump_of_an_earlier_version_comes_back(tmp_path: Path, other_database: str) -> None:
    psql(other_database, *EARLIER)
    dump = tmp_path / "gridmgr-1.dump"
    env = environment() | {"PGDATABASE": other_database}
    subprocess.run([program("pg_dump"), "--format=custom", f"--file={dump}"], env=env, check=True)
    listing = subprocess.check_output([program("pg_restore"), "--list", dump], text=True)
    assert "EXTENSION - postgis" in listing
    assert "COMMENT - EXTENSION" in listing
    for name in ("part", "grids_road"):
        psql(other_database, f"DROP TABLE {name}")
    psql(other_database, "DROP FUNCTION moved()")
    plain = subprocess.run(
        [program("pg_restore"), "--no-owner", "--exit-on-error", f"--dbname={other_database}", dump],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert plain.returncode == 1  # the documented command of then: it stops
    assert psql(other_database, inventory.TABLES) == ""

    (tmp_path / "secret-key").write_text("a secret of then\n")
    answer = restore(
        dump, other_database, tmp_path / "restored", "--secret-key", str(tmp_path / "secret-key")
    )
    assert answer.returncode == 0, answer.stderr
    assert psql(other_database, "SELECT count(*) FROM part JOIN grids_road ON road = id") == "1"
    assert psql(other_database, inventory.THINGS["TRIGGER"], inventory.THINGS["FK CONSTRAINT"]) == "1\n1"
    assert (tmp_path / "restored" / "srid").read_text() == "4548\n"
    assert (tmp_path / "restored" / "secret-key").read_text() == "a secret of then\n"


def test_a_dump_of_something_else_is_refused(tmp_path: Path, other_database: str) -> None:
    psql(other_database, "CREATE TABLE cats (id int)")
    dump = tmp_path / "cats.dump"
    env = environment() | {"PGDATABASE": other_database}
    subprocess.run([program("pg_dump"), "--format=custom", f"--file={dump}"], env=env, check=True)
    answer = restore(dump, other_database, tmp_path / "restored", "--check")
    assert (answer.returncode, "not a dump of a gridmgr database" in answer.stderr) == (1, True)


# ── The commands ──────────────────────────────────────────────────────────────────────────────────────────────


def sh(*command: str | Path, **given: str) -> subprocess.CompletedProcess[str]:
    outside = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith("GRIDMGR_") and key != "DATABASE_URL"
    }
    return subprocess.run(
        command, cwd=ROOT, env=outside | given, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip


@pytest.fixture
def room() -> Iterator[Path]:
    """A folder that user postgres can reach, which a tmp_path isn't when the tests run as root."""
    folder = Path(tempfile.mkdtemp(prefix="gridmgr-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@needs_cluster
def test_script_backup_script_restore(town: Town, room: Path) -> None:
    """From a database of somebody's into a new private cluster, in a folder where an earlier restore was cut short."""
    old, new, file = room / "old", room / "new", room / "a.backup"
    old.mkdir()
    (old / "secret-key").write_text("s" * 50)
    (room / "passphrase").write_text("大城小巷\n")
    sealed = ("--passphrase-file", str(room / "passphrase"))
    made = sh(
        "script/backup", *sealed, file,
        DATABASE_URL=url_of(connection.settings_dict["NAME"]), GRIDMGR_VAR=str(old),
    )  # fmt: skip
    assert made.returncode == 0, made.stderr + made.stdout

    refused = sh("script/restore", *sealed, file, GRIDMGR_VAR=str(old))
    assert (refused.returncode, "is not empty: nothing was written" in refused.stderr) == (1, True)
    cut = room / "cut.backup"
    cut.write_bytes(file.read_bytes()[:-1000])
    refused = sh("script/restore", *sealed, cut, GRIDMGR_VAR=str(new))
    assert (refused.returncode, "nothing was written" in refused.stderr, new.exists()) == (1, True, False)

    new.mkdir()
    killed = """
        . script/common.sh; . script/cluster.sh
        exec 4>>"$GRIDMGR_VAR/restore-unfinished"; flock -n 4; prepare_var; cluster_start; kill -9 $$
    """
    sh("bash", "-c", killed, GRIDMGR_VAR=str(new))
    assert (new / "postgres" / "data" / "postmaster.pid").exists()
    (new / "srid").write_text("4544\n")
    for command in (("script/manage", "check"), ("script/server",), ("script/backup", room / "b.backup")):
        refused = sh(*command, GRIDMGR_VAR=str(new))
        assert (refused.returncode, "was not finished" in refused.stderr) == (1, True)

    done = sh("script/restore", *sealed, file, GRIDMGR_VAR=str(new))
    assert done.returncode == 0, done.stderr + done.stdout
    assert "clearing what an earlier restore left half-made" in done.stdout
    assert not (new / "restore-unfinished").exists()
    assert (new / "secret-key").read_text() == "s" * 50 + "\n"
    checked = sh("script/manage", "check_database", GRIDMGR_VAR=str(new))
    assert checked.returncode == 0, checked.stderr
    counted = sh(
        "script/manage", "--", "psql", "-XAtc", "SELECT count(*) FROM grids_branch", GRIDMGR_VAR=str(new)
    )
    assert counted.stdout.strip() == "2"


def test_a_backup_in_the_folder_that_is_restored_into_is_not_cleared_away(tmp_path: Path) -> None:
    """A restore into it was cut short; then somebody laid the backup there."""
    (tmp_path / "restore-unfinished").touch()
    (tmp_path / "a.backup").write_text("the only one")
    answer = sh(ROOT / "script/restore", tmp_path / "a.backup", GRIDMGR_VAR=str(tmp_path))
    assert answer.returncode == 1
    assert "lies in the folder" in answer.stderr
    assert (tmp_path / "a.backup").read_text() == "the only one"


@needs_cluster
def test_the_rehearsal_restores_the_newest_and_leaves_nothing(room: Path) -> None:
    BranchFactory()
    (room / "backups").mkdir()
    (room / "backups" / "old.backup").write_text("not a backup")
    os.utime(room / "backups" / "old.backup", (0, 0))
    (room / "scratch").mkdir()
    (room / "scratch").chmod(0o711)
    take(room / "backups" / "new.backup")
    answer = sh("script/rehearse-restore", room / "backups", TMPDIR=str(room / "scratch"))
    assert answer.returncode == 0, answer.stderr + answer.stdout
    assert "new.backup 能恢复" in answer.stdout
    assert list((room / "scratch").iterdir()) == []
    (room / "backups" / "new.backup").unlink()
    assert sh("script/rehearse-restore", room / "backups", TMPDIR=str(room / "scratch")).returncode == 1
