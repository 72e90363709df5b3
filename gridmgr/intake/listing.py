"""The rows that a preview lists, however many: a file of SQLite's, written once, from which pages read what they show."""

import sqlite3
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import orjson


@dataclass(frozen=True)
class Line:
    """One row: the `tab` it stands under, the `name` it is searched by, what is told of it as JSON.

    `key` tells it from all others where something else may point to it.
    """

    tab: str
    name: str
    content: Any
    key: str | None = None


def write_listing(path: Path, lines: Iterable[Line]) -> None:
    """Write a listing; each tab keeps the order of its lines. They are not held in memory."""
    rows = ((each.tab, folded(each.name), each.name, each.key, orjson.dumps(each.content)) for each in lines)
    with closing(sqlite3.connect(path)) as made, made:
        made.executescript(_TABLE)
        made.executemany("INSERT INTO line (tab, sought, name, key, content) VALUES (?, ?, ?, ?, ?)", rows)
        made.executescript(_INDEXES)


# A draft that breaks off is thrown away: it needs no journal.
_TABLE = """
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    CREATE TABLE line (number INTEGER PRIMARY KEY, tab TEXT, sought TEXT, name TEXT, key TEXT, content BLOB);
"""
_INDEXES = """
    CREATE INDEX of_tab ON line (tab, number, sought);
    CREATE INDEX of_key ON line (key) WHERE key IS NOT NULL;
"""


def folded(text: str) -> str:
    """The text as it is compared in a search: no matter how wide its digits are or how large its letters."""
    return unicodedata.normalize("NFKC", text).casefold()


class Lines(Sequence[Any]):
    """What is told of the lines of one tab, those alone whose name holds `sought`; as long as none when nothing is kept."""

    def __init__(self, path: Path, tab: str, sought: str = "") -> None:
        self._path, self._asked = path, (tab, folded(sought.strip()))

    def __len__(self) -> int:
        return int(next(iter(_read(self._path, f"SELECT count(*) {_SOUGHT}", self._asked)), (0,))[0])

    @overload
    def __getitem__(self, which: int) -> Any: ...
    @overload
    def __getitem__(self, which: slice) -> list[Any]: ...
    def __getitem__(self, which: int | slice) -> Any:
        if isinstance(which, int):
            return self[which : which + 1][0]
        first, last, _step = which.indices(len(self))
        rows = _read(self._path, f"SELECT content {_SOUGHT} {_PAGE}", (*self._asked, last - first, first))
        return [orjson.loads(content) for (content,) in rows]

    def __iter__(self) -> Iterator[Any]:
        """One after the other; they are not held in memory."""
        for (content,) in _read(self._path, f"SELECT content {_SOUGHT} ORDER BY number", self._asked):
            yield orjson.loads(content)


_SOUGHT = "FROM line WHERE tab = ?1 AND (?2 = '' OR instr(sought, ?2) > 0)"
_PAGE = "ORDER BY number LIMIT ?3 OFFSET ?4"


def names_of(path: Path, keys: Collection[str]) -> dict[str, str]:
    """What the lines of these keys are called."""
    marks = ", ".join("?" * len(keys))
    return dict(_read(path, f"SELECT key, name FROM line WHERE key IN ({marks})", tuple(keys)))  # noqa: S608


def _read(path: Path, statement: str, parameters: Sequence[Any]) -> Iterator[Any]:
    if not path.is_file():
        return
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as kept:
        yield from kept.execute(statement, parameters)
