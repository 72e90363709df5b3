"""Roads: their reference lines, drawn ways, kerbs and crossings, and what stands beside them."""

from typing import ClassVar

from django.conf import settings
from django.contrib.gis.db import models
from django.contrib.gis.db.models.functions import NumPoints
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DecimalRangeField, RangeOperators
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from gridmgr.core.geo.functions import LengthInMetres
from gridmgr.core.history import tracked
from gridmgr.core.layers.models import versioned
from grids import enums, triggers
from grids.querysets import (
    OnRoadQuerySet,
    RoadQuerySet,
)

SRID = settings.GRIDMGR_SRID


@tracked(exclude=["length_m"])
class Road(models.Model):
    """A named road: one reference line from which metres are counted, whatever ways it is drawn with."""

    name = models.CharField(_("名称"), max_length=120, unique=True)
    name_en = models.CharField(_("英文名称"), max_length=160, blank=True)
    road_class = models.CharField(_("等级"), max_length=16, choices=enums.RoadClass.choices)
    carriageway_kind = models.CharField(_("车行道形式"), max_length=16, choices=enums.CarriagewayKind.choices)
    width_m = models.FloatField(_("车行道宽度(米)"))
    width_origin = models.CharField(_("宽度来源"), max_length=16, choices=enums.WidthOrigin.choices)
    reference_line = models.LineStringField(_("参考线"), srid=SRID)
    length_m = models.GeneratedField(
        expression=LengthInMetres("reference_line"),
        output_field=models.FloatField(),
        db_persist=True,
        verbose_name=_("长度(米)"),
    )
    covered_share = models.FloatField(_("道路覆盖率"))
    beside_itself_m = models.FloatField(_("自身并行长度(米)"), default=0)
    ways_used = models.PositiveIntegerField(_("采用的路线数"))
    ways_left_out = models.JSONField(_("未采用的路线"), default=list, blank=True)
    source = models.CharField(_("数据来源"), max_length=200, blank=True)

    objects: ClassVar = RoadQuerySet.as_manager()

    class Meta:
        verbose_name = _("道路")
        verbose_name_plural = pgettext_lazy("plural", "道路")
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.CheckConstraint(name="road_width_positive", condition=Q(width_m__gt=0, width_m__lt=200)),
            models.CheckConstraint(name="road_name_not_blank", condition=~Q(name="")),
        ]
        indexes: ClassVar = [models.Index(fields=["road_class", "name"])]
        triggers: ClassVar = [versioned()]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("road", args=[self.pk])


class RoadGap(models.Model):
    """A stretch of a reference line on which no way lies: the line jumps straight over a break in the road."""

    road = models.ForeignKey(Road, models.CASCADE, related_name="gaps", verbose_name=_("道路"))
    stretch = DecimalRangeField(_("里程(米)"))

    class Meta:
        verbose_name = _("断档")
        verbose_name_plural = pgettext_lazy("plural", "断档")
        constraints: ClassVar = [
            ExclusionConstraint(
                name="road_gap_once",
                expressions=[("road", RangeOperators.EQUAL), ("stretch", RangeOperators.OVERLAPS)],
            )
        ]
        triggers: ClassVar = triggers.stretch_on_road()

    def __str__(self) -> str:
        return f"{self.road} {self.stretch}"


class Carriageway(models.Model):
    """A drawn way, as its source has it: of a named road, or unnamed and only part of the basemap."""

    source_id = models.CharField(_("来源编号"), max_length=80, unique=True)
    road = models.ForeignKey(
        Road, models.CASCADE, null=True, related_name="carriageways", verbose_name=_("道路")
    )
    osm_id = models.BigIntegerField(_("OSM 编号"), null=True, blank=True)
    name = models.CharField(_("名称"), max_length=120, blank=True)
    highway = models.CharField(_("来源等级"), max_length=40)
    is_link = models.BooleanField(_("匝道"), default=False)
    oneway = models.CharField(_("单行"), max_length=4, choices=enums.Oneway.choices, default=enums.Oneway.NO)
    lanes = models.PositiveSmallIntegerField(_("车道数"), null=True, blank=True)
    width_m = models.FloatField(_("宽度(米)"))
    width_origin = models.CharField(_("宽度来源"), max_length=16, choices=enums.WidthOrigin.choices)
    bridge = models.BooleanField(_("桥梁"), default=False)
    tunnel = models.BooleanField(_("隧道"), default=False)
    level = models.SmallIntegerField(_("层"), default=0)
    level_known = models.BooleanField(
        _("层级已知"),
        default=True,
        help_text=_("数据来源是否说明桥梁、隧道或层;没有说明的按地面处理,请现场确认。"),
    )
    line = models.LineStringField(_("线形"), srid=SRID)

    class Meta:
        verbose_name = _("车行道")
        verbose_name_plural = pgettext_lazy("plural", "车行道")
        constraints: ClassVar = [
            models.CheckConstraint(
                name="carriageway_width_positive", condition=Q(width_m__gt=0, width_m__lt=200)
            ),
        ]
        # The second says at once how wide the widest is: how far beyond its line a way may matter.
        indexes: ClassVar = [models.Index(fields=["highway"]), models.Index(fields=["width_m"])]
        triggers: ClassVar = [versioned()]

    def __str__(self) -> str:
        return f"{self.name or self.highway} {self.source_id}"


