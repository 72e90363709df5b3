"""One search box over everything that has a name or a number, scoped to what its reader may see."""

import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import date
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

from gridmgr.core.accounts.audience import Audience, audience_of
from gridmgr.core.geo.crs import WGS84
from gridmgr.desk.context import address_of
from gridmgr.desk.lists import QUERY_MOST
from grids import enums
from grids.models import Branch, Member, Road
from parking.enums import IN_USE as BAY_IN_USE
from parking.enums import BayKind, BayState, SchoolKind
from parking.models import Bay, DropOffPoint, School
from vendors.enums import SiteKind
from vendors.models import Site
from vendors.status import SiteStatus, in_use, status_on

SUGGESTED = 10
SHOWN_OF_A_KIND = 20
# Between two choices in one subtitle.
AND = "|"

Choices = Iterable[tuple[str, Any]]


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
    """One kind of thing that can be found.

    `exact` lookups must equal the words, `holds` lookups contain them. The subtitle is `subtitle` in SQL, or what it
    makes of the day, put into words by `choices` when it is a stored choice, or several with `AND` between; `says_kind`
    puts the kind before it. `route` with the value of `key` is the page.
    """

    kind: str
    word: Any
    rows: Callable[[Audience, date], QuerySet[Any]]
    title: Any
    subtitle: Any
    geometry: str
    route: str
    key: str
    holds: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()
    choices: Choices = ()
    says_kind: bool = True

    def matching(self, words: str) -> Q:
        either = Q()
        for name in self.holds:
            either |= Q(**{f"{name}__icontains": words})
        for name in self.exact:
            either |= Q(**{f"{name}__in": [words, words.upper()]})
        return either

    def hits(self, words: str, audience: Audience, on: date, most: int) -> QuerySet[Any]:
        """The best `most` rows as (place in the order, kind, title, subtitle, key, box): whole, beginning, within."""
        box = Func(Transform(Envelope(F(self.geometry)), WGS84), function="Box2D", output_field=TextField())
        first = (self.holds or self.exact)[0]
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
                s_title=Cast(self.title, TextField()),
                s_subtitle=Cast(self.subtitle(on) if callable(self.subtitle) else self.subtitle, TextField()),
                s_key=Cast(self.key, TextField()),
                s_box=Cast(box, TextField()),
            )
            .order_by("s_rank", "s_title", "pk")
            .values_list("s_rank", "s_kind", "s_title", "s_subtitle", "s_key", "s_box")[:most]
        )


def _and_unless(name: str, condition: Q, more: Any) -> Concat:
    """What `name` says, and `more` where the condition isn't met: of a site that isn't in use, what it is."""
    and_more = Concat(Value(AND), Cast(more, TextField()), output_field=TextField())
    rest = Case(When(condition, then=Value("")), default=and_more, output_field=TextField())
    return Concat(Cast(name, TextField()), rest, output_field=TextField())


SOURCES = {
    source.kind: source
    for source in (
        Source(
            "roads",
            _("道路"),
            lambda audience, on: Road.objects.visible_to(audience, on=on),
            title="name",
            subtitle="road_class",
            geometry="reference_line",
            route="road",
            key="pk",
            holds=("name", "name_en"),
            choices=enums.RoadClass.choices,
        ),
        Source(
            "branches",
            _("网格支部"),
            lambda audience, on: Branch.objects.visible_to(audience, on=on),
            title=Concat("code", Value(" "), "name", output_field=CharField()),
            subtitle=Value(""),
            geometry="area",
            route="branch",
            key="code",
            holds=("name", "code", "name_en"),
        ),
        Source(
            "sites",
            _("摊点与瓜果市场"),
            lambda audience, on: Site.objects.standing().visible_to(audience, on=on),
            title="name",
            subtitle=lambda on: _and_unless("kind", in_use(on), status_on(on)),
            geometry="area",
            route="site",
            key="code",
            holds=("name", "code", "name_en"),
            choices=[*SiteKind.choices, *SiteStatus.choices],
            says_kind=False,
        ),
        Source(
            "schools",
            _("学校"),
            lambda audience, on: School.objects.visible_to(audience, on=on),
            title="name",
            subtitle="kind",
            geometry="area",
            route="school",
            key="pk",
            holds=("name",),
            choices=SchoolKind.choices,
        ),
        Source(
            "drop-off-points",
            _("上下学接送点"),
            lambda audience, on: DropOffPoint.objects.visible_to(audience, on=on),
            title="code",
            subtitle="school__name",
            geometry="area",
            route="drop-off-point",
            key="code",
            holds=("code", "school__name"),
        ),
        Source(
            "bays",
            _("停车泊位"),
            lambda audience, on: Bay.objects.standing().visible_to(audience, on=on),
            title="number",
            subtitle=lambda on: _and_unless("kind", Q(state=BAY_IN_USE), F("state")),
            geometry="area",
            route="bay",
            key="number",
            exact=("number",),
            choices=[*BayKind.choices, *BayState.choices],
        ),
        Source(
            "members",
            _("党员"),
            lambda audience, on: Member.objects.serving().visible_to(audience, on=on),
            title="name",
            subtitle=Concat("branch__code", Value(" "), "branch__name", output_field=CharField()),
            geometry="branch__area",
            route="branch",
            key="branch__code",
            holds=("name",),
        ),
    )
}


def find(words: str, audience: Audience, on: date, *, most: int) -> list[Found]:
    """What bears `words` in its name or number, at most `most` of a kind, kind by kind. One query."""
    words = words.strip()[:QUERY_MOST]
    if not words or "\x00" in words:
        return []
    queries = [source.hits(words, audience, on, most) for source in SOURCES.values()]
    places = list(SOURCES)
    hits = sorted(
        queries[0].union(*queries[1:], all=True), key=lambda hit: (places.index(hit[1]), hit[0], hit[2])
    )
    return [_found(*hit[1:]) for hit in hits]


def suggestions(words: str, audience: Audience, on: date) -> list[Found]:
    """At most ten hits: those that begin with the words before the others, and some of every kind."""
    hits = find(words, audience, on, most=SUGGESTED)
    share = dict.fromkeys(SOURCES, 0)
    ranked: list[tuple[int, int, Found]] = []
    for index, hit in enumerate(hits):
        ranked.append((share[hit.kind] // 3, index, hit))
        share[hit.kind] += 1
    return [hit for _round, _index, hit in sorted(ranked, key=lambda each: each[:2])[:SUGGESTED]]


def _found(kind: str, title: str, subtitle: str | None, key: str, box: str | None) -> Found:
    source = SOURCES[kind]
    words = subtitle or ""
    if source.choices:
        words = " · ".join(str(dict(source.choices).get(each, each)) for each in words.split(AND))
    detail = " · ".join(
        part for part in (str(source.word) if source.says_kind or not words else "", words) if part
    )
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
    groups = [(SOURCES[kind], list(hits)) for kind, hits in groupby(found, key=lambda hit: hit.kind)]
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
