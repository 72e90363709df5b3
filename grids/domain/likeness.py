"""How alike two names are, of roads and of landmarks."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext as _
from rapidfuzz.distance import OSA, Indel

_DIRECTIONS = "东西南北中上下前后新老"
_STREET_ENDINGS = ("大街", "大道", "马路", "胡同", "路", "街", "巷", "道", "里", "条")
LEAST_RATIO = 0.75

Likeness = Callable[[str, str], "tuple[float, str] | None"]


def alike(key: str, known: dict[str, list[Any]], likeness: Likeness) -> list[tuple[list[Any], str]]:
    ranked = []
    for other, things in known.items():
        if other != key and (found := likeness(key, other)):
            ranked.append((-found[0], other, things, found[1]))
    return [(things, why) for _score, _other, things, why in sorted(ranked, key=lambda each: each[:2])]


def road_likeness(key: str, other: str) -> tuple[float, str] | None:
    """How much one street's name looks like another (0 to 1) and why; None when it doesn't."""
    words = {"name": key, "other": other}
    stem, theirs = _stem(key), _stem(other)
    if stem == theirs and len(stem) >= 2:
        return 0.95, _("“%(name)s”与“%(other)s”只差街、路等通名") % words
    if len(key) >= 2 and (bare := _undirected(stem)) == _undirected(theirs) and len(bare) >= 2:
        return 0.8, _("“%(name)s”与“%(other)s”只差方位字") % words
    return name_likeness(key, other)


def name_likeness(key: str, other: str) -> tuple[float, str] | None:
    """The same for any name: one character off, one inside the other, or most of it in common."""
    if len(key) < 3 or not set(key) & set(other):
        return None
    words = {"name": key, "other": other}
    if one_character_off(key, other):
        return 0.85, _("“%(name)s”与“%(other)s”只差一个字") % words
    if len(key) >= 4 and key in other:
        return 0.6 + 0.3 * len(key) / len(other), _("“%(name)s”是“%(other)s”的一部分") % words
    # Twice the characters that match in order, by those of both.
    ratio = Indel.normalized_similarity(key, other, score_cutoff=LEAST_RATIO)
    return (0.8 * ratio, _("“%(name)s”与“%(other)s”相近") % words) if ratio else None


def one_character_off(a: str, b: str) -> bool:
    """Whether one character was mistaken, left out, added, or two neighbours were exchanged."""
    return OSA.distance(a, b, score_cutoff=1) <= 1


@lru_cache(maxsize=4096)
def _stem(key: str) -> str:
    return next((key[: -len(ending)] for ending in _STREET_ENDINGS if key.endswith(ending)), key)


@lru_cache(maxsize=4096)
def _undirected(stem: str) -> str:
    return "".join(character for character in stem if character not in _DIRECTIONS)
