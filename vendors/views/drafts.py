"""Drafts of sites as the planner's page sends and receives them: JSON in, words or a Draft out; metres in, degrees out."""

import math
from collections.abc import Mapping, Sequence
from datetime import date, time, timedelta
from typing import Any

import numpy as np
import shapely
from django.utils.translation import gettext as _
from psycopg2.extras import DateRange
from shapely.geometry import mapping

from gridmgr.core.errors import Invalid
from gridmgr.core.geo.crs import WGS84, metric_srid, transformer
from gridmgr.core.layers.maps import Bounds
from grids.enums import Side
from parking.domain.row import KerbLine
from vendors.domain.draft import METRE_DIGITS, Draft, Drawn, Position, called, kerb_at, locate, road_named
from vendors.domain.pitching import Layout
from vendors.domain.rectangles import Size
from vendors.domain.siting import Judgement, Verdict
from vendors.enums import AppliesTo, Check, SiteKind, Target
from vendors.models import Site

DEGREE_DIGITS = 7  # about a centimetre
DEFAULTS: dict[str, dict[str, Any]] = {
    "stall": {"width": 2.0, "depth": 1.0, "gap": 0.4, "aisle": 0.8, "opens": "06:00", "closes": "22:00"},
    "market": {"width": 3.0, "depth": 2.0, "gap": 0.4, "aisle": 1.2, "opens": "06:00", "closes": "21:00"},
}


# ── In ────────────────────────────────────────────────────────────────────────────────────────────────────


def number(data: Mapping[str, Any], name: str, default: float | None = None) -> float:
    """A finite number, of JSON or as text."""
    value = data.get(name, default)
    try:
        found = math.nan if value is None or isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    if not math.isfinite(found):
        raise Invalid(
            _("%(name)s须是数字,收到的是 %(value)s。") % {"name": _word(name), "value": str(value)[:40]}
        )
    return found


def whole(data: Mapping[str, Any], name: str, default: int | None = None) -> int:
    """A whole number."""
    found = number(data, name, default)
    if found != int(found):
        raise Invalid(_("%(name)s须是整数,收到的是 %(value)s。") % {"name": _word(name), "value": found})
    return int(found)


def _word(name: str) -> str:
    words = {
        "pitches": _("摊位数"),
        "width": _("摊位宽"),
        "depth": _("摊位深"),
        "gap": _("间隔"),
        "aisle": _("通道宽"),
        "rows": _("排数"),
        "offset": _("距路缘"),
        "metre": _("里程"),
        "lon": _("经度"),
        "lat": _("纬度"),
        "version": _("版本"),
        "step": _("移动"),
        "bins": _("垃圾容器"),
    }
    return words.get(name, name)


def draft_of(data: Mapping[str, Any], *, site: Site | None = None) -> Draft:
    """The draft that the page sent. Raises Invalid in words."""
    kind = data.get("kind", "stall")
    if kind not in SiteKind.values:
        raise Invalid(_("不认识类别 %s。") % str(kind)[:40])
    usual = DEFAULTS[kind]
    width, depth, gap, aisle = (
        number(data, name, usual[name]) for name in ("width", "depth", "gap", "aisle")
    )
    layout = Layout(width, depth, gap, aisle, whole(data, "rows", 1))
    pitches, offset = whole(data, "pitches", 6), number(data, "offset", 0.8)
    size = Size(layout.length_for(pitches), layout.depth_for, offset)  # refused before anything is looked for
    return Draft(
        kind=kind,
        position=position_of(data.get("at"), length=size.length),
        pitches=pitches,
        layout=layout,
        opens=clock(data.get("opens", usual["opens"])),
        closes=clock(data.get("closes", usual["closes"])),
        season=season_of(data) if kind == SiteKind.MARKET else None,
        offset=offset,
        name=str(data.get("name") or ""),
        site_id=site.pk if site else None,
    )


def position_of(at: Any, *, length: float) -> Position:
    """Where: a road with side and metre (and a step along the kerb), or a longitude and latitude near a kerb."""
    if not isinstance(at, Mapping):
        raise Invalid(_("还没有位置:请点图放置,或填写道路和里程。"))
    if "lon" in at or "lat" in at:
        return locate(lon=number(at, "lon"), lat=number(at, "lat"))
    road = at.get("road")
    named = isinstance(road, str) and not road.isdecimal()
    road_id = road_named(str(road)).pk if named else whole(at, "road")
    position = Position(road_id, str(at.get("side") or "right"), number(at, "metre"))
    if step := number(at, "step", 0.0):
        return _stepped(position, step, length)
    return position


def _stepped(position: Position, step: float, length: float) -> Position:
    """So many metres further along the kerb, at most to where it ends."""
    kerb, arc = kerb_at(position)
    line = KerbLine.of(kerb)
    half = min(length, line.length_m) / 2
    moved = min(max(arc + step, half), line.length_m - half)
    return Position(position.road_id, position.side, round(line.measure(moved), METRE_DIGITS), kerb)


def clock(value: Any) -> time:
    """A time of day, as HH:MM."""
    try:
        return time.fromisoformat(str(value)[:8])
    except ValueError:
        raise Invalid(_("时间须写成 时:分,如 06:30;收到的是 %s。") % str(value)[:20]) from None


