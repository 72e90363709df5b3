"""Journeys through the pages in Debian's Chromium: what a person would see, and nothing from any other host."""

import os
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.conftest import Town
from tests.factories import UserFactory

# Playwright's event loop runs in the tests' own thread; Django would take them for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

PASSWORD = "Journey-2026-pass"
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's Chromium, kept from calling home."""
    quiet = [
        "--no-sandbox",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    return {
        **browser_type_launch_args,
        "executable_path": "/usr/bin/chromium",
        "args": [*quiet, "--no-first-run", "--disable-quic"],
    }


class Visitor:
    """A browser page that notes what must not happen: errors, and requests to other hosts."""

    def __init__(self, context: BrowserContext, base: str) -> None:
        self.page: Page = context.new_page()
        self.base = base
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on("console", lambda said: self._note(said.type, said.text))
        self.page.on("request", lambda request: self._host(request.url))
        self.page.on("response", lambda answer: self._status(answer.status, answer.url))

    def _note(self, kind: str, text: str) -> None:
        if kind == "error":
            self.faults.append(f"console: {text}")

    def _status(self, status: int, url: str) -> None:
        if status >= 400:
            self.faults.append(f"{status}: {url}")

    def _host(self, url: str) -> None:
        if urlsplit(url).scheme in {"http", "https", "ws", "wss"} and not url.startswith(self.base):
            self.faults.append(f"other host: {url}")

    def open(self, path: str) -> Page:
        self.page.goto(self.base + path)
        self.page.wait_for_load_state("networkidle")
        return self.page

    def log_in(self, username: str) -> Page:
        self.open("/login/")
        self.page.fill("input[name=username]", username)
        self.page.fill("input[name=password]", PASSWORD)
        self.page.press("input[name=password]", "Enter")
        self.page.wait_for_load_state("networkidle")
        return self.page


@pytest.fixture
def visit(browser: Browser, live_server: Any) -> Iterator[Callable[..., Visitor]]:
    """`visit(PHONE)`; at the end of the test no visitor may have met a fault."""
    contexts: list[BrowserContext] = []
    visitors: list[Visitor] = []

    def start(size: dict[str, int] = DESKTOP, **options: Any) -> Visitor:
        context = browser.new_context(viewport=size, locale="zh-CN", **options)  # type: ignore[arg-type]
        contexts.append(context)
        visitors.append(Visitor(context, live_server.url))
        return visitors[-1]

    yield start
    faults = [fault for visitor in visitors for fault in visitor.faults]
    for context in contexts:
        context.close()
    assert not faults, faults


@pytest.fixture
def secretary(town: Town) -> str:
    """User name of the secretary of branch 01."""
    member = town.own.secretary
    member.user = UserFactory(username="secretary01", password=PASSWORD, role="member")
    member.save()
    return "secretary01"


@pytest.fixture
def office(db: None) -> str:
    """User name of an office account."""
    return UserFactory(username="office", password=PASSWORD, role="office").username
