"""A job's life without a second process: asking, limits, what each end says, expiry."""

import logging
import re
import uuid
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from gridmgr.core.accounts.models import User
from gridmgr.core.errors import Invalid
from gridmgr.core.jobs import store
from gridmgr.core.jobs.management.commands.run_jobs import work_once
from gridmgr.core.jobs.models import Job, State
from gridmgr.core.jobs.queue import Busy, cancel, enqueue
from gridmgr.core.jobs.supervise import run
from gridmgr.core.jobs.tidy import tidy
from gridmgr.core.jobs.words import said
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


def asked(kind: str, owner: User, **args: Any) -> Job:
    return enqueue(kind, owner=owner, title="一封信", args=args)


def done(kind: str, owner: User, **args: Any) -> Job:
    """The job after all that waits has been run."""
    job = asked(kind, owner, **args)
    while work_once():
        pass
    job.refresh_from_db()
    return job


def files(var: Path) -> list[str]:
    return sorted(str(each.relative_to(var / "jobs")) for each in (var / "jobs").rglob("*"))


# ── Asking ────────────────────────────────────────────────────────────────────────────────────────────────


def test_same_request_under_way_is_one_job_and_each_person_has_a_limit(owner: User, settings: Any) -> None:
    settings.GRIDMGR_JOBS_EACH = 2
    first = asked("letter", owner, branches=["01", "02"])
    assert asked("letter", owner, branches=["01", "02"]).pk == first.pk
    second = asked("letter", owner, branches=["01"])
    assert second.pk != first.pk
    with pytest.raises(Busy, match=r"已有 2 个任务.*最多 2 个"):
        asked("letter", owner, branches=["03"])
    assert asked("letter", UserFactory(), branches=["03"]).state == State.WAITING

    cancel(first)
    assert asked("letter", owner, branches=["01", "02"]).pk != first.pk  # that one is over
    with pytest.raises(Invalid, match="没有“parcel”这种任务"):
        asked("parcel", owner)


def test_file_is_whole_private_and_alone(owner: User, var: Path) -> None:
    job = done("letter", owner, text="汾河")
    assert (job.state, job.words, job.file_name, job.size) == (State.DONE, "给office的信", "信 简报.txt", 6)
    assert job.expires
    assert job.finished
    assert job.expires - job.finished == timedelta(days=7)
    assert files(var) == [str(job.pk), f"{job.pk}/file"]
    assert store.kept_file(job.pk).read_text() == "汾河"
    for path, mode in ((store.folder_of(job.pk), 0o700), (store.kept_file(job.pk), 0o600)):
        assert path.stat().st_mode & 0o777 == mode


# ── How it may end ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("kind", "words", "logged"),
    [
        ("refused", "^没有编号为 99 的支部。$", False),
        ("broken", "程序出错.*编号 [0-9a-f]{8} ", True),
        ("disk_full", "磁盘已满.*腾出空间", True),
        ("hungry", "内存不够.*1536 MB", True),
    ],
)
def test_failure_is_told_in_words_and_its_traceback_logged(
    kind: str, words: str, logged: bool, owner: User, var: Path, client_as: Any, tmp_path: Path
) -> None:
    log = logging.FileHandler(tmp_path / "log")  # which the job's process inherits
    logging.getLogger("gridmgr.jobs").addHandler(log)
    try:
        job = done(kind, owner)
    finally:
        logging.getLogger("gridmgr.jobs").removeHandler(log)
    assert (job.state, job.attempts, job.file_name) == (State.FAILED, 1, "")
    assert re.search(words, said(job.trouble))
    assert files(var) == [str(job.pk)]
    assert ("Traceback" in (tmp_path / "log").read_text()) == logged
    client = client_as("office")
    Job.objects.update(owner=client.user)
    for page in ("/jobs/", job.get_absolute_url(), f"{job.get_absolute_url()}state.json"):
        body = client.get(page).content.decode()
        assert "Traceback" not in body
        assert "hunter2" not in body
    assert re.search(words.strip("^$"), client.get(job.get_absolute_url()).content.decode())


def test_process_that_was_killed_is_tried_once_more(owner: User, tmp_path: Path) -> None:
    job = done("dies_once", owner, mark=str(tmp_path / "mark"))
    assert (job.state, job.attempts) == (State.DONE, 2)
    assert store.kept_file(job.pk).read_text() == "你好"