def season_of(data: Mapping[str, Any]) -> DateRange | None:
    """From the first to the last day, both included; None when neither is given."""
    first, last = (str(data.get(name) or "") for name in ("season_from", "season_to"))
    if not first and not last:
        return None
    try:
        start, end = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        raise Invalid(_("季节须填写开始和结束日期,如 2026-05-15。")) from None
    if end < start:
        raise Invalid(_("季节在 %(to)s 结束,早于 %(from)s 开始。请改正。") % {"from": start, "to": end})
    return DateRange(start, end + timedelta(days=1), "[)")


def bounds_of(text: str) -> Bounds:
    """`west,south,east,north` in degrees. Raises Invalid."""
    parts = text.split(",")
    try:
        west, south, east, north = (float(part) for part in parts)
    except ValueError:
        west = south = east = north = math.nan
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise Invalid(_("bbox 须写成 西,南,东,北(度)。"))
    return west, south, east, north


# ── Out ───────────────────────────────────────────────────────────────────────────────────────────────────


def in_degrees(shapes: Sequence[shapely.Geometry], *, digits: int = DEGREE_DIGITS) -> list[dict[str, Any]]:
    """GeoJSON geometries in WGS 84 of shapes in the city's metres, all in one transformation."""
    if not len(shapes):
        return []
    change = transformer(metric_srid(), WGS84)

    def degrees(xy: np.ndarray) -> np.ndarray:
        return np.round(np.column_stack(change.transform(xy[:, 0], xy[:, 1])), digits)

    return [mapping(each) for each in shapely.transform(np.array(shapes, dtype=object), degrees)]


def drawn_as_json(drawn: Drawn) -> dict[str, Any]:
    """Position, footprint and pitches of a draft on the ground."""
    position, area = drawn.draft.position, drawn.footprint.area
    middle = area.centroid
    shape, centre, *pitches = in_degrees([area, middle, *(pitch for _number, pitch in drawn.pitches)])
    return {
        "at": {
            **_position(position, drawn.kerb.road.name),
            "lon": centre["coordinates"][0],
            "lat": centre["coordinates"][1],
        },
        "others": [_position(each, each.kerb.road.name) for each in position.others if each.kerb],
        "footprint": shape,
        "pitches": [
            {"number": number, "geometry": geometry}
            for (number, _area), geometry in zip(drawn.pitches, pitches, strict=True)
        ],
        "from_m": drawn.footprint.from_m,
        "to_m": drawn.footprint.to_m,
        "length": round(drawn.draft.size.length, 2),
        "depth": round(drawn.draft.size.depth, 2),
        "called": called(drawn),
    }


def _position(position: Position, road: str) -> dict[str, Any]:
    return {
        "road": position.road_id,
        "name": road,
        "side": position.side,
        "side_name": str(Side(position.side).label),
        "metre": position.metre,
    }


def verdicts_as_json(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """Each rule: its state, its sentence, the figures, and what it is measured to, with the line between."""
    shapes: list[shapely.Geometry] = []
    rows = []
    for verdict in verdicts:
        row = _verdict(verdict)
        if (culprit := verdict.culprit) is not None:
            row["culprit"] = {"label": culprit.label, "link": culprit.link, "more": culprit.more}
            for name, shape in (("geometry", culprit.geometry), ("gap", culprit.gap)):
                if shape is not None and not shape.is_empty:
                    row["culprit"][name] = len(shapes)
                    shapes.append(shape)
        rows.append(row)
    drawn = in_degrees(shapes)
    for row in rows:
        for name in ("geometry", "gap"):
            if row["culprit"] is not None and name in row["culprit"]:
                row["culprit"][name] = drawn[row["culprit"][name]]
    return rows


STATES = {Judgement.HOLDS: "good", Judgement.DUE: "due", Judgement.UNKNOWN: "unknown"}


def state_of(verdict: Verdict) -> str:
    """good, warn (advisory rule broken), bad (hard rule broken), due (before it opens) or unknown (no data)."""
    if verdict.broken:
        return "bad" if verdict.is_hard else "warn"
    return STATES[verdict.judgement]


def worst_of(verdicts: Sequence[Verdict]) -> str:
    """The worst state of all: bad, warn or good; `unruled` where no rule speaks of such a place: nothing can be said."""
    if not verdicts:
        return "unruled"
    states = {state_of(verdict) for verdict in verdicts}
    return next((state for state in ("bad", "warn") if state in states), "good")


def what_of(verdict: Verdict) -> str:
    """What a rule looks at, in a word."""
    if verdict.rule.check_kind == Check.EQUIPPED:
        return _("标示牌、垃圾容器")
    if verdict.rule.check_kind == Check.AREA_MAX:
        return _("摊位面积") if verdict.rule.applies_to == AppliesTo.PITCH else _("摊点面积")
    return str(Target(verdict.rule.target).label)


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "code": verdict.rule.code,
        "what": what_of(verdict),
        "check": verdict.rule.check_kind,
        "hard": verdict.is_hard,
        "state": state_of(verdict),
        "found": None if verdict.found is None else round(verdict.found, 3),
        "required": verdict.required,
        "unit": "m²" if verdict.rule.check_kind == "area_max" else "m",
        "sentence": verdict.sentence,
        "to_measure": verdict.to_measure,
        "clause": verdict.clause,
        "culprit": None,
    }
