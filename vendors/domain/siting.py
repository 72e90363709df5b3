"""May a place stand where it is? Each rule of the day says yes or no, by how many metres, and because of what.

Distances are metric and to the edge of the place. One place or ten thousand take the same few SQL statements:
one for the rules, one for all that has a distance, one for other uses of the kerb, one for footways.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

import numpy as np
import shapely
from django.db import connection
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from psycopg2.extras import DateRange
from shapely import LineString

from gridmgr import quantities
from gridmgr.accounts.audience import Audience
from grids.domain.network import ROAD_CLASSES
from grids.enums import RoadClass
from grids.models import SRID
from parking.models import CalendarDay
from vendors import functions
from vendors.domain.occupation import Occupation, daily, on_school_days
from vendors.domain.place import Place
from vendors.enums import AppliesTo, Check, Severity, SiteKind, SiteState, Target
from vendors.models import Override, PlacementRule

# Two things may touch: what overlaps by less than this does not count as standing on one another.
TOUCH_M = 0.02
# What is measured and what is required may differ by the last digit of a coordinate.
TOLERANCE_M = 0.001
# How far around a place is looked for what a rule measures to, as a multiple of what it requires, and at least.
SEARCH_TIMES, SEARCH_LEAST_M = 3.0, 200.0

MAIN_HIGHWAYS = sorted(
    word for word, kind in ROAD_CLASSES.items() if kind in (RoadClass.ARTERIAL, RoadClass.SECONDARY)
)
MEASURED = (Check.DISTANCE, Check.OFF)


class Judgement(StrEnum):
    """What a rule says of a place. DUE: must be done before the place opens. UNKNOWN: there are no data to judge by."""

    HOLDS = "holds"
    BROKEN = "broken"
    DUE = "due"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Culprit:
    """What breaks a rule or is nearest to breaking it: label, page ('' when it has none), shape in metres.

    `gap` is the shortest line from the place to it, None where they meet; `more` is how many others break the rule too.
    """

    label: str
    link: str
    geometry: shapely.Geometry | None
    gap: LineString | None = None
    more: int = 0


@dataclass(frozen=True)
class Verdict:
    """What one rule says of one place. `found` and `required` are in metres, or square metres for areas.

    `found` is None when nothing lies within `searched` metres, or when the rule has no figure.
    """

    rule: PlacementRule
    judgement: Judgement
    found: float | None = None
    required: float | None = None
    culprit: Culprit | None = None
    missing: Sequence[str] = ()
    searched: float = 0.0

    @property
    def broken(self) -> bool:
        return self.judgement == Judgement.BROKEN

    @property
    def is_hard(self) -> bool:
        return self.rule.severity == Severity.HARD

    @property
    def severity(self) -> str:
        return self.rule.severity

    @property
    def clause(self) -> str:
        """The rule's source clause in the reader's language."""
        chinese = (get_language() or "zh").startswith("zh")
        return self.rule.clause if chinese or not self.rule.clause_en else self.rule.clause_en

    @property
    def sentence(self) -> str:
        """What is found and what is required, in words, in the reader's language."""
        words = _SENTENCES[Check(self.rule.check_kind)](self)
        return _("%(words)s(%(clause)s)") % {"words": words, "clause": self.clause}


class Violation(Verdict):
    """A verdict that the rule is broken."""


def rules_of(on: date) -> list[PlacementRule]:
    """The rules of the profile in use that are valid on that day, hard ones first. One query."""
    rules = PlacementRule.objects.filter(profile__in_use=True, valid__contains=on)
    return sorted(rules, key=lambda rule: (rule.severity != Severity.HARD, rule.pk))


def evaluate(place: Place, *, on: date, audience: Audience | None = None) -> list[Violation]:
    """The rules of the day `on` that the place breaks, hard ones first; empty when it may stand there.

    For an `audience` that does not see everything, the culprits come without links.
    """
    return [
        verdict for verdict in verdicts(place, on=on, audience=audience) if isinstance(verdict, Violation)
    ]


def verdicts(place: Place, *, on: date, audience: Audience | None = None) -> list[Verdict]:
    """What every rule of the day `on` that applies to the place says of it, with the metres found. Five statements at most."""
    judged = judge([place], on=on, rules=rules_of(on), search=True)[0]
    return judged if audience is None or audience.sees_all else [_without_link(verdict) for verdict in judged]


