"""ETags of what is made from tables: the state of the data, who reads it, the day, the release."""

from collections.abc import Sequence
from datetime import date
from functools import cache
from hashlib import blake2s
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from gridmgr.core.accounts.audience import Audience
from gridmgr.core.layers.models import WEIGHTS
from gridmgr.core.past import tense_of

FOLDING = 1_203_406_118  # an advisory lock


def etag(*, tables: Sequence[str], audience: Audience, on: date, extra: str = "") -> str:
    """A weak ETag; it changes when a transaction that wrote to one of `tables` becomes visible."""
    parts = [data_state(tables), audience.key, on.isoformat(), tense_of(on), extra, release()]
    return f'W/"{blake2s("|".join(parts).encode(), digest_size=12).hexdigest()}"'


def data_state(tables: Sequence[str]) -> str:
    """Changes when a transaction that wrote to one of `tables` becomes visible."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(weight) %% %s FROM layers_datachange WHERE table_name = ANY(%s)",
            [WEIGHTS, list(tables)],
        )
        return str(cursor.fetchone()[0])


def fold_changes() -> int:
    """Folds all but the newest record of each table into one of the same sum; returns how many were folded.

    One at a time: two could each keep a row that the other folds. Who finds it under way leaves it to that one.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [FOLDING])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(
            """
            WITH gone AS (
                DELETE FROM layers_datachange c USING (
                    SELECT table_name, max(xid) AS newest FROM layers_datachange
                    WHERE xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint GROUP BY table_name
                ) n WHERE c.table_name = n.table_name AND c.xid < n.newest
                RETURNING c.table_name, c.weight
            ), sums AS (SELECT table_name, sum(weight) AS weight, count(*) AS n FROM gone GROUP BY table_name),
            kept AS (
                UPDATE layers_datachange c SET weight = (c.weight + s.weight) %% %s FROM sums s
                WHERE c.table_name = s.table_name AND c.xid = (
                    SELECT max(xid) FROM layers_datachange m WHERE m.table_name = s.table_name
                      AND m.xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint)
            )
            SELECT coalesce(sum(n), 0) FROM sums
            """,
            [WEIGHTS],
        )
        return int(cursor.fetchone()[0])


@cache
def release() -> str:
    """Changes whenever the code that draws layers does."""
    digest = blake2s(digest_size=6)
    root = Path(settings.BASE_DIR)
    for pattern in ("gridmgr/core/layers/*.py", "*/layers.py"):
        for path in sorted(root.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()
