"""How well places in words are found: texts made from the raw ways of a city's file, matched to the city in the database.

What is right is known from the file alone: a junction is where ways of two names share vertices, arms, sides and
corners go by compass. Nothing of it comes from the crossings and kerbs that the matcher reads. Wording is drawn at
random with a fixed seed. GRIDMGR_BENCH_ROADS names the file of another city that the database holds.
"""

import math
import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from shapely import MultiLineString, Point

from gridmgr.register.gazetteer import city_atlas
from grids.domain.atlas import Atlas
from grids.domain.places import Match, Spot, State, find_place
from script.benchmarks.streets_of_file import WAYS, Junction, Streets, apart, bearing, beyond
from script.benchmarks.timing import seconds

ROOT = Path(__file__).resolve().parent.parent.parent
ROADS = Path(os.environ.get("GRIDMGR_BENCH_ROADS") or ROOT / "fixtures" / "taiyuan" / "roads_all.geojson")


SEED, MOST, MOST_UNSURE = 7, 500, 300


CORNER_M, OFF_ROAD_M = 90.0, 45.0  # how far a right corner may lie from its junction, a right kerb from a way


NEAR_M, SLACK_M = (
    15.0,
    2.0,
)  # so near to the junction's middle its streets' sides count, give or take, not the bearing


STRETCH_M = (120.0, 5000.0)


CARDINALS, DIAGONALS = ("北", "东", "南", "西"), ("东北", "东南", "西南", "西北")


AND = ("与", "和", "、", "/", "×", "及", "跟", "—", "")
JUNCTION = ("交叉口", "路口", "十字路口", "交汇处", "十字", "交叉路口", "口", "丁字路口", "交口")
CORNER = (
    "{a}{x}{b}{j}{q}角",
    "{a}{x}{b}{j}{q}侧",
    "{a}{x}{b}{j}的{q}拐角处",
    "{a}{x}{b}{q}角",
    "{b}{x}{a}{j}{q}角",
)
FROM_CORNER = ("{a}与{b}交叉口{q}角往{h}{d}米", "{a}{b}口{q}角向{h}{d}米处", "{a}与{b}路口{q}角以{h}约{d}m")
OFFSET = ("{a}与{b}路口往{h}{d}米路{s}", "{a}{b}口{h}{d}米路{s}", "{a}{s}侧({b}口{h}{d}米)", "{a}与{b}交叉口以{h}{d}m{s}侧",
          "{a}和{b}十字向{h}约{d}米路{s}侧", "{a}路{s},{b}口往{h}{d}米")  # fmt: skip
STRETCH = ("{a}({b}至{d})路{s}", "{a}({b}—{d}){s}侧", "{a}{b}至{d}段{s}侧", "{a}{s}侧({b}到{d})", "{a}{b}与{d}之间路{s}",
           "{a}:{b}至{d}{s}侧", "{a}从{b}到{d}{s}面", "{a}({b}至{d}段){s}侧")  # fmt: skip
VAGUE = ("{a}与{b}附近", "{a}与{b}交叉口", "{a}{b}口路边", "{a}靠近{b}", "{a}与{b}路口{q}角{d}米", "{a}与{b}路口往{h}{d}米",
         "{a}与{b}桥下", "{a}与{b}路口{q}角(包子铺旁)", "{a}与{b}路口两侧", "{a}{s}侧、{b}口")  # fmt: skip
ALONE = ("{a}", "{a}路{s}", "{a}沿线", "{a}两侧", "{a}{s}段", "{a}{s}段路{h}", "{a}{s}头", "{a}{s}口",
         "{a}中段", "{a}{d}号", "{a}{d}号对面")  # fmt: skip
UNKNOWN = ("幸福里小区{s}门", "张记早餐店门口", "利民菜市场{s}口{d}米", "2号线地铁口", "老王家对面",
           "第三人民医院北门", "{a}华联超市门口", "{a}与祥瑞达路交叉口{q}角", "{a}(某某小学对面)",
           "{a}幸福里小区门口", "{a}高架桥下", "{a}幸福里{q}角")  # fmt: skip
THERE = ("corner", "metres from a corner", "metres from a junction", "stretch")
NOT_THERE = ("corner that is none", "metres that lead nowhere", "side that is none")
HOMOPHONES = dict(zip("府新建北和平解并迎胜学青桃南长", "付心健背河坪街病营圣雪清陶男常", strict=True))
STRANGE = "鑫昊硕翰琪祺晟"
FULL_WIDTH = str.maketrans("0123456789()", "０１２３４５６７８９（）")


@dataclass(frozen=True)
class Asked:
    """A text of one kind, and whether a spot on the road of that name is where it says."""

    kind: str
    text: str
    is_right: Callable[[Point, str], bool]