def judge(
    places: Sequence[Place], *, on: date, rules: Sequence[PlacementRule], search: bool = False
) -> list[list[Verdict]]:
    """What each of `rules` that applies says of each place, in the order of the rules. Four statements at most, however many places.

    With `search` the distance to the nearest target is told beyond what is required too (SEARCH_TIMES as far).
    """
    survey = _Survey(places, rules, on, search)
    survey.measure()
    survey.look_under()
    survey.look_at_footways()
    return [
        [survey.verdict(n, r) for r, rule in enumerate(rules) if applies(rule, place)]
        for n, place in enumerate(places)
    ]


def applies(rule: PlacementRule, place: Place) -> bool:
    """Whether the rule speaks of such a place. A rule for pitches speaks of a stall site's pitches: small stalls."""
    if rule.applies_to == AppliesTo.PITCH:
        return place.kind == SiteKind.STALL
    return rule.applies_to in (AppliesTo.SITE, place.kind)


def covered(violation: Verdict, overrides: Iterable[Override]) -> bool:
    """Whether an approved override speaks of this violation: same rule, found no worse and required no more than then."""
    return any(
        override.rule_code == violation.rule.code
        and (violation.found is None or override.found is None or violation.found >= override.found - 0.5)
        and (
            violation.required is None or override.required is None or violation.required <= override.required
        )
        for override in overrides
    )


def reach_of(rule: PlacementRule, *, search: bool) -> float:
    """How far around a place a rule looks, in metres."""
    required = rule.amount or 0.0
    return max(SEARCH_TIMES * required, SEARCH_LEAST_M) if search else required


def inside_of(area: shapely.Geometry) -> shapely.Geometry:
    """The area without its outermost TOUCH_M, so that neighbours who share an edge are not on one another."""
    inner = shapely.buffer(area, -TOUCH_M, join_style="mitre")
    return (
        np.where(shapely.is_empty(inner), area, inner)
        if isinstance(area, np.ndarray)
        else (area if inner.is_empty else inner)
    )


def as_ewkb(shapes: Sequence[shapely.Geometry] | np.ndarray) -> list[str]:
    """The shapes as PostGIS reads them from text, with the city's SRID."""
    return list(shapely.to_wkb(shapely.set_srid(list(shapes), SRID), hex=True, include_srid=True))


