"""Registers of street offices.

What a new database starts from. One made by an earlier version comes here by the files that this one replaces, which also
move its data; a dependency therefore names the file that is needed, not the squashed one (docs/architecture.md).
"""

import django.contrib.gis.db.models.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [("register", "0001_street_registers"), ("register", "0002_words_as_codes")]

    initial = True

    dependencies = [
        ("accounts", "0001_accounts"),
        ("grids", "0003_days_of_the_city"),
        ("intake", "0001_imports"),
    ]

    operations = [
        migrations.CreateModel(
            name="Mapping",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sender", models.CharField(max_length=80, verbose_name="报送单位")),
                ("fingerprint", models.CharField(max_length=64)),
                ("columns", models.JSONField(default=dict, verbose_name="列的含义")),
                ("updated", models.DateTimeField(auto_now=True, verbose_name="更新时间")),
            ],
            options={
                "verbose_name": "登记表列对应",
                "verbose_name_plural": "登记表列对应",
                "constraints": [
                    models.UniqueConstraint(fields=("sender", "fingerprint"), name="mapping_once_per_sender")
                ],
            },
        ),
        migrations.CreateModel(
            name="Register",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sender", models.CharField(max_length=80, verbose_name="报送单位")),
                ("file_name", models.CharField(max_length=255, verbose_name="文件")),
                ("sheet", models.CharField(blank=True, max_length=80, verbose_name="工作表")),
                ("header_row", models.PositiveIntegerField(default=1, verbose_name="表头行")),
                ("columns", models.JSONField(default=dict, verbose_name="列的含义")),
                ("notes", models.JSONField(default=list, verbose_name="说明")),
                (
                    "stage",
                    models.CharField(
                        choices=[("mapping", "待对应列"), ("review", "待核对"), ("written", "已导入")],
                        default="mapping",
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("stall", "便民摊点"), ("market", "临时瓜果市场")],
                        default="stall",
                        max_length=8,
                        verbose_name="类别",
                    ),
                ),
                ("opens", models.TimeField(null=True, verbose_name="每日开始")),
                ("closes", models.TimeField(null=True, verbose_name="每日结束")),
                ("season_from", models.DateField(null=True, verbose_name="季节开始")),
                ("season_to", models.DateField(null=True, verbose_name="最后一天")),
                ("created", models.DateTimeField(auto_now_add=True, verbose_name="上传时间")),
                (
                    "owner",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="registers",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="上传人",
                    ),
                ),
                (
                    "record",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="street_register",
                        to="intake.import",
                        verbose_name="导入记录",
                    ),
                ),
            ],
            options={
                "verbose_name": "街道登记表",
                "verbose_name_plural": "街道登记表",
                "ordering": ["-created"],
            },
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("row", models.PositiveIntegerField(verbose_name="行")),
                ("street", models.CharField(blank=True, max_length=120, verbose_name="街道")),
                ("place", models.CharField(blank=True, max_length=300, verbose_name="点位")),
                ("name", models.CharField(blank=True, max_length=120, verbose_name="名称")),
                ("note", models.CharField(blank=True, max_length=500, verbose_name="备注")),
                ("contact", models.CharField(blank=True, max_length=300, verbose_name="联系人")),
                ("quantity_said", models.CharField(blank=True, max_length=60, verbose_name="数量原文")),
                ("quantity", models.PositiveSmallIntegerField(null=True, verbose_name="数量")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("matched", "已对上"),
                            ("unsure", "待确认"),
                            ("unmatched", "没对上"),
                            ("pinned", "已定点"),
                            ("refused", "不能导入"),
                            ("left_out", "不导入"),
                        ],
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                ("understood", models.CharField(blank=True, max_length=300, verbose_name="理解为")),
                ("why", models.CharField(blank=True, max_length=500, verbose_name="原因")),
                ("candidates", models.JSONField(default=list, verbose_name="候选")),
                (
                    "side",
                    models.CharField(
                        blank=True,
                        choices=[("left", "左侧"), ("right", "右侧")],
                        max_length=8,
                        verbose_name="侧",
                    ),
                ),
                ("metre", models.FloatField(null=True, verbose_name="里程(米)")),
                ("toward", models.SmallIntegerField(default=0)),
                ("stretch", models.JSONField(null=True, verbose_name="里程范围")),
                (
                    "point",
                    django.contrib.gis.db.models.fields.PointField(
                        null=True, srid=settings.GRIDMGR_SRID, verbose_name="位置"
                    ),
                ),
                ("site_code", models.CharField(blank=True, max_length=16, verbose_name="摊点编号")),
                ("outcome", models.CharField(blank=True, max_length=300, verbose_name="结果")),
                (
                    "road",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="grids.road",
                        verbose_name="道路",
                    ),
                ),
                (
                    "register",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="entries",
                        to="register.register",
                        verbose_name="街道登记表",
                    ),
                ),
                ("said", models.JSONField(default=dict, verbose_name="各语言的说法")),
            ],
            options={
                "verbose_name": "登记表行",
                "verbose_name_plural": "登记表行",
                "ordering": ["row"],
                "constraints": [
                    models.UniqueConstraint(fields=("register", "row"), name="entry_row_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["matched", "pinned"]), _negated=True),
                            models.Q(("metre__isnull", False), ("point__isnull", False)),
                            _connector="OR",
                        ),
                        name="entry_placed_with_point",
                    ),
                ],
            },
        ),
    ]
