"""The whole demo city, from the roads to the accounts: all of it or nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import perf_counter

import numpy as np
import pghistory
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from gridmgr.core.errors import Conflict, Invalid
from gridmgr.core.importing.report import Report
from gridmgr.demo import accounts, names, reset
from gridmgr.demo.bays import make_bays
from gridmgr.demo.branches import make_grids
from gridmgr.demo.facilities import simulate_facilities
from gridmgr.demo.ground import read_ground
from gridmgr.demo.guidance import simulate_guidance
from gridmgr.demo.kerbside import Taken
from gridmgr.demo.schools import import_schools, make_calendar, make_gates, make_lanes
from gridmgr.demo.sites import Planners, make_sites
from gridmgr.demo.traders import make_vendors
from grids.domain.junctions import refresh_junctions
from grids.enums import BackdropKind
from grids.importers import import_backdrop, import_roads
from grids.layers import MARKETS, PARKS, WATER
from vendors.domain.profile import install_demo_profile

SEED = 20201103
DATA = Path(settings.BASE_DIR) / "fixtures" / "taiyuan"
Say = Callable[[str], None]


def build(say: Say, *, anew: bool = False) -> None:
    """Builds the demo city in one transaction; `anew` takes the old one away first. `say` gets the progress, in pieces.

    Raises Conflict when `anew` is asked of a database with real branches. On any error the old city stays whole,
    with its accounts file.
    """
    waiting: list[Path] = []
    try:
        with transaction.atomic():
            if anew:
                _take_away(say)
            _build(say, waiting)
            # What is checked at the end of a transaction is checked here, before the accounts are told.
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        waiting[0].replace(settings.DEMO_ACCOUNTS)
    finally:
        for path in waiting:
            with suppress(FileNotFoundError):
                path.unlink()


def _take_away(say: Say) -> None:
    if reset.has_real_city():
        raise Conflict(
            _("数据库里有真实的城市,演示城市不会覆盖它。请用另一个数据库(设置 GRIDMGR_VAR 或 DATABASE_URL)。")
        )
    with _step(say, _("清除旧的演示数据")) as done:
        done(_("%d 行") % reset.take_away())


def _build(say: Say, waiting: list[Path]) -> None:
    today, rng, taken = timezone.localdate(), np.random.default_rng(SEED), Taken()
    with _step(say, _("导入道路")) as done:
        # What a person left standing on a road moves along when a newer version measures the road otherwise.
        report = _written(import_roads(DATA / "roads_all.geojson", source=names.SOURCE, remeasure=True))
        done(_("%d 条") % len(report.items))
    with _step(say, _("导入水域、公园和市场")):
        for layer, kind in (
            (WATER, BackdropKind.WATER),
            (PARKS, BackdropKind.PARK),
            (MARKETS, BackdropKind.MARKET),
        ):
            _written(import_backdrop(DATA / f"{layer.name}.geojson", kind=kind.value, source=names.SOURCE))
    with pghistory.context(command="demo"):
        with _step(say, _("导入学校")) as done:
            schools = import_schools(DATA / "schools.geojson")
            done(_("%d 所") % len(schools))
        ground = read_ground()
        with _step(say, _("划分网格,分配路段和党员")) as done:
            grids = make_grids(ground, today=today, rng=rng)
            done(
                _("%(branches)d 个支部,%(sections)d 个责任路段")
                % {"branches": len(grids.branches), "sections": len(grids.sections)}
            )
        with _step(say, _("校门、“熊猫”通道和接送点")):
            gates = make_gates(schools, ground)
            make_lanes(schools, gates, ground, taken, rng)
            make_calendar()
        with _step(say, _("路口、设施和设置规则")) as done:
            refresh_junctions(crossings=True)
            done(_("%d 处") % sum(simulate_facilities(rng).values()))
            install_demo_profile()
        with _step(say, _("账号")) as done:
            made = accounts.make_accounts(grids.branches)
            waiting.append(accounts.prepared(made, settings.DEMO_ACCOUNTS))
            done(_("%d 个") % len(made))
        with _step(say, _("便民摊点、瓜果市场和商贩")):
            planners = Planners(*(accounts.user_of(made, role) for role in ("planner", "administrator")))
            make_vendors(*make_sites(ground, grids, taken, planners, today=today, rng=rng), today, rng)
        with _step(say, pgettext("plural", "停车泊位")) as done:
            done(_("%d 个") % make_bays(ground, grids, taken, rng))
        with _step(say, _("疏导记录")) as done:
            done(_("%d 条") % simulate_guidance(rng))


def _written(report: Report) -> Report:
    """The report of an import that was written; raises Invalid with the first refusal of one that was not."""
    if not report.written:
        first = report.refused[0]
        raise Invalid(
            _("%(path)s 未能导入:第 %(row)s 行 %(field)s %(reason)s")
            % {"path": report.path, "row": first.row, "field": first.field, "reason": first.reason}
        )
    return report


@contextmanager
def _step(say: Say, what: str) -> Iterator[Callable[[str], None]]:
    """Says what begins, and when it is done how much came of it and in how many seconds."""
    say(f"{what} … ")
    result: list[str] = []
    started = perf_counter()
    yield result.append
    say("".join(f"{text} " for text in result) + f"({perf_counter() - started:.1f} s)\n")
