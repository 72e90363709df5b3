"""The city map's first view in headless Chromium: seconds until every tile is drawn, and kilobytes of our own data."""

import json
import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings

from parking.models import Bay

RUNS = 5
# Drawn: no tile of any group is still under way, and the canvases carry colour.
DRAWN = """() => {
    const map = window.gridmgr && gridmgr.current;
    return Boolean(map) && map.gridmgr.groups.length > 0 && map.gridmgr.groups.every((group) => !group.isLoading())
        && document.querySelectorAll('.pin').length > 0;
}"""
# Bytes of the page, its tiles and its layers as they came over the wire, compressed.
SENT = """() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')
    .filter((each) => /\\/(tiles|layers)\\//.test(each.name))].reduce((sum, each) => sum + each.encodedBodySize, 0)"""


def run() -> list[dict[str, Any]]:
    """Median of several cold visits by the office, each with an empty browser cache."""
    with server() as base:
        visits = [_visit(base) for _ in range(RUNS)]
    size = f"{Bay.objects.count()} bays, 1440×900"
    seconds = statistics.median(visit[0] for visit in visits)
    kilobytes = statistics.median(visit[1] for visit in visits) / 1000
    return [
        {"figure": "city map drawn, s after the click", "size": size, "value": seconds, "aim": "< 3"},
        {
            "figure": "our own data of the first view, kB sent",
            "size": size,
            "value": kilobytes,
            "aim": "< 1000",
        },
    ]


@contextmanager
def server() -> Iterator[str]:
    """A production-like server on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "gridmgr.wsgi:application", "--bind", f"127.0.0.1:{port}"]
    command += [
        "--worker-class",
        "gthread",
        "--workers",
        "2",
        "--threads",
        "4",
        "--preload",
        "--log-level",
        "warning",
    ]
    process = subprocess.Popen(command, env={**os.environ, "GRIDMGR_DEBUG": "1"}, cwd=settings.BASE_DIR)
    base = f"http://127.0.0.1:{port}"
    try:
        _wait_for(base)
        yield base
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_for(base: str) -> None:
    for _ in range(120):
        try:
            with urllib.request.urlopen(f"{base}/healthz", timeout=2):
                return
        except OSError:
            time.sleep(0.5)
    raise SystemExit(f"no answer from {base}")


def account(role: str) -> dict[str, str]:
    """The demo city's account of that role."""
    accounts: list[dict[str, str]] = json.loads(settings.DEMO_ACCOUNTS.read_text(encoding="utf-8"))
    return next(each for each in accounts if each["role"] == role)


@contextmanager
def visitor(base: str, who: dict[str, str]) -> Iterator[Any]:
    """A desktop browser with an empty cache, logged in."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-background-networking"]
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{base}/login/?next=/branches/")
        page.fill("input[name=username]", who["username"])
        page.fill("input[name=password]", who["password"])
        page.press("input[name=password]", "Enter")
        page.wait_for_load_state("networkidle")
        yield page
        browser.close()


def _visit(base: str) -> tuple[float, int]:
    with visitor(base, account("office")) as page:
        started = time.perf_counter()
        page.goto(f"{base}/map/", wait_until="commit")
        page.wait_for_function(DRAWN)
        seconds = time.perf_counter() - started
        page.wait_for_load_state("networkidle")
        return seconds, page.evaluate(SENT)
