"""Schools, lanes, drop-off points and bays; `kerb_box`, by which no two bays of a kerb overlap.

What a new database starts from. One made by an earlier version comes here by the files that this one replaces, which also
move its data; a dependency therefore names the file that is needed, not the squashed one (docs/architecture.md).
"""

import django.contrib.gis.db.models.fields
import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.contrib.postgres.indexes
import django.db.models.deletion
import gridmgr.core.geo.functions
import gridmgr.core.history
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models


# Whole micrometres along the road, the last one included, so that [0, 6) and [6, 12) lie apart; across, a row for each
# kerb, left ones below zero. A box is exact for 9,000,000 km of road. Kept as PostgreSQL reads it, not as text: it means
# the same under any search_path, and is still inlined.
SIGNATURE = (
    "kerb_box(road bigint, side text, stretch numrange) RETURNS box LANGUAGE sql IMMUTABLE PARALLEL SAFE"
)
BOX = """box(
    point((round(lower(stretch) * 1000000))::float8, CASE side WHEN 'left' THEN -road ELSE road END),
    point((round(upper(stretch) * 1000000) - 1)::float8, CASE side WHEN 'left' THEN -road ELSE road END + 0.5)
)"""


class Migration(migrations.Migration):
    replaces = [
        ("parking", "0001_schools_and_bays"),
        ("parking", "0002_history_by_statement"),
        ("parking", "0003_fewer_indexes"),
        ("parking", "0004_data_changes_weighed"),
        ("parking", "0005_kerb_box_as_a_tree"),
        ("parking", "0006_history_stays"),
        ("parking", "0007_events_by_time"),
    ]

    initial = True

    dependencies = [
        ("grids", "0008_events_by_time"),
        ("pghistory", "0007_auto_20250421_0444"),
    ]

    operations = [
        migrations.CreateModel(
            name="School",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "source_id",
                    models.CharField(
                        blank=True, max_length=80, null=True, unique=True, verbose_name="来源编号"
                    ),
                ),
                ("name", models.CharField(max_length=120, verbose_name="名称")),
                (
                    "kind",
                    models.CharField(
                        choices=[("kindergarten", "幼儿园"), ("school", "中小学"), ("college", "高等院校")],
                        max_length=16,
                        verbose_name="类别",
                    ),
                ),
                (
                    "area",
                    django.contrib.gis.db.models.fields.MultiPolygonField(
                        srid=settings.GRIDMGR_SRID, verbose_name="校园范围"
                    ),
                ),
                ("source", models.CharField(blank=True, max_length=200, verbose_name="数据来源")),
                ("is_demo", models.BooleanField(default=False, verbose_name="演示数据")),
            ],
            options={
                "verbose_name": "学校",
                "verbose_name_plural": "学校",
                "ordering": ["name", "pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("area__isvalid", True)), name="school_area_valid"
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "parking_schoolevent" ("area", "id", "is_demo", "kind", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "source", "source_id") SELECT new_values."area", new_values."id", new_values."is_demo", new_values."kind", new_values."name", (SELECT _pgh_attach_context()), NOW(), \'insert\', new_values."id", new_values."source", new_values."source_id" FROM ( SELECT new_values.* FROM new_values  ) AS new_values; RETURN NULL;',
                            hash="6d271f0fc2ff6c671bd694c2e47c4de2eb3bfcf9",
                            level="STATEMENT",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_756e1",
                            referencing="REFERENCING NEW TABLE AS new_values ",
                            table="parking_school",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "parking_schoolevent" ("area", "id", "is_demo", "kind", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "source", "source_id") SELECT new_values."area", new_values."id", new_values."is_demo", new_values."kind", new_values."name", (SELECT _pgh_attach_context()), NOW(), \'update\', new_values."id", new_values."source", new_values."source_id" FROM ( SELECT new_values.* FROM old_values FULL JOIN new_values ON old_values."id" = new_values."id" WHERE num_nonnulls(new_values."id") = 1 AND (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values; RETURN NULL;',
                            hash="961d9ad30fb57086af9ce0136aa107090817fe7b",
                            level="STATEMENT",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_c7ecc",
                            referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                            table="parking_school",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "parking_schoolevent" ("area", "id", "is_demo", "kind", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "source", "source_id") SELECT old_values."area", old_values."id", old_values."is_demo", old_values."kind", old_values."name", (SELECT _pgh_attach_context()), NOW(), \'delete\', old_values."id", old_values."source", old_values."source_id" FROM ( SELECT old_values.* FROM old_values  ) AS old_values; RETURN NULL;',
                            hash="39ae603f18534e59bacf52ce1dbccabfe1ffd3c1",
                            level="STATEMENT",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_4a18b",
                            referencing="REFERENCING OLD TABLE AS old_values ",
                            table="parking_school",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="data_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n            INSERT INTO layers_datachange AS known (table_name, xid, weight)\n            VALUES (TG_TABLE_NAME, pg_current_xact_id()::text::bigint,\n                    hashtextextended(gen_random_uuid()::text, 0) & 2305843009213693951)\n            ON CONFLICT (table_name, xid) DO UPDATE SET weight = (known.weight + excluded.weight) % 2305843009213693952\n            WHERE known.xmin <> pg_current_xact_id()::xid;\n            RETURN NULL;\n        ",
                            hash="81d7665e0538583344b36ae52c486af1aee55043",
                            level="STATEMENT",
                            operation="INSERT OR UPDATE OR DELETE OR TRUNCATE",
                            pgid="pgtrigger_data_version_d66ab",
                            table="parking_school",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="51b4aa9af01f6a9518fb3aa1d4ad55f36c64a4ea",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_bfe98",
                            table="parking_school",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SchoolGate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=40, verbose_name="名称")),
                (
                    "location",
                    django.contrib.gis.db.models.fields.PointField(
                        srid=settings.GRIDMGR_SRID, verbose_name="位置"
                    ),
                ),
                ("is_demo", models.BooleanField(default=False, verbose_name="演示数据")),
                (
                    "school",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="gates",
                        to="parking.school",
                        verbose_name="学校",
                    ),
                ),
            ],
            options={
                "verbose_name": "校门",
                "verbose_name_plural": "校门",
                "ordering": ["school", "name"],
                "constraints": [
                    models.UniqueConstraint(fields=("school", "name"), name="school_gate_name_once")
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "parking_schoolgateevent" ("id", "is_demo", "location", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "school_id") SELECT new_values."id", new_values."is_demo", new_values."location", new_values."name", (SELECT _pgh_attach_context()), NOW(), \'insert\', new_values."id", new_values."school_id" FROM ( SELECT new_values.* FROM new_values  ) AS new_values; RETURN NULL;',
                            hash="038f654abd524fe926308a8ba6ea88c070d54d2d",
                            level="STATEMENT",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_b7b05",
                            referencing="REFERENCING NEW TABLE AS new_values ",
                            table="parking_schoolgate",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "parking_schoolgateevent" ("id", "is_demo", "location", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "school_id") SELECT new_values."id", new_values."is_demo", new_values."location", new_values."name", (SELECT _pgh_attach_context()), NOW(), \'update\', new_values."id", new_values."school_id" FROM ( SELECT new_values.* FROM old_values FULL JOIN new_values ON old_values."id" = new_values."id" WHERE num_nonnulls(new_values."id") = 1 AND (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values; RETURN NULL;',
                            hash="349922450e61a616a3f20d561956f952069722b1",
                            level="STATEMENT",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_53375",
                            referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                            table="parking_schoolgate",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "parking_schoolgateevent" ("id", "is_demo", "location", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "school_id") SELECT old_values."id", old_values."is_demo", old_values."location", old_values."name", (SELECT _pgh_attach_context()), NOW(), \'delete\', old_values."id", old_values."school_id" FROM ( SELECT old_values.* FROM old_values  ) AS old_values; RETURN NULL;',
                            hash="7e187b522b9aa44afe899471abd187fd0829474a",
                            level="STATEMENT",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_8dcdf",
                            referencing="REFERENCING OLD TABLE AS old_values ",
                            table="parking_schoolgate",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="data_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n            INSERT INTO layers_datachange AS known (table_name, xid, weight)\n            VALUES (TG_TABLE_NAME, pg_current_xact_id()::text::bigint,\n                    hashtextextended(gen_random_uuid()::text, 0) & 2305843009213693951)\n            ON CONFLICT (table_name, xid) DO UPDATE SET weight = (known.weight + excluded.weight) % 2305843009213693952\n            WHERE known.xmin <> pg_current_xact_id()::xid;\n            RETURN NULL;\n        ",
                            hash="6b137a1f6165fe8fa95b0b558ce31af4ff41777d",
                            level="STATEMENT",
                            operation="INSERT OR UPDATE OR DELETE OR TRUNCATE",
                            pgid="pgtrigger_data_version_9f29d",
                            table="parking_schoolgate",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="33a0681737cec31d14fc1ee5a663baa19cca31c0",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_56797",
                            table="parking_schoolgate",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PandaLane",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "side",
                    models.CharField(
                        choices=[("left", "左侧"), ("right", "右侧")], max_length=8, verbose_name="侧"
                    ),
                ),
                ("stretch", django.contrib.postgres.fields.ranges.DecimalRangeField(verbose_name="里程(米)")),
                ("is_demo", models.BooleanField(default=False, verbose_name="演示数据")),
                (
                    "line",
                    django.contrib.gis.db.models.fields.LineStringField(
                        srid=settings.GRIDMGR_SRID, verbose_name="线形"
                    ),
                ),
                (
                    "road",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="%(class)ss",
                        to="grids.road",
                        verbose_name="道路",
                    ),
                ),
                (
                    "school",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="panda_lanes",
                        to="parking.school",
                        verbose_name="学校",
                    ),
                ),
            ],
            options={
                "verbose_name": "“熊猫”通道",
                "verbose_name_plural": "“熊猫”通道",
                "ordering": ["school__name", "pk"],
                "abstract": False,
                "constraints": [
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[("road", "="), ("side", "="), ("stretch", "&&")],
                        name="panda_lane_kerb_once",
                        violation_error_message="同侧路缘的这一段已有“熊猫”通道。",
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="stretch_on_road_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            declare="DECLARE stray record;",
                            func="\n            PERFORM 1 FROM grids_road WHERE id = ANY(ARRAY(SELECT DISTINCT road_id FROM (SELECT road_id, stretch FROM new_values) AS each_row))\n            ORDER BY id FOR SHARE;\n            SELECT each_row.stretch, road.length_m::numeric AS road_length INTO stray\n            FROM (SELECT road_id, stretch FROM new_values) AS each_row LEFT JOIN grids_road AS road ON road.id = each_row.road_id\n            WHERE isempty(stretch) OR lower_inf(stretch) OR upper_inf(stretch)\n               OR lower(stretch) < 0 OR upper(stretch) > road.length_m::numeric + 0.01\n            LIMIT 1;\n            IF FOUND THEN\n                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'stretch_on_road', TABLE = TG_TABLE_NAME, MESSAGE = format('stretch %s is not within the road (0 to %s m)', stray.stretch, round(stray.road_length, 2));\n            END IF;\n            RETURN NULL;\n        ",
                            hash="e71d71d108b68f4741ce49999150a6d8821353cb",
                            level="STATEMENT",
                            operation="INSERT",
                            pgid="pgtrigger_stretch_on_road_insert_41159",
                            referencing="REFERENCING NEW TABLE AS new_values ",
                            table="parking_pandalane",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="stretch_on_road_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            declare="DECLARE stray record;",
                            func="\n            PERFORM 1 FROM grids_road WHERE id = ANY(ARRAY(SELECT DISTINCT road_id FROM (SELECT road_id, stretch FROM new_values EXCEPT SELECT road_id, stretch FROM old_values) AS each_row))\n            ORDER BY id FOR SHARE;\n            SELECT each_row.stretch, road.length_m::numeric AS road_length INTO stray\n            FROM (SELECT road_id, stretch FROM new_values EXCEPT SELECT road_id, stretch FROM old_values) AS each_row LEFT JOIN grids_road AS road ON road.id = each_row.road_id\n            WHERE isempty(stretch) OR lower_inf(stretch) OR upper_inf(stretch)\n               OR lower(stretch) < 0 OR upper(stretch) > road.length_m::numeric + 0.01\n            LIMIT 1;\n            IF FOUND THEN\n                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'stretch_on_road', TABLE = TG_TABLE_NAME, MESSAGE = format('stretch %s is not within the road (0 to %s m)', stray.stretch, round(stray.road_length, 2));\n            END IF;\n            RETURN NULL;\n        ",
                            hash="de1a7d6a23c36b1ffcb993d5927ff6f36b678d4d",
                            level="STATEMENT",
                            operation="UPDATE",
                            pgid="pgtrigger_stretch_on_road_update_f2a7d",
                            referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                            table="parking_pandalane",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "parking_pandalaneevent" ("id", "is_demo", "line", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "road_id", "school_id", "side", "stretch") SELECT new_values."id", new_values."is_demo", new_values."line", (SELECT _pgh_attach_context()), NOW(), \'insert\', new_values."id", new_values."road_id", new_values."school_id", new_values."side", new_values."stretch" FROM ( SELECT new_values.* FROM new_values  ) AS new_values; RETURN NULL;',
                            hash="6b4b4d64354419de6ef1696d819bcb7c862b72f3",
                            level="STATEMENT",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_da3f8",
                            referencing="REFERENCING NEW TABLE AS new_values ",
                            table="parking_pandalane",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "parking_pandalaneevent" ("id", "is_demo", "line", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "road_id", "school_id", "side", "stretch") SELECT new_values."id", new_values."is_demo", new_values."line", (SELECT _pgh_attach_context()), NOW(), \'update\', new_values."id", new_values."road_id", new_values."school_id", new_values."side", new_values."stretch" FROM ( SELECT new_values.* FROM old_values FULL JOIN new_values ON old_values."id" = new_values."id" WHERE num_nonnulls(new_values."id") = 1 AND (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values; RETURN NULL;',
                            hash="bb5312d78cc2d76e19d8af8d3c9bf549a400991d",
                            level="STATEMENT",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_e6d11",
                            referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                            table="parking_pandalane",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "parking_pandalaneevent" ("id", "is_demo", "line", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "road_id", "school_id", "side", "stretch") SELECT old_values."id", old_values."is_demo", old_values."line", (SELECT _pgh_attach_context()), NOW(), \'delete\', old_values."id", old_values."road_id", old_values."school_id", old_values."side", old_values."stretch" FROM ( SELECT old_values.* FROM old_values  ) AS old_values; RETURN NULL;',
                            hash="105b3933be4a6005569e1f3703c7bfa28c9d31b6",
                            level="STATEMENT",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_58849",
                            referencing="REFERENCING OLD TABLE AS old_values ",
                            table="parking_pandalane",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="data_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n            INSERT INTO layers_datachange AS known (table_name, xid, weight)\n            VALUES (TG_TABLE_NAME, pg_current_xact_id()::text::bigint,\n                    hashtextextended(gen_random_uuid()::text, 0) & 2305843009213693951)\n            ON CONFLICT (table_name, xid) DO UPDATE SET weight = (known.weight + excluded.weight) % 2305843009213693952\n            WHERE known.xmin <> pg_current_xact_id()::xid;\n            RETURN NULL;\n        ",
                            hash="3702f46e8e53e5017b358c900c9ee59ace3aeb54",
                            level="STATEMENT",
                            operation="INSERT OR UPDATE OR DELETE OR TRUNCATE",
                            pgid="pgtrigger_data_version_b6d16",
                            table="parking_pandalane",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="1507daa36482fa1cfeb9bd0d90fe711d0c98756f",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_d5a92",
                            table="parking_pandalane",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DropOffPoint",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "side",
                    models.CharField(
                        choices=[("left", "左侧"), ("right", "右侧")], max_length=8, verbose_name="侧"
                    ),
                ),
                ("stretch", django.contrib.postgres.fields.ranges.DecimalRangeField(verbose_name="里程(米)")),
                ("is_demo", models.BooleanField(default=False, verbose_name="演示数据")),
                ("code", models.CharField(max_length=16, unique=True, verbose_name="编号")),
                ("capacity", models.PositiveSmallIntegerField(verbose_name="可停车位")),
                (
                    "area",
                    django.contrib.gis.db.models.fields.PolygonField(
                        srid=settings.GRIDMGR_SRID, verbose_name="范围"
                    ),
                ),
                (
                    "road",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="%(class)ss",
                        to="grids.road",
                        verbose_name="道路",
                    ),
                ),
                (
                    "school",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="drop_off_points",
                        to="parking.school",
                        verbose_name="服务学校",
                    ),
                ),
                (
                    "gate",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="parking.schoolgate",
                        verbose_name="服务校门",
                    ),
                ),
            ],
            options={
                "verbose_name": "上下学接送点",
                "verbose_name_plural": "上下学接送点",
                "ordering": ["code"],
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("capacity__gte", 1)), name="drop_off_capacity_positive"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("area__isvalid", True)), name="drop_off_area_valid"
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[("road", "="), ("side", "="), ("stretch", "&&")],
                        name="drop_off_kerb_once",
                        violation_error_message="同侧路缘的这一段已有接送点。",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="stretch_on_road_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            declare="DECLARE stray record;",
                            func="\n            PERFORM 1 FROM grids_road WHERE id = ANY(ARRAY(SELECT DISTINCT road_id FROM (SELECT road_id, stretch FROM new_values) AS each_row))\n            ORDER BY id FOR SHARE;\n            SELECT each_row.stretch, road.length_m::numeric AS road_length INTO stray\n            FROM (SELECT road_id, stretch FROM new_values) AS each_row LEFT JOIN grids_road AS road ON road.id = each_row.road_id\n            WHERE isempty(stretch) OR lower_inf(stretch) OR upper_inf(stretch)\n               OR lower(stretch) < 0 OR upper(stretch) > road.length_m::numeric + 0.01\n            LIMIT 1;\n            IF FOUND THEN\n                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'stretch_on_road', TABLE = TG_TABLE_NAME, MESSAGE = format('stretch %s is not within the road (0 to %s m)', stray.stretch, round(stray.road_length, 2));\n            END IF;\n            RETURN NULL;\n        ",
                            hash="f9635d391e97bec89f7f6a4cb6d4573c742da48f",
                            level="STATEMENT",
                            operation="INSERT",
                            pgid="pgtrigger_stretch_on_road_insert_a7941",
                            referencing="REFERENCING NEW TABLE AS new_values ",
                            table="parking_dropoffpoint",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="stretch_on_road_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            declare="DECLARE stray record;",
                            func="\n            PERFORM 1 FROM grids_road WHERE id = ANY(ARRAY(SELECT DISTINCT road_id FROM (SELECT road_id, stretch FROM new_values EXCEPT SELECT road_id, stretch FROM old_values) AS each_row))\n            ORDER BY id FOR SHARE;\n            SELECT each_row.stretch, road.length_m::numeric AS road_length INTO stray\n            FROM (SELECT road_id, stretch FROM new_values EXCEPT SELECT road_id, stretch FROM old_values) AS each_row LEFT JOIN grids_road AS road ON road.id = each_row.road_id\n            WHERE isempty(stretch) OR lower_inf(stretch) OR upper_inf(stretch)\n               OR lower(stretch) < 0 OR upper(stretch) > road.length_m::numeric + 0.01\n            LIMIT 1;\n            IF FOUND THEN\n                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'stretch_on_road', TABLE = TG_TABLE_NAME, MESSAGE = format('stretch %s is not within the road (0 to %s m)', stray.stretch, round(stray.road_length, 2));\n            END IF;\n            RETURN NULL;\n        ",
                            hash="060bac91ed477e0b45bf6d5ef445dbdd56f26e0c",
                            level="STATEMENT",
                            operation="UPDATE",
                            pgid="pgtrigger_stretch_on_road_update_ea7af",
                            referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                            table="parking_dropoffpoint",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "parking_dropoffpointevent" ("area", "capacity", "code", "gate_id", "id", "is_demo", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "road_id", "school_id", "side", "stretch") SELECT new_values."area", new_values."capacity", new_values."code", new_values."gate_id", new_values."id", new_values."is_demo", (SELECT _pgh_attach_context()), NOW(), \'insert\', new_values."id", new_values."road_id", new_values."school_id", new_values."side", new_values."stretch" FROM ( SELECT new_values.* FROM new_values  ) AS new_values; RETURN NULL;',
                            hash="b62ce02476ff7f1d99ff115bb61da88eca810d70",
                            level="STATEMENT",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_3c48e",
                            referencing="REFERENCING NEW TABLE AS new_values ",
                            table="parking_dropoffpoint",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "parking_dropoffpointevent" ("area", "capacity", "code", "gate_id", "id", "is_demo", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "road_id", "school_id", "side", "stretch") SELECT new_values."area", new_values."capacity", new_values."code", new_values."gate_id", new_values."id", new_values."is_demo", (SELECT _pgh_attach_context()), NOW(), \'update\', new_values."id", new_values."road_id", new_values."school_id", new_values."side", new_values."stretch" FROM ( SELECT new_values.* FROM old_values FULL JOIN new_values ON old_values."id" = new_values."id" WHERE num_nonnulls(new_values."id") = 1 AND (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values; RETURN NULL;',
                            hash="962ba6e1071f90e454739739d50800901e100daa",
                            level="STATEMENT",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_9fdd3",
                            referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                            table="parking_dropoffpoint",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "parking_dropoffpointevent" ("area", "capacity", "code", "gate_id", "id", "is_demo", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "road_id", "school_id", "side", "stretch") SELECT old_values."area", old_values."capacity", old_values."code", old_values."gate_id", old_values."id", old_values."is_demo", (SELECT _pgh_attach_context()), NOW(), \'delete\', old_values."id", old_values."road_id", old_values."school_id", old_values."side", old_values."stretch" FROM ( SELECT old_values.* FROM old_values  ) AS old_values; RETURN NULL;',
                            hash="531c2109c9715797bdc5aaada74b5c87477d780f",
                            level="STATEMENT",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_018f9",
                            referencing="REFERENCING OLD TABLE AS old_values ",
                            table="parking_dropoffpoint",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="data_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n            INSERT INTO layers_datachange AS known (table_name, xid, weight)\n            VALUES (TG_TABLE_NAME, pg_current_xact_id()::text::bigint,\n                    hashtextextended(gen_random_uuid()::text, 0) & 2305843009213693951)\n            ON CONFLICT (table_name, xid) DO UPDATE SET weight = (known.weight + excluded.weight) % 2305843009213693952\n            WHERE known.xmin <> pg_current_xact_id()::xid;\n            RETURN NULL;\n        ",
                            hash="b448dcf6cf70e815bdabe8c8f942e3458674b38f",
                            level="STATEMENT",
                            operation="INSERT OR UPDATE OR DELETE OR TRUNCATE",
                            pgid="pgtrigger_data_version_fd9eb",
                            table="parking_dropoffpoint",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="687fdf604f240410928828c356d045f94f2ac6ca",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_1da51",
                            table="parking_dropoffpoint",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DropOffHours",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("opens", models.TimeField(verbose_name="开始")),
                ("closes", models.TimeField(verbose_name="结束")),
                (
                    "point",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="hours",
                        to="parking.dropoffpoint",
                        verbose_name="接送点",
                    ),
                ),
            ],
            options={
                "verbose_name": "开放时段",
                "verbose_name_plural": "开放时段",
                "ordering": ["point", "opens"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("closes__gt", models.F("opens"))),
                        name="drop_off_opens_before_closing",
                        violation_error_message="结束时间必须晚于开始时间。",
                    ),
                    models.UniqueConstraint(fields=("point", "opens"), name="drop_off_window_once"),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "parking_dropoffhoursevent" ("closes", "id", "opens", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "point_id") SELECT new_values."closes", new_values."id", new_values."opens", (SELECT _pgh_attach_context()), NOW(), \'insert\', new_values."id", new_values."point_id" FROM ( SELECT new_values.* FROM new_values  ) AS new_values; RETURN NULL;',
                            hash="df0214ccd810c0dd755e7fed0446883538dd4bc2",
                            level="STATEMENT",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_8356c",
                            referencing="REFERENCING NEW TABLE AS new_values ",
                            table="parking_dropoffhours",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "parking_dropoffhoursevent" ("closes", "id", "opens", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "point_id") SELECT new_values."closes", new_values."id", new_values."opens", (SELECT _pgh_attach_context()), NOW(), \'update\', new_values."id", new_values."point_id" FROM ( SELECT new_values.* FROM old_values FULL JOIN new_values ON old_values."id" = new_values."id" WHERE num_nonnulls(new_values."id") = 1 AND (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values; RETURN NULL;',
                            hash="d93d5224fae288480a5c4c2ce4e9ed9984ff7ee0",
                            level="STATEMENT",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_6f384",
                            referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                            table="parking_dropoffhours",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "parking_dropoffhoursevent" ("closes", "id", "opens", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "point_id") SELECT old_values."closes", old_values."id", old_values."opens", (SELECT _pgh_attach_context()), NOW(), \'delete\', old_values."id", old_values."point_id" FROM ( SELECT old_values.* FROM old_values  ) AS old_values; RETURN NULL;',
                            hash="9c1f1eca7334b2ef8bda229dc6ca9bd2fddeb2ea",
                            level="STATEMENT",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_a16eb",
                            referencing="REFERENCING OLD TABLE AS old_values ",
                            table="parking_dropoffhours",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="data_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n            INSERT INTO layers_datachange AS known (table_name, xid, weight)\n            VALUES (TG_TABLE_NAME, pg_current_xact_id()::text::bigint,\n                    hashtextextended(gen_random_uuid()::text, 0) & 2305843009213693951)\n            ON CONFLICT (table_name, xid) DO UPDATE SET weight = (known.weight + excluded.weight) % 2305843009213693952\n            WHERE known.xmin <> pg_current_xact_id()::xid;\n            RETURN NULL;\n        ",
                            hash="8c7067f837f090c22776a9b704840765fbbfc30a",
                            level="STATEMENT",
                            operation="INSERT OR UPDATE OR DELETE OR TRUNCATE",
                            pgid="pgtrigger_data_version_75de6",
                            table="parking_dropoffhours",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="e113439d6c042eb94e2d70bfe1cebf35879bc2c4",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_f00a9",
                            table="parking_dropoffhours",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CalendarDay",
            fields=[
                ("day", models.DateField(primary_key=True, serialize=False, verbose_name="日期")),
                ("is_school_day", models.BooleanField(verbose_name="上学日")),
                ("note", models.CharField(blank=True, max_length=60, verbose_name="说明")),
            ],
            options={
                "verbose_name": "校历例外日",
                "verbose_name_plural": "校历例外日",
                "ordering": ["day"],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "parking_calendardayevent" ("day", "is_school_day", "note", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") SELECT new_values."day", new_values."is_school_day", new_values."note", (SELECT _pgh_attach_context()), NOW(), \'insert\', new_values."day" FROM ( SELECT new_values.* FROM new_values  ) AS new_values; RETURN NULL;',
                            hash="9436e7f8b85b895c5bc9fd5449fb00f2e3103eee",
                            level="STATEMENT",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_74606",
                            referencing="REFERENCING NEW TABLE AS new_values ",
                            table="parking_calendarday",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "parking_calendardayevent" ("day", "is_school_day", "note", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") SELECT new_values."day", new_values."is_school_day", new_values."note", (SELECT _pgh_attach_context()), NOW(), \'update\', new_values."day" FROM ( SELECT new_values.* FROM old_values FULL JOIN new_values ON old_values."day" = new_values."day" WHERE num_nonnulls(new_values."day") = 1 AND (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values; RETURN NULL;',
                            hash="b3733d5d1182108623a988beaa9bdee7d3bd8c0c",
                            level="STATEMENT",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_90646",
                            referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                            table="parking_calendarday",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "parking_calendardayevent" ("day", "is_school_day", "note", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") SELECT old_values."day", old_values."is_school_day", old_values."note", (SELECT _pgh_attach_context()), NOW(), \'delete\', old_values."day" FROM ( SELECT old_values.* FROM old_values  ) AS old_values; RETURN NULL;',
                            hash="09491f58b1574a50a008c653128bf844ca8386f0",
                            level="STATEMENT",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_9bd55",
                            referencing="REFERENCING OLD TABLE AS old_values ",
                            table="parking_calendarday",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="163395b13fddd40a11f4a168710de64066cc5388",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_544e5",
                            table="parking_calendarday",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            f"CREATE OR REPLACE FUNCTION {SIGNATURE} RETURN {BOX}",
            "DROP FUNCTION kerb_box(bigint, text, numrange)",
        ),
        migrations.CreateModel(
            name="Bay",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "side",
                    models.CharField(
                        choices=[("left", "左侧"), ("right", "右侧")], max_length=8, verbose_name="侧"
                    ),
                ),
                ("stretch", django.contrib.postgres.fields.ranges.DecimalRangeField(verbose_name="里程(米)")),
                ("is_demo", models.BooleanField(default=False, verbose_name="演示数据")),
                ("number", models.CharField(max_length=20, verbose_name="编号")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("small", "小型车"),
                            ("large", "大型车"),
                            ("accessible", "无障碍"),
                            ("charging", "充电"),
                        ],
                        default="small",
                        max_length=12,
                        verbose_name="类型",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("in_use", "启用"), ("suspended", "暂停"), ("removed", "已取消")],
                        default="in_use",
                        max_length=12,
                        verbose_name="状态",
                    ),
                ),
                ("opens", models.TimeField(blank=True, null=True, verbose_name="每日开始")),
                ("closes", models.TimeField(blank=True, null=True, verbose_name="每日结束")),
                (
                    "area",
                    django.contrib.gis.db.models.fields.PolygonField(
                        srid=settings.GRIDMGR_SRID, verbose_name="范围"
                    ),
                ),
                (
                    "road",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="%(class)ss",
                        to="grids.road",
                        verbose_name="道路",
                    ),
                ),
            ],
            options={
                "verbose_name": "停车泊位",
                "verbose_name_plural": "停车泊位",
                "ordering": ["number"],
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("area__isvalid", True)), name="bay_area_valid"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closes__isnull", True), ("opens__isnull", True)),
                            models.Q(
                                ("closes__isnull", False),
                                ("opens__isnull", False),
                                models.Q(("opens", models.F("closes")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="bay_hours_whole",
                        violation_error_message="开始和结束时间须同时填写且不相同;全天开放则都留空。",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("state", "removed"), _negated=True),
                        expressions=[(gridmgr.core.geo.functions.KerbBox("road", "side", "stretch"), "&&")],
                        name="bay_kerb_once",
                        violation_error_message="同侧路缘的这一段已有泊位。",
                    ),
                    models.UniqueConstraint(
                        fields=("number",),
                        name="bay_number_once",
                        violation_error_message="已有这个编号的泊位。",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="stretch_on_road_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            declare="DECLARE stray record;",
                            func="\n            PERFORM 1 FROM grids_road WHERE id = ANY(ARRAY(SELECT DISTINCT road_id FROM (SELECT road_id, stretch FROM new_values) AS each_row))\n            ORDER BY id FOR SHARE;\n            SELECT each_row.stretch, road.length_m::numeric AS road_length INTO stray\n            FROM (SELECT road_id, stretch FROM new_values) AS each_row LEFT JOIN grids_road AS road ON road.id = each_row.road_id\n            WHERE isempty(stretch) OR lower_inf(stretch) OR upper_inf(stretch)\n               OR lower(stretch) < 0 OR upper(stretch) > road.length_m::numeric + 0.01\n            LIMIT 1;\n            IF FOUND THEN\n                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'stretch_on_road', TABLE = TG_TABLE_NAME, MESSAGE = format('stretch %s is not within the road (0 to %s m)', stray.stretch, round(stray.road_length, 2));\n            END IF;\n            RETURN NULL;\n        ",
                            hash="a397283ec2a48dbeec1b2118e23d2d35d19f8113",
                            level="STATEMENT",
                            operation="INSERT",
                            pgid="pgtrigger_stretch_on_road_insert_2d148",
                            referencing="REFERENCING NEW TABLE AS new_values ",
                            table="parking_bay",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="stretch_on_road_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            declare="DECLARE stray record;",
                            func="\n            PERFORM 1 FROM grids_road WHERE id = ANY(ARRAY(SELECT DISTINCT road_id FROM (SELECT road_id, stretch FROM new_values EXCEPT SELECT road_id, stretch FROM old_values) AS each_row))\n            ORDER BY id FOR SHARE;\n            SELECT each_row.stretch, road.length_m::numeric AS road_length INTO stray\n            FROM (SELECT road_id, stretch FROM new_values EXCEPT SELECT road_id, stretch FROM old_values) AS each_row LEFT JOIN grids_road AS road ON road.id = each_row.road_id\n            WHERE isempty(stretch) OR lower_inf(stretch) OR upper_inf(stretch)\n               OR lower(stretch) < 0 OR upper(stretch) > road.length_m::numeric + 0.01\n            LIMIT 1;\n            IF FOUND THEN\n                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'stretch_on_road', TABLE = TG_TABLE_NAME, MESSAGE = format('stretch %s is not within the road (0 to %s m)', stray.stretch, round(stray.road_length, 2));\n            END IF;\n            RETURN NULL;\n        ",
                            hash="876d2cacec06245ab9f9d26ebf12b3ecbaa883c8",
                            level="STATEMENT",
                            operation="UPDATE",
                            pgid="pgtrigger_stretch_on_road_update_bc1d3",
                            referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                            table="parking_bay",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "parking_bayevent" ("area", "closes", "id", "is_demo", "kind", "number", "opens", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "road_id", "side", "state", "stretch") SELECT new_values."area", new_values."closes", new_values."id", new_values."is_demo", new_values."kind", new_values."number", new_values."opens", (SELECT _pgh_attach_context()), NOW(), \'insert\', new_values."id", new_values."road_id", new_values."side", new_values."state", new_values."stretch" FROM ( SELECT new_values.* FROM new_values  ) AS new_values; RETURN NULL;',
                            hash="fdd5d54acc57125db03dbbfe9c43ab27f8c4c3bc",
                            level="STATEMENT",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_29e03",
                            referencing="REFERENCING NEW TABLE AS new_values ",
                            table="parking_bay",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "parking_bayevent" ("area", "closes", "id", "is_demo", "kind", "number", "opens", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "road_id", "side", "state", "stretch") SELECT old_values."area", old_values."closes", old_values."id", old_values."is_demo", old_values."kind", old_values."number", old_values."opens", (SELECT _pgh_attach_context()), NOW(), \'delete\', old_values."id", old_values."road_id", old_values."side", old_values."state", old_values."stretch" FROM ( SELECT old_values.* FROM old_values  ) AS old_values; RETURN NULL;',
                            hash="d078fb4e4e738e11fb7dcc7cc45fcf1fb2bb6cda",
                            level="STATEMENT",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_732b2",
                            referencing="REFERENCING OLD TABLE AS old_values ",
                            table="parking_bay",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "parking_bayevent" ("area", "closes", "id", "is_demo", "kind", "number", "opens", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "road_id", "side", "state", "stretch") SELECT new_values."area", new_values."closes", new_values."id", new_values."is_demo", new_values."kind", new_values."number", new_values."opens", (SELECT _pgh_attach_context()), NOW(), \'update\', new_values."id", new_values."road_id", new_values."side", new_values."state", new_values."stretch" FROM ( SELECT new_values.* FROM old_values FULL JOIN new_values ON old_values."id" = new_values."id" WHERE num_nonnulls(new_values."id") = 1 AND (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values; RETURN NULL;',
                            hash="116cdd2caf7f29d171bcab023d8fe16c258ab4ab",
                            level="STATEMENT",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_393b7",
                            referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                            table="parking_bay",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="data_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n            INSERT INTO layers_datachange AS known (table_name, xid, weight)\n            VALUES (TG_TABLE_NAME, pg_current_xact_id()::text::bigint,\n                    hashtextextended(gen_random_uuid()::text, 0) & 2305843009213693951)\n            ON CONFLICT (table_name, xid) DO UPDATE SET weight = (known.weight + excluded.weight) % 2305843009213693952\n            WHERE known.xmin <> pg_current_xact_id()::xid;\n            RETURN NULL;\n        ",
                            hash="7e2d575e8226226cb2bd6ae9cca0fb7cd54dab5e",
                            level="STATEMENT",
                            operation="INSERT OR UPDATE OR DELETE OR TRUNCATE",
                            pgid="pgtrigger_data_version_7b33d",
                            table="parking_bay",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="2e4715cd12555e969bf014aa4a7145d64da66e74",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_545e5",
                            table="parking_bay",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SchoolEvent",
            fields=[
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "pgh_db_user",
                    models.TextField(db_default=gridmgr.core.history.SessionUser(), editable=False),
                ),
                ("id", models.BigIntegerField()),
                (
                    "source_id",
                    models.CharField(blank=True, max_length=80, null=True, verbose_name="来源编号"),
                ),
                ("name", models.CharField(max_length=120, verbose_name="名称")),
                (
                    "kind",
                    models.CharField(
                        choices=[("kindergarten", "幼儿园"), ("school", "中小学"), ("college", "高等院校")],
                        max_length=16,
                        verbose_name="类别",
                    ),
                ),
                (
                    "area",
                    django.contrib.gis.db.models.fields.MultiPolygonField(
                        spatial_index=False, srid=settings.GRIDMGR_SRID, verbose_name="校园范围"
                    ),
                ),
                ("source", models.CharField(blank=True, max_length=200, verbose_name="数据来源")),
                ("is_demo", models.BooleanField(default=False, verbose_name="演示数据")),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="parking.school",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    django.contrib.postgres.indexes.BrinIndex(
                        autosummarize=True,
                        fields=["pgh_created_at"],
                        name="school_event_when",
                        pages_per_range=16,
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="caedb8ddc94377ff841d1dc626d266e8859704c0",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_719fe",
                            table="parking_schoolevent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="1b17cae7b800bfc6b8799130316f7e2114ec9e76",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_345a0",
                            table="parking_schoolevent",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SchoolGateEvent",
            fields=[
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "pgh_db_user",
                    models.TextField(db_default=gridmgr.core.history.SessionUser(), editable=False),
                ),
                ("id", models.BigIntegerField()),
                ("name", models.CharField(max_length=40, verbose_name="名称")),
                (
                    "location",
                    django.contrib.gis.db.models.fields.PointField(
                        spatial_index=False, srid=settings.GRIDMGR_SRID, verbose_name="位置"
                    ),
                ),
                ("is_demo", models.BooleanField(default=False, verbose_name="演示数据")),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="parking.schoolgate",
                    ),
                ),
                (
                    "school",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="parking.school",
                        verbose_name="学校",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    django.contrib.postgres.indexes.BrinIndex(
                        autosummarize=True,
                        fields=["pgh_created_at"],
                        name="schoolgate_event_when",
                        pages_per_range=16,
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="b992f7aa7ff07db379e383701dd8ae6c62be5661",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_81d82",
                            table="parking_schoolgateevent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="ffbe8deeeba0893861319330859901edfc996040",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_f7318",
                            table="parking_schoolgateevent",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PandaLaneEvent",
            fields=[
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "pgh_db_user",
                    models.TextField(db_default=gridmgr.core.history.SessionUser(), editable=False),
                ),
                ("id", models.BigIntegerField()),
                (
                    "side",
                    models.CharField(
                        choices=[("left", "左侧"), ("right", "右侧")], max_length=8, verbose_name="侧"
                    ),
                ),
                ("stretch", django.contrib.postgres.fields.ranges.DecimalRangeField(verbose_name="里程(米)")),
                ("is_demo", models.BooleanField(default=False, verbose_name="演示数据")),
                (
                    "line",
                    django.contrib.gis.db.models.fields.LineStringField(
                        spatial_index=False, srid=settings.GRIDMGR_SRID, verbose_name="线形"
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="parking.pandalane",
                    ),
                ),
                (
                    "road",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="grids.road",
                        verbose_name="道路",
                    ),
                ),
                (
                    "school",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="parking.school",
                        verbose_name="学校",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    django.contrib.postgres.indexes.BrinIndex(
                        autosummarize=True,
                        fields=["pgh_created_at"],
                        name="pandalane_event_when",
                        pages_per_range=16,
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="9bc5c99c5817230ac44550090da5ba1488e34047",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_408a1",
                            table="parking_pandalaneevent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="9d782c5ba404e938996619b44984084fcb0f9b47",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_c00ac",
                            table="parking_pandalaneevent",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DropOffPointEvent",
            fields=[
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "pgh_db_user",
                    models.TextField(db_default=gridmgr.core.history.SessionUser(), editable=False),
                ),
                ("id", models.BigIntegerField()),
                (
                    "side",
                    models.CharField(
                        choices=[("left", "左侧"), ("right", "右侧")], max_length=8, verbose_name="侧"
                    ),
                ),
                ("stretch", django.contrib.postgres.fields.ranges.DecimalRangeField(verbose_name="里程(米)")),
                ("is_demo", models.BooleanField(default=False, verbose_name="演示数据")),
                ("code", models.CharField(max_length=16, verbose_name="编号")),
                ("capacity", models.PositiveSmallIntegerField(verbose_name="可停车位")),
                (
                    "area",
                    django.contrib.gis.db.models.fields.PolygonField(
                        spatial_index=False, srid=settings.GRIDMGR_SRID, verbose_name="范围"
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="parking.dropoffpoint",
                    ),
                ),
                (
                    "road",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="grids.road",
                        verbose_name="道路",
                    ),
                ),
                (
                    "school",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="parking.school",
                        verbose_name="服务学校",
                    ),
                ),
                (
                    "gate",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="parking.schoolgate",
                        verbose_name="服务校门",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    django.contrib.postgres.indexes.BrinIndex(
                        autosummarize=True,
                        fields=["pgh_created_at"],
                        name="dropoffpoint_event_when",
                        pages_per_range=16,
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="7448ca2d444c3db3e2b25124384faed5cb3bede8",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_634e5",
                            table="parking_dropoffpointevent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="3dde7e7ed896c7bee0da1309eeaf5a2bc5ea643a",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_31958",
                            table="parking_dropoffpointevent",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DropOffHoursEvent",
            fields=[
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "pgh_db_user",
                    models.TextField(db_default=gridmgr.core.history.SessionUser(), editable=False),
                ),
                ("id", models.BigIntegerField()),
                ("opens", models.TimeField(verbose_name="开始")),
                ("closes", models.TimeField(verbose_name="结束")),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="parking.dropoffhours",
                    ),
                ),
                (
                    "point",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="parking.dropoffpoint",
                        verbose_name="接送点",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    django.contrib.postgres.indexes.BrinIndex(
                        autosummarize=True,
                        fields=["pgh_created_at"],
                        name="dropoffhours_event_when",
                        pages_per_range=16,
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="50d95fee846cad8eac387259aa5958a1c625119f",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_51b8d",
                            table="parking_dropoffhoursevent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="564fb434c567d3fe0f0c5edaeb2340f5e35d2a44",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_d5326",
                            table="parking_dropoffhoursevent",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CalendarDayEvent",
            fields=[
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "pgh_db_user",
                    models.TextField(db_default=gridmgr.core.history.SessionUser(), editable=False),
                ),
                ("day", models.DateField(serialize=False, verbose_name="日期")),
                ("is_school_day", models.BooleanField(verbose_name="上学日")),
                ("note", models.CharField(blank=True, max_length=60, verbose_name="说明")),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="parking.calendarday",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    django.contrib.postgres.indexes.BrinIndex(
                        autosummarize=True,
                        fields=["pgh_created_at"],
                        name="calendarday_event_when",
                        pages_per_range=16,
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="5ab4bc29262d2b1a8860395593e62748c8159d9b",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_fec24",
                            table="parking_calendardayevent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="cad867205812c9fd5398dde7b60cf72512759ca1",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_c8d8a",
                            table="parking_calendardayevent",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BayEvent",
            fields=[
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "pgh_db_user",
                    models.TextField(db_default=gridmgr.core.history.SessionUser(), editable=False),
                ),
                ("id", models.BigIntegerField()),
                (
                    "side",
                    models.CharField(
                        choices=[("left", "左侧"), ("right", "右侧")], max_length=8, verbose_name="侧"
                    ),
                ),
                ("stretch", django.contrib.postgres.fields.ranges.DecimalRangeField(verbose_name="里程(米)")),
                ("is_demo", models.BooleanField(default=False, verbose_name="演示数据")),
                ("number", models.CharField(max_length=20, verbose_name="编号")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("small", "小型车"),
                            ("large", "大型车"),
                            ("accessible", "无障碍"),
                            ("charging", "充电"),
                        ],
                        default="small",
                        max_length=12,
                        verbose_name="类型",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("in_use", "启用"), ("suspended", "暂停"), ("removed", "已取消")],
                        default="in_use",
                        max_length=12,
                        verbose_name="状态",
                    ),
                ),
                ("opens", models.TimeField(blank=True, null=True, verbose_name="每日开始")),
                ("closes", models.TimeField(blank=True, null=True, verbose_name="每日结束")),
                (
                    "area",
                    django.contrib.gis.db.models.fields.PolygonField(
                        spatial_index=False, srid=settings.GRIDMGR_SRID, verbose_name="范围"
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="parking.bay",
                    ),
                ),
                (
                    "road",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="grids.road",
                        verbose_name="道路",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    django.contrib.postgres.indexes.BrinIndex(
                        autosummarize=True,
                        fields=["pgh_created_at"],
                        name="bay_event_when",
                        pages_per_range=16,
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="b987b7e3a6656be7fc019c0b33d0a93293eb848a",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_3c205",
                            table="parking_bayevent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="df4666b1d93dfd7bb7bdedc30cd8b773bfa12215",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_c708d",
                            table="parking_bayevent",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
    ]
