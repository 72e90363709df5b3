"""What an import did or would do, as words for a person and as JSON for a program."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from gridmgr.core.importing.base import Refusal


@dataclass(frozen=True)
class Item:
    """One thing that the import made or met: its name, its outcome (created, updated, unchanged), its figures."""

    name: str
    outcome: str
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass
class Report:
    """The whole account of one import. `counts` holds, for each kind of row, created, updated and unchanged."""

    path: str
    layer: str = ""
    crs: str = ""
    rows_read: int = 0
    dry_run: bool = False
    written: bool = False
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    totals: dict[str, Any] = field(default_factory=dict)

    @property
    def changes(self) -> int:
        """How many rows were created, updated or removed, or would be."""
        return sum(
            number for count in self.counts.values() for key, number in count.items() if key != "unchanged"
        )

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def write_json(self, path: Path) -> None:
        """The report as UTF-8 JSON; raises OSError when the file can't be written."""
        path.write_text(json.dumps(self.as_dict(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


Words = Mapping[str, str]


def lines(report: Report, words: Words, *, most_refused: int = 50) -> Iterator[str]:
    """The report as text, line by line: file, items, refused rows, totals, and at last what was written.

    `words` says what the keys of counts, figures and totals are called on screen.
    """
    yield _("文件 %(path)s,图层 %(layer)s,坐标系 %(crs)s,共 %(rows)s 行") % {
        "path": report.path,
        "layer": report.layer,
        "crs": report.crs,
        "rows": report.rows_read,
    }
    yield from (_("说明:%s") % note for note in report.notes)
    yield from (_item(item, words) for item in report.items)
    yield from _left_out(report)
    yield from _refusals(report, most_refused)
    for kind, count in report.counts.items():
        yield f"{words.get(kind, kind)}:" + ",".join(
            f"{outcome_words()[key]} {number}" for key, number in count.items()
        )
    yield from (f"{words.get(name, name)}:{_say(value)}" for name, value in report.totals.items())
    yield verdict(report)


def verdict(report: Report) -> str:
    """One sentence: was anything written, and if not, why."""
    if report.refused and not report.written:
        return _(
            "有 %(count)s 行被拒绝,什么都没有写入。请改正文件后重试;或加 --skip-refused,只写入其余各行。"
        ) % {"count": len(report.refused)}
    if report.dry_run:
        return _("试运行:什么都没有写入。")
    if not report.changes:
        return _("与库中内容完全一致,没有改动。")
    if report.refused:
        return _("已写入;%(count)s 行被拒绝,没有写入。") % {"count": len(report.refused)}
    return _("已写入。")


def _item(item: Item, words: Words) -> str:
    said = (
        (words.get(name, name), value) for name, value in item.figures.items() if value not in (None, "", [])
    )
    figures = ",".join(f"{name} {_say(value)}" for name, value in said)
    return f"{outcome_words().get(item.outcome, item.outcome)}  {item.name}  {figures}"


def outcome_words() -> dict[str, str]:
    return {"created": _("新增"), "updated": _("更新"), "unchanged": _("不变"), "removed": _("删除")}


def _left_out(report: Report) -> Iterator[str]:
    if report.left_out:
        counted = ",".join(f"{name} {count}" for name, count in sorted(report.left_out.items()))
        yield _("不属于道路、未读入的行:%s") % counted


def _refusals(report: Report, most: int) -> Iterator[str]:
    for refusal in report.refused[:most]:
        yield _("拒绝第 %(row)s 行(编号 %(ref)s),字段 %(field)s,值 %(value)s:%(reason)s") % {
            "row": refusal.row,
            "ref": refusal.ref or "—",
            "field": refusal.field,
            "value": refusal.value,
            "reason": refusal.reason,
        }
    if len(report.refused) > most:
        yield _("……另有 %s 行被拒绝,全部列在 --json 文件里。") % (len(report.refused) - most)


def _say(value: Any) -> str:
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, list):
        return "; ".join(_say(one) for one in value)
    return f"{value:.1f}" if isinstance(value, float) else str(value)
