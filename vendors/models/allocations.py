"""Who holds which pitch when, and who waits for one."""

from typing import ClassVar

from django.conf import settings
from django.contrib.gis.db import models
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from gridmgr.core.history import tracked
from gridmgr.core.layers.models import versioned
from vendors import triggers
from vendors.models.people import Vendor
from vendors.models.sites import Pitch, Site
from vendors.querysets import AllocationQuerySet


@tracked(valid="period")
class Allocation(models.Model):
    """A vendor holds a pitch over a period: one vendor to a pitch and one pitch to a vendor at a time."""

    pitch = models.ForeignKey(Pitch, models.PROTECT, related_name="allocations", verbose_name=_("摊位"))
    vendor = models.ForeignKey(Vendor, models.PROTECT, related_name="allocations", verbose_name=_("商贩"))
    period = DateRangeField(_("期间"))
    is_demo = models.BooleanField(_("演示数据"), default=False)

    objects: ClassVar = AllocationQuerySet.as_manager()

    class Meta:
        verbose_name = _("摊位分配")
        verbose_name_plural = pgettext_lazy("plural", "摊位分配")
        ordering: ClassVar = ["pitch", "period"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="allocation_period_given",
                condition=Q(period__isempty=False, period__startswith__isnull=False),
            ),
            ExclusionConstraint(
                name="allocation_one_vendor_per_pitch",
                expressions=[("pitch", RangeOperators.EQUAL), ("period", RangeOperators.OVERLAPS)],
                violation_error_message=_("这个摊位在此期间已分配给其他商贩。"),
            ),
            ExclusionConstraint(
                name="allocation_one_pitch_per_vendor",
                expressions=[("vendor", RangeOperators.EQUAL), ("period", RangeOperators.OVERLAPS)],
                violation_error_message=_("该商贩在此期间已有其他摊位。"),
            ),
        ]
        triggers: ClassVar = [
            versioned(),
            triggers.allocation_locks_pitch(settings.TIME_ZONE),
            triggers.within_season(),
        ]

    def __str__(self) -> str:
        return f"{self.pitch} → {self.vendor}"


@tracked()
class WaitingEntry(models.Model):
    """A vendor waits for a pitch in a site; first come, first served."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="waiting", verbose_name=_("摊点"))
    vendor = models.ForeignKey(Vendor, models.CASCADE, related_name="waiting", verbose_name=_("商贩"))
    since = models.DateTimeField(_("登记时间"), default=timezone.now)
    note = models.CharField(_("备注"), max_length=200, blank=True)
    left_at = models.DateTimeField(_("离队时间"), null=True, blank=True)

    class Meta:
        verbose_name = _("候补登记")
        verbose_name_plural = pgettext_lazy("plural", "候补登记")
        ordering: ClassVar = ["site", "since", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="waiting_once",
                fields=["site", "vendor"],
                condition=Q(left_at__isnull=True),
                violation_error_message=_("该商贩已在此摊点候补。"),
            )
        ]
        triggers: ClassVar = [versioned()]

    def __str__(self) -> str:
        return f"{self.site} ← {self.vendor}"
