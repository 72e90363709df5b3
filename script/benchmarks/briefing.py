"""Briefings: the whole demo city in each form, as its command makes it."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from gridmgr.briefing.pack import FORMS
from grids.models import Branch

# Installed, Python keeps its bytecode; without it each run would compile everything anew.
ENVIRONMENT = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
# One whole briefing in a process of its own: wall time and processor seconds from its start, and its greatest memory.
ALONE = """
import time; started = time.perf_counter()
import resource, sys
from django.core.management import call_command
import django; django.setup()
call_command('briefing', *sys.argv[1:], verbosity=0)
used = resource.getrusage(resource.RUSAGE_SELF)
print('used', time.perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
"""


def run() -> list[dict[str, Any]]:
    """Seconds by the clock and of the processor (what others do slows the clock alone), memory, size of the file."""
    branches = f"{Branch.objects.count()} branches"
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        _alone(Path(folder) / "first.docx")  # writes Python's bytecode and matplotlib's list of fonts
        for form in FORMS:
            path = Path(folder) / f"briefing.{form}"
            wall, processor, megabytes = _alone(path)
            load = f"{branches}, load {os.getloadavg()[0]:.1f}"
            rows.append(_row(f".{form}, whole command, s", load, wall, "< 30"))
            rows.append(_row(f".{form}, CPU s", branches, processor, ""))
            rows.append(_row(f".{form}, memory, MB", branches, megabytes, "< 1000"))
            rows.append(_row(f".{form}, file, MB", branches, path.stat().st_size / 1e6, ""))
    return rows


def _row(figure: str, size: str, value: float, aim: str) -> dict[str, Any]:
    return {"figure": figure, "size": size, "value": value, "aim": aim}


def _alone(path: Path) -> tuple[float, float, float]:
    command = [sys.executable, "-c", ALONE, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=ENVIRONMENT)
    found = re.search(r"used ([\d.]+) ([\d.]+) ([\d.]+)", done.stdout)
    if found is None:
        raise RuntimeError(done.stdout + done.stderr)
    return float(found[1]), float(found[2]), float(found[3])
