"""Choices of the road network and the grids."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class RoadClass(models.TextChoices):
    """A road's class, highest first. OpenStreetMap's tag is read by `grids.importers.ROAD_CLASSES`."""

    EXPRESSWAY = "expressway", _("快速路")
    ARTERIAL = "arterial", _("主干路")
    SECONDARY = "secondary", _("次干路")
    LOCAL = "local", _("支路")


class CarriagewayKind(models.TextChoices):
    """How a road's traffic runs, for its greater part."""

    TWO_WAY = "two_way", _("双向")
    ONE_WAY = "one_way", _("单行")
    DUAL = "dual", _("双幅(对向分隔)")


class WidthOrigin(models.TextChoices):
    """Where a width in metres comes from."""

    MEASURED = "measured", _("实测")
    LANES = "lanes", _("按车道数推算")
    CLASS_DEFAULT = "class_default", _("按道路等级默认")


class Oneway(models.TextChoices):
    """Which way traffic may go along the drawn direction."""

    NO = "no", _("双向")
    FORWARD = "yes", _("顺画线方向单行")
    BACKWARD = "-1", _("逆画线方向单行")


class Side(models.TextChoices):
    """A kerb of a road, looking along its reference line from metre 0."""

    LEFT = "left", _("左侧")
    RIGHT = "right", _("右侧")


class MemberRole(models.TextChoices):
    SECRETARY = "secretary", _("支部书记")
    MEMBER = "member", _("党员")


class BackdropKind(models.TextChoices):
    """What the basemap shows behind everything else."""

    WATER = "water", _("水域")
    PARK = "park", _("公园绿地")
    MARKET = "market", _("市场商场")


class FacilityKind(models.TextChoices):
    """What placement rules measure to, besides school gates (parking.SchoolGate)."""

    JUNCTION = "junction", _("路口")
    CROSSING = "crossing", _("人行横道")
    BUS_STOP = "bus_stop", _("公交站")
    HYDRANT = "hydrant", _("消防栓")
    FIRE_STATION = "fire_station", _("消防站")
    FUEL_STATION = "fuel_station", _("加油站")
    FIRE_LANE = "fire_lane", _("消防通道")
    NO_VENDING = "no_vending", _("禁摆区域")
    FOOTWAY = "footway", _("人行道")
