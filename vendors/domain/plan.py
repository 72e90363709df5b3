"""Planning a site: drawn, proposed, edited, equipped; nothing is overwritten.

What a planner draws is a draft (vendors.domain.draft): the server draws it again in the transaction, and judges it again
when it is approved and when it opens (vendors.domain.states).
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, time
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from psycopg2.extras import DateRange

from gridmgr.core import quantities
from gridmgr.core.accounts.models import User
from gridmgr.core.errors import Conflict, Invalid, NotThere
from grids.domain.assign import stretch_of
from vendors.domain.draft import Draft, Drawn, called, draw
from vendors.domain.naming import language_of
from vendors.domain.pitching import write_pitches
from vendors.domain.place import checked, stored
from vendors.enums import SiteKind, SiteState
from vendors.models import Allocation, Site

PREFIX = {SiteKind.STALL: "TD", SiteKind.MARKET: "GG"}

# Changing one of these is planning anew: a site that was approved is proposed again and waits for a second person.
PLANNED_FIELDS = ("kind", "area", "season", "opens", "closes", "road_id", "side", "stretch", "capacity")


class SiteChanged(Conflict):
    """Somebody else was quicker. `fields`: label, what this person wants, what is stored now, for each that differs."""

    def __init__(self, site: Site, fields: Sequence[tuple[str, str, str]], *, then: int) -> None:
        super().__init__(
            _(
                "%(site)s刚被别人改过(现为版本 %(now)s,您改的是版本 %(then)s),您的修改还在页面上,什么都没有丢失。请对照两个版本后再保存。"
            )
            % {"site": site.name, "now": site.version, "then": then}
        )
        self.site, self.fields = site, fields


def propose_site(*, draft: Draft, by: User, on: date | None = None) -> Site:
    """Draws the draft again and stores it as a proposed site with its pitches. Broken rules don't hinder a proposal.

    Raises Invalid for what can't be a place at all.
    """
    on = on or timezone.localdate()
    with transaction.atomic():
        drawn = draw(draft)
        checked(drawn.place, on=on)
        site = Site(code=_next_code(draft.kind), is_demo=False, proposed_by=by)
        _fill(site, drawn)
        site.save(force_insert=True)
        write_pitches(site, drawn.pitches)
        return read_again(site)


def _fill(site: Site, drawn: Drawn) -> None:
    draft = drawn.draft
    with override(language_of(site.name) or get_language()):
        name = " ".join((draft.name or called(drawn)).split())
    if not 1 <= len(name) <= 80:
        raise Invalid(_("名称须为 1 至 80 个字。"))
    site.name, site.kind = name, draft.kind
    site.area = stored(drawn.footprint.area)
    site.capacity = len(drawn.pitches)
    site.season, site.opens, site.closes = draft.season, draft.opens, draft.closes
    site.road_id, site.side = drawn.kerb.road_id, drawn.kerb.side
    site.stretch = stretch_of(*drawn.footprint.stretch)


def _next_code(kind: str) -> str:
    """The next free code of its kind; those who propose at the same time queue at the road table's lock."""
    prefix = PREFIX[SiteKind(kind)]
    with transaction.atomic():
        _queue()
        codes = Site.objects.filter(code__startswith=f"{prefix}-").values_list("code", flat=True)
        numbers = [int(found[1]) for code in codes if (found := re.fullmatch(rf"{prefix}-(\d{{1,9}})", code))]
    return f"{prefix}-{max(numbers, default=0) + 1:02d}"


