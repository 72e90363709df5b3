"""Accounts, their sessions and tries to log in, and who made each change.

What a new database starts from. One made by an earlier version comes here by the files that this one replaces, which also
move its data; a dependency therefore names the file that is needed, not the squashed one (docs/architecture.md).
"""

import django.contrib.auth.validators
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.utils.timezone
import gridmgr.core.accounts.models
import gridmgr.core.history
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


# As the library has it, but a later transaction of a request that has more to say (a step, a reason) says it in a row of its own:
# the library writes it over the row of the earlier one, whose changes would then have been made for another reason.
ATTACH_CONTEXT = """
    CREATE OR REPLACE FUNCTION _pgh_attach_context() RETURNS uuid LANGUAGE plpgsql AS $$
        DECLARE
            the_id uuid := NULLIF(current_setting('pghistory.context_id', true), '')::uuid;
            the_metadata jsonb := NULLIF(current_setting('pghistory.context_metadata', true), '')::jsonb;
        BEGIN
            IF the_id IS NULL OR the_metadata IS NULL THEN
                RETURN NULL;
            END IF;
            INSERT INTO pghistory_context AS known (id, metadata, created_at, updated_at)
            VALUES (the_id, the_metadata, now(), now())
            ON CONFLICT (id) DO UPDATE SET metadata = EXCLUDED.metadata, updated_at = EXCLUDED.updated_at
            WHERE known.metadata <> EXCLUDED.metadata AND known.created_at = now();
            IF NOT FOUND AND EXISTS (
                SELECT FROM pghistory_context WHERE id = the_id AND metadata <> the_metadata
            ) THEN
                the_id := md5(the_id::text || the_metadata::text)::uuid;
                INSERT INTO pghistory_context (id, metadata, created_at, updated_at)
                VALUES (the_id, the_metadata, now(), now())
                ON CONFLICT (id) DO NOTHING;
            END IF;
            RETURN the_id;
        END;
    $$
"""


def librarys_own(apps, schema_editor):
    from pghistory.models import Context

    Context.install_pgh_attach_context_func(using=schema_editor.connection.alias)


