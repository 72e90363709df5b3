"""`manage.py export_map SCOPE FILE`: a map that leaves the house; the suffix says whether to open or to print it."""

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from gridmgr.briefing.conditions import filters_of
from gridmgr.briefing.map_file import FORMATS, MapFile, Paper, form_of, map_file
from gridmgr.briefing.scope import scope_of, view_of
from gridmgr.catalog import LAYERS, layer_named
from gridmgr.core.accounts.audience import EVERYTHING
from gridmgr.core.errors import DomainError, Invalid
from gridmgr.core.layers.files import whole_file
from gridmgr.core.past import as_of


class Command(BaseCommand):
    help = (
        "导出地图:.html 离线打开,.pdf、.svg、.png 打印。 / Write a map: .html to open without a network, "
        ".pdf, .svg, .png to print."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "scope",
            help="范围 / scope: city, branch:CODE, road:NAME, site:CODE, 或 / or 西,南,东,北 (west,south,east,north)",
        )
        parser.add_argument("file", help="文件 / file: " + ", ".join(f".{form}" for form in FORMATS))
        names = ",".join(layer.name for layer in LAYERS)
        parser.add_argument("--layers", default="", help=f"只要这些图层 / only these layers: {names}")
        parser.add_argument(
            "--where", action="append", default=[], metavar="LAYER.FIELD=VALUE",
            help="只要符合条件的要素,可重复 / only features like this, e.g. bays.kind=charging",
        )  # fmt: skip
        parser.add_argument(
            "--date", default="", help="截至哪一天,默认今天 / as of which day, e.g. 2026-11-22"
        )
        parser.add_argument("--paper", default="a3", help="纸张 / paper: a4, a3, a2, a1, a0")
        parser.add_argument("--orientation", default="auto", help="方向 / auto, portrait, landscape")
        parser.add_argument("--dpi", type=int, default=300, help="图片的分辨率 / resolution of .png")

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(options["file"])
        try:
            with whole_file(path) as draft:
                made = _made(path, options)
                draft.write_bytes(made.content)
        except DomainError as error:
            raise CommandError(str(error)) from error
        counts = _(",").join(f"{layer_named(name).title} {count:,}" for name, count in made.counts.items())
        self.stdout.write(
            _("已写入 %(path)s(%(size)s kB):%(counts)s。数据时刻 %(moment)s。")
            % {
                "path": path,
                "size": f"{len(made.content) / 1000:,.0f}",
                "counts": counts or _("图上没有要素"),
                "moment": f"{timezone.localtime(made.moment):%Y-%m-%d %H:%M}",
            }
        )
        if made.denominator:
            self.stdout.write(_("比例尺 1:%s。") % f"{made.denominator:,.0f}")


def _made(path: Path, options: dict[str, Any]) -> MapFile:
    form = form_of(path)
    on, audience = _day(options["date"]), EVERYTHING
    with as_of(on):
        scope = scope_of(options["scope"], audience=audience, on=on)
        fields = filters_of(options["where"])
        view = view_of(scope, audience=audience, on=on, layers=options["layers"], fields=fields)
        paper = Paper(options["paper"], options["orientation"], options["dpi"])
        return map_file(view, form, paper=paper, chosen=bool(options["layers"]))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text) if text else timezone.localdate()
    except ValueError:
        raise Invalid(
            _("日期“%(text)s”无法识别,请写成 2026-11-22 这样的形式。") % {"text": text[:40]}
        ) from None
