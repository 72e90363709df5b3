import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("vendors", "0008_fill_approvals")]

    operations = [
        pgtrigger.migrations.AddTrigger(
            model_name="site",
            trigger=pgtrigger.compiler.Trigger(
                name="step_by_step",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n            IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (('proposed', 'approved'), ('proposed', 'returned'), ('proposed', 'closed'), ('returned', 'proposed'), ('returned', 'closed'), ('approved', 'open'), ('approved', 'proposed'), ('approved', 'closed'), ('open', 'suspended'), ('open', 'proposed'), ('open', 'closed'), ('suspended', 'open'), ('suspended', 'proposed'), ('suspended', 'closed')) THEN\n                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'site_step_by_step',\n                    TABLE = TG_TABLE_NAME, MESSAGE = format('from %s a site does not become %s', OLD.state, NEW.state);\n            END IF;\n            IF NEW.state IN ('approved', 'open', 'suspended') AND OLD.state IN ('approved', 'open', 'suspended')\n                AND (NEW.proposed_by_id, NEW.approved_by_id, NEW.approved_at)\n                    IS DISTINCT FROM (OLD.proposed_by_id, OLD.approved_by_id, OLD.approved_at) THEN\n                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'site_approval_stands',\n                    TABLE = TG_TABLE_NAME, MESSAGE = 'who approved a site, and when, stays on record';\n            END IF;\n            IF NEW.state IN ('approved', 'open', 'suspended')\n                AND (NEW.kind, NEW.area, NEW.opens, NEW.closes, NEW.season) IS DISTINCT FROM (OLD.kind, OLD.area, OLD.opens, OLD.closes, OLD.season) THEN\n                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'site_as_approved',\n                    TABLE = TG_TABLE_NAME, MESSAGE = 'a site stands as it was approved, or is proposed anew';\n            END IF;\n            RETURN NEW;\n        ",
                    hash="9e6760399de4a023b89646ce9f537f348d168a6d",
                    operation="UPDATE",
                    pgid="pgtrigger_step_by_step_47ede",
                    table="vendors_site",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="site",
            trigger=pgtrigger.compiler.Trigger(
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
        ),
        migrations.AddConstraint(
            model_name="site",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["proposed", "returned", "approved", "open", "suspended", "closed"])
                ),
                name="site_state_known",
                violation_error_message="没有这种状态。",
            ),
        ),
        migrations.AddConstraint(
            model_name="site",
            constraint=models.CheckConstraint(
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
        ),
        migrations.AddConstraint(
            model_name="site",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["proposed", "returned"]), _negated=True),
                    models.Q(("approved_at__isnull", True), ("approved_by__isnull", True)),
                    _connector="OR",
                ),
                name="site_not_approved_yet",
                violation_error_message="拟设或已退回的摊点还没有批准人和批准时间。",
            ),
        ),
        migrations.AddConstraint(
            model_name="site",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "returned"), _negated=True),
                    models.Q(("returned_for", ""), _negated=True),
                    _connector="OR",
                ),
                name="site_returned_with_reason",
                violation_error_message="退回须写明理由。",
            ),
        ),
    ]
