"""My files: what I asked for, how far it is, and the file. A job is there for its owner alone, whatever their role."""

from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from gridmgr.core.errors import Conflict
from gridmgr.core.jobs import queue, store
from gridmgr.core.jobs.models import Job, State
from gridmgr.core.jobs.words import said

# A job that has waited this long while nothing runs: nobody is there to run it.
UNHEARD = timedelta(seconds=20)


def _mine(request: HttpRequest, pk: UUID) -> Job:
    found: Job = get_object_or_404(Job.objects.of(request.user), pk=pk)
    return found


@require_safe
@never_cache
def jobs(request: HttpRequest) -> HttpResponse:
    """`/jobs/`: all that this reader asked for, the latest first."""
    found = [(each, _standing(each)) for each in Job.objects.of(request.user)[:200]]
    active = any(each.is_active for each, _told in found)
    return render(request, "jobs/list.html", {"found": found, "active": active})


@require_safe
@never_cache
def job(request: HttpRequest, pk: UUID) -> HttpResponse:
    """`/jobs/<id>/`: how far it is, then its file."""
    found = _mine(request, pk)
    return render(request, "jobs/job.html", {"job": found, "told": _standing(found)})


@require_safe
@never_cache
def job_state(request: HttpRequest, pk: UUID) -> HttpResponse:
    """`/jobs/<id>/state.json`: what the page shows of a job under way."""
    found = _mine(request, pk)
    return JsonResponse(
        {
            "state": found.state,
            "active": found.is_active,
            "label": found.get_state_display(),
            "done": found.done,
            "total": found.total,
            "words": _standing(found),
        },
        json_dumps_params={"ensure_ascii": False},
    )


@require_safe
def job_file(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """`/jobs/<id>/file`: the file, as long as it is kept."""
    found = _mine(request, pk)
    if not found.has_file:
        raise Http404(_("这个任务没有可以下载的文件(未完成,或已过期)。请重新生成。"))
    try:
        file = store.kept_file(found.pk).open("rb")
    except FileNotFoundError:
        raise Http404(_("文件已不在服务器上。请重新生成。")) from None
    response = FileResponse(
        file, as_attachment=True, filename=found.file_name, content_type=found.content_type
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


@require_POST
def job_cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = _mine(request, pk)
    if not queue.cancel(found):
        messages.info(request, _("任务已经结束,没有取消。"))
    return redirect(found)


@require_POST
def job_delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = _mine(request, pk)
    if not queue.discard(found):
        raise Conflict(_("“%s”还没有结束,不能删除。请先取消。") % found)
    messages.success(request, _("已删除“%s”。") % found)
    return redirect(reverse("jobs"))


def _standing(job: Job) -> str:
    """Words for where a job stands now: why it waits, what it does, what came of it."""
    if job.wanted_cancel and job.state == State.RUNNING:
        return _("正在取消…")
    if job.state == State.WAITING:
        return _waiting(job)
    if job.state == State.RUNNING and job.heartbeat and timezone.now() - job.heartbeat > UNHEARD:
        return _("处理程序没有回应。恢复后会自动重试一次。")
    words = {
        State.RUNNING: said(job.words) or _("正在准备…"),
        State.FAILED: said(job.trouble),
        State.CANCELLED: _("已按您的要求取消。没有生成文件,也没有改动数据。"),
        State.EXPIRED: _("文件保留期已过,已从服务器删除。请重新生成。"),
    }
    return words.get(State(job.state)) or said(job.words)


def _waiting(job: Job) -> str:
    now = timezone.now()
    running = Job.objects.filter(state=State.RUNNING, heartbeat__gte=now - UNHEARD).exists()
    if not running and now - job.created > UNHEARD:
        return _("还没有开始:后台程序可能没有运行,请联系管理员(script/manage run_jobs)。任务会保留在队列里。")
    if job.attempts:
        return _("上次处理意外中断,正在等待重试。")
    ahead = Job.objects.filter(state=State.WAITING, created__lt=job.created).count() + running
    return _("前面还有 %s 个任务。") % ahead if ahead else _("马上开始…")
