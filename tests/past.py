"""The days that tests live through: their city has been on record since 2000, unless a test sets the record's clock."""

from datetime import datetime

from django.db import connection
from django.utils import timezone

from gridmgr.core.history import event_model
from gridmgr.core.past import told_models

_CLOCK = """
    CREATE OR REPLACE FUNCTION tests_moment() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public AS $$
    BEGIN
        NEW.pgh_created_at := COALESCE(
            NULLIF(current_setting('tests.moment', true), '')::timestamptz, '2000-01-01 09:00+08'
        );
        RETURN NEW;
    END $$
"""


def install_clock() -> None:
    """A clock of the tests' own for the histories of this database, whose triggers would else say now()."""
    with connection.cursor() as cursor:
        cursor.execute(_CLOCK)
        for model in told_models():
            events = event_model(model)._meta.db_table
            cursor.execute(
                f'CREATE OR REPLACE TRIGGER tests_moment BEFORE INSERT ON "{events}" '
                "FOR EACH ROW EXECUTE FUNCTION tests_moment()"
            )


def set_clock(text: str) -> datetime | None:
    """What is written from now on is on record as of this moment in the city's time zone; '' as by default."""
    moment = datetime.fromisoformat(text).replace(tzinfo=timezone.get_current_timezone()) if text else None
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('tests.moment', %s, false)", [moment.isoformat() if moment else ""])
    return moment