def run() -> list[dict[str, Any]]:
    """Shares by kind of text, the texts that were sure and wrong beside them."""
    atlas, rng = city_atlas(), Random(SEED)  # noqa: S311
    streets = Streets.of(ROADS, {street.name for street in atlas.streets.values()})
    texts = _by_kind(streets, rng)
    rows = [_found("any of these", [each for kind in THERE for each in texts[kind]], atlas)]
    rows += [_found(kind, asked, atlas) for kind, asked in texts.items()]
    rows += [_unsure(kind, asked, atlas) for kind, asked in _must_not_be_sure(streets, rng).items()]
    every = [each.text for asked in texts.values() for each in asked]
    took = 1000 * seconds(lambda: [find_place(text, atlas) for text in every]) / len(every)
    size = f"{len(every)} texts, {len(atlas.streets)} roads, {len(atlas.landmarks)} landmarks"
    return [*rows, {"figure": "one text, ms", "size": size, "value": took}]


# ── Texts that say where ──────────────────────────────────────────────────────────────────────────────────


def _by_kind(streets: Streets, rng: Random) -> dict[str, list[Asked]]:
    """Up to MOST texts of each kind, junction by junction and street by street until there is nothing new."""
    texts: dict[str, list[Asked]] = {kind: [] for kind in (*THERE, *NOT_THERE)}
    junctions = rng.sample(streets.junctions, len(streets.junctions))
    while junctions and any(len(texts[kind]) < MOST for kind in texts):
        before = sum(map(len, texts.values()))
        for asked in (
            *(each for place in junctions for each in _at(place, streets, rng)),
            *_between(streets, rng),
        ):
            if len(texts[asked.kind]) < MOST:
                texts[asked.kind].append(asked)
        if sum(map(len, texts.values())) == before:
            break
    return texts


def _worded(template: str, rng: Random, **words: Any) -> str:
    """The text, at random in full-width characters, with a blank or a full stop."""
    text = template.format(x=rng.choice(AND), j=rng.choice(JUNCTION), **words)
    if rng.random() < 0.15:
        text = text.translate(FULL_WIDTH)
    if rng.random() < 0.1:
        text = f"{text[: len(text) // 2]} {text[len(text) // 2 :]}"
    return text + "。" if rng.random() < 0.08 else text


def _at(place: Junction, streets: Streets, rng: Random) -> Iterator[Asked]:
    """A corner of the junction, metres from it, and metres from a corner."""
    turned = rng.random() < 0.5
    (a, b), on = (place.names[::-1] if turned else place.names), ((1, 0) if turned else (0, 1))
    way, far = rng.choice(DIAGONALS), rng.choice((30, 50, 80, 100))
    names = {"a": a, "b": b, "q": way, "d": far}
    corner = _worded(rng.choice(CORNER), rng, **names)
    kind = "corner" if place.has_corner(way) else "corner that is none"
    yield Asked(kind, corner, lambda at, road: road in (a, b) and _in_corner(streets, place, at, way))
    heading, side = rng.choice(CARDINALS), rng.choice(CARDINALS)
    if apart(WAYS[heading], WAYS[side]) == 90:
        template = rng.choice(OFFSET)
        mine = on[:1] if template.startswith(("{a}{s}", "{a}路{s}")) else on
        clear = sum(place.leads(heading, on=[name]) for name in mine) == 1 and not (
            len(mine) == 2 and all(place.leads(heading, on=[name]) for name in mine)
        )
        kind = "metres from a junction" if clear else "metres that lead nowhere"
        text = _worded(template, rng, **names, h=heading, s=side)
        yield Asked(
            kind, text, lambda at, road: road in (a, b) and _is_off(streets.lines[road], place, at, heading, side, far)
        )  # fmt: skip
    ahead, aside = rng.sample([way[0], way[1]], 2)
    if place.has_corner(way) and sum(place.leads(ahead, on=[name]) for name in on) == 1:
        text = _worded(rng.choice(FROM_CORNER), rng, **names, h=ahead)
        yield Asked(
            "metres from a corner", text,
            lambda at, road: road in (a, b) and _is_off(streets.lines[road], place, at, ahead, aside, far),
        )  # fmt: skip


def _in_corner(streets: Streets, place: Junction, at: Point, way: str) -> bool:
    """Whether a point lies that way from the junction's middle, or near to it and on that side of both streets."""
    away = math.hypot(at.x - place.x, at.y - place.y)
    if away <= CORNER_M and apart(bearing(at.x - place.x, at.y - place.y), WAYS[way]) <= 58:
        return True
    sides = (beyond(streets.lines[name], at, way) for name in place.names)
    return away <= NEAR_M and all(side > -SLACK_M for side in sides)


def _is_off(lines: MultiLineString, place: Junction, at: Point, heading: str, side: str, far: float) -> bool:
    east, north = at.x - place.x, at.y - place.y
    along = east * math.sin(math.radians(WAYS[heading])) + north * math.cos(math.radians(WAYS[heading]))
    in_reach = 0.6 * far - 5 <= math.hypot(east, north) <= far + CORNER_M and along > 0.5 * far
    return in_reach and beyond(lines, at, side) > 0 and at.distance(lines) < OFF_ROAD_M


