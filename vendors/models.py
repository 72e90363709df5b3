"""Vendor sites (stall sites and fruit markets), their pitches, the vendors who hold them, and the placement rules."""

from typing import ClassVar

from django.conf import settings
from django.contrib.gis.db import models
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, DateTimeRangeField, RangeOperators
from django.core.validators import RegexValidator
from django.db.models import F, Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from gridmgr.core.history import SessionUser, append_only, tracked
from gridmgr.core.layers.models import versioned
from grids.models import SRID, Branch, OnRoad
from vendors import enums, triggers
from vendors.querysets import AllocationQuerySet, PitchQuerySet, SiteQuerySet


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


@tracked(exclude=["identity_cipher", "identity_tail_digest"])
class Vendor(models.Model):
    """A trader.

    The identity number is stored encrypted (`identity_cipher`) with two keyed digests beside it, of the whole number
    (to point out duplicates) and of its last four characters (to search by); the keys are not in the database.
    """

    name = models.CharField(_("姓名"), max_length=40)
    phone = models.CharField(
        _("电话"),
        max_length=20,
        blank=True,
        validators=[RegexValidator(r"^\+?[\d -]{5,19}$", _("电话只含数字、空格和短横线。"))],
    )
    goods = models.CharField(_("经营品种"), max_length=80)
    identity_cipher = models.TextField(blank=True, default="", editable=False)
    identity_digest = models.CharField(
        _("身份证号"), max_length=64, blank=True, default="", db_index=True, editable=False
    )
    identity_tail_digest = models.CharField(
        max_length=64, blank=True, default="", db_index=True, editable=False
    )
    is_demo = models.BooleanField(_("演示数据"), default=False)

    class Meta:
        verbose_name = _("商贩")
        verbose_name_plural = pgettext_lazy("plural", "商贩")
        ordering: ClassVar = ["name", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="vendor_one_per_identity",
                fields=["identity_digest"],
                condition=~Q(identity_digest=""),
                violation_error_message=_("已有商贩登记了这个身份证号。"),
            )
        ]
        triggers: ClassVar = [versioned()]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("vendor", args=[self.pk])


class IdentityLook(models.Model):
    """Somebody was shown a vendor's whole identity number: who, when, by which way. It stays, whatever becomes of
    the vendor or the account, so it points to neither.
    """

    vendor_key = models.BigIntegerField(_("商贩编号"), db_index=True)
    vendor_name = models.CharField(_("商贩"), max_length=40)
    at = models.DateTimeField(_("时间"), db_default=Now())
    user_key = models.BigIntegerField(_("账号编号"), null=True)
    username = models.CharField(_("查看人"), max_length=150)
    way = models.CharField(_("途径"), max_length=200)
    db_user = models.TextField(_("数据库用户"), db_default=SessionUser(), editable=False)

    class Meta:
        verbose_name = _("身份证号查看记录")
        verbose_name_plural = pgettext_lazy("plural", "身份证号查看记录")
        ordering: ClassVar = ["-pk"]
        triggers: ClassVar = append_only()

    def __str__(self) -> str:
        return f"{self.vendor_name} #{self.vendor_key}"


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
