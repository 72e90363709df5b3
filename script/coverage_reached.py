"""Whether the tests ran enough of the code: prints the files that lack most, and both shares; ends with 1 below either.

Reads what `pytest --cov` left behind (.coverage).
"""

import json
import sys
import tempfile
from pathlib import Path

from coverage import Coverage

LINES, BRANCHES = 90.0, 80.0  # percent, at least
SHOWN = 25  # files


def totals(coverage: Coverage) -> dict[str, float]:
    """Coverage's own sums over all files."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "coverage.json"
        coverage.json_report(outfile=str(path))
        report = json.loads(path.read_text(encoding="utf-8"))
    lacking = sorted(report["files"].items(), key=lambda item: -item[1]["summary"]["missing_lines"])
    for name, found in lacking[:SHOWN]:
        summary = found["summary"]
        if summary["missing_lines"]:
            print(
                f"{summary['percent_covered']:6.1f} %  {summary['missing_lines']:4} lines and"
                f" {summary['missing_branches']:3} branches missing  {name}"
            )
    return dict(report["totals"])


def main() -> int:
    """Prints and judges."""
    coverage = Coverage()
    coverage.load()
    found = totals(coverage)
    lines = 100 * found["covered_lines"] / found["num_statements"]
    branches = 100 * found["covered_branches"] / found["num_branches"]
    print(f"lines {lines:.1f} % (at least {LINES:.0f}), branches {branches:.1f} % (at least {BRANCHES:.0f})")
    return int(lines < LINES or branches < BRANCHES)


if __name__ == "__main__":
    sys.exit(main())
