"""What the page of an import shows at each of its steps, and the files that hang on a preview."""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from django.core.paginator import Paginator
from django.http import HttpRequest, JsonResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gridmgr.catalog import BACKDROP, layer_named
from gridmgr.core.errors import DomainError
from gridmgr.core.geo.datums import datum_named, zones
from gridmgr.core.layers.maps import Bounds, MapParts, page_map
from gridmgr.core.layers.sheets import FORMULA
from gridmgr.core.outage import begun
from gridmgr.data_files import labels_of_layer
from gridmgr.desk.context import address_of
from gridmgr.desk.lists import paging
from gridmgr.intake import shelf
from gridmgr.intake.candidates import Candidate, candidates_of
from gridmgr.intake.changes import MOST_DRAWN, worded
from gridmgr.intake.listing import Lines
from gridmgr.intake.models import Import, State
from grids.layers import ROADS

PAGE_ROWS = 50
CHUNK = 64 * 1024  # characters of a file that are sent at a time
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
    more = {"datum": _datum_step, "preview": _preview_step, "result": _result_step}.get(template_of(record))
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
    totals = {**record.report.get("total", {}), "refused": record.counts.get("refused", 0)}
    offered = [name for name in OUTCOME_WORDS if totals.get(name)]
    shown = request.GET.get("show", "")
    shown = shown if shown in offered else next(iter(offered), "")
    sought = request.GET.get("q", "").strip()
    lines = (
        refused_of(record, sought)
        if shown == "refused"
        else Lines(shelf.changes_of(record.pk), shown, sought)
    )
    page = Paginator(lines, PAGE_ROWS).get_page(request.GET.get("page"))
    return {
        "tabs": [
            {"name": name, "title": OUTCOME_WORDS[name], "count": totals[name], "current": name == shown}
            for name in offered
        ],
        "shown": shown,
        "sought": sought,
        "searchable": totals.get(shown, 0) > PAGE_ROWS or sought,
        "rows": _said(record, shown, list(page.object_list)),
        "page": page,
        "pages": [
            {**each, "url": each["url"] and f"{each['url']}#rows"} for each in paging(page, request.GET)
        ],
        "writable": record.report.get("writable"),
        "will_write": record.counts.get("created", 0) + record.counts.get("updated", 0),
        "drawn_most": MOST_DRAWN,
        "map": _changes_map(request, record),
        "changes_url": reverse("data-changes", args=[record.pk]),
    }


def _said(record: Import, shown: str, lines: list[Any]) -> list[Any]:
    if shown == "refused":
        return list(labelled(record, lines))
    return list(worded(lines, shelf.changes_of(record.pk)))


def refused_of(record: Import, sought: str = "") -> Sequence[dict[str, Any]]:
    """Every refused row while they are kept, afterwards the first of them."""
    lines = Lines(shelf.refused_of(record.pk), "refused", sought)
    return lines if shelf.refused_of(record.pk).is_file() else record.report.get("refused", [])


def labelled(record: Import, rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Refused rows with their field as people call it."""
    labels = labels_of_layer(record.layer)
    for row in rows:
        yield {**row, "label": str(labels.get(row["field"], row["field"]))}


def _changes_map(request: HttpRequest, record: Import) -> MapParts | None:
    bounds = record.report.get("bounds")
    return _road_map(request, tuple(bounds)) if bounds else None


def _result_step(_request: HttpRequest, record: Import) -> dict[str, Any]:
    kept = len(refused_of(record)) if record.counts.get("refused") else 0
    of_register = record.report.get("rows", [])
    return {
        "refused_kept": kept,
        "refused_all": kept == record.counts.get("refused", 0),
        "told_refused": [row for row in of_register if row["outcome"] == "refused"],
    }


# ── Files ─────────────────────────────────────────────────────────────────────────────────────────────────


def as_json(content: Any, content_type: str = "application/json") -> JsonResponse:
    response = JsonResponse(
        content, safe=False, content_type=content_type, json_dumps_params={"ensure_ascii": False}
    )
    response["Cache-Control"] = "private, no-store"
    return response


def refused_file(record: Import, suffix: str) -> StreamingHttpResponse:
    """Refused rows for another program, or for a sheet in which no text becomes a formula; not held in memory."""
    rows = refused_of(record)
    content, kind = (
        (_as_json(rows), "application/json")
        if suffix == "json"
        else (_as_csv(_heads(), labelled(record, rows)), "text/csv; charset=utf-8")
    )
    name = f"{Path(record.file_name).stem}-{_('被拒绝')}.{suffix}"
    answer = StreamingHttpResponse(begun(content), content_type=kind)
    answer["Content-Disposition"] = content_disposition_header(True, name)
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-store"
    return answer


def _as_json(rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    before = b"["
    for row in rows:
        yield before + orjson.dumps(row)
        before = b",\n"
    yield b"]" if before != b"[" else b"[]"


def _heads() -> list[str]:
    return [_("行"), _("编号"), _("字段"), _("值"), _("原因")]


def _as_csv(heads: Sequence[str], rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(heads)
    yield codecs.BOM_UTF8
    for row in rows:
        cells = [str(row[name]) for name in ("row", "ref", "label", "value", "reason")]
        writer.writerow([f"'{cell}" if FORMULA.match(cell) else cell for cell in cells])
        if stream.tell() > CHUNK:
            yield stream.getvalue().encode()
            stream.seek(0)
            stream.truncate()
    yield stream.getvalue().encode()
