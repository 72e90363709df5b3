"""The file of a backup: a tar with a manifest, and at its end the digest of all of it; sealed when there is a passphrase.

    manifest.json     what is in it: version, migrations, rows of each table, each member's size and digest
    database.dump     pg_dump's custom format
    keys/             secret-key, identity-key: without them sessions end and identity numbers can't be read
    files/            what the database refers to, as it lies under GRIDMGR_VAR

Without a passphrase `tar xf` opens it, on any machine.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

from gridmgr.backup.sealing import NotOpened, Opened, is_sealed, seal

FORMAT = 1
MANIFEST = "manifest.json"
DUMP = "database.dump"
PIECE = 2**20
# The last block: what comes after a tar's end is nothing to tar.
TRAILER = 512
_TRAILER_WORDS = b"gridmgr backup sha256 "


class Unusable(Exception):
    """This file can't be restored; says why, in Chinese and English."""


@dataclass
class Manifest:
    """What a backup says of itself."""

    made: str
    version: str
    migrations: dict[str, list[str]]
    srid: int
    server: str
    rows: dict[str, int]
    things: dict[str, int]
    members: dict[str, dict[str, Any]] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    format: int = FORMAT


def digest_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


# ── Writing ───────────────────────────────────────────────────────────────────────────────────────────────────


def write(target: Path, manifest: Manifest, members: dict[str, Path], passphrase: str) -> None:
    """Writes the archive to `target`, whole; the caller gives it its name."""
    manifest.members = {
        name: {"bytes": path.stat().st_size, "sha256": digest_of(path)} for name, path in members.items()
    }
    plain = target.with_name(f"{target.name}.plain") if passphrase else target
    with tarfile.open(plain, "w", format=tarfile.PAX_FORMAT) as tar:
        said = json.dumps(asdict(manifest), ensure_ascii=False, indent=1).encode()
        _add(tar, MANIFEST, io.BytesIO(said), len(said))
        for name, path in members.items():
            with path.open("rb") as stream:
                _add(tar, name, stream, manifest.members[name]["bytes"])
    trailer = _TRAILER_WORDS + digest_of(plain).encode()
    with plain.open("ab") as stream:
        stream.write(trailer.ljust(TRAILER, b"\n"))
    if passphrase:
        with plain.open("rb") as source, target.open("xb") as sealed:
            target.chmod(0o600)
            seal(source, sealed, passphrase)
        plain.unlink()


def _add(tar: tarfile.TarFile, name: str, stream: BinaryIO, size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    tar.addfile(member, stream)


# ── Reading ───────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def _plain(path: Path, passphrase: str) -> Iterator[BinaryIO]:
    with path.open("rb") as stream:
        if not is_sealed(stream):
            yield stream
            return
        if not passphrase:
            raise Unusable("这个备份有口令,请给出口令 / this backup has a passphrase: please give it")
        try:
            yield cast(BinaryIO, io.BufferedReader(Opened(stream, passphrase), PIECE))
        except NotOpened:
            raise Unusable(
                "口令不对,或者文件不完整、被改动过 / the passphrase is wrong, or the file was cut short or changed"
            ) from None


def check(path: Path, passphrase: str) -> Manifest:
    """Reads the whole file without writing anything; raises Unusable when it isn't what was written."""
    with _plain(path, passphrase) as stream:
        _check_digest(stream)
    with _plain(path, passphrase) as stream:
        found: dict[str, dict[str, Any]] = {}
        manifest: Manifest | None = None
        for name, size, content in _members(stream):
            if name == MANIFEST:
                manifest = _read_manifest(content.read())
                continue
            digest = hashlib.sha256()
            while piece := content.read(PIECE):
                digest.update(piece)
            found[name] = {"bytes": size, "sha256": digest.hexdigest()}
    if manifest is None or found != manifest.members:
        raise Unusable("文件与清单不符 / the file is not what its manifest says")
    return manifest


def _check_digest(stream: BinaryIO) -> None:
    digest, held = hashlib.sha256(), b""
    while piece := stream.read(PIECE):
        held += piece
        digest.update(held[:-TRAILER])
        held = held[-TRAILER:]
    if not held.startswith(_TRAILER_WORDS):
        raise Unusable("不是备份文件,或者不完整 / this is not a backup of gridmgr, or it was cut short")
    if held != (_TRAILER_WORDS + digest.hexdigest().encode()).ljust(TRAILER, b"\n"):
        raise Unusable("备份文件被改动过 / this backup was changed")


def _read_manifest(text: bytes) -> Manifest:
    said = json.loads(text)
    if said.get("format", 0) > FORMAT:
        raise Unusable(
            f"备份由更新的版本({said.get('version')})制作,请先升级本程序 / "
            f"this backup was made by a newer version ({said.get('version')}): upgrade first"
        )
    return Manifest(**said)


def _members(stream: BinaryIO) -> Iterator[tuple[str, int, Any]]:
    try:
        with tarfile.open(fileobj=stream, mode="r|") as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isfile() else None
                if content is None or ".." in PurePosixPath(member.name).parts or member.name[:1] == "/":
                    raise Unusable(f"备份中有不该有的内容 / this does not belong in a backup: {member.name}")
                yield member.name, member.size, content
    except tarfile.TarError as error:
        raise Unusable(f"备份文件读不出来 / the backup can't be read: {error}") from None


def unpack(path: Path, passphrase: str, folder: Path) -> None:
    """Lays the members down under `folder`, closed to others. Check the file first."""
    with _plain(path, passphrase) as stream:
        for name, _, content in _members(stream):
            target = folder / name
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with target.open("xb") as out:
                target.chmod(0o600)
                while piece := content.read(PIECE):
                    out.write(piece)
