"""Inside a job's own process: do the work, say how far it is, and say in words what went wrong."""

import ctypes
import errno
import logging
import os
import resource
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

import pghistory
from django.conf import settings
from django.db import InterfaceError, OperationalError, connections
from django.utils.translation import gettext as _

from gridmgr.errors import DomainError
from gridmgr.jobs import store
from gridmgr.jobs.models import Job, State
from gridmgr.jobs.queue import maker_of
from gridmgr.jobs.work import Cancelled, Product, Work

logger = logging.getLogger("gridmgr.jobs")

PR_SET_PDEATHSIG = 1
# With less room than this on the disk a strange failure is the disk's.
LEAST_FREE = 1 << 20


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
        outcome = Outcome(
            fields={"trouble": _("数据库两次中断,没有完成。请稍后再试;若再次出现,请联系管理员。")}
        )
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
    raise Cancelled


def _made(job: Job, pipe: Connection) -> Outcome:
    def tell(done: int, total: int, words: str) -> None:
        pipe.send({"done": done, "total": total, "words": _line(words)})

    work = Work(args=job.args, owner=job.owner, folder=store.scratch(job.pk, job.task), tell=tell)
    by = {"user": job.owner_id, "username": job.owner.get_username(), "url": job.get_absolute_url()}
    with pghistory.context(**by):  # what the job changes, its owner has changed
        return Outcome(State.DONE, _kept(job, maker_of(job.kind)(work)))


def _line(words: str) -> str:
    """As much as the job's row holds, without what PostgreSQL refuses."""
    return words.replace("\0", "")[:500]


def _kept(job: Job, product: Product) -> dict[str, Any]:
    fields: dict[str, Any] = {"words": _line(product.words), "result": product.result}
    if product.path is not None:
        size = store.keep(job.pk, product.path)
        fields |= {"file_name": product.name[:255], "content_type": product.content_type, "size": size}
    return fields


def _in_words(job: Job, error: Exception) -> str:
    """What the owner reads; what a programmer needs goes to the log."""
    if isinstance(error, DomainError):
        return _line(str(error))
    logger.error("job %s (%s) failed", job.pk, job.kind, exc_info=error)
    if _disk_is_full(error):
        return _("服务器磁盘已满,没有完成。请删除“我的文件”里不再需要的文件,或请管理员腾出空间,然后再试。")
    if isinstance(error, MemoryError):
        return _("内存不够(每个任务最多 %s MB),没有完成。请缩小范围后再试。") % (
            settings.GRIDMGR_JOB_MEMORY_MB
        )
    return (
        _("程序出错,没有完成;原因已记入日志。请再试一次;若再次出现,请把编号 %s 告诉管理员。")
        % (str(job.pk)[:8])
    )


def _disk_is_full(error: BaseException) -> bool:
    full = any(
        isinstance(each, OSError) and each.errno in (errno.ENOSPC, errno.EDQUOT) for each in _chain(error)
    )
    return full or shutil.disk_usage(settings.VAR_DIR).free < LEAST_FREE


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
