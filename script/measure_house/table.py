"""The house in figures: what is now, and what it is to reach."""

import importlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPS = ("grids", "parking", "vendors")
LONG, LONG_SCRIPT = 350, 250  # lines
NOT_MEASURED = "not measured"


def main() -> int:
    """Prints the table."""
    rows: list[tuple[str, Callable[[], str], str]] = [
        ("places to touch for a layer with list, page, map, print and files", touches, "3"),
        ("own files run for one request (tile, list, verdict, /my/)", trips, "≤ 8, 10, 12, 14"),
        ("arrows from apps back up into the house", arrows, "0"),
        (f"longest file; files over {LONG} lines", long_files, "400; ≤ 5"),
        ("signatures with Any", signatures, "≤ 5 %"),
        ("coverage by the tests", coverage, "lines ≥ 90 %, branches ≥ 80 %"),
        ("mutations caught", mutants, "≥ 80 of 100"),
        ("migrations that a new database runs; all that are kept", migrations, "–"),
        (f"JavaScript: longest file; files over {LONG_SCRIPT} lines", scripts, "250; 0"),
    ]
    print("| | now | to reach |\n| --- | --- | --- |")
    for what, measure, aim in rows:
        print(f"| {what} | {_said(measure)} | {aim} |", flush=True)
    return 0


def _said(measure: Callable[[], str]) -> str:
    """What was measured, or why it wasn't."""
    try:
        return measure()
    except (Exception, SystemExit) as error:  # noqa: BLE001  (one figure that fails leaves the others)
        return f"{NOT_MEASURED} ({str(error) or type(error).__name__})"


def tracked(*patterns: str) -> list[Path]:
    """The files of the checkout that git knows under these patterns."""
    listed = subprocess.check_output(["git", "ls-files", "-z", *patterns], cwd=ROOT, text=True)  # noqa: S607
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def lines_of(path: Path) -> int:
    """How many lines it has."""
    return len(path.read_text(encoding="utf-8").splitlines())


def product() -> list[Path]:
    """Python outside migrations and tests."""
    return [
        path
        for path in tracked("*.py")
        if "migrations" not in path.parts and path.relative_to(ROOT).parts[0] != "tests"
    ]


def touches() -> str:
    """By the headings of the test that makes a layer and opens all of it."""
    text = (ROOT / "tests" / "test_toy_layer.py").read_text(encoding="utf-8")
    return str(len(re.findall(r"^# ── The (?:first|second|third|fourth|fifth|sixth)\b", text, re.MULTILINE)))


def trips() -> str:
    """Of the city in the database."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gridmgr.settings")
    importlib.import_module("django").setup()
    importlib.import_module("django.core.management").call_command(
        "collectstatic", interactive=False, verbosity=0
    )
    found = importlib.import_module("script.measure_house.trips").trips()
    return ", ".join(str(len(found[name])) for name in ("tile", "list", "verdict", "my"))


def arrows() -> str:
    """Imports of anything in gridmgr but its core, by the apps."""
    grimp = importlib.import_module("grimp")
    graph = grimp.build_graph("gridmgr", *APPS)
    up = [
        f"{module} → {other}"
        for module in sorted(graph.modules)
        if module.split(".")[0] in APPS
        for other in sorted(graph.find_modules_directly_imported_by(module))
        if other.split(".")[0] == "gridmgr" and other.split(".")[1:2] != ["core"]
    ]
    return ", ".join([str(len(up)), *up])


def long_files() -> str:
    """Of the product's Python."""
    return _longest(product(), LONG)


def _longest(paths: list[Path], limit: int) -> str:
    by_length = sorted(((lines_of(path), path) for path in paths), reverse=True)
    lines, path = by_length[0]
    return f"{lines} ({path.relative_to(ROOT)}); {sum(lines > limit for lines, _path in by_length)}"


def signatures() -> str:
    """Of the functions of apps and house."""
    share: Callable[[list[Path]], float] = importlib.import_module("script.measure_house.signatures").share
    served = [path for path in product() if path.relative_to(ROOT).parts[0] != "script"]
    return f"{100 * share(served):.1f} %"


def coverage() -> str:
    """What the last script/test measured."""
    if not (ROOT / ".coverage").exists():
        raise FileNotFoundError("script/test measures it")
    lines, branches = importlib.import_module("script.coverage_reached").shares()
    return f"lines {lines:.1f} %, branches {branches:.1f} %"


def mutants() -> str:
    """What the last script/bench mutants found."""
    path = Path(os.environ.get("GRIDMGR_VAR") or ROOT / "var") / "bench" / "mutants.json"
    if not path.exists():
        raise FileNotFoundError("script/bench mutants measures it")
    found = json.loads(path.read_text(encoding="utf-8"))
    return f"{found['caught']} of {found['tried']} (seed {found['seed']}, {found['day']})"


def migrations() -> str:
    """Lines of those that nothing replaces, and of all."""
    there = tracked("*/migrations/*.py")
    replaced = set()
    for path in there:
        text = path.read_text(encoding="utf-8")
        if found := re.search(r"^    replaces = \[(.*?)\]", text, re.MULTILINE | re.DOTALL):
            names = re.findall(r'"(\d{4}_\w+)"', found[1])
            replaced |= {path.with_name(f"{name}.py") for name in names}
    run = [path for path in there if path not in replaced]
    return f"{sum(map(lines_of, run)):,} lines; {sum(map(lines_of, there)):,}"


def scripts() -> str:
    """Of the browser's scripts that are ours."""
    return _longest(tracked("gridmgr/static/js/*.js"), LONG_SCRIPT)


if __name__ == "__main__":
    sys.exit(main())
