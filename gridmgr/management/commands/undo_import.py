"""`manage.py undo_import NUMBER`: takes a whole import back."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from gridmgr.core.errors import DomainError
from gridmgr.intake.models import Import
from gridmgr.intake.undo import CannotUndo, take_back


class Command(BaseCommand):
    help = (
        "撤销整个导入:新增的删除,改动的恢复原样;若有一个之后又被改过,就什么都不动,并列出是哪些。 / Take a whole import "
        "back: what it created goes, what it changed is as it was. When somebody changed one of these since, nothing is done."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "number", type=UUID, help="导入的编号 / the import, as import_layer and its page name it"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        record = Import.objects.filter(pk=options["number"]).first()
        if record is None:
            raise CommandError(_("没有编号为 %s 的导入。") % options["number"])
        try:
            done = take_back(record)
        except CannotUndo as error:
            for each in error.obstacles:
                self.stderr.write(f"{each.kind} {each.name}: {each.why}")
            raise CommandError(str(error)) from error
        except DomainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            _("已撤销 %(file)s:删除 %(removed)s 个,恢复 %(restored)s 个。")
            % {
                "file": record.file_name,
                "removed": done.get("removed", 0),
                "restored": done.get("restored", 0) + done.get("brought_back", 0),
            }
        )