def _queue() -> None:
    """Until the end of the transaction nobody else numbers a site."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('vendors_site.code'))")


def edit_site(*, site: Site, expected_version: int, draft: Draft, by: User, on: date | None = None) -> Site:
    """Stores the draft as the site's new plan. One that was approved is proposed again, now by the editor; of one
    that is proposed or returned the proposer stays, and the editor can't approve it either.

    A change of nothing but the name keeps an approval. Raises SiteChanged when somebody changed the site since
    `expected_version`, Conflict when it is closed, a pitch that would go is a vendor's or a vendor holds one beyond
    the season, Invalid as `propose_site`.
    """
    on = on or timezone.localdate()
    with transaction.atomic():
        stored_site = locked_site(site)
        before = {name: getattr(stored_site, name) for name in PLANNED_FIELDS}
        draft = _named_anew(draft, stored_site)
        drawn = draw(replace(draft, site_id=stored_site.pk))
        mine = locked_site(site)
        _fill(mine, drawn)
        if stored_site.version != expected_version:
            raise SiteChanged(stored_site, differences(mine, stored_site), then=expected_version)
        if stored_site.state == SiteState.CLOSED:
            raise Conflict(_("%s已关闭,不能再改。可以它为底重新提出一个摊点。") % stored_site.name)
        checked(drawn.place, on=on)
        check_season(mine)
        changed = any(not _alike(before[name], getattr(mine, name)) for name in PLANNED_FIELDS)
        if changed or mine.state == SiteState.RETURNED:
            _propose_anew(mine, by)
        else:
            for name, value in before.items():  # to the last digit, as it was approved
                setattr(mine, name, value)
        mine.save()
        write_pitches(mine, drawn.pitches)
        return read_again(mine)


def _named_anew(draft: Draft, stored_site: Site) -> Draft:
    """The draft without the name that the product gave the site: it gets one that says where it is now."""
    same = " ".join(draft.name.split()) == stored_site.name
    return replace(draft, name="") if same and language_of(stored_site.name) else draft


def _propose_anew(site: Site, by: User) -> None:
    """A proposal that is mended stays its proposer's; the editor is kept among its shapers (vendors.triggers)."""
    if site.state not in {SiteState.PROPOSED, SiteState.RETURNED} or site.proposed_by_id is None:
        site.proposed_by = by
    site.state, site.returned_for = SiteState.PROPOSED, ""
    site.approved_by = site.approved_at = None


def check_season(site: Site) -> None:
    """Raises Conflict when a vendor holds a pitch, or is to, beyond the site's season."""
    if site.season is None:
        return
    running = Allocation.objects.filter(
        pitch__site=site, period__overlap=DateRange(timezone.localdate(), None)
    )
    beyond = running.exclude(period__contained_by=site.season).select_related("pitch").order_by("period")
    if found := list(beyond.defer("pitch__area")):
        raise Conflict(
            _(
                "%(site)s的季节改为 %(season)s,但 %(pitches)s 号摊位分配到季节以外。请先在摊位分配页终止或缩短这些分配,再改季节。"
            )
            % {
                "site": site.name,
                "season": quantities.period(site.season),
                "pitches": _("、").join(sorted({each.pitch.number for each in found})),
            }
        )


def _alike(a: Any, b: Any) -> bool:
    if hasattr(a, "equals_exact"):
        return bool(a.equals_exact(b, 0.001))
    return bool(a == b)


def differences(mine: Site, theirs: Site) -> list[tuple[str, str, str]]:
    """Label, mine and theirs in words, of each field in which two versions of a site differ."""
    names = ("name", "kind", "road", "side", "stretch", "area", "capacity", "opens", "closes", "season",
             "sign_board", "bins", "state")  # fmt: skip
    return [
        (_label(name), _said(mine, name), _said(theirs, name))
        for name in names
        if not _alike(getattr(mine, name), getattr(theirs, name))
    ]


def _label(name: str) -> str:
    field: Any = Site._meta.get_field(name)
    return str(field.verbose_name)


def _said(site: Site, name: str) -> str:
    value = getattr(site, name)
    if name in {"kind", "side", "state"}:
        return str(getattr(site, f"get_{name}_display")())
    if name == "stretch":
        return quantities.stretch(value)
    if name == "season":
        return quantities.period(value)
    if name == "area":
        return _("%.1f m²") % value.area
    if isinstance(value, time):
        return quantities.clock(value)
    if isinstance(value, bool):
        return _("有") if value else _("没有")
    return str(value)


def equip_site(*, site: Site, sign_board: bool, bins: int, expected_version: int | None = None) -> Site:
    """Records sign board and waste bins. Raises Invalid for a number that can't be, or an open site without either."""
    if not 0 <= bins <= 999:
        raise Invalid(_("垃圾容器数须在 0 至 999 之间。"))
    with transaction.atomic():
        locked = locked_site(site, expected_version=expected_version)
        if locked.state == SiteState.OPEN and (not sign_board or bins < 1):
            raise Invalid(_("%s正在开放,须有标示牌和至少一个垃圾容器。请先暂停,再撤除。") % locked.name)
        locked.sign_board, locked.bins = sign_board, bins
        locked.save(update_fields=["sign_board", "bins"])
        return read_again(locked)


def locked_site(site: Site, *, expected_version: int | None = None) -> Site:
    locked = Site.objects.select_for_update(of=("self",)).select_related("road").filter(pk=site.pk).first()
    if locked is None:
        raise NotThere(_("这个摊点已经不在了。请返回列表核对。"))
    if expected_version is not None and locked.version != expected_version:
        raise SiteChanged(locked, differences(site, locked), then=expected_version)
    return locked


def read_again(site: Site) -> Site:
    """The site as the database now has it, with its new version."""
    return Site.objects.select_related("road").get(pk=site.pk)
