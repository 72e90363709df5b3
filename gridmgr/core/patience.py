"""How long the database waits for a statement, a lock, an idle transaction.

For pages by settings of the role, which hold behind a pooler too; commands and jobs take more time for themselves.
"""

from typing import Any

from django.conf import settings
from django.db import connection
from django.db.backends.signals import connection_created

TIMEOUTS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
_taken = {"seconds": 0}


def wanted() -> dict[str, str]:
    """What a page's connection needs, as PostgreSQL's settings.

    Its spatial queries are short: the planner's parallel sequential scan loses to the index, and so does compiling.
    """
    seconds = (
        settings.GRIDMGR_STATEMENT_SECONDS,
        settings.GRIDMGR_LOCK_SECONDS,
        settings.GRIDMGR_IDLE_SECONDS,
    )
    timeouts = {name: f"{each}s" for name, each in zip(TIMEOUTS, seconds, strict=True)}
    return {**timeouts, "max_parallel_workers_per_gather": "0", "jit": "off"}


def settle_role() -> list[str]:
    """Writes what is wanted into the role that we are, for this database alone; returns what was changed.

    Holds for connections made from now on.
    """
    held = _held()
    changed = [name for name, value in wanted().items() if held.get(name) != value]
    database = connection.ops.quote_name(connection.settings_dict["NAME"])
    with connection.cursor() as cursor:
        for name in changed:
            cursor.execute(
                f"ALTER ROLE CURRENT_USER IN DATABASE {database} SET {name} = %s", [wanted()[name]]
            )
    return changed


def _held() -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT unnest(s.setconfig) FROM pg_db_role_setting s
            JOIN pg_database d ON d.oid = s.setdatabase JOIN pg_roles r ON r.oid = s.setrole
            WHERE d.datname = current_database() AND r.rolname = current_user
            """
        )
        return dict(text.split("=", 1) for (text,) in cursor.fetchall())


def take_time(*, minutes: int = 0) -> None:
    """This process is no page: its connections wait so long, 0 for as long as it takes."""
    _taken["seconds"] = minutes * 60
    connection_created.connect(_relax, dispatch_uid="gridmgr.core.patience")


def _relax(connection: Any, **_: Any) -> None:
    with connection.cursor() as cursor:
        for name in TIMEOUTS:
            cursor.execute("SELECT set_config(%s, %s, false)", [name, f"{_taken['seconds']}s"])
