"""Mobile vendors who were guided to a site, and the pitches kept for them."""

from typing import ClassVar

from django.conf import settings
from django.contrib.gis.db import models
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from gridmgr.core.history import tracked
from gridmgr.core.layers.models import versioned
from grids.models import SRID, Branch
from vendors import enums, triggers
from vendors.models.people import Vendor
from vendors.models.sites import Pitch, Site


@tracked()
class Guidance(models.Model):
    """A mobile vendor who was met on the street was told the rules and pointed to a site with a free pitch."""

    officer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("队员")
    )
    branch = models.ForeignKey(
        Branch, models.PROTECT, null=True, blank=True, related_name="guidances", verbose_name=_("支部")
    )
    at = models.DateTimeField(_("时间"), default=timezone.now)
    location = models.PointField(_("地点"), srid=SRID)
    goods = models.CharField(_("经营品种"), max_length=80, blank=True)
    vendor = models.ForeignKey(
        Vendor, models.PROTECT, null=True, blank=True, related_name="guidances", verbose_name=_("商贩")
    )
    first_time = models.BooleanField(_("首次"), default=True)
    site = models.ForeignKey(
        Site, models.PROTECT, null=True, blank=True, related_name="guidances", verbose_name=_("疏导至")
    )
    walk_m = models.FloatField(_("步行距离(米)"), null=True, blank=True)
    outcome = models.CharField(
        _("结果"), max_length=12, choices=enums.Outcome.choices, default=enums.Outcome.PENDING
    )
    outcome_at = models.DateTimeField(_("回访时间"), null=True, blank=True)
    note = models.CharField(_("备注"), max_length=200, blank=True)
    slip = models.CharField(_("凭条号"), max_length=28, unique=True)
    is_demo = models.BooleanField(_("演示数据"), default=False)

    class Meta:
        verbose_name = _("疏导记录")
        verbose_name_plural = pgettext_lazy("plural", "疏导记录")
        ordering: ClassVar = ["-at", "-pk"]
        indexes: ClassVar = [models.Index(fields=["branch", "at"]), models.Index(fields=["officer", "at"])]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="guidance_outcome_dated",
                condition=Q(outcome="pending", outcome_at__isnull=True)
                | ~Q(outcome="pending") & Q(outcome_at__isnull=False),
            )
        ]
        triggers: ClassVar = [versioned()]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} → {self.site or '—'}"


@tracked()
class PitchHold(models.Model):
    """A pitch is kept free for a guided vendor for a while; it lapses by itself when `during` is over."""

    pitch = models.ForeignKey(Pitch, models.PROTECT, related_name="holds", verbose_name=_("摊位"))
    during = DateTimeRangeField(_("保留时段"))
    vendor = models.ForeignKey(
        Vendor, models.PROTECT, null=True, blank=True, related_name="holds", verbose_name=_("商贩")
    )
    guidance = models.OneToOneField(
        Guidance, models.PROTECT, null=True, blank=True, related_name="hold", verbose_name=_("疏导记录")
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("经手人")
    )

    class Meta:
        verbose_name = _("摊位保留")
        verbose_name_plural = pgettext_lazy("plural", "摊位保留")
        ordering: ClassVar = ["pitch", "during"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="hold_ends",
                condition=Q(
                    during__isempty=False, during__startswith__isnull=False, during__endswith__isnull=False
                ),
            ),
            ExclusionConstraint(
                name="hold_one_per_pitch",
                expressions=[("pitch", RangeOperators.EQUAL), ("during", RangeOperators.OVERLAPS)],
                violation_error_message=_("这个摊位正为他人保留。"),
            ),
        ]
        triggers: ClassVar = [versioned(), triggers.hold_on_free_pitch(settings.TIME_ZONE)]

    def __str__(self) -> str:
        return f"{self.pitch} {self.during.lower:%H:%M}–{self.during.upper:%H:%M}"
