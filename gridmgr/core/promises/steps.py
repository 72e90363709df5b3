"""How a database and this code differ in their migrations, and which databases this code can upgrade.

Every database whose migrations are all known here can be: one that was made by the files that a squashed migration
replaces goes on by them from wherever it stands. Older is one with migrations whose files are gone, newer one with
migrations still to come; neither is touched.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import connection
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.exceptions import InconsistentMigrationHistory
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils.translation import gettext as _

from gridmgr.core import environment

SHOWN = 40
Key = tuple[str, str]


@dataclass(frozen=True)
class Steps:
    """Migrations that the database still lacks, and those it has that this code doesn't know, in words."""

    unapplied: list[str] = field(default_factory=list)
    newer: list[str] = field(default_factory=list)
    older: list[str] = field(default_factory=list)
    # What speaks against the order in which they were applied, as Django says it.
    disorder: str = ""


def steps() -> Steps:
    """How the database of the default connection and this code differ in their migrations."""
    recorded = set(MigrationRecorder(connection).applied_migrations())
    newer, older = strangers(recorded)
    if newer or older:
        return Steps(newer=newer, older=older)
    executor = MigrationExecutor(connection)
    try:
        executor.loader.check_consistent_history(connection)
    except InconsistentMigrationHistory as error:
        return Steps(disorder=str(error))
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return Steps(unapplied=[f"{step.app_label}.{step.name}" for step, _back in plan])


def strangers(recorded: Iterable[Key]) -> tuple[list[str], list[str]]:
    """Of the migrations that a database says it has, those this code doesn't know: newer than ours, and older."""
    there = set(recorded)
    loader = MigrationLoader(None, ignore_no_migrations=True)
    on_disk = set(loader.disk_migrations)
    replaced = [set(migration.replaces) for migration in loader.replacements.values()]
    known = on_disk.union(*replaced)
    last: dict[str, int] = {}
    for app, name in known:
        last[app] = max(last.get(app, 0), _number(name))
    unknown = {key for key in there - known if key[0] in last}
    newer = {key for key in unknown if _number(key[1]) > last[key[0]]}
    # Half of what a squashed migration replaces was applied, and the files of the other half are gone.
    stuck = [each & there for each in replaced if each & there and not each - there <= on_disk]
    return _named(newer), _named((unknown - newer).union(*stuck))


def _named(keys: Iterable[Key]) -> list[str]:
    return [f"{app}.{name}" for app, name in sorted(keys)]


def _number(name: str) -> int:
    return MigrationAutodetector.parse_number(name) or 0


def refusal(found: Steps) -> str:
    """Why this code leaves the database alone, and the way out; '' when it may upgrade it."""
    if found.newer:
        return _(
            "这个数据库由更新的版本建立,本程序不认识其中 %(count)s 个迁移:%(names)s\n"
            "  → 请用那个版本的程序,或从升级前的备份恢复(docs/deployment.md“恢复”)。"
        ) % _counted(found.newer)
    if found.older:
        return _(
            "这个数据库太旧,本版本不能升级它:其中 %(count)s 个迁移的文件已经没有了:%(names)s\n"
            "  → 没有改动任何内容。请用建立它的版本把数据导出为数据文件,再导入用本版本新建的城市(docs/deployment.md“升级”)。"
        ) % _counted(found.older)
    if found.disorder:
        return _(
            "数据库的迁移记录前后矛盾,没有改动任何内容:%(why)s\n"
            "  → 多半是有人改过 django_migrations。请从备份恢复(docs/deployment.md“恢复”)。"
        ) % {"why": found.disorder}
    return ""


def lack(found: Steps) -> str:
    """What the database still lacks, and the way there; '' when it lacks nothing."""
    if not found.unapplied:
        return ""
    return _("数据库还缺 %(count)s 个迁移:%(names)s\n  → %(command)s,或重新运行 script/server。") % (
        _counted(found.unapplied) | {"command": environment.manage("migrate")}
    )


def _counted(names: list[str]) -> dict[str, object]:
    return {"count": len(names), "names": " ".join(names[:SHOWN])}
