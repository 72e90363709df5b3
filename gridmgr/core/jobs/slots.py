"""How much heavy work pages may do at one time, over all the processes that serve them.

A map that is drawn or a file that is read in a page's own request keeps a core busy for seconds. Whoever finds every
slot taken is told so at once: waiting would hold a thread that others need for their pages.
"""

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TypeVar

from django.conf import settings
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from gridmgr.core.errors import DomainError

Response = TypeVar("Response", bound=HttpResponseBase)

# What takes a slot is done within seconds: after as many it is worth trying again.
RETRY_S = 5


class Full(DomainError):
    """Every slot is taken: nothing is wrong with what was asked, a moment later it will do."""

    status = 503


@contextmanager
def slot() -> Iterator[None]:
    """One of settings.GRIDMGR_HEAVY_AT_ONCE, held for the block; raises Full when none is free.

    A slot is a lock on an open file, so that the system takes it back from a process that dies.
    """
    with ExitStack() as held:
        folder = Path(settings.VAR_DIR) / "slots"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in range(settings.GRIDMGR_HEAVY_AT_ONCE):
            if _locked(held.enter_context((folder / str(number)).open("w"))):
                break
        else:
            raise Full(_("服务器正忙于其他地图和数据文件,这一次没有开始。请过几秒再试一次。"))
        yield


def _locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def with_retry(answer: Response, error: DomainError) -> Response:
    """The answer to `error`; to Full it also tells programs when to come back."""
    if isinstance(error, Full):
        answer["Retry-After"] = str(RETRY_S)
    return answer
