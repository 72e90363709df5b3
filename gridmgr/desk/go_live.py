"""`/go-live/`: what a city still lacks before its people can work with it, each with where to do it; for administrators."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from gridmgr.core.accounts.models import User
from gridmgr.core.accounts.rights import is_administrator, reader_of
from gridmgr.core.city.models import city_name
from gridmgr.core.past import at_present
from gridmgr.core.quantities import length
from grids.domain.gaps import unassigned_stretches
from grids.domain.reference_line import BESIDE_LIMIT_M, COVERED_LIMIT
from grids.layers import ROADS, SECTIONS
from grids.models import Assignment, Branch, Kerb, Member, MemberAssignment, Road
from parking.layers import BAYS, SCHOOLS
from parking.models import Bay, School
from vendors.domain.siting import rules_of
from vendors.layers import SITES
from vendors.models import Site

KEPT_S = 60.0  # how long a process tells how many steps are left


@dataclass(frozen=True)
class Step:
    """One thing a city needs: what is there, what lacks ('' when it is done), and where to do it. `wanted`: not every city has it."""

    title: str
    there: str
    lacks: str
    url: str
    do: str
    wanted: bool = True

    @property
    def done(self) -> bool:
        return not self.lacks


@require_GET
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    """The list, whatever is done of it."""
    if not is_administrator(reader_of(request.user)):
        raise PermissionDenied
    found = steps(timezone.localdate())
    context = {"steps": found, "left": sum(step.wanted and not step.done for step in found)}
    return render(request, "desk/go_live.html", context)


def left() -> int:
    """How many steps are left; asked of the database at most once a minute per process."""

    def count() -> int:
        return sum(step.wanted and not step.done for step in steps(timezone.localdate()))

    with at_present():
        return cache.get_or_set("go-live-left", count, KEPT_S) or 0


def steps(on: date) -> list[Step]:
    """What the city of the day `on` has and lacks, in the order in which it is done; a dozen queries."""
    return [*_streets(), *_rules(on), *_grid(on), *_people(on), *_what_stands()]


def _streets() -> Iterator[Step]:
    name = city_name()
    yield Step(
        _("城市名称"),
        name,
        "" if name else _("还没有名称"),
        reverse("admin:city_city_changelist"),
        _("填写名称"),
    )
    roads = Road.objects.count()
    wrong = Road.objects.filter(
        Q(covered_share__lt=COVERED_LIMIT) | Q(beside_itself_m__gt=BESIDE_LIMIT_M)
    ).count()
    if not roads:
        lacks = _("还没有道路")
    elif wrong:
        lacks = _("%s 条的参考线不合格") % wrong
    else:
        lacks = ""
    yield Step(_("道路"), _("%s 条") % roads, lacks, reverse(ROADS.name), _("核对道路"))
    bare = Road.objects.filter(~Exists(Kerb.objects.filter(road=OuterRef("pk")))).count()
    yield Step(
        _("路缘"),
        _("%s 段") % Kerb.objects.count(),
        (_("%s 条道路没有路缘") % bare if bare else "") if roads else _("还没有道路"),
        reverse(ROADS.name),
        _("核对道路"),
    )


def _rules(on: date) -> Iterator[Step]:
    rules = rules_of(on)
    waiting = sum(rule.awaits_confirmation for rule in rules)
    lacks = _("%s 条是默认值,待本市确认") % waiting if waiting else ""
    if not rules:
        lacks = _("没有生效的规则,无法判断哪里可以设摊")
    yield Step(_("设置规则"), _("%s 条") % len(rules), lacks, reverse("plan-rules"), _("确认规则"))


def _grid(on: date) -> Iterator[Step]:
    branches = Branch.objects.count()
    yield Step(
        _("支部"),
        _("%s 个") % branches,
        "" if branches else _("还没有支部"),
        reverse("admin:grids_branch_changelist"),
        _("登记支部"),
    )
    report = unassigned_stretches(on=on)
    lacks = _("%s 主次干路没有支部负责") % length(report.unassigned_m) if report.stretches else ""
    yield Step(
        _("责任路段"),
        length(report.assigned_m),
        lacks if report.road_m else _("还没有道路"),
        reverse("gaps"),
        _("划分路段"),
    )


def _people(on: date) -> Iterator[Step]:
    serving = Member.objects.serving()
    count = serving.count()
    yield Step(
        _("党员"),
        _("%s 人") % count,
        "" if count else _("还没有党员"),
        reverse("admin:grids_member_changelist"),
        _("登记党员"),
    )
    shared = MemberAssignment.objects.on_day(on).filter(assignment=OuterRef("pk"))
    sections = Assignment.objects.on_day(on)
    nobodys = sections.filter(~Exists(shared)).count()
    lacks = _("%s 个责任路段没有落实到党员") % nobodys if nobodys else ""
    yield Step(
        _("责任到人"),
        _("%s 段") % MemberAssignment.objects.on_day(on).count(),
        lacks if sections.exists() else _("还没有责任路段"),
        reverse(SECTIONS.name),
        _("分给党员"),
    )
    without = serving.filter(user__isnull=True).count()
    lacks = _("%s 名党员没有账号") % without if without else ""
    yield Step(
        _("账号"),
        _("%s 个") % User.objects.filter(is_active=True).count(),
        lacks if count else _("还没有党员"),
        reverse("admin:accounts_user_changelist"),
        _("开设账号"),
    )


def _what_stands() -> Iterator[Step]:
    kinds: tuple[tuple[Any, Any], ...] = ((School, SCHOOLS), (Site, SITES), (Bay, BAYS))
    for model, layer in kinds:
        count = model.objects.count()
        yield Step(
            str(layer.title),
            _("%s 处") % count,
            "" if count else _("还没有"),
            reverse("data"),
            _("导入数据文件"),
            wanted=False,
        )
