"""The check for code that nobody calls finds it, and knows what templates, texts and Django call."""

from pathlib import Path

from script.dead_code import unused

CODE = """
LIMIT = 3
SPARE = 4


def called() -> int:
    return LIMIT


def left_over() -> None:
    called()


class Row:
    @property
    def shown(self) -> str:
        return "by.a.text_alone"

    @property
    def hidden(self) -> str:
        return "a sentence that says hidden is no name"


def text_alone() -> type[Row]:
    return Row


def add_arguments() -> None:
    pass
"""


def test_what_nobody_calls_is_named(tmp_path: Path) -> None:
    room = tmp_path / "room"
    (room / "migrations").mkdir(parents=True)
    (room / "code.py").write_text(CODE)
    (room / "page.html").write_text("<p>left_over</p>{{ row.shown }}")
    (room / "migrations" / "0001_it.py").write_text("def forwards():\n    left_over()\n")
    assert [line.split(" ", 1)[1] for line in unused(tmp_path, ("room",))] == [
        "variable SPARE",
        "function left_over",
        "property hidden",
    ]
