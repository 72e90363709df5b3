"""Vendors, and who was shown their identity numbers."""

from typing import ClassVar

from django.contrib.gis.db import models
from django.core.validators import RegexValidator
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from gridmgr.core.history import SessionUser, append_only, tracked
from gridmgr.core.layers.models import versioned


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
