"""When a road's reference line changes, what stands on the road keeps its place: old metre → point → new metre."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pgtrigger
import shapely
from django.db import models
from django.db.backends.postgresql.psycopg_any import NumericRange
from django.db.models import F
from django.dispatch import Signal
from django.utils.translation import gettext as _
from pghistory.models import Event
from shapely import LineString

from gridmgr.core.errors import Conflict
from grids.enums import Side
from grids.models import MemberAssignment, Road, RoadGap

STAYS_M = 0.05  # a metre that changes by less is the same metre
BESIDE_M = 60.0  # farther than this from the new line, a stretch has no place on it
SLOT_M = Decimal("0.000001")


@dataclass(frozen=True)
class Change:
    """A stored road whose reference line becomes another; both lines in the metric CRS."""

    road_id: int
    name: str
    old: LineString
    new: LineString


@dataclass
class Move:
    """A row whose stretch becomes another; `flipped` when the new line runs the other way, so that sides change."""

    row: Any
    road_id: int
    new: NumericRange
    flipped: bool


@dataclass
class Moves:
    """What has to move on each road, and why a road's rows can't."""

    by_road: dict[int, list[Move]]
    stuck: dict[int, str]


def dependent_models() -> list[tuple[type[models.Model], str]]:
    """Every model with a stretch on a road, nearest first, with the path of fields to the road; derived rows aside."""
    direct = [(model, name) for model, name in _with_stretch(Road) if model is not RoadGap]
    nested = [(child, f"{own}__{name}") for model, name in direct for child, own in _with_stretch(model)]
    return direct + [pair for pair in nested if pair[0] not in {model for model, _name in direct}]


def _with_stretch(target: type[models.Model]) -> list[tuple[type[models.Model], str]]:
    found = []
    for relation in target._meta.related_objects:
        model = relation.related_model
        has_stretch = isinstance(model, type) and any(field.name == "stretch" for field in model._meta.fields)
        if has_stretch and not issubclass(model, Event):
            found.append((model, relation.field.name))
    return found


def would_move(changes: Sequence[Change]) -> Moves:
    """Which rows the changes would move, and which roads have rows that have no place on the new line."""
    by_id = {change.road_id: change for change in changes}
    moves = Moves(defaultdict(list), {})
    for model, path in dependent_models():
        rows = list(model._default_manager.filter(**{f"{path}__in": by_id}).annotate(on_road=F(f"{path}_id")))
        for road_id, own in _grouped(rows).items():
            _measure(by_id[road_id], own, moves)
    return moves


def _grouped(rows: Iterable[Any]) -> dict[int, list[Any]]:
    grouped: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        grouped[row.on_road].append(row)
    return grouped


def _measure(change: Change, rows: Sequence[Any], moves: Moves) -> None:
    old = np.array([(float(row.stretch.lower), float(row.stretch.upper)) for row in rows])
    points = shapely.line_interpolate_point(change.old, old)
    new = shapely.line_locate_point(change.new, points)
    off = shapely.distance(change.new, points).max(axis=1)
    if off.max() > BESIDE_M:
        moves.stuck[change.road_id] = _("有路段离新的参考线 %.0f 米,超过 60 米") % off.max()
        return
    for row, before, after in zip(rows, old, new, strict=True):
        flipped = bool(after[0] > after[1])
        stays = np.abs(after - before).max() < STAYS_M and not flipped and before[1] <= change.new.length
        if np.ptp(after) < STAYS_M:
            moves.stuck[change.road_id] = _("有路段在新的参考线上长度为零")
        elif not stays:
            low, high = (Decimal(f"{metre:.2f}") for metre in sorted(after))
            moves.by_road[change.road_id].append(Move(row, change.road_id, NumericRange(low, high), flipped))


# Sent, with `roads` (ids), when roads have been measured anew and what stands on them has moved along.
measured = Signal()


def move_along(moves: Iterable[Move]) -> int:
    """Write the moves and return how many; call it in the transaction that has just changed the lines.

    Raises Conflict when a member's stretch would leave its branch's section.
    """
    by_model: dict[type[models.Model], list[Move]] = defaultdict(list)
    for move in moves:
        by_model[type(move.row)].append(move)
    # Sections and the shares within them move one after the other: their nesting is checked when all have moved.
    with pgtrigger.ignore(
        "grids.Assignment:section_holds_shares", "grids.MemberAssignment:share_within_section"
    ):
        for own in by_model.values():
            _move_all(own)
    outside = MemberAssignment.objects.exclude(stretch__contained_by=F("assignment__stretch"))
    if first := outside.filter(
        assignment__road__in={move.road_id for own in by_model.values() for move in own}
    ).first():
        raise Conflict(_("重新量算后,%s 的责任段超出支部的责任路段。请先调整后再导入。") % first.member)
    return sum(len(own) for own in by_model.values())


def _move_all(moves: Sequence[Move]) -> None:
    """Move the rows one by one, each when its new place is free; where they change places, through tiny slots."""
    waiting = sorted(moves, key=lambda move: move.row.stretch.lower)
    while waiting:
        left = _pass(_pass(waiting)[::-1])[::-1]
        if len(left) == len(waiting):
            _park(waiting)
            waiting = sorted(waiting, key=lambda move: -move.new.lower)
            left = _pass(waiting)
            for move in left:  # PostgreSQL names whatever is in the way
                _write(move, move.new)
            return
        waiting = left


def _pass(waiting: Sequence[Move]) -> list[Move]:
    left = list(waiting)
    for move in reversed(waiting):
        if not any(other is not move and _in_the_way(move, other) for other in left):
            _write(move, move.new)
            left.remove(move)
    return left


def _in_the_way(move: Move, other: Move) -> bool:
    """Whether `other`, where it is now, holds a part of the place to which `move` goes."""
    there = other.row.stretch
    overlap = move.new.lower < there.upper and there.lower < move.new.upper
    return (
        overlap
        and move.road_id == other.road_id
        and _same_days(move.row, other.row)
        and _side(move) == _now(other)
    )


def _same_days(a: Any, b: Any) -> bool:
    if not hasattr(a, "period"):
        return True
    lows = [p.lower for p in (a.period, b.period) if p.lower is not None]
    highs = [p.upper for p in (a.period, b.period) if p.upper is not None]
    return not lows or not highs or max(lows) < min(highs)


def _now(move: Move) -> str:
    return getattr(move.row, "side", "")


def _side(move: Move) -> str:
    """The side on which the row will stand."""
    now = _now(move)
    return ({Side.LEFT: Side.RIGHT, Side.RIGHT: Side.LEFT}.get(now, now)) if move.flipped else now  # type: ignore[call-overload]


def _park(moves: Sequence[Move]) -> None:
    """Shrink each row, in order, to a slot of a micrometre at the road's start; no row is that short or that near."""
    for number, move in enumerate(sorted(moves, key=lambda move: move.row.stretch.lower)):
        _write(move, NumericRange(number * SLOT_M, (number + 1) * SLOT_M), flip=False)


def _write(move: Move, stretch: NumericRange, *, flip: bool = True) -> None:
    values: dict[str, Any] = {"stretch": stretch}
    if flip and move.flipped and _now(move):
        values["side"] = _side(move)
    type(move.row)._default_manager.filter(pk=move.row.pk).update(**values)
    for name, value in values.items():
        setattr(move.row, name, value)
