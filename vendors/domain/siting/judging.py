"""Each check, on what the survey found."""

from collections.abc import Callable
from typing import Any

import numpy as np
import shapely
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vendors.domain.siting.survey import Hit, Survey, reach_of
from vendors.domain.siting.verdict import Culprit, Judgement, Verdict, Violation
from vendors.domain.siting.words import TOLERANCE_M
from vendors.enums import AppliesTo, Check, SiteState, Target
from vendors.models import PlacementRule


def verdict_of(survey: Survey, n: int, r: int) -> Verdict:
    """What the r-th rule says of the n-th place, from what was found."""
    return _JUDGES[Check(survey.rules[r].check_kind)](survey, n, r)


def _verdict(rule: PlacementRule, broken: bool, **values: Any) -> Verdict:
    if broken:
        return Violation(rule, Judgement.BROKEN, **values)
    return Verdict(rule, Judgement.HOLDS, **values)


def _judge_distance(survey: Survey, n: int, r: int) -> Verdict:
    rule = survey.rules[r]
    reach = reach_of(rule, search=survey.search)
    hit = survey.nearest.get((n, r))
    if hit is None:
        return _verdict(rule, False, required=rule.amount, searched=reach)
    if hit.note == "level":
        return Verdict(rule, Judgement.UNKNOWN, required=rule.amount, searched=reach)
    broken = hit.metres < (rule.amount or 0.0) - TOLERANCE_M
    found = {"found": hit.metres, "required": rule.amount, "culprit": _target(survey, rule, hit)}
    return _verdict(rule, broken, **found, searched=reach, to_measure=hit.note == "width")


def _judge_off(survey: Survey, n: int, r: int) -> Verdict:
    rule = survey.rules[r]
    hit = survey.nearest.get((n, r))
    if hit is None:
        return _verdict(rule, False, searched=reach_of(rule, search=survey.search))
    if hit.note == "level":
        return Verdict(rule, Judgement.UNKNOWN)
    culprit = _target(survey, rule, hit)
    return _verdict(rule, hit.metres <= 0, found=hit.metres, culprit=culprit, to_measure=hit.note == "width")


def _target(survey: Survey, rule: PlacementRule, hit: Hit) -> Culprit:
    link = reverse("school", args=[hit.pk]) if rule.target == Target.SCHOOL_GATE else ""
    label = survey.named(rule, hit.label, hit.what)
    return Culprit(label, link, hit.shape, hit.gap if hit.metres > 0 else None)


def _judge_width(survey: Survey, n: int, r: int) -> Verdict:
    rule = survey.rules[r]
    footways = survey.footways.get(n, [])
    if not footways:
        return Verdict(rule, Judgement.UNKNOWN, required=rule.amount)
    clear = [clear_width(survey.areas[n], line, float(width)) for _pk, _name, width, line in footways]
    worst = int(np.argmin(clear))
    _pk, name, _width, line = footways[worst]
    culprit = Culprit(survey.named(rule, name), "", line)
    broken = clear[worst] < (rule.amount or 0.0) - TOLERANCE_M
    return _verdict(rule, broken, found=clear[worst], required=rule.amount, culprit=culprit)


def clear_width(area: shapely.Geometry, line: shapely.Geometry, width: float) -> float:
    """The widest strip, in metres, that `area` leaves clear of a footway `width` metres wide around `line`.

    Measured along the whole of the area's edge, for beside a bend the narrowest spot lies between two corners.
    """
    offsets = offsets_from(line, _outermost(area, line, 2 * width))
    half = width / 2
    return float(np.clip(max(half - offsets.max(), offsets.min() + half), 0.0, width))


