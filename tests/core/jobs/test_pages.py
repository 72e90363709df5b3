"""My files: the pages, and that they are mine alone."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from gridmgr.core.jobs import store
from gridmgr.core.jobs.models import Job, State
from gridmgr.core.jobs.queue import beat, begin, enqueue
from tests.conftest import ROLES
from tests.core.jobs.test_queue import asked, done

pytestmark = pytest.mark.django_db(transaction=True)


def test_owner_downloads_the_file_and_nobody_else(client_as: Any, var: Path) -> None:
    client = client_as("office")
    job = done("letter", client.user, text="<script>")
    answer = client.get(f"{job.get_absolute_url()}file")
    assert b"".join(answer.streaming_content) == b"<script>"
    headers = (
        "Content-Type",
        "Content-Disposition",
        "X-Content-Type-Options",
        "Cache-Control",
        "Content-Length",
    )
    assert [answer[name] for name in headers] == [
        "text/plain",
        "attachment; filename*=utf-8''%E4%BF%A1%20%E7%AE%80%E6%8A%A5.txt",
        "nosniff",
        "private, no-store",
        "8",
    ]
    pages = ["", "state.json", "file", "cancel/", "delete/"]
    for role in ROLES:
        other = client_as(role)
        for page in pages:
            ask = other.post if page.endswith("/") and page else other.get
            assert ask(f"{job.get_absolute_url()}{page}").status_code == 404, (role, page)
        assert "一封信" not in other.get("/jobs/").content.decode()
    for page in pages:
        assert Client().get(f"{job.get_absolute_url()}{page}")["Location"].startswith("/login/"), page
    job.refresh_from_db()
    assert (job.state, store.kept_file(job.pk).exists()) == (State.DONE, True)


def test_page_of_a_job_from_waiting_to_deleted(client_as: Any, var: Path) -> None:
    client = client_as("planner")
    assert "还没有文件" in client.get("/jobs/").content.decode()
    job = enqueue("letter", owner=client.user, title="一封信", args={}, origin="/briefing/?branches=03")
    assert client.get(f"{job.get_absolute_url()}state.json").json() == {
        "state": "waiting", "active": True, "label": "排队中", "done": 0, "total": 0, "words": "马上开始…",
    }  # fmt: skip
    behind = asked("letter", client.user, text="2")
    assert "前面还有 1 个任务" in client.get(behind.get_absolute_url()).content.decode()

    started = begin(job.pk, job.task)
    assert started is not None
    beat(started, done=3, total=18, words="03 支部")
    page = client.get(job.get_absolute_url()).content.decode()
    assert '<meta http-equiv="refresh" content="3">' in page
    assert 'value="3" max="18"' in page
    refused = client.post(f"{job.get_absolute_url()}delete/")
    assert (refused.status_code, "请先取消" in refused.content.decode()) == (409, True)

    Job.objects.filter(pk=job.pk).update(heartbeat=timezone.now() - timedelta(minutes=1))
    assert "没有回应" in client.get(f"{job.get_absolute_url()}state.json").json()["words"]

    assert client.post(f"{job.get_absolute_url()}cancel/")["Location"] == job.get_absolute_url()
    assert client.get(f"{job.get_absolute_url()}state.json").json()["words"] == "正在取消…"
    assert beat(started) is True  # what the worker obeys

    Job.objects.filter(pk=job.pk).update(state=State.WAITING, wanted_cancel=False)
    client.post(f"{job.get_absolute_url()}cancel/")
    page = client.get(job.get_absolute_url()).content.decode()
    assert "已按您的要求取消" in page
    assert 'href="/briefing/?branches=03"' in page
    assert "refresh" not in page
    assert client.post(f"{job.get_absolute_url()}delete/")["Location"] == "/jobs/"
    assert not Job.objects.filter(pk=job.pk).exists()


def test_waiting_without_a_worker_says_so(client_as: Any, at: Any) -> None:
    client = client_as("office")
    at("2026-11-22 08:00")
    job = asked("letter", client.user)
    at("2026-11-22 08:01")
    assert "后台程序可能没有运行" in client.get(job.get_absolute_url()).content.decode()
