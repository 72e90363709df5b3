"""A view as a file that leaves the house: the offline map (.html) or a sheet of paper (.pdf, .svg, .png)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.utils.translation import gettext as _

from gridmgr.catalog import off_at_first
from gridmgr.core.errors import Invalid
from gridmgr.core.layers.offline import offline_map
from gridmgr.core.layers.view import View

FORMATS = {
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "svg": "image/svg+xml",
    "png": "image/png",
}


@dataclass(frozen=True)
class Paper:
    """How a sheet is wanted; an offline map takes no notice."""

    size: str = "a3"
    orientation: str = "auto"
    dpi: int = 300


@dataclass(frozen=True)
class MapFile:
    """The finished file: its bytes, its name and type, how many features of each layer it shows, its data's moment.

    `denominator` is the D of a sheet's scale 1:D, 0 for an offline map.
    """

    content: bytes
    name: str
    content_type: str
    counts: Mapping[str, int]
    moment: datetime
    denominator: float = 0.0


def map_file(view: View, form: str, *, paper: Paper, chosen: bool = False) -> MapFile:
    """The view in `form`; `chosen`: the reader named the layers, so that each of them starts switched on.

    Raises Invalid for an unknown form or paper, TooMuch for a picture beyond what memory allows, NoFont without a
    Chinese font.
    """
    name, kind = f"{view.file_stem}.{form}", FORMATS[_known(form)]
    if form == "html":
        offline = offline_map(view, hidden=() if chosen else off_at_first())
        return MapFile(offline.content, name, kind, offline.counts, offline.moment)
    from gridmgr.core.layers.figures import print_map

    sheet = print_map(view, form, paper=paper.size, orientation=paper.orientation, dpi=paper.dpi)
    return MapFile(sheet.content, name, kind, sheet.counts, sheet.moment, sheet.sheet.denominator)


def form_of(path: Path) -> str:
    """The form that the file's suffix names; raises Invalid with those there are."""
    return _known(path.suffix.lower().removeprefix("."), path.name)


def _known(form: str, name: str = "") -> str:
    if form in FORMATS:
        return form
    known = _("、").join(f".{each}" for each in FORMATS)
    raise Invalid(
        _("不认识文件名 %(name)s 的后缀。可用:%(known)s。") % {"name": (name or form)[:60], "known": known}
    )
