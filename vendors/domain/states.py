"""What becomes of a site: approved by a second person, opened, suspended, closed; each step judges it anew and stays on record."""

from collections.abc import Mapping
from datetime import date

import pghistory
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg2.extras import DateRange

from gridmgr.core.accounts.models import User
from gridmgr.core.errors import Conflict, Invalid
from vendors.domain.place import Place
from vendors.domain.plan import locked_site, read_again
from vendors.domain.siting import Verdict, covered, verdicts
from vendors.enums import SiteState
from vendors.models import Allocation, Override, Site

LONGEST_REASON = 400

# Verb → (the states from which it leads, the state to which).
TRANSITIONS: dict[str, tuple[frozenset[str], str]] = {
    "approve": (frozenset({SiteState.PROPOSED}), SiteState.APPROVED),
    "reject": (frozenset({SiteState.PROPOSED}), SiteState.RETURNED),
    "open": (frozenset({SiteState.APPROVED}), SiteState.OPEN),
    "suspend": (frozenset({SiteState.OPEN}), SiteState.SUSPENDED),
    "resume": (frozenset({SiteState.SUSPENDED}), SiteState.OPEN),
    "close": (frozenset(SiteState.values) - {SiteState.CLOSED}, SiteState.CLOSED),
}


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
        return read_again(locked)


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
    locked = locked_site(site, expected_version=expected_version)
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
    return read_again(site)
