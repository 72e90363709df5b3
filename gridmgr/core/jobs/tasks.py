"""The one task that the queue knows: run a job."""

from uuid import UUID

from django_tasks import TaskContext, task

from gridmgr.core.jobs.supervise import run


@task(takes_context=True)
def run_job(context: TaskContext, job: str) -> None:
    """Runs a job for this row of the queue; nothing happens when the job is another row's by now."""
    run(UUID(job), UUID(str(context.task_result.id)))