class Kerb(models.Model):
    """One unbroken run of a road's kerb: the outer edge of its outermost carriageway on one side.

    `measures[i]` is the metre along the road's reference line that lies abreast of the line's i-th vertex.
    """

    road = models.ForeignKey(Road, models.CASCADE, related_name="kerbs", verbose_name=_("道路"))
    side = models.CharField(_("侧"), max_length=8, choices=enums.Side.choices)
    line = models.LineStringField(_("线形"), srid=SRID)
    measures = ArrayField(models.FloatField(), verbose_name=_("里程(米)"))

    class Meta:
        verbose_name = _("路缘")
        verbose_name_plural = pgettext_lazy("plural", "路缘")
        constraints: ClassVar = [
            models.CheckConstraint(
                name="kerb_measure_per_vertex",
                condition=Q(measures__len=NumPoints("line")),
            ),
        ]
        triggers: ClassVar = [versioned()]

    def __str__(self) -> str:
        return f"{self.road} {self.get_side_display()}"


class Crossing(models.Model):
    """Where one named road meets another: the landmark by which people name the ends of a stretch."""

    road = models.ForeignKey(Road, models.CASCADE, related_name="crossings", verbose_name=_("道路"))
    other = models.ForeignKey(Road, models.CASCADE, related_name="+", verbose_name=_("相交道路"))
    at_m = models.FloatField(_("里程(米)"))

    class Meta:
        verbose_name = _("交叉口")
        verbose_name_plural = pgettext_lazy("plural", "交叉口")
        ordering: ClassVar = ["road", "at_m"]
        indexes: ClassVar = [models.Index(fields=["road", "at_m"])]
        constraints: ClassVar = [
            models.CheckConstraint(name="crossing_of_two_roads", condition=~Q(road=F("other")))
        ]

    def __str__(self) -> str:
        return f"{self.road} × {self.other}"


class Backdrop(models.Model):
    """Water, parks and markets that the basemap shows behind everything else."""

    source_id = models.CharField(_("来源编号"), max_length=80, unique=True)
    kind = models.CharField(_("类别"), max_length=16, choices=enums.BackdropKind.choices)
    name = models.CharField(_("名称"), max_length=120, blank=True)
    area = models.MultiPolygonField(_("范围"), srid=SRID)
    source = models.CharField(_("数据来源"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("底图要素")
        verbose_name_plural = pgettext_lazy("plural", "底图要素")
        triggers: ClassVar = [versioned()]

    def __str__(self) -> str:
        return self.name or self.get_kind_display()


@tracked()
class Facility(models.Model):
    """Something placement rules measure to: a junction, a bus stop, a hydrant, a footway with its width, …

    Junctions and crossings are derived from the road network; the rest is imported, or simulated for the demo.
    """

    source_id = models.CharField(_("来源编号"), max_length=80)
    kind = models.CharField(_("类别"), max_length=16, choices=enums.FacilityKind.choices)
    name = models.CharField(_("名称"), max_length=120, blank=True)
    shape = models.GeometryField(_("位置"), srid=SRID)
    width_m = models.FloatField(_("宽度(米)"), null=True, blank=True)
    source = models.CharField(_("数据来源"), max_length=200, blank=True)
    is_demo = models.BooleanField(_("演示数据"), default=False)

    class Meta:
        verbose_name = _("设施")
        verbose_name_plural = pgettext_lazy("plural", "设施")
        ordering: ClassVar = ["kind", "name", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source_id"],
                name="facility_source_once",
                violation_error_message=_("已有这个来源编号的设施。"),
            ),
            models.CheckConstraint(name="facility_shape_valid", condition=Q(shape__isvalid=True)),
            models.CheckConstraint(
                name="facility_width_positive",
                condition=Q(width_m__isnull=True) | Q(width_m__gt=0, width_m__lt=100),
            ),
        ]
        triggers: ClassVar = [versioned()]

    def __str__(self) -> str:
        return self.name or self.get_kind_display()


class OnRoad(models.Model):
    """What stands on a road: at which kerb, from which metre to which."""

    road = models.ForeignKey(Road, models.PROTECT, related_name="%(class)ss", verbose_name=_("道路"))
    side = models.CharField(_("侧"), max_length=8, choices=enums.Side.choices)
    stretch = DecimalRangeField(_("里程(米)"))
    is_demo = models.BooleanField(_("演示数据"), default=False)

    objects: ClassVar = OnRoadQuerySet.as_manager()

    class Meta:
        abstract = True
        triggers: ClassVar = [versioned(), *triggers.stretch_on_road()]

    @property
    def middle_m(self) -> float:
        """The metre of the road abreast of the middle of the thing."""
        return (float(self.stretch.lower) + float(self.stretch.upper)) / 2
