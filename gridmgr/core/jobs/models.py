"""A job as its owner knows it; the row of the queue that runs it is django-tasks' own."""

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from gridmgr.core.jobs.words import said


class State(models.TextChoices):
    WAITING = "waiting", _("排队中")
    RUNNING = "running", _("进行中")
    DONE = "done", _("已完成")
    FAILED = "failed", _("未完成")
    CANCELLED = "cancelled", pgettext_lazy("job", "已取消")
    EXPIRED = "expired", _("已过期")


ACTIVE = (State.WAITING, State.RUNNING)


class JobQuerySet(models.QuerySet["Job"]):
    def active(self) -> "JobQuerySet":
        """Waiting or running."""
        return self.filter(state__in=ACTIVE)

    def of(self, user: Any) -> "JobQuerySet":
        """Those that `user` asked for; nobody else's are anyone's business."""
        return self.filter(owner_id=user.pk)


class Job(models.Model):
    """One piece of work that somebody asked for, and the file that came of it.

    `task` is the queue's row that may run it: a worker whose row is another one has lost the job to somebody else.
    `words` says how far it is, and at the end what came of it; `trouble` why nothing did. These and `title` are kept
    as gridmgr.core.jobs.words has it. `origin` is the page on which it was asked for, `result` the page to look at when
    there is no file.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="jobs", verbose_name=_("账号")
    )
    kind = models.CharField(_("种类"), max_length=40)
    title = models.JSONField(_("名称"))
    args = models.JSONField(default=dict)
    language = models.CharField(_("语言"), max_length=10)
    origin = models.CharField(max_length=1000, blank=True)
    result = models.CharField(max_length=1000, blank=True)

    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.WAITING)
    task = models.UUIDField(default=uuid.uuid4, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    wanted_cancel = models.BooleanField(default=False)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    words = models.JSONField(blank=True, default=str)
    trouble = models.JSONField(blank=True, default=str)

    created = models.DateTimeField(_("提出时间"), auto_now_add=True)
    started = models.DateTimeField(null=True)
    heartbeat = models.DateTimeField(null=True)
    finished = models.DateTimeField(null=True)
    expires = models.DateTimeField(_("保留至"), null=True)

    file_name = models.CharField(_("文件"), max_length=255, blank=True)
    content_type = models.CharField(max_length=100, blank=True)
    size = models.BigIntegerField(default=0)

    objects: ClassVar[Any] = JobQuerySet.as_manager()

    class Meta:
        verbose_name = _("任务")
        verbose_name_plural = pgettext_lazy("plural", "任务")
        ordering: ClassVar = ["-created"]
        indexes: ClassVar = [models.Index(fields=["state", "heartbeat"])]
        constraints: ClassVar = [
            models.CheckConstraint(name="job_state_is_known", condition=Q(state__in=State.values)),
            models.CheckConstraint(
                name="job_ends_with_a_time",
                condition=Q(state__in=ACTIVE, finished=None)
                | ~Q(state__in=ACTIVE) & Q(finished__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return said(self.title)

    def get_absolute_url(self) -> str:
        return reverse("job", args=[self.pk])

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE

    @property
    def has_file(self) -> bool:
        return self.state == State.DONE and bool(self.file_name)
