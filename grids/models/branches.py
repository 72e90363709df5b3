"""Branches, their members, and who answers for which stretch when."""

from typing import ClassVar

from django.conf import settings
from django.contrib.gis.db import models
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, DecimalRangeField, RangeOperators
from django.core.validators import RegexValidator
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from gridmgr.core.history import tracked
from gridmgr.core.layers.models import versioned
from grids import enums, triggers
from grids.models.roads import SRID, Road
from grids.querysets import (
    AssignmentQuerySet,
    BranchQuerySet,
    MemberAssignmentQuerySet,
    MemberQuerySet,
)


@tracked()
class Branch(models.Model):
    """A grid's party branch. `colour` is 0 to 6, given out so that neighbouring branches differ."""

    code = models.CharField(
        _("编号"),
        max_length=4,
        unique=True,
        validators=[RegexValidator(r"^\d{2,4}$", _("编号为 2 至 4 位数字,如 03。"))],
    )
    name = models.CharField(_("名称"), max_length=60, unique=True)
    name_en = models.CharField(_("英文名称"), max_length=80, blank=True)
    founded = models.DateField(_("成立日期"))
    area = models.MultiPolygonField(_("网格范围"), srid=SRID)
    colour = models.PositiveSmallIntegerField(_("图上颜色"), default=0)
    is_demo = models.BooleanField(_("演示数据"), default=False)

    objects: ClassVar = BranchQuerySet.as_manager()

    class Meta:
        verbose_name = _("网格支部")
        verbose_name_plural = pgettext_lazy("plural", "网格支部")
        ordering: ClassVar = ["code"]
        constraints: ClassVar = [
            models.CheckConstraint(name="branch_colour_known", condition=Q(colour__lte=6)),
            models.CheckConstraint(name="branch_area_valid", condition=Q(area__isvalid=True)),
        ]
        triggers: ClassVar = [versioned(), triggers.one_secretary("id")]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    def get_absolute_url(self) -> str:
        return reverse("branch", args=[self.code])


@tracked()
class Member(models.Model):
    """A party member of a branch. A branch has exactly one serving secretary at a time."""

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="members", verbose_name=_("支部"))
    name = models.CharField(_("姓名"), max_length=40)
    role = models.CharField(
        _("职务"), max_length=12, choices=enums.MemberRole.choices, default=enums.MemberRole.MEMBER
    )
    phone = models.CharField(
        _("电话"),
        max_length=20,
        blank=True,
        validators=[RegexValidator(r"^\+?[\d -]{5,19}$", _("电话只含数字、空格和短横线。"))],
    )
    joined_on = models.DateField(_("到岗日期"), null=True, blank=True)
    left_on = models.DateField(_("离岗日期"), null=True, blank=True)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="member",
        verbose_name=_("登录账号"),
    )
    is_demo = models.BooleanField(_("演示数据"), default=False)

    objects: ClassVar = MemberQuerySet.as_manager()

    class Meta:
        verbose_name = _("党员")
        verbose_name_plural = pgettext_lazy("plural", "党员")
        ordering: ClassVar = ["branch", "-role", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="member_one_secretary",
                fields=["branch"],
                condition=Q(role="secretary", left_on__isnull=True),
                violation_error_message=_("该支部已有在任书记,请先将其改任为党员。"),
            ),
            models.CheckConstraint(
                name="member_leaves_after_joining",
                condition=Q(left_on__isnull=True)
                | Q(joined_on__isnull=True)
                | Q(left_on__gte=F("joined_on")),
                violation_error_message=_("离岗日期不能早于到岗日期。"),
            ),
        ]
        triggers: ClassVar = [
            versioned(),
            triggers.one_secretary("branch_id"),
            triggers.member_keeps_branch(settings.TIME_ZONE),
        ]

    def __str__(self) -> str:
        return self.name


@tracked(valid="period")
class Assignment(models.Model):
    """A section: a branch answers for a road from metre a to metre b over a period."""

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="assignments", verbose_name=_("支部"))
    road = models.ForeignKey(Road, models.PROTECT, related_name="assignments", verbose_name=_("道路"))
    stretch = DecimalRangeField(_("里程(米)"))
    period = DateRangeField(_("期间"))
    note = models.CharField(_("备注"), max_length=200, blank=True)
    is_demo = models.BooleanField(_("演示数据"), default=False)

    objects: ClassVar = AssignmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("责任路段")
        verbose_name_plural = pgettext_lazy("plural", "责任路段")
        ordering: ClassVar = ["road__name", "stretch"]
        constraints: ClassVar = [
            ExclusionConstraint(
                name="section_one_branch",
                expressions=[
                    ("road", RangeOperators.EQUAL),
                    ("stretch", RangeOperators.OVERLAPS),
                    ("period", RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("这一路段在此期间已由其他支部包干。"),
            ),
            models.CheckConstraint(
                name="section_period_given",
                condition=Q(period__isempty=False, period__startswith__isnull=False),
            ),
        ]
        triggers: ClassVar = [versioned(), *triggers.stretch_on_road(), triggers.section_holds_shares()]

    def __str__(self) -> str:
        return f"{self.road} {self.stretch.lower:.0f}–{self.stretch.upper:.0f} m"

    def get_absolute_url(self) -> str:
        return reverse("section", args=[self.pk])


@tracked(valid="period")
class MemberAssignment(models.Model):
    """A member's stretch inside a section of their branch, over a period inside the section's."""

    assignment = models.ForeignKey(
        Assignment, models.PROTECT, related_name="shares", verbose_name=_("责任路段")
    )
    member = models.ForeignKey(Member, models.PROTECT, related_name="shares", verbose_name=_("党员"))
    stretch = DecimalRangeField(_("里程(米)"))
    period = DateRangeField(_("期间"))
    is_demo = models.BooleanField(_("演示数据"), default=False)

    objects: ClassVar = MemberAssignmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("党员责任段")
        verbose_name_plural = pgettext_lazy("plural", "党员责任段")
        ordering: ClassVar = ["assignment", "stretch"]
        constraints: ClassVar = [
            ExclusionConstraint(
                name="share_one_member",
                expressions=[
                    ("assignment", RangeOperators.EQUAL),
                    ("stretch", RangeOperators.OVERLAPS),
                    ("period", RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("这一段在此期间已由本支部其他党员负责。"),
            )
        ]
        triggers: ClassVar = [versioned(), triggers.share_within_section()]

    def __str__(self) -> str:
        return f"{self.member}: {self.assignment}"
