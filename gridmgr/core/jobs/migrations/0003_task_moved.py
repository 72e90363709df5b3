"""Jobs that wait from before `gridmgr.jobs` became `gridmgr.core.jobs`: their rows in the queue name the task anew."""

from typing import Any

from django.db import migrations

OLD, NEW = "gridmgr.jobs.tasks.run_job", "gridmgr.core.jobs.tasks.run_job"


def rename_task(apps: Any, _schema: Any) -> None:
    apps.get_model("django_tasks_database", "DBTaskResult").objects.filter(task_path=OLD).update(
        task_path=NEW
    )


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0002_words_in_any_language"),
        ("django_tasks_database", "0021_conditional_partial_index_ordering"),
    ]
    operations = [migrations.RunPython(rename_task, migrations.RunPython.noop)]
