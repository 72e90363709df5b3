"""Inside a job's own process: do the work, say how far it is, and say in words what went wrong."""

import ctypes
import logging
import os
import resource
import signal
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from threading import Event
from typing import Any

import pghistory
from django.conf import settings
from django.db import InterfaceError, OperationalError, connections
from django.utils.translation import gettext_noop as _

from gridmgr.core.disk import has_no_room, is_full
from gridmgr.core.errors import DomainError, NoRoom
from gridmgr.core.jobs import queue, store
from gridmgr.core.jobs.models import Job, State
from gridmgr.core.jobs.words import Kept, fitted, keep
from gridmgr.core.jobs.work import Cancelled, Product, Work

logger = logging.getLogger("gridmgr.jobs")

PR_SET_PDEATHSIG = 1
# Set in a job's process when its owner takes the job back, or the worker is asked to stop.
taken_back = Event()


@dataclass(frozen=True)
class Outcome:
    """What came of a job: the state it ends in ('' when it should be tried again), and the fields that go with it."""

    state: str = ""
    fields: dict[str, Any] = field(default_factory=dict)


def do(job: Job, pipe: Connection, worker: int) -> None:
    """The process's whole life: ends with an Outcome in the pipe, unless it is killed. `worker` is its parent."""
    _settle_in(worker)
    try:
        outcome = _made(job, pipe)
    except Cancelled:
        return
    except (OperationalError, InterfaceError):
        logger.exception("job %s (%s): the database went away", job.pk, job.kind)
        words = _("数据库两次中断,没有完成。请稍后再试;若再次出现,请联系管理员。")
        outcome = Outcome(fields={"trouble": keep(words)})
    except Exception as error:  # noqa: BLE001  (whatever it is, its owner gets words)
        outcome = Outcome(State.FAILED, {"trouble": _in_words(job, error)})
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # too late to be taken back
    pipe.send(outcome)
    connections.close_all()


def _settle_in(worker: int) -> None:
    """A group of its own that dies with the worker, within its memory, and takes SIGTERM for a cancel."""
    signal.signal(signal.SIGTERM, _take_back)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the worker's affair
    os.setpgrp()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != worker:
        os._exit(1)  # the worker died before the leash was on
    most = settings.GRIDMGR_JOB_MEMORY_MB << 20
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _take_back(_signal: int, _frame: Any) -> None:
    taken_back.set()
    raise Cancelled


def _go_on() -> None:
    """Raises Cancelled again after somebody on the way out has caught it: WeasyPrint does while it draws an SVG."""
    if taken_back.is_set():
        raise Cancelled


def _made(job: Job, pipe: Connection) -> Outcome:
    def tell(done: int, total: int, words: str) -> None:
        _go_on()
        pipe.send({"done": done, "total": total, "words": fitted(words)})

    def seal(product: Product) -> None:
        if not queue.seal(job, **_kept(job, product)):
            raise Cancelled

    work = Work(job.args, job.owner, store.scratch(job.pk, job.task), tell, seal)
    by = {"user": job.owner_id, "username": job.owner.get_username(), "url": job.get_absolute_url()}
    with pghistory.context(**by):  # what the job changes, its owner has changed
        product = queue.maker_of(job.kind)(work)
        _go_on()
        return Outcome(State.DONE, _kept(job, product))


def _kept(job: Job, product: Product) -> dict[str, Any]:
    fields: dict[str, Any] = {"words": fitted(product.words), "result": product.result}
    if product.path is not None:
        size = store.keep(job.pk, product.path)
        fields |= {"file_name": product.name[:255], "content_type": product.content_type, "size": size}
    return fields


def _in_words(job: Job, error: Exception) -> Kept:
    """What the owner reads; what a programmer needs goes to the log."""
    if isinstance(error, DomainError) and not isinstance(error, NoRoom):
        return str(fitted(str(error)))
    logger.error("job %s (%s) failed", job.pk, job.kind, exc_info=error)
    if is_full(error) or has_no_room(settings.VAR_DIR):
        return keep(
            _("服务器磁盘已满,没有完成。请删除“我的文件”里不再需要的文件,或请管理员腾出空间,然后再试。")
        )
    if isinstance(error, MemoryError):
        words = _("内存不够(每个任务最多 %s MB),没有完成。请缩小范围后再试。")
        return keep(words, settings.GRIDMGR_JOB_MEMORY_MB)
    words = _("程序出错,没有完成;原因已记入日志。请再试一次;若再次出现,请把编号 %s 告诉管理员。")
    return keep(words, str(job.pk)[:8])
