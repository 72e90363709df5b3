"""Many at once: the same work in as many threads, each with a database connection of its own, let go together."""

from collections.abc import Callable, Sequence
from threading import Barrier, Thread
from typing import Any

from django.db import connection


def at_once(works: Sequence[Callable[[], Any]]) -> list[Any]:
    """What each of `works` returned, or the exception that it raised, in order. They start at the same moment."""
    results: list[Any] = [None] * len(works)
    gate = Barrier(len(works))

    def run(index: int) -> None:
        try:
            connection.ensure_connection()
            gate.wait(timeout=60)
            results[index] = works[index]()
        except Exception as error:  # noqa: BLE001  (an answer like any other: the test looks at it)
            results[index] = error
        finally:
            connection.close()

    threads = [Thread(target=run, args=(index,)) for index in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return results
