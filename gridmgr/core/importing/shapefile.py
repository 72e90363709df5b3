"""Shapefiles, alone or in a ZIP: what the bytes of the table say of its encoding outweighs what its label says."""

import struct
import tempfile
from pathlib import Path

from django.utils.translation import gettext as _

from gridmgr.core.importing import archives
from gridmgr.core.importing.base import Unreadable
from gridmgr.core.importing.frame import Frame, about_of, begins
from gridmgr.core.importing.gdal import read_layer

# dBASE language driver ids that mean Chinese; other ids are too often wrong to be believed.
_LANGUAGE_DRIVERS = {0x4D: "gb18030", 0x7A: "gb18030", 0x78: "big5", 0x4F: "big5", 0x68: "big5"}
_CODE_PAGES = {
    "936": "gb18030",
    "54936": "gb18030",
    "950": "big5",
    "65001": "utf-8",
    "gbk": "gb18030",
    "gb2312": "gb18030",
}


def read_zip(path: Path, *, layer: str = "", limits: archives.ArchiveLimits | None = None) -> Frame:
    """The one Shapefile in a ZIP, or the one called `layer`; raises Unreadable."""
    with tempfile.TemporaryDirectory(prefix="gridmgr-") as folder:
        shape = archives.unpack_shapefile(path, Path(folder), layer=layer, limits=limits)
        try:
            frame = read_shapefile(shape)
        except Unreadable as error:
            raise Unreadable(str(error).replace(f"{shape.stem}.", f"{path.name}/*.")) from None
    frame.layer = path.stem
    return frame


def read_shapefile(path: Path) -> Frame:
    """A Shapefile with its .shx and .dbf; Chinese text in GBK or UTF-8, with a .cpg or without; raises Unreadable.

    The side note that our own exports put beside it gives the columns their whole names back.
    """
    if not begins(path, struct.pack(">i", 9994)):
        raise Unreadable(
            _("%s 不是 Shapefile(文件头不对,可能是文本改了扩展名)。请从 GIS 软件重新导出。") % path.name
        )
    table = _companion(path, ".dbf")
    _companion(path, ".shx")
    encoding, note = _encoding(path, table)
    frame = read_layer(path, path.stem, encoding=encoding)
    frame.notes.append(note)
    beside = path.parent / archives.ABOUT
    frame.about = about_of(beside.read_bytes()) if beside.is_file() else {}
    if isinstance(fields := frame.about.get("fields"), dict):
        frame.columns = {str(fields.get(name, name)): values for name, values in frame.columns.items()}
    return frame


def _companion(path: Path, suffix: str) -> Path:
    for candidate in (path.with_suffix(suffix), path.with_suffix(suffix.upper())):
        if candidate.is_file() and candidate.stat().st_size:
            return candidate
    raise Unreadable(
        _(
            "Shapefile 缺少 %(missing)s:它必须与 %(path)s 放在同一文件夹。请把 .shp、.shx、.dbf、.prj 一起复制过来。"
        )
        % {"path": path.name, "missing": path.with_suffix(suffix).name}
    )


def _encoding(path: Path, table: Path) -> tuple[str, str]:
    """The encoding of the .dbf, and how it was found: what the bytes are outweighs what a label says of them."""
    content = table.read_bytes()
    if len(content) < 33:
        raise Unreadable(_("%s 不完整。请重新导出。") % table.name)
    header = struct.unpack("<H", content[8:10])[0]
    # Of a field's description only its name is text: its width, a byte, may be any from 1 to 254.
    heads = b" ".join(content[at : at + 11].split(b"\0")[0] for at in range(32, header - 32, 32))
    values = content[header:]
    label = _label(path) or _LANGUAGE_DRIVERS.get(content[29], "")
    if heads.isascii() and values.isascii():
        return label or "utf-8", _("属性表只有 ASCII 字符")
    # Chinese text in GBK is hardly ever valid UTF-8, so a strict UTF-8 reading is right; but for short words such as
    # 路, C2 B7, which as UTF-8 would be a Latin letter or sign: those are UTF-8 only when the label says so.
    sure = label == "utf-8" or not _decodes(values, "utf-8") or max(values.decode(), default="") >= "\u0800"
    names = ["utf-8", label, "gb18030"] if sure else [label, "gb18030", "utf-8"]
    for name in dict.fromkeys(filter(None, names)):
        if _decodes(heads, name) and _decodes(values, name):
            how = _("(标注为 %s)") % label if label and label != name else ""
            return name, _("属性表编码 %(name)s%(how)s") % {"name": name.upper(), "how": how}
    raise Unreadable(
        _("%(path)s 的文字既不是 UTF-8,也不是 GBK%(label)s。请转为 UTF-8 后重新导出。")
        % {"path": table.name, "label": f" / {label}" if label else ""}
    )


def _label(path: Path) -> str:
    """The Python name of the encoding in the .cpg file, '' when there is none or nobody knows it."""
    import codecs

    for candidate in (path.with_suffix(".cpg"), path.with_suffix(".CPG")):
        if candidate.is_file():
            text = candidate.read_bytes()[:40].decode("ascii", "ignore").strip().lower()
            name = _CODE_PAGES.get(text.removeprefix("cp").removeprefix("ansi ").removeprefix("oem "), text)
            try:
                return codecs.lookup(name).name
            except LookupError:
                return ""
    return ""


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except (UnicodeDecodeError, LookupError):  # LookupError: a codec, but none of text
        return False
    return True
