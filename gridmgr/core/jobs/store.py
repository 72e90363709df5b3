"""Where jobs keep their files: `var/jobs/<id>/`, open to the service's own account alone."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from django.conf import settings

KEPT = "file"
ALIVE = "alive"  # touched by every worker again and again


def root() -> Path:
    return Path(settings.VAR_DIR) / "jobs"


def folder_of(job: UUID) -> Path:
    return root() / str(job)


def kept_file(job: UUID) -> Path:
    """Where a finished job's file lies; whole or not there."""
    return folder_of(job) / KEPT


def scratch(job: UUID, task: UUID) -> Path:
    """An empty folder for one attempt at a job; what an earlier attempt left is gone."""
    root().mkdir(mode=0o700, parents=True, exist_ok=True)
    remove(job)
    folder = folder_of(job) / str(task)
    folder.parent.mkdir(mode=0o700, exist_ok=True)
    folder.mkdir(mode=0o700)
    return folder


def keep(job: UUID, made: Path) -> int:
    """Takes over the file that a job made; under its own name it is whole. Gives its size in bytes."""
    part = made.parent / f".{KEPT}.part"
    shutil.move(made, part)
    part.chmod(0o600)
    with part.open("rb") as file:
        os.fsync(file.fileno())
        size = os.fstat(file.fileno()).st_size
    part.replace(kept_file(job))
    return size


def remove(job: UUID) -> None:
    """Removes all that a job has on disk, if anything."""
    shutil.rmtree(folder_of(job), ignore_errors=True)


def remove_scratch(job: UUID, task: UUID) -> None:
    shutil.rmtree(folder_of(job) / str(task), ignore_errors=True)


def kept_files() -> Iterator[Path]:
    """The files of the finished jobs that the database knows; for backups."""
    from gridmgr.core.jobs.models import Job, State

    done = Job.objects.filter(state=State.DONE).exclude(file_name="").order_by("pk")
    yield from (kept_file(pk) for pk in done.values_list("pk", flat=True))


def held() -> Iterator[UUID]:
    """The jobs that have a folder."""
    if not root().is_dir():
        return
    for each in root().iterdir():
        try:
            yield UUID(each.name)
        except ValueError:
            continue  # somebody else's


def live() -> None:
    """A worker says that it is there."""
    with suppress(OSError):  # a full disk is said elsewhere
        root().mkdir(mode=0o700, parents=True, exist_ok=True)
        (root() / ALIVE).touch(mode=0o600)


def silent_s() -> float:
    """Seconds since a worker last said that it is there; infinite when none ever did."""
    try:
        return max(0.0, time.time() - (root() / ALIVE).stat().st_mtime)
    except OSError:
        return float("inf")
