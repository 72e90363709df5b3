"""Settings of a worker that a test starts: the same service, with jobs made for tests."""

from gridmgr import settings as usual
from gridmgr.settings import *  # noqa: F403

KINDS = (
    "letter", "slow", "deaf", "refused", "broken", "disk_full", "hungry", "dies_once", "dies_always", "counts_runs",
    "long_transaction", "loses_database", "writes", "typesets", "swallows",
)  # fmt: skip
GRIDMGR_JOBS = {**usual.GRIDMGR_JOBS, **{kind: f"tests.core.jobs.makers.{kind}" for kind in KINDS}}
