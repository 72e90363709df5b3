"""Planning a site: drawn, proposed, approved by a second person, opened, suspended, closed; nothing is overwritten.

What a planner draws is a draft (vendors.domain.draft): the server draws it again in the transaction, and judges it again
when it is approved and when it opens.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, time
from typing import Any

import pghistory
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
from vendors.domain.place import Place, checked, stored
from vendors.domain.siting import Verdict, covered, verdicts
from vendors.enums import SiteKind, SiteState
from vendors.models import Allocation, Override, Site

LONGEST_REASON = 400
PREFIX = {SiteKind.STALL: "TD", SiteKind.MARKET: "GG"}

# Verb → (the states from which it leads, the state to which).
TRANSITIONS: dict[str, tuple[frozenset[str], str]] = {
    "approve": (frozenset({SiteState.PROPOSED}), SiteState.APPROVED),
    "reject": (frozenset({SiteState.PROPOSED}), SiteState.RETURNED),
    "open": (frozenset({SiteState.APPROVED}), SiteState.OPEN),
    "suspend": (frozenset({SiteState.OPEN}), SiteState.SUSPENDED),
    "resume": (frozenset({SiteState.SUSPENDED}), SiteState.OPEN),
    "close": (frozenset(SiteState.values) - {SiteState.CLOSED}, SiteState.CLOSED),
}
# Changing one of these is planning anew: a site that was approved is proposed again and waits for a second person.
PLANNED_FIELDS = ("kind", "area", "season", "opens", "closes", "road_id", "side", "stretch", "capacity")


# ── Verbs ─────────────────────────────────────────────────────────────────────────────────────────────────


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
        return _again(site)


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
        stored_site = _locked(site)
        before = {name: getattr(stored_site, name) for name in PLANNED_FIELDS}
        draft = _named_anew(draft, stored_site)
        drawn = draw(replace(draft, site_id=stored_site.pk))
        mine = _locked(site)
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
        return _again(mine)


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
        locked = _locked(site, expected_version=expected_version)
        if locked.state == SiteState.OPEN and (not sign_board or bins < 1):
            raise Invalid(_("%s正在开放,须有标示牌和至少一个垃圾容器。请先暂停,再撤除。") % locked.name)
        locked.sign_board, locked.bins = sign_board, bins
        locked.save(update_fields=["sign_board", "bins"])
        return _again(locked)


def approve_site(
    *,
    site: Site,
    by: User,
    expected_version: int,
    reasons: Mapping[str, str] | None = None,
    on: date | None = None,
) -> Site:
    """A second person approves a proposed site, as it was seen at `expected_version`.

    `reasons` gives for each broken hard rule (by code) why it may be broken; each becomes an Override, asked for by
    who proposed. Raises Invalid when the proposer or another who shaped it approves, or a hard rule is broken without a reason.
    """
    reasons, on = reasons or {}, on or timezone.localdate()
    with transaction.atomic():
        locked = _step("approve", site, expected_version=expected_version)
        if locked.proposed_by_id == by.pk:
            raise Invalid(_("%s是您提出的,须由另一位规划员或管理员批准。") % locked.name)
        if by.pk in locked.shapers:
            raise Invalid(_("%s的方案您改过,须由没有参与的规划员或管理员批准。") % locked.name)
        for verdict in unexcused(locked, on=on):
            _override(locked, verdict, reasons.get(verdict.rule.code, ""), by)
        locked.state, locked.approved_by, locked.approved_at = SiteState.APPROVED, by, timezone.now()
        locked.save(update_fields=["state", "approved_by", "approved_at"])
        return _again(locked)


def unexcused(site: Site, *, on: date) -> list[Verdict]:
    """The hard rules that a stored site breaks on that day, without those that an override covers."""
    overrides = list(site.overrides.all())
    return [
        verdict
        for verdict in verdicts(Place.of(site), on=on)
        if verdict.broken and verdict.is_hard and not covered(verdict, overrides)
    ]


def _override(site: Site, verdict: Verdict, reason: str, by: User) -> None:
    reason = " ".join(reason.split())
    if not reason:
        raise Invalid(_("违反禁止性规则:%s。批准须写明例外的理由,或退回修改。") % verdict.sentence)
    if len(reason) > LONGEST_REASON:
        raise Invalid(
            _("理由最多 %(most)s 个字,现有 %(given)s 个。") % {"most": LONGEST_REASON, "given": len(reason)}
        )
    if site.proposed_by_id is None:
        raise Invalid(
            _("%s没有提出人,例外无从申请。请由一位规划员打开规划页重新保存,再由另一位批准。") % site.name
        )
    Override.objects.update_or_create(
        site=site,
        rule_code=verdict.rule.code,
        defaults={
            "found": verdict.found,
            "required": verdict.required,
            "reason": reason,
            "asked_by_id": site.proposed_by_id,
            "approved_by": by,
            "at": timezone.now(),
        },
    )


def reject(*, site: Site, by: User, reason: str, expected_version: int) -> Site:
    """Returns a proposal with the reason: whoever proposed it mends it and proposes it again (`edit_site`)."""
    with transaction.atomic():
        locked = _step("reject", site, expected_version=expected_version)
        locked.returned_for = _needed(reason)
        return _to(locked, "reject", by=by, reason=locked.returned_for)


def open_site(*, site: Site, by: User, on: date | None = None, expected_version: int | None = None) -> Site:
    """Opens an approved site. Raises Invalid without sign board and bins, or when it breaks a hard rule by now."""
    return _open("open", site, by, on, expected_version)


def resume(*, site: Site, by: User, on: date | None = None, expected_version: int | None = None) -> Site:
    """Opens a suspended site again; raises as `open_site` does."""
    return _open("resume", site, by, on, expected_version)


def _open(verb: str, site: Site, by: User, on: date | None, expected_version: int | None) -> Site:
    with transaction.atomic():
        locked = _step(verb, site, expected_version=expected_version)
        if missing := _missing(locked):
            raise Invalid(
                _("%(site)s还缺%(missing)s,开放前须设置并登记。")
                % {"site": locked.name, "missing": _("和").join(missing)}
            )
        if broken := unexcused(locked, on=on or timezone.localdate()):
            raise Invalid(
                _("%(site)s现在违反禁止性规则:%(sentence)s。请移位,或经第二人批准例外后再开放。")
                % {"site": locked.name, "sentence": broken[0].sentence}
            )
        return _to(locked, verb, by=by)


def _missing(site: Site) -> list[str]:
    return [
        word for word, there in ((_("标示牌"), site.sign_board), (_("垃圾容器"), site.bins >= 1)) if not there
    ]


def suspend_site(*, site: Site, by: User, reason: str, expected_version: int | None = None) -> Site:
    """Suspends an open site; vendors keep their pitches. The reason stands in its history."""
    with transaction.atomic():
        locked = _step("suspend", site, expected_version=expected_version)
        return _to(locked, "suspend", by=by, reason=_needed(reason))


def close_site(
    *, site: Site, by: User, reason: str, on: date | None = None, expected_version: int | None = None
) -> Site:
    """Closes a site for good; its record stays. Raises Conflict while vendors hold its pitches."""
    with transaction.atomic():
        locked = _step("close", site, expected_version=expected_version)
        today = DateRange(on or timezone.localdate(), None)
        holding = Allocation.objects.filter(pitch__site=locked, period__overlap=today).count()
        if holding:
            raise Conflict(
                _("%(site)s还有 %(count)s 份摊位分配在生效或将生效。请先在摊位分配页结束或转移,再关闭。")
                % {"site": locked.name, "count": holding}
            )
        return _to(locked, "close", by=by, reason=_needed(reason))


def steps_from(state: str) -> list[str]:
    """The verbs that lead on from a state."""
    return [verb for verb, (sources, _target) in TRANSITIONS.items() if state in sources]


def _needed(reason: str) -> str:
    reason = " ".join(reason.split())
    if not 1 <= len(reason) <= LONGEST_REASON:
        raise Invalid(_("请写明理由,最多 %s 个字。") % LONGEST_REASON)
    return reason


def _step(verb: str, site: Site, *, expected_version: int | None) -> Site:
    """The site, locked, if this verb leads on from its state; else Conflict in words."""
    locked = _locked(site, expected_version=expected_version)
    sources, target = TRANSITIONS[verb]
    if locked.state not in sources:
        words = _("、").join(str(SiteState(state).label) for state in SiteState.values if state in sources)
        raise Conflict(
            _("%(site)s现为“%(state)s”,只有“%(sources)s”的摊点才能变为“%(target)s”。请刷新后核对。")
            % {
                "site": locked.name,
                "state": locked.get_state_display(),
                "sources": words,
                "target": SiteState(target).label,
            }
        )
    return locked


def _to(site: Site, verb: str, *, by: User, reason: str = "") -> Site:
    site.state = TRANSITIONS[verb][1]
    with pghistory.context(step=verb, reason=reason, by=by.pk):
        site.save(update_fields=["state", "returned_for"])
    return _again(site)


def _locked(site: Site, *, expected_version: int | None = None) -> Site:
    locked = Site.objects.select_for_update(of=("self",)).select_related("road").filter(pk=site.pk).first()
    if locked is None:
        raise NotThere(_("这个摊点已经不在了。请返回列表核对。"))
    if expected_version is not None and locked.version != expected_version:
        raise SiteChanged(locked, differences(site, locked), then=expected_version)
    return locked


def _again(site: Site) -> Site:
    """The site as the database now has it, with its new version."""
    return Site.objects.select_related("road").get(pk=site.pk)
