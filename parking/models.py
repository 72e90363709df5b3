"""Schools with their gates, Panda lanes and drop-off points, and on-street bays, each on a road with its measures."""

from typing import ClassVar

from django.contrib.gis.db import models
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from gridmgr.core.geo.functions import KerbBox
from gridmgr.core.history import tracked
from gridmgr.core.layers.models import versioned
from grids.models import SRID, OnRoad
from parking import enums
from parking.querysets import BayQuerySet, DropOffPointQuerySet, SchoolQuerySet


@tracked()
class School(models.Model):
    """A school, kindergarten or college with its grounds."""

    source_id = models.CharField(_("来源编号"), max_length=80, unique=True, null=True, blank=True)
    name = models.CharField(_("名称"), max_length=120)
    kind = models.CharField(_("类别"), max_length=16, choices=enums.SchoolKind.choices)
    area = models.MultiPolygonField(_("校园范围"), srid=SRID)
    source = models.CharField(_("数据来源"), max_length=200, blank=True)
    is_demo = models.BooleanField(_("演示数据"), default=False)

    objects: ClassVar = SchoolQuerySet.as_manager()

    class Meta:
        verbose_name = _("学校")
        verbose_name_plural = pgettext_lazy("plural", "学校")
        ordering: ClassVar = ["name", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(name="school_area_valid", condition=Q(area__isvalid=True)),
        ]
        triggers: ClassVar = [versioned()]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("school", args=[self.pk])


@tracked()
class SchoolGate(models.Model):
    """A gate of a school: what placement rules measure to."""

    school = models.ForeignKey(School, models.CASCADE, related_name="gates", verbose_name=_("学校"))
    name = models.CharField(_("名称"), max_length=40)
    location = models.PointField(_("位置"), srid=SRID)
    is_demo = models.BooleanField(_("演示数据"), default=False)

    class Meta:
        verbose_name = _("校门")
        verbose_name_plural = pgettext_lazy("plural", "校门")
        ordering: ClassVar = ["school", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["school", "name"], name="school_gate_name_once")
        ]
        triggers: ClassVar = [versioned()]

    def __str__(self) -> str:
        return f"{self.school} {self.name}"