def _outermost(area: shapely.Geometry, line: shapely.Geometry, within: float) -> np.ndarray:
    """The points of the area's edge that may be the farthest to one side of the line: its corners, and what is abreast of a bend.

    Between two corners a side is farthest or nearest where it is nearest to a vertex of the line, or crosses the line that
    halves the angle there. Vertices farther than `within` metres from the area do not matter.
    """
    corners = shapely.get_coordinates(area.exterior)
    vertices, halving = _bends(line)
    west, south, east, north = area.bounds
    near = (
        (vertices >= (west - within, south - within)) & (vertices <= (east + within, north + within))
    ).all(axis=1)
    if not near.any():
        return corners
    start, step = corners[:-1, None, :], np.diff(corners, axis=0)[:, None, :]
    to, way = vertices[near][None, :, :] - start, halving[near][None, :, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        nearest = (to * step).sum(axis=2) / (step * step).sum(axis=2)
        crossing = _cross(to, way) / _cross(step, way)
    shares = np.clip(np.nan_to_num(np.stack((nearest, crossing))), 0.0, 1.0)
    return np.concatenate((corners, (start + shares[..., None] * step).reshape(-1, 2)))


def _bends(line: shapely.Geometry) -> tuple[np.ndarray, np.ndarray]:
    """The inner vertices of a line, and for each the direction that halves the angle between its two arms."""
    xy, part = shapely.get_coordinates(shapely.get_parts(line), return_index=True)
    inner = np.flatnonzero((part[2:] == part[1:-1]) & (part[1:-1] == part[:-2])) + 1
    back, on = xy[inner - 1] - xy[inner], xy[inner + 1] - xy[inner]
    chord = (
        on / np.maximum(np.hypot(*on.T), 1e-9)[:, None] - back / np.maximum(np.hypot(*back.T), 1e-9)[:, None]
    )
    return xy[inner], np.column_stack((-chord[:, 1], chord[:, 0]))


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])


def offsets_from(line: shapely.Geometry, points: np.ndarray) -> np.ndarray:
    """How far to the left of a line each point lies, in metres, negative to the right; beyond its ends it runs on straight."""
    xy, part = shapely.get_coordinates(shapely.get_parts(line), return_index=True)
    first = np.flatnonzero(part[1:] == part[:-1])
    starts, steps = xy[first], xy[first + 1] - xy[first]
    lengths = np.maximum(np.hypot(steps[:, 0], steps[:, 1]), 1e-9)
    along = steps / lengths[:, None]
    to_points = points[:, None, :] - starts[None, :, :]
    t = np.einsum("psk,sk->ps", to_points, along)
    inside = np.clip(t, 0.0, lengths)
    away = to_points - inside[..., None] * along
    nearest = np.argmin(np.einsum("psk,psk->ps", away, away), axis=1)
    rows = np.arange(len(points))
    aside = _cross(along[nearest], away[rows, nearest])
    # Around the outside of a bend it is the vertex that is nearest; at a line's own ends the line runs on.
    ends = np.column_stack((np.diff(part[first], prepend=-1) != 0, np.diff(part[first], append=-1) != 0))
    t, length = t[rows, nearest], lengths[nearest]
    round_a_bend = (t < 0) & ~ends[nearest, 0] | (t > length) & ~ends[nearest, 1]
    return np.where(round_a_bend, np.copysign(np.hypot(*away[rows, nearest].T), aside), aside)


def _judge_area(survey: Survey, n: int, r: int) -> Verdict:
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


# Put into words when somebody reads them: of ten thousand verdicts few are.
_SIGN_BOARD, _BIN = gettext_lazy("标示牌"), gettext_lazy("垃圾容器")


def _judge_equipped(survey: Survey, n: int, r: int) -> Verdict:
    rule, place = survey.rules[r], survey.places[n]
    missing = [] if place.sign_board else [_SIGN_BOARD]
    missing += [] if place.bins >= 1 else [_BIN]
    if missing and place.state != SiteState.OPEN:
        return Verdict(rule, Judgement.DUE, missing=missing)
    return _verdict(rule, bool(missing), missing=missing)


def _judge_free(survey: Survey, n: int, r: int) -> Verdict:
    uses = survey.uses.get(n, [])
    if not uses:
        return _verdict(survey.rules[r], False)
    area = survey.areas[n]
    worst = max(uses, key=lambda use: (shapely.area(shapely.intersection(area, use.ground)), -use.id))
    return _verdict(survey.rules[r], True, found=0.0, culprit=worst.culprit(len(uses) - 1))


_JUDGES: dict[Check, Callable[[Survey, int, int], Verdict]] = {
    Check.DISTANCE: _judge_distance,
    Check.OFF: _judge_off,
    Check.CLEAR_WIDTH: _judge_width,
    Check.AREA_MAX: _judge_area,
    Check.EQUIPPED: _judge_equipped,
    Check.FREE_KERB: _judge_free,
}
