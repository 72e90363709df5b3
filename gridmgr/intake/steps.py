"""What the page of an import shows at each of its steps, and the files that hang on a preview."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gridmgr.catalog import BACKDROP, layer_named
from gridmgr.data_files import labels_of_layer
from gridmgr.desk.context import address_of
from gridmgr.desk.lists import paging
from gridmgr.errors import DomainError
from gridmgr.geo.datums import datum_named, zones
from gridmgr.intake import shelf
from gridmgr.intake.candidates import Candidate, candidates_of
from gridmgr.intake.changes import MOST_LISTED
from gridmgr.intake.models import Import, State
from gridmgr.layers.maps import Bounds, MapParts, page_map
from gridmgr.layers.sheets import FORMULA
from grids.layers import ROADS

PAGE_ROWS = 50
OUTCOME_WORDS = {
    "created": gettext_lazy("新增"),
    "updated": gettext_lazy("改动"),
    "unchanged": gettext_lazy("不变"),
    "removed": gettext_lazy("删除"),
    "refused": gettext_lazy("被拒绝"),
}
TEMPLATES = {State.UPLOADED: "datum", State.PREVIEWED: "preview", State.REFUSED: "refused"}


def template_of(record: Import) -> str:
    """The page of the step at which the import is; "waiting" while a worker has yet to read the file."""
    if record.state == State.UPLOADED and not record.rows:
        return "waiting"
    return TEMPLATES.get(State(record.state), "result")


def context_of(request: HttpRequest, record: Import) -> dict[str, Any]:
    """What every step shows, and what this one shows beside."""
    layer = layer_named(record.layer)
    context = {
        "record": record,
        "layer": layer,
        "datum": datum_words(record),
        "counts": [
            (word, record.counts.get(name, 0)) for name, word in OUTCOME_WORDS.items() if name != "removed"
        ],
        "list_url": address_of(layer.name),
    }
    more = {"datum": _datum_step, "preview": _preview_step}.get(template_of(record))
    return context | (more(request, record) if more else {})


def line_of(record: Import) -> dict[str, Any]:
    """One import as a line of the list."""
    said = [
        f"{word} {record.counts[name]}" for name, word in OUTCOME_WORDS.items() if record.counts.get(name)
    ]
    return {"record": record, "layer": layer_named(record.layer).title, "counts": _("、").join(said) or "—"}


def datum_words(record: Import) -> str:
    """The datum as people read it; '' for a file without places."""
    try:
        return str(datum_named(record.datum)) if record.datum else ""
    except DomainError:
        return str(record.datum)  # a CRS that has no code


# ── Datum ─────────────────────────────────────────────────────────────────────────────────────────────────


def _datum_step(request: HttpRequest, record: Import) -> dict[str, Any]:
    frame = shelf.frame_of(record.pk)
    found = candidates_of(frame)
    return {
        "candidates": found,
        "drawn": [each.as_dict() for each in found],
        "by_default": frame.datum if frame.by_default else None,
        "others": zones(),
        "map": _road_map(request, _bounds([each for each in found if each.fit.used])),
    }


def _bounds(found: Sequence[Candidate]) -> Bounds | None:
    """The box of all candidates' places, without the few that lie far off."""
    places = np.array([place for each in found for place in each.places])
    if not len(places):
        return None
    (south, west), (north, east) = np.percentile(places, [2, 98], axis=0).tolist()
    return west, south, east, north


def _road_map(request: HttpRequest, bounds: Bounds | None) -> MapParts:
    return page_map(request, layers=[ROADS], backdrop=BACKDROP, bounds=bounds)


# ── Preview ───────────────────────────────────────────────────────────────────────────────────────────────


def _preview_step(request: HttpRequest, record: Import) -> dict[str, Any]:
    lists = shelf.lists_of(record.pk)
    totals = {**record.report.get("total", {}), "refused": record.counts.get("refused", 0)}
    offered = [name for name in OUTCOME_WORDS if totals.get(name)]
    shown = request.GET.get("show", "")
    shown = shown if shown in offered else next(iter(offered), "")
    page = Paginator(lists.get(shown, []), PAGE_ROWS).get_page(request.GET.get("page"))
    return {
        "tabs": [
            {"name": name, "title": OUTCOME_WORDS[name], "count": totals[name], "current": name == shown}
            for name in offered
        ],
        "shown": shown,
        "rows": _labelled(record, list(page.object_list)) if shown == "refused" else page.object_list,
        "page": page,
        "pages": paging(page, request.GET),
        "unlisted": totals.get(shown, 0) - page.paginator.count,
        "writable": record.report.get("writable"),
        "will_write": record.counts.get("created", 0) + record.counts.get("updated", 0),
        "drawn_most": MOST_LISTED,
        "map": _changes_map(request, record),
        "changes_url": reverse("data-changes", args=[record.pk]),
    }


def _labelled(record: Import, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Refused rows with their field as people call it."""
    labels = labels_of_layer(record.layer)
    return [{**row, "label": str(labels.get(row["field"], row["field"]))} for row in rows]


def _changes_map(request: HttpRequest, record: Import) -> MapParts | None:
    bounds = record.report.get("bounds")
    return _road_map(request, tuple(bounds)) if bounds else None


# ── Files ─────────────────────────────────────────────────────────────────────────────────────────────────


def as_json(content: Any, content_type: str = "application/json") -> JsonResponse:
    response = JsonResponse(
        content, safe=False, content_type=content_type, json_dumps_params={"ensure_ascii": False}
    )
    response["Cache-Control"] = "private, no-store"
    return response


def refused_file(rows: Sequence[dict[str, Any]], name: str, suffix: str) -> HttpResponse:
    """Refused rows for another program, or for a sheet in which no text becomes a formula."""
    answer = (
        as_json(list(rows))
        if suffix == "json"
        else HttpResponse(_as_csv(rows), content_type="text/csv; charset=utf-8")
    )
    answer["Content-Disposition"] = content_disposition_header(True, name)
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _as_csv(rows: Sequence[dict[str, Any]]) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow([_("行"), _("编号"), _("字段"), _("值"), _("原因")])
    for row in rows:
        cells = [str(row[name]) for name in ("row", "ref", "field", "value", "reason")]
        writer.writerow([f"'{cell}" if FORMULA.match(cell) else cell for cell in cells])
    return stream.getvalue().encode("utf-8-sig")
