"""An account has one of the roles that rights know; one with another word, written past the pages, keeps a member's rights."""

from django.db import migrations, models

ROLES = ["member", "planner", "office", "administrator"]
SETTLE = "UPDATE accounts_user SET role = 'member' WHERE role NOT IN ('member', 'planner', 'office', 'administrator')"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_logins_kept")]

    operations = [
        migrations.RunSQL(SETTLE, migrations.RunSQL.noop),
        migrations.AddConstraint(
            "user",
            models.CheckConstraint(name="user_role_known", condition=models.Q(role__in=ROLES)),
        ),
    ]
