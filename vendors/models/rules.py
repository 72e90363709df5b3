"""Placement rules, exceptions from them, and what the last check said."""

from typing import ClassVar

from django.conf import settings
from django.contrib.gis.db import models
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from gridmgr.core.history import tracked
from gridmgr.core.layers.models import versioned
from vendors import enums
from vendors.models.sites import Site


@tracked(given=True)
class RuleProfile(models.Model):
    """A city's set of placement rules; one is in use."""

    name = models.CharField(_("名称"), max_length=80, unique=True)
    in_use = models.BooleanField(_("使用中"), default=False)
    is_demo = models.BooleanField(_("演示数据"), default=False)

    class Meta:
        verbose_name = _("规则集")
        verbose_name_plural = pgettext_lazy("plural", "规则集")
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="rule_profile_one_in_use",
                fields=["in_use"],
                condition=Q(in_use=True),
                violation_error_message=_("已有使用中的规则集,请先停用它。"),
            )
        ]
        triggers: ClassVar = [versioned()]

    def __str__(self) -> str:
        return self.name


@tracked(valid="valid", given=True)
class PlacementRule(models.Model):
    """What a place must keep clear of, or be: a figure with its source clause, valid over a period.

    `amount` is metres for distances and widths, square metres for areas; empty where the check needs no figure.
    `is_default`: it came with the product; it holds, but bears a mark until somebody of the city confirms or edits it.
    """

    profile = models.ForeignKey(RuleProfile, models.CASCADE, related_name="rules", verbose_name=_("规则集"))
    code = models.SlugField(_("代码"), max_length=40)
    applies_to = models.CharField(_("适用于"), max_length=8, choices=enums.AppliesTo.choices)
    check_kind = models.CharField(_("要求"), max_length=12, choices=enums.Check.choices)
    target = models.CharField(_("对象"), max_length=16, choices=enums.Target.choices)
    amount = models.FloatField(_("数值"), null=True, blank=True)
    severity = models.CharField(_("性质"), max_length=10, choices=enums.Severity.choices)
    clause = models.CharField(_("依据"), max_length=200)
    clause_en = models.CharField(_("依据(英文)"), max_length=200, blank=True)
    valid = DateRangeField(_("有效期"))
    is_default = models.BooleanField(_("默认值"), default=False, editable=False)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("确认人"),
    )
    confirmed_at = models.DateTimeField(_("确认时间"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("设置规则")
        verbose_name_plural = pgettext_lazy("plural", "设置规则")
        ordering: ClassVar = ["profile", "applies_to", "code", "valid"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="rule_amount_by_check",
                condition=Q(
                    check_kind__in=["distance", "clear_width", "area_max"],
                    amount__isnull=False,
                    amount__gt=0,
                    amount__lt=10000,
                )
                | Q(check_kind__in=["off", "equipped", "free_kerb"], amount__isnull=True),
                violation_error_message=_("距离、净宽和面积须填大于 0 的数值;其他要求不填数值。"),
            ),
            models.CheckConstraint(
                name="rule_target_by_check",
                condition=Q(check_kind__in=["distance", "off"])
                & ~Q(target__in=["footway", "kerb_use", "itself"])
                | Q(check_kind="clear_width", target="footway")
                | Q(check_kind__in=["area_max", "equipped"], target="itself")
                | Q(check_kind="free_kerb", target="kerb_use"),
                violation_error_message=_(
                    "这种要求不能用于这个对象:净宽对人行道,面积和设施对自身,占用对其他路缘占用。"
                ),
            ),
            models.CheckConstraint(name="rule_valid_given", condition=Q(valid__isempty=False)),
            ExclusionConstraint(
                name="rule_code_once_at_a_time",
                expressions=[
                    ("profile", RangeOperators.EQUAL),
                    ("code", RangeOperators.EQUAL),
                    ("valid", RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("同一规则集中,同一代码的有效期不能重叠。"),
            ),
        ]
        triggers: ClassVar = [versioned()]

    def __str__(self) -> str:
        return self.code

    @property
    def awaits_confirmation(self) -> bool:
        """Whether it is a default that nobody of the city has confirmed."""
        return self.is_default and self.confirmed_at is None


@tracked()
class Override(models.Model):
    """A site stands although it breaks a hard rule: why, and who approved it. Both stay on record."""

    site = models.ForeignKey(Site, models.PROTECT, related_name="overrides", verbose_name=_("摊点"))
    rule_code = models.SlugField(_("规则代码"), max_length=40)
    found = models.FloatField(_("实际"), null=True, blank=True)
    required = models.FloatField(_("要求"), null=True, blank=True)
    reason = models.CharField(_("理由"), max_length=400)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("申请人")
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("批准人")
    )
    at = models.DateTimeField(_("时间"), default=timezone.now)

    class Meta:
        verbose_name = _("例外批准")
        verbose_name_plural = pgettext_lazy("plural", "例外批准")
        ordering: ClassVar = ["site", "rule_code"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["site", "rule_code"], name="override_once"),
            models.CheckConstraint(
                name="override_by_another",
                condition=~Q(approved_by=F("asked_by")),
                violation_error_message=_("例外须由申请人以外的人批准。"),
            ),
            models.CheckConstraint(
                name="override_with_reason",
                condition=~Q(reason=""),
                violation_error_message=_("请写明例外的理由。"),
            ),
        ]
        triggers: ClassVar = [versioned()]

    def __str__(self) -> str:
        return f"{self.site} · {self.rule_code}"


@tracked()
class SiteCheck(models.Model):
    """What the last check of all places said of a site: derived, written anew by `manage.py check_places`.

    `findings`: one entry for each broken rule: code, severity, found, required (metres, or square metres), culprit,
    overridden.
    """

    site = models.OneToOneField(Site, models.CASCADE, related_name="last_check", verbose_name=_("摊点"))
    result = models.CharField(_("结果"), max_length=12, choices=enums.CheckResult.choices)
    findings = models.JSONField(_("冲突"), default=list)
    rules_of = models.DateField(_("规则日期"))

    class Meta:
        verbose_name = _("选址检查")
        verbose_name_plural = pgettext_lazy("plural", "选址检查")
        triggers: ClassVar = [versioned()]

    def __str__(self) -> str:
        return f"{self.site} {self.get_result_display()}"
