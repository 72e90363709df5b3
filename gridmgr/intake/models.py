"""The record of each import: who brought which file in, what came of it, and whether it was taken back."""

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class State(models.TextChoices):
    UPLOADED = "uploaded", _("已上传")
    PREVIEWED = "previewed", _("待确认")
    WRITTEN = "written", _("已写入")
    UNDONE = "undone", _("已撤销")
    REFUSED = "refused", _("被拒绝")


class Way(models.TextChoices):
    PAGE = "page", _("网页")
    COMMAND = "command", _("命令")
    REGISTER = "register", _("登记表")


DRAFTS = (State.UPLOADED, State.PREVIEWED, State.REFUSED)


class ImportQuerySet(models.QuerySet["Import"]):
    def of(self, user: Any, layers: Any) -> "ImportQuerySet":
        """Their own, and what anybody wrote to one of `layers`."""
        return self.filter(Q(owner=user) | Q(layer__in=layers) & ~Q(state__in=DRAFTS))


class Import(models.Model):
    """One file on its way into a layer, or in it.

    `context` is the history's context under which everything was written: by it the import can be taken back.
    `datum` is what the file states, or what a person chose. `counts` holds created, updated, unchanged and refused;
    `report` the account of the preview or of the writing; `fingerprint` tells one preview from another.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="imports",
        verbose_name=_("账号"),
    )
    by = models.CharField(_("导入人"), max_length=150)
    way = models.CharField(_("途径"), max_length=10, choices=Way.choices)
    layer = models.CharField(_("图层"), max_length=40)
    file_name = models.CharField(_("文件"), max_length=255)
    sha256 = models.CharField(max_length=64, blank=True)
    datum = models.CharField(_("坐标基准"), max_length=20, blank=True)
    datum_stated = models.BooleanField(_("基准由文件写明"), default=False)
    rows = models.PositiveIntegerField(_("行数"), default=0)

    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.UPLOADED)
    counts = models.JSONField(_("计数"), default=dict)
    report = models.JSONField(_("报告"), default=dict)
    fingerprint = models.CharField(max_length=64, blank=True)
    context = models.UUIDField(null=True, unique=True, editable=False)

    created = models.DateTimeField(_("上传时间"), auto_now_add=True)
    written_at = models.DateTimeField(_("写入时间"), null=True)
    undone_at = models.DateTimeField(_("撤销时间"), null=True)
    undone_by = models.CharField(_("撤销人"), max_length=150, blank=True)

    objects: ClassVar[Any] = ImportQuerySet.as_manager()

    class Meta:
        verbose_name = _("数据导入")
        verbose_name_plural = pgettext_lazy("plural", "数据导入")
        ordering: ClassVar = ["-created"]
        indexes: ClassVar = [models.Index(fields=["-created"])]
        constraints: ClassVar = [
            models.CheckConstraint(name="import_state_known", condition=Q(state__in=State.values)),
            models.CheckConstraint(
                name="import_written_with_context",
                condition=Q(state__in=DRAFTS, written_at__isnull=True)
                | Q(state__in=["written", "undone"], written_at__isnull=False, context__isnull=False),
            ),
            models.CheckConstraint(
                name="import_undone_with_time",
                condition=Q(state="undone", undone_at__isnull=False)
                | ~Q(state="undone") & Q(undone_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} → {self.layer}"

    def get_absolute_url(self) -> str:
        return reverse("data-import", args=[self.pk])
