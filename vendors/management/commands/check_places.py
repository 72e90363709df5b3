"""Judges every standing site by the placement rules of a day."""

import json
import unicodedata
from argparse import ArgumentParser
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from gridmgr.core.errors import NotRecorded
from gridmgr.core.past import as_of
from vendors.domain.batch import Checked, check_places, keep, unruled_kinds
from vendors.domain.siting import said
from vendors.enums import Check, CheckResult


class Command(BaseCommand):
    help = (
        "Judges every standing site by the placement rules and reports those that break one. "
        "Exit status 1 when a site breaks a hard rule without an approved override, "
        "2 when no rule in force speaks of stall sites, or of markets: then nothing can be judged."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="write the report as JSON")
        parser.add_argument("--all", action="store_true", help="list the sites that break nothing as well")
        parser.add_argument(
            "--date",
            metavar="YYYY-MM-DD",
            help="judge what stood on that day by its rules, without touching the map layer `verdicts` (default: today, and write it)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        on = _day(options["date"])
        try:
            with as_of(on):
                checked, unruled = check_places(on=on), unruled_kinds(on=on)
        except NotRecorded as error:
            raise CommandError(str(error)) from error
        if options["date"] is None:
            keep(checked, on=on)
        self.stdout.write(
            _as_json(checked, on) if options["json"] else _as_table(checked, on, options["all"])
        )
        if unruled:
            kinds = _("、").join(str(kind.label) for kind in unruled)
            self.stderr.write(_("%s:没有有效的设置规则,无法判断。") % kinds)
            raise SystemExit(2)
        if any(each.result == CheckResult.HARD for each in checked):
            raise SystemExit(1)


def _day(text: str | None) -> date:
    try:
        return date.fromisoformat(text) if text else timezone.localdate()
    except ValueError:
        raise CommandError(_("日期 %s 无法识别,请写成 2026-11-22 的样子。") % text) from None


def _as_json(checked: Sequence[Checked], on: date) -> str:
    places = [
        {"code": each.site.code, "name": each.site.name, "result": each.result, "broken": each.findings()}
        for each in checked
    ]
    return json.dumps({"on": on.isoformat(), "places": places}, ensure_ascii=False, indent=1)


def _as_table(checked: Sequence[Checked], on: date, everything: bool) -> str:
    head = (_("编号"), _("摊点"), _("结果"), _("规则"), _("实际"), _("要求"), _("对象"))
    rows = [row for each in checked for row in _rows(each) if everything or each.result != CheckResult.GOOD]
    widths = [max(_width(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = [
        "  ".join(_padded(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [head, *rows]
    ]
    return "\n".join([*lines, "", _summary(checked, on)])


def _rows(each: Checked) -> list[tuple[str, ...]]:
    site = each.site
    if not each.broken:
        return [(site.code, site.name, str(each.result.label), "", "", "", "")]
    return [
        (
            site.code,
            site.name,
            str(
                CheckResult.OVERRIDDEN.label
                if verdict.rule.code in each.overridden
                else (CheckResult.HARD if verdict.is_hard else CheckResult.ADVISORY).label
            ),
            verdict.rule.code,
            _figure(verdict.found, verdict.rule.check_kind),
            _figure(verdict.required, verdict.rule.check_kind),
            verdict.culprit.label if verdict.culprit else "",
        )
        for verdict in each.broken
    ]


def _figure(value: float | None, check: str) -> str:
    if value is None:
        return ""
    return f"{value:.1f} m²" if check == Check.AREA_MAX else said(value)


def _summary(checked: Sequence[Checked], on: date) -> str:
    counts = {result: sum(each.result == result for each in checked) for result in CheckResult}
    parts = [f"{result.label} {count}" for result, count in counts.items()]
    return _("%(on)s 的规则,%(all)d 处:%(parts)s") % {
        "on": on,
        "all": len(checked),
        "parts": _(",").join(parts),
    }


def _width(text: str) -> int:
    """Columns on a terminal: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
