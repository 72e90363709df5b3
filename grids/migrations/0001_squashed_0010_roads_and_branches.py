"""Roads and what lies along them, branches, members, and who answers for what.

What a new database starts from. One made by an earlier version comes here by the files that this one replaces, which also
move its data; a dependency therefore names the file that is needed, not the squashed one (docs/architecture.md).
"""

import django.contrib.gis.db.models.fields
import django.contrib.gis.db.models.functions
import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import gridmgr.core.geo.functions
import gridmgr.core.history
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [
        ("grids", "0001_roads_and_branches"),
        ("grids", "0002_facilities"),
        ("grids", "0003_days_of_the_city"),
        ("grids", "0004_history_by_statement"),
        ("grids", "0005_fewer_indexes"),
        ("grids", "0006_data_changes_weighed"),
        ("grids", "0007_history_stays"),
        ("grids", "0008_events_by_time"),
        ("grids", "0009_carriageway_level_known"),
        ("grids", "0010_fill_level_known"),
    ]

    initial = True

    dependencies = [
        ("accounts", "0001_accounts"),
        ("layers", "0001_extensions_and_data_versions"),
        ("pghistory", "0007_auto_20250421_0444"),
    ]

    operations = [
        migrations.CreateModel(
            name="Road",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=120, unique=True, verbose_name="名称")),
                ("name_en", models.CharField(blank=True, max_length=160, verbose_name="英文名称")),
                (
                    "road_class",
                    models.CharField(
                        choices=[
                            ("expressway", "快速路"),
                            ("arterial", "主干路"),
                            ("secondary", "次干路"),
                            ("local", "支路"),
                        ],
                        max_length=16,
                        verbose_name="等级",
                    ),
                ),
                (
                    "carriageway_kind",
                    models.CharField(
                        choices=[("two_way", "双向"), ("one_way", "单行"), ("dual", "双幅(对向分隔)")],
                        max_length=16,
                        verbose_name="车行道形式",
                    ),
                ),
                ("width_m", models.FloatField(verbose_name="车行道宽度(米)")),
                (
                    "width_origin",
                    models.CharField(
                        choices=[
                            ("measured", "实测"),
                            ("lanes", "按车道数推算"),
                            ("class_default", "按道路等级默认"),
                        ],
                        max_length=16,
                        verbose_name="宽度来源",
                    ),
                ),
                (
                    "reference_line",
                    django.contrib.gis.db.models.fields.LineStringField(
                        srid=settings.GRIDMGR_SRID, verbose_name="参考线"
                    ),
                ),
                (
                    "length_m",
                    models.GeneratedField(
                        db_persist=True,
                        expression=gridmgr.core.geo.functions.LengthInMetres("reference_line"),
                        output_field=models.FloatField(),
                        verbose_name="长度(米)",
                    ),
                ),
                ("covered_share", models.FloatField(verbose_name="道路覆盖率")),
                ("beside_itself_m", models.FloatField(default=0, verbose_name="自身并行长度(米)")),
                ("ways_used", models.PositiveIntegerField(verbose_name="采用的路线数")),
                ("ways_left_out", models.JSONField(blank=True, default=list, verbose_name="未采用的路线")),
                ("source", models.CharField(blank=True, max_length=200, verbose_name="数据来源")),
            ],
            options={
                "verbose_name": "道路",
                "verbose_name_plural": "道路",
                "ordering": ["name"],
                "indexes": [
                    models.Index(fields=["road_class", "name"], name="grids_road_road_cl_6ae0e7_idx")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("width_m__gt", 0), ("width_m__lt", 200)),
                        name="road_width_positive",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("name", ""), _negated=True), name="road_name_not_blank"
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "grids_roadevent" ("beside_itself_m", "carriageway_kind", "covered_share", "id", "name", "name_en", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reference_line", "road_class", "source", "ways_left_out", "ways_used", "width_m", "width_origin") SELECT new_values."beside_itself_m", new_values."carriageway_kind", new_values."covered_share", new_values."id", new_values."name", new_values."name_en", (SELECT _pgh_attach_context()), NOW(), \'insert\', new_values."id", new_values."reference_line", new_values."road_class", new_values."source", new_values."ways_left_out", new_values."ways_used", new_values."width_m", new_values."width_origin" FROM ( SELECT new_values.* FROM new_values  ) AS new_values; RETURN NULL;',
                            hash="93c6db08902a97ecff4aba0e3040f4d351bddfc8",
                            level="STATEMENT",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_84358",
                            referencing="REFERENCING NEW TABLE AS new_values ",
                            table="grids_road",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "grids_roadevent" ("beside_itself_m", "carriageway_kind", "covered_share", "id", "name", "name_en", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reference_line", "road_class", "source", "ways_left_out", "ways_used", "width_m", "width_origin") SELECT new_values."beside_itself_m", new_values."carriageway_kind", new_values."covered_share", new_values."id", new_values."name", new_values."name_en", (SELECT _pgh_attach_context()), NOW(), \'update\', new_values."id", new_values."reference_line", new_values."road_class", new_values."source", new_values."ways_left_out", new_values."ways_used", new_values."width_m", new_values."width_origin" FROM ( SELECT new_values.* FROM old_values FULL JOIN new_values ON old_values."id" = new_values."id" WHERE num_nonnulls(new_values."id") = 1 AND ((old_values."beside_itself_m" IS DISTINCT FROM (new_values."beside_itself_m") OR old_values."carriageway_kind" IS DISTINCT FROM (new_values."carriageway_kind") OR old_values."covered_share" IS DISTINCT FROM (new_values."covered_share") OR old_values."id" IS DISTINCT FROM (new_values."id") OR old_values."name" IS DISTINCT FROM (new_values."name") OR old_values."name_en" IS DISTINCT FROM (new_values."name_en") OR old_values."reference_line" IS DISTINCT FROM (new_values."reference_line") OR old_values."road_class" IS DISTINCT FROM (new_values."road_class") OR old_values."source" IS DISTINCT FROM (new_values."source") OR old_values."ways_left_out" IS DISTINCT FROM (new_values."ways_left_out") OR old_values."ways_used" IS DISTINCT FROM (new_values."ways_used") OR old_values."width_m" IS DISTINCT FROM (new_values."width_m") OR old_values."width_origin" IS DISTINCT FROM (new_values."width_origin"))) ) AS new_values; RETURN NULL;',
                            hash="8224d8b52294271e8d898bb90f773dd1d8deb2a9",
                            level="STATEMENT",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_76034",
                            referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                            table="grids_road",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "grids_roadevent" ("beside_itself_m", "carriageway_kind", "covered_share", "id", "name", "name_en", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reference_line", "road_class", "source", "ways_left_out", "ways_used", "width_m", "width_origin") SELECT old_values."beside_itself_m", old_values."carriageway_kind", old_values."covered_share", old_values."id", old_values."name", old_values."name_en", (SELECT _pgh_attach_context()), NOW(), \'delete\', old_values."id", old_values."reference_line", old_values."road_class", old_values."source", old_values."ways_left_out", old_values."ways_used", old_values."width_m", old_values."width_origin" FROM ( SELECT old_values.* FROM old_values  ) AS old_values; RETURN NULL;',
                            hash="4529965fe8a86c99af2c40819cb9c22d497624c8",
                            level="STATEMENT",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_999d6",
                            referencing="REFERENCING OLD TABLE AS old_values ",
                            table="grids_road",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="data_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n            INSERT INTO layers_datachange AS known (table_name, xid, weight)\n            VALUES (TG_TABLE_NAME, pg_current_xact_id()::text::bigint,\n                    hashtextextended(gen_random_uuid()::text, 0) & 2305843009213693951)\n            ON CONFLICT (table_name, xid) DO UPDATE SET weight = (known.weight + excluded.weight) % 2305843009213693952\n            WHERE known.xmin <> pg_current_xact_id()::xid;\n            RETURN NULL;\n        ",
                            hash="f5f208fca920ed9a7ecd56637d0c6725c13de6d6",
                            level="STATEMENT",
                            operation="INSERT OR UPDATE OR DELETE OR TRUNCATE",
                            pgid="pgtrigger_data_version_20c4a",
                            table="grids_road",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="7f8229e1ed9fedecc0fac974c6417bd4321f824d",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_39d05",
                            table="grids_road",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RoadGap",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("stretch", django.contrib.postgres.fields.ranges.DecimalRangeField(verbose_name="里程(米)")),
                (
                    "road",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="gaps",
                        to="grids.road",
                        verbose_name="道路",
                    ),
                ),
            ],
            options={
                "verbose_name": "断档",
                "verbose_name_plural": "断档",
                "constraints": [
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[("road", "="), ("stretch", "&&")], name="road_gap_once"
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="stretch_on_road_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            declare="DECLARE stray record;",
                            func="\n            PERFORM 1 FROM grids_road WHERE id = ANY(ARRAY(SELECT DISTINCT road_id FROM (SELECT road_id, stretch FROM new_values) AS each_row))\n            ORDER BY id FOR SHARE;\n            SELECT each_row.stretch, road.length_m::numeric AS road_length INTO stray\n            FROM (SELECT road_id, stretch FROM new_values) AS each_row LEFT JOIN grids_road AS road ON road.id = each_row.road_id\n            WHERE isempty(stretch) OR lower_inf(stretch) OR upper_inf(stretch)\n               OR lower(stretch) < 0 OR upper(stretch) > road.length_m::numeric + 0.01\n            LIMIT 1;\n            IF FOUND THEN\n                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'stretch_on_road', TABLE = TG_TABLE_NAME, MESSAGE = format('stretch %s is not within the road (0 to %s m)', stray.stretch, round(stray.road_length, 2));\n            END IF;\n            RETURN NULL;\n        ",
                            hash="ece3e26ea0bc669524e43bac4f15b8ac0568926f",
                            level="STATEMENT",
                            operation="INSERT",
                            pgid="pgtrigger_stretch_on_road_insert_b9d49",
                            referencing="REFERENCING NEW TABLE AS new_values ",
                            table="grids_roadgap",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="stretch_on_road_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            declare="DECLARE stray record;",
                            func="\n            PERFORM 1 FROM grids_road WHERE id = ANY(ARRAY(SELECT DISTINCT road_id FROM (SELECT road_id, stretch FROM new_values EXCEPT SELECT road_id, stretch FROM old_values) AS each_row))\n            ORDER BY id FOR SHARE;\n            SELECT each_row.stretch, road.length_m::numeric AS road_length INTO stray\n            FROM (SELECT road_id, stretch FROM new_values EXCEPT SELECT road_id, stretch FROM old_values) AS each_row LEFT JOIN grids_road AS road ON road.id = each_row.road_id\n            WHERE isempty(stretch) OR lower_inf(stretch) OR upper_inf(stretch)\n               OR lower(stretch) < 0 OR upper(stretch) > road.length_m::numeric + 0.01\n            LIMIT 1;\n            IF FOUND THEN\n                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'stretch_on_road', TABLE = TG_TABLE_NAME, MESSAGE = format('stretch %s is not within the road (0 to %s m)', stray.stretch, round(stray.road_length, 2));\n            END IF;\n            RETURN NULL;\n        ",
                            hash="02ea1a56f4c0460c302e4af997592563e1e4ee3c",
                            level="STATEMENT",
                            operation="UPDATE",
                            pgid="pgtrigger_stretch_on_road_update_da3ed",
                            referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                            table="grids_roadgap",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Carriageway",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source_id", models.CharField(max_length=80, unique=True, verbose_name="来源编号")),
                ("osm_id", models.BigIntegerField(blank=True, null=True, verbose_name="OSM 编号")),
                ("name", models.CharField(blank=True, max_length=120, verbose_name="名称")),
                ("highway", models.CharField(max_length=40, verbose_name="来源等级")),
                ("is_link", models.BooleanField(default=False, verbose_name="匝道")),
                (
                    "oneway",
                    models.CharField(
                        choices=[("no", "双向"), ("yes", "顺画线方向单行"), ("-1", "逆画线方向单行")],
                        default="no",
                        max_length=4,
                        verbose_name="单行",
                    ),
                ),
                ("lanes", models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="车道数")),
                ("width_m", models.FloatField(verbose_name="宽度(米)")),
                (
                    "width_origin",
                    models.CharField(
                        choices=[
                            ("measured", "实测"),
                            ("lanes", "按车道数推算"),
                            ("class_default", "按道路等级默认"),
                        ],
                        max_length=16,
                        verbose_name="宽度来源",
                    ),
                ),
                ("bridge", models.BooleanField(default=False, verbose_name="桥梁")),
                ("tunnel", models.BooleanField(default=False, verbose_name="隧道")),
                ("level", models.SmallIntegerField(default=0, verbose_name="层")),
                (
                    "line",
                    django.contrib.gis.db.models.fields.LineStringField(
                        srid=settings.GRIDMGR_SRID, verbose_name="线形"
                    ),
                ),
                (
                    "road",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="carriageways",
                        to="grids.road",
                        verbose_name="道路",
                    ),
                ),
                (
                    "level_known",
                    models.BooleanField(
                        default=True,
                        help_text="数据来源是否说明桥梁、隧道或层;没有说明的按地面处理,请现场确认。",
                        verbose_name="层级已知",
                    ),
                ),
            ],
            options={
                "verbose_name": "车行道",
                "verbose_name_plural": "车行道",
                "indexes": [
                    models.Index(fields=["highway"], name="grids_carri_highway_cde35f_idx"),
                    models.Index(fields=["width_m"], name="grids_carri_width_m_3b3af6_idx"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("width_m__gt", 0), ("width_m__lt", 200)),
                        name="carriageway_width_positive",
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="data_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n            INSERT INTO layers_datachange AS known (table_name, xid, weight)\n            VALUES (TG_TABLE_NAME, pg_current_xact_id()::text::bigint,\n                    hashtextextended(gen_random_uuid()::text, 0) & 2305843009213693951)\n            ON CONFLICT (table_name, xid) DO UPDATE SET weight = (known.weight + excluded.weight) % 2305843009213693952\n            WHERE known.xmin <> pg_current_xact_id()::xid;\n            RETURN NULL;\n        ",
                            hash="e1568d33c18e4500698df43873b17e50d1af4f85",
                            level="STATEMENT",
                            operation="INSERT OR UPDATE OR DELETE OR TRUNCATE",
                            pgid="pgtrigger_data_version_19866",
                            table="grids_carriageway",
                            when="AFTER",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Kerb",
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
                (
                    "line",
                    django.contrib.gis.db.models.fields.LineStringField(
                        srid=settings.GRIDMGR_SRID, verbose_name="线形"
                    ),
                ),
                (
                    "measures",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.FloatField(), size=None, verbose_name="里程(米)"
                    ),
                ),
                (
                    "road",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="kerbs",
                        to="grids.road",
                        verbose_name="道路",
                    ),
                ),
            ],
            options={
                "verbose_name": "路缘",
                "verbose_name_plural": "路缘",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("measures__len", django.contrib.gis.db.models.functions.NumPoints("line"))
                        ),
                        name="kerb_measure_per_vertex",
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="data_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n            INSERT INTO layers_datachange AS known (table_name, xid, weight)\n            VALUES (TG_TABLE_NAME, pg_current_xact_id()::text::bigint,\n                    hashtextextended(gen_random_uuid()::text, 0) & 2305843009213693951)\n            ON CONFLICT (table_name, xid) DO UPDATE SET weight = (known.weight + excluded.weight) % 2305843009213693952\n            WHERE known.xmin <> pg_current_xact_id()::xid;\n            RETURN NULL;\n        ",
                            hash="6fbbcff4dfcfc275386c35f7cc580fda453826ff",
                            level="STATEMENT",
                            operation="INSERT OR UPDATE OR DELETE OR TRUNCATE",
                            pgid="pgtrigger_data_version_7ad67",
                            table="grids_kerb",
                            when="AFTER",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Crossing",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at_m", models.FloatField(verbose_name="里程(米)")),
                (
                    "other",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="grids.road",
                        verbose_name="相交道路",
                    ),
                ),
                (
                    "road",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="crossings",
                        to="grids.road",
                        verbose_name="道路",
                    ),
                ),
            ],
            options={
                "verbose_name": "交叉口",
                "verbose_name_plural": "交叉口",
                "ordering": ["road", "at_m"],
                "indexes": [models.Index(fields=["road", "at_m"], name="grids_cross_road_id_c451f5_idx")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("road", models.F("other")), _negated=True),
                        name="crossing_of_two_roads",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Backdrop",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source_id", models.CharField(max_length=80, unique=True, verbose_name="来源编号")),
                (
                    "kind",
                    models.CharField(
                        choices=[("water", "水域"), ("park", "公园绿地"), ("market", "市场商场")],
                        max_length=16,
                        verbose_name="类别",
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=120, verbose_name="名称")),
                (
                    "area",
                    django.contrib.gis.db.models.fields.MultiPolygonField(
                        srid=settings.GRIDMGR_SRID, verbose_name="范围"
                    ),
                ),
                ("source", models.CharField(blank=True, max_length=200, verbose_name="数据来源")),
            ],
            options={
                "verbose_name": "底图要素",
                "verbose_name_plural": "底图要素",
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="data_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n            INSERT INTO layers_datachange AS known (table_name, xid, weight)\n            VALUES (TG_TABLE_NAME, pg_current_xact_id()::text::bigint,\n                    hashtextextended(gen_random_uuid()::text, 0) & 2305843009213693951)\n            ON CONFLICT (table_name, xid) DO UPDATE SET weight = (known.weight + excluded.weight) % 2305843009213693952\n            WHERE known.xmin <> pg_current_xact_id()::xid;\n            RETURN NULL;\n        ",
                            hash="0a14899e8bdf688795b09ab4caa0d6888aee119b",
                            level="STATEMENT",
                            operation="INSERT OR UPDATE OR DELETE OR TRUNCATE",
                            pgid="pgtrigger_data_version_2396e",
                            table="grids_backdrop",
                            when="AFTER",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Facility",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source_id", models.CharField(max_length=80, verbose_name="来源编号")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("junction", "路口"),
                            ("crossing", "人行横道"),
                            ("bus_stop", "公交站"),
                            ("hydrant", "消防栓"),
                            ("fire_station", "消防站"),
                            ("fuel_station", "加油站"),
                            ("fire_lane", "消防通道"),
                            ("no_vending", "禁摆区域"),
                            ("footway", "人行道"),
                        ],
                        max_length=16,
                        verbose_name="类别",
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=120, verbose_name="名称")),
                (
                    "shape",
                    django.contrib.gis.db.models.fields.GeometryField(
                        srid=settings.GRIDMGR_SRID, verbose_name="位置"
                    ),
                ),
                ("width_m", models.FloatField(blank=True, null=True, verbose_name="宽度(米)")),
                ("source", models.CharField(blank=True, max_length=200, verbose_name="数据来源")),
                ("is_demo", models.BooleanField(default=False, verbose_name="演示数据")),
            ],
            options={
                "verbose_name": "设施",
                "verbose_name_plural": "设施",
                "ordering": ["kind", "name", "pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("shape__isvalid", True)), name="facility_shape_valid"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("width_m__isnull", True),
                            models.Q(("width_m__gt", 0), ("width_m__lt", 100)),
                            _connector="OR",
                        ),
                        name="facility_width_positive",
                    ),
                    models.UniqueConstraint(
                        fields=("source_id",),
                        name="facility_source_once",
                        violation_error_message="已有这个来源编号的设施。",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "grids_facilityevent" ("id", "is_demo", "kind", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "shape", "source", "source_id", "width_m") SELECT new_values."id", new_values."is_demo", new_values."kind", new_values."name", (SELECT _pgh_attach_context()), NOW(), \'insert\', new_values."id", new_values."shape", new_values."source", new_values."source_id", new_values."width_m" FROM ( SELECT new_values.* FROM new_values  ) AS new_values; RETURN NULL;',
                            hash="c7f8524585eb819b2f89482dcf33ff14671148a8",
                            level="STATEMENT",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_1e60e",
                            referencing="REFERENCING NEW TABLE AS new_values ",
                            table="grids_facility",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "grids_facilityevent" ("id", "is_demo", "kind", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "shape", "source", "source_id", "width_m") SELECT new_values."id", new_values."is_demo", new_values."kind", new_values."name", (SELECT _pgh_attach_context()), NOW(), \'update\', new_values."id", new_values."shape", new_values."source", new_values."source_id", new_values."width_m" FROM ( SELECT new_values.* FROM old_values FULL JOIN new_values ON old_values."id" = new_values."id" WHERE num_nonnulls(new_values."id") = 1 AND (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values; RETURN NULL;',
                            hash="990ac2b1454ecdd76c2251ab3b4009bcf4f4ddfe",
                            level="STATEMENT",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_a9706",
                            referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                            table="grids_facility",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "grids_facilityevent" ("id", "is_demo", "kind", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "shape", "source", "source_id", "width_m") SELECT old_values."id", old_values."is_demo", old_values."kind", old_values."name", (SELECT _pgh_attach_context()), NOW(), \'delete\', old_values."id", old_values."shape", old_values."source", old_values."source_id", old_values."width_m" FROM ( SELECT old_values.* FROM old_values  ) AS old_values; RETURN NULL;',
                            hash="8adcdc00dee8a5d0ca00d5b0f30ef80d854a6e52",
                            level="STATEMENT",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_8c120",
                            referencing="REFERENCING OLD TABLE AS old_values ",
                            table="grids_facility",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="data_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n            INSERT INTO layers_datachange AS known (table_name, xid, weight)\n            VALUES (TG_TABLE_NAME, pg_current_xact_id()::text::bigint,\n                    hashtextextended(gen_random_uuid()::text, 0) & 2305843009213693951)\n            ON CONFLICT (table_name, xid) DO UPDATE SET weight = (known.weight + excluded.weight) % 2305843009213693952\n            WHERE known.xmin <> pg_current_xact_id()::xid;\n            RETURN NULL;\n        ",
                            hash="724be6ffa6deb9fe6e6a7405148ff57c79b59b3a",
                            level="STATEMENT",
                            operation="INSERT OR UPDATE OR DELETE OR TRUNCATE",
                            pgid="pgtrigger_data_version_01178",
                            table="grids_facility",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="407985c4cb9eeab7b383c720611c486a6097275c",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_eaab1",
                            table="grids_facility",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Branch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "code",
                    models.CharField(
                        max_length=4,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^\\d{2,4}$", "编号为 2 至 4 位数字,如 03。"
                            )
                        ],
                        verbose_name="编号",
                    ),
                ),
                ("name", models.CharField(max_length=60, unique=True, verbose_name="名称")),
                ("name_en", models.CharField(blank=True, max_length=80, verbose_name="英文名称")),
                ("founded", models.DateField(verbose_name="成立日期")),
                (
                    "area",
                    django.contrib.gis.db.models.fields.MultiPolygonField(
                        srid=settings.GRIDMGR_SRID, verbose_name="网格范围"
                    ),
                ),
                ("colour", models.PositiveSmallIntegerField(default=0, verbose_name="图上颜色")),
                ("is_demo", models.BooleanField(default=False, verbose_name="演示数据")),
            ],
            options={
                "verbose_name": "网格支部",
                "verbose_name_plural": "网格支部",
                "ordering": ["code"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("colour__lte", 6)), name="branch_colour_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("area__isvalid", True)), name="branch_area_valid"
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="one_secretary",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            constraint="CONSTRAINT",
                            declare="DECLARE the_branch bigint; secretaries integer;",
                            func="\n            FOREACH the_branch IN ARRAY ARRAY[\n                CASE WHEN TG_OP <> 'DELETE' THEN NEW.id END,\n                CASE WHEN TG_OP <> 'INSERT' THEN OLD.id END\n            ] LOOP\n                IF EXISTS (SELECT 1 FROM grids_branch WHERE id = the_branch) THEN\n                    SELECT count(*) INTO secretaries FROM grids_member\n                    WHERE branch_id = the_branch AND role = 'secretary' AND left_on IS NULL;\n                    IF secretaries <> 1 THEN\n                        RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'one_secretary', TABLE = TG_TABLE_NAME, MESSAGE = format('branch %s has %s serving secretaries, not one', the_branch, secretaries);\n                    END IF;\n                END IF;\n            END LOOP;\n            RETURN NULL;\n        ",
                            hash="db5f2e13c93543de54f43222d4bdffce494b66ab",
                            operation="INSERT OR UPDATE OR DELETE",
                            pgid="pgtrigger_one_secretary_2bc19",
                            table="grids_branch",
                            timing="DEFERRABLE INITIALLY DEFERRED",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "grids_branchevent" ("area", "code", "colour", "founded", "id", "is_demo", "name", "name_en", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") SELECT new_values."area", new_values."code", new_values."colour", new_values."founded", new_values."id", new_values."is_demo", new_values."name", new_values."name_en", (SELECT _pgh_attach_context()), NOW(), \'insert\', new_values."id" FROM ( SELECT new_values.* FROM new_values  ) AS new_values; RETURN NULL;',
                            hash="d3ecf11a409dc1f0cb4c65b6892e374011846103",
                            level="STATEMENT",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_55197",
                            referencing="REFERENCING NEW TABLE AS new_values ",
                            table="grids_branch",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "grids_branchevent" ("area", "code", "colour", "founded", "id", "is_demo", "name", "name_en", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") SELECT new_values."area", new_values."code", new_values."colour", new_values."founded", new_values."id", new_values."is_demo", new_values."name", new_values."name_en", (SELECT _pgh_attach_context()), NOW(), \'update\', new_values."id" FROM ( SELECT new_values.* FROM old_values FULL JOIN new_values ON old_values."id" = new_values."id" WHERE num_nonnulls(new_values."id") = 1 AND (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values; RETURN NULL;',
                            hash="812627b63a7c59e29368b45cf327403760a534d4",
                            level="STATEMENT",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_11eab",
                            referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                            table="grids_branch",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "grids_branchevent" ("area", "code", "colour", "founded", "id", "is_demo", "name", "name_en", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") SELECT old_values."area", old_values."code", old_values."colour", old_values."founded", old_values."id", old_values."is_demo", old_values."name", old_values."name_en", (SELECT _pgh_attach_context()), NOW(), \'delete\', old_values."id" FROM ( SELECT old_values.* FROM old_values  ) AS old_values; RETURN NULL;',
                            hash="67b2fa3cfe82bfdd4914968e1406fe76640f5d76",
                            level="STATEMENT",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_8bc98",
                            referencing="REFERENCING OLD TABLE AS old_values ",
                            table="grids_branch",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="data_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n            INSERT INTO layers_datachange AS known (table_name, xid, weight)\n            VALUES (TG_TABLE_NAME, pg_current_xact_id()::text::bigint,\n                    hashtextextended(gen_random_uuid()::text, 0) & 2305843009213693951)\n            ON CONFLICT (table_name, xid) DO UPDATE SET weight = (known.weight + excluded.weight) % 2305843009213693952\n            WHERE known.xmin <> pg_current_xact_id()::xid;\n            RETURN NULL;\n        ",
                            hash="b29037282bc5f8927ee4f73a7870a1d3b8fc83ec",
                            level="STATEMENT",
                            operation="INSERT OR UPDATE OR DELETE OR TRUNCATE",
                            pgid="pgtrigger_data_version_88915",
                            table="grids_branch",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="dd02b5bd7bb9920b8168437004d9dbce3c076f60",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_05bb1",
                            table="grids_branch",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Member",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=40, verbose_name="姓名")),
                (
                    "role",
                    models.CharField(
                        choices=[("secretary", "支部书记"), ("member", "党员")],
                        default="member",
                        max_length=12,
                        verbose_name="职务",
                    ),
                ),
                (
                    "phone",
                    models.CharField(
                        blank=True,
                        max_length=20,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^\\+?[\\d -]{5,19}$", "电话只含数字、空格和短横线。"
                            )
                        ],
                        verbose_name="电话",
                    ),
                ),
                ("joined_on", models.DateField(blank=True, null=True, verbose_name="到岗日期")),
                ("left_on", models.DateField(blank=True, null=True, verbose_name="离岗日期")),
                ("is_demo", models.BooleanField(default=False, verbose_name="演示数据")),
                (
                    "branch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="members",
                        to="grids.branch",
                        verbose_name="支部",
                    ),
                ),
                (
                    "user",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="member",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="登录账号",
                    ),
                ),
            ],
            options={
                "verbose_name": "党员",
                "verbose_name_plural": "党员",
                "ordering": ["branch", "-role", "name"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("left_on__isnull", True), ("role", "secretary")),
                        fields=("branch",),
                        name="member_one_secretary",
                        violation_error_message="该支部已有在任书记,请先将其改任为党员。",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("left_on__isnull", True),
                            ("joined_on__isnull", True),
                            ("left_on__gte", models.F("joined_on")),
                            _connector="OR",
                        ),
                        name="member_leaves_after_joining",
                        violation_error_message="离岗日期不能早于到岗日期。",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="one_secretary",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            constraint="CONSTRAINT",
                            declare="DECLARE the_branch bigint; secretaries integer;",
                            func="\n            FOREACH the_branch IN ARRAY ARRAY[\n                CASE WHEN TG_OP <> 'DELETE' THEN NEW.branch_id END,\n                CASE WHEN TG_OP <> 'INSERT' THEN OLD.branch_id END\n            ] LOOP\n                IF EXISTS (SELECT 1 FROM grids_branch WHERE id = the_branch) THEN\n                    SELECT count(*) INTO secretaries FROM grids_member\n                    WHERE branch_id = the_branch AND role = 'secretary' AND left_on IS NULL;\n                    IF secretaries <> 1 THEN\n                        RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'one_secretary', TABLE = TG_TABLE_NAME, MESSAGE = format('branch %s has %s serving secretaries, not one', the_branch, secretaries);\n                    END IF;\n                END IF;\n            END LOOP;\n            RETURN NULL;\n        ",
                            hash="16269f0701b1b38098066b920d954bb3eb8f79a4",
                            operation="INSERT OR UPDATE OR DELETE",
                            pgid="pgtrigger_one_secretary_40c06",
                            table="grids_member",
                            timing="DEFERRABLE INITIALLY DEFERRED",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="member_keeps_branch",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n            IF NEW.branch_id <> OLD.branch_id AND EXISTS (\n                SELECT 1 FROM grids_memberassignment share\n                WHERE share.member_id = NEW.id AND (\n                    upper_inf(share.period) OR upper(share.period) > (now() AT TIME ZONE 'Asia/Shanghai')::date)\n            ) THEN\n                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'member_keeps_branch', TABLE = TG_TABLE_NAME, MESSAGE = 'the member still answers for stretches of the old branch; end those first';\n            END IF;\n            RETURN NEW;\n        ",
                            hash="0297440c2d4dd64084f10b8eca9e9d56d948aa6e",
                            operation='UPDATE OF "branch_id"',
                            pgid="pgtrigger_member_keeps_branch_fd0e9",
                            table="grids_member",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "grids_memberevent" ("branch_id", "id", "is_demo", "joined_on", "left_on", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "role", "user_id") SELECT new_values."branch_id", new_values."id", new_values."is_demo", new_values."joined_on", new_values."left_on", new_values."name", (SELECT _pgh_attach_context()), NOW(), \'insert\', new_values."id", new_values."phone", new_values."role", new_values."user_id" FROM ( SELECT new_values.* FROM new_values  ) AS new_values; RETURN NULL;',
                            hash="6d8859427fc6e2f0dfde456fd729157b1dd55e12",
                            level="STATEMENT",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_d3952",
                            referencing="REFERENCING NEW TABLE AS new_values ",
                            table="grids_member",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "grids_memberevent" ("branch_id", "id", "is_demo", "joined_on", "left_on", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "role", "user_id") SELECT new_values."branch_id", new_values."id", new_values."is_demo", new_values."joined_on", new_values."left_on", new_values."name", (SELECT _pgh_attach_context()), NOW(), \'update\', new_values."id", new_values."phone", new_values."role", new_values."user_id" FROM ( SELECT new_values.* FROM old_values FULL JOIN new_values ON old_values."id" = new_values."id" WHERE num_nonnulls(new_values."id") = 1 AND (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values; RETURN NULL;',
                            hash="c45ac5eb2ce1bf2d3c4026b15fcaa3ebbf0a444e",
                            level="STATEMENT",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_89a9b",
                            referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                            table="grids_member",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "grids_memberevent" ("branch_id", "id", "is_demo", "joined_on", "left_on", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "role", "user_id") SELECT old_values."branch_id", old_values."id", old_values."is_demo", old_values."joined_on", old_values."left_on", old_values."name", (SELECT _pgh_attach_context()), NOW(), \'delete\', old_values."id", old_values."phone", old_values."role", old_values."user_id" FROM ( SELECT old_values.* FROM old_values  ) AS old_values; RETURN NULL;',
                            hash="a5252762307beaee57c1c1aa20a3b10f109d86ce",
                            level="STATEMENT",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_b4667",
                            referencing="REFERENCING OLD TABLE AS old_values ",
                            table="grids_member",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="data_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n            INSERT INTO layers_datachange AS known (table_name, xid, weight)\n            VALUES (TG_TABLE_NAME, pg_current_xact_id()::text::bigint,\n                    hashtextextended(gen_random_uuid()::text, 0) & 2305843009213693951)\n            ON CONFLICT (table_name, xid) DO UPDATE SET weight = (known.weight + excluded.weight) % 2305843009213693952\n            WHERE known.xmin <> pg_current_xact_id()::xid;\n            RETURN NULL;\n        ",
                            hash="7925626158585150576cf98306c844e34db5f2dd",
                            level="STATEMENT",
                            operation="INSERT OR UPDATE OR DELETE OR TRUNCATE",
                            pgid="pgtrigger_data_version_29cea",
                            table="grids_member",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="ff80d10198393e6684995406b0390155cd7634cc",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_704b5",
                            table="grids_member",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Assignment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("stretch", django.contrib.postgres.fields.ranges.DecimalRangeField(verbose_name="里程(米)")),
                ("period", django.contrib.postgres.fields.ranges.DateRangeField(verbose_name="期间")),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="备注")),
                ("is_demo", models.BooleanField(default=False, verbose_name="演示数据")),
                (
                    "branch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="assignments",
                        to="grids.branch",
                        verbose_name="支部",
                    ),
                ),
                (
                    "road",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="assignments",
                        to="grids.road",
                        verbose_name="道路",
                    ),
                ),
            ],
            options={
                "verbose_name": "责任路段",
                "verbose_name_plural": "责任路段",
                "ordering": ["road__name", "stretch"],
                "constraints": [
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[("road", "="), ("stretch", "&&"), ("period", "&&")],
                        name="section_one_branch",
                        violation_error_message="这一路段在此期间已由其他支部包干。",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("period__isempty", False), ("period__startswith__isnull", False)),
                        name="section_period_given",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="section_holds_shares",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n            IF EXISTS (\n                SELECT 1 FROM grids_memberassignment share JOIN grids_member m ON m.id = share.member_id\n                WHERE share.assignment_id = NEW.id\n                  AND NOT (share.stretch <@ NEW.stretch AND share.period <@ NEW.period AND m.branch_id = NEW.branch_id)\n            ) THEN\n                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'section_holds_shares', TABLE = TG_TABLE_NAME, MESSAGE = 'members still answer for parts of this section; end those first';\n            END IF;\n            RETURN NULL;\n        ",
                            hash="075e73d8732e72b97f0c91e1c26995f041cda178",
                            operation='UPDATE OF "stretch", "period", "branch_id"',
                            pgid="pgtrigger_section_holds_shares_cb421",
                            table="grids_assignment",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="stretch_on_road_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            declare="DECLARE stray record;",
                            func="\n            PERFORM 1 FROM grids_road WHERE id = ANY(ARRAY(SELECT DISTINCT road_id FROM (SELECT road_id, stretch FROM new_values) AS each_row))\n            ORDER BY id FOR SHARE;\n            SELECT each_row.stretch, road.length_m::numeric AS road_length INTO stray\n            FROM (SELECT road_id, stretch FROM new_values) AS each_row LEFT JOIN grids_road AS road ON road.id = each_row.road_id\n            WHERE isempty(stretch) OR lower_inf(stretch) OR upper_inf(stretch)\n               OR lower(stretch) < 0 OR upper(stretch) > road.length_m::numeric + 0.01\n            LIMIT 1;\n            IF FOUND THEN\n                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'stretch_on_road', TABLE = TG_TABLE_NAME, MESSAGE = format('stretch %s is not within the road (0 to %s m)', stray.stretch, round(stray.road_length, 2));\n            END IF;\n            RETURN NULL;\n        ",
                            hash="9185b0a67d4247750a54a29c6204eeb9af9fdd2d",
                            level="STATEMENT",
                            operation="INSERT",
                            pgid="pgtrigger_stretch_on_road_insert_97a69",
                            referencing="REFERENCING NEW TABLE AS new_values ",
                            table="grids_assignment",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="stretch_on_road_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            declare="DECLARE stray record;",
                            func="\n            PERFORM 1 FROM grids_road WHERE id = ANY(ARRAY(SELECT DISTINCT road_id FROM (SELECT road_id, stretch FROM new_values EXCEPT SELECT road_id, stretch FROM old_values) AS each_row))\n            ORDER BY id FOR SHARE;\n            SELECT each_row.stretch, road.length_m::numeric AS road_length INTO stray\n            FROM (SELECT road_id, stretch FROM new_values EXCEPT SELECT road_id, stretch FROM old_values) AS each_row LEFT JOIN grids_road AS road ON road.id = each_row.road_id\n            WHERE isempty(stretch) OR lower_inf(stretch) OR upper_inf(stretch)\n               OR lower(stretch) < 0 OR upper(stretch) > road.length_m::numeric + 0.01\n            LIMIT 1;\n            IF FOUND THEN\n                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'stretch_on_road', TABLE = TG_TABLE_NAME, MESSAGE = format('stretch %s is not within the road (0 to %s m)', stray.stretch, round(stray.road_length, 2));\n            END IF;\n            RETURN NULL;\n        ",
                            hash="849268b4d3aee90d08c67b2fa74dd59d9ff1382f",
                            level="STATEMENT",
                            operation="UPDATE",
                            pgid="pgtrigger_stretch_on_road_update_fdc62",
                            referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                            table="grids_assignment",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "grids_assignmentevent" ("branch_id", "id", "is_demo", "note", "period", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "road_id", "stretch") SELECT new_values."branch_id", new_values."id", new_values."is_demo", new_values."note", new_values."period", (SELECT _pgh_attach_context()), NOW(), \'insert\', new_values."id", new_values."road_id", new_values."stretch" FROM ( SELECT new_values.* FROM new_values  ) AS new_values; RETURN NULL;',
                            hash="8663362dadcbdef45aed0d402aa4a30a2d614f33",
                            level="STATEMENT",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_ad855",
                            referencing="REFERENCING NEW TABLE AS new_values ",
                            table="grids_assignment",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "grids_assignmentevent" ("branch_id", "id", "is_demo", "note", "period", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "road_id", "stretch") SELECT new_values."branch_id", new_values."id", new_values."is_demo", new_values."note", new_values."period", (SELECT _pgh_attach_context()), NOW(), \'update\', new_values."id", new_values."road_id", new_values."stretch" FROM ( SELECT new_values.* FROM old_values FULL JOIN new_values ON old_values."id" = new_values."id" WHERE num_nonnulls(new_values."id") = 1 AND (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values; RETURN NULL;',
                            hash="565cafa3c51547c6c5bf8adac59475bab46a4a33",
                            level="STATEMENT",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_412f5",
                            referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                            table="grids_assignment",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "grids_assignmentevent" ("branch_id", "id", "is_demo", "note", "period", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "road_id", "stretch") SELECT old_values."branch_id", old_values."id", old_values."is_demo", old_values."note", old_values."period", (SELECT _pgh_attach_context()), NOW(), \'delete\', old_values."id", old_values."road_id", old_values."stretch" FROM ( SELECT old_values.* FROM old_values  ) AS old_values; RETURN NULL;',
                            hash="4aeea0c81ffab97d8cc3158e6c5a22253170723c",
                            level="STATEMENT",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_18b98",
                            referencing="REFERENCING OLD TABLE AS old_values ",
                            table="grids_assignment",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="data_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n            INSERT INTO layers_datachange AS known (table_name, xid, weight)\n            VALUES (TG_TABLE_NAME, pg_current_xact_id()::text::bigint,\n                    hashtextextended(gen_random_uuid()::text, 0) & 2305843009213693951)\n            ON CONFLICT (table_name, xid) DO UPDATE SET weight = (known.weight + excluded.weight) % 2305843009213693952\n            WHERE known.xmin <> pg_current_xact_id()::xid;\n            RETURN NULL;\n        ",
                            hash="bedb1b9e961e5bf667c2b3def152730a93d54b4c",
                            level="STATEMENT",
                            operation="INSERT OR UPDATE OR DELETE OR TRUNCATE",
                            pgid="pgtrigger_data_version_a15ce",
                            table="grids_assignment",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="ef1296553d22988e0fa24e5d482095fcef4fe3e0",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_7ceb3",
                            table="grids_assignment",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MemberAssignment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("stretch", django.contrib.postgres.fields.ranges.DecimalRangeField(verbose_name="里程(米)")),
                ("period", django.contrib.postgres.fields.ranges.DateRangeField(verbose_name="期间")),
                ("is_demo", models.BooleanField(default=False, verbose_name="演示数据")),
                (
                    "assignment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="shares",
                        to="grids.assignment",
                        verbose_name="责任路段",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="shares",
                        to="grids.member",
                        verbose_name="党员",
                    ),
                ),
            ],
            options={
                "verbose_name": "党员责任段",
                "verbose_name_plural": "党员责任段",
                "ordering": ["assignment", "stretch"],
                "constraints": [
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[("assignment", "="), ("stretch", "&&"), ("period", "&&")],
                        name="share_one_member",
                        violation_error_message="这一段在此期间已由本支部其他党员负责。",
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="share_within_section",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            declare="DECLARE section grids_assignment%ROWTYPE; member_branch bigint;",
                            func="\n            SELECT * INTO section FROM grids_assignment WHERE id = NEW.assignment_id FOR SHARE;\n            SELECT branch_id INTO member_branch FROM grids_member WHERE id = NEW.member_id FOR SHARE;\n            IF isempty(NEW.stretch) OR isempty(NEW.period)\n               OR NOT (NEW.stretch <@ section.stretch AND NEW.period <@ section.period) THEN\n                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'share_within_section', TABLE = TG_TABLE_NAME, MESSAGE = format('%s, %s is not within the branch''s section %s, %s', NEW.stretch, NEW.period, section.stretch, section.period);\n            END IF;\n            IF member_branch <> section.branch_id THEN\n                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'share_by_own_branch', TABLE = TG_TABLE_NAME, MESSAGE = 'the member belongs to another branch';\n            END IF;\n            RETURN NEW;\n        ",
                            hash="c9bfb2d04e4ff8f0957cf79d3921c090424a2a4f",
                            operation="INSERT OR UPDATE",
                            pgid="pgtrigger_share_within_section_22c33",
                            table="grids_memberassignment",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "grids_memberassignmentevent" ("assignment_id", "id", "is_demo", "member_id", "period", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "stretch") SELECT new_values."assignment_id", new_values."id", new_values."is_demo", new_values."member_id", new_values."period", (SELECT _pgh_attach_context()), NOW(), \'insert\', new_values."id", new_values."stretch" FROM ( SELECT new_values.* FROM new_values  ) AS new_values; RETURN NULL;',
                            hash="e071324a58465419144010309bff21fb7b7a0064",
                            level="STATEMENT",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_0e1be",
                            referencing="REFERENCING NEW TABLE AS new_values ",
                            table="grids_memberassignment",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "grids_memberassignmentevent" ("assignment_id", "id", "is_demo", "member_id", "period", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "stretch") SELECT new_values."assignment_id", new_values."id", new_values."is_demo", new_values."member_id", new_values."period", (SELECT _pgh_attach_context()), NOW(), \'update\', new_values."id", new_values."stretch" FROM ( SELECT new_values.* FROM old_values FULL JOIN new_values ON old_values."id" = new_values."id" WHERE num_nonnulls(new_values."id") = 1 AND (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values; RETURN NULL;',
                            hash="1d6005852b9b2d174ea39ca682f7a58fb66c768b",
                            level="STATEMENT",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_21209",
                            referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                            table="grids_memberassignment",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "grids_memberassignmentevent" ("assignment_id", "id", "is_demo", "member_id", "period", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "stretch") SELECT old_values."assignment_id", old_values."id", old_values."is_demo", old_values."member_id", old_values."period", (SELECT _pgh_attach_context()), NOW(), \'delete\', old_values."id", old_values."stretch" FROM ( SELECT old_values.* FROM old_values  ) AS old_values; RETURN NULL;',
                            hash="bc583c99ff2835d67ffad366e5433ed39ef7c40a",
                            level="STATEMENT",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_320ed",
                            referencing="REFERENCING OLD TABLE AS old_values ",
                            table="grids_memberassignment",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="data_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n            INSERT INTO layers_datachange AS known (table_name, xid, weight)\n            VALUES (TG_TABLE_NAME, pg_current_xact_id()::text::bigint,\n                    hashtextextended(gen_random_uuid()::text, 0) & 2305843009213693951)\n            ON CONFLICT (table_name, xid) DO UPDATE SET weight = (known.weight + excluded.weight) % 2305843009213693952\n            WHERE known.xmin <> pg_current_xact_id()::xid;\n            RETURN NULL;\n        ",
                            hash="fb9026d26d3fb28988533cea2e388fc2c81ed78b",
                            level="STATEMENT",
                            operation="INSERT OR UPDATE OR DELETE OR TRUNCATE",
                            pgid="pgtrigger_data_version_3a384",
                            table="grids_memberassignment",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="cb64c3b66c06b460e538735c9d02d33303531104",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_1f7b2",
                            table="grids_memberassignment",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RoadEvent",
            fields=[
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "pgh_db_user",
                    models.TextField(db_default=gridmgr.core.history.SessionUser(), editable=False),
                ),
                ("id", models.BigIntegerField()),
                ("name", models.CharField(max_length=120, verbose_name="名称")),
                ("name_en", models.CharField(blank=True, max_length=160, verbose_name="英文名称")),
                (
                    "road_class",
                    models.CharField(
                        choices=[
                            ("expressway", "快速路"),
                            ("arterial", "主干路"),
                            ("secondary", "次干路"),
                            ("local", "支路"),
                        ],
                        max_length=16,
                        verbose_name="等级",
                    ),
                ),
                (
                    "carriageway_kind",
                    models.CharField(
                        choices=[("two_way", "双向"), ("one_way", "单行"), ("dual", "双幅(对向分隔)")],
                        max_length=16,
                        verbose_name="车行道形式",
                    ),
                ),
                ("width_m", models.FloatField(verbose_name="车行道宽度(米)")),
                (
                    "width_origin",
                    models.CharField(
                        choices=[
                            ("measured", "实测"),
                            ("lanes", "按车道数推算"),
                            ("class_default", "按道路等级默认"),
                        ],
                        max_length=16,
                        verbose_name="宽度来源",
                    ),
                ),
                (
                    "reference_line",
                    django.contrib.gis.db.models.fields.LineStringField(
                        spatial_index=False, srid=settings.GRIDMGR_SRID, verbose_name="参考线"
                    ),
                ),
                ("covered_share", models.FloatField(verbose_name="道路覆盖率")),
                ("beside_itself_m", models.FloatField(default=0, verbose_name="自身并行长度(米)")),
                ("ways_used", models.PositiveIntegerField(verbose_name="采用的路线数")),
                ("ways_left_out", models.JSONField(blank=True, default=list, verbose_name="未采用的路线")),
                ("source", models.CharField(blank=True, max_length=200, verbose_name="数据来源")),
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
                        to="grids.road",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    django.contrib.postgres.indexes.BrinIndex(
                        autosummarize=True,
                        fields=["pgh_created_at"],
                        name="road_event_when",
                        pages_per_range=16,
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="9a283009183b482f0b0a3739cec65bc36707a4a9",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_39f50",
                            table="grids_roadevent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="a6800f4c12c5299f9736eb8263fd60462c02ec84",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_67250",
                            table="grids_roadevent",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FacilityEvent",
            fields=[
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "pgh_db_user",
                    models.TextField(db_default=gridmgr.core.history.SessionUser(), editable=False),
                ),
                ("id", models.BigIntegerField()),
                ("source_id", models.CharField(max_length=80, verbose_name="来源编号")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("junction", "路口"),
                            ("crossing", "人行横道"),
                            ("bus_stop", "公交站"),
                            ("hydrant", "消防栓"),
                            ("fire_station", "消防站"),
                            ("fuel_station", "加油站"),
                            ("fire_lane", "消防通道"),
                            ("no_vending", "禁摆区域"),
                            ("footway", "人行道"),
                        ],
                        max_length=16,
                        verbose_name="类别",
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=120, verbose_name="名称")),
                (
                    "shape",
                    django.contrib.gis.db.models.fields.GeometryField(
                        spatial_index=False, srid=settings.GRIDMGR_SRID, verbose_name="位置"
                    ),
                ),
                ("width_m", models.FloatField(blank=True, null=True, verbose_name="宽度(米)")),
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
                        to="grids.facility",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    django.contrib.postgres.indexes.BrinIndex(
                        autosummarize=True,
                        fields=["pgh_created_at"],
                        name="facility_event_when",
                        pages_per_range=16,
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="af4e32d1d3e818d1508c9f87c0b194b8a77bfc58",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_c1d92",
                            table="grids_facilityevent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="b9969c1b723bedaa56a5b08fb3b1839e4939fb9d",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_704ff",
                            table="grids_facilityevent",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BranchEvent",
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
                    "code",
                    models.CharField(
                        max_length=4,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^\\d{2,4}$", "编号为 2 至 4 位数字,如 03。"
                            )
                        ],
                        verbose_name="编号",
                    ),
                ),
                ("name", models.CharField(max_length=60, verbose_name="名称")),
                ("name_en", models.CharField(blank=True, max_length=80, verbose_name="英文名称")),
                ("founded", models.DateField(verbose_name="成立日期")),
                (
                    "area",
                    django.contrib.gis.db.models.fields.MultiPolygonField(
                        spatial_index=False, srid=settings.GRIDMGR_SRID, verbose_name="网格范围"
                    ),
                ),
                ("colour", models.PositiveSmallIntegerField(default=0, verbose_name="图上颜色")),
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
                        to="grids.branch",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    django.contrib.postgres.indexes.BrinIndex(
                        autosummarize=True,
                        fields=["pgh_created_at"],
                        name="branch_event_when",
                        pages_per_range=16,
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="e6c2abce4c400112245e0002eec080ee927f5214",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_0be9a",
                            table="grids_branchevent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="4e60e59c82cdf2019a5db225e78f39e19f23c9fc",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_35425",
                            table="grids_branchevent",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MemberEvent",
            fields=[
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "pgh_db_user",
                    models.TextField(db_default=gridmgr.core.history.SessionUser(), editable=False),
                ),
                ("id", models.BigIntegerField()),
                ("name", models.CharField(max_length=40, verbose_name="姓名")),
                (
                    "role",
                    models.CharField(
                        choices=[("secretary", "支部书记"), ("member", "党员")],
                        default="member",
                        max_length=12,
                        verbose_name="职务",
                    ),
                ),
                (
                    "phone",
                    models.CharField(
                        blank=True,
                        max_length=20,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^\\+?[\\d -]{5,19}$", "电话只含数字、空格和短横线。"
                            )
                        ],
                        verbose_name="电话",
                    ),
                ),
                ("joined_on", models.DateField(blank=True, null=True, verbose_name="到岗日期")),
                ("left_on", models.DateField(blank=True, null=True, verbose_name="离岗日期")),
                ("is_demo", models.BooleanField(default=False, verbose_name="演示数据")),
                (
                    "branch",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="grids.branch",
                        verbose_name="支部",
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
                        to="grids.member",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="登录账号",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    django.contrib.postgres.indexes.BrinIndex(
                        autosummarize=True,
                        fields=["pgh_created_at"],
                        name="member_event_when",
                        pages_per_range=16,
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="672ce1a0fe8b99cb62164549377235c56703bd13",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_8ad4a",
                            table="grids_memberevent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="99d658a86ce534a121d842e51bbf51038bc8e185",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_a05c3",
                            table="grids_memberevent",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AssignmentEvent",
            fields=[
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "pgh_db_user",
                    models.TextField(db_default=gridmgr.core.history.SessionUser(), editable=False),
                ),
                ("id", models.BigIntegerField()),
                ("stretch", django.contrib.postgres.fields.ranges.DecimalRangeField(verbose_name="里程(米)")),
                ("period", django.contrib.postgres.fields.ranges.DateRangeField(verbose_name="期间")),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="备注")),
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
                        to="grids.assignment",
                    ),
                ),
                (
                    "branch",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="grids.branch",
                        verbose_name="支部",
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
                        name="assignment_event_when",
                        pages_per_range=16,
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="1c67436fa420e98269c4c16bbcac9f8da34ed06c",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_377eb",
                            table="grids_assignmentevent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="11f46242d94cde169d249d18028cf9ea19bbbfba",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_fcfac",
                            table="grids_assignmentevent",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MemberAssignmentEvent",
            fields=[
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "pgh_db_user",
                    models.TextField(db_default=gridmgr.core.history.SessionUser(), editable=False),
                ),
                ("id", models.BigIntegerField()),
                ("stretch", django.contrib.postgres.fields.ranges.DecimalRangeField(verbose_name="里程(米)")),
                ("period", django.contrib.postgres.fields.ranges.DateRangeField(verbose_name="期间")),
                ("is_demo", models.BooleanField(default=False, verbose_name="演示数据")),
                (
                    "assignment",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="grids.assignment",
                        verbose_name="责任路段",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="grids.member",
                        verbose_name="党员",
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
                        to="grids.memberassignment",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    django.contrib.postgres.indexes.BrinIndex(
                        autosummarize=True,
                        fields=["pgh_created_at"],
                        name="memberassignment_event_when",
                        pages_per_range=16,
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="2e9d95968fb9400bb68e98e4bfb86761b404ed7d",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_59fdc",
                            table="grids_memberassignmentevent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="dfe25e4b718a29ea02a2f5e65407f8e4f4a24f76",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_b0e5d",
                            table="grids_memberassignmentevent",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
    ]
