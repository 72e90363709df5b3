"""One transaction whose refusals by the database become words, and whose bad luck is tried again."""

from collections.abc import Callable
from typing import TypeVar

from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils.translation import gettext as _

from gridmgr.core.errors import Conflict, DomainError, constraint_of

T = TypeVar("T")

TRIES = 4
# Deadlock, serialization failure, lock not available: nobody's fault, and over when it is tried again.
BAD_LUCK = {"40P01", "40001", "55P03"}


def in_one_go(work: Callable[[], T], *, words: dict[str, Callable[[], DomainError]]) -> T:
    """Runs `work` in a transaction; a constraint named in `words` becomes that domain error, asked for afterwards.

    What fails by a deadlock is tried again, unless we are inside somebody else's transaction, which is lost then.
    Raises Conflict when it never came through.
    """
    for _try in range(1 if connection.in_atomic_block else TRIES):
        try:
            with transaction.atomic():
                return work()
        except IntegrityError as error:
            explain = words.get(constraint_of(error))
            if explain is None:
                raise
            raise explain() from error
        except OperationalError as error:
            if getattr(error.__cause__, "pgcode", None) not in BAD_LUCK:
                raise
    raise Conflict(_("有多人同时在改这里,什么都没有保存。请稍后再试。"))
