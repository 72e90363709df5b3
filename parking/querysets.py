"""What stands at schools and along kerbs, by place and time."""

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.apps import apps
from django.db.models import DateField, Exists, OuterRef, Q, QuerySet

from gridmgr.core.accounts.audience import Audience
from gridmgr.core.statements import Gap, written_once
from grids.querysets import OnRoadQuerySet
from parking.enums import IN_USE

if TYPE_CHECKING:
    from parking.models import School  # noqa: F401


def is_school_day(day: date) -> bool:
    """Monday to Friday, unless the calendar says otherwise for that day."""
    return school_days(day, within=0)[0]


def school_days(day: date, *, within: int = 60) -> tuple[bool, date | None]:
    """Whether there is school on `day`, and the first school day after it, at most `within` days later. One query."""
    said = dict(_said_between().rows(first=day, last=day + timedelta(days=within)))
    coming = (day + timedelta(days=step) for step in range(1, within + 1))
    return _is_school_day(day, said), next((each for each in coming if _is_school_day(each, said)), None)


def _is_school_day(day: date, said: dict[date, bool]) -> bool:
    return said.get(day, day.weekday() < 5)


@written_once
def _said_between() -> QuerySet:
    between = _calendar().filter(day__gte=Gap("first", DateField()), day__lte=Gap("last", DateField()))
    return between.values_list("day", "is_school_day")


def _calendar() -> QuerySet:
    return apps.get_model("parking", "CalendarDay").objects.all()


class SchoolQuerySet(QuerySet["School"]):
    def visible_to(self, audience: Audience, *, on: date) -> "SchoolQuerySet":
        """All schools; for a member, those served from their own stretches."""
        if audience.sees_all:
            return self
        served = (
            apps.get_model("parking", "DropOffPoint")
            .objects.visible_to(audience, on=on)
            .filter(school=OuterRef("pk"))
        )
        lanes = (
            apps.get_model("parking", "PandaLane")
            .objects.visible_to(audience, on=on)
            .filter(school=OuterRef("pk"))
        )
        return self.filter(Q(Exists(served)) | Q(Exists(lanes)))


class DropOffPointQuerySet(OnRoadQuerySet):
    def open_at(self, moment: datetime) -> "DropOffPointQuerySet":
        """Points in whose hours the local `moment` falls; none on a day without school."""
        if not is_school_day(moment.date()):
            return self.none()
        return self.filter(hours__opens__lte=moment.time(), hours__closes__gt=moment.time())


class BayQuerySet(OnRoadQuerySet):
    def standing(self) -> "BayQuerySet":
        """Bays that have not been removed, suspended ones among them: what takes its kerb. What counts is `in_use`."""
        return self.exclude(state="removed")

    def in_use(self) -> "BayQuerySet":
        """Bays in which one may park: what is counted as a bay. Suspended ones are counted apart, outlined on maps."""
        return self.filter(state=IN_USE)
