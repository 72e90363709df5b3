"""A real worker, in a process of its own, on the database of the tests."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parents[3]


def database_url() -> str:
    """The address of the database that the tests are on."""
    found = connection.settings_dict
    parts = {
        "host": found["HOST"],
        "port": found["PORT"],
        "user": found["USER"],
        "password": found["PASSWORD"],
    }
    query = urlencode({key: value for key, value in parts.items() if value})
    return f"postgresql:///{quote(found['NAME'], safe='')}?{query}"


@contextmanager
def worker(var: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """`manage.py run_jobs`, ended at the latest with the block."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "run_jobs", *arguments],
        cwd=ROOT,
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "tests.core.jobs.settings",
            "DATABASE_URL": database_url(),
            "GRIDMGR_VAR": str(var),
            "GRIDMGR_SECRET_KEY": settings.SECRET_KEY,
            "GRIDMGR_SRID": str(settings.GRIDMGR_SRID),
        },
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def until(holds: Callable[[], object], *, seconds: float = 20.0) -> float:
    """Waits until it holds; how long that took, in seconds. Fails after `seconds`."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, "it never came about"
        time.sleep(0.02)
    return time.monotonic() - began
