"""Sites and pitches by state, season, hours and who holds them."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    ExpressionWrapper,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from gridmgr.core.accounts.audience import Audience
from grids.querysets import OnRoadQuerySet, holding
from vendors.status import IN_USE, in_use, status_on

if TYPE_CHECKING:
    from vendors.models import Allocation, Pitch  # noqa: F401


def in_hours(moment: datetime) -> Q:
    """Sites in whose daily hours the local time falls; hours may run across midnight."""
    now = moment.time()
    by_day = Q(closes__gt=F("opens")) & Q(opens__lte=now) & Q(closes__gt=now)
    over_midnight = Q(closes__lt=F("opens")) & (Q(opens__lte=now) | Q(closes__gt=now))
    return by_day | over_midnight


class SiteQuerySet(OnRoadQuerySet):
    def standing(self) -> "SiteQuerySet":
        """Sites that have not been closed, planned ones among them: what takes its ground. What counts is `in_use`."""
        return self.exclude(state="closed")

    def in_use(self, *, on: date) -> "SiteQuerySet":
        """Sites that are open and in season that day."""
        return self.filter(in_use(on))

    def open_at(self, moment: datetime) -> "SiteQuerySet":
        """Sites that are open, in season and in hours at the local `moment`."""
        return self.in_use(on=moment.date()).filter(in_hours(moment))

    def readable_by(self, audience: Audience, *, on: date) -> "SiteQuerySet":
        """Sites whose page the reader may open: what is theirs to see, and for a member, who guides vendors to them, all in use."""
        if audience.sees_all:
            return self
        own = self.visible_to(audience, on=on).values("pk")
        return self.filter(Q(pk__in=own) | in_use(on))

    def with_pitches(self, *, on: date) -> "SiteQuerySet":
        """Annotates the day's `status`, `pitches_n`, how many a vendor holds (`taken_n`) and how many are to be had.

        `free_n` is NULL of a site that isn't in use: nobody can be sent there.
        """
        pitches = _all("Pitch").filter(site=OuterRef("pk"))
        taken = _all("Allocation").filter(holding(on), pitch__site=OuterRef("pk"))
        counted = self.annotate(
            status=status_on(on), pitches_n=_count(pitches, "site"), taken_n=_count(taken, "pitch__site")
        )
        return counted.annotate(free_n=Case(When(status=IN_USE, then=F("pitches_n") - F("taken_n"))))


def ruled_on(on: date) -> Exists:
    """Whether any rule in force that day speaks of the site; as `vendors.domain.siting.applies` has it."""
    rules = _all("PlacementRule").filter(profile__in_use=True, valid__contains=on)
    rules = rules.annotate(site_kind=ExpressionWrapper(OuterRef("kind"), output_field=CharField()))
    speaks = Q(applies_to="site") | Q(applies_to=F("site_kind")) | Q(applies_to="pitch", site_kind="stall")
    return Exists(rules.filter(speaks))


class PitchQuerySet(QuerySet["Pitch"]):
    def visible_to(self, audience: Audience, *, on: date) -> "PitchQuerySet":
        """All pitches; for a member, those of sites on their own stretches."""
        if audience.sees_all:
            return self
        return self.filter(site__in=_all("Site").visible_to(audience, on=on))

    def with_taken(self, *, on: date) -> "PitchQuerySet":
        """Annotates `taken`: whether a vendor holds the pitch that day; and its site's `site_status`."""
        held = Exists(_all("Allocation").filter(holding(on), pitch=OuterRef("pk")))
        return self.annotate(taken=held, site_status=status_on(on, "site__"))

    def free(self, *, on: date) -> "PitchQuerySet":
        """Pitches nobody holds that day."""
        return self.exclude(Exists(_all("Allocation").filter(holding(on), pitch=OuterRef("pk"))))


class AllocationQuerySet(QuerySet["Allocation"]):
    def on_day(self, on: date) -> "AllocationQuerySet":
        """Allocations in force on that day."""
        return self.filter(holding(on))


def _all(model: str) -> Any:
    return apps.get_model("vendors", model).objects.all()


def _count(rows: QuerySet, by: str) -> Coalesce:
    counted = rows.order_by().values(by).annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), Value(0))
