"""`manage.py briefing FILE`: the city, or some branches, as a briefing; the suffix says whether to print, show or file it."""

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from gridmgr.briefing.dossier import Dossier
from gridmgr.briefing.gather import gather, snapshot
from gridmgr.briefing.pack import FORMS, Pack, form_of, make_pack
from gridmgr.core.accounts.audience import EVERYTHING
from gridmgr.core.errors import DomainError, Invalid
from gridmgr.core.layers.files import whole_file


class Command(BaseCommand):
    help = (
        "制作简报:.pdf 打印,.pptx 演示,.xlsx 表格,.docx 通知。 / Make a briefing: .pdf to print, .pptx to show, "
        ".xlsx to count on, .docx to send."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="文件 / file: " + ", ".join(f".{form}" for form in FORMS))
        parser.add_argument(
            "--branches", default="", help="只要这些支部的编号,默认全市 / only these branches, e.g. 03,05"
        )
        parser.add_argument(
            "--date", default="", help="截至哪一天,默认今天 / as of which day, e.g. 2026-11-22"
        )
        parser.add_argument(
            "--site",
            default="",
            help="本系统的网址,写明后各数带链接 / the service's address: figures become links",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(options["file"])
        try:
            with whole_file(path) as draft:
                dossier, pack = self._made(form_of(path), options)
                draft.write_bytes(pack.content)
        except DomainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            _("已写入 %(path)s(%(size)s kB):%(title)s,%(subtitle)s。数据时刻 %(moment)s。")
            % {
                "path": path,
                "size": f"{len(pack.content) / 1000:,.0f}",
                "title": dossier.title,
                "subtitle": dossier.subtitle,
                "moment": f"{timezone.localtime(dossier.moment):%Y-%m-%d %H:%M}",
            }
        )

    def _made(self, form: str, options: dict[str, Any]) -> tuple[Dossier, Pack]:
        audience = EVERYTHING
        codes = [code.strip() for code in options["branches"].split(",") if code.strip()] or None
        day, site = _day(options["date"]), _site(options["site"])
        with snapshot():
            dossier = gather(codes, audience=audience, on=day, site=site)
            return dossier, make_pack(dossier, form, audience=audience, progress=self._say(options))

    def _say(self, options: dict[str, Any]) -> Any:
        def say(done: int, total: int, words: str) -> None:
            if options["verbosity"] > 1:
                self.stdout.write(f"{done}/{total} {words}")

        return say


def _site(text: str) -> str:
    if text and not text.startswith(("http://", "https://")):
        raise Invalid(_("网址“%s”须以 http:// 或 https:// 开头。") % text[:60])
    return text


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text) if text else timezone.localdate()
    except ValueError:
        raise Invalid(
            _("日期“%(text)s”无法识别,请写成 2026-11-22 这样的形式。") % {"text": text[:40]}
        ) from None
