"""Entries matched to the city: what was understood of each, its place when that is sure, candidates when it isn't."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import override

from gridmgr.register.enums import SETTLED, Stage, State
from gridmgr.register.gazetteer import city_atlases
from gridmgr.register.models import Entry, Register
from grids.domain.atlas import Atlas
from grids.domain.places import Match, Spot, find_place
from grids.domain.places import State as Found

# A column headed 街道 may hold sub-districts, which say nothing of the road.
_OFFICE = re.compile(r"(?:街道|办事处|街道办|社区|村|镇|乡|区)$")
WRITTEN = (
    "state",
    "understood",
    "why",
    "candidates",
    "said",
    "road",
    "side",
    "metre",
    "toward",
    "stretch",
    "point",
)


def match(register: Register, *, report: Callable[[int, int], None] = lambda _done, _total: None) -> None:
    """Match every entry about which nobody has said anything yet, nor says anything meanwhile."""
    entries = list(register.entries.exclude(state__in=SETTLED))
    match_all(entries, city_atlases(), report=report)
    with transaction.atomic():
        if register.locked().stage != Stage.REVIEW:
            return
        now = dict(register.entries.values_list("pk", "state"))
        open_still = [entry for entry in entries if now.get(entry.pk, State.LEFT_OUT) not in SETTLED]
        # One INSERT … ON CONFLICT a batch: bulk_update would make a CASE of every value.
        Entry.objects.bulk_create(
            open_still, batch_size=500, update_conflicts=True, unique_fields=["pk"], update_fields=WRITTEN
        )


def match_all(
    entries: Sequence[Entry],
    atlases: Mapping[str, Atlas],
    *,
    report: Callable[[int, int], None] = lambda _done, _total: None,
) -> None:
    """The same for entries in hand; nothing is written."""
    for number, entry in enumerate(entries, start=1):
        tell(entry, look(entry, atlases))
        report(number, len(entries))


def find(entry: Entry, atlas: Atlas) -> Match:
    """Where an entry is: by its place and the street beside it, else by its name."""
    for whole in (entry.name, entry.title):
        if whole and any(mark.stands for mark in atlas.landmarks_called(whole)):
            return find_place(whole, atlas)
    street = entry.street if atlas.called(entry.street) else ""
    text = entry.place or entry.name or entry.street
    if not street and entry.street not in text and not _OFFICE.search(entry.street):
        text = entry.street + text  # a road whose name is not known as it is written
    found = find_place(text, atlas, street=street)
    if found.state is Found.NONE and entry.place and entry.name:
        named = find_place(entry.name, atlas, street=street)
        return named if named.state is Found.EXACT else found
    return found


def look(entry: Entry, atlases: Mapping[str, Atlas]) -> dict[str, Match]:
    """The same in each language (gridmgr.register.gazetteer.city_atlases): they differ in their words alone."""
    found = {}
    for language, atlas in atlases.items():
        with override(language):
            found[language] = find(entry, atlas)
    return found


def tell(entry: Entry, looked: Mapping[str, Match]) -> None:
    """Put down what was found."""
    found = next(iter(looked.values()))
    entry.said = {
        language: {
            "understood": each.understood[:300],
            "why": each.why[:500],
            "spots": [spot.words for spot in each.spots],
        }
        for language, each in looked.items()
    }
    entry.state = {
        Found.EXACT: State.MATCHED,
        Found.CANDIDATES: State.UNSURE,
        Found.NONE: State.UNMATCHED,
    }[found.state]
    entry.understood, entry.why = found.understood[:300], found.why[:500]
    entry.candidates = [plain_spot(spot) for spot in found.spots]
    entry.unplace()
    if found.state is Found.EXACT:
        entry.put(entry.candidates[0])


def plain_spot(spot: Spot) -> dict[str, Any]:
    """A spot as JSON keeps it: metres of the road and of the city's CRS."""
    return {
        "road": spot.road,
        "side": spot.side,
        "metre": round(spot.metre, 3),
        "x": round(spot.point.x, 3),
        "y": round(spot.point.y, 3),
        "words": spot.words,
        "reasons": list(spot.reasons),
        "stretch": [round(metre, 1) for metre in spot.stretch] if spot.stretch else None,
        "toward": spot.toward,
    }