@tracked()
class PandaLane(OnRoad):
    """A "Panda" lane: the marked lane at a school beside which drop-off points stand."""

    school = models.ForeignKey(School, models.PROTECT, related_name="panda_lanes", verbose_name=_("学校"))
    line = models.LineStringField(_("线形"), srid=SRID)

    class Meta(OnRoad.Meta):
        verbose_name = _("“熊猫”通道")
        verbose_name_plural = pgettext_lazy("plural", "“熊猫”通道")
        ordering: ClassVar = ["school__name", "pk"]
        constraints: ClassVar = [
            ExclusionConstraint(
                name="panda_lane_kerb_once",
                expressions=[
                    ("road", RangeOperators.EQUAL),
                    ("side", RangeOperators.EQUAL),
                    ("stretch", RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("同侧路缘的这一段已有“熊猫”通道。"),
            )
        ]

    def __str__(self) -> str:
        return str(_("%(school)s“熊猫”通道") % {"school": self.school})

    def get_absolute_url(self) -> str:
        return reverse("panda-lane", args=[self.pk])


@tracked()
class DropOffPoint(OnRoad):
    """Where children are let out and picked up, in fixed hours on school days."""

    code = models.CharField(_("编号"), max_length=16, unique=True)
    school = models.ForeignKey(
        School, models.PROTECT, related_name="drop_off_points", verbose_name=_("服务学校")
    )
    gate = models.ForeignKey(SchoolGate, models.PROTECT, null=True, blank=True, verbose_name=_("服务校门"))
    capacity = models.PositiveSmallIntegerField(_("可停车位"))
    area = models.PolygonField(_("范围"), srid=SRID)

    objects: ClassVar = DropOffPointQuerySet.as_manager()

    class Meta(OnRoad.Meta):
        verbose_name = _("上下学接送点")
        verbose_name_plural = pgettext_lazy("plural", "上下学接送点")
        ordering: ClassVar = ["code"]
        constraints: ClassVar = [
            models.CheckConstraint(name="drop_off_capacity_positive", condition=Q(capacity__gte=1)),
            models.CheckConstraint(name="drop_off_area_valid", condition=Q(area__isvalid=True)),
            ExclusionConstraint(
                name="drop_off_kerb_once",
                expressions=[
                    ("road", RangeOperators.EQUAL),
                    ("side", RangeOperators.EQUAL),
                    ("stretch", RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("同侧路缘的这一段已有接送点。"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.school}"

    def get_absolute_url(self) -> str:
        return reverse("drop-off-point", args=[self.code])


@tracked()
class DropOffHours(models.Model):
    """One time window of a drop-off point on school days."""

    point = models.ForeignKey(DropOffPoint, models.CASCADE, related_name="hours", verbose_name=_("接送点"))
    opens = models.TimeField(_("开始"))
    closes = models.TimeField(_("结束"))

    class Meta:
        verbose_name = _("开放时段")
        verbose_name_plural = pgettext_lazy("plural", "开放时段")
        ordering: ClassVar = ["point", "opens"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="drop_off_opens_before_closing",
                condition=Q(closes__gt=F("opens")),
                violation_error_message=_("结束时间必须晚于开始时间。"),
            ),
            models.UniqueConstraint(fields=["point", "opens"], name="drop_off_window_once"),
        ]
        triggers: ClassVar = [versioned()]

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}–{self.closes:%H:%M}"


@tracked(told=False)
class CalendarDay(models.Model):
    """A day that differs from the week's rule: a holiday, or a weekend on which school is held."""

    day = models.DateField(_("日期"), primary_key=True)
    is_school_day = models.BooleanField(_("上学日"))
    note = models.CharField(_("说明"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("校历例外日")
        verbose_name_plural = pgettext_lazy("plural", "校历例外日")
        ordering: ClassVar = ["day"]

    def __str__(self) -> str:
        return f"{self.day} {self.note}"


@tracked()
class Bay(OnRoad):
    """One on-street parking space with its number. `hours` empty means all day."""

    number = models.CharField(_("编号"), max_length=20)
    kind = models.CharField(
        _("类型"), max_length=12, choices=enums.BayKind.choices, default=enums.BayKind.SMALL
    )
    state = models.CharField(
        _("状态"), max_length=12, choices=enums.BayState.choices, default=enums.BayState.IN_USE
    )
    opens = models.TimeField(_("每日开始"), null=True, blank=True)
    closes = models.TimeField(_("每日结束"), null=True, blank=True)
    area = models.PolygonField(_("范围"), srid=SRID)

    objects: ClassVar = BayQuerySet.as_manager()

    class Meta(OnRoad.Meta):
        verbose_name = _("停车泊位")
        verbose_name_plural = pgettext_lazy("plural", "停车泊位")
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["number"], name="bay_number_once", violation_error_message=_("已有这个编号的泊位。")
            ),
            models.CheckConstraint(name="bay_area_valid", condition=Q(area__isvalid=True)),
            models.CheckConstraint(
                name="bay_hours_whole",
                condition=Q(opens__isnull=True, closes__isnull=True)
                | Q(opens__isnull=False, closes__isnull=False) & ~Q(opens=F("closes")),
                violation_error_message=_("开始和结束时间须同时填写且不相同;全天开放则都留空。"),
            ),
            ExclusionConstraint(
                name="bay_kerb_once",
                expressions=[(KerbBox("road", "side", "stretch"), RangeOperators.OVERLAPS)],
                condition=~Q(state="removed"),
                violation_error_message=_("同侧路缘的这一段已有泊位。"),
            ),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("bay", args=[self.number])
