"""ETags tell one state of the data from every other, also after a restore brought old transaction numbers along."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Count

from gridmgr.core.accounts.audience import Audience
from gridmgr.core.jobs.tidy import tidy
from gridmgr.core.layers.models import WEIGHTS, DataChange
from gridmgr.core.layers.version import data_state, etag, fold_changes
from grids.models import Branch
from tests.core.jobs.worker import until
from tests.factories import BranchFactory

pytestmark = pytest.mark.django_db(transaction=True)
TABLE = "grids_branch"


def tag() -> str:
    return etag(tables=[TABLE], audience=Audience(role="office"), on=date(2026, 11, 22))


def newest_number() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        return int(cursor.fetchone()[0])


def others_have_ended() -> None:
    """Waits for the transactions that are open now, of other databases too: until then nothing newer is folded."""
    number = newest_number()

    def all_over() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint > %s", [number])
            return bool(cursor.fetchone()[0])

    until(all_over, seconds=300)


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
    others_have_ended()
    assert fold_changes() >= 39
    assert tag() == before
    assert DataChange.objects.filter(table_name=TABLE).count() == 1


def test_housekeeping_of_the_worker_folds_what_many_transactions_left() -> None:
    branch = BranchFactory()
    for number in range(60):
        branch.name = f"第{number}次"
        branch.save()
    assert DataChange.objects.filter(table_name=TABLE).count() >= 60
    before, everything = tag(), {each: data_state([each]) for each in tables_written()}
    others_have_ended()
    tidy()
    assert tag() == before
    assert {each: data_state([each]) for each in tables_written()} == everything
    counts = DataChange.objects.values("table_name").annotate(n=Count("pk")).values_list("n", flat=True)
    assert max(counts) <= 2  # a table's newest may belong to a transaction that others still wait for
    branch.name = "又一次"
    branch.save()
    assert tag() != before


def tables_written() -> list[str]:
    return sorted(set(DataChange.objects.values_list("table_name", flat=True)))


def test_folding_beside_writers_and_other_folders_loses_no_change() -> None:
    """Four writers and two folders at once: the state changes with each write, and no sum is lost between folders."""
    branches = [BranchFactory() for _ in range(4)]
    weights: dict[int, int] = {}

    def write(branch: Branch) -> None:
        try:
            for number in range(15):
                branch.name = f"{branch.code} {number}"
                with transaction.atomic():
                    branch.save()
                    with connection.cursor() as cursor:
                        cursor.execute(
                            "SELECT xid, weight FROM layers_datachange WHERE table_name = %s"
                            " AND xid = pg_current_xact_id()::text::bigint",
                            [TABLE],
                        )
                        xid, weight = cursor.fetchone()
                        weights[xid] = weight
        finally:
            connection.close()

    def fold(_turn: int) -> None:
        try:
            for _ in range(20):
                fold_changes()
        finally:
            connection.close()

    start = int(data_state([TABLE]))
    with ThreadPoolExecutor(6) as pool:
        done = [pool.submit(write, branch) for branch in branches] + [pool.submit(fold, n) for n in range(2)]
        for each in done:
            each.result()
    assert len(weights) == 60
    assert int(data_state([TABLE])) == (start + sum(weights.values())) % WEIGHTS
    others_have_ended()
    fold_changes()
    assert int(data_state([TABLE])) == (start + sum(weights.values())) % WEIGHTS
    assert DataChange.objects.filter(table_name=TABLE).count() <= 2


def test_housekeeping_that_fails_keeps_no_other_from_its_turn(settings: Any, caplog: Any) -> None:
    settings.GRIDMGR_HOUSEKEEPING = ["gridmgr.nowhere", "tests.core.layers.test_version.its_turn"]
    TURNS.clear()
    tidy()
    assert TURNS == [1]
    assert "gridmgr.nowhere failed" in caplog.text


TURNS: list[int] = []


def its_turn() -> None:
    TURNS.append(1)
