"""The file of a backup: each byte of it is vouched for, and nothing is written from one that isn't as it was."""

import json
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from gridmgr.backup import archive
from gridmgr.backup.archive import Manifest, Unusable, check, unpack, write

MANIFEST = Manifest(
    made="2026-12-01T02:00:00+00:00",
    version="0.1.0",
    migrations={"grids": ["0001_roads_and_branches"]},
    srid=4548,
    server="PostgreSQL 15",
    rows={"grids_road": 331},
    things={"TRIGGER": 149},
)


@pytest.fixture
def members(tmp_path: Path) -> dict[str, Path]:
    dump, key = tmp_path / "dump", tmp_path / "key"
    dump.write_bytes(b"PGDMP" + bytes(range(256)) * 3)
    key.write_text("secret\n")
    return {archive.DUMP: dump, "keys/secret-key": key}


@pytest.mark.parametrize("passphrase", ["", "大城小巷"])
def test_a_backup_says_what_is_in_it_and_gives_it_back(
    tmp_path: Path, members: dict[str, Path], passphrase: str
) -> None:
    file, folder = tmp_path / "a.backup", tmp_path / "out"
    folder.mkdir()
    write(file, replace(MANIFEST), members, passphrase)
    said = check(file, passphrase)
    unpack(file, passphrase, folder)
    assert (said.srid, said.rows, sorted(said.members)) == (4548, {"grids_road": 331}, sorted(members))
    for name, path in members.items():
        assert (folder / name).read_bytes() == path.read_bytes()
        assert (folder / name).stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.backup", "dump", "key", "out"]
    assert (b"secret" in file.read_bytes()) == (passphrase == "")


def test_without_a_passphrase_tar_opens_it(tmp_path: Path, members: dict[str, Path]) -> None:
    write(tmp_path / "a.backup", replace(MANIFEST), members, "")
    with tarfile.open(tmp_path / "a.backup") as tar:
        assert tar.getnames() == ["manifest.json", "database.dump", "keys/secret-key"]


def test_every_changed_byte_and_every_cut_is_noticed(tmp_path: Path, members: dict[str, Path]) -> None:
    file = tmp_path / "a.backup"
    write(file, replace(MANIFEST), members, "")
    whole = file.read_bytes()
    for place in range(0, len(whole), 97):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        with pytest.raises(Unusable):
            check(file, "")
        file.write_bytes(whole[:place])
        with pytest.raises(Unusable):
            check(file, "")


@pytest.mark.parametrize("passphrase", ["", "大城小港"])
def test_a_missing_or_wrong_passphrase_is_said(
    tmp_path: Path, members: dict[str, Path], passphrase: str
) -> None:
    write(tmp_path / "a.backup", replace(MANIFEST), members, "大城小巷")
    with pytest.raises(Unusable, match="passphrase"):
        check(tmp_path / "a.backup", passphrase)


def test_a_newer_format_is_refused(tmp_path: Path, members: dict[str, Path]) -> None:
    write(tmp_path / "a.backup", replace(MANIFEST, format=archive.FORMAT + 1), members, "")
    with pytest.raises(Unusable, match="newer version"):
        check(tmp_path / "a.backup", "")


def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path: Path, members: dict[str, Path]) -> None:
    write(tmp_path / "a.backup", replace(MANIFEST), {"files/../../out": members[archive.DUMP]}, "")
    with pytest.raises(Unusable, match="does not belong"):
        check(tmp_path / "a.backup", "")


def test_any_other_file_is_refused(tmp_path: Path) -> None:
    for content in (b"", b"PK\x03\x04", json.dumps({}).encode(), bytes(2000)):
        (tmp_path / "a.backup").write_bytes(content)
        with pytest.raises(Unusable, match="not a backup"):
            check(tmp_path / "a.backup", "")
