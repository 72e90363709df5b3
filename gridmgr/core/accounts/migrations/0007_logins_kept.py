"""Whoever was logged in stays so: running sessions go over to the new table, each with its account.

The tables of the part that counted tries before (django-axes) go: they named people and addresses, and nothing reads them.
"""

from typing import Any

from django.contrib.sessions.backends.db import SessionStore
from django.db import migrations
from django.utils import timezone

AXES = "axes_accessattemptexpiration, axes_accessattempt, axes_accessfailurelog, axes_accesslog"


def move(apps: Any, editor: Any) -> None:
    old, new, user = (
        apps.get_model(*name)
        for name in (("sessions", "Session"), ("accounts", "Session"), ("accounts", "User"))
    )
    there = {str(key) for key in user.objects.values_list("pk", flat=True)}
    for row in old.objects.filter(expire_date__gt=timezone.now()):
        key = str(SessionStore().decode(row.session_data).get("_auth_user_id", ""))
        if key in there:
            new.objects.create(
                session_key=row.session_key,
                session_data=row.session_data,
                expire_date=row.expire_date,
                account_id=int(key),
            )
    old.objects.all().delete()


def move_back(apps: Any, editor: Any) -> None:
    old, new = apps.get_model("sessions", "Session"), apps.get_model("accounts", "Session")
    for row in new.objects.all():
        old.objects.create(
            session_key=row.session_key, session_data=row.session_data, expire_date=row.expire_date
        )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_sessions_and_first_passwords"), ("sessions", "0001_initial")]

    operations = [
        migrations.RunPython(move, move_back),
        migrations.RunSQL(f"DROP TABLE IF EXISTS {AXES} CASCADE", migrations.RunSQL.noop),
    ]
