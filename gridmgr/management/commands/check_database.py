"""manage.py check_database: does the database have all that its migrations promise? What lacks, and how it is mended."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext, override

from gridmgr.core import environment
from gridmgr.core.errors import Conflict
from gridmgr.core.promises.compare import KINDS, STATES, Fault, Steps, faults, mend, steps
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
        lag = steps()
        if lag.unknown or lag.unapplied:
            raise CommandError(_twice(lambda: _of_steps(lag)))
        found = faults()
        if options["mend"] and found:
            found = self._mend(found)
        if found:
            raise CommandError(_twice(lambda: _of_faults(found)))
        self._look_at_keys(options["start"])
        self.stdout.write(_twice(lambda: _("数据库完整。")))

    def _look_at_keys(self, start: bool) -> None:
        """Refuses keys that don't read the identity numbers there are; once they do, keeps them for good."""
        try:
            refuse_unreadable()
        except Conflict:
            raise CommandError(_twice(_unreadable_words)) from None
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from None
        if start and keyring.settle():
            path = {"file": keyring.file()}
            self.stdout.write(_twice(lambda: _("身份证号的密钥已写入 %(file)s,请备份。") % path))

    def _mend(self, found: list[Fault]) -> list[Fault]:
        """Mends what can be mended, says each; gives what is still wrong."""
        for fault in found:
            if fault.mendable and (why := mend(fault)):
                self.stderr.write(f"{fault.promise}: {why}")
            elif fault.mendable:
                self.stdout.write(_twice(lambda fault=fault: _("已补上 %s") % _line(fault)))
        return faults()


def _twice(say: Any) -> str:
    """The words in Chinese, then in English: whoever starts a server has chosen no language yet."""
    said = []
    for language in ("zh-hans", "en"):
        with override(language):
            said.append(str(say()))
    return ("\n" if "\n" in said[0] else " / ").join(said)


def _unreadable_words() -> str:
    try:
        refuse_unreadable()
    except Conflict as error:
        return str(error)
    return ""


def _of_steps(lag: Steps) -> str:
    if lag.unknown:
        return _(
            "这个数据库由更新的版本建立,本程序不认识其中 %(count)s 个迁移:%(names)s\n"
            "  → 请用那个版本的程序,或从升级前的备份恢复(docs/deployment.md“恢复”)。"
        ) % {"count": len(lag.unknown), "names": " ".join(lag.unknown[:SHOWN])}
    return _("数据库还缺 %(count)s 个迁移:%(names)s\n  → %(command)s,或重新运行 script/server。") % {
        "count": len(lag.unapplied),
        "names": " ".join(lag.unapplied[:SHOWN]),
        "command": environment.manage("migrate"),
    }


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
