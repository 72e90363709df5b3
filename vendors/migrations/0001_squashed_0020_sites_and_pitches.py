"""Sites, pitches, vendors and guidance; placement rules and checks.

What a new database starts from. One made by an earlier version comes here by the files that this one replaces, which also
move its data; a dependency therefore names the file that is needed, not the squashed one (docs/architecture.md).
"""

import django.contrib.gis.db.models.fields
import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
import gridmgr.core.history
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [
        ("vendors", "0001_sites_and_pitches"),
        ("vendors", "0002_rules_and_guidance"),
        ("vendors", "0003_one_vendor_per_identity"),
        ("vendors", "0004_site_checks"),
        ("vendors", "0005_days_of_the_city"),
        ("vendors", "0006_history_by_statement"),
        ("vendors", "0007_approval_fields"),
        ("vendors", "0008_fill_approvals"),
        ("vendors", "0009_approval_kept"),
        ("vendors", "0010_plan_and_pitches_kept"),
        ("vendors", "0011_sites_hold_pitches"),
        ("vendors", "0012_capacity_as_approved"),
        ("vendors", "0013_read_without_search_path"),
        ("vendors", "0014_holds_keep_their_days"),
        ("vendors", "0015_identity_looks_and_history_stay"),
        ("vendors", "0016_shapers_and_default_rules"),
        ("vendors", "0017_fill_shapers_and_defaults"),
        ("vendors", "0018_events_by_time"),
        ("vendors", "0019_rules_about_all_ways"),
        ("vendors", "0020_longer_slip_numbers"),
    ]

    initial = True

    dependencies = [
        ("accounts", "0001_accounts"),
        ("grids", "0008_events_by_time"),
        ("pghistory", "0007_auto_20250421_0444"),
    ]

    operations = [
        migrations.CreateModel(
            name="Site",
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
                    "code",
                    models.CharField(
                        max_length=16,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Z0-9-]+$", "编号由大写字母、数字和短横线组成。"
                            )
                        ],
                        verbose_name="编号",
                    ),
                ),
                ("name", models.CharField(max_length=80, verbose_name="名称")),
                ("name_en", models.CharField(blank=True, max_length=120, verbose_name="英文名称")),
                (
                    "kind",
                    models.CharField(
                        choices=[("stall", "便民摊点"), ("market", "临时瓜果市场")],
                        max_length=8,
                        verbose_name="类别",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proposed", "拟设"),
                            ("returned", "已退回"),
                            ("approved", "已批准"),
                            ("open", "开放"),
                            ("suspended", "暂停"),
                            ("closed", "关闭"),
                        ],
                        default="proposed",
                        max_length=12,
                        verbose_name="状态",
                    ),
                ),
                (
                    "area",
                    django.contrib.gis.db.models.fields.PolygonField(
                        srid=settings.GRIDMGR_SRID, verbose_name="范围"
                    ),
                ),
                ("capacity", models.PositiveSmallIntegerField(verbose_name="可容纳商贩")),
                (
                    "season",
                    django.contrib.postgres.fields.ranges.DateRangeField(
                        blank=True, null=True, verbose_name="季节"
                    ),
                ),
                ("opens", models.TimeField(verbose_name="每日开始")),
                ("closes", models.TimeField(verbose_name="每日结束")),
                ("sign_board", models.BooleanField(default=False, verbose_name="标示牌")),
                ("bins", models.PositiveSmallIntegerField(default=0, verbose_name="垃圾容器")),
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
                    "approved_by",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="批准人",
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="提出人",
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1, editable=False, verbose_name="版本")),
                (
                    "approved_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="批准时间"),
                ),
                (
                    "returned_for",
                    models.CharField(
                        blank=True, default="", editable=False, max_length=400, verbose_name="退回的理由"
                    ),
                ),
                (
                    "shapers",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(),
                        blank=True,
                        default=list,
                        editable=False,
                        size=None,
                        verbose_name="参与人",
                    ),
                ),
            ],
            options={
                "verbose_name": "摊点",
                "verbose_name_plural": "摊点",
                "ordering": ["code"],
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("capacity__gte", 1)),
                        name="site_capacity_positive",
                        violation_error_message="可容纳商贩至少为 1。",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("area__isvalid", True)),
                        name="site_area_valid",
                        violation_error_message="范围不是有效的多边形(自相交或为空)。",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("kind", "market"), ("season__isempty", False), ("season__isnull", False)
                            ),
                            models.Q(("kind", "stall"), ("season__isnull", True)),
                            _connector="OR",
                        ),
                        name="site_season_of_market",
                        violation_error_message="临时瓜果市场须填写季节,便民摊点不填季节。",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("opens", models.F("closes")), _negated=True),
                        name="site_hours_differ",
                        violation_error_message="每日开始和结束时间不能相同。",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "open"), _negated=True),
                            models.Q(("bins__gte", 1), ("sign_board", True)),
                            _connector="OR",
                        ),
                        name="site_open_with_board_and_bins",
                        violation_error_message="开放前须设置标示牌和垃圾容器。",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("approved_by__isnull", True),
                            ("proposed_by__isnull", True),
                            models.Q(("approved_by", models.F("proposed_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="site_approved_by_another",
                        violation_error_message="提出人和改过方案的人不能批准这个摊点。",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["proposed", "returned", "approved", "open", "suspended", "closed"])
                        ),
                        name="site_state_known",
                        violation_error_message="没有这种状态。",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ("approved", "open", "suspended")), _negated=True),
                            models.Q(
                                ("approved_at__isnull", False),
                                ("approved_by__isnull", False),
                                ("proposed_by__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="site_approval_on_record",
                        violation_error_message="已批准、开放或暂停的摊点须记有提出人、批准人和批准时间。请由一人提出、另一人在规划页批准。",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["proposed", "returned"]), _negated=True),
                            models.Q(("approved_at__isnull", True), ("approved_by__isnull", True)),
                            _connector="OR",
                        ),
                        name="site_not_approved_yet",
                        violation_error_message="拟设或已退回的摊点还没有批准人和批准时间。",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "returned"), _negated=True),
                            models.Q(("returned_for", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="site_returned_with_reason",
                        violation_error_message="退回须写明理由。",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="version_counts",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version = OLD.version + 1; RETURN NEW;",
                            hash="6faff8f0ac82b2aa08af5584622274405fc7d36a",
                            operation="UPDATE",
                            pgid="pgtrigger_version_counts_e627d",
                            table="vendors_site",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="stretch_on_road_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            declare="DECLARE stray record;",
                            func="\n            PERFORM 1 FROM grids_road WHERE id = ANY(ARRAY(SELECT DISTINCT road_id FROM (SELECT road_id, stretch FROM new_values) AS each_row))\n            ORDER BY id FOR SHARE;\n            SELECT each_row.stretch, road.length_m::numeric AS road_length INTO stray\n            FROM (SELECT road_id, stretch FROM new_values) AS each_row LEFT JOIN grids_road AS road ON road.id = each_row.road_id\n            WHERE isempty(stretch) OR lower_inf(stretch) OR upper_inf(stretch)\n               OR lower(stretch) < 0 OR upper(stretch) > road.length_m::numeric + 0.01\n            LIMIT 1;\n            IF FOUND THEN\n                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'stretch_on_road', TABLE = TG_TABLE_NAME, MESSAGE = format('stretch %s is not within the road (0 to %s m)', stray.stretch, round(stray.road_length, 2));\n            END IF;\n            RETURN NULL;\n        ",
                            hash="e974e536b2900d6da17b7fb7a4f3b56d3d4c66df",
                            level="STATEMENT",
                            operation="INSERT",
                            pgid="pgtrigger_stretch_on_road_insert_ba5be",
                            referencing="REFERENCING NEW TABLE AS new_values ",
                            table="vendors_site",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="stretch_on_road_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            declare="DECLARE stray record;",
                            func="\n            PERFORM 1 FROM grids_road WHERE id = ANY(ARRAY(SELECT DISTINCT road_id FROM (SELECT road_id, stretch FROM new_values EXCEPT SELECT road_id, stretch FROM old_values) AS each_row))\n            ORDER BY id FOR SHARE;\n            SELECT each_row.stretch, road.length_m::numeric AS road_length INTO stray\n            FROM (SELECT road_id, stretch FROM new_values EXCEPT SELECT road_id, stretch FROM old_values) AS each_row LEFT JOIN grids_road AS road ON road.id = each_row.road_id\n            WHERE isempty(stretch) OR lower_inf(stretch) OR upper_inf(stretch)\n               OR lower(stretch) < 0 OR upper(stretch) > road.length_m::numeric + 0.01\n            LIMIT 1;\n            IF FOUND THEN\n                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'stretch_on_road', TABLE = TG_TABLE_NAME, MESSAGE = format('stretch %s is not within the road (0 to %s m)', stray.stretch, round(stray.road_length, 2));\n            END IF;\n            RETURN NULL;\n        ",
                            hash="4b94f3cb963ecd15405121b1229154c489d796fd",
                            level="STATEMENT",
                            operation="UPDATE",
                            pgid="pgtrigger_stretch_on_road_update_73002",
                            referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                            table="vendors_site",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="season_holds_allocations",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            declare="DECLARE beyond text;",
                            func="\n            IF NEW.kind <> 'market' OR NEW.season IS NULL OR NEW.season IS NOT DISTINCT FROM OLD.season THEN\n                RETURN NEW;\n            END IF;\n            SELECT p.number INTO beyond FROM vendors_allocation a JOIN vendors_pitch p ON p.id = a.pitch_id\n            WHERE p.site_id = NEW.id AND NOT a.period <@ NEW.season\n              AND (upper(a.period) IS NULL OR upper(a.period) > (now() AT TIME ZONE 'Asia/Shanghai')::date)\n            LIMIT 1;\n            IF beyond IS NOT NULL THEN\n                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'site_season_holds_allocations',\n                    TABLE = TG_TABLE_NAME, MESSAGE = format('pitch %s is allocated beyond the season %s', beyond, NEW.season);\n            END IF;\n            RETURN NEW;\n        ",
                            hash="a50b661555a3347d3dc479139c72c583b94523b8",
                            operation='UPDATE OF "season"',
                            pgid="pgtrigger_season_holds_allocations_2184a",
                            table="vendors_site",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="data_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n            INSERT INTO layers_datachange AS known (table_name, xid, weight)\n            VALUES (TG_TABLE_NAME, pg_current_xact_id()::text::bigint,\n                    hashtextextended(gen_random_uuid()::text, 0) & 2305843009213693951)\n            ON CONFLICT (table_name, xid) DO UPDATE SET weight = (known.weight + excluded.weight) % 2305843009213693952\n            WHERE known.xmin <> pg_current_xact_id()::xid;\n            RETURN NULL;\n        ",
                            hash="941b8a4de066bca2931fc4dcb367324c5382eac8",
                            level="STATEMENT",
                            operation="INSERT OR UPDATE OR DELETE OR TRUNCATE",
                            pgid="pgtrigger_data_version_de4f4",
                            table="vendors_site",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="site_holds_pitches",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition='WHEN (NOT ST_OrderingEquals(OLD."area", NEW."area"))',
                            constraint="CONSTRAINT",
                            declare="DECLARE outside text;",
                            func="\n            SELECT p.number INTO outside FROM vendors_pitch p JOIN vendors_site s ON s.id = p.site_id\n            WHERE s.id = NEW.id AND NOT ST_CoveredBy(p.area, ST_Buffer(s.area, 0.05))\n            LIMIT 1;\n            IF outside IS NOT NULL THEN\n                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'site_holds_pitches',\n                    TABLE = TG_TABLE_NAME, MESSAGE = format('site %s leaves pitch %s behind', NEW.code, outside);\n            END IF;\n            RETURN NULL;\n        ",
                            hash="64da815d668a14a1f017b48dcf3799542de2a3f2",
                            operation='UPDATE OF "area"',
                            pgid="pgtrigger_site_holds_pitches_63ae7",
                            table="vendors_site",
                            timing="DEFERRABLE INITIALLY DEFERRED",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="7fa8e83638d2dac11e2ae1eba76a4ae33b46b2cd",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_43598",
                            table="vendors_site",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="step_by_step",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n            IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (('proposed', 'approved'), ('proposed', 'returned'), ('proposed', 'closed'), ('returned', 'proposed'), ('returned', 'closed'), ('approved', 'open'), ('approved', 'proposed'), ('approved', 'closed'), ('open', 'suspended'), ('open', 'proposed'), ('open', 'closed'), ('suspended', 'open'), ('suspended', 'proposed'), ('suspended', 'closed')) THEN\n                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'site_step_by_step',\n                    TABLE = TG_TABLE_NAME, MESSAGE = format('from %s a site does not become %s', OLD.state, NEW.state);\n            END IF;\n            IF NEW.state = 'approved' AND OLD.state = 'proposed'\n                AND NEW.proposed_by_id IS DISTINCT FROM OLD.proposed_by_id\n                OR NEW.state IN ('approved', 'open', 'suspended') AND OLD.state IN ('approved', 'open', 'suspended')\n                AND (NEW.proposed_by_id, NEW.approved_by_id, NEW.approved_at)\n                    IS DISTINCT FROM (OLD.proposed_by_id, OLD.approved_by_id, OLD.approved_at) THEN\n                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'site_approval_stands',\n                    TABLE = TG_TABLE_NAME, MESSAGE = 'who approved a site, and when, stays on record';\n            END IF;\n            IF NEW.state = 'approved' AND OLD.state = 'proposed' AND NEW.approved_by_id = ANY (OLD.shapers) THEN\n                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'site_approved_by_another',\n                    TABLE = TG_TABLE_NAME, MESSAGE = 'who shaped a proposal does not approve it';\n            END IF;\n            IF NEW.state IN ('approved', 'open', 'suspended')\n                AND (NEW.kind, NEW.area, NEW.capacity, NEW.opens, NEW.closes, NEW.season) IS DISTINCT FROM (OLD.kind, OLD.area, OLD.capacity, OLD.opens, OLD.closes, OLD.season) THEN\n                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'site_as_approved',\n                    TABLE = TG_TABLE_NAME, MESSAGE = 'a site stands as it was approved, or is proposed anew';\n            END IF;\n            RETURN NEW;\n        ",
                            hash="a4076f1dbea65423eb4c3919cdb886a97c2c8801",
                            operation="UPDATE",
                            pgid="pgtrigger_step_by_step_47ede",
                            table="vendors_site",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="planner_is_proposer",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            declare="DECLARE planner bigint; shaped boolean;",
                            func="\n            planner := NULLIF(current_setting('pghistory.context_metadata', true), '')::jsonb ->> 'user';\n            IF TG_OP = 'INSERT' THEN\n                IF NEW.state IN ('proposed', 'returned') THEN\n                    NEW.proposed_by_id := COALESCE(NEW.proposed_by_id, planner);\n                END IF;\n                NEW.shapers := ARRAY(SELECT DISTINCT x FROM unnest(NEW.shapers || NEW.proposed_by_id::bigint) AS x WHERE x IS NOT NULL ORDER BY x);\n                RETURN NEW;\n            END IF;\n            IF NEW.state NOT IN ('proposed', 'returned') THEN\n                NEW.shapers := OLD.shapers;\n                RETURN NEW;\n            END IF;\n            shaped := (NEW.kind, NEW.area, NEW.side, NEW.capacity, NEW.opens, NEW.closes, NEW.season) IS DISTINCT FROM (OLD.kind, OLD.area, OLD.side, OLD.capacity, OLD.opens, OLD.closes, OLD.season);\n            IF shaped AND NEW.proposed_by_id IS NOT DISTINCT FROM OLD.proposed_by_id\n                AND (OLD.proposed_by_id IS NULL OR OLD.state NOT IN ('proposed', 'returned')) THEN\n                NEW.proposed_by_id := COALESCE(planner, NEW.proposed_by_id);\n            END IF;\n            IF OLD.state IN ('proposed', 'returned') THEN\n                NEW.shapers := ARRAY(SELECT DISTINCT x FROM unnest(OLD.shapers || NEW.shapers || NEW.proposed_by_id::bigint || CASE WHEN shaped THEN planner END) AS x WHERE x IS NOT NULL ORDER BY x);\n            ELSE\n                NEW.shapers := ARRAY(SELECT DISTINCT x FROM unnest(ARRAY[NEW.proposed_by_id::bigint] || CASE WHEN shaped THEN planner END) AS x WHERE x IS NOT NULL ORDER BY x);\n            END IF;\n            RETURN NEW;\n        ",
                            hash="003650269a37fc6f60b66f64fab35151727d1d68",
                            operation="INSERT OR UPDATE",
                            pgid="pgtrigger_planner_is_proposer_c1b9b",
                            table="vendors_site",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "vendors_siteevent" ("approved_at", "approved_by_id", "area", "bins", "capacity", "closes", "code", "id", "is_demo", "kind", "name", "name_en", "opens", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "proposed_by_id", "returned_for", "road_id", "season", "shapers", "side", "sign_board", "state", "stretch", "version") SELECT new_values."approved_at", new_values."approved_by_id", new_values."area", new_values."bins", new_values."capacity", new_values."closes", new_values."code", new_values."id", new_values."is_demo", new_values."kind", new_values."name", new_values."name_en", new_values."opens", (SELECT _pgh_attach_context()), NOW(), \'insert\', new_values."id", new_values."proposed_by_id", new_values."returned_for", new_values."road_id", new_values."season", new_values."shapers", new_values."side", new_values."sign_board", new_values."state", new_values."stretch", new_values."version" FROM ( SELECT new_values.* FROM new_values  ) AS new_values; RETURN NULL;',
                            hash="a64454d4e9a1a5f3653413fee6fdf77c0919980e",
                            level="STATEMENT",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_6bed8",
                            referencing="REFERENCING NEW TABLE AS new_values ",
                            table="vendors_site",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "vendors_siteevent" ("approved_at", "approved_by_id", "area", "bins", "capacity", "closes", "code", "id", "is_demo", "kind", "name", "name_en", "opens", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "proposed_by_id", "returned_for", "road_id", "season", "shapers", "side", "sign_board", "state", "stretch", "version") SELECT new_values."approved_at", new_values."approved_by_id", new_values."area", new_values."bins", new_values."capacity", new_values."closes", new_values."code", new_values."id", new_values."is_demo", new_values."kind", new_values."name", new_values."name_en", new_values."opens", (SELECT _pgh_attach_context()), NOW(), \'update\', new_values."id", new_values."proposed_by_id", new_values."returned_for", new_values."road_id", new_values."season", new_values."shapers", new_values."side", new_values."sign_board", new_values."state", new_values."stretch", new_values."version" FROM ( SELECT new_values.* FROM old_values FULL JOIN new_values ON old_values."id" = new_values."id" WHERE num_nonnulls(new_values."id") = 1 AND (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values; RETURN NULL;',
                            hash="0bf74f8fe1f555475212562a02d43b8d4710b3f3",
                            level="STATEMENT",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_2aff1",
                            referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                            table="vendors_site",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "vendors_siteevent" ("approved_at", "approved_by_id", "area", "bins", "capacity", "closes", "code", "id", "is_demo", "kind", "name", "name_en", "opens", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "proposed_by_id", "returned_for", "road_id", "season", "shapers", "side", "sign_board", "state", "stretch", "version") SELECT old_values."approved_at", old_values."approved_by_id", old_values."area", old_values."bins", old_values."capacity", old_values."closes", old_values."code", old_values."id", old_values."is_demo", old_values."kind", old_values."name", old_values."name_en", old_values."opens", (SELECT _pgh_attach_context()), NOW(), \'delete\', old_values."id", old_values."proposed_by_id", old_values."returned_for", old_values."road_id", old_values."season", old_values."shapers", old_values."side", old_values."sign_board", old_values."state", old_values."stretch", old_values."version" FROM ( SELECT old_values.* FROM old_values  ) AS old_values; RETURN NULL;',
                            hash="9746c2c93aca01a02452e404e885a0858dcc5664",
                            level="STATEMENT",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_5858c",
                            referencing="REFERENCING OLD TABLE AS old_values ",
                            table="vendors_site",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Pitch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.CharField(max_length=8, verbose_name="摊位号")),
                (
                    "area",
                    django.contrib.gis.db.models.fields.PolygonField(
                        srid=settings.GRIDMGR_SRID, verbose_name="范围"
                    ),
                ),
                ("is_demo", models.BooleanField(default=False, verbose_name="演示数据")),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="pitches",
                        to="vendors.site",
                        verbose_name="摊点",
                    ),
                ),
            ],
            options={
                "verbose_name": "摊位",
                "verbose_name_plural": "摊位",
                "ordering": ["site", "number"],
                "constraints": [
                    models.UniqueConstraint(fields=("site", "number"), name="pitch_number_once"),
                    models.CheckConstraint(
                        condition=models.Q(("area__isvalid", True)), name="pitch_area_valid"
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="pitches_apart",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            declare="DECLARE in_the_way text;",
                            func="\n            PERFORM 1 FROM vendors_site WHERE id = NEW.site_id FOR NO KEY UPDATE;\n            SELECT number INTO in_the_way FROM vendors_pitch\n            WHERE site_id = NEW.site_id AND id IS DISTINCT FROM NEW.id AND area && NEW.area\n              AND ST_Area(ST_Intersection(area, NEW.area)) > 0.01\n            LIMIT 1;\n            IF in_the_way IS NOT NULL THEN\n                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'pitches_apart',\n                    TABLE = TG_TABLE_NAME, MESSAGE = format('pitch %s lies on pitch %s', NEW.number, in_the_way);\n            END IF;\n            RETURN NEW;\n        ",
                            hash="8254c2264f04a565c6b3f5c2e3713ae9a704ddc8",
                            operation='INSERT OR UPDATE OF "area", "site_id"',
                            pgid="pgtrigger_pitches_apart_0a5ed",
                            table="vendors_pitch",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "vendors_pitchevent" ("area", "id", "is_demo", "number", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "site_id") SELECT new_values."area", new_values."id", new_values."is_demo", new_values."number", (SELECT _pgh_attach_context()), NOW(), \'insert\', new_values."id", new_values."site_id" FROM ( SELECT new_values.* FROM new_values  ) AS new_values; RETURN NULL;',
                            hash="bbde41fbcde40b24312501335c2eca9bd6b05972",
                            level="STATEMENT",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_18742",
                            referencing="REFERENCING NEW TABLE AS new_values ",
                            table="vendors_pitch",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "vendors_pitchevent" ("area", "id", "is_demo", "number", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "site_id") SELECT new_values."area", new_values."id", new_values."is_demo", new_values."number", (SELECT _pgh_attach_context()), NOW(), \'update\', new_values."id", new_values."site_id" FROM ( SELECT new_values.* FROM old_values FULL JOIN new_values ON old_values."id" = new_values."id" WHERE num_nonnulls(new_values."id") = 1 AND (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values; RETURN NULL;',
                            hash="346334b0191742abb3c04ccc9fe306ee7976c925",
                            level="STATEMENT",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_45e19",
                            referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                            table="vendors_pitch",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "vendors_pitchevent" ("area", "id", "is_demo", "number", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "site_id") SELECT old_values."area", old_values."id", old_values."is_demo", old_values."number", (SELECT _pgh_attach_context()), NOW(), \'delete\', old_values."id", old_values."site_id" FROM ( SELECT old_values.* FROM old_values  ) AS old_values; RETURN NULL;',
                            hash="5f9cd533d57853adb1be8afe119a73c2d5e9cab1",
                            level="STATEMENT",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_13fd9",
                            referencing="REFERENCING OLD TABLE AS old_values ",
                            table="vendors_pitch",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="pitch_within_site",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            declare="DECLARE ground geometry;",
                            func="\n            SELECT area INTO ground FROM vendors_site WHERE id = NEW.site_id FOR NO KEY UPDATE;\n            IF NOT ST_CoveredBy(NEW.area, ST_Buffer(ground, 0.05)) THEN\n                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'pitch_within_site',\n                    TABLE = TG_TABLE_NAME, MESSAGE = format('pitch %s lies outside its site', NEW.number);\n            END IF;\n            RETURN NEW;\n        ",
                            hash="49804fc3fe67784e7e8a0c8fcad2dd92ad6ca707",
                            operation='INSERT OR UPDATE OF "area", "site_id"',
                            pgid="pgtrigger_pitch_within_site_c8929",
                            table="vendors_pitch",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="data_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n            INSERT INTO layers_datachange AS known (table_name, xid, weight)\n            VALUES (TG_TABLE_NAME, pg_current_xact_id()::text::bigint,\n                    hashtextextended(gen_random_uuid()::text, 0) & 2305843009213693951)\n            ON CONFLICT (table_name, xid) DO UPDATE SET weight = (known.weight + excluded.weight) % 2305843009213693952\n            WHERE known.xmin <> pg_current_xact_id()::xid;\n            RETURN NULL;\n        ",
                            hash="4a027dda404718429a669828891a395de984b7e3",
                            level="STATEMENT",
                            operation="INSERT OR UPDATE OR DELETE OR TRUNCATE",
                            pgid="pgtrigger_data_version_8d5e9",
                            table="vendors_pitch",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="a467740899cc4c247c68845a7a10493aeb3fcc9c",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_8021e",
                            table="vendors_pitch",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Vendor",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=40, verbose_name="姓名")),
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
                ("goods", models.CharField(max_length=80, verbose_name="经营品种")),
                ("is_demo", models.BooleanField(default=False, verbose_name="演示数据")),
                ("identity_cipher", models.TextField(blank=True, default="", editable=False)),
                (
                    "identity_digest",
                    models.CharField(
                        blank=True,
                        db_index=True,
                        default="",
                        editable=False,
                        max_length=64,
                        verbose_name="身份证号",
                    ),
                ),
                (
                    "identity_tail_digest",
                    models.CharField(blank=True, db_index=True, default="", editable=False, max_length=64),
                ),
            ],
            options={
                "verbose_name": "商贩",
                "verbose_name_plural": "商贩",
                "ordering": ["name", "pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("identity_digest", ""), _negated=True),
                        fields=("identity_digest",),
                        name="vendor_one_per_identity",
                        violation_error_message="已有商贩登记了这个身份证号。",
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "vendors_vendorevent" ("goods", "id", "identity_digest", "is_demo", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone") SELECT new_values."goods", new_values."id", new_values."identity_digest", new_values."is_demo", new_values."name", (SELECT _pgh_attach_context()), NOW(), \'insert\', new_values."id", new_values."phone" FROM ( SELECT new_values.* FROM new_values  ) AS new_values; RETURN NULL;',
                            hash="408d4d2ab7a97fa0a0d226ec8f8923423e1890c9",
                            level="STATEMENT",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_9eddb",
                            referencing="REFERENCING NEW TABLE AS new_values ",
                            table="vendors_vendor",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "vendors_vendorevent" ("goods", "id", "identity_digest", "is_demo", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone") SELECT new_values."goods", new_values."id", new_values."identity_digest", new_values."is_demo", new_values."name", (SELECT _pgh_attach_context()), NOW(), \'update\', new_values."id", new_values."phone" FROM ( SELECT new_values.* FROM old_values FULL JOIN new_values ON old_values."id" = new_values."id" WHERE num_nonnulls(new_values."id") = 1 AND ((old_values."goods" IS DISTINCT FROM (new_values."goods") OR old_values."id" IS DISTINCT FROM (new_values."id") OR old_values."identity_digest" IS DISTINCT FROM (new_values."identity_digest") OR old_values."is_demo" IS DISTINCT FROM (new_values."is_demo") OR old_values."name" IS DISTINCT FROM (new_values."name") OR old_values."phone" IS DISTINCT FROM (new_values."phone"))) ) AS new_values; RETURN NULL;',
                            hash="d2b15872b10b4e4b5fb37cd8967137be523afb1a",
                            level="STATEMENT",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_a50f8",
                            referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                            table="vendors_vendor",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "vendors_vendorevent" ("goods", "id", "identity_digest", "is_demo", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone") SELECT old_values."goods", old_values."id", old_values."identity_digest", old_values."is_demo", old_values."name", (SELECT _pgh_attach_context()), NOW(), \'delete\', old_values."id", old_values."phone" FROM ( SELECT old_values.* FROM old_values  ) AS old_values; RETURN NULL;',
                            hash="67c34efc57d390834672d42b1a32cfadcbb0e4ce",
                            level="STATEMENT",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_7fa5f",
                            referencing="REFERENCING OLD TABLE AS old_values ",
                            table="vendors_vendor",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="data_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n            INSERT INTO layers_datachange AS known (table_name, xid, weight)\n            VALUES (TG_TABLE_NAME, pg_current_xact_id()::text::bigint,\n                    hashtextextended(gen_random_uuid()::text, 0) & 2305843009213693951)\n            ON CONFLICT (table_name, xid) DO UPDATE SET weight = (known.weight + excluded.weight) % 2305843009213693952\n            WHERE known.xmin <> pg_current_xact_id()::xid;\n            RETURN NULL;\n        ",
                            hash="442e7990c9978a4ffbec75668cd4a84a05868c48",
                            level="STATEMENT",
                            operation="INSERT OR UPDATE OR DELETE OR TRUNCATE",
                            pgid="pgtrigger_data_version_1eb20",
                            table="vendors_vendor",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="82634b1d9359512c3858cf29f1c5fe3bc02ff515",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_c4963",
                            table="vendors_vendor",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="IdentityLook",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("vendor_key", models.BigIntegerField(db_index=True, verbose_name="商贩编号")),
                ("vendor_name", models.CharField(max_length=40, verbose_name="商贩")),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="时间"
                    ),
                ),
                ("user_key", models.BigIntegerField(null=True, verbose_name="账号编号")),
                ("username", models.CharField(max_length=150, verbose_name="查看人")),
                ("way", models.CharField(max_length=200, verbose_name="途径")),
                (
                    "db_user",
                    models.TextField(
                        db_default=gridmgr.core.history.SessionUser(),
                        editable=False,
                        verbose_name="数据库用户",
                    ),
                ),
            ],
            options={
                "verbose_name": "身份证号查看记录",
                "verbose_name_plural": "身份证号查看记录",
                "ordering": ["-pk"],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="1582c5d6a65ccaf4a69bc65ea86706c56bf71afd",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_cd595",
                            table="vendors_identitylook",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="be79ed7eed90a01f139d564805d858c482656211",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_7b8ba",
                            table="vendors_identitylook",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Allocation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("period", django.contrib.postgres.fields.ranges.DateRangeField(verbose_name="期间")),
                ("is_demo", models.BooleanField(default=False, verbose_name="演示数据")),
                (
                    "pitch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="allocations",
                        to="vendors.pitch",
                        verbose_name="摊位",
                    ),
                ),
                (
                    "vendor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="allocations",
                        to="vendors.vendor",
                        verbose_name="商贩",
                    ),
                ),
            ],
            options={
                "verbose_name": "摊位分配",
                "verbose_name_plural": "摊位分配",
                "ordering": ["pitch", "period"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("period__isempty", False), ("period__startswith__isnull", False)),
                        name="allocation_period_given",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[("pitch", "="), ("period", "&&")],
                        name="allocation_one_vendor_per_pitch",
                        violation_error_message="这个摊位在此期间已分配给其他商贩。",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[("vendor", "="), ("period", "&&")],
                        name="allocation_one_pitch_per_vendor",
                        violation_error_message="该商贩在此期间已有其他摊位。",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="within_season",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            declare="DECLARE the_season daterange;",
                            func="\n            SELECT s.season INTO the_season FROM vendors_site s JOIN vendors_pitch p ON p.site_id = s.id\n            WHERE p.id = NEW.pitch_id FOR SHARE OF s;\n            IF the_season IS NOT NULL AND NOT NEW.period <@ the_season THEN\n                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'allocation_within_season',\n                    TABLE = TG_TABLE_NAME, MESSAGE = format('period %s is not within the season %s', NEW.period, the_season);\n            END IF;\n            RETURN NEW;\n        ",
                            hash="1126067c504f156f39a0ee740c7514cab27d86b2",
                            operation='INSERT OR UPDATE OF "period", "pitch_id"',
                            pgid="pgtrigger_within_season_560e2",
                            table="vendors_allocation",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "vendors_allocationevent" ("id", "is_demo", "period", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "pitch_id", "vendor_id") SELECT new_values."id", new_values."is_demo", new_values."period", (SELECT _pgh_attach_context()), NOW(), \'insert\', new_values."id", new_values."pitch_id", new_values."vendor_id" FROM ( SELECT new_values.* FROM new_values  ) AS new_values; RETURN NULL;',
                            hash="1d93fef1da2b17790b6f67733c44f758244a848b",
                            level="STATEMENT",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_24158",
                            referencing="REFERENCING NEW TABLE AS new_values ",
                            table="vendors_allocation",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "vendors_allocationevent" ("id", "is_demo", "period", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "pitch_id", "vendor_id") SELECT new_values."id", new_values."is_demo", new_values."period", (SELECT _pgh_attach_context()), NOW(), \'update\', new_values."id", new_values."pitch_id", new_values."vendor_id" FROM ( SELECT new_values.* FROM old_values FULL JOIN new_values ON old_values."id" = new_values."id" WHERE num_nonnulls(new_values."id") = 1 AND (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values; RETURN NULL;',
                            hash="a6c920d9dbe1902f92127f37a175af8043fdf2b4",
                            level="STATEMENT",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_cb80f",
                            referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                            table="vendors_allocation",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "vendors_allocationevent" ("id", "is_demo", "period", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "pitch_id", "vendor_id") SELECT old_values."id", old_values."is_demo", old_values."period", (SELECT _pgh_attach_context()), NOW(), \'delete\', old_values."id", old_values."pitch_id", old_values."vendor_id" FROM ( SELECT old_values.* FROM old_values  ) AS old_values; RETURN NULL;',
                            hash="3a67f8bc3f8adf7ed20104c6837475bbc3b0bfa1",
                            level="STATEMENT",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_d642b",
                            referencing="REFERENCING OLD TABLE AS old_values ",
                            table="vendors_allocation",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="data_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n            INSERT INTO layers_datachange AS known (table_name, xid, weight)\n            VALUES (TG_TABLE_NAME, pg_current_xact_id()::text::bigint,\n                    hashtextextended(gen_random_uuid()::text, 0) & 2305843009213693951)\n            ON CONFLICT (table_name, xid) DO UPDATE SET weight = (known.weight + excluded.weight) % 2305843009213693952\n            WHERE known.xmin <> pg_current_xact_id()::xid;\n            RETURN NULL;\n        ",
                            hash="6acaa3cfba2c1677722159867667e834f4ae02da",
                            level="STATEMENT",
                            operation="INSERT OR UPDATE OR DELETE OR TRUNCATE",
                            pgid="pgtrigger_data_version_fe3e4",
                            table="vendors_allocation",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="allocation_locks_pitch",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n            PERFORM 1 FROM vendors_pitch WHERE id = NEW.pitch_id FOR NO KEY UPDATE;\n            IF EXISTS (\n                SELECT 1 FROM vendors_pitchhold WHERE pitch_id = NEW.pitch_id AND upper(during) > now()\n                  AND vendor_id IS DISTINCT FROM NEW.vendor_id AND NEW.period && daterange(\n                    (lower(during) AT TIME ZONE 'Asia/Shanghai')::date,\n                    (upper(during) AT TIME ZONE 'Asia/Shanghai')::date, '[]')\n            ) THEN\n                RAISE EXCEPTION USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'allocation_on_held_pitch',\n                    TABLE = TG_TABLE_NAME, MESSAGE = 'the pitch is being held for another vendor';\n            END IF;\n            RETURN NEW;\n        ",
                            hash="a28064fd0f6e4cde0df00a671347085125d41584",
                            operation='INSERT OR UPDATE OF "period", "pitch_id"',
                            pgid="pgtrigger_allocation_locks_pitch_d3a5d",
                            table="vendors_allocation",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="51901fe6357d4edbf4e088a828fa4dabb8d09101",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_35ef4",
                            table="vendors_allocation",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="WaitingEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("since", models.DateTimeField(default=django.utils.timezone.now, verbose_name="登记时间")),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="备注")),
                ("left_at", models.DateTimeField(blank=True, null=True, verbose_name="离队时间")),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="waiting",
                        to="vendors.site",
                        verbose_name="摊点",
                    ),
                ),
                (
                    "vendor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="waiting",
                        to="vendors.vendor",
                        verbose_name="商贩",
                    ),
                ),
            ],
            options={
                "verbose_name": "候补登记",
                "verbose_name_plural": "候补登记",
                "ordering": ["site", "since", "pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("left_at__isnull", True)),
                        fields=("site", "vendor"),
                        name="waiting_once",
                        violation_error_message="该商贩已在此摊点候补。",
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "vendors_waitingentryevent" ("id", "left_at", "note", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "since", "site_id", "vendor_id") SELECT new_values."id", new_values."left_at", new_values."note", (SELECT _pgh_attach_context()), NOW(), \'insert\', new_values."id", new_values."since", new_values."site_id", new_values."vendor_id" FROM ( SELECT new_values.* FROM new_values  ) AS new_values; RETURN NULL;',
                            hash="85a2e22c1b32370c40d9f71860d9cdd43cdcc268",
                            level="STATEMENT",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_2d0d0",
                            referencing="REFERENCING NEW TABLE AS new_values ",
                            table="vendors_waitingentry",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "vendors_waitingentryevent" ("id", "left_at", "note", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "since", "site_id", "vendor_id") SELECT new_values."id", new_values."left_at", new_values."note", (SELECT _pgh_attach_context()), NOW(), \'update\', new_values."id", new_values."since", new_values."site_id", new_values."vendor_id" FROM ( SELECT new_values.* FROM old_values FULL JOIN new_values ON old_values."id" = new_values."id" WHERE num_nonnulls(new_values."id") = 1 AND (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values; RETURN NULL;',
                            hash="ef9210e366c48ca3a5b5309c8ae3864f32bacff9",
                            level="STATEMENT",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_98149",
                            referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                            table="vendors_waitingentry",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "vendors_waitingentryevent" ("id", "left_at", "note", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "since", "site_id", "vendor_id") SELECT old_values."id", old_values."left_at", old_values."note", (SELECT _pgh_attach_context()), NOW(), \'delete\', old_values."id", old_values."since", old_values."site_id", old_values."vendor_id" FROM ( SELECT old_values.* FROM old_values  ) AS old_values; RETURN NULL;',
                            hash="ff25897481017f69c207945c3f4920fc7a81c1ad",
                            level="STATEMENT",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_35d46",
                            referencing="REFERENCING OLD TABLE AS old_values ",
                            table="vendors_waitingentry",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="data_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n            INSERT INTO layers_datachange AS known (table_name, xid, weight)\n            VALUES (TG_TABLE_NAME, pg_current_xact_id()::text::bigint,\n                    hashtextextended(gen_random_uuid()::text, 0) & 2305843009213693951)\n            ON CONFLICT (table_name, xid) DO UPDATE SET weight = (known.weight + excluded.weight) % 2305843009213693952\n            WHERE known.xmin <> pg_current_xact_id()::xid;\n            RETURN NULL;\n        ",
                            hash="13b5b80268057ff31959c3ec6a4a4852769b8be8",
                            level="STATEMENT",
                            operation="INSERT OR UPDATE OR DELETE OR TRUNCATE",
                            pgid="pgtrigger_data_version_374f5",
                            table="vendors_waitingentry",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="b8ebc82cde14391daf729c13549e2d3a6d72b28f",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_f8189",
                            table="vendors_waitingentry",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Guidance",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="时间")),
                (
                    "location",
                    django.contrib.gis.db.models.fields.PointField(
                        srid=settings.GRIDMGR_SRID, verbose_name="地点"
                    ),
                ),
                ("goods", models.CharField(blank=True, max_length=80, verbose_name="经营品种")),
                ("first_time", models.BooleanField(default=True, verbose_name="首次")),
                ("walk_m", models.FloatField(blank=True, null=True, verbose_name="步行距离(米)")),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("pending", "待跟进"),
                            ("came", "已入点"),
                            ("refused", "拒绝"),
                            ("moved_on", "自行离开"),
                        ],
                        default="pending",
                        max_length=12,
                        verbose_name="结果",
                    ),
                ),
                ("outcome_at", models.DateTimeField(blank=True, null=True, verbose_name="回访时间")),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="备注")),
                ("slip", models.CharField(max_length=28, unique=True, verbose_name="凭条号")),
                ("is_demo", models.BooleanField(default=False, verbose_name="演示数据")),
                (
                    "branch",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="guidances",
                        to="grids.branch",
                        verbose_name="支部",
                    ),
                ),
                (
                    "officer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="队员",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="guidances",
                        to="vendors.site",
                        verbose_name="疏导至",
                    ),
                ),
                (
                    "vendor",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="guidances",
                        to="vendors.vendor",
                        verbose_name="商贩",
                    ),
                ),
            ],
            options={
                "verbose_name": "疏导记录",
                "verbose_name_plural": "疏导记录",
                "ordering": ["-at", "-pk"],
                "indexes": [
                    models.Index(fields=["branch", "at"], name="vendors_gui_branch__76e854_idx"),
                    models.Index(fields=["officer", "at"], name="vendors_gui_officer_62912e_idx"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("outcome", "pending"), ("outcome_at__isnull", True)),
                            models.Q(
                                models.Q(("outcome", "pending"), _negated=True), ("outcome_at__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="guidance_outcome_dated",
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "vendors_guidanceevent" ("at", "branch_id", "first_time", "goods", "id", "is_demo", "location", "note", "officer_id", "outcome", "outcome_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "site_id", "slip", "vendor_id", "walk_m") SELECT new_values."at", new_values."branch_id", new_values."first_time", new_values."goods", new_values."id", new_values."is_demo", new_values."location", new_values."note", new_values."officer_id", new_values."outcome", new_values."outcome_at", (SELECT _pgh_attach_context()), NOW(), \'insert\', new_values."id", new_values."site_id", new_values."slip", new_values."vendor_id", new_values."walk_m" FROM ( SELECT new_values.* FROM new_values  ) AS new_values; RETURN NULL;',
                            hash="42bb5a1271612643962dede3c095290ea6535871",
                            level="STATEMENT",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_5d261",
                            referencing="REFERENCING NEW TABLE AS new_values ",
                            table="vendors_guidance",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "vendors_guidanceevent" ("at", "branch_id", "first_time", "goods", "id", "is_demo", "location", "note", "officer_id", "outcome", "outcome_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "site_id", "slip", "vendor_id", "walk_m") SELECT new_values."at", new_values."branch_id", new_values."first_time", new_values."goods", new_values."id", new_values."is_demo", new_values."location", new_values."note", new_values."officer_id", new_values."outcome", new_values."outcome_at", (SELECT _pgh_attach_context()), NOW(), \'update\', new_values."id", new_values."site_id", new_values."slip", new_values."vendor_id", new_values."walk_m" FROM ( SELECT new_values.* FROM old_values FULL JOIN new_values ON old_values."id" = new_values."id" WHERE num_nonnulls(new_values."id") = 1 AND (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values; RETURN NULL;',
                            hash="6918a65e12e930070f268e193ef68bb976c1a72d",
                            level="STATEMENT",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_eaf51",
                            referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                            table="vendors_guidance",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "vendors_guidanceevent" ("at", "branch_id", "first_time", "goods", "id", "is_demo", "location", "note", "officer_id", "outcome", "outcome_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "site_id", "slip", "vendor_id", "walk_m") SELECT old_values."at", old_values."branch_id", old_values."first_time", old_values."goods", old_values."id", old_values."is_demo", old_values."location", old_values."note", old_values."officer_id", old_values."outcome", old_values."outcome_at", (SELECT _pgh_attach_context()), NOW(), \'delete\', old_values."id", old_values."site_id", old_values."slip", old_values."vendor_id", old_values."walk_m" FROM ( SELECT old_values.* FROM old_values  ) AS old_values; RETURN NULL;',
                            hash="9f4f59ef90bc4a8be4948841ed58fd94f9ad8f56",
                            level="STATEMENT",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_db1bf",
                            referencing="REFERENCING OLD TABLE AS old_values ",
                            table="vendors_guidance",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="data_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n            INSERT INTO layers_datachange AS known (table_name, xid, weight)\n            VALUES (TG_TABLE_NAME, pg_current_xact_id()::text::bigint,\n                    hashtextextended(gen_random_uuid()::text, 0) & 2305843009213693951)\n            ON CONFLICT (table_name, xid) DO UPDATE SET weight = (known.weight + excluded.weight) % 2305843009213693952\n            WHERE known.xmin <> pg_current_xact_id()::xid;\n            RETURN NULL;\n        ",
                            hash="be0c6e901ea4da28677f214460a9a4e69696713d",
                            level="STATEMENT",
                            operation="INSERT OR UPDATE OR DELETE OR TRUNCATE",
                            pgid="pgtrigger_data_version_a5319",
                            table="vendors_guidance",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="6848b85fa36fc55aeee8f337743dea7a0da2a146",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_2745e",
                            table="vendors_guidance",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PitchHold",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("during", django.contrib.postgres.fields.ranges.DateTimeRangeField(verbose_name="保留时段")),
                (
                    "guidance",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="hold",
                        to="vendors.guidance",
                        verbose_name="疏导记录",
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="经手人",
                    ),
                ),
                (
                    "pitch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="holds",
                        to="vendors.pitch",
                        verbose_name="摊位",
                    ),
                ),
                (
                    "vendor",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="holds",
                        to="vendors.vendor",
                        verbose_name="商贩",
                    ),
                ),
            ],
            options={
                "verbose_name": "摊位保留",
                "verbose_name_plural": "摊位保留",
                "ordering": ["pitch", "during"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("during__endswith__isnull", False),
                            ("during__isempty", False),
                            ("during__startswith__isnull", False),
                        ),
                        name="hold_ends",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[("pitch", "="), ("during", "&&")],
                        name="hold_one_per_pitch",
                        violation_error_message="这个摊位正为他人保留。",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="hold_on_free_pitch",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n            PERFORM 1 FROM vendors_pitch WHERE id = NEW.pitch_id FOR NO KEY UPDATE;\n            IF EXISTS (\n                SELECT 1 FROM vendors_allocation WHERE pitch_id = NEW.pitch_id AND period && daterange(\n                    (lower(NEW.during) AT TIME ZONE 'Asia/Shanghai')::date,\n                    (upper(NEW.during) AT TIME ZONE 'Asia/Shanghai')::date, '[]')\n            ) THEN\n                RAISE EXCEPTION USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'hold_on_free_pitch',\n                    TABLE = TG_TABLE_NAME, MESSAGE = 'a vendor has this pitch on that day';\n            END IF;\n            RETURN NEW;\n        ",
                            hash="389251f845a20e75f591d3e767fa38646da3c74b",
                            operation='INSERT OR UPDATE OF "during", "pitch_id"',
                            pgid="pgtrigger_hold_on_free_pitch_71bd3",
                            table="vendors_pitchhold",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "vendors_pitchholdevent" ("during", "guidance_id", "id", "made_by_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "pitch_id", "vendor_id") SELECT new_values."during", new_values."guidance_id", new_values."id", new_values."made_by_id", (SELECT _pgh_attach_context()), NOW(), \'insert\', new_values."id", new_values."pitch_id", new_values."vendor_id" FROM ( SELECT new_values.* FROM new_values  ) AS new_values; RETURN NULL;',
                            hash="0a80a0e82518b48fc54609f683349962c341b2ac",
                            level="STATEMENT",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_fb7f5",
                            referencing="REFERENCING NEW TABLE AS new_values ",
                            table="vendors_pitchhold",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "vendors_pitchholdevent" ("during", "guidance_id", "id", "made_by_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "pitch_id", "vendor_id") SELECT new_values."during", new_values."guidance_id", new_values."id", new_values."made_by_id", (SELECT _pgh_attach_context()), NOW(), \'update\', new_values."id", new_values."pitch_id", new_values."vendor_id" FROM ( SELECT new_values.* FROM old_values FULL JOIN new_values ON old_values."id" = new_values."id" WHERE num_nonnulls(new_values."id") = 1 AND (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values; RETURN NULL;',
                            hash="ce53032be50f5224108b6f32fc999b5a91cb8753",
                            level="STATEMENT",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_90dea",
                            referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                            table="vendors_pitchhold",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "vendors_pitchholdevent" ("during", "guidance_id", "id", "made_by_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "pitch_id", "vendor_id") SELECT old_values."during", old_values."guidance_id", old_values."id", old_values."made_by_id", (SELECT _pgh_attach_context()), NOW(), \'delete\', old_values."id", old_values."pitch_id", old_values."vendor_id" FROM ( SELECT old_values.* FROM old_values  ) AS old_values; RETURN NULL;',
                            hash="b71ffe70066968c6a302f6e145c361ca3378d353",
                            level="STATEMENT",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_8d009",
                            referencing="REFERENCING OLD TABLE AS old_values ",
                            table="vendors_pitchhold",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="data_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n            INSERT INTO layers_datachange AS known (table_name, xid, weight)\n            VALUES (TG_TABLE_NAME, pg_current_xact_id()::text::bigint,\n                    hashtextextended(gen_random_uuid()::text, 0) & 2305843009213693951)\n            ON CONFLICT (table_name, xid) DO UPDATE SET weight = (known.weight + excluded.weight) % 2305843009213693952\n            WHERE known.xmin <> pg_current_xact_id()::xid;\n            RETURN NULL;\n        ",
                            hash="7f436eac7a2b4981a1672ac02cb77970ea8e9faf",
                            level="STATEMENT",
                            operation="INSERT OR UPDATE OR DELETE OR TRUNCATE",
                            pgid="pgtrigger_data_version_4c5d7",
                            table="vendors_pitchhold",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="8c4bc74f87b3800442c5ffacfca2c0d2c4665487",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_4e257",
                            table="vendors_pitchhold",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RuleProfile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=80, unique=True, verbose_name="名称")),
                ("in_use", models.BooleanField(default=False, verbose_name="使用中")),
                ("is_demo", models.BooleanField(default=False, verbose_name="演示数据")),
            ],
            options={
                "verbose_name": "规则集",
                "verbose_name_plural": "规则集",
                "ordering": ["name"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("in_use", True)),
                        fields=("in_use",),
                        name="rule_profile_one_in_use",
                        violation_error_message="已有使用中的规则集,请先停用它。",
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "vendors_ruleprofileevent" ("id", "in_use", "is_demo", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") SELECT new_values."id", new_values."in_use", new_values."is_demo", new_values."name", (SELECT _pgh_attach_context()), NOW(), \'insert\', new_values."id" FROM ( SELECT new_values.* FROM new_values  ) AS new_values; RETURN NULL;',
                            hash="dc22e2efc404c1b85dd84fcb04048fb0193e8182",
                            level="STATEMENT",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_ca55b",
                            referencing="REFERENCING NEW TABLE AS new_values ",
                            table="vendors_ruleprofile",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "vendors_ruleprofileevent" ("id", "in_use", "is_demo", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") SELECT new_values."id", new_values."in_use", new_values."is_demo", new_values."name", (SELECT _pgh_attach_context()), NOW(), \'update\', new_values."id" FROM ( SELECT new_values.* FROM old_values FULL JOIN new_values ON old_values."id" = new_values."id" WHERE num_nonnulls(new_values."id") = 1 AND (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values; RETURN NULL;',
                            hash="c90bd59e399271af2d26c3aaa1c9189b38afd736",
                            level="STATEMENT",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_6a233",
                            referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                            table="vendors_ruleprofile",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "vendors_ruleprofileevent" ("id", "in_use", "is_demo", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") SELECT old_values."id", old_values."in_use", old_values."is_demo", old_values."name", (SELECT _pgh_attach_context()), NOW(), \'delete\', old_values."id" FROM ( SELECT old_values.* FROM old_values  ) AS old_values; RETURN NULL;',
                            hash="a8a8f0945668a572a523ef5a4bea1a7d7936b5db",
                            level="STATEMENT",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_b5cb8",
                            referencing="REFERENCING OLD TABLE AS old_values ",
                            table="vendors_ruleprofile",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="data_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n            INSERT INTO layers_datachange AS known (table_name, xid, weight)\n            VALUES (TG_TABLE_NAME, pg_current_xact_id()::text::bigint,\n                    hashtextextended(gen_random_uuid()::text, 0) & 2305843009213693951)\n            ON CONFLICT (table_name, xid) DO UPDATE SET weight = (known.weight + excluded.weight) % 2305843009213693952\n            WHERE known.xmin <> pg_current_xact_id()::xid;\n            RETURN NULL;\n        ",
                            hash="b47b02b80911d6d3d24c9a264f9a68a6e10094bb",
                            level="STATEMENT",
                            operation="INSERT OR UPDATE OR DELETE OR TRUNCATE",
                            pgid="pgtrigger_data_version_af0b5",
                            table="vendors_ruleprofile",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="0e71824913a0dfb7092c92977e78dadd4a20a367",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_31810",
                            table="vendors_ruleprofile",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PlacementRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.SlugField(max_length=40, verbose_name="代码")),
                (
                    "applies_to",
                    models.CharField(
                        choices=[
                            ("site", "便民摊点和瓜果市场"),
                            ("stall", "便民摊点"),
                            ("market", "临时瓜果市场"),
                            ("pitch", "便民摊点的摊位"),
                        ],
                        max_length=8,
                        verbose_name="适用于",
                    ),
                ),
                (
                    "check_kind",
                    models.CharField(
                        choices=[
                            ("distance", "距离不少于(米)"),
                            ("off", "不得占用"),
                            ("clear_width", "留出净宽不少于(米)"),
                            ("area_max", "面积不大于(平方米)"),
                            ("equipped", "设施齐备"),
                            ("free_kerb", "不与其他占用重叠"),
                        ],
                        max_length=12,
                        verbose_name="要求",
                    ),
                ),
                (
                    "target",
                    models.CharField(
                        choices=[
                            ("school_gate", "学校校门"),
                            ("junction", "路口"),
                            ("crossing", "人行横道"),
                            ("bus_stop", "公交站"),
                            ("hydrant", "消防栓"),
                            ("fire_station", "消防站"),
                            ("fuel_station", "加油站"),
                            ("fire_lane", "消防通道"),
                            ("no_vending", "禁摆区域"),
                            ("carriageway", "主次干路车行道"),
                            ("roadway", "车行道(含匝道和无名道路)"),
                            ("structure", "桥梁、隧道"),
                            ("footway", "人行道"),
                            ("kerb_use", "其他路缘占用"),
                            ("itself", "自身"),
                        ],
                        max_length=16,
                        verbose_name="对象",
                    ),
                ),
                ("amount", models.FloatField(blank=True, null=True, verbose_name="数值")),
                (
                    "severity",
                    models.CharField(
                        choices=[("hard", "禁止"), ("advisory", "建议")], max_length=10, verbose_name="性质"
                    ),
                ),
                ("clause", models.CharField(max_length=200, verbose_name="依据")),
                ("clause_en", models.CharField(blank=True, max_length=200, verbose_name="依据(英文)")),
                ("valid", django.contrib.postgres.fields.ranges.DateRangeField(verbose_name="有效期")),
                (
                    "profile",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rules",
                        to="vendors.ruleprofile",
                        verbose_name="规则集",
                    ),
                ),
                (
                    "confirmed_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="确认时间"),
                ),
                (
                    "confirmed_by",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="确认人",
                    ),
                ),
                ("is_default", models.BooleanField(default=False, editable=False, verbose_name="默认值")),
            ],
            options={
                "verbose_name": "设置规则",
                "verbose_name_plural": "设置规则",
                "ordering": ["profile", "applies_to", "code", "valid"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("valid__isempty", False)), name="rule_valid_given"
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[("profile", "="), ("code", "="), ("valid", "&&")],
                        name="rule_code_once_at_a_time",
                        violation_error_message="同一规则集中,同一代码的有效期不能重叠。",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("amount__gt", 0),
                                ("amount__isnull", False),
                                ("amount__lt", 10000),
                                ("check_kind__in", ["distance", "clear_width", "area_max"]),
                            ),
                            models.Q(
                                ("amount__isnull", True), ("check_kind__in", ["off", "equipped", "free_kerb"])
                            ),
                            _connector="OR",
                        ),
                        name="rule_amount_by_check",
                        violation_error_message="距离、净宽和面积须填大于 0 的数值;其他要求不填数值。",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("check_kind__in", ["distance", "off"]),
                                models.Q(("target__in", ["footway", "kerb_use", "itself"]), _negated=True),
                            ),
                            models.Q(("check_kind", "clear_width"), ("target", "footway")),
                            models.Q(("check_kind__in", ["area_max", "equipped"]), ("target", "itself")),
                            models.Q(("check_kind", "free_kerb"), ("target", "kerb_use")),
                            _connector="OR",
                        ),
                        name="rule_target_by_check",
                        violation_error_message="这种要求不能用于这个对象:净宽对人行道,面积和设施对自身,占用对其他路缘占用。",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="data_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n            INSERT INTO layers_datachange AS known (table_name, xid, weight)\n            VALUES (TG_TABLE_NAME, pg_current_xact_id()::text::bigint,\n                    hashtextextended(gen_random_uuid()::text, 0) & 2305843009213693951)\n            ON CONFLICT (table_name, xid) DO UPDATE SET weight = (known.weight + excluded.weight) % 2305843009213693952\n            WHERE known.xmin <> pg_current_xact_id()::xid;\n            RETURN NULL;\n        ",
                            hash="faf539a2a20a2fc8b2ec6c1c19ca70c4f9fd1b0b",
                            level="STATEMENT",
                            operation="INSERT OR UPDATE OR DELETE OR TRUNCATE",
                            pgid="pgtrigger_data_version_7b2bf",
                            table="vendors_placementrule",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="f89f703372661d95b94173bf08118d18c5edaae9",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_5b043",
                            table="vendors_placementrule",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "vendors_placementruleevent" ("amount", "applies_to", "check_kind", "clause", "clause_en", "code", "confirmed_at", "confirmed_by_id", "id", "is_default", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "profile_id", "severity", "target", "valid") SELECT new_values."amount", new_values."applies_to", new_values."check_kind", new_values."clause", new_values."clause_en", new_values."code", new_values."confirmed_at", new_values."confirmed_by_id", new_values."id", new_values."is_default", (SELECT _pgh_attach_context()), NOW(), \'insert\', new_values."id", new_values."profile_id", new_values."severity", new_values."target", new_values."valid" FROM ( SELECT new_values.* FROM new_values  ) AS new_values; RETURN NULL;',
                            hash="6b8e0ffa454167841771c8f2b7a166b96d348e06",
                            level="STATEMENT",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_5d657",
                            referencing="REFERENCING NEW TABLE AS new_values ",
                            table="vendors_placementrule",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "vendors_placementruleevent" ("amount", "applies_to", "check_kind", "clause", "clause_en", "code", "confirmed_at", "confirmed_by_id", "id", "is_default", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "profile_id", "severity", "target", "valid") SELECT new_values."amount", new_values."applies_to", new_values."check_kind", new_values."clause", new_values."clause_en", new_values."code", new_values."confirmed_at", new_values."confirmed_by_id", new_values."id", new_values."is_default", (SELECT _pgh_attach_context()), NOW(), \'update\', new_values."id", new_values."profile_id", new_values."severity", new_values."target", new_values."valid" FROM ( SELECT new_values.* FROM old_values FULL JOIN new_values ON old_values."id" = new_values."id" WHERE num_nonnulls(new_values."id") = 1 AND (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values; RETURN NULL;',
                            hash="fce96ca286eb1673c8a30776d6a90998c035af62",
                            level="STATEMENT",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_7391c",
                            referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                            table="vendors_placementrule",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "vendors_placementruleevent" ("amount", "applies_to", "check_kind", "clause", "clause_en", "code", "confirmed_at", "confirmed_by_id", "id", "is_default", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "profile_id", "severity", "target", "valid") SELECT old_values."amount", old_values."applies_to", old_values."check_kind", old_values."clause", old_values."clause_en", old_values."code", old_values."confirmed_at", old_values."confirmed_by_id", old_values."id", old_values."is_default", (SELECT _pgh_attach_context()), NOW(), \'delete\', old_values."id", old_values."profile_id", old_values."severity", old_values."target", old_values."valid" FROM ( SELECT old_values.* FROM old_values  ) AS old_values; RETURN NULL;',
                            hash="ec44d5e884f6420257957677f874d93aa738e638",
                            level="STATEMENT",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_e52ef",
                            referencing="REFERENCING OLD TABLE AS old_values ",
                            table="vendors_placementrule",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Override",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("rule_code", models.SlugField(max_length=40, verbose_name="规则代码")),
                ("found", models.FloatField(blank=True, null=True, verbose_name="实际")),
                ("required", models.FloatField(blank=True, null=True, verbose_name="要求")),
                ("reason", models.CharField(max_length=400, verbose_name="理由")),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="时间")),
                (
                    "approved_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="批准人",
                    ),
                ),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="申请人",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="overrides",
                        to="vendors.site",
                        verbose_name="摊点",
                    ),
                ),
            ],
            options={
                "verbose_name": "例外批准",
                "verbose_name_plural": "例外批准",
                "ordering": ["site", "rule_code"],
                "constraints": [
                    models.UniqueConstraint(fields=("site", "rule_code"), name="override_once"),
                    models.CheckConstraint(
                        condition=models.Q(("approved_by", models.F("asked_by")), _negated=True),
                        name="override_by_another",
                        violation_error_message="例外须由申请人以外的人批准。",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True),
                        name="override_with_reason",
                        violation_error_message="请写明例外的理由。",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "vendors_overrideevent" ("approved_by_id", "asked_by_id", "at", "found", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "required", "rule_code", "site_id") SELECT new_values."approved_by_id", new_values."asked_by_id", new_values."at", new_values."found", new_values."id", (SELECT _pgh_attach_context()), NOW(), \'insert\', new_values."id", new_values."reason", new_values."required", new_values."rule_code", new_values."site_id" FROM ( SELECT new_values.* FROM new_values  ) AS new_values; RETURN NULL;',
                            hash="0dd76ac6340792d3b3fd60423f56bae8d87fec91",
                            level="STATEMENT",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_78c4b",
                            referencing="REFERENCING NEW TABLE AS new_values ",
                            table="vendors_override",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "vendors_overrideevent" ("approved_by_id", "asked_by_id", "at", "found", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "required", "rule_code", "site_id") SELECT new_values."approved_by_id", new_values."asked_by_id", new_values."at", new_values."found", new_values."id", (SELECT _pgh_attach_context()), NOW(), \'update\', new_values."id", new_values."reason", new_values."required", new_values."rule_code", new_values."site_id" FROM ( SELECT new_values.* FROM old_values FULL JOIN new_values ON old_values."id" = new_values."id" WHERE num_nonnulls(new_values."id") = 1 AND (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values; RETURN NULL;',
                            hash="d6b64426565bba01cc41600e5eca254c92bc1016",
                            level="STATEMENT",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_e50b7",
                            referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                            table="vendors_override",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "vendors_overrideevent" ("approved_by_id", "asked_by_id", "at", "found", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "required", "rule_code", "site_id") SELECT old_values."approved_by_id", old_values."asked_by_id", old_values."at", old_values."found", old_values."id", (SELECT _pgh_attach_context()), NOW(), \'delete\', old_values."id", old_values."reason", old_values."required", old_values."rule_code", old_values."site_id" FROM ( SELECT old_values.* FROM old_values  ) AS old_values; RETURN NULL;',
                            hash="b1b253796bf36be6b7d6fea8b626c4d92ebd5dd9",
                            level="STATEMENT",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_5b182",
                            referencing="REFERENCING OLD TABLE AS old_values ",
                            table="vendors_override",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="data_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n            INSERT INTO layers_datachange AS known (table_name, xid, weight)\n            VALUES (TG_TABLE_NAME, pg_current_xact_id()::text::bigint,\n                    hashtextextended(gen_random_uuid()::text, 0) & 2305843009213693951)\n            ON CONFLICT (table_name, xid) DO UPDATE SET weight = (known.weight + excluded.weight) % 2305843009213693952\n            WHERE known.xmin <> pg_current_xact_id()::xid;\n            RETURN NULL;\n        ",
                            hash="72cc8c24013408fc1d0a0df94db8fa3ec21699c6",
                            level="STATEMENT",
                            operation="INSERT OR UPDATE OR DELETE OR TRUNCATE",
                            pgid="pgtrigger_data_version_bb4a0",
                            table="vendors_override",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="f488d6d69025e65910998e2dca862fa085be5ba8",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_085ad",
                            table="vendors_override",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SiteCheck",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "result",
                    models.CharField(
                        choices=[
                            ("hard", "违反禁止性规则"),
                            ("overridden", "违反禁止性规则,已批准例外"),
                            ("advisory", "不合建议"),
                            ("good", "符合规则"),
                            ("unruled", "未设置规则,无法判断"),
                        ],
                        max_length=12,
                        verbose_name="结果",
                    ),
                ),
                ("findings", models.JSONField(default=list, verbose_name="冲突")),
                ("rules_of", models.DateField(verbose_name="规则日期")),
                (
                    "site",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="last_check",
                        to="vendors.site",
                        verbose_name="摊点",
                    ),
                ),
            ],
            options={
                "verbose_name": "选址检查",
                "verbose_name_plural": "选址检查",
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="data_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="\n            INSERT INTO layers_datachange AS known (table_name, xid, weight)\n            VALUES (TG_TABLE_NAME, pg_current_xact_id()::text::bigint,\n                    hashtextextended(gen_random_uuid()::text, 0) & 2305843009213693951)\n            ON CONFLICT (table_name, xid) DO UPDATE SET weight = (known.weight + excluded.weight) % 2305843009213693952\n            WHERE known.xmin <> pg_current_xact_id()::xid;\n            RETURN NULL;\n        ",
                            hash="189f0c555d9f71edd0b908fdfcdff738ac867e6a",
                            level="STATEMENT",
                            operation="INSERT OR UPDATE OR DELETE OR TRUNCATE",
                            pgid="pgtrigger_data_version_eb539",
                            table="vendors_sitecheck",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="24cbffda7765388f1679bb3fb61159ad33bfd499",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_be02b",
                            table="vendors_sitecheck",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "vendors_sitecheckevent" ("findings", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "result", "rules_of", "site_id") SELECT new_values."findings", new_values."id", (SELECT _pgh_attach_context()), NOW(), \'insert\', new_values."id", new_values."result", new_values."rules_of", new_values."site_id" FROM ( SELECT new_values.* FROM new_values  ) AS new_values; RETURN NULL;',
                            hash="05a36fd8a84e0e85db38544cf9c0c631558ad1e4",
                            level="STATEMENT",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_2c376",
                            referencing="REFERENCING NEW TABLE AS new_values ",
                            table="vendors_sitecheck",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "vendors_sitecheckevent" ("findings", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "result", "rules_of", "site_id") SELECT new_values."findings", new_values."id", (SELECT _pgh_attach_context()), NOW(), \'update\', new_values."id", new_values."result", new_values."rules_of", new_values."site_id" FROM ( SELECT new_values.* FROM old_values FULL JOIN new_values ON old_values."id" = new_values."id" WHERE num_nonnulls(new_values."id") = 1 AND (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values; RETURN NULL;',
                            hash="5dd08d374929136ef41f2723bd794b1880ef0c15",
                            level="STATEMENT",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_ef097",
                            referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                            table="vendors_sitecheck",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "vendors_sitecheckevent" ("findings", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "result", "rules_of", "site_id") SELECT old_values."findings", old_values."id", (SELECT _pgh_attach_context()), NOW(), \'delete\', old_values."id", old_values."result", old_values."rules_of", old_values."site_id" FROM ( SELECT old_values.* FROM old_values  ) AS old_values; RETURN NULL;',
                            hash="576c3b8b74ac71406141684b14409f63a1588a4c",
                            level="STATEMENT",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_d489c",
                            referencing="REFERENCING OLD TABLE AS old_values ",
                            table="vendors_sitecheck",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SiteEvent",
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
                    "code",
                    models.CharField(
                        max_length=16,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Z0-9-]+$", "编号由大写字母、数字和短横线组成。"
                            )
                        ],
                        verbose_name="编号",
                    ),
                ),
                ("name", models.CharField(max_length=80, verbose_name="名称")),
                ("name_en", models.CharField(blank=True, max_length=120, verbose_name="英文名称")),
                (
                    "kind",
                    models.CharField(
                        choices=[("stall", "便民摊点"), ("market", "临时瓜果市场")],
                        max_length=8,
                        verbose_name="类别",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proposed", "拟设"),
                            ("returned", "已退回"),
                            ("approved", "已批准"),
                            ("open", "开放"),
                            ("suspended", "暂停"),
                            ("closed", "关闭"),
                        ],
                        default="proposed",
                        max_length=12,
                        verbose_name="状态",
                    ),
                ),
                (
                    "area",
                    django.contrib.gis.db.models.fields.PolygonField(
                        spatial_index=False, srid=settings.GRIDMGR_SRID, verbose_name="范围"
                    ),
                ),
                ("capacity", models.PositiveSmallIntegerField(verbose_name="可容纳商贩")),
                (
                    "season",
                    django.contrib.postgres.fields.ranges.DateRangeField(
                        blank=True, null=True, verbose_name="季节"
                    ),
                ),
                ("opens", models.TimeField(verbose_name="每日开始")),
                ("closes", models.TimeField(verbose_name="每日结束")),
                ("sign_board", models.BooleanField(default=False, verbose_name="标示牌")),
                ("bins", models.PositiveSmallIntegerField(default=0, verbose_name="垃圾容器")),
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
                        to="vendors.site",
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
                    "approved_by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="批准人",
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="提出人",
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1, editable=False, verbose_name="版本")),
                (
                    "approved_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="批准时间"),
                ),
                (
                    "returned_for",
                    models.CharField(
                        blank=True, default="", editable=False, max_length=400, verbose_name="退回的理由"
                    ),
                ),
                (
                    "shapers",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(),
                        blank=True,
                        default=list,
                        editable=False,
                        size=None,
                        verbose_name="参与人",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    django.contrib.postgres.indexes.BrinIndex(
                        autosummarize=True,
                        fields=["pgh_created_at"],
                        name="site_event_when",
                        pages_per_range=16,
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="093f2f9a791c2b9bf9a23265e9082243f11d1e12",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_6814c",
                            table="vendors_siteevent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="eed58e227c1b1f41e01e909e676db664fd27f437",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_c2d82",
                            table="vendors_siteevent",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PitchEvent",
            fields=[
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "pgh_db_user",
                    models.TextField(db_default=gridmgr.core.history.SessionUser(), editable=False),
                ),
                ("id", models.BigIntegerField()),
                ("number", models.CharField(max_length=8, verbose_name="摊位号")),
                (
                    "area",
                    django.contrib.gis.db.models.fields.PolygonField(
                        spatial_index=False, srid=settings.GRIDMGR_SRID, verbose_name="范围"
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
                        to="vendors.pitch",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="vendors.site",
                        verbose_name="摊点",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    django.contrib.postgres.indexes.BrinIndex(
                        autosummarize=True,
                        fields=["pgh_created_at"],
                        name="pitch_event_when",
                        pages_per_range=16,
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="3ed171d16c34c826ecaa290b4cc9d70354f97863",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_a1321",
                            table="vendors_pitchevent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="0dbf35af159ed80019a335b5da3f13e93a9aa481",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_8c7f9",
                            table="vendors_pitchevent",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="VendorEvent",
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
                ("goods", models.CharField(max_length=80, verbose_name="经营品种")),
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
                        to="vendors.vendor",
                    ),
                ),
                (
                    "identity_digest",
                    models.CharField(
                        blank=True, default="", editable=False, max_length=64, verbose_name="身份证号"
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    django.contrib.postgres.indexes.BrinIndex(
                        autosummarize=True,
                        fields=["pgh_created_at"],
                        name="vendor_event_when",
                        pages_per_range=16,
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="8f02cbbe83ca8324bf2fd2a39c684fdae4ad4b46",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_7c231",
                            table="vendors_vendorevent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="bad6f4849bdad751cbe5a45e9b8af94268b2f23d",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_655b3",
                            table="vendors_vendorevent",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AllocationEvent",
            fields=[
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "pgh_db_user",
                    models.TextField(db_default=gridmgr.core.history.SessionUser(), editable=False),
                ),
                ("id", models.BigIntegerField()),
                ("period", django.contrib.postgres.fields.ranges.DateRangeField(verbose_name="期间")),
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
                        to="vendors.allocation",
                    ),
                ),
                (
                    "pitch",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="vendors.pitch",
                        verbose_name="摊位",
                    ),
                ),
                (
                    "vendor",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="vendors.vendor",
                        verbose_name="商贩",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    django.contrib.postgres.indexes.BrinIndex(
                        autosummarize=True,
                        fields=["pgh_created_at"],
                        name="allocation_event_when",
                        pages_per_range=16,
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="6a8dcb55fc2f235e53c76e02bedf63de6a572daa",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_cb91e",
                            table="vendors_allocationevent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="d9b4a4db6dc01a4fec9f4935591ce74acad21dd4",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_30577",
                            table="vendors_allocationevent",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="WaitingEntryEvent",
            fields=[
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "pgh_db_user",
                    models.TextField(db_default=gridmgr.core.history.SessionUser(), editable=False),
                ),
                ("id", models.BigIntegerField()),
                ("since", models.DateTimeField(default=django.utils.timezone.now, verbose_name="登记时间")),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="备注")),
                ("left_at", models.DateTimeField(blank=True, null=True, verbose_name="离队时间")),
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
                        to="vendors.waitingentry",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="vendors.site",
                        verbose_name="摊点",
                    ),
                ),
                (
                    "vendor",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="vendors.vendor",
                        verbose_name="商贩",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    django.contrib.postgres.indexes.BrinIndex(
                        autosummarize=True,
                        fields=["pgh_created_at"],
                        name="waitingentry_event_when",
                        pages_per_range=16,
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="65c1eb6efe48a40e39034f9694454f2f63c40a01",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_c5421",
                            table="vendors_waitingentryevent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="f3e629da27d64dac0482fa1b2b13d038f4104027",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_e0aaa",
                            table="vendors_waitingentryevent",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="GuidanceEvent",
            fields=[
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "pgh_db_user",
                    models.TextField(db_default=gridmgr.core.history.SessionUser(), editable=False),
                ),
                ("id", models.BigIntegerField()),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="时间")),
                (
                    "location",
                    django.contrib.gis.db.models.fields.PointField(
                        spatial_index=False, srid=settings.GRIDMGR_SRID, verbose_name="地点"
                    ),
                ),
                ("goods", models.CharField(blank=True, max_length=80, verbose_name="经营品种")),
                ("first_time", models.BooleanField(default=True, verbose_name="首次")),
                ("walk_m", models.FloatField(blank=True, null=True, verbose_name="步行距离(米)")),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("pending", "待跟进"),
                            ("came", "已入点"),
                            ("refused", "拒绝"),
                            ("moved_on", "自行离开"),
                        ],
                        default="pending",
                        max_length=12,
                        verbose_name="结果",
                    ),
                ),
                ("outcome_at", models.DateTimeField(blank=True, null=True, verbose_name="回访时间")),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="备注")),
                ("slip", models.CharField(max_length=28, verbose_name="凭条号")),
                ("is_demo", models.BooleanField(default=False, verbose_name="演示数据")),
                (
                    "branch",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="grids.branch",
                        verbose_name="支部",
                    ),
                ),
                (
                    "officer",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="队员",
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
                        to="vendors.guidance",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="vendors.site",
                        verbose_name="疏导至",
                    ),
                ),
                (
                    "vendor",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="vendors.vendor",
                        verbose_name="商贩",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    django.contrib.postgres.indexes.BrinIndex(
                        autosummarize=True,
                        fields=["pgh_created_at"],
                        name="guidance_event_when",
                        pages_per_range=16,
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="2b7d4c6d2cce16c8b7f97808a8fbe1d0c77d01d2",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_8989c",
                            table="vendors_guidanceevent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="8bac473cd775f14211ed057f78ca7a038307736d",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_1513f",
                            table="vendors_guidanceevent",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PitchHoldEvent",
            fields=[
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "pgh_db_user",
                    models.TextField(db_default=gridmgr.core.history.SessionUser(), editable=False),
                ),
                ("id", models.BigIntegerField()),
                ("during", django.contrib.postgres.fields.ranges.DateTimeRangeField(verbose_name="保留时段")),
                (
                    "guidance",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="vendors.guidance",
                        verbose_name="疏导记录",
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="经手人",
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
                        to="vendors.pitchhold",
                    ),
                ),
                (
                    "pitch",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="vendors.pitch",
                        verbose_name="摊位",
                    ),
                ),
                (
                    "vendor",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="vendors.vendor",
                        verbose_name="商贩",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    django.contrib.postgres.indexes.BrinIndex(
                        autosummarize=True,
                        fields=["pgh_created_at"],
                        name="pitchhold_event_when",
                        pages_per_range=16,
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="601cd5a69093b514806f1479c528c7a045d14e8f",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_e6555",
                            table="vendors_pitchholdevent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="4c4c4a1aedbe9cda3b75104a02076d1f7b92f0da",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_5adbe",
                            table="vendors_pitchholdevent",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RuleProfileEvent",
            fields=[
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "pgh_db_user",
                    models.TextField(db_default=gridmgr.core.history.SessionUser(), editable=False),
                ),
                ("id", models.BigIntegerField()),
                ("name", models.CharField(max_length=80, verbose_name="名称")),
                ("in_use", models.BooleanField(default=False, verbose_name="使用中")),
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
                        to="vendors.ruleprofile",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    django.contrib.postgres.indexes.BrinIndex(
                        autosummarize=True,
                        fields=["pgh_created_at"],
                        name="ruleprofile_event_when",
                        pages_per_range=16,
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="f122c452e1843453955a0489bae0e3792170af4f",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_c8e5b",
                            table="vendors_ruleprofileevent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="f4c455378d9c84560c4c8767508b3685ec8e22bb",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_4ab4f",
                            table="vendors_ruleprofileevent",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PlacementRuleEvent",
            fields=[
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "pgh_db_user",
                    models.TextField(db_default=gridmgr.core.history.SessionUser(), editable=False),
                ),
                ("id", models.BigIntegerField()),
                ("code", models.SlugField(db_index=False, max_length=40, verbose_name="代码")),
                (
                    "applies_to",
                    models.CharField(
                        choices=[
                            ("site", "便民摊点和瓜果市场"),
                            ("stall", "便民摊点"),
                            ("market", "临时瓜果市场"),
                            ("pitch", "便民摊点的摊位"),
                        ],
                        max_length=8,
                        verbose_name="适用于",
                    ),
                ),
                (
                    "check_kind",
                    models.CharField(
                        choices=[
                            ("distance", "距离不少于(米)"),
                            ("off", "不得占用"),
                            ("clear_width", "留出净宽不少于(米)"),
                            ("area_max", "面积不大于(平方米)"),
                            ("equipped", "设施齐备"),
                            ("free_kerb", "不与其他占用重叠"),
                        ],
                        max_length=12,
                        verbose_name="要求",
                    ),
                ),
                (
                    "target",
                    models.CharField(
                        choices=[
                            ("school_gate", "学校校门"),
                            ("junction", "路口"),
                            ("crossing", "人行横道"),
                            ("bus_stop", "公交站"),
                            ("hydrant", "消防栓"),
                            ("fire_station", "消防站"),
                            ("fuel_station", "加油站"),
                            ("fire_lane", "消防通道"),
                            ("no_vending", "禁摆区域"),
                            ("carriageway", "主次干路车行道"),
                            ("roadway", "车行道(含匝道和无名道路)"),
                            ("structure", "桥梁、隧道"),
                            ("footway", "人行道"),
                            ("kerb_use", "其他路缘占用"),
                            ("itself", "自身"),
                        ],
                        max_length=16,
                        verbose_name="对象",
                    ),
                ),
                ("amount", models.FloatField(blank=True, null=True, verbose_name="数值")),
                (
                    "severity",
                    models.CharField(
                        choices=[("hard", "禁止"), ("advisory", "建议")], max_length=10, verbose_name="性质"
                    ),
                ),
                ("clause", models.CharField(max_length=200, verbose_name="依据")),
                ("clause_en", models.CharField(blank=True, max_length=200, verbose_name="依据(英文)")),
                ("valid", django.contrib.postgres.fields.ranges.DateRangeField(verbose_name="有效期")),
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
                        to="vendors.placementrule",
                    ),
                ),
                (
                    "profile",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="vendors.ruleprofile",
                        verbose_name="规则集",
                    ),
                ),
                (
                    "confirmed_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="确认时间"),
                ),
                (
                    "confirmed_by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="确认人",
                    ),
                ),
                ("is_default", models.BooleanField(default=False, editable=False, verbose_name="默认值")),
            ],
            options={
                "abstract": False,
                "indexes": [
                    django.contrib.postgres.indexes.BrinIndex(
                        autosummarize=True,
                        fields=["pgh_created_at"],
                        name="placementrule_event_when",
                        pages_per_range=16,
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="d8acb3b78e531eef4f5becafe3cdf3add80a0012",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_ed92c",
                            table="vendors_placementruleevent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="d3f81c36ddd65828e8678e50d2acc94b8e76aed6",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_517c1",
                            table="vendors_placementruleevent",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OverrideEvent",
            fields=[
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "pgh_db_user",
                    models.TextField(db_default=gridmgr.core.history.SessionUser(), editable=False),
                ),
                ("id", models.BigIntegerField()),
                ("rule_code", models.SlugField(db_index=False, max_length=40, verbose_name="规则代码")),
                ("found", models.FloatField(blank=True, null=True, verbose_name="实际")),
                ("required", models.FloatField(blank=True, null=True, verbose_name="要求")),
                ("reason", models.CharField(max_length=400, verbose_name="理由")),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="时间")),
                (
                    "approved_by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="批准人",
                    ),
                ),
                (
                    "asked_by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="申请人",
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
                        to="vendors.override",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="vendors.site",
                        verbose_name="摊点",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    django.contrib.postgres.indexes.BrinIndex(
                        autosummarize=True,
                        fields=["pgh_created_at"],
                        name="override_event_when",
                        pages_per_range=16,
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="77942b17c0501c43bec0a307cba78a14d1088f16",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_01786",
                            table="vendors_overrideevent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="0f1377b6129b2c101005259e0b2bf061afb8cae2",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_02b2a",
                            table="vendors_overrideevent",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SiteCheckEvent",
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
                    "result",
                    models.CharField(
                        choices=[
                            ("hard", "违反禁止性规则"),
                            ("overridden", "违反禁止性规则,已批准例外"),
                            ("advisory", "不合建议"),
                            ("good", "符合规则"),
                            ("unruled", "未设置规则,无法判断"),
                        ],
                        max_length=12,
                        verbose_name="结果",
                    ),
                ),
                ("findings", models.JSONField(default=list, verbose_name="冲突")),
                ("rules_of", models.DateField(verbose_name="规则日期")),
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
                        to="vendors.sitecheck",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="vendors.site",
                        verbose_name="摊点",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    django.contrib.postgres.indexes.BrinIndex(
                        autosummarize=True,
                        fields=["pgh_created_at"],
                        name="sitecheck_event_when",
                        pages_per_range=16,
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="59be95c6a530f60a8769bbc5d556e52b0129af77",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_17fc4",
                            table="vendors_sitecheckevent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="9b0a0abb451db7c586848fcf58e274489f426f2c",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_8731a",
                            table="vendors_sitecheckevent",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
    ]
