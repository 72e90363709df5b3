"""Maps that leave the house: the whole demo city as sheets of paper and as a file to open without a network."""

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from django.utils import timezone
from playwright.sync_api import sync_playwright

from gridmgr.briefing.map_file import MapFile, Paper, map_file
from gridmgr.briefing.scope import scope_of, view_of
from gridmgr.core.accounts.audience import Audience
from parking.models import Bay

# Installed, Python keeps its bytecode; without it each run would compile everything anew.
ENVIRONMENT = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
OFFICE = Audience(role="office")
SHEETS = [("pdf", "a3"), ("svg", "a3"), ("png", "a3"), ("pdf", "a0"), ("png", "a0")]
READY = """() => window.gridmgr && gridmgr.current && gridmgr.current.gridmgr.groups.every((group) => !group._loading)
  && document.querySelector('.gridmgr-tiles canvas')"""
# Moves the map by 40 steps over single bays and takes the time from frame to frame.
PAN = """async () => {
  const map = gridmgr.current, gaps = [];
  map.setView(map.getCenter(), 16, {animate: false});
  await new Promise((done) => setTimeout(done, 1500));
  let last = performance.now(), going = true;
  const frame = (now) => { gaps.push(now - last); last = now; if (going) { requestAnimationFrame(frame); } };
  requestAnimationFrame(frame);
  for (let step = 0; step < 40; step++) {
    map.panBy([60, 20], {animate: false});
    await new Promise((done) => setTimeout(done, 30));
  }
  going = false;
  return gaps.sort((a, b) => a - b)[Math.floor(gaps.length * 0.95)];
}"""
# One whole export in a process of its own: all processor seconds it used, and its greatest memory.
ALONE = """
import resource, sys
from django.core.management import call_command
import django; django.setup()
call_command('export_map', *sys.argv[1:], verbosity=0)
used = resource.getrusage(resource.RUSAGE_SELF)
print('used', used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
"""


def run() -> list[dict[str, Any]]:
    """Processor seconds (user and system: the machine's load does not count), sizes, and the file in a browser."""
    bays = f"city, {Bay.objects.count()} bays"
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        _alone("city", str(Path(folder) / "first.svg"))  # writes Python's bytecode where there is none
        for form, paper in SHEETS:
            path = Path(folder) / f"city-{paper}.{form}"
            seconds, megabytes = _alone("city", str(path), "--paper", paper)
            aim = "< 6" if paper == "a3" else ""
            rows.append(_row(f"{paper.upper()} .{form}, whole command, CPU s", bays, seconds, aim))
            rows.append(
                _row(
                    f"{paper.upper()} .{form}, memory MB / file MB",
                    f"{path.stat().st_size / 1e6:.1f} MB",
                    megabytes,
                    "",
                )
            )
        path = Path(folder) / "city.html"
        started = time.process_time()
        made = _offline()
        rows.append(_row(".html, CPU s of Python", bays, time.process_time() - started, ""))
        path.write_bytes(made.content)
        rows.append(_row(".html, size, MB", bays, len(made.content) / 1e6, "< 6"))
        ready, pan = _in_a_browser(path)
        rows.append(_row(".html, drawn after, s (no network)", bays, ready, "< 3"))
        rows.append(_row(".html, panning over bays, 95th percentile of a frame, ms", bays, pan, ""))
    return rows


def _row(figure: str, size: str, value: float, aim: str) -> dict[str, Any]:
    return {"figure": figure, "size": size, "value": value, "aim": aim}


def _alone(*words: str) -> tuple[float, float]:
    command = [sys.executable, "-c", ALONE, *words]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=ENVIRONMENT)
    found = re.search(r"used ([\d.]+) ([\d.]+)", done.stdout)
    if found is None:
        raise RuntimeError(done.stdout + done.stderr)
    return float(found[1]), float(found[2])


def _offline() -> MapFile:
    on = timezone.localdate()
    view = view_of(scope_of("city", audience=OFFICE, on=on), audience=OFFICE, on=on)
    return map_file(view, "html", paper=Paper())


def _in_a_browser(path: Path) -> tuple[float, float]:
    """Seconds until the file is drawn, and the 95th percentile of a frame while panning, in milliseconds."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_context(offline=True, viewport={"width": 1440, "height": 900}).new_page()
        started = time.perf_counter()
        page.goto(path.as_uri())
        page.wait_for_function(READY)
        ready = time.perf_counter() - started
        pan = float(page.evaluate(PAN))
        browser.close()
    return ready, pan
