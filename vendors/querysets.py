"""Sites and pitches by state, season, hours and who holds them."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db.models import Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from gridmgr.accounts.audience import Audience
from grids.querysets import OnRoadQuerySet, holding

if TYPE_CHECKING:
    from vendors.models import Allocation, Pitch  # noqa: F401


def in_season(on: date) -> Q:
    """Sites without a season, or whose season holds the day."""
    return Q(season__isnull=True) | Q(season__contains=on)


def in_hours(moment: datetime) -> Q:
    """Sites in whose daily hours the local time falls; hours may run across midnight."""
    now = moment.time()
    by_day = Q(closes__gt=F("opens")) & Q(opens__lte=now) & Q(closes__gt=now)
    over_midnight = Q(closes__lt=F("opens")) & (Q(opens__lte=now) | Q(closes__gt=now))
    return by_day | over_midnight


class SiteQuerySet(OnRoadQuerySet):
    def standing(self) -> "SiteQuerySet":
        """Sites that have not been closed."""
        return self.exclude(state="closed")

    def open_at(self, moment: datetime) -> "SiteQuerySet":
        """Sites that are open, in season and in hours at the local `moment`."""
        return self.filter(in_season(moment.date()), in_hours(moment), state="open")

    def with_pitches(self, *, on: date) -> "SiteQuerySet":
        """Annotates `pitches` and `taken`: how many there are, and how many a vendor holds that day."""
        pitches = _all("Pitch").filter(site=OuterRef("pk"))
        taken = _all("Allocation").filter(holding(on), pitch__site=OuterRef("pk"))
        return self.annotate(
            pitches_n=_count(pitches, "site"), taken_n=_count(taken, "pitch__site")
        ).annotate(free_n=F("pitches_n") - F("taken_n"))


class PitchQuerySet(QuerySet["Pitch"]):
    def visible_to(self, audience: Audience, *, on: date) -> "PitchQuerySet":
        """All pitches; for a member, those of sites on their own stretches."""
        if audience.sees_all:
            return self
        return self.filter(site__in=_all("Site").visible_to(audience, on=on))

    def with_taken(self, *, on: date) -> "PitchQuerySet":
        """Annotates `taken`: whether a vendor holds the pitch that day."""
        return self.annotate(taken=Exists(_all("Allocation").filter(holding(on), pitch=OuterRef("pk"))))

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
