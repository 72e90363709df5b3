"""What is kept of a job's words: read in the language of whoever looks, old texts as they were."""

import json
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.utils import translation

from gridmgr.briefing.jobs import ask_for
from gridmgr.core.jobs.models import Job, State
from gridmgr.core.jobs.queue import begin, enqueue, finish
from gridmgr.core.jobs.words import fitted, keep, said
from tests import earlier
from tests.conftest import Town
from tests.core.jobs.test_queue import done


def test_kept_words_are_plain_json_and_read_in_either_language() -> None:
    kept = json.loads(json.dumps(keep("%s %s %s", keep("%s 个支部简报", 3), date(2026, 11, 20), "100% %s")))
    assert said(kept) == "3 个支部简报 2026年11月20日 100% %s"
    with translation.override("en"):
        assert said(kept) == "Briefing: 3 branches 20 Nov 2026 100% %s"
    assert said("写入 100%s") == "写入 100%s"
    assert said(fitted(keep("写入 %s", "a\0b" + "c" * 600))) == "写入 ab" + "c" * 498


@pytest.mark.django_db(transaction=True)
def test_pages_word_titles_results_and_failures_for_the_reader(
    client_as: Any, town: Town, settings: Any
) -> None:
    settings.GRIDMGR_JOB_MINUTES = 0.01
    client = client_as("office")
    late = done("slow", client.user)
    briefing = ask_for(["01"], "pdf", on=date(2026, 11, 20), owner=client.user, site="", origin="")
    old = enqueue("letter", owner=client.user, title="写入 旧.csv", args={"old": True})
    written = enqueue("letter", owner=client.user, title=keep("写入 %s", "泊位.csv"), args={})
    running = begin(written.pk, written.task)
    assert running
    finish(running, State.DONE, words=keep("已写入。"))

    def seen() -> list[str]:
        pages = ["/jobs/", *(job.get_absolute_url() for job in (late, briefing, written))]
        return [client.get(page).content.decode() for page in pages]

    listed, failed, waiting, wrote = seen()
    assert all(words in listed for words in ("写入 泊位.csv", "写入 旧.csv"))
    assert "超过 0.01 分钟仍未完成" in failed
    assert f"{town.own.branch}简报 2026年11月20日 PDF" in waiting
    assert "已写入。" in wrote
    client.cookies["django_language"] = "en"
    listed, failed, waiting, wrote = seen()
    assert all(words in listed for words in ("Write 泊位.csv", "写入 旧.csv"))
    assert old.title == "写入 旧.csv"
    assert "超过" not in failed
    assert "0.01" in failed
    assert f"Briefing: {town.own.branch} 20 Nov 2026 PDF" in waiting
    assert "Written." in wrote


@pytest.mark.django_db(transaction=True)
def test_migration_carries_old_texts_over_and_back(owner: Any) -> None:
    job = enqueue("letter", owner=owner, title='写入 "旧".csv', args={})
    Job.objects.update(trouble="没有编号为 99 的支部。\n第二行")

    def texts() -> tuple[str, ...]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT title::text, words::text, trouble::text FROM jobs_job")
            (row,) = cursor.fetchall()
        return tuple(row)

    try:
        earlier.migrate(("jobs", "0001_initial"))
        assert texts() == ('写入 "旧".csv', "", "没有编号为 99 的支部。\n第二行")
    finally:
        earlier.migrate(("jobs", "0003_task_moved"))
    job.refresh_from_db()
    assert (str(job), job.words, said(job.trouble)) == ('写入 "旧".csv', "", "没有编号为 99 的支部。\n第二行")
