"""Files of branches and sections, as gridmgr.core.layers.files writes them, and how other apps' files name a road."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gridmgr.core.importing.differences import SAME_M
from gridmgr.core.importing.layers import Extra, Found, Importer, Ref, Span
from gridmgr.core.importing.values import as_text
from grids import layers
from grids.domain.colours import recolour_once_committed
from grids.enums import MemberRole
from grids.models import Assignment, Branch, Member, Road

SAME_START = f"abs(lower(t.stretch) - lower(i.stretch)) < {SAME_M}"


def find_roads(names: Iterable[tuple[Any, ...]]) -> Found:
    """Ids of roads by name."""
    names = list(names)
    known = dict(Road.objects.filter(name__in=[name for (name,) in names if name]).values_list("name", "pk"))
    return {key: known.get(key[0]) or _no_road(key[0]) for key in names}


def _no_road(name: str | None) -> str:
    if not name:
        return _("没有填写。")
    return _("没有叫这个名字的道路。请改正路名;确有这条路的,请管理员先导入道路。")


ROAD = Ref("road_id", ["road"], find_roads)
STRETCH = Span("stretch", "from_m", "to_m")
ON_ROAD = {"side": "side", "demo": "is_demo"}


def same(*columns: str) -> Any:
    """The match of rows that are the same when these columns are."""
    return lambda incoming: " AND ".join(f"t.{column} = i.{column}" for column in columns)


# ── Branches ──────────────────────────────────────────────────────────────────────────────────────────────


def _name_secretaries(rows: Sequence[tuple[int, str | None]]) -> None:
    """Each new branch gets its first member, who is its secretary."""
    demo = dict(Branch.objects.filter(pk__in=[pk for pk, _name in rows]).values_list("pk", "is_demo"))
    Member.objects.bulk_create(
        Member(branch_id=pk, name=name or "", role=MemberRole.SECRETARY, is_demo=demo[pk])
        for pk, name in rows
    )


def _secretary(value: Any) -> str | None:
    text = as_text(value).strip() if value is not None else ""
    return text or None


BRANCHES = Importer(
    layer=layers.BRANCHES.name,
    model=Branch,
    key=["code"],
    match=same("code"),
    columns={
        "code": "code",
        "name": "name",
        "name_en": "name_en",
        "founded": "founded",
        "colour": "colour",
        "demo": "is_demo",
    },
    extras=[
        Extra(
            name="secretary",
            read=_secretary,
            stored="SELECT m.name FROM grids_member AS m "
            "WHERE m.branch_id = t.id AND m.role = 'secretary' AND m.left_on IS NULL",
            write=_name_secretaries,
            fixed=gettext_lazy("与在任书记不同。更换书记请在支部页办理,不通过导入。"),
        )
    ],
    geometry="area",
    after=recolour_once_committed,
)


# ── Sections ──────────────────────────────────────────────────────────────────────────────────────────────


def _find_branches(codes: Iterable[tuple[Any, ...]]) -> Found:
    codes = list(codes)
    known = dict(
        Branch.objects.filter(code__in=[code for (code,) in codes if code]).values_list("code", "pk")
    )
    return {key: known.get(key[0]) or _no_branch(key[0]) for key in codes}


def _no_branch(code: str | None) -> str:
    return _("没有这个编号的支部。请先导入支部,或改正编号。") if code else _("没有填写。")


def _held_by(section: Assignment) -> str:
    until = section.period.upper
    return _("%(branch)s 的 %(section)s,%(since)s 至 %(until)s") % {
        "branch": section.branch,
        "section": section,
        "since": section.period.lower,
        "until": until or _("长期"),
    }


def _section_match(incoming: Collection[str]) -> str:
    return (
        "t.road_id = i.road_id AND t.branch_id = i.branch_id AND lower(t.period) = lower(i.period) "
        f"AND {SAME_START}"
    )


SECTIONS = Importer(
    layer=layers.SECTIONS.name,
    model=Assignment,
    key=["road", "branch", "from_m", "since"],
    needed=["road", "branch", "from_m", "to_m", "since", "until"],
    match=_section_match,
    columns={"note": "note", "demo": "is_demo"},
    refs=[ROAD, Ref("branch_id", ["branch"], _find_branches)],
    spans=[STRETCH, Span("period", "since", "until", days=True)],
    computed=["branch_name", "colour"],
    holder=_held_by,
    after=recolour_once_committed,
)
