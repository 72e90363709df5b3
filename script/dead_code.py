"""Code that nobody calls: functions, classes, methods and constants whose name stands nowhere else.

By vulture over the product and its scripts, not its tests: what only a test calls is dead. Names count as used where templates
say them, and where a text is nothing but names (a setting, a field asked for by its name). Status 1 when something is found.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from vulture import Vulture
from vulture.core import Item

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("gridmgr", "grids", "parking", "vendors", "script")
KINDS = {"function", "class", "method", "property", "variable"}

# Registered by the decorator, or called by Django by name.
DECORATORS = ["@admin.register", "@register*", "@*.register", "@receiver"]
# Django's: parts that it finds by their place or their base, and the hooks that it calls on them.
DJANGOS = [
    *(
        "*Config",
        "*Admin",
        "add_arguments",
        "process_request",
        "process_exception",
        "handler400",
        "handler500",
    ),
    *(
        "clean_*",
        "format_value",
        "deserialize",
        "label_from_instance",
        "file_complete",
        "handle_no_permission",
    ),
    *(
        "has_*_permission",
        "get_readonly_fields",
        "history_view",
        "get_session_store_class",
        "get_model_class",
        "_get_session_from_db",
    ),
]
# Ours, each with its reason.
KNOWN = {
    "ChangeContext": "a proxy model, for its triggers",
    "add_event_trigger": "django-pghistory calls it for each tracker",
    "readinto": "io.RawIOBase calls it to read",
    "lay_bays": "laying a row of bays: the verb stands and is tested, the page is to come",
    "hand_over_secretary": "handing over a branch: the verb stands and is tested; the admin does it by its formset",
    "propose_zone": "the zone of a city that is set up, for the set-up of new cities",
    "geodataframe": "layers for those who analyse, in a shell or a notebook (docs/analysis.md)",
    "rows_as_frame": "rows for those who analyse (docs/analysis.md)",
    "import_upload": "reading and importing in one step, as tests of both do it; pages preview in between",
}
TEMPLATES = {".html", ".txt", ".xml", ".svg"}
NAMES = re.compile(r"-?[A-Za-z_][\w.:]*")


def unused(root: Path, rooms: tuple[str, ...] = ROOMS) -> Iterator[str]:
    """Each thing that nobody calls, as `file:line kind name`."""
    vulture = Vulture(ignore_names=[*DJANGOS, *KNOWN], ignore_decorators=DECORATORS)
    paths = [root / room for room in rooms if (root / room).exists()]
    vulture.scavenge([str(path) for path in paths], exclude=["*/migrations/*"])
    for path in paths:
        for file in path.rglob("*"):
            vulture.used_names.update(_said_in(file))
    for each in vulture.get_unused_code(min_confidence=60):
        if each.typ in KINDS and (each.typ != "variable" or _is_constant(each)):
            yield f"{Path(each.filename).relative_to(root)}:{each.first_lineno} {each.typ} {each.name}"


def _said_in(file: Path) -> Iterator[str]:
    if file.suffix in TEMPLATES:
        for inside in re.findall(r"\{[{%](.*?)[%}]\}", file.read_text(encoding="utf-8"), re.DOTALL):
            yield from re.findall(r"[A-Za-z_]\w*", inside)
    elif file.suffix == ".py" and "migrations" not in file.parts:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg:
                yield from node.arg.split("__")
            elif (
                isinstance(node, ast.Constant) and isinstance(node.value, str) and NAMES.fullmatch(node.value)
            ):
                yield from re.split(r"[.:]|__", node.value.lstrip("-"))


def _is_constant(item: Item) -> bool:
    """A constant of a module: a member of a class may be a choice that only data has, and settings are Django's to read."""
    file = Path(item.filename)
    text = file.read_text(encoding="utf-8").splitlines()[item.first_lineno - 1]
    return file.name != "settings.py" and item.name.isupper() and not text.startswith(" ")


if __name__ == "__main__":
    found = list(unused(ROOT))
    for line in found:
        print(line)
    sys.exit(1 if found else 0)
