"""Jobs.

What a new database starts from. One made by an earlier version comes here by the files that this one replaces, which also
move its data; a dependency therefore names the file that is needed, not the squashed one (docs/architecture.md).
"""

import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [("jobs", "0001_initial"), ("jobs", "0002_words_in_any_language"), ("jobs", "0003_task_moved")]

    initial = True

    dependencies = [
        ("accounts", "0001_accounts"),
    ]

    operations = [
        migrations.CreateModel(
            name="Job",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("kind", models.CharField(max_length=40, verbose_name="种类")),
                ("title", models.JSONField(verbose_name="名称")),
                ("args", models.JSONField(default=dict)),
                ("language", models.CharField(max_length=10, verbose_name="语言")),
                ("origin", models.CharField(blank=True, max_length=1000)),
                ("result", models.CharField(blank=True, max_length=1000)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "排队中"),
                            ("running", "进行中"),
                            ("done", "已完成"),
                            ("failed", "未完成"),
                            ("cancelled", "已取消"),
                            ("expired", "已过期"),
                        ],
                        default="waiting",
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                ("task", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("wanted_cancel", models.BooleanField(default=False)),
                ("done", models.PositiveIntegerField(default=0)),
                ("total", models.PositiveIntegerField(default=0)),
                ("words", models.JSONField(blank=True, default=str)),
                ("trouble", models.JSONField(blank=True, default=str)),
                ("created", models.DateTimeField(auto_now_add=True, verbose_name="提出时间")),
                ("started", models.DateTimeField(null=True)),
                ("heartbeat", models.DateTimeField(null=True)),
                ("finished", models.DateTimeField(null=True)),
                ("expires", models.DateTimeField(null=True, verbose_name="保留至")),
                ("file_name", models.CharField(blank=True, max_length=255, verbose_name="文件")),
                ("content_type", models.CharField(blank=True, max_length=100)),
                ("size", models.BigIntegerField(default=0)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="jobs",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="账号",
                    ),
                ),
            ],
            options={
                "verbose_name": "任务",
                "verbose_name_plural": "任务",
                "ordering": ["-created"],
                "indexes": [models.Index(fields=["state", "heartbeat"], name="jobs_job_state_464f9e_idx")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["waiting", "running", "done", "failed", "cancelled", "expired"])
                        ),
                        name="job_state_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("finished", None), ("state__in", ("waiting", "running"))),
                            models.Q(
                                models.Q(("state__in", ("waiting", "running")), _negated=True),
                                ("finished__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="job_ends_with_a_time",
                    ),
                ],
            },
        ),
    ]
