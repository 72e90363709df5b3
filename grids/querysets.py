"""The spatial and temporal vocabulary of the grids, as querysets that read aloud."""

from datetime import date
from typing import TYPE_CHECKING, Any, Self

from django.apps import apps
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from gridmgr.core.accounts.audience import Audience

if TYPE_CHECKING:
    from grids.models import Assignment, Branch, Member, MemberAssignment, Road  # noqa: F401


def holding(on: date) -> Q:
    """Rows whose period holds the day `on`."""
    return Q(period__contains=on)


class RoadQuerySet(QuerySet["Road"]):
    def arterial_and_secondary(self) -> "RoadQuerySet":
        """The classes that a city shares out among its branches."""
        return self.filter(road_class__in=["arterial", "secondary"])

    def assigned_to(self, branch: "Branch", *, on: date) -> "RoadQuerySet":
        """Roads on which `branch` answers for some stretch on that day."""
        return self.filter(Exists(_sections().filter(holding(on), road=OuterRef("pk"), branch=branch)))

    def shared_out(self, *, on: date) -> "RoadQuerySet":
        """Roads of which some stretch is answered for on that day."""
        return self.filter(Exists(_sections().filter(holding(on), road=OuterRef("pk"))))

    def visible_to(self, audience: Audience, *, on: date) -> "RoadQuerySet":
        """All roads; for a member, the roads of their own stretches."""
        if audience.sees_all:
            return self
        return self.filter(Exists(_shares_of(audience, on).filter(assignment__road=OuterRef("pk"))))


class AssignmentQuerySet(QuerySet["Assignment"]):
    def on_day(self, on: date) -> "AssignmentQuerySet":
        """Sections in force on that day."""
        return self.filter(holding(on))

    def visible_to(self, audience: Audience, *, on: date) -> "AssignmentQuerySet":
        """All sections; for a member, the branch's sections that hold their own stretches."""
        if audience.sees_all:
            return self
        return self.filter(Exists(_shares_of(audience, on).filter(assignment=OuterRef("pk"))))


class MemberAssignmentQuerySet(QuerySet["MemberAssignment"]):
    def on_day(self, on: date) -> "MemberAssignmentQuerySet":
        """Members' stretches in force on that day."""
        return self.filter(holding(on))


class BranchQuerySet(QuerySet["Branch"]):
    def visible_to(self, audience: Audience, *, on: date) -> "BranchQuerySet":
        """All branches; for a member, their own."""
        return self if audience.sees_all else self.filter(pk=audience.branch_id)


class MemberQuerySet(QuerySet["Member"]):
    def serving(self) -> "MemberQuerySet":
        """Members who have not left."""
        return self.filter(left_on__isnull=True)

    def visible_to(self, audience: Audience, *, on: date) -> "MemberQuerySet":
        """All members; for a member, only themselves."""
        return self if audience.sees_all else self.filter(pk=audience.member_id)


class OnRoadQuerySet(QuerySet[Any]):
    """Whatever stands on a stretch of a road."""

    def visible_to(self, audience: Audience, *, on: date) -> Self:
        """Everything; for a member, what stands on their own stretches."""
        if audience.sees_all:
            return self
        own = _shares_of(audience, on).filter(
            assignment__road=OuterRef("road"), stretch__overlap=OuterRef("stretch")
        )
        return self.filter(Exists(own))

    def on_sections_of(self, branch: "Branch", *, on: date) -> Self:
        """What stands on the stretches that `branch` answers for on that day."""
        sections = _sections().filter(
            holding(on), branch=branch, road=OuterRef("road"), stretch__overlap=OuterRef("stretch")
        )
        return self.filter(Exists(sections))

    def along(self) -> Self:
        """In the order one meets them walking the road from metre 0."""
        return self.order_by("road__name", F("stretch").asc())


def _sections() -> "AssignmentQuerySet":
    return apps.get_model("grids", "Assignment").objects.all()


def _shares_of(audience: Audience, on: date) -> "QuerySet[MemberAssignment]":
    return apps.get_model("grids", "MemberAssignment").objects.filter(holding(on), member=audience.member_id)
