"""ETags tell one state of the data from every other, also after a restore brought old transaction numbers along."""

from datetime import date

import pytest
from django.db import connection, transaction

from gridmgr.accounts.audience import Audience
from gridmgr.layers.models import WEIGHTS, DataChange
from gridmgr.layers.version import data_state, etag, fold_changes
from tests.factories import BranchFactory

pytestmark = pytest.mark.django_db(transaction=True)
TABLE = "grids_branch"


def tag() -> str:
    return etag(tables=[TABLE], audience=Audience(role="office"), on=date(2026, 11, 22))


def newest_number() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        return int(cursor.fetchone()[0])


def test_each_write_changes_the_etag_where_its_number_was_used_before_a_restore() -> None:
    branch = BranchFactory()
    DataChange.objects.all().delete()
    number = newest_number()
    # What a dump of another cluster brings: the numbers of the transactions that are still to come here.
    DataChange.objects.bulk_create(DataChange(table_name=TABLE, xid=number + n) for n in range(1, 60))
    seen = [tag()]
    for name in ("甲", "乙", "丙", "丁", "戊"):
        branch.name = name
        branch.save()
        seen.append(tag())
    assert len(set(seen)) == len(seen)
    assert DataChange.objects.filter(table_name=TABLE).count() == 59  # each met a number that was there


def test_a_state_does_not_come_again_when_the_database_is_set_back() -> None:
    branch = BranchFactory()
    weights = []
    for name in ("甲", "乙", "丙"):
        DataChange.objects.all().delete()
        branch.name = name
        branch.save()
        weights.append(data_state([TABLE]))
    assert len(set(weights)) == 3


def test_one_transaction_leaves_one_row() -> None:
    branch = BranchFactory()
    DataChange.objects.all().delete()
    with transaction.atomic():
        for name in ("甲", "乙", "丙"):
            branch.name = name
            branch.save()
    weight = DataChange.objects.get(table_name=TABLE).weight
    assert 1 < weight < WEIGHTS


def test_folding_keeps_the_etag() -> None:
    branch = BranchFactory()
    DataChange.objects.all().delete()
    DataChange.objects.bulk_create(
        DataChange(table_name=TABLE, xid=n, weight=WEIGHTS - n) for n in range(1, 40)
    )
    branch.name = "甲"
    branch.save()
    before = tag()
    newest_number()
    assert fold_changes() >= 39
    assert tag() == before
    assert DataChange.objects.filter(table_name=TABLE).count() == 1
