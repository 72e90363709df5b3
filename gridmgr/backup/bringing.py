"""A backup, or an earlier version's plain dump, into an empty database and an empty folder.

Everything in the database comes in one transaction, which ends with the counts of the manifest: what doesn't come whole
doesn't come at all. The files and keys are laid down before it commits.
"""

import re
import shutil
import subprocess
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import IO

from django.conf import settings

from gridmgr.backup import archive, inventory
from gridmgr.backup.programs import environment, program
from gridmgr.backup.taking import EVERY_S, Say
from gridmgr.core.promises.steps import strangers

PIECE = 2**20
# What pg_dump writes at the head of each dump; dumps of versions whose triggers depended on the path need `public`.
EMPTY_PATH = b"SELECT pg_catalog.set_config('search_path', '', false);"
PUBLIC_PATH = b"SELECT pg_catalog.set_config('search_path', 'public', false);"
# Entries of pg_restore's list that the cluster's owner has made already, or that only a superuser may make.
_OWNERS = re.compile(
    r"^\d+; \d+ \d+ (EXTENSION|COMMENT - EXTENSION|TABLE DATA public spatial_ref_sys|SCHEMA - public|COMMENT - SCHEMA) ?"
)
_ENTRY = re.compile(r"^\d+; \d+ \d+ (TABLE DATA|FK CONSTRAINT|[A-Z]+) ")


def refuse_strangers(manifest: archive.Manifest) -> None:
    """Raises Unusable when the backup knows migrations that this program doesn't, newer or older than its own."""
    newer, older = strangers((app, name) for app, names in manifest.migrations.items() for name in names)
    if newer:
        raise archive.Unusable(
            f"备份由更新的版本({manifest.version})制作,请先升级本程序 / "
            f"this backup was made by a newer version ({manifest.version}), upgrade first: {', '.join(newer[:5])}"
        )
    if older:
        raise archive.Unusable(
            f"备份太旧(版本 {manifest.version}),本版本不能升级它,请用那个版本恢复 / this backup is too old "
            f"(version {manifest.version}) to be upgraded by this version, restore it with that one: {', '.join(older[:5])}"
        )


def bring_back(path: Path, passphrase: str, say: Say) -> archive.Manifest:
    """Restores a backup that has been checked."""
    room = Path(settings.VAR_DIR) / ".restoring"
    room.mkdir(mode=0o700)
    try:
        manifest = archive.check(path, passphrase)
        refuse_strangers(manifest)
        refuse_full_database()
        say("取出文件 / unpacking")
        archive.unpack(path, passphrase, room)
        say("放回文件和密钥 / putting files and keys in their places")
        _lay_down(room, manifest)
        say(f"写入数据库 / filling the database: {sum(manifest.rows.values())} rows")
        _fill(room / archive.DUMP, manifest, say)
    finally:
        shutil.rmtree(room, ignore_errors=True)
    return manifest


def bring_dump(path: Path, secret_key: Path | None, say: Say) -> None:
    """Restores a dump that somebody made with pg_dump, by this version or an earlier one."""
    refuse_full_database()
    srid = srid_of(path)
    var = Path(settings.VAR_DIR)
    (var / "srid").write_text(f"{srid}\n", encoding="ascii")
    if secret_key:
        _lay(secret_key, var / "secret-key")
        identity = secret_key.with_name("identity-key")
        if identity.exists():
            _lay(identity, var / "identity-key")
    say(f"写入数据库 / filling the database (EPSG:{srid})")
    _fill(path, None, say)


def refuse_full_database() -> None:
    if not inventory.is_empty():
        raise archive.Unusable(
            "数据库不是空的,没有写入任何内容 / the database is not empty: nothing was written"
        )
    if not inventory.has("postgis"):
        raise archive.Unusable(
            "数据库里没有 PostGIS,请数据库管理员先建扩展(docs/deployment.md)/ the database has no PostGIS: "
            "its owner makes the extensions first (docs/deployment.md)"
        )


