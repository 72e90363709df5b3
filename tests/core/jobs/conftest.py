from pathlib import Path
from typing import Any

import pytest

from gridmgr.core.accounts.models import User
from tests.core.jobs.settings import GRIDMGR_JOBS
from tests.factories import UserFactory


@pytest.fixture(autouse=True)
def var(settings: Any, tmp_path: Path) -> Path:
    """Files of jobs in a folder of the test's own; jobs made for tests."""
    settings.VAR_DIR = tmp_path
    settings.GRIDMGR_JOBS = GRIDMGR_JOBS
    return tmp_path


@pytest.fixture
def owner(db: None) -> User:
    person: User = UserFactory(username="office", role="office")
    return person
