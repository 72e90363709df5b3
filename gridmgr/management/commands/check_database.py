"""manage.py check_database: does the database have all that its migrations promise? What lacks, and how it is mended."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from gridmgr.core import environment
from gridmgr.core.errors import Conflict
from gridmgr.core.language import twice
from gridmgr.core.promises.compare import KINDS, STATES, Fault, faults, mend
from gridmgr.core.promises.steps import lack, refusal, steps
from vendors.domain import keyring
from vendors.domain.rekey import refuse_unreadable

SHOWN = 40


class Command(BaseCommand):
    help = "Checks that the database has the tables, constraints, indexes and triggers that its migrations promise."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--mend", action="store_true", help="make anew what is missing, disabled or changed"
        )
        parser.add_argument(
            "--start", action="store_true", help="as a server starts: write var/identity-key if there is none"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        found_steps = steps()
        if refusal(found_steps) or lack(found_steps):
            raise CommandError(twice(lambda: refusal(found_steps) or lack(found_steps)))
        found = faults()
        if options["mend"] and found:
            found = self._mend(found)
        if found:
            raise CommandError(twice(lambda: _of_faults(found)))
        self._look_at_keys(options["start"])
        self.stdout.write(twice(lambda: _("数据库完整。")))

    def _look_at_keys(self, start: bool) -> None:
        """Refuses keys that don't read the identity numbers there are; once they do, keeps them for good."""
        try:
            refuse_unreadable()
        except Conflict:
            raise CommandError(twice(_unreadable_words)) from None
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from None
        if start and keyring.settle():
            path = {"file": keyring.file()}
            self.stdout.write(twice(lambda: _("身份证号的密钥已写入 %(file)s,请备份。") % path))

    def _mend(self, found: list[Fault]) -> list[Fault]:
        """Mends what can be mended, says each; gives what is still wrong."""
        for fault in found:
            if fault.mendable and (why := mend(fault)):
                self.stderr.write(f"{fault.promise}: {why}")
            elif fault.mendable:
                self.stdout.write(twice(lambda fault=fault: _("已补上 %s") % _line(fault)))
        return faults()


def _unreadable_words() -> str:
    try:
        refuse_unreadable()
    except Conflict as error:
        return str(error)
    return ""


def _of_faults(found: list[Fault]) -> str:
    head = ngettext(
        "数据库不完整:有 %d 处与程序的约定不符。", "数据库不完整:有 %d 处与程序的约定不符。", len(found)
    ) % len(found)  # fmt: skip
    lines = [f"  · {_line(fault)}" for fault in found[:SHOWN]]
    if len(found) > SHOWN:
        lines.append(_("  · 另有 %d 处") % (len(found) - SHOWN))
    return "\n".join([head, *lines, *(f"  → {way}" for way in _ways_out(found))])


def _line(fault: Fault) -> str:
    return _("%(kind)s %(thing)s:%(state)s") % {
        "kind": _(KINDS[fault.promise.kind]),
        "thing": fault.promise,
        "state": _(STATES[fault.state]),
    }


# Said when what is left can't be made by itself.
_FROM_BACKUP = gettext_noop(
    "不能自动补上:%(names)s。多半是恢复中途停了:请把备份恢复到一个空目录(docs/deployment.md“恢复”)。"
)


def _ways_out(found: list[Fault]) -> list[str]:
    ways = []
    if any(fault.mendable for fault in found):
        ways.append(
            _("补上缺少的部分:%s(已有的数据不符合约定时会说明是哪一处)")
            % environment.manage("check_database --mend")
        )
    rest = [str(fault.promise) for fault in found if not fault.mendable]
    if rest:
        ways.append(_(_FROM_BACKUP) % {"names": " ".join(rest[:8])})
    return ways