def test_process_that_is_always_killed_fails_in_words(owner: User) -> None:
    job = done("dies_always", owner)
    assert (job.state, job.attempts) == (State.FAILED, 2)
    assert "两次意外中断" in said(job.trouble)


def test_job_whose_database_connection_is_cut_is_tried_again(owner: User, tmp_path: Path) -> None:
    job = done("loses_database", owner, mark=str(tmp_path / "mark"))
    assert (job.state, job.attempts) == (State.DONE, 2)


def test_overlong_job_is_stopped(owner: User, settings: Any) -> None:
    settings.GRIDMGR_JOB_MINUTES = 0.01
    job = done("slow", owner)
    assert (job.state, "分钟仍未完成" in said(job.trouble)) == (State.FAILED, True)


def test_row_of_the_queue_that_lost_the_job_runs_nothing(owner: User) -> None:
    job = asked("letter", owner)
    run(job.pk, uuid.uuid4())
    job.refresh_from_db()
    assert (job.state, job.attempts) == (State.WAITING, 0)


# ── Left behind, and over ─────────────────────────────────────────────────────────────────────────────────


def test_job_of_a_dead_worker_is_put_on_again_once_then_fails(owner: User) -> None:
    job = asked("letter", owner)
    long_ago = timezone.now() - timedelta(minutes=1)
    dead = {"state": State.RUNNING, "heartbeat": long_ago, "started": long_ago}
    Job.objects.update(**dead, attempts=1)
    row = job.task
    assert tidy().revived == 1
    job.refresh_from_db()
    assert (job.state, job.attempts) == (State.WAITING, 1)
    assert job.task != row

    Job.objects.update(**dead, attempts=2)
    assert tidy().revived == 1
    job.refresh_from_db()
    assert (job.state, "请重新提交" in said(job.trouble)) == (State.FAILED, True)
    assert tidy().revived == 0


def test_dead_workers_job_that_was_taken_back_is_not_tried_again(owner: User) -> None:
    job = asked("letter", owner)
    Job.objects.update(
        state=State.RUNNING, heartbeat=timezone.now() - timedelta(minutes=1), attempts=1, wanted_cancel=True
    )
    tidy()
    job.refresh_from_db()
    assert job.state == State.CANCELLED


def test_waiting_job_without_a_row_in_the_queue_gets_one(owner: User) -> None:
    job = asked("letter", owner)
    Job.objects.update(task=uuid.uuid4(), created=timezone.now() - timedelta(minutes=1))
    assert tidy().revived == 1
    while work_once():
        pass
    job.refresh_from_db()
    assert job.state == State.DONE


def test_each_person_keeps_so_many_files(owner: User, var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gridmgr.core.jobs.tidy.MOST_FILES", 2)
    jobs = [done("letter", owner, text=str(number)) for number in range(3)]
    others = done("letter", UserFactory())
    assert tidy().expired == 1
    kept = Job.objects.filter(state=State.DONE)
    assert set(kept.values_list("pk", flat=True)) == {jobs[1].pk, jobs[2].pk, others.pk}
    assert f"{jobs[0].pk}/file" not in files(var)


def test_files_go_when_their_time_is_over(owner: User, var: Path, client_as: Any) -> None:
    client = client_as("office")
    kept, over = done("letter", client.user, text="1"), done("letter", client.user, text="2")
    stray, foreign = var / "jobs" / str(uuid.uuid4()), var / "jobs" / "readme"
    stray.mkdir()
    foreign.mkdir()
    Job.objects.filter(pk=over.pk).update(expires=timezone.now() - timedelta(seconds=1))

    out = StringIO()
    call_command("clear_jobs", stdout=out)
    assert out.getvalue() == "1 file(s) expired, 1 job(s) removed, 0 job(s) put on again\n"
    assert files(var) == sorted([str(kept.pk), f"{kept.pk}/file", "readme"])
    assert client.get(f"{over.get_absolute_url()}file").status_code == 404
    assert "保留期已过" in client.get(over.get_absolute_url()).content.decode()

    Job.objects.filter(pk=over.pk).update(expires=timezone.now() - timedelta(seconds=1))
    assert (tidy().removed, Job.objects.get()) == (1, kept)
