"""Odd requests over every route, role and method, against a small town: none may be answered with a fault.

`script/bench fuzz --requests 20000 --seed 1` is the walk of tests/fuzz/, longer.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent


def run() -> list[dict[str, Any]]:
    """How many requests, on how many routes, and how many faults; what they are goes to standard error."""
    wanted = {"requests": "20000", "seed": "1"}
    wanted |= {
        name: os.environ[f"GRIDMGR_BENCH_{name.upper()}"]
        for name in wanted
        if f"GRIDMGR_BENCH_{name.upper()}" in os.environ
    }
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        given = {
            f"GRIDMGR_FUZZ_{name.upper()}": value for name, value in {**wanted, "report": str(report)}.items()
        }
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "--create-db", "tests/fuzz"],
            cwd=ROOT, env={**os.environ, **given}, stdout=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
        if not report.exists():
            raise SystemExit(f"the walk did not end:\n{done.stdout[-5000:]}")
        found = json.loads(report.read_text(encoding="utf-8"))
    if found["faults"]:
        print(done.stdout, file=sys.stderr)
    size = f"seed {found['seed']}, {found['requests']} requests"
    return [
        {"figure": "answers of 5xx", "size": size, "value": found["faults"], "aim": "0"},
        {
            "figure": "routes answered below 400",
            "size": f"of {found['routes']}",
            "value": found["routes answered below 400"],
        },
        {"figure": "answers by status", "size": size, "value": json.dumps(found["statuses"])},
        {"figure": "seconds", "size": size, "value": time.monotonic() - began},
    ]