def srid_of(dump: Path) -> int:
    """The metric CRS of the roads in a dump."""
    said = subprocess.run(
        [program("pg_restore"), "--schema-only", "--table=grids_road", "--file=-", dump],
        capture_output=True,
        check=False,
        text=True,
    )
    found = re.search(r"reference_line public\.geometry\(\w+,(\d+)\)", said.stdout)
    if said.returncode or not found:
        raise archive.Unusable(
            f"不是本程序的数据库备份 / not a dump of a gridmgr database: {said.stderr.strip()[:200]}"
        )
    return int(found[1])


def _lay_down(room: Path, manifest: archive.Manifest) -> None:
    var = Path(settings.VAR_DIR)
    (var / "srid").write_text(f"{manifest.srid}\n", encoding="ascii")
    for part, to in ((room / "files", var), (room / "keys", var)):
        for path in part.rglob("*") if part.exists() else ():
            if path.is_file():
                _lay(path, to / path.relative_to(part))


def _lay(source: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o600)


def _fill(dump: Path, manifest: archive.Manifest | None, say: Say) -> None:
    """pg_restore's SQL through psql, in one transaction that commits only when all came and the counts are right."""
    listing = subprocess.run(
        [program("pg_restore"), "--list", dump], capture_output=True, check=True, text=True
    ).stdout.splitlines()
    wanted = [line for line in listing if not _OWNERS.match(line)]
    chosen = Path(settings.VAR_DIR) / ".restore-list"
    chosen.write_text("\n".join(wanted) + "\n", encoding="utf-8")
    kinds = Counter(match[1] for line in wanted if (match := _ENTRY.match(line)))
    things = manifest.things if manifest else inventory.expected_of(kinds)
    command: list[str | Path] = [
        program("pg_restore"),
        "--no-owner",
        "--no-privileges",
        f"--use-list={chosen}",
        "--file=-",
        dump,
    ]
    try:
        with (
            _Psql() as psql,
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as source,
        ):
            psql.write(b"BEGIN;\n")
            _pour(_there(source.stdout), psql, say)
            if source.wait():
                raise archive.Unusable(f"pg_restore: {_there(source.stderr).read().decode().strip()[:500]}")
            psql.write(inventory.demand(manifest.rows if manifest else {}, things).encode())
            psql.write(b"COMMIT;\n")
    finally:
        chosen.unlink()


def _pour(source: IO[bytes], psql: "_Psql", say: Say) -> None:
    head = b""
    while EMPTY_PATH not in head and len(head) < 65536 and (piece := source.readline()):
        head += piece
    psql.write(head.replace(EMPTY_PATH, PUBLIC_PATH))
    sent, said = 0, time.monotonic()
    while piece := source.read(PIECE):
        psql.write(piece)
        sent += len(piece)
        if time.monotonic() - said > EVERY_S:
            said = time.monotonic()
            say(f"  {sent / 1e6:.0f} MB")


def _there(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise RuntimeError("Popen without the pipe that was asked for")
    return pipe


class _Psql:
    """psql that stops at the first error; its end without COMMIT leaves nothing behind."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-"],
            env=environment() | {"PGOPTIONS": "-c client_min_messages=warning"},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self.said: list[bytes] = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        self.said += _there(self.process.stderr).readlines()

    def write(self, content: bytes) -> None:
        try:
            _there(self.process.stdin).write(content)
        except BrokenPipeError:
            self._refuse()

    def __enter__(self) -> "_Psql":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            self.process.kill()
            self.process.wait()
            return
        with suppress(BrokenPipeError):
            _there(self.process.stdin).close()
        if self.process.wait():
            self._refuse()

    def _refuse(self) -> None:
        self.process.wait()
        self.reader.join(5)
        said = b"".join(self.said[:6]).decode(errors="replace").strip()
        raise archive.Unusable(f"数据库没有接受 / the database refused it: {said}")
