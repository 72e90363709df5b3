"""nginx, gunicorn and the tests' database as one stack; every address is on loopback."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.test import Client

from script.benchmarks import stack as stacks
from script.benchmarks.stack import Stack
from tests.core.jobs.worker import database_url


@pytest.fixture(scope="session")
def running(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole stack on the tests' database, started once."""
    folder = tmp_path_factory.mktemp("stack")
    own = {
        "DATABASE_URL": database_url(),
        "GRIDMGR_VAR": str(folder),
        "GRIDMGR_SECRET_KEY": settings.SECRET_KEY,
        "GRIDMGR_SRID": str(settings.GRIDMGR_SRID),
    }
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"]
    subprocess.run(command, cwd=stacks.ROOT, env=os.environ | own, check=True)
    with stacks.running(folder, own) as stack:
        yield stack


@pytest.fixture
def stack(running: Stack, transactional_db: None) -> Stack:
    """The running stack; what a test writes it commits."""
    return running


@pytest.fixture
def cookie_of() -> Callable[[Client], str]:
    """The Cookie header of a test client that is logged in."""
    return lambda client: "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
