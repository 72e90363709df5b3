"""What changed when, per table: the version that ETags of maps and tiles are made from."""

from typing import ClassVar

import pgtrigger
from django.db import models


class DataChange(models.Model):
    """One transaction that wrote to one table.

    A reader's snapshot sees exactly the rows of the transactions it sees the data of, so (greatest xid, sum of
    weights) names the state of the data without a lock that writers would queue for. Folding old rows into one
    keeps both numbers.
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
        func="""
            INSERT INTO layers_datachange (table_name, xid)
            VALUES (TG_TABLE_NAME, pg_current_xact_id()::text::bigint)
            ON CONFLICT (table_name, xid) DO NOTHING;
            RETURN NULL;
        """,
    )
