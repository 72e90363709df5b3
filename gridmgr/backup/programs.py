"""PostgreSQL's own programs, with the settings' database as theirs."""

import os
import re
import shutil
from pathlib import Path

from django.conf import settings


def program(name: str) -> str:
    """The newest `name` on this machine: an older one refuses a newer server."""
    folders = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    newest = max(folders, key=lambda path: float(path.parts[-3]), default=None)
    if path := str(newest) if newest else shutil.which(name):
        return path
    raise FileNotFoundError(
        f"没有 {name},请安装 postgresql-client / {name} is missing: install postgresql-client"
    )


def environment() -> dict[str, str]:
    """The environment in which they find the database, without what may point them to another."""
    database = settings.DATABASES["default"]
    given = {
        "PGDATABASE": database["NAME"],
        "PGUSER": database["USER"],
        "PGPASSWORD": database["PASSWORD"],
        "PGHOST": database["HOST"],
        "PGPORT": database["PORT"],
        **{f"PG{key.upper()}": value for key, value in database["OPTIONS"].items() if key.startswith("ssl")},
    }
    outside = {key: value for key, value in os.environ.items() if not re.fullmatch("PG[A-Z]+", key)}
    return outside | {key: str(value) for key, value in given.items() if value} | {"LC_ALL": "C.UTF-8"}
