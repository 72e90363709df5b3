"""Sites (stall sites and fruit markets) and their pitches."""

from typing import ClassVar

from django.conf import settings
from django.contrib.gis.db import models
from django.contrib.postgres.fields import ArrayField, DateRangeField
from django.core.validators import RegexValidator
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from gridmgr.core.history import tracked
from gridmgr.core.layers.models import versioned
from grids.models import SRID, OnRoad
from vendors import enums, triggers
from vendors.querysets import PitchQuerySet, SiteQuerySet


@tracked(keys_of={"shapers": settings.AUTH_USER_MODEL})
class Site(OnRoad):
    """A place with pitches for vendors: a stall site, or a fruit market, which has a season.

    `capacity` is how many vendors it may hold. Daily hours may run across midnight.
    """

    code = models.CharField(
        _("编号"),
        max_length=16,
        unique=True,
        validators=[RegexValidator(r"^[A-Z0-9-]+$", _("编号由大写字母、数字和短横线组成。"))],
    )
    name = models.CharField(_("名称"), max_length=80)
    name_en = models.CharField(_("英文名称"), max_length=120, blank=True)
    kind = models.CharField(_("类别"), max_length=8, choices=enums.SiteKind.choices)
    state = models.CharField(
        _("状态"), max_length=12, choices=enums.SiteState.choices, default=enums.SiteState.PROPOSED
    )
    area = models.PolygonField(_("范围"), srid=SRID)
    capacity = models.PositiveSmallIntegerField(_("可容纳商贩"))
    season = DateRangeField(_("季节"), null=True, blank=True)
    opens = models.TimeField(_("每日开始"))
    closes = models.TimeField(_("每日结束"))
    sign_board = models.BooleanField(_("标示牌"), default=False)
    bins = models.PositiveSmallIntegerField(_("垃圾容器"), default=0)
    version = models.PositiveIntegerField(_("版本"), default=1, editable=False)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("提出人"),
    )
    # Everybody who shaped the proposal, as the database's trigger keeps them (vendors.triggers): keys of users.
    shapers = ArrayField(
        models.BigIntegerField(), verbose_name=_("参与人"), default=list, blank=True, editable=False
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("批准人"),
    )
    approved_at = models.DateTimeField(_("批准时间"), null=True, blank=True, editable=False)
    returned_for = models.CharField(_("退回的理由"), max_length=400, blank=True, default="", editable=False)

    objects: ClassVar = SiteQuerySet.as_manager()

    class Meta(OnRoad.Meta):
        verbose_name = _("摊点")
        verbose_name_plural = pgettext_lazy("plural", "摊点")
        ordering: ClassVar = ["code"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="site_capacity_positive",
                condition=Q(capacity__gte=1),
                violation_error_message=_("可容纳商贩至少为 1。"),
            ),
            models.CheckConstraint(
                name="site_area_valid",
                condition=Q(area__isvalid=True),
                violation_error_message=_("范围不是有效的多边形(自相交或为空)。"),
            ),
            models.CheckConstraint(
                name="site_season_of_market",
                condition=Q(kind="market", season__isnull=False, season__isempty=False)
                | Q(kind="stall", season__isnull=True),
                violation_error_message=_("临时瓜果市场须填写季节,便民摊点不填季节。"),
            ),
            models.CheckConstraint(
                name="site_hours_differ",
                condition=~Q(opens=F("closes")),
                violation_error_message=_("每日开始和结束时间不能相同。"),
            ),
            models.CheckConstraint(
                name="site_open_with_board_and_bins",
                condition=~Q(state="open") | Q(sign_board=True, bins__gte=1),
                violation_error_message=_("开放前须设置标示牌和垃圾容器。"),
            ),
            models.CheckConstraint(
                name="site_state_known",
                condition=Q(state__in=enums.SiteState.values),
                violation_error_message=_("没有这种状态。"),
            ),
            models.CheckConstraint(
                name="site_approval_on_record",
                condition=~Q(state__in=triggers.APPROVED)
                | Q(proposed_by__isnull=False, approved_by__isnull=False, approved_at__isnull=False),
                violation_error_message=_(
                    "已批准、开放或暂停的摊点须记有提出人、批准人和批准时间。请由一人提出、另一人在规划页批准。"
                ),
            ),
            models.CheckConstraint(
                name="site_not_approved_yet",
                condition=~Q(state__in=["proposed", "returned"])
                | Q(approved_by__isnull=True, approved_at__isnull=True),
                violation_error_message=_("拟设或已退回的摊点还没有批准人和批准时间。"),
            ),
            models.CheckConstraint(
                name="site_returned_with_reason",
                condition=~Q(state="returned") | ~Q(returned_for=""),
                violation_error_message=_("退回须写明理由。"),
            ),
            models.CheckConstraint(
                name="site_approved_by_another",
                condition=Q(approved_by__isnull=True)
                | Q(proposed_by__isnull=True)
                | ~Q(approved_by=F("proposed_by")),
                violation_error_message=_("提出人和改过方案的人不能批准这个摊点。"),
            ),
        ]
        triggers: ClassVar = [
            *OnRoad.Meta.triggers,
            triggers.version_counts(),
            triggers.step_by_step(),
            triggers.planner_is_proposer(),
            triggers.site_holds_pitches(),
            triggers.season_holds_allocations(settings.TIME_ZONE),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("site", args=[self.code])


@tracked()
class Pitch(models.Model):
    """One vendor's place in a site: a numbered rectangle."""

    site = models.ForeignKey(Site, models.PROTECT, related_name="pitches", verbose_name=_("摊点"))
    number = models.CharField(_("摊位号"), max_length=8)
    area = models.PolygonField(_("范围"), srid=SRID)
    is_demo = models.BooleanField(_("演示数据"), default=False)

    objects: ClassVar = PitchQuerySet.as_manager()

    class Meta:
        verbose_name = _("摊位")
        verbose_name_plural = pgettext_lazy("plural", "摊位")
        ordering: ClassVar = ["site", "number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["site", "number"], name="pitch_number_once"),
            models.CheckConstraint(name="pitch_area_valid", condition=Q(area__isvalid=True)),
        ]
        triggers: ClassVar = [versioned(), triggers.pitches_apart(), triggers.pitch_within_site()]

    def __str__(self) -> str:
        return f"{self.site.code}/{self.number}"

    def get_absolute_url(self) -> str:
        return reverse("pitch", args=[self.pk])
