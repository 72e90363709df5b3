"""Pages as people read them: their words without markup, and a clock that stands still."""

import re
from datetime import datetime
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

CITY = ZoneInfo("Asia/Shanghai")


def words(response: Any) -> str:
    """The text of the page's main part, with single spaces."""
    page = response.content.decode()
    main = page[page.index("<main") : page.index("</main>")]
    without_code = re.sub(r"<script.*?</script>", " ", main, flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", without_code)).split())


def stop_clock(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Makes it the local time `2026-11-23 07:30` for everything that asks Django what time it is."""
    moment = datetime.fromisoformat(text).replace(tzinfo=CITY)
    monkeypatch.setattr(timezone, "now", lambda: moment)
