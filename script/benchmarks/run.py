"""Runs the benchmark modules beside this file and prints their figures as one table.

A folder is a benchmark in parts: `truth` runs them all, `truth.standing` that one. `--name value` after a benchmark is
handed to it as GRIDMGR_BENCH_NAME.
"""

import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
COLUMNS = ("figure", "size", "value", "peer", "ratio", "aim")


WHEN_NAMED = {"fuzz", "mutants"}  # takes many minutes


def main(arguments: list[str]) -> int:
    """Runs the modules named, or all; the exit status is 1 when a name is unknown."""
    names = _without_options(arguments)
    known = [
        path.stem
        for path in sorted(HERE.glob("*.py"))
        if path.stem not in {"run", "stack", "timing", "mutations"}
    ]
    known += [path.parent.name for path in sorted(HERE.glob("*/__init__.py"))]
    parts = [f"{path.parent.name}.{path.stem}" for path in sorted(HERE.glob("*/[!_]*.py"))]
    if unknown := [name for name in names if name not in [*known, *parts]]:
        print(f"unknown: {', '.join(unknown)}; there are: {', '.join(known)}", file=sys.stderr)
        return 1
    sys.path.insert(0, str(HERE.parent.parent))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gridmgr.settings")
    import django

    django.setup()
    for name in names or [each for each in known if each not in WHEN_NAMED]:
        print(f"\n## {name}\n")
        print(table(run_of(name)()))
    return 0


def _without_options(arguments: list[str]) -> list[str]:
    names, rest = [], iter(arguments)
    for each in rest:
        if each.startswith("--"):
            os.environ[f"GRIDMGR_BENCH_{each[2:].upper()}"] = next(rest, "")
        else:
            names.append(each)
    return names


def run_of(name: str) -> Callable[[], list[dict[str, Any]]]:
    """The `run` of the benchmark module of that name."""
    return import_module(f"script.benchmarks.{name}").run


def table(rows: list[dict[str, Any]]) -> str:
    """Rows as a Markdown table; columns nobody filled are left out."""
    columns = [*(name for name in COLUMNS if any(name in row for row in rows))]
    columns += sorted({name for row in rows for name in row} - set(columns))
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    lines += ["| " + " | ".join(_cell(row.get(name, "")) for name in columns) + " |" for row in rows]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