def _between(streets: Streets, rng: Random) -> Iterator[Asked]:
    """For each street a stretch of it between two others."""
    met: dict[str, list[tuple[str, Point]]] = defaultdict(list)
    for place in streets.junctions:
        for name, other in (place.names, place.names[::-1]):
            met[name].append((other, Point(place.x, place.y)))
    for name, others in sorted(met.items()):
        if len(others) < 2:
            continue
        (first, start), (last, end) = rng.sample(others, 2)
        long = start.distance(end)
        if not STRETCH_M[0] < long < STRETCH_M[1]:
            continue
        side = rng.choice(CARDINALS)
        text = _worded(rng.choice(STRETCH), rng, a=name, b=first, d=last, s=side)
        course = bearing(end.x - start.x, end.y - start.y)
        kind = "stretch" if abs(math.sin(math.radians(course - WAYS[side]))) > 0.82 else "side that is none"
        yield Asked(kind, text, _in_stretch(streets.lines[name], name, start, end, side))


def _in_stretch(
    lines: MultiLineString, name: str, start: Point, end: Point, side: str
) -> Callable[[Point, str], bool]:
    most = 1.5 * start.distance(end) + 60

    def is_right(at: Point, road: str) -> bool:
        within = at.distance(start) + at.distance(end) < most and at.distance(lines) < OFF_ROAD_M
        return road == name and within and beyond(lines, at, side) > 0

    return is_right


# ── Texts that do not ─────────────────────────────────────────────────────────────────────────────────────


def _must_not_be_sure(streets: Streets, rng: Random) -> dict[str, list[str]]:
    """Texts by kind that name no place, or none that anybody could be sure of."""
    texts: dict[str, list[str]] = defaultdict(list)
    names = sorted({name for place in streets.junctions for name in place.names})
    known = set(streets.lines)
    for place in rng.sample(streets.junctions, min(MOST_UNSURE, len(streets.junctions))):
        a, b = rng.sample(place.names, 2)
        words = {"a": a, "b": b, "q": rng.choice(DIAGONALS), "d": rng.randrange(2, 300)}
        words |= {"h": rng.choice(CARDINALS), "s": rng.choice(CARDINALS)}
        for kind, templates in (("vague", VAGUE), ("a road alone", ALONE), ("unknown", UNKNOWN)):
            texts[kind].append(_worded(rng.choice(templates), rng, **words))
        for kind, wrong in _miswritten(a, rng):
            if wrong not in known and wrong != b:
                text = rng.choice(CORNER) if kind != "name cut short" else "{a}与{b}{j}{q}角"
                texts[f"{kind} in a name"].append(_worded(text, rng, **words | {"a": wrong}))
        one, two = rng.sample(names, 2)
        if streets.lines[one].distance(streets.lines[two]) > 400:
            texts["roads that do not meet"].append(f"{one}与{two}交叉口{words['q']}角")
    return dict(texts)


def _miswritten(name: str, rng: Random) -> Iterator[tuple[str, str]]:
    at = rng.randrange(max(1, len(name) - 1))
    yield "a wrong character", name[:at] + rng.choice(STRANGE) + name[at + 1 :]
    if same := [character for character in name[:-1] if character in HOMOPHONES]:
        yield "a homophone", name.replace(chosen := rng.choice(same), HOMOPHONES[chosen], 1)
    if len(name) > 3:
        yield "name cut short", name[:-1]


# ── Figures ───────────────────────────────────────────────────────────────────────────────────────────────


def _found(kind: str, asked: list[Asked], atlas: Atlas) -> dict[str, Any]:
    counts: dict[str, int] = defaultdict(int)
    wrong = []
    for each in asked:
        outcome = _outcome(find_place(each.text, atlas), each, atlas)
        counts[outcome] += 1
        if outcome == "wrong":
            wrong.append(each.text)
    return {
        "figure": f"{kind}: sure and right, %",
        "size": f"{len(asked)} texts",
        "value": 100 * counts["right"] / len(asked) if asked else math.nan,
        "left to a person": counts["offered"] + counts["missed"] + counts["nothing"],
        "the right one offered": counts["offered"],
        "sure and wrong": len(wrong),
        "which": "; ".join(wrong),
    }


def _outcome(match: Match, asked: Asked, atlas: Atlas) -> str:
    def is_right(spot: Spot) -> bool:
        return asked.is_right(spot.point, atlas.streets[spot.road].name)

    if match.state is State.EXACT:
        return "right" if is_right(match.spots[0]) else "wrong"
    if match.state is State.NONE:
        return "nothing"
    return "offered" if any(map(is_right, match.spots)) else "missed"


def _unsure(kind: str, texts: list[str], atlas: Atlas) -> dict[str, Any]:
    sure = [text for text in texts if find_place(text, atlas).state is State.EXACT]
    return {
        "figure": f"must not be sure: {kind}",
        "size": f"{len(texts)} texts",
        "value": len(sure),
        "aim": "0 sure",
        "which": "; ".join(sure),
    }
