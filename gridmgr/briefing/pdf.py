"""A briefing on paper: cover, contents, the city on a sheet, figures, a page for each branch, index. WeasyPrint sets it.

Nothing is fetched: the style sheet and the maps are handed over, any other address is refused.
"""

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from gridmgr.briefing import wording
from gridmgr.briefing.atlas import (
    city_title,
    columns_of,
    cover_figures,
    in_columns,
    index_of_roads,
    sheet_of,
    table_of,
)
from gridmgr.briefing.dossier import Dossier
from gridmgr.briefing.pictures import Pictures, Progress, steps_of
from gridmgr.core.layers.extract import source
from gridmgr.core.layers.figures import fonts
from gridmgr.core.layers.maps import ATTRIBUTION

# Millimetres, as pack.css places them.
CITY_MM, BRANCH_MM = (396.0, 257.0), (163.0, 159.0)
STYLE = Path(__file__).with_name("pack.css")
# What WeasyPrint logs before it lays out a page.
LAYING_OUT = re.compile(r"Creating layout - Page (\d+)$")


def pdf(dossier: Dossier, maps: Pictures, progress: Progress) -> bytes:
    """The dossier as PDF: the same bytes for the same dossier and maps.

    `progress` is told of each map, of each page as it is laid out and as it is painted, and of the file; what it raises
    ends the work. Raises NoFont without a Chinese font, and what the maps raise.
    """
    fonts.face("normal"), fonts.face("bold")
    context = _context(dossier)
    steps = Steps(len(dossier.branches) + _has_city(dossier), _pages_of(context), progress)
    pictures = _drawn(dossier, maps, steps)
    page = fonts.drawable(render_to_string("briefing/pack/pack.html", context))
    return _set(page, pictures, dossier, steps)


@dataclass(frozen=True)
class Steps:
    """What there is to tell: so many maps to draw, about so many pages to lay out and to paint, and the file to write."""

    maps: int
    pages: int
    progress: Progress

    def drawing(self, drawn: int, words: str) -> None:
        self._tell(drawn, words)

    def laying_out(self, page: int) -> None:
        self._tell(self.maps + min(page, self.pages) - 1, _("正在排版第 %s 页") % page)

    def painting(self, page: int, pages: int) -> None:
        done = self.maps + self.pages + (page - 1) * self.pages // pages
        self._tell(done, _("正在输出第 %(page)s 页,共 %(pages)s 页") % {"page": page, "pages": pages})

    def writing(self) -> None:
        self._tell(self.maps + 2 * self.pages, _("正在写入文件"))

    def _tell(self, done: int, words: str) -> None:
        self.progress(done, self.maps + 2 * self.pages + 1, words)


def _drawn(dossier: Dossier, maps: Pictures, steps: Steps) -> dict[str, bytes]:
    """The maps by the addresses that the page calls them."""
    pictures: dict[str, bytes] = {}
    if _has_city(dossier):
        steps.drawing(0, _("正在绘制 %s") % city_title(dossier))
        pictures["map:city"] = maps.city("svg", CITY_MM)
    for part in dossier.branches:
        steps.drawing(len(pictures), steps_of(part))
        pictures[f"map:{part.scope}"] = maps.branch(part.code, "svg", BRANCH_MM)
    steps.drawing(len(pictures), _("正在排版"))
    return pictures


def _has_city(dossier: Dossier) -> bool:
    """Whether there is more to see than one branch's own map shows."""
    return dossier.whole or len(dossier.branches) > 1


def _context(dossier: Dossier) -> dict[str, Any]:
    columns = columns_of(dossier)
    sheets = [sheet_of(part, columns) for part in dossier.branches]
    return {
        "dossier": dossier,
        "language": get_language(),
        "written": timezone.localtime(dossier.moment).isoformat(timespec="seconds"),
        "imprint": wording.imprint(dossier),
        "moment": wording.data_moment(dossier.moment),
        "demo": wording.demo_mark(dossier),
        "source": source(),
        "maker": wording.maker(),
        "attribution": f"{ATTRIBUTION} (ODbL)",
        "has_city": _has_city(dossier),
        "city_title": city_title(dossier),
        "cover": cover_figures(dossier),
        "headline": dossier.figures,
        "sheets": sheets,
        "table": table_of(dossier, columns),
        "contents": in_columns(sheets, columns=2, rows=18),
        "gaps": in_columns(dossier.gaps, columns=3, rows=30),
        "index": in_columns(index_of_roads(dossier), columns=4, rows=30),
    }


def _pages_of(context: dict[str, Any]) -> int:
    """How many pages there will be, unless something runs over."""
    sheets = sum(2 if sheet.spread else 1 for sheet in context["sheets"])
    lists = len(context["contents"]) + len(context["gaps"]) + len(context["index"])
    return 2 + context["has_city"] + sheets + lists


def _set(page: str, pictures: dict[str, bytes], dossier: Dossier, steps: Steps) -> bytes:
    from weasyprint import CSS, HTML

    fetcher = fetcher_of(pictures)
    style = CSS(string=STYLE.read_text(encoding="utf-8"), url_fetcher=fetcher)
    with _heard(steps):
        html = HTML(string=page, base_url="briefing:", url_fetcher=fetcher)
        document = html.render(stylesheets=[style])
    for number, each in enumerate(document.pages, start=1):
        each.paint = _telling(each.paint, steps, number, len(document.pages))
    return bytes(document.write_pdf(pdf_identifier=_identifier(page, dossier)))


@contextmanager
def _heard(steps: Steps) -> Iterator[None]:
    """What WeasyPrint logs of its progress is told, and stays out of our own log."""
    logger, ear = logging.getLogger("weasyprint.progress"), _Ear(steps)
    level, propagate = logger.level, logger.propagate
    logger.addHandler(ear)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(ear)
        logger.setLevel(level)
        logger.propagate = propagate


class _Ear(logging.Handler):
    """Hears of each page that is laid out; of one that is laid out again only when it is the furthest yet."""

    def __init__(self, steps: Steps) -> None:
        super().__init__()
        self.steps, self.furthest = steps, 0

    def emit(self, record: logging.LogRecord) -> None:
        found = LAYING_OUT.search(record.getMessage())
        if found and int(found[1]) > self.furthest:
            self.furthest = int(found[1])
            self.steps.laying_out(self.furthest)


def _telling(paint: Callable[..., None], steps: Steps, number: int, pages: int) -> Callable[..., None]:
    """A page's `paint` that tells of itself first, and after the last page of the file, which fonts go into."""

    def painted(*given: Any) -> None:
        steps.painting(number, pages)
        paint(*given)
        if number == pages:
            steps.writing()

    return painted


def _identifier(page: str, dossier: Dossier) -> bytes:
    """Names the file by what it says."""
    return sha256(f"{page}{dossier.state}".encode()).digest()[:16]


def fetcher_of(pictures: dict[str, bytes]) -> Any:
    """Hands WeasyPrint these pictures and refuses every other address, whatever a name in the data says."""
    from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

    class Maps(URLFetcher):
        def fetch(self, url: str, headers: Any = None) -> Any:
            if url not in pictures:
                raise FatalURLFetchingError(f"a briefing fetches nothing: {url[:80]}")
            return URLFetcherResponse(url, pictures[url], {"Content-Type": "image/svg+xml"})

    return Maps()
