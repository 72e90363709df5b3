"""Real workers in processes of their own: killed, asked to stop, two at once, taken back."""

import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from gridmgr.core.accounts.models import User
from gridmgr.core.changes import history_of
from gridmgr.core.jobs import store
from gridmgr.core.jobs.models import Job, State
from gridmgr.core.jobs.queue import begin, cancel, seal
from gridmgr.core.jobs.tidy import STALE_S
from tests.core.jobs.test_queue import asked
from tests.core.jobs.worker import until, worker
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


def now(job: Job) -> Job:
    job.refresh_from_db()
    return job


def is_under_way(job: Job) -> Callable[[], bool]:
    return lambda: now(job).state == State.RUNNING and job.done > 0


def lives(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def children_of(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_worker_killed_in_the_middle_leaves_no_half_file_and_its_job_is_done_by_the_next(
    owner: User, var: Path
) -> None:
    job = asked("slow", owner, seconds=3)
    with worker(var) as first:
        until(is_under_way(job))
        (child,) = children_of(first.pid)
        assert list(store.folder_of(job.pk).rglob("made"))  # half of it is written
        first.kill()
        first.wait()
    until(lambda: not lives(child), seconds=3)
    assert not store.kept_file(job.pk).exists()
    assert now(job).state == State.RUNNING  # as far as anybody knows yet
    assert job.heartbeat
    heard = job.heartbeat - timedelta(seconds=STALE_S - 3)  # so that the test needs not wait for all of it
    Job.objects.update(heartbeat=heard)

    with worker(var):
        # Its silence has to last before another worker may take it; then it waits and runs again.
        until(lambda: now(job).attempts == 2, seconds=STALE_S + 15)
        assert job.started
        assert job.started - heard >= timedelta(seconds=STALE_S)
        until(lambda: now(job).state == State.DONE)
    assert store.kept_file(job.pk).read_text() == "half and whole"
    assert [each.name for each in store.folder_of(job.pk).iterdir()] == ["file"]


def test_worker_asked_to_stop_gives_its_job_back(owner: User, var: Path) -> None:
    job = asked("slow", owner, seconds=2)
    with worker(var) as first:
        until(is_under_way(job))
        first.send_signal(signal.SIGTERM)
        assert first.wait(5) == 0
    assert (now(job).state, job.attempts) == (State.WAITING, 0)
    with worker(var, "--once"):
        until(lambda: now(job).state == State.DONE)
    assert job.attempts == 1


def test_running_job_is_taken_back_within_two_seconds(owner: User, var: Path, tmp_path: Path) -> None:
    """One that reports stops by itself; one that doesn't listen is killed with the processes it started."""
    pids = tmp_path / "pids"
    with worker(var):
        polite, deaf = asked("slow", owner), asked("deaf", owner, pids=str(pids))
        until(is_under_way(polite))
        cancel(polite)
        assert until(lambda: now(polite).state == State.CANCELLED) < 2
        until(lambda: pids.exists() and len(pids.read_text().split()) == 2)
        cancel(deaf)
        assert until(lambda: now(deaf).state == State.CANCELLED) < 2.5
        until(lambda: not any(lives(int(pid)) for pid in pids.read_text().split()), seconds=2)
    assert [each.name for each in (var / "jobs").iterdir()] == [store.ALIVE]


def test_cancel_that_a_library_catches_leaves_no_half_file(owner: User, var: Path) -> None:
    job = asked("swallows", owner)
    with worker(var):
        until(is_under_way(job))
        cancel(job)
        assert until(lambda: now(job).state == State.CANCELLED) < 2
    assert [each.name for each in (var / "jobs").iterdir()] == [store.ALIVE]


@pytest.mark.parametrize("phase", ["排版第", "输出第"])
def test_briefing_is_taken_back_while_it_is_typeset(phase: str, owner: User, var: Path) -> None:
    job = asked("typesets", owner)
    with worker(var):
        until(lambda: phase in now(job).words, seconds=60)
        assert 13 <= job.done < job.total
        cancel(job)
        assert until(lambda: now(job).state == State.CANCELLED) < 2
    assert [each.name for each in (var / "jobs").iterdir()] == [store.ALIVE]


def test_two_workers_never_run_one_job_twice(owner: User, var: Path, tmp_path: Path, settings: Any) -> None:
    settings.GRIDMGR_JOBS_EACH = 100
    runs = tmp_path / "runs"
    for number in range(30):
        asked("counts_runs", owner, number=number, runs=str(runs))
    with worker(var, "--once") as first, worker(var, "--once") as second:
        assert [each.wait(60) for each in (first, second)] == [0, 0]
    assert sorted(int(line) for line in runs.read_text().split()) == list(range(30))
    assert set(Job.objects.values_list("state", "attempts")) == {(State.DONE, 1)}


def test_progress_shows_while_the_jobs_own_transaction_is_open(owner: User, var: Path) -> None:
    job = asked("long_transaction", owner)
    with worker(var):
        until(lambda: now(job).words == "在事务里")
        owner.refresh_from_db()
        assert (job.state, job.done, job.total, owner.last_name) == (State.RUNNING, 1, 2, "")
        until(lambda: now(job).state == State.DONE)
    owner.refresh_from_db()
    assert (owner.last_name, job.words) == ("inside", "committed")
    change = history_of(owner)[0]
    assert (change.who, change.way) == ("office", job.get_absolute_url())


def test_worker_goes_on_after_its_own_connection_was_cut(owner: User, var: Path) -> None:
    job = asked("slow", owner, seconds=3)
    with worker(var) as process:
        until(is_under_way(job))
        before = job.done
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        until(lambda: now(job).done > before)
        until(lambda: now(job).state == State.DONE)
        other = asked("letter", UserFactory())
        until(lambda: now(other).state == State.DONE)
        assert process.poll() is None
    assert job.attempts == 1
    assert store.kept_file(job.pk).read_text() == "half and whole"


# ── Work that writes: what is shown is what was written ───────────────────────────────────────────────────


def reached(room: Path) -> int:
    """The process that waits at its place."""
    mark = room / "reached"
    until(lambda: mark.exists() and mark.read_text())
    return int(mark.read_text())


@pytest.mark.parametrize(
    ("at", "taken_back", "ends", "written"),
    [
        ("before", True, State.CANCELLED, ""),
        ("sealed", False, State.DONE, "x"),  # the cancel waits for the commit
        ("after", False, State.DONE, "x"),
    ],
)
def test_cancel_finds_the_job_running_with_nothing_written_or_done(
    at: str,
    taken_back: bool,
    ends: State,
    written: str,
    owner: User,
    var: Path,
    tmp_path: Path,
    client_as: Any,
) -> None:
    job = asked("writes", owner, at=at, room=str(tmp_path))
    with worker(var), ThreadPoolExecutor() as pool:
        reached(tmp_path)
        answer = pool.submit(in_a_thread, cancel, job)
        time.sleep(1)  # several beats of the worker
        (tmp_path / "go-on").touch()
        assert answer.result(10) == taken_back
        until(lambda: now(job).state == ends)
        owner.refresh_from_db()
        assert owner.last_name == written
        until(lambda: not lives(reached(tmp_path)))
    assert now(job).state == ends  # and stays so when its process has ended
    assert (job.words == "committed") == bool(written)
    assert job.attempts == 1


def in_a_thread(step: Callable[[Job], bool], job: Job) -> bool:
    try:
        return step(job)
    finally:
        connection.close()


@pytest.mark.parametrize(("at", "attempts"), [("before", 2), ("sealed", 2), ("after", 1)])
def test_process_killed_around_its_commit_writes_once(
    at: str, attempts: int, owner: User, var: Path, tmp_path: Path
) -> None:
    job = asked("writes", owner, at=at, room=str(tmp_path))
    with worker(var):
        os.kill(reached(tmp_path), signal.SIGKILL)
        until(lambda: now(job).state == State.DONE)
        other = asked("letter", UserFactory())
        until(lambda: now(other).state == State.DONE)  # the worker is through with it
    owner.refresh_from_db()
    assert (owner.last_name, now(job).state, job.attempts) == ("x", State.DONE, attempts)


def test_cancel_that_nobody_has_noticed_yet_stops_the_writing(owner: User, client_as: Any) -> None:
    client = client_as("office")
    job = asked("letter", client.user)
    running = begin(job.pk, job.task)
    assert running
    assert cancel(job)
    assert not seal(running, words="committed")
    assert now(job).state == State.RUNNING

    Job.objects.update(wanted_cancel=False)
    assert seal(running, words="committed")
    page = client.post(f"{job.get_absolute_url()}cancel/", follow=True).content.decode()
    assert "任务已经结束,没有取消" in page
    assert "committed" in page
