"""What a format reader hands on: rows with coordinates as in the file; and the words and CRS names that readers share."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from gridmgr.core.importing.base import Row, Unreadable

if TYPE_CHECKING:
    import pyproj

MOST_LISTED, LONGEST_NAME = 20, 60


@dataclass
class Raw:
    """A file as a format reader found it, coordinates as in the file. `troubles` maps row numbers to (value, reason)."""

    layer: str
    fields: list[str]
    rows: list[Row]
    crs: "pyproj.CRS | None"
    troubles: dict[int, tuple[str, str]] = field(default_factory=dict)
    free_text: bool = False
    crs_by_default: bool = False
    left_out: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def listed(names: Iterable[object]) -> str:
    """Names in a row; of very many the first, and how many there are: a hostile file can have 100,000."""
    words = [str(name)[:LONGEST_NAME] for name in names]
    shown = _("、").join(words[:MOST_LISTED])
    if len(words) <= MOST_LISTED:
        return shown
    return _("%(names)s 等 %(count)s 个") % {"names": shown, "count": len(words)}


def three_d() -> str:
    return _("三维几何(带 Z 或 M 值),本系统只存平面位置。请先压平,如 ogr2ogr -dim XY 新文件 旧文件。")


def not_finite() -> str:
    return _("坐标含 NaN 或 Infinity。请修复该要素后重新导出。")


def not_readable() -> str:
    return _("几何无效,读不出来。请修复该要素后重新导出。")


def curved() -> str:
    return _("曲线几何,读不出来。请先转为折线,如 ogr2ogr -nlt CONVERT_TO_LINEAR 新文件 旧文件。")


def too_few_points() -> str:
    return _("线少于两个不同的点。请补画或删除这一行。")


def parse_crs(text: str) -> "pyproj.CRS":
    """The CRS that a person named, e.g. EPSG:4547 or 4547; raises Unreadable when there is none of that name."""
    import pyproj
    from pyproj.exceptions import CRSError

    try:
        return pyproj.CRS.from_user_input(int(text) if text.strip().isdigit() else text.strip())
    except (CRSError, ValueError):
        raise Unreadable(
            _("不认识坐标系 %s。请写 EPSG 编号,如 EPSG:4326(经纬度)、EPSG:4490 或 EPSG:4547。") % text
        ) from None
