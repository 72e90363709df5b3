"""Where is "新建路与府东街交叉口东南角"? A text matched to the city's streets: exactly, with candidates, or not at all.

A place is exact only when everything in its text was understood, every name in it is the name of one thing, and only
one spot of kerb is meant. Whatever merely looks like a name, leaves a side open or lies off its road is a candidate
for a person to confirm.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

from django.utils.translation import gettext as _

from grids.domain.atlas import Atlas, Landmark
from grids.domain.place_spots import Named, Outcome, Spot, resolve
from grids.domain.place_text import Reading, Relation, plain, readings

MOST_CANDIDATES = 6
MOST_GUESSES = 12  # combinations of look-alike names that are tried for one reading
SAME_SPOT_M = 3.0

__all__ = ["Match", "Spot", "State", "find_place"]


class State(StrEnum):
    EXACT = "exact"
    CANDIDATES = "candidates"
    NONE = "none"


@dataclass(frozen=True)
class Match:
    """What became of a text. `understood` in words, `why` it is not exact, and the `roads` that it surely names."""

    state: State
    spots: tuple[Spot, ...] = ()
    understood: str = ""
    why: str = ""
    roads: tuple[int, ...] = ()


def find_place(text: str, atlas: Atlas, *, street: str = "") -> Match:
    """Match what somebody wrote of a place; `street` is the road that stands beside it in the row, if any."""
    text = plain(text)
    if not text:
        return Match(State.NONE, why=_("没有写地点。"))
    read = readings(text, street=street)
    beside = atlas.called(street)
    outcomes = [resolve(atlas, named) for reading in read for named in _exactly(atlas, reading)]
    if found := _the_one(outcomes, beside):
        return found
    if not any(each.spots for each in outcomes):
        on_road = any(atlas.called(each.road) for each in read if each.relation is Relation.LANDMARK)
        guesses = (named for reading in read for named in _guesses(atlas, reading, on_road=on_road))
        outcomes += [resolve(atlas, named) for named in guesses]
    open_ = sorted((each for each in outcomes if each.spots), key=lambda each: (each.rank, not each.sure))
    if not open_:
        return _nothing(atlas, outcomes, read, beside)
    spots = _distinct((spot, each) for each in open_ for spot in each.spots)
    why = open_[0].why or _disagreement(open_[0], beside) or _("可以有几种理解")
    return Match(State.CANDIDATES, tuple(spots[:MOST_CANDIDATES]), open_[0].words, why, open_[0].roads)


def _the_one(outcomes: Sequence[Outcome], beside: Sequence[int]) -> Match | None:
    """The match, when every reading that is sure means the same spot, on the row's own road where that is given."""
    sure = [each for each in outcomes if each.sure]
    spots = _distinct((spot, each) for each in sure for spot in each.spots)
    if len(spots) != 1:
        return _by_row(sure, beside) if len(spots) > 1 else None
    if _disagreement(sure[0], beside):
        return None
    return Match(State.EXACT, tuple(spots), spots[0].words, "", sure[0].roads)


def _by_row(sure: Sequence[Outcome], beside: Sequence[int]) -> Match | None:
    """Of several sure spots the one on the road that stands beside the text: a corner has two kerbs."""
    chosen = _distinct((spot, each) for each in sure for spot in each.spots if spot.road in beside)
    if len(chosen) != 1:
        return None
    roads = next(each.roads for each in sure if chosen[0] in each.spots)
    return Match(State.EXACT, tuple(chosen), chosen[0].words, "", roads)


def _disagreement(about: Outcome, beside: Sequence[int]) -> str:
    if not about.sure or not beside or set(beside) & {*about.roads, *(spot.road for spot in about.spots)}:
        return ""
    return _("与同一行“街道”一栏写的路不同")


def _distinct(pairs: Iterable[tuple[Spot, Outcome]]) -> list[Spot]:
    """Spots that differ, each with the doubts about it."""
    kept: list[Spot] = []
    for spot, about in pairs:
        if not any(_same(spot, each) for each in kept):
            reasons = (about.why,) if about.why else ()
            kept.append(Spot(**{**vars(spot), "reasons": reasons}))
    return kept


def _same(a: Spot, b: Spot) -> bool:
    return (a.road, a.side) == (b.road, b.side) and a.point.distance(b.point) < SAME_SPOT_M


def _nothing(
    atlas: Atlas, outcomes: Sequence[Outcome], read: Sequence[Reading], beside: Sequence[int]
) -> Match:
    """No spot: the reading that came farthest says why, else the first name that is not known."""
    best = min((each for each in outcomes if each.why), key=lambda each: each.rank, default=None)
    if best is not None:
        return Match(State.NONE, (), best.words, best.why, best.roads or tuple(beside))
    wanted = [each for each in read if each.relation in (Relation.JUNCTION, Relation.STRETCH)] or read
    names = [name for each in wanted for name in (each.road, *each.others, each.landmark) if name]
    unknown = next((name for name in names if not atlas.called(name)), "")
    known = next((tuple(atlas.called(name)) for name in names if atlas.called(name)), tuple(beside))
    return Match(State.NONE, (), "", _("图上没有找到“%s”这个名称") % unknown[:30], known)


# ── Names ─────────────────────────────────────────────────────────────────────────────────────────────────


def _exactly(atlas: Atlas, reading: Reading) -> Iterator[Named]:
    """The reading with every name found exactly, in each way in which that is possible."""
    roads: list[int | None] = [*atlas.called(reading.road)] if reading.road else [None]
    marks: list[Landmark | None] = [*atlas.landmarks_called(reading.landmark)] if reading.landmark else [None]
    others = [atlas.called(name) for name in reading.others]
    for road, mark, rest in product(roads, marks, product(*others)):
        yield Named(reading, road, rest, mark)


def _guesses(atlas: Atlas, reading: Reading, *, on_road: bool) -> Iterator[Named]:
    """The reading with names that look like those written, at least one of them only alike.

    `on_road`: the text begins with a road's name, so a reading that knows of no road takes that for something else.
    """
    if reading.relation in (Relation.ROAD, Relation.END) or (on_road and not reading.road):
        return
    roads: Sequence[tuple[int | None, str]] = (
        _roads_like(atlas, reading.road) if reading.road else [(None, "")]
    )
    marks: Sequence[tuple[Landmark | None, str]] = (
        _marks_like(atlas, reading.landmark) if reading.landmark else [(None, "")]
    )
    others = [_roads_like(atlas, name) for name in reading.others]
    tried = 0
    for (road, why), (mark, because), rest in product(roads, marks, product(*others)):
        reasons = tuple(each for each in (why, because, *(each for _pk, each in rest)) if each)
        if reasons and tried < MOST_GUESSES:
            tried += 1
            yield Named(reading, road, tuple(pk for pk, _why in rest), mark, reasons)


def _roads_like(atlas: Atlas, name: str) -> list[tuple[int, str]]:
    return [*((pk, "") for pk in atlas.called(name)), *atlas.like(name)]


def _marks_like(atlas: Atlas, name: str) -> list[tuple[Landmark, str]]:
    return [*((mark, "") for mark in atlas.landmarks_called(name)), *atlas.landmarks_like(name)]
