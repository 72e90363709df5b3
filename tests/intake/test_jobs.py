"""Steps of an import as jobs: a job that was taken back has changed nothing, one that is done says so with its data."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from gridmgr.core.history import event_model
from gridmgr.core.jobs.management.commands.run_jobs import work_once
from gridmgr.core.jobs.models import Job, State
from gridmgr.core.jobs.words import said
from gridmgr.core.jobs.work import Cancelled, Product, Work
from gridmgr.intake import bringing, shelf, work
from gridmgr.intake.models import Import
from parking.models import Bay
from tests.conftest import Town
from tests.intake.conftest import body, confirm, dump, step, taken

SHEET = "/data/export/file?layer=bays&format=.gpkg"


@pytest.fixture
def draft(town: Town, planner: Client) -> Import:
    """A previewed import that changes both bays."""
    sheet = body(planner.get(SHEET))
    Bay.objects.update(state="suspended")
    return taken(planner, "bays", "泊位.gpkg", sheet)


def too_late(_product: Product) -> None:
    raise Cancelled


def everything(record: Import) -> tuple[Any, ...]:
    """The bays, their history, the import's row, and what lies on its shelf."""
    lying = {path.name: path.read_bytes() for path in shelf.folder_of(record.pk).iterdir()}
    return dump(Bay), event_model(Bay).objects.count(), Import.objects.values().get(pk=record.pk), lying


@pytest.mark.django_db
def test_step_that_was_taken_back_leaves_everything_as_it_was(
    draft: Import, planner: Any, tmp_path: Path
) -> None:
    draft.refresh_from_db()
    args = {
        "import": str(draft.pk), "datum": "", "inner": "", "shown": draft.fingerprint, "skip_refused": False,
    }  # fmt: skip
    for make, begin in (
        (work.preview, lambda: None),
        (work.write, lambda: None),
        (work.take_back, lambda: confirm(planner, draft)),
    ):
        begin()
        before = everything(draft)
        with pytest.raises(Cancelled):
            make(Work(args, planner.user, tmp_path, seal=too_late))
        assert everything(draft) == before, make


@pytest.mark.django_db(transaction=True)
def test_worker_ends_the_job_with_the_data(
    draft: Import, planner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bringing, "ROWS_AT_ONCE", 1)
    draft.refresh_from_db()
    for press, words in (
        (lambda: confirm(planner, draft), "已写入。"),
        (lambda: step(planner, draft, "undo"), "已撤销整个导入,数据恢复原状。"),
    ):
        press()
        assert work_once()
        job = Job.objects.latest("created")
        assert (job.state, said(job.words), job.result) == (State.DONE, words, draft.get_absolute_url())
    draft.refresh_from_db()
    assert draft.state == "undone"
    assert set(Bay.objects.values_list("state", flat=True)) == {"suspended"}
