"""Why a pitch can't be allotted, in words: whose it is and until when, and who may be asked."""

from collections.abc import Callable

from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg2.extras import DateRange

from gridmgr.core import quantities
from gridmgr.core.errors import Conflict, DomainError, Invalid
from vendors.domain.asking import Taken, who_to_ask
from vendors.models import Allocation, Pitch, PitchHold, Site


def words_of(wanted: Allocation) -> dict[str, Callable[[], DomainError]]:
    """What the database's refusals of an allocation mean, by constraint."""
    return {
        "allocation_one_vendor_per_pitch": lambda: pitch_taken(wanted.pitch, wanted.period),
        "allocation_one_pitch_per_vendor": lambda: _vendor_has_pitch(wanted),
        "allocation_on_held_pitch": lambda: pitch_held(wanted.pitch),
        "allocation_within_season": lambda: out_of_season(wanted.pitch.site),
    }


def pitch_taken(pitch: Pitch, period: DateRange) -> Taken:
    """The pitch is another vendor's in that time: until when, and who may be asked. The vendor is not named."""
    other = Allocation.objects.filter(pitch=pitch, period__overlap=period).order_by("period").first()
    return Taken(
        _("%(site)s %(number)s 号摊位在 %(period)s 已分配给其他商贩,什么都没有保存。请另选摊位或期间;%(ask)s")
        % {
            "site": pitch.site,
            "number": pitch.number,
            "period": quantities.period(other.period if other else period),
            "ask": who_to_ask(pitch.site, on=timezone.localdate()),
        },
        pitch.site,
    )


def pitch_held(pitch: Pitch) -> Taken:
    """The pitch is kept for a guided vendor: until when, and who may be asked."""
    now = timezone.now()
    hold = PitchHold.objects.filter(pitch=pitch, during__contains=now).first()
    return Taken(
        _(
            "%(site)s %(number)s 号摊位正为被疏导的商贩保留至 %(until)s,什么都没有保存。请另选摊位,或到时再试;%(ask)s"
        )
        % {
            "site": pitch.site,
            "number": pitch.number,
            "until": quantities.clock(hold.during.upper if hold else now),
            "ask": who_to_ask(pitch.site, on=timezone.localdate()),
        },
        pitch.site,
    )


def _vendor_has_pitch(wanted: Allocation) -> Conflict:
    other = (
        Allocation.objects.filter(vendor=wanted.vendor, period__overlap=wanted.period)
        .exclude(pk=wanted.pk)
        .select_related("pitch__site")
        .first()
    )
    if other is None:
        return Conflict(_("这一分配刚有他人修改,什么都没有保存。请刷新后再试。"))
    return Taken(
        _(
            "%(vendor)s在 %(period)s 已有%(site)s %(number)s 号摊位;一位商贩同时只能有一个摊位。"
            "请先终止或转让那个摊位,或错开期间;%(ask)s"
        )
        % {
            "vendor": wanted.vendor,
            "period": quantities.period(other.period),
            "site": other.pitch.site,
            "number": other.pitch.number,
            "ask": who_to_ask(other.pitch.site, on=timezone.localdate()),
        },
        other.pitch.site,
    )


def out_of_season(site: Site) -> Invalid:
    """The days in question are not within the market's season."""
    return Invalid(
        _("%(site)s的季节是 %(season)s,分配须在季节之内。请改期间。")
        % {"site": site, "season": quantities.period(site.season)}
    )
