"""What the one who does a job gets, and what they give back."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gridmgr.core.accounts.audience import Audience, audience_of
from gridmgr.core.accounts.models import User
from gridmgr.core.jobs.words import Kept

# Reports that follow each other faster than this say nothing that a person could read.
REPORT_EVERY_S = 0.05


class Cancelled(BaseException):
    """The owner took the job back. No `Exception`, so that nobody catches it by accident on the way out."""


@dataclass(frozen=True)
class Product:
    """What came of a job: a file made in `Work.folder`, under the `name` it is handed out with, and words about it.

    A job without a file says where to look instead: `result`, an address within the site. `words` are either finished
    or kept (gridmgr.core.jobs.words), to be read in any language.
    """

    path: Path | None = None
    name: str = ""
    content_type: str = "application/octet-stream"
    words: Kept = ""
    result: str = ""


def _nobody_listens(done: int, total: int, words: str) -> None:
    pass


def _nobody_waits(product: Product) -> None:
    pass


@dataclass
class Work:
    """One job under way: `args` as they were asked for, `owner` who asked, `folder` to write in (removed afterwards).

    What `report` raises, Cancelled, must pass; it may also come at any other moment of the work. Work whose process
    died is done once more from the start: what it writes to the database, it writes in one transaction, and calls
    `seal` with its product (one without a file) as the last thing in it. Then the job is done when the transaction is
    committed, and not before: a cancel finds it either running, or done. `seal` raises Cancelled when it came too late.
    """

    args: dict[str, Any]
    owner: User
    folder: Path
    tell: Callable[[int, int, str], None] = _nobody_listens
    seal: Callable[[Product], None] = _nobody_waits
    _told: float = field(default=0.0, init=False)

    @property
    def audience(self) -> Audience:
        """What the owner may see now, not when they asked."""
        return audience_of(self.owner)

    def report(self, done: int, total: int, words: str = "") -> None:
        """Says how far the work is: `done` of `total` steps (total 0: not known), in words for the owner to read.

        Raises Cancelled when the owner took the job back.
        """
        now = time.monotonic()
        if now - self._told >= REPORT_EVERY_S or done >= total > 0:
            self._told = now
            self.tell(done, total, words)
