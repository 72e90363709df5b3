"""Office files are ZIP archives: the same content must give the same bytes, whenever and wherever it is written."""

import re
from datetime import UTC, datetime
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

# Readers look for these first; the rest is in the order of names.
_FIRST = ("[Content_Types].xml", "_rels/.rels")
_WRITTEN_AT = re.compile(rb"(<dcterms:(created|modified)\b[^>]*>)[^<]*")
_ALREADY_SMALL = (".png", ".jpg", ".jpeg", ".xlsx")


def settled(content: bytes, moment: datetime) -> bytes:
    """The office file with `moment` as the time of all that it holds, its entries in a fixed order.

    `moment` is aware. A workbook inside, as charts have it, is settled too.
    """
    with ZipFile(BytesIO(content)) as taken:
        entries = {name: taken.read(name) for name in taken.namelist()}
    stream = BytesIO()
    with ZipFile(stream, "w") as written:
        for name in sorted(entries, key=lambda name: (name not in _FIRST, name)):
            written.writestr(_entry(name, moment), _without_clock(name, entries[name], moment))
    return stream.getvalue()


def _entry(name: str, moment: datetime) -> ZipInfo:
    when = moment.astimezone(UTC)
    info = ZipInfo(name, (when.year, when.month, when.day, when.hour, when.minute, when.second))
    info.compress_type = ZIP_STORED if name.endswith(_ALREADY_SMALL) else ZIP_DEFLATED
    info.create_system, info.external_attr = 0, 0
    return info


def _without_clock(name: str, content: bytes, moment: datetime) -> bytes:
    if name.endswith(".xlsx"):
        return settled(content, moment)
    if name == "docProps/core.xml":
        when = f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}".encode()
        return _WRITTEN_AT.sub(rb"\g<1>" + when, content)
    return content
