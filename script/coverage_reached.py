"""Whether the tests ran enough of the code: prints the files that lack most, and both shares; ends with 1 below either.

Reads what `pytest --cov` left behind (.coverage).
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from coverage import Coverage

LINES, BRANCHES = 90.0, 80.0  # percent, at least
SHOWN = 25  # files


def reported() -> dict[str, Any]:
    """Coverage's own report, as its JSON has it."""
    coverage = Coverage()
    coverage.load()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "coverage.json"
        coverage.json_report(outfile=str(path))
        return dict(json.loads(path.read_text(encoding="utf-8")))


def shares(report: dict[str, Any] | None = None) -> tuple[float, float]:
    """Percent of lines, and percent of branches, that ran."""
    sums = (report or reported())["totals"]
    lines = 100 * sums["covered_lines"] / sums["num_statements"]
    return lines, 100 * sums["covered_branches"] / sums["num_branches"]


def main() -> int:
    """Prints and judges."""
    report = reported()
    lacking = sorted(report["files"].items(), key=lambda item: -item[1]["summary"]["missing_lines"])
    for name, found in lacking[:SHOWN]:
        sums = found["summary"]
        missing = f"{sums['missing_lines']:4} lines, {sums['missing_branches']:3} branches missing"
        print(f"{sums['percent_covered']:6.1f} %  {missing}  {name}")
    lines, branches = shares(report)
    print(f"lines {lines:.1f} % (at least {LINES:.0f}), branches {branches:.1f} % (at least {BRANCHES:.0f})")
    return int(lines < LINES or branches < BRANCHES)


if __name__ == "__main__":
    sys.exit(main())
