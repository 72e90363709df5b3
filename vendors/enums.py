"""Choices of sites and what stands on them."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class SiteKind(models.TextChoices):
    STALL = "stall", _("便民摊点")
    MARKET = "market", _("临时瓜果市场")


class SiteState(models.TextChoices):
    """A site's way from proposal to closing; vendors.triggers.STEPS are the steps that the database allows."""

    PROPOSED = "proposed", _("拟设")
    RETURNED = "returned", _("已退回")
    APPROVED = "approved", _("已批准")
    OPEN = "open", _("开放")
    SUSPENDED = "suspended", _("暂停")
    CLOSED = "closed", _("关闭")


class AppliesTo(models.TextChoices):
    """What a placement rule speaks of; PITCH means each pitch of a stall site."""

    SITE = "site", _("便民摊点和瓜果市场")
    STALL = "stall", _("便民摊点")
    MARKET = "market", _("临时瓜果市场")
    PITCH = "pitch", _("便民摊点的摊位")


class Check(models.TextChoices):
    """What a placement rule asks of a place."""

    DISTANCE = "distance", _("距离不少于(米)")
    OFF = "off", _("不得占用")
    CLEAR_WIDTH = "clear_width", _("留出净宽不少于(米)")
    AREA_MAX = "area_max", _("面积不大于(平方米)")
    EQUIPPED = "equipped", _("设施齐备")
    FREE_KERB = "free_kerb", _("不与其他占用重叠")


class Target(models.TextChoices):
    """What a placement rule measures to."""

    SCHOOL_GATE = "school_gate", _("学校校门")
    JUNCTION = "junction", _("路口")
    CROSSING = "crossing", _("人行横道")
    BUS_STOP = "bus_stop", _("公交站")
    HYDRANT = "hydrant", _("消防栓")
    FIRE_STATION = "fire_station", _("消防站")
    FUEL_STATION = "fuel_station", _("加油站")
    FIRE_LANE = "fire_lane", _("消防通道")
    NO_VENDING = "no_vending", _("禁摆区域")
    CARRIAGEWAY = "carriageway", _("主次干路车行道")
    ROADWAY = "roadway", _("车行道(含匝道和无名道路)")
    STRUCTURE = "structure", _("桥梁、隧道")
    FOOTWAY = "footway", _("人行道")
    KERB_USE = "kerb_use", _("其他路缘占用")
    ITSELF = "itself", _("自身")


class Severity(models.TextChoices):
    HARD = "hard", _("禁止")
    ADVISORY = "advisory", _("建议")


class CheckResult(models.TextChoices):
    """What the last check of all places said of a site, the worst first."""

    HARD = "hard", _("违反禁止性规则")
    OVERRIDDEN = "overridden", _("违反禁止性规则,已批准例外")
    ADVISORY = "advisory", _("不合建议")
    GOOD = "good", _("符合规则")
    UNRULED = "unruled", _("未设置规则,无法判断")


class Outcome(models.TextChoices):
    """What came of a guidance."""

    PENDING = "pending", _("待跟进")
    CAME = "came", _("已入点")
    REFUSED = "refused", _("拒绝")
    MOVED_ON = "moved_on", _("自行离开")
