"""A ZIP that somebody sent: refused when it is a bomb or names paths, before any of it lies on the disk."""

import stat
import zipfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from django.utils.translation import gettext as _

from gridmgr.core.importing.base import Unreadable
from gridmgr.core.importing.messages import listed

SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
ABOUT = "gridmgr.json"
MIB = 1024 * 1024


@dataclass(frozen=True)
class ArchiveLimits:
    """How many members an archive may have, and how many bytes all of them together unpacked."""

    members: int = 100
    unpacked_bytes: int = 1024 * MIB


def unpack_shapefile(
    path: Path, folder: Path, *, layer: str = "", limits: ArchiveLimits | None = None
) -> Path:
    """Unpack the one Shapefile in a ZIP, or the one called `layer`, flat into `folder`; returns its .shp.

    Raises Unreadable for what is no ZIP, has a path that leads out, a link, a password, too many or too large
    members by what they declare or by what comes out, or no Shapefile.
    """
    limits = limits or ArchiveLimits()
    try:
        with zipfile.ZipFile(path) as archive:
            members = checked_members(path, archive, limits)
            shape = _shape_of(path, members, layer)
            wanted = [member for member in members if _belongs(member, shape)]
            left = limits.unpacked_bytes
            for member in wanted:
                left -= _unpack(path, archive, member, folder, left)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError) as error:
        raise Unreadable(
            _("%(path)s 不是有效的 ZIP 压缩包(%(why)s)。请重新压缩。")
            % {"path": path.name, "why": str(error)[:200]}
        ) from None
    return folder / _plain_name(shape)


def check_archive(path: Path, limits: ArchiveLimits | None = None) -> None:
    """Refuse a ZIP (an XLSX is one) that is dangerous by what it declares; raises Unreadable."""
    try:
        with zipfile.ZipFile(path) as archive:
            checked_members(path, archive, limits or ArchiveLimits())
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError) as error:
        raise Unreadable(
            _("%(path)s 不是有效的压缩文件(%(why)s)。请重新导出。")
            % {"path": path.name, "why": str(error)[:200]}
        ) from None


def checked_members(path: Path, archive: zipfile.ZipFile, limits: ArchiveLimits) -> list[zipfile.ZipInfo]:
    """The archive's files, of which none is dangerous by what it declares of itself; raises Unreadable otherwise."""
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > limits.members:
        raise Unreadable(
            _("压缩包 %(path)s 里有 %(count)s 个文件,最多 %(most)s 个。请只压缩需要的文件。")
            % {"path": path.name, "count": len(members), "most": limits.members}
        )
    for member in members:
        _refuse_dangerous(path, member)
    declared = sum(member.file_size for member in members)
    if declared > limits.unpacked_bytes:
        raise _bomb(path, declared, limits.unpacked_bytes)
    return members


def _refuse_dangerous(path: Path, member: zipfile.ZipInfo) -> None:
    name = member.filename
    words = {"path": path.name, "name": _shown(name)}
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if name.startswith(("/", "\\")) or ".." in parts or ":" in name or "\0" in name:
        raise Unreadable(_("压缩包 %(path)s 里的路径“%(name)s”指向包外,可能是恶意文件,没有解压。") % words)
    if stat.S_ISLNK(member.external_attr >> 16):
        raise Unreadable(_("压缩包 %(path)s 里的“%(name)s”是符号链接,可能是恶意文件,没有解压。") % words)
    if member.flag_bits & 0x1:
        raise Unreadable(_("压缩包 %(path)s 有密码。请去掉密码后重新压缩。") % words)


def _shown(name: str) -> str:
    return "".join(character if character.isprintable() else "�" for character in name)[:80]


def _bomb(path: Path, size: int, most: int) -> Unreadable:
    return Unreadable(
        _("压缩包 %(path)s 解压后有 %(size)s MB 以上,最多 %(most)s MB(可能是压缩炸弹),没有解压。")
        % {"path": path.name, "size": size // MIB, "most": most // MIB}
    )


def _shape_of(path: Path, members: Collection[zipfile.ZipInfo], layer: str) -> str:
    shapes = [
        member.filename
        for member in members
        if member.filename.lower().endswith(".shp") and not _is_macos_extra(member.filename)
    ]
    if layer:
        shapes = [name for name in shapes if PurePosixPath(name).stem == layer]
    if not shapes:
        raise Unreadable(
            _("压缩包 %s 里没有 .shp 文件。请把 .shp、.shx、.dbf、.prj、.cpg 一起压缩。") % path.name
        )
    if len(shapes) > 1:
        words = {"path": path.name, "all": listed(sorted(_shown(name) for name in shapes))}
        raise Unreadable(
            _("压缩包 %(path)s 里有几个 .shp:%(all)s。请写明用哪一个(命令里是 --layer)。") % words
        )
    return shapes[0]


def _is_macos_extra(name: str) -> bool:
    """Whether a member is what macOS packs beside each file: its attributes, under the same suffix."""
    path = PurePosixPath(name)
    return "__MACOSX" in path.parts or path.name.startswith("._")


def _belongs(member: zipfile.ZipInfo, shape: str) -> bool:
    own, chosen = PurePosixPath(member.filename), PurePosixPath(shape)
    if own.parent != chosen.parent:
        return False
    return own.name == ABOUT or (own.stem == chosen.stem and own.suffix.lower() in SHAPEFILE_PARTS)


def _plain_name(name: str) -> str:
    """A name of our own making for a member: nothing of what the archive calls it but the kind."""
    if PurePosixPath(name).name == ABOUT:
        return ABOUT
    return f"layer{PurePosixPath(name).suffix.lower()}"


def _unpack(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path, left: int) -> int:
    """Unpack one member and return its bytes; raises Unreadable when more than `left` come out, whatever was declared."""
    size = 0
    with archive.open(member) as source, (folder / _plain_name(member.filename)).open("xb") as target:
        while block := source.read(MIB):
            size += len(block)
            if size > left:
                raise _bomb(path, size, left)
            target.write(block)
    return size
