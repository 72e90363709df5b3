"""The words that the readers of all formats share: what is wrong with a file or a geometry, and what to do."""

from collections.abc import Iterable
from pathlib import Path

from django.utils.translation import gettext as _

from gridmgr.core.importing.base import Unreadable

MOST_LISTED, LONGEST_NAME = 20, 60


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


def lies(path: Path, kind: str) -> Unreadable:
    """The error for a file that isn't of the kind which its suffix says."""
    return Unreadable(
        _("%(path)s 不是 %(kind)s(内容与后缀不符)。请从原来的软件重新导出。")
        % {"path": path.name, "kind": kind}
    )


def broken(path: Path, error: Exception) -> Unreadable:
    """The error for a file that a library couldn't read, with what it said."""
    return Unreadable(
        _("读不了 %(path)s:%(why)s。文件可能不完整,请重新导出。")
        % {"path": path.name, "why": str(error).replace(str(path), path.name)[:200]}
    )
