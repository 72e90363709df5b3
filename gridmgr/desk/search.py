"""One search box over everything that has a name or a number, scoped to what its reader may see."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from itertools import groupby
from typing import Any

from django.contrib.gis.db.models.functions import Envelope, Transform
from django.db.models import Case, CharField, F, Func, IntegerField, Q, QuerySet, TextField, Value, When
from django.db.models.functions import Cast, Concat
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from gridmgr.catalog import LAYERS
from gridmgr.core.accounts.audience import Audience, audience_of
from gridmgr.core.geo.crs import WGS84
from gridmgr.core.layers.base import Layer
from gridmgr.core.layers.declared import AND, Finding, Rows, Text
from gridmgr.desk.context import address_of
from gridmgr.desk.filters import QUERY_MOST
from grids.models import Member

SUGGESTED = 10
SHOWN_OF_A_KIND = 20


@dataclass(frozen=True)
class Found:
    """One hit. `bbox` is west, south, east, north in degrees; (lon, lat) its middle."""

    kind: str
    title: str
    subtitle: str
    url: str
    lon: float | None = None
    lat: float | None = None
    bbox: list[float] | None = None


@dataclass(frozen=True)
class Source:
    """One kind of thing that can be found; `route` with the value of `key` is its page."""

    kind: str
    word: Text
    rows: Rows
    geometry: str
    route: str
    key: str
    found: Finding

    def matching(self, words: str) -> Q:
        either = Q()
        for name in self.found.holds:
            either |= Q(**{f"{name}__icontains": words})
        for name in self.found.exact:
            either |= Q(**{f"{name}__in": [words, words.upper()]})
        return either

    def hits(self, words: str, audience: Audience, on: date, most: int) -> QuerySet[Any]:
        """The best `most` rows as (place in the order, kind, title, subtitle, key, box): whole, beginning, within."""
        box = Func(Transform(Envelope(F(self.geometry)), WGS84), function="Box2D", output_field=TextField())
        first, subtitle = (self.found.holds or self.found.exact)[0], self.found.subtitle
        return (
            self.rows(audience, on)
            .filter(self.matching(words))
            .annotate(
                s_rank=Case(
                    When(**{f"{first}__iexact": words}, then=Value(0)),
                    When(**{f"{first}__istartswith": words}, then=Value(1)),
                    default=Value(2),
                    output_field=IntegerField(),
                ),
                s_kind=Value(self.kind, output_field=TextField()),
                s_title=Cast(self.found.title, TextField()),
                s_subtitle=Cast(subtitle(on) if callable(subtitle) else subtitle, TextField()),
                s_key=Cast(self.key, TextField()),
                s_box=Cast(box, TextField()),
            )
            .order_by("s_rank", "s_title", "pk")
            .values_list("s_rank", "s_kind", "s_title", "s_subtitle", "s_key", "s_box")[:most]
        )


MEMBERS = Source(
    "members",
    _("党员"),
    lambda audience, on: Member.objects.serving().visible_to(audience, on=on),
    geometry="branch__area",
    route="branch",
    key="branch__code",
    found=Finding(
        title="name",
        subtitle=Concat("branch__code", Value(" "), "branch__name", output_field=CharField()),
        holds=["name"],
    ),
)


def _source(layer: Layer, found: Finding) -> Source:
    word = found.word or layer.title
    return Source(layer.name, word, found.rows or layer.rows, layer.geometry, layer.route, layer.key, found)


@cache
def sources() -> Mapping[str, Source]:
    """All that can be found: what layers declare, in the order in which people ask for them, and people."""
    ranked = sorted(LAYERS, key=lambda layer: layer.rank)
    found = [_source(layer, layer.found) for layer in ranked if layer.found]
    return {source.kind: source for source in [*found, MEMBERS]}


def find(words: str, audience: Audience, on: date, *, most: int) -> list[Found]:
    """What bears `words` in its name or number, at most `most` of a kind, kind by kind. One query."""
    words = words.strip()[:QUERY_MOST]
    if not words or "\x00" in words:
        return []
    queries = [source.hits(words, audience, on, most) for source in sources().values()]
    places = list(sources())
    hits = sorted(
        queries[0].union(*queries[1:], all=True), key=lambda hit: (places.index(hit[1]), hit[0], hit[2])
    )
    return [_found(*hit[1:]) for hit in hits]


def suggestions(words: str, audience: Audience, on: date) -> list[Found]:
    """At most ten hits: those that begin with the words before the others, and some of every kind."""
    hits = find(words, audience, on, most=SUGGESTED)
    share = dict.fromkeys(sources(), 0)
    ranked: list[tuple[int, int, Found]] = []
    for index, hit in enumerate(hits):
        ranked.append((share[hit.kind] // 3, index, hit))
        share[hit.kind] += 1
    return [hit for _round, _index, hit in sorted(ranked, key=lambda each: each[:2])[:SUGGESTED]]


def _found(kind: str, title: str, subtitle: str | None, key: str, box: str | None) -> Found:
    source, finding = sources()[kind], sources()[kind].found
    words = subtitle or ""
    if finding.choices:
        words = " · ".join(str(dict(finding.choices).get(each, each)) for each in words.split(AND))
    word = str(source.word) if finding.says_kind or not words else ""
    detail = " · ".join(part for part in (word, words) if part)
    bbox = [round(float(number), 6) for number in re.findall(r"-?[\d.]+(?:e-?\d+)?", box or "")]
    if len(bbox) != 4:
        return Found(kind, title, detail, address_of(source.route, key))
    lon, lat = round((bbox[0] + bbox[2]) / 2, 6), round((bbox[1] + bbox[3]) / 2, 6)
    return Found(kind, title, detail, address_of(source.route, key), lon, lat, bbox)


@require_GET
def results(request: HttpRequest) -> HttpResponse:
    """`/search/?q=`: hits by kind; JSON when the client asks for it."""
    if "application/json" in request.headers.get("Accept", ""):
        return suggest(request)
    words = request.GET.get("q", "")
    found = find(words, audience_of(request.user), timezone.localdate(), most=SHOWN_OF_A_KIND)
    groups = [(sources()[kind], list(hits)) for kind, hits in groupby(found, key=lambda hit: hit.kind)]
    context = {"q": words[:QUERY_MOST], "groups": groups, "found": len(found), "most": SHOWN_OF_A_KIND}
    return render(request, "desk/search.html", context)


@require_GET
def suggest(request: HttpRequest) -> JsonResponse:
    """`/search/suggest?q=`: at most ten hits as JSON."""
    found = suggestions(request.GET.get("q", ""), audience_of(request.user), timezone.localdate())
    response = JsonResponse(
        [asdict(hit) for hit in found], safe=False, json_dumps_params={"ensure_ascii": False}
    )
    response["Cache-Control"] = "private, no-store"
    return response
