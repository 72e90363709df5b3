"""Making a backup while people work: one snapshot for the dump, the counts and the list of files."""

import fcntl
import os
import shutil
import stat
import subprocess
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from gridmgr.backup import archive, inventory, kept
from gridmgr.backup.programs import environment, program

Say = Callable[[str], None]
# How often it says how far it is.
EVERY_S = 5.0
ROOM = ".gridmgr-backup"


def take(target: Path, passphrase: str, say: Say) -> archive.Manifest:
    """Writes a backup to `target`, which appears whole or not at all."""
    with _room(target.parent) as room:
        members: dict[str, Path] = {archive.DUMP: room / "dump"}
        keys = kept.keys()
        with transaction.atomic():
            snapshot = _freeze()
            say("导出数据库 / dumping the database")
            _dump(snapshot, members[archive.DUMP], say)
            manifest = archive.Manifest(
                made=datetime.now(UTC).isoformat(timespec="seconds"),
                version=version(),
                migrations=inventory.migrations(),
                srid=settings.GRIDMGR_SRID,
                server=inventory.server(),
                rows=inventory.rows(),
                things=inventory.things(),
            )
            referred = list(kept.files())
        say(f"收集文件 / collecting files: {len(referred)}")
        _copy_files(referred, room, members, manifest)
        for name, content in kept.joined(keys, kept.keys()).items():
            members[f"keys/{name}"] = room / f"key-{name}"
            members[f"keys/{name}"].write_text(content, encoding="utf-8")
        say("写成一个文件 / writing one file")
        whole = room / "whole"
        archive.write(whole, manifest, members, passphrase)
        say("核对 / checking it")
        archive.check(whole, passphrase)
        whole.chmod(0o600)
        whole.rename(target)
    return manifest


@contextmanager
def _room(folder: Path) -> Iterator[Path]:
    """A closed folder on the target's disk, for one backup at a time; what a killed one left goes first."""
    room = folder / ROOM
    room.mkdir(mode=0o700, exist_ok=True)
    found = room.lstat()
    # In a folder that is open to all, such as /tmp, anybody may have laid a link there, or a folder of theirs.
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise archive.Unusable(
            f"{room} 不是本账号的目录,请先移走 / is not a folder of this account: move it away"
        )
    room.chmod(0o700)
    with (room / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise archive.Unusable(
                "这个目录正在做另一个备份 / another backup into this folder is under way"
            ) from None
        for path in room.iterdir():
            if path.name != "lock":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        try:
            yield room
        finally:
            shutil.rmtree(room, ignore_errors=True)


def _freeze() -> str:
    """Makes this transaction one snapshot that others may share, for as long as it takes; gives its name."""
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SELECT pg_export_snapshot()")
        return str(cursor.fetchone()[0])


def _dump(snapshot: str, target: Path, say: Say) -> None:
    """pg_dump of that snapshot. plpgsql is PostgreSQL's own: naming it leaves all other extensions out."""
    target.touch(mode=0o600)
    command = [program("pg_dump"), "--format=custom", "--extension=plpgsql", "--no-owner", "--no-privileges"]
    trouble = target.with_name("trouble")
    with (
        trouble.open("w") as errors,
        subprocess.Popen(
            [*command, f"--snapshot={snapshot}", f"--file={target}"],
            env=environment(),
            stdin=subprocess.DEVNULL,
            stderr=errors,
        ) as process,
    ):
        try:
            said = time.monotonic()
            while process.poll() is None:
                time.sleep(0.05)
                if time.monotonic() - said > EVERY_S:
                    said = time.monotonic()
                    say(f"  {target.stat().st_size / 1e6:.0f} MB")
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        raise archive.Unusable(f"pg_dump: {trouble.read_text(encoding='utf-8', errors='replace').strip()}")


def _copy_files(
    referred: list[Path], room: Path, members: dict[str, Path], manifest: archive.Manifest
) -> None:
    """Copies made after the snapshot hold at least what its rows refer to, but for what was cleared away meanwhile."""
    for number, path in enumerate(referred):
        name = path.relative_to(settings.VAR_DIR).as_posix()
        copy = room / f"file-{number}"
        try:
            shutil.copyfile(path, copy)
        except FileNotFoundError:
            manifest.gone.append(name)
        else:
            members[f"files/{name}"] = copy


def version() -> str:
    """The version of this program."""
    with (settings.BASE_DIR / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])
