"""Databases beside the tests' own, made by the plain role with the extensions that its template brings."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import connection

from gridmgr.backup.programs import environment, program

ROOT = Path(settings.BASE_DIR)


def url_of(database: str) -> str:
    about = connection.settings_dict
    query = f"host={quote(about['HOST'], safe='')}&port={about['PORT'] or 5432}&user={about['USER']}"
    return f"postgresql:///{database}?{query}"


def psql(database: str, *commands: str, script: str | None = None) -> str:
    answer = subprocess.run(
        [
            *(program("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1"),
            *(f"-c{command}" for command in commands),
            *(["-f-"] if script is not None else []),
        ],
        env=environment() | {"PGDATABASE": database},
        input=script,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.strip()


@contextmanager
def new_database(like: str = "template1") -> Iterator[str]:
    """An empty database, or a copy of `like`, to which nobody may be connected."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    psql("postgres", f"CREATE DATABASE {name} TEMPLATE {like}")
    try:
        yield name
    finally:
        # Without force, which would try to end autovacuum too, and may not.
        psql("postgres", f"DROP DATABASE {name}")


def python(database: str, var: Path, *arguments: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Python with `arguments`, in a process of its own whose city is `database` with `var`."""
    var.mkdir(exist_ok=True)
    outside = {key: value for key, value in os.environ.items() if not key.startswith("GRIDMGR_")}
    given = {"DATABASE_URL": url_of(database), "GRIDMGR_VAR": str(var), "GRIDMGR_SECRET_KEY": "k" * 50}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=outside | given | more,
        capture_output=True,
        text=True,
        check=False,
    )
