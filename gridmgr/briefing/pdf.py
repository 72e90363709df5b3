"""A briefing on paper: cover, contents, the city on a sheet, figures, a page for each branch, index. WeasyPrint sets it.

Nothing is fetched: the style sheet and the maps are handed over, any other address is refused.
"""

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
from gridmgr.layers.extract import source
from gridmgr.layers.figures import fonts
from gridmgr.layers.maps import ATTRIBUTION

# Millimetres, as pack.css places them.
CITY_MM, BRANCH_MM = (396.0, 257.0), (163.0, 159.0)
STYLE = Path(__file__).with_name("pack.css")


def pdf(dossier: Dossier, maps: Pictures, progress: Progress) -> bytes:
    """The dossier as PDF: the same bytes for the same dossier and maps.

    `progress` is told of each map and of the setting; what it raises ends the work. Raises NoFont without a Chinese
    font, and what the maps raise.
    """
    fonts.face("normal"), fonts.face("bold")
    pictures = _drawn(dossier, maps, progress)
    page = render_to_string("briefing/pack/pack.html", _context(dossier))
    return _set(page, pictures, dossier)


def _drawn(dossier: Dossier, maps: Pictures, progress: Progress) -> dict[str, bytes]:
    """The maps by the addresses that the page calls them."""
    total = len(dossier.branches) + 2
    pictures: dict[str, bytes] = {}
    if _has_city(dossier):
        progress(0, total, _("正在绘制 %s") % city_title(dossier))
        pictures["map:city"] = maps.city("svg", CITY_MM)
    for done, part in enumerate(dossier.branches, start=1):
        progress(done, total, steps_of(part))
        pictures[f"map:{part.scope}"] = maps.branch(part.code, "svg", BRANCH_MM)
    progress(total - 1, total, _("正在排版"))
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


def _set(page: str, pictures: dict[str, bytes], dossier: Dossier) -> bytes:
    from weasyprint import CSS, HTML

    fetcher = fetcher_of(pictures)
    document = HTML(string=page, base_url="briefing:", url_fetcher=fetcher)
    style = CSS(string=STYLE.read_text(encoding="utf-8"), url_fetcher=fetcher)
    content = document.write_pdf(stylesheets=[style], pdf_identifier=_identifier(page, dossier))
    return bytes(content)


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
