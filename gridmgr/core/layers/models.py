"""What changed when, per table: the version that ETags of maps and tiles are made from."""

from typing import ClassVar

import pgtrigger
from django.db import models

WEIGHTS = 2**61


class DataChange(models.Model):
    """One transaction that wrote to one table.

    A reader's snapshot sees exactly the rows of the transactions it sees the data of, so the sum of their weights names
    the state of the data without a lock that writers would queue for. Weights are random: a sum never comes again for
    other data, also not where transaction numbers do, in a cluster restored from a dump or set back to an earlier day.
    Folding old rows into one keeps the sum, which counts modulo WEIGHTS.
    """

    table_name = models.TextField()
    xid = models.BigIntegerField()
    weight = models.BigIntegerField(default=1, db_default=1)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["table_name", "xid"], name="data_change_once")
        ]

    def __str__(self) -> str:
        return f"{self.table_name} @ {self.xid}"


def versioned() -> pgtrigger.Trigger:
    """The trigger that a model declares in Meta.triggers so that tiles and maps of its table know of changes."""
    return pgtrigger.Trigger(
        name="data_version",
        when=pgtrigger.After,
        level=pgtrigger.Statement,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete | pgtrigger.Truncate,
        # A row with our number that isn't of our making came with a restore: numbers of new clusters start low.
        func=f"""
            INSERT INTO layers_datachange AS known (table_name, xid, weight)
            VALUES (TG_TABLE_NAME, pg_current_xact_id()::text::bigint,
                    hashtextextended(gen_random_uuid()::text, 0) & {WEIGHTS - 1})
            ON CONFLICT (table_name, xid) DO UPDATE SET weight = (known.weight + excluded.weight) % {WEIGHTS}
            WHERE known.xmin <> pg_current_xact_id()::xid;
            RETURN NULL;
        """,  # noqa: S608  (our own number)
    )
