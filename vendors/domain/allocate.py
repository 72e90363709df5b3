"""Allotting pitches: who holds which, from when to when."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg2.extras import DateRange

from gridmgr.core.errors import Conflict, Invalid, NotThere
from gridmgr.core.meanwhile import require_unchanged
from vendors.domain.refusals import out_of_season, pitch_held, words_of
from vendors.domain.settle import in_one_go
from vendors.domain.waiting import check_in_use, end_waiting, queue_of, site_in_use
from vendors.enums import Outcome
from vendors.models import Allocation, Pitch, PitchHold, Site, Vendor

LONGEST = timedelta(days=366 * 5)


@dataclass(frozen=True)
class Before:
    """An allocation as it was before a step, so that the step can be taken back. `until`: the first day after; None: open."""

    pk: int
    pitch_id: int
    vendor_id: int
    since: date
    until: date | None

    @classmethod
    def of(cls, row: Allocation) -> "Before":
        return cls(row.pk, row.pitch_id, row.vendor_id, row.period.lower, row.period.upper)

    @property
    def period(self) -> DateRange:
        return DateRange(self.since, self.until, "[)")


# ── Verbs ─────────────────────────────────────────────────────────────────────────────────────────────────


def allocate(pitch: Pitch, *, vendor: Vendor, since: date, until: date | None = None) -> Allocation:
    """Gives `vendor` the pitch from `since` up to, not including, `until` and returns the allocation.

    In a fruit market `until=None` means the end of the season; elsewhere it means for good. The vendor leaves the
    site's waiting list. Raises Invalid for a period or site that can't be, Conflict (with who may be asked) when the
    pitch is another's or held for another, or the vendor has another pitch in that time.
    """
    wanted = Allocation(pitch=pitch, vendor=vendor)

    def work() -> Allocation:
        site = _lock(pitch, vendor)
        wanted.period = _period(site, since, until)
        wanted.is_demo = site.is_demo and vendor.is_demo
        _adopt_hold(pitch, vendor)
        _check_not_held(wanted)
        wanted.pk = None
        wanted.save(force_insert=True)
        end_waiting(site, vendor)
        return wanted

    return in_one_go(work, words=words_of(wanted))


def transfer(
    allocation: Allocation,
    *,
    on: date,
    vendor: Vendor | None = None,
    pitch: Pitch | None = None,
    seen: str | None = None,
) -> Allocation:
    """From the day `on` the rest of the allocation passes to another `vendor`, or moves to another `pitch`.

    Returns the new allocation; what was before that day stays on record. Raises as `allocate` does, and Changed when
    the allocation isn't as it was `seen` on the screen.
    """
    to_vendor, to_pitch = vendor or allocation.vendor, pitch or allocation.pitch
    if to_vendor == allocation.vendor and to_pitch == allocation.pitch:
        raise Invalid(_("请选另一位商贩或另一个摊位:现在的商贩和摊位与原来相同。"))
    wanted = Allocation(pitch=to_pitch, vendor=to_vendor)

    def work() -> Allocation:
        site = _lock(to_pitch, to_vendor, allocation.pitch)
        row = _still(allocation, seen)
        _check_running(row, on)
        upper = row.period.upper
        _cut(row, on)
        wanted.period = _period(site, on, upper)
        wanted.is_demo = row.is_demo and to_vendor.is_demo
        if to_pitch != row.pitch:
            _check_not_held(wanted)
        wanted.pk = None
        wanted.save(force_insert=True)
        end_waiting(site, to_vendor)
        return wanted

    return in_one_go(work, words=words_of(wanted))


def end_early(allocation: Allocation, *, on: date, seen: str | None = None) -> Allocation | None:
    """Ends the allocation: from the day `on` the pitch is free. One that has not begun by then is taken back (None).

    Raises Invalid when it has ended before that day, Changed when it isn't as it was `seen`.
    """

    def work() -> Allocation | None:
        _lock(allocation.pitch, allocation.vendor)
        row = _still(allocation, seen)
        _check_running(row, on)
        return _cut(row, on)

    return in_one_go(work, words={})


def renew(allocation: Allocation, *, until: date | None, seen: str | None = None) -> Allocation:
    """Lets the allocation run on up to, not including, `until` (None: to the season's end, or for good).

    Raises Invalid when that is no later than it runs now, or beyond the season; Conflict when another has the pitch
    after it, Changed when it isn't as it was `seen`.
    """
    wanted = Allocation(pitch=allocation.pitch, vendor=allocation.vendor)

    def work() -> Allocation:
        site = _lock(allocation.pitch, allocation.vendor)
        row = _still(allocation, seen)
        if row.period.upper is None:
            raise Invalid(_("这一分配本来就长期有效,无需续期。"))
        if row.period.upper <= timezone.localdate():
            raise Invalid(_("这一分配已于 %(day)s 结束,不能续期。请重新分配。") % {"day": _last(row.period)})
        wanted.pk, wanted.period = row.pk, _period(site, row.period.lower, until, renewing=True)
        if wanted.period.upper is not None and wanted.period.upper <= row.period.upper:
            raise Invalid(
                _("续期须晚于现在的最后一天 %(day)s。请填更晚的日期;要提前结束请用“终止”。")
                % {"day": _last(row.period)}
            )
        row.period = wanted.period
        row.save(update_fields=["period"])
        return row

    return in_one_go(work, words=words_of(wanted))


def take_back(*, made: Before | None = None, was: Before | None = None, became: Before | None = None) -> None:
    """Undoes a step: removes the allocation that it `made`; the one that `was` before and `became` otherwise (None: was
    taken away) has its pitch and days again.

    Raises Conflict when somebody has changed either since, or has taken the pitch meanwhile.
    """
    known = was or made
    if known is None:
        raise Invalid(_("没有可以撤销的内容。"))
    wanted = Allocation(pk=known.pk, pitch=_pitch(known.pitch_id), vendor=_vendor(known.vendor_id))
    wanted.period = known.period

    def work() -> None:
        _lock(wanted.pitch, wanted.vendor, *([_pitch(made.pitch_id)] if made else []))
        if made is not None:
            _unchanged(made).delete()
        if became is not None:
            row = _unchanged(became)
            row.period = wanted.period
            row.save(update_fields=["period"])
        elif was is not None:
            wanted.is_demo = wanted.vendor.is_demo and wanted.pitch.is_demo
            wanted.save(force_insert=True)

    in_one_go(work, words=words_of(wanted))


def offer_next(site: Site, *, pitch: Pitch, since: date, until: date | None = None) -> Allocation:
    """Gives the pitch to whoever has waited longest for one in the site. Raises as `allocate`; NotThere when nobody waits."""
    first = next(iter(queue_of(site)), None)
    if first is None:
        raise NotThere(_("%(site)s没有人候补。") % {"site": site})
    return allocate(pitch, vendor=first.vendor, since=since, until=until)


# ── Locks ─────────────────────────────────────────────────────────────────────────────────────────────────


def _lock(pitch: Pitch, vendor: Vendor, *more: Pitch) -> Site:
    """Locks site, vendor and pitches, always in this order; returns the site as it is now."""
    site = site_in_use(pitch.site_id)
    check_in_use(site)
    if not Vendor.objects.select_for_update(no_key=True).filter(pk=vendor.pk).only("pk"):
        raise NotThere(_("商贩%(vendor)s已不在登记册上。请刷新后再试。") % {"vendor": vendor})
    keys = {pitch.pk, *(each.pk for each in more)}
    rows = (
        Pitch.objects.select_for_update(no_key=True)
        .filter(pk__in=keys)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    if set(rows) != keys:
        raise NotThere(_("摊位 %(pitch)s 已不存在,可能刚被删除。请刷新后再试。") % {"pitch": pitch})
    return site


def _still(allocation: Allocation, seen: str | None) -> Allocation:
    row = Allocation.objects.select_related("pitch__site", "vendor").filter(pk=allocation.pk).first()
    if row is None:
        raise Conflict(_("这一分配已被他人撤回。请刷新后再看。"))
    require_unchanged(row, seen)
    return row


def _unchanged(known: Before) -> Allocation:
    row = Allocation.objects.filter(pk=known.pk).first()
    if row is None or Before.of(row) != known:
        raise Conflict(_("这一分配此后又有人修改,不能撤销。请在页面上直接修改。"))
    return row


def _pitch(pk: int) -> Pitch:
    row = Pitch.objects.select_related("site").filter(pk=pk).first()
    if row is None:
        raise NotThere(_("摊位已不存在,无法撤销。"))
    return row


def _vendor(pk: int) -> Vendor:
    row = Vendor.objects.filter(pk=pk).first()
    if row is None:
        raise NotThere(_("商贩已不在登记册上,无法撤销。"))
    return row


def _cut(row: Allocation, on: date) -> Allocation | None:
    if row.period.lower >= on:
        row.delete()
        return None
    row.period = DateRange(row.period.lower, on, "[)")
    row.save(update_fields=["period"])
    return row


def _adopt_hold(pitch: Pitch, vendor: Vendor) -> None:
    """A pitch that is held for a guided vendor who came may be given to that vendor, whom the hold may not name yet."""
    PitchHold.objects.filter(
        pitch=pitch, vendor=None, during__contains=timezone.now(), guidance__outcome=Outcome.CAME
    ).update(vendor=vendor)


def _period(site: Site, since: date, until: date | None, *, renewing: bool = False) -> DateRange:
    """The days in question, within the site's season; Invalid for what can't be."""
    today = timezone.localdate()
    if until is not None and until <= since:
        raise Invalid(_("最后一天不能早于开始日期 %(since)s。请改晚最后一天。") % {"since": since})
    if not renewing and since < today:
        raise Invalid(
            _("开始日期 %(since)s 已经过去。最早可从今天 %(today)s 起。") % {"since": since, "today": today}
        )
    if since > today + LONGEST or (until is not None and until > today + LONGEST):
        raise Invalid(_("期间最远到 %(day)s(五年)。请改早日期。") % {"day": today + LONGEST})
    season = site.season
    if season is None:
        return DateRange(since, until, "[)")
    until = until or season.upper
    if since < season.lower or (season.upper is not None and until > season.upper):
        raise out_of_season(site)
    if until <= since:
        raise out_of_season(site)
    return DateRange(since, until, "[)")


def _check_not_held(wanted: Allocation) -> None:
    """A pitch that is being held for another vendor can't be given away from today on. The pitch is locked."""
    held = PitchHold.objects.filter(pitch=wanted.pitch, during__contains=timezone.now())
    if wanted.period.lower <= timezone.localdate() and held.exclude(vendor=wanted.vendor).exists():
        raise pitch_held(wanted.pitch)


def _check_running(row: Allocation, on: date) -> None:
    today = timezone.localdate()
    if on < today:
        raise Invalid(_("日期 %(on)s 已经过去;最早可从今天 %(today)s 起。") % {"on": on, "today": today})
    if row.period.upper is not None and on >= row.period.upper:
        raise Invalid(
            _("这一分配的最后一天是 %(day)s,到 %(on)s 已结束。请选更早的日期。")
            % {"day": _last(row.period), "on": on}
        )


def _last(period: DateRange) -> date:
    return period.upper - timedelta(days=1)


# ── What there is ─────────────────────────────────────────────────────────────────────────────────────────


def current_and_coming(site: Site, *, on: date) -> list[Allocation]:
    """The site's allocations that run on that day or begin later, by pitch and day."""
    return list(
        Allocation.objects.filter(pitch__site=site, period__overlap=DateRange(on, None))
        .select_related("vendor", "pitch")
        .defer("pitch__area")
        .order_by("pitch__number", "period")
    )


def current_holds(site: Site, *, at: datetime) -> list[PitchHold]:
    """The site's holds that have not lapsed."""
    return list(
        PitchHold.objects.filter(pitch__site=site, during__contains=at)
        .select_related("guidance__officer", "pitch", "vendor")
        .defer("pitch__area")
    )
