"""Print the demo accounts of a `demo-accounts.json` as a table, for script/server."""

import json
import sys
import unicodedata
from pathlib import Path

COLUMNS = ("role", "branch", "username", "password")


def width(text: str) -> int:
    """Columns that `text` takes on a terminal; a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def table(rows: list[tuple[str, ...]]) -> str:
    """Rows as lines, columns aligned."""
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "      "
        + "  ".join(cell + " " * (w - width(cell)) for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def main(path: str) -> None:
    accounts = json.loads(Path(path).read_text(encoding="utf-8"))
    print(table([COLUMNS, *(tuple(str(account.get(c) or "") for c in COLUMNS) for account in accounts)]))


if __name__ == "__main__":
    main(sys.argv[1])
