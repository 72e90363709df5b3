"""Asking for a job, and each step of its life. Every step is one statement or transaction that only one can win."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from gridmgr.core.accounts.models import User
from gridmgr.core.errors import DomainError, Invalid
from gridmgr.core.jobs import store
from gridmgr.core.jobs.models import ACTIVE, Job, JobQuerySet, State
from gridmgr.core.jobs.words import Kept, fitted
from gridmgr.core.jobs.work import Product, Work

# How often a job is tried whose process or worker died under it.
ATTEMPTS = 2


class Busy(DomainError):
    """This person has as many jobs under way as one may."""

    status = 429


def maker_of(kind: str) -> Callable[[Work], Product]:
    """The function that does jobs of this kind; raises Invalid for a kind that the settings do not name."""
    try:
        made: Callable[[Work], Product] = import_string(settings.GRIDMGR_JOBS[kind])
    except KeyError:
        raise Invalid(_("没有“%s”这种任务。") % kind[:40]) from None
    return made


def enqueue(kind: str, *, owner: User, title: Kept, args: dict[str, Any], origin: str = "") -> Job:
    """Asks for a job. The same request that is waiting or running already is not made twice: its job comes back.

    `args` go through JSON; a `title` of kept words reads in each reader's language. `origin` is the page it was asked
    for on, to go back to. Raises Busy when `owner` has settings.GRIDMGR_JOBS_EACH under way, Invalid for an unknown kind.
    """
    if kind not in settings.GRIDMGR_JOBS:
        raise Invalid(_("没有“%s”这种任务。") % kind[:40])
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=owner.pk)  # one request of a person at a time
        active = Job.objects.of(owner).active()
        if same := active.filter(kind=kind, args=args, wanted_cancel=False).first():
            found: Job = same
            return found
        if active.count() >= settings.GRIDMGR_JOBS_EACH:
            raise Busy(
                _(
                    "您已有 %(count)s 个任务在排队或进行,每人同时最多 %(limit)s 个。请等其中一个完成,或在“我的文件”里取消一个。"
                )
                % {"count": active.count(), "limit": settings.GRIDMGR_JOBS_EACH}
            )
        job = Job.objects.create(
            kind=kind, owner=owner, title=fitted(title), args=args, origin=origin[:1000],
            language=get_language() or settings.LANGUAGE_CODE,
        )  # fmt: skip
        put_on(job)
        return job


def put_on(job: Job) -> None:
    """Gives a waiting job a new row in the queue; whatever row it had before can't run it any more."""
    from gridmgr.core.jobs.tasks import run_job  # which imports this module

    with transaction.atomic():
        job.task = UUID(str(run_job.enqueue(str(job.pk)).id))
        Job.objects.filter(pk=job.pk, state=State.WAITING).update(task=job.task)


def cancel(job: Job) -> bool:
    """Takes a job back: at once when it waits, within a second or two when it runs; False when it has ended.

    A job that is just committing what it wrote is waited for.
    """
    waiting = Job.objects.filter(pk=job.pk, state=State.WAITING)
    if waiting.update(state=State.CANCELLED, wanted_cancel=True, **_ended()):
        return True
    return bool(Job.objects.filter(pk=job.pk, state=State.RUNNING).update(wanted_cancel=True))


def begin(job: UUID, task: UUID) -> Job | None:
    """Starts the job for the queue's row `task`; None when it isn't this row's to run (any more)."""
    now = timezone.now()
    mine = Job.objects.filter(pk=job, task=task, state=State.WAITING)
    if not mine.update(
        state=State.RUNNING, started=now, heartbeat=now, attempts=F("attempts") + 1, done=0, total=0, words=""
    ):
        return None
    found: Job = Job.objects.select_related("owner").get(pk=job)
    return found


def beat(job: Job, **progress: Any) -> bool | None:
    """Notes that the job lives, and how far it is. True when its owner took it back, None when it is ours no longer."""
    if _running(job).update(heartbeat=timezone.now(), **progress):
        return bool(_running(job).values_list("wanted_cancel", flat=True).first())
    sealed = Job.objects.filter(pk=job.pk, task=job.task, state=State.DONE)
    return False if sealed.exists() else None  # what was sealed has only to come to its end


def seal(job: Job, **result: Any) -> bool:
    """Ends a running job inside the transaction that does its work; False when it was taken back or is ours no longer."""
    mine = _running(job).filter(wanted_cancel=False)
    return bool(mine.update(state=State.DONE, **_ended(), **result))


def finish(job: Job, state: State, **result: Any) -> bool:
    """Ends a running job with what came of it; False when it is ours no longer."""
    return bool(_running(job).update(state=state, **_ended(), **result))


def _running(job: Job) -> JobQuerySet:
    """The job as long as it runs for the same row of the queue."""
    found: JobQuerySet = Job.objects.filter(pk=job.pk, task=job.task, state=State.RUNNING)
    return found


def _ended() -> dict[str, Any]:
    now = timezone.now()
    return {"finished": now, "expires": now + timedelta(days=settings.GRIDMGR_JOB_DAYS)}


def lost(job: Job, why: Kept, *, blame: bool = True) -> None:
    """The job's process or worker ended under it: it is tried again, or fails with the words `why` after ATTEMPTS.

    Without `blame` the attempt doesn't count: the worker was asked to stop.
    """
    with transaction.atomic():
        found = _running(job).select_for_update(skip_locked=True).first()
        if found is None:
            return
        if found.wanted_cancel:
            finish(found, State.CANCELLED)
        elif blame and found.attempts >= ATTEMPTS:
            finish(found, State.FAILED, trouble=why)
        else:
            found.state, found.heartbeat, found.words = State.WAITING, None, ""
            found.attempts -= 0 if blame else 1
            found.save(update_fields=["state", "heartbeat", "words", "attempts"])
            put_on(found)


def discard(job: Job) -> bool:
    """Removes a job that has ended, and its file; False while it is under way."""
    gone, _rows = Job.objects.filter(pk=job.pk).exclude(state__in=ACTIVE).delete()
    if gone:
        store.remove(job.pk)
    return bool(gone)
