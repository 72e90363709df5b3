"""Do the tests notice? One-line changes, drawn by lot from the apps' domain rooms, each tried with the tests that run its line.

`script/bench mutants --number 100 --seed 1`. First the tests of these rooms run once, noting who runs which line; then each change
is tried in a copy of the checkout with a database of its own, as many at once as there are processors (4 at most).
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from queue import SimpleQueue
from typing import Any
from xml.etree import ElementTree

from coverage import CoverageData
from django.conf import settings

from script.benchmarks.mutations import Mutation, mutations

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("grids/domain", "parking/domain", "vendors/domain")
TESTS = ("tests/grids", "tests/parking", "tests/vendors", "tests/desk", "tests/register")
BUDGET_S, FEWEST = 20.0, 12  # of tests for one change, by how long they took unchanged; how many at least
LEAST_S, TIMES = 60.0, 8.0  # how much longer a change may take before it counts as noticed
LEFT_BEHIND = (".git", ".venv", "var", "node_modules", "*_cache", ".hypothesis", "docs", "test-results")


@dataclass
class Known:
    """What an unchanged run told: seconds by test, and by file and line the tests that run it."""

    seconds: dict[str, float] = field(default_factory=dict)
    by_line: dict[str, dict[int, set[str]]] = field(default_factory=dict)

    def tests_for(self, mutation: Mutation) -> list[str]:
        """Tests that run the statement, those of files that name the module first, then quick ones, for BUDGET_S in all."""
        lines = self.by_line.get(mutation.path, {})
        # What runs when the module is imported is of use to whoever runs any of the module's functions.
        own = lines if mutation.at_import else range(mutation.first, mutation.last + 1)
        running = {test for line in own for test in lines.get(line, ())}
        module = mutation.path.removesuffix(".py").replace("/", ".")
        near = {file for file in {test.split("::")[0] for test in running} if _names(file, module)}
        ordered = sorted(
            running, key=lambda test: (test.split("::")[0] not in near, self.seconds[test], test)
        )
        chosen: list[str] = []
        total = 0.0
        for test in ordered:
            if len(chosen) >= FEWEST and total + self.seconds[test] > BUDGET_S:
                break
            chosen.append(test)
            total += self.seconds[test]
        return chosen


def _names(file: str, module: str) -> bool:
    """Whether a test file speaks of the module or of its room."""
    text = (ROOT / file).read_text(encoding="utf-8")
    room, _dot, name = module.rpartition(".")
    return module in text or f"from {room} import {name}" in text


def run() -> list[dict[str, Any]]:
    """How many of the changes the tests noticed; each is told as it is tried."""
    number, seed = int(os.environ.get("GRIDMGR_BENCH_NUMBER", 100)), os.environ.get("GRIDMGR_BENCH_SEED", "1")
    began = time.monotonic()
    files = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
    there = [mutation for path in files for mutation in mutations(path, ROOT)]
    chosen = random.Random(seed).sample(there, min(number, len(there)))  # noqa: S311  (a lot, no secret)
    with tempfile.TemporaryDirectory(prefix="gridmgr-mutants-") as folder:
        lanes = [_lane(Path(folder) / f"lane{n}", n) for n in range(min(os.cpu_count() or 1, 4))]
        known = _unchanged(lanes[0], len(lanes))
        print(
            f"{len(known.seconds)} tests in {time.monotonic() - began:.0f} s; {len(there)} changes possible",
            flush=True,
        )
        free: SimpleQueue[Lane] = SimpleQueue()
        for lane in lanes:
            free.put(lane)
        with ThreadPoolExecutor(len(lanes)) as pool:
            outcomes = list(pool.map(lambda mutation: _tried(mutation, known, free), chosen))
    caught = sum(outcome != "survived" for outcome in outcomes)
    told = {"caught": caught, "tried": len(chosen), "seed": seed, "day": date.today().isoformat()}  # noqa: DTZ011
    (Path(settings.VAR_DIR) / "mutants.json").write_text(json.dumps(told), encoding="utf-8")
    minutes = (time.monotonic() - began) / 60
    return [{"figure": "changes noticed", "size": f"seed {seed}, {minutes:.0f} min", "value": f"{caught} of {len(chosen)}",
             "aim": "80 of 100"}]  # fmt: skip


@dataclass(frozen=True)
class Lane:
    """A copy of the checkout with a database of its own."""

    folder: Path
    environment: dict[str, str]

    def pytest(self, *arguments: str, seconds: float | None = None) -> int | None:
        """Its exit status, None when it took longer than that."""
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-q", "--reuse-db", "-p", "no:cacheprovider", *arguments],
            cwd=self.folder, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return None


def _lane(folder: Path, number: int) -> Lane:
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_BEHIND))
    (folder / "var").mkdir()
    address = os.environ["DATABASE_URL"].replace("/gridmgr", f"/mutants{number}", 1)
    own = {"DATABASE_URL": address, "GRIDMGR_VAR": str(folder / "var"), "PYTHONDONTWRITEBYTECODE": "1"}
    own["GRIDMGR_SECRET_KEY"], own["GRIDMGR_SRID"] = settings.SECRET_KEY, str(settings.GRIDMGR_SRID)
    return Lane(folder, {**os.environ, **own})


def _unchanged(lane: Lane, workers: int) -> Known:
    """Who runs which line, by the tests that pass."""
    rc, report = lane.folder / "measured.ini", lane.folder / "report.xml"
    rc.write_text(f"[run]\nsource = {','.join(ROOMS)}\n", encoding="utf-8")
    options = ("--cov", f"--cov-config={rc}", "--cov-context=test", "--cov-report=", f"--junitxml={report}")
    lane.pytest(f"-n{workers}", *options, *TESTS)
    known = Known()
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314  (pytest's own)
        if len(case) == 0 or case[0].tag not in {"failure", "error", "skipped"}:
            file = case.attrib["classname"].replace(".", "/")
            known.seconds[f"{file}.py::{case.attrib['name']}"] = float(case.attrib["time"])
    data = CoverageData(str(lane.folder / ".coverage"))
    data.read()
    for measured in data.measured_files():
        lines: dict[int, set[str]] = defaultdict(set)
        for line, contexts in data.contexts_by_lineno(measured).items():
            lines[line] |= {test for each in contexts if (test := each.partition("|")[0]) in known.seconds}
        known.by_line[str(Path(measured).relative_to(lane.folder))] = dict(lines)
    return known


def _tried(mutation: Mutation, known: Known, free: "SimpleQueue[Lane]") -> str:
    """How the change came out, and a line that tells of it."""
    tests = known.tests_for(mutation)
    outcome = "survived"
    if tests:
        lane = free.get()
        try:
            outcome = _outcome(lane, mutation, tests, sum(known.seconds[test] for test in tests))
        finally:
            free.put(lane)
    note = f"{len(tests)} tests" if tests else "no test runs it"
    print(f"{outcome:9} {mutation.path}:{mutation.line} {mutation.kind} ({note})", flush=True)
    if outcome == "survived":
        print(f"    - {mutation.before.strip()}\n    + {mutation.after.strip()}", flush=True)
    return outcome


def _outcome(lane: Lane, mutation: Mutation, tests: Sequence[str], usual_s: float) -> str:
    path, chosen = lane.folder / mutation.path, lane.folder / "chosen.txt"
    text = path.read_text(encoding="utf-8")
    chosen.write_text("\n".join(tests), encoding="utf-8")
    path.write_text(mutation.applied(text), encoding="utf-8")
    try:
        status = lane.pytest("-x", f"@{chosen}", seconds=LEAST_S + TIMES * usual_s)
    finally:
        path.write_text(text, encoding="utf-8")
    if status is None:
        return "too long"
    if status not in (0, 1, 2):
        raise RuntimeError(f"pytest ended with {status}: {json.dumps(tests)}")
    return "caught" if status else "survived"