# ── Looking around ────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class _Survey:
    """What the statements found around the places: by (place, rule) the nearest target, by place kerb uses and footways."""

    places: Sequence[Place]
    rules: Sequence[PlacementRule]
    on: date
    search: bool
    nearest: dict[tuple[int, int], tuple[Any, ...]] = field(default_factory=dict)
    uses: dict[int, list["KerbUse"]] = field(default_factory=lambda: defaultdict(list))
    footways: dict[int, list[tuple[Any, ...]]] = field(default_factory=lambda: defaultdict(list))
    _words: dict[str, tuple[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.areas = np.array([place.area for place in self.places], dtype=object)
        self.ewkb = as_ewkb(self.areas)
        self.inner_ewkb = as_ewkb(inside_of(self.areas)) if len(self.areas) else []

    def measure(self) -> None:
        """The nearest target for each rule that measures a distance, one statement for all rules and places."""
        chosen = [
            (r, rule)
            for r, rule in enumerate(self.rules)
            if rule.check_kind in MEASURED and rule.target in _MEASURABLE
        ]
        if not chosen or not self.places:
            return
        rows = _rows(
            functions.nearest_targets(),
            {
                "n": list(range(len(self.places))),
                "kind": [str(place.kind) for place in self.places],
                "area": self.ewkb,
                "inner": self.inner_ewkb,
                "r": [r for r, _rule in chosen],
                "applies_to": [_of_kind(rule) for _r, rule in chosen],
                "target": [rule.target for _r, rule in chosen],
                "off": [rule.check_kind == Check.OFF for _r, rule in chosen],
                "radius": [reach_of(rule, search=self.search) for _r, rule in chosen],
                "highways": MAIN_HIGHWAYS,
            },
        )
        self.nearest = {(n, r): tuple(rest) for n, r, *rest in rows}

    def look_under(self) -> None:
        """Other uses of the ground of the places, in hours in which they use it too."""
        asked = self._asked(Check.FREE_KERB)
        if not asked:
            return
        rows = _rows(
            functions.kerb_uses_under(),
            {
                "n": asked,
                "own": [self.places[n].site_id for n in asked],
                "inner": [self.inner_ewkb[n] for n in asked],
            },
        )
        calendar = SchoolCalendar()
        occupations = {n: occupation_of(self.places[n]) for n in asked}
        for n, *rest in rows:
            use = KerbUse.read(rest)
            if occupations[n].meets(use.occupation, since=self.on, is_school_day=calendar.is_school_day):
                self.uses[n].append(use)

    def look_at_footways(self) -> None:
        """The footways on which the places stand."""
        asked = self._asked(Check.CLEAR_WIDTH)
        if not asked:
            return
        rows = _rows(functions.footways_under(), {"n": asked, "area": [self.ewkb[n] for n in asked]})
        for n, *rest in rows:
            self.footways[n].append(tuple(rest))

    def _asked(self, check: Check) -> list[int]:
        rules = [rule for rule in self.rules if rule.check_kind == check]
        return [n for n, place in enumerate(self.places) if any(applies(rule, place) for rule in rules)]

    def named(self, rule: PlacementRule, name: str) -> str:
        """ "路口(新建路 × 府东街)": what a rule measures to, with its name when it has one."""
        if rule.target not in self._words:
            # Translating takes longer than all else that is done for a place; the words are the same for all.
            self._words[rule.target] = str(Target(rule.target).label), _("%(what)s(%(name)s)")
        what, pattern = self._words[rule.target]
        return pattern % {"what": what, "name": name} if name else what

    def verdict(self, n: int, r: int) -> Verdict:
        """What the r-th rule says of the n-th place, from what was found."""
        return _JUDGES[Check(self.rules[r].check_kind)](self, n, r)


_MEASURABLE = {*Target.values} - {Target.KERB_USE, Target.ITSELF, Target.FOOTWAY}


def _of_kind(rule: PlacementRule) -> str:
    """The kind of site that a rule speaks of, or `site` for both."""
    return SiteKind.STALL if rule.applies_to == AppliesTo.PITCH else rule.applies_to


def _rows(sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


@dataclass(frozen=True)
class KerbUse:
    """Something else that takes ground at a kerb: a site, a bay, a drop-off point or a Panda lane, and when."""

    what: str
    id: int
    key: str
    label: str
    occupation: Occupation
    shape: shapely.Geometry

    @classmethod
    def read(cls, row: Sequence[Any]) -> "KerbUse":
        """From a row of `functions.kerb_uses_under`, without its first column."""
        what, pk, key, label, first, end, opens, closes, school, shape = row
        if school:
            occupation = on_school_days(list(zip(opens, closes, strict=True)))
        else:
            season = None if first is None and end is None else DateRange(first, end)
            occupation = daily(opens[0] if opens else None, closes[0] if closes else None, season)
        return cls(what, pk, key, label, occupation, _from_wkb(shape))

    @property
    def ground(self) -> shapely.Geometry:
        """The area it takes; a Panda lane is stored as a line."""
        return self.shape.buffer(functions.PANDA_LANE_HALF_M) if self.what == "lane" else self.shape

    def culprit(self, more: int) -> Culprit:
        name = {"site": _("摊点"), "bay": _("停车泊位"), "drop_off": _("接送点"), "lane": _("“熊猫”通道")}[
            self.what
        ]
        route = {"site": "site", "bay": "bay", "drop_off": "drop-off-point", "lane": "panda-lane"}[self.what]
        key = self.id if self.what == "lane" else self.key
        return Culprit(f"{name} {self.label}", reverse(route, args=[key]), self.shape, more=more)


def occupation_of(place: Place) -> Occupation:
    """When the place uses its ground."""
    return daily(place.opens, place.closes, place.season)


class SchoolCalendar:
    """Which days are school days. One query at the first question, none before."""

    def __init__(self) -> None:
        self._said: dict[date, bool] | None = None

    def is_school_day(self, day: date) -> bool:
        """Monday to Friday, unless the calendar says otherwise."""
        if self._said is None:
            self._said = dict(CalendarDay.objects.values_list("day", "is_school_day"))
        return self._said.get(day, day.weekday() < 5)


# ── Judging ───────────────────────────────────────────────────────────────────────────────────────────────


def _verdict(rule: PlacementRule, broken: bool, **values: Any) -> Verdict:
    if broken:
        return Violation(rule, Judgement.BROKEN, **values)
    return Verdict(rule, Judgement.HOLDS, **values)


def _judge_distance(survey: _Survey, n: int, r: int) -> Verdict:
    rule = survey.rules[r]
    reach = reach_of(rule, search=survey.search)
    hit = survey.nearest.get((n, r))
    if hit is None:
        return _verdict(rule, False, required=rule.amount, searched=reach)
    culprit, found = _target(survey, n, rule, hit), float(hit[2])
    broken = found < (rule.amount or 0.0) - TOLERANCE_M
    return _verdict(rule, broken, found=found, required=rule.amount, culprit=culprit, searched=reach)


def _judge_off(survey: _Survey, n: int, r: int) -> Verdict:
    rule = survey.rules[r]
    hit = survey.nearest.get((n, r))
    if hit is None:
        return _verdict(rule, False, searched=reach_of(rule, search=survey.search))
    found = float(hit[2])
    return _verdict(rule, found <= 0, found=found, culprit=_target(survey, n, rule, hit))


def _target(survey: _Survey, n: int, rule: PlacementRule, hit: tuple[Any, ...]) -> Culprit:
    pk, label, metres, shape = hit
    geometry = _from_wkb(shape)
    link = reverse("school", args=[pk]) if rule.target == Target.SCHOOL_GATE else ""
    gap = shapely.shortest_line(survey.areas[n], geometry) if metres > 0 else None
    return Culprit(survey.named(rule, label), link, geometry, gap)


def _judge_width(survey: _Survey, n: int, r: int) -> Verdict:
    rule = survey.rules[r]
    footways = survey.footways.get(n, [])
    if not footways:
        return Verdict(rule, Judgement.UNKNOWN, required=rule.amount)
    lines = [_from_wkb(line) for _pk, _name, _width, line in footways]
    clear = [
        clear_width(survey.areas[n], line, float(row[2])) for line, row in zip(lines, footways, strict=True)
    ]
    worst = int(np.argmin(clear))
    culprit = Culprit(survey.named(rule, footways[worst][1]), "", lines[worst])
    broken = clear[worst] < (rule.amount or 0.0) - TOLERANCE_M
    return _verdict(rule, broken, found=clear[worst], required=rule.amount, culprit=culprit)


def clear_width(area: shapely.Geometry, line: shapely.Geometry, width: float) -> float:
    """The widest strip, in metres, that `area` leaves clear of a footway `width` metres wide around `line`."""
    offsets = offsets_from(line, shapely.get_coordinates(area))
    half = width / 2
    return float(np.clip(max(half - offsets.max(), offsets.min() + half), 0.0, width))


def offsets_from(line: shapely.Geometry, points: np.ndarray) -> np.ndarray:
    """How far to the left of a line each point lies, in metres, negative to the right; beyond its ends it runs on straight."""
    parts = [shapely.get_coordinates(part) for part in shapely.get_parts(line)]
    starts = np.concatenate([part[:-1] for part in parts])
    steps = np.concatenate([np.diff(part, axis=0) for part in parts])
    lengths = np.maximum(np.hypot(steps[:, 0], steps[:, 1]), 1e-9)
    along = steps / lengths[:, None]
    to_points = points[:, None, :] - starts[None, :, :]
    t = np.clip(np.einsum("psk,sk->ps", to_points, along), 0.0, lengths)
    away = to_points - t[..., None] * along
    nearest = np.argmin(np.einsum("psk,psk->ps", away, away), axis=1)
    rows = np.arange(len(points))
    direction = along[nearest]
    away = away[rows, nearest]
    return direction[:, 0] * away[:, 1] - direction[:, 1] * away[:, 0]


def _judge_area(survey: _Survey, n: int, r: int) -> Verdict:
    rule, place = survey.rules[r], survey.places[n]
    most = rule.amount or 0.0
    if rule.applies_to != AppliesTo.PITCH:
        size = float(place.area.area)
        return _verdict(rule, size > most + TOLERANCE_M, found=size, required=most)
    if not place.pitches:
        return Verdict(rule, Judgement.UNKNOWN, required=most)
    number, largest = max(place.pitches, key=lambda pitch: pitch[1].area)
    others = sum(area.area > most + TOLERANCE_M for _number, area in place.pitches) - 1
    culprit = Culprit(_("摊位 %s") % number, "", largest, more=max(others, 0))
    size = float(largest.area)
    return _verdict(rule, size > most + TOLERANCE_M, found=size, required=most, culprit=culprit)


def _judge_equipped(survey: _Survey, n: int, r: int) -> Verdict:
    rule, place = survey.rules[r], survey.places[n]
    missing = [] if place.sign_board else [_("标示牌")]
    missing += [] if place.bins >= 1 else [_("垃圾容器")]
    if missing and place.state != SiteState.OPEN:
        return Verdict(rule, Judgement.DUE, missing=missing)
    return _verdict(rule, bool(missing), missing=missing)


def _judge_free(survey: _Survey, n: int, r: int) -> Verdict:
    uses = survey.uses.get(n, [])
    if not uses:
        return _verdict(survey.rules[r], False)
    area = survey.areas[n]
    worst = max(uses, key=lambda use: (shapely.area(shapely.intersection(area, use.ground)), -use.id))
    return _verdict(survey.rules[r], True, found=0.0, culprit=worst.culprit(len(uses) - 1))


_JUDGES: dict[Check, Callable[[_Survey, int, int], Verdict]] = {
    Check.DISTANCE: _judge_distance,
    Check.OFF: _judge_off,
    Check.CLEAR_WIDTH: _judge_width,
    Check.AREA_MAX: _judge_area,
    Check.EQUIPPED: _judge_equipped,
    Check.FREE_KERB: _judge_free,
}


def _from_wkb(value: Any) -> shapely.Geometry:
    return shapely.from_wkb(bytes(value))


def _without_link(verdict: Verdict) -> Verdict:
    if verdict.culprit is None:
        return verdict
    culprit = Culprit(
        verdict.culprit.label, "", verdict.culprit.geometry, verdict.culprit.gap, verdict.culprit.more
    )
    return type(verdict)(
        verdict.rule,
        verdict.judgement,
        verdict.found,
        verdict.required,
        culprit,
        verdict.missing,
        verdict.searched,
    )


# ── Words ─────────────────────────────────────────────────────────────────────────────────────────────────


def said(value: float | None) -> str:
    """Metres as a verdict says them, rounded down: what is short of 20 m must not read as 20 m."""
    if value is None:
        return quantities.NOTHING
    return quantities.width(math.floor((value + TOLERANCE_M / 2) * 10) / 10)


def _square(value: float | None) -> str:
    return quantities.NOTHING if value is None else f"{value:.1f}".removesuffix(".0") + " m²"


def _what(verdict: Verdict) -> str:
    return verdict.culprit.label if verdict.culprit else str(Target(verdict.rule.target).label)


def _say_distance(verdict: Verdict) -> str:
    words = {"what": _what(verdict), "found": said(verdict.found), "required": said(verdict.required)}
    if verdict.broken:
        return _("距%(what)s %(found)s,要求不少于 %(required)s") % words
    if verdict.found is None:
        return _("%(reach)s 内没有%(what)s,要求不少于 %(required)s") % {
            **words,
            "reach": said(verdict.searched),
        }
    return _("距%(what)s %(found)s ≥ %(required)s") % words


def _say_off(verdict: Verdict) -> str:
    if verdict.broken:
        return _("占用%(what)s,不允许") % {"what": _what(verdict)}
    return _("不占用%(what)s") % {"what": Target(verdict.rule.target).label}


def _say_width(verdict: Verdict) -> str:
    if verdict.judgement == Judgement.UNKNOWN:
        return _("此处没有人行道数据,要求留出净宽不少于 %(required)s") % {"required": said(verdict.required)}
    words = {"what": _what(verdict), "found": said(verdict.found), "required": said(verdict.required)}
    if verdict.broken:
        return _("%(what)s只留出净宽 %(found)s,要求不少于 %(required)s") % words
    return _("%(what)s留出净宽 %(found)s ≥ %(required)s") % words


def _say_area(verdict: Verdict) -> str:
    if verdict.judgement == Judgement.UNKNOWN:
        return _("还没有摊位,要求每个不大于 %(required)s") % {"required": _square(verdict.required)}
    what = verdict.culprit.label if verdict.culprit else _("范围")
    words = {"what": what, "found": _square(verdict.found), "required": _square(verdict.required)}
    if verdict.broken:
        return _("%(what)s面积 %(found)s,要求不大于 %(required)s") % words
    return _("%(what)s面积 %(found)s ≤ %(required)s") % words


def _say_equipped(verdict: Verdict) -> str:
    if verdict.missing:
        return _("缺%(missing)s,开放前须设置") % {"missing": _("和").join(verdict.missing)}
    return _("标示牌和垃圾容器齐备")


def _say_free(verdict: Verdict) -> str:
    if verdict.culprit is None:
        return _("同一时段没有其他占用")
    if verdict.culprit.more:
        return _("与%(what)s等 %(count)s 处在同一时段重叠") % {
            "what": verdict.culprit.label,
            "count": verdict.culprit.more + 1,
        }
    return _("与%(what)s在同一时段重叠") % {"what": verdict.culprit.label}


_SENTENCES: dict[Check, Callable[[Verdict], str]] = {
    Check.DISTANCE: _say_distance,
    Check.OFF: _say_off,
    Check.CLEAR_WIDTH: _say_width,
    Check.AREA_MAX: _say_area,
    Check.EQUIPPED: _say_equipped,
    Check.FREE_KERB: _say_free,
}
