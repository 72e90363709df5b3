"""Roads, branches with their secretary, members, sections and members' shares of them."""

from datetime import date
from typing import Any

import factory
from django.db import transaction
from factory.django import DjangoModelFactory

from grids import enums
from grids.models import Assignment, Branch, Member, MemberAssignment, Road
from tests.drawing import line, multi, period, rect, stretch


class RoadFactory(DjangoModelFactory):
    """A straight arterial road, 1,000 m due east from the base point, 15 m wide."""

    class Meta:
        model = Road

    name = factory.Sequence(lambda n: f"第{n + 1}大街")
    road_class = enums.RoadClass.ARTERIAL
    carriageway_kind = enums.CarriagewayKind.TWO_WAY
    width_m = 15.0
    width_origin = enums.WidthOrigin.MEASURED
    reference_line = factory.LazyFunction(lambda: line((0, 0), (1000, 0)))
    covered_share = 1.0
    ways_used = 1

    @classmethod
    def _create(cls, model_class: type[Road], *args: Any, **kwargs: Any) -> Road:
        road = super()._create(model_class, *args, **kwargs)
        road.refresh_from_db(fields=["length_m"])  # PostgreSQL computes it
        return road


class BranchFactory(DjangoModelFactory):
    """A branch over 1 km by 1 km around the road, with its secretary (`secretary__name=…` and so on)."""

    class Meta:
        model = Branch
        skip_postgeneration_save = True

    code = factory.Sequence(lambda n: f"{n + 1:02d}")
    name = factory.LazyAttribute(lambda branch: f"第{branch.code}支部")
    founded = date(2020, 5, 1)
    area = factory.LazyFunction(lambda: multi(rect(0, -500, 1000, 1000)))
    colour = factory.Sequence(lambda n: n % 7)
    secretary = factory.Dict(
        {
            "name": factory.Sequence(lambda n: f"书记{n + 1}"),
            "phone": factory.Sequence(lambda n: f"1370351{n + 1:04d}"),
        }
    )

    @classmethod
    def _create(cls, model_class: type[Branch], *args: Any, **kwargs: Any) -> Branch:
        secretary = kwargs.pop("secretary")
        with transaction.atomic():  # exactly one secretary is checked at the end of the transaction
            branch = super()._create(model_class, *args, **kwargs)
            MemberFactory(branch=branch, role=enums.MemberRole.SECRETARY, **secretary)
        return branch


class MemberFactory(DjangoModelFactory):
    """A serving member of a branch."""

    class Meta:
        model = Member

    branch = factory.SubFactory(BranchFactory)
    name = factory.Sequence(lambda n: f"党员{n + 1}")
    phone = factory.Sequence(lambda n: f"1390351{n + 1:04d}")
    joined_on = date(2020, 5, 1)


class AssignmentFactory(DjangoModelFactory):
    """A branch answers for the whole of a 1,000 m road, since 2020."""

    class Meta:
        model = Assignment

    branch = factory.SubFactory(BranchFactory)
    road = factory.SubFactory(RoadFactory)
    stretch = factory.LazyFunction(lambda: stretch(0, 1000))
    period = factory.LazyFunction(period)


class ShareFactory(DjangoModelFactory):
    """A member answers for all of a section of their branch, for as long."""

    class Meta:
        model = MemberAssignment

    assignment = factory.SubFactory(AssignmentFactory)
    member = factory.LazyAttribute(lambda share: MemberFactory(branch=share.assignment.branch))
    stretch = factory.LazyAttribute(lambda share: share.assignment.stretch)
    period = factory.LazyAttribute(lambda share: share.assignment.period)