class Migration(migrations.Migration):
    replaces = [
        ("accounts", "0001_accounts"),
        ("accounts", "0002_history_by_statement"),
        ("accounts", "0003_history_stays"),
        ("accounts", "0004_context_of_each_transaction"),
        ("accounts", "0005_events_by_time"),
        ("accounts", "0006_sessions_and_first_passwords"),
        ("accounts", "0007_logins_kept"),
    ]

    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("pghistory", "0007_auto_20250421_0444"),
    ]

    operations = [
        migrations.CreateModel(
            name="User",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "username",
                    models.CharField(
                        error_messages={"unique": "A user with that username already exists."},
                        help_text="Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.",
                        max_length=150,
                        unique=True,
                        validators=[django.contrib.auth.validators.UnicodeUsernameValidator()],
                        verbose_name="username",
                    ),
                ),
                ("first_name", models.CharField(blank=True, max_length=150, verbose_name="first name")),
                ("last_name", models.CharField(blank=True, max_length=150, verbose_name="last name")),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="email address")),
                (
                    "is_staff",
                    models.BooleanField(
                        default=False,
                        help_text="Designates whether the user can log into this admin site.",
                        verbose_name="staff status",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Designates whether this user should be treated as active. Unselect this instead of deleting accounts.",
                        verbose_name="active",
                    ),
                ),
                (
                    "date_joined",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="date joined"),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("member", "党员"),
                            ("planner", "规划员"),
                            ("office", "办公室"),
                            ("administrator", "管理员"),
                        ],
                        default="member",
                        max_length=16,
                        verbose_name="角色",
                    ),
                ),
                (
                    "first_password_until",
                    models.DateTimeField(
                        blank=True, editable=False, null=True, verbose_name="初始密码有效至"
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        blank=True,
                        choices=[("zh-hans", "简体中文"), ("en", "English")],
                        default="",
                        editable=False,
                        max_length=10,
                        verbose_name="语言",
                    ),
                ),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "verbose_name": "账号",
                "verbose_name_plural": "账号",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("is_superuser", True), ("role", "administrator")),
                            models.Q(
                                ("is_superuser", False), models.Q(("role", "administrator"), _negated=True)
                            ),
                            _connector="OR",
                        ),
                        name="user_superuser_is_administrator",
                        violation_error_message="只有管理员是超级用户。",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("is_staff", True), ("role__in", ["administrator", "planner"])),
                            models.Q(
                                ("is_staff", False),
                                models.Q(("role__in", ["administrator", "planner"]), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="user_staff_by_role",
                        violation_error_message="后台只对管理员和规划员开放。",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="abd098eadccfced555481fb503a16d490047ef08",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_37fec",
                            table="accounts_user",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="sessions_end",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition='WHEN (NOT NEW."is_active" AND OLD."is_active")',
                            func="DELETE FROM accounts_session WHERE account_id = NEW.id; RETURN NULL;",
                            hash="0d7e6cd0cf8f799a73ed2cf9eff96b1b046d285a",
                            operation='UPDATE OF "is_active"',
                            pgid="pgtrigger_sessions_end_9952f",
                            table="accounts_user",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "accounts_userevent" ("date_joined", "email", "first_name", "first_password_until", "id", "is_active", "is_staff", "is_superuser", "last_name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "role", "username") SELECT new_values."date_joined", new_values."email", new_values."first_name", new_values."first_password_until", new_values."id", new_values."is_active", new_values."is_staff", new_values."is_superuser", new_values."last_name", (SELECT _pgh_attach_context()), NOW(), \'insert\', new_values."id", new_values."role", new_values."username" FROM ( SELECT new_values.* FROM new_values  ) AS new_values; RETURN NULL;',
                            hash="8d4f1c47f9604b2f4cd4ef738fc9e9c0e207f539",
                            level="STATEMENT",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_3867c",
                            referencing="REFERENCING NEW TABLE AS new_values ",
                            table="accounts_user",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "accounts_userevent" ("date_joined", "email", "first_name", "first_password_until", "id", "is_active", "is_staff", "is_superuser", "last_name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "role", "username") SELECT new_values."date_joined", new_values."email", new_values."first_name", new_values."first_password_until", new_values."id", new_values."is_active", new_values."is_staff", new_values."is_superuser", new_values."last_name", (SELECT _pgh_attach_context()), NOW(), \'update\', new_values."id", new_values."role", new_values."username" FROM ( SELECT new_values.* FROM old_values FULL JOIN new_values ON old_values."id" = new_values."id" WHERE num_nonnulls(new_values."id") = 1 AND ((old_values."date_joined" IS DISTINCT FROM (new_values."date_joined") OR old_values."email" IS DISTINCT FROM (new_values."email") OR old_values."first_name" IS DISTINCT FROM (new_values."first_name") OR old_values."first_password_until" IS DISTINCT FROM (new_values."first_password_until") OR old_values."id" IS DISTINCT FROM (new_values."id") OR old_values."is_active" IS DISTINCT FROM (new_values."is_active") OR old_values."is_staff" IS DISTINCT FROM (new_values."is_staff") OR old_values."is_superuser" IS DISTINCT FROM (new_values."is_superuser") OR old_values."last_name" IS DISTINCT FROM (new_values."last_name") OR old_values."role" IS DISTINCT FROM (new_values."role") OR old_values."username" IS DISTINCT FROM (new_values."username"))) ) AS new_values; RETURN NULL;',
                            hash="aa4c025e2ce037cf2d3fd1acc1267cc09fa5d3ae",
                            level="STATEMENT",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_0e890",
                            referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                            table="accounts_user",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "accounts_userevent" ("date_joined", "email", "first_name", "first_password_until", "id", "is_active", "is_staff", "is_superuser", "last_name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "role", "username") SELECT old_values."date_joined", old_values."email", old_values."first_name", old_values."first_password_until", old_values."id", old_values."is_active", old_values."is_staff", old_values."is_superuser", old_values."last_name", (SELECT _pgh_attach_context()), NOW(), \'delete\', old_values."id", old_values."role", old_values."username" FROM ( SELECT old_values.* FROM old_values  ) AS old_values; RETURN NULL;',
                            hash="e1a8ce9d4daeecc9d2aabd2197fe982f46afc47f",
                            level="STATEMENT",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_19f14",
                            referencing="REFERENCING OLD TABLE AS old_values ",
                            table="accounts_user",
                            when="AFTER",
                        ),
                    ),
                ],
            },
            managers=[
                ("objects", gridmgr.core.accounts.models.GridUserManager()),
            ],
        ),
        migrations.CreateModel(
            name="ChangeContext",
            fields=[],
            options={
                "proxy": True,
                "default_permissions": (),
            },
            bases=("pghistory.context",),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="changecontext",
            trigger=pgtrigger.compiler.Trigger(
                name="context_stands",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            IF TG_OP = 'UPDATE' AND OLD.created_at = now() AND NEW.created_at = OLD.created_at AND NEW.id = OLD.id THEN\n                RETURN NEW;\n            END IF;\n            RAISE EXCEPTION USING MESSAGE = format('pgtrigger: Cannot %s rows from %s table', lower(TG_OP), TG_TABLE_NAME);\n        ",
                    hash="abffff9fb5fc2aeeb81c6d296e553f97d8c3ec72",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_context_stands_3e48a",
                    table="pghistory_context",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="changecontext",
            trigger=pgtrigger.compiler.Trigger(
                name="no_truncate",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                    hash="acad42a869b47b77499f7e1e059d8aaf543728ae",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_no_truncate_2ffe0",
                    table="pghistory_context",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.CreateModel(
            name="Session",
            fields=[
                (
                    "session_key",
                    models.CharField(
                        max_length=40, primary_key=True, serialize=False, verbose_name="session key"
                    ),
                ),
                ("session_data", models.TextField(verbose_name="session data")),
                ("expire_date", models.DateTimeField(db_index=True, verbose_name="expire date")),
                ("agent", models.CharField(blank=True, default="", max_length=300)),
                ("address", models.GenericIPAddressField(null=True)),
                ("last_seen", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "account",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sessions",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="账号",
                    ),
                ),
            ],
            options={
                "verbose_name": "登录记录",
                "verbose_name_plural": "登录记录",
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="LoginTry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=150)),
                ("address", models.CharField(max_length=45)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("outcome", models.CharField(default="failed", max_length=8)),
            ],
            options={
                "verbose_name": "登录尝试",
                "verbose_name_plural": "登录尝试",
                "indexes": [
                    models.Index(fields=["name", "at"], name="accounts_lo_name_c3188e_idx"),
                    models.Index(fields=["address", "at"], name="accounts_lo_address_441d66_idx"),
                ],
            },
        ),
        migrations.CreateModel(
            name="UserEvent",
            fields=[
                ("pgh_id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "pgh_db_user",
                    models.TextField(db_default=gridmgr.core.history.SessionUser(), editable=False),
                ),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.BigIntegerField()),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "username",
                    models.CharField(
                        error_messages={"unique": "A user with that username already exists."},
                        help_text="Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.",
                        max_length=150,
                        validators=[django.contrib.auth.validators.UnicodeUsernameValidator()],
                        verbose_name="username",
                    ),
                ),
                ("first_name", models.CharField(blank=True, max_length=150, verbose_name="first name")),
                ("last_name", models.CharField(blank=True, max_length=150, verbose_name="last name")),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="email address")),
                (
                    "is_staff",
                    models.BooleanField(
                        default=False,
                        help_text="Designates whether the user can log into this admin site.",
                        verbose_name="staff status",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Designates whether this user should be treated as active. Unselect this instead of deleting accounts.",
                        verbose_name="active",
                    ),
                ),
                (
                    "date_joined",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="date joined"),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("member", "党员"),
                            ("planner", "规划员"),
                            ("office", "办公室"),
                            ("administrator", "管理员"),
                        ],
                        default="member",
                        max_length=16,
                        verbose_name="角色",
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
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "first_password_until",
                    models.DateTimeField(
                        blank=True, editable=False, null=True, verbose_name="初始密码有效至"
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    django.contrib.postgres.indexes.BrinIndex(
                        autosummarize=True,
                        fields=["pgh_created_at"],
                        name="user_event_when",
                        pages_per_range=16,
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="9e9498e73f6fbdf2642fb33fa14189f1ad2382c8",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_45b21",
                            table="accounts_userevent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="no_truncate",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot truncate % table', TG_TABLE_NAME;",
                            hash="b01a1d3114464fec2fc06e02931af502be921843",
                            level="STATEMENT",
                            operation="TRUNCATE",
                            pgid="pgtrigger_no_truncate_bcf41",
                            table="accounts_userevent",
                            when="BEFORE",
                        ),
                    ),
                ],
            },
        ),
        migrations.RunSQL(ATTACH_CONTEXT, migrations.RunSQL.noop),
        migrations.RunPython(migrations.RunPython.noop, librarys_own),
    ]
