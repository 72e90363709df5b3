"""Running one job in a process of its own, watched by the worker, which writes the job's row.

The process tells over a pipe how far it is and what came of it; so its progress shows while its transaction is open,
its end is seen however it comes, and a limit on its memory or a cancel does not touch the worker. Only a job that
writes to the database ends itself there (`Work.seal`), together with what it wrote.
"""

import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pickle import UnpicklingError
from threading import Event
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, connections
from django.utils import translation
from django.utils.translation import gettext_noop as _

from gridmgr.core.jobs import queue, store
from gridmgr.core.jobs.models import Job, State
from gridmgr.core.jobs.process import Outcome, do
from gridmgr.core.jobs.words import keep

logger = logging.getLogger("gridmgr.jobs")
T = TypeVar("T")

BEAT_S = 0.35
# From being asked to stop until being killed.
GRACE_S = 1.2
# How long the end of a job waits for a database that is away.
PATIENCE_S = 120.0
# Words for a process that ended without saying why.
DIED = keep(
    _(
        "处理过程两次意外中断,没有完成。请稍后再试,或缩小范围;若再次出现,请联系管理员查看日志(常见原因是内存不足)。"
    )
)
# Set when the worker is asked to stop: the job under way goes back to the queue.
stopping = Event()


def run(job_id: UUID, task: UUID) -> None:
    """Runs the job for this row of the queue, from begin to end; words and files are the owner's language."""
    job = queue.begin(job_id, task)
    if job is None:
        return
    began = time.monotonic()
    with translation.override(job.language):
        state = _Watch(job).end()
    logger.info("job %s (%s) %s in %.1f s", job.pk, job.kind, state, time.monotonic() - began)
    store.remove_scratch(job.pk, task)


class _Watch:
    """One process doing one job, from start to end."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.progress: dict[str, Any] = {}
        self.outcome: Outcome | None = None
        self.deadline = time.monotonic() + settings.GRIDMGR_JOB_MINUTES * 60
        connections.close_all()  # a connection must not be shared with the process
        context = multiprocessing.get_context("fork")
        self.pipe, theirs = context.Pipe(duplex=False)
        self.process = context.Process(target=do, args=(job, theirs, os.getpid()))
        self.process.start()
        theirs.close()

    def end(self) -> str:
        """Watches until the process has ended, and writes down what came of it."""
        try:
            why = self._watch()
        finally:
            self._stop()
            self._hear_out()
        return str(_patiently(lambda: self._conclude(why)))

    def _watch(self) -> str:
        """Until the process ends or must: 'ended', 'cancelled', 'stopping', 'overtime' or 'taken'."""
        while self._listen():
            if stopping.is_set():
                return "stopping"
            if time.monotonic() > self.deadline:
                return "overtime"
            wanted = self._beat()
            if wanted is None:
                return "taken"
            if wanted:
                return "cancelled"
        return "ended"

    def _listen(self) -> bool:
        """Takes what the process says for BEAT_S; False when it has said its last."""
        until = time.monotonic() + BEAT_S
        while (left := until - time.monotonic()) > 0:
            if not self.pipe.poll(left):
                return self.process.is_alive()
            try:
                said = self.pipe.recv()
            except EOFError:
                return False
            if isinstance(said, Outcome):
                self.outcome = said
                return False
            self.progress = said
        return True

    def _beat(self) -> bool | None:
        store.live()
        try:
            wanted = queue.beat(self.job, **self.progress)
        except (OperationalError, InterfaceError):
            connection.close()  # the next beat tries a new one
            return False
        self.progress = {}
        return wanted

    def _stop(self) -> None:
        """Ends the process and what it started: first with a word, then without."""
        pid = self.process.pid or 0
        if self.outcome is None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        self.process.join(GRACE_S if self.outcome is None else 2 * GRACE_S)
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        self.process.kill()
        self.process.join()

    def _hear_out(self) -> None:
        """What the process said after nobody listened any more: it may have been done just then."""
        with suppress(EOFError, OSError, UnpicklingError):
            while self.outcome is None and self.pipe.poll():
                said = self.pipe.recv()
                self.outcome = said if isinstance(said, Outcome) else None
        self.pipe.close()

    def _conclude(self, why: str) -> str:
        """Writes down what came of the job; gives the word for it."""
        outcome = self.outcome
        if why == "taken":
            return why
        if outcome and outcome.state and (why == "ended" or outcome.state == State.DONE):
            queue.finish(self.job, State(outcome.state), **outcome.fields)
            return outcome.state
        if why == "cancelled":
            store.remove(self.job.pk)
            queue.finish(self.job, State.CANCELLED)
            return why
        if why == "overtime":
            words = _("超过 %s 分钟仍未完成,已停止。请缩小范围后再试。")
            queue.finish(self.job, State.FAILED, trouble=keep(words, settings.GRIDMGR_JOB_MINUTES))
            return why
        if why == "ended" and outcome is None:
            logger.error("job %s: its process ended with exit code %s", self.job.pk, self.process.exitcode)
        queue.lost(self.job, outcome.fields["trouble"] if outcome else DIED, blame=why == "ended")
        return "lost"


def _patiently(step: Callable[[], T]) -> T:
    """Does `step`, again and again while the database is away; raises what it raised after PATIENCE_S."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            return step()
        except (OperationalError, InterfaceError):
            if time.monotonic() > until or stopping.is_set():
                raise
            connection.close()
            time.sleep(1)
