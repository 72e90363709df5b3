"""Where may a site stand? Along every kerb, where no hard rule breaks, what is advised against, and what each rule costs.

A rectangle is thought along the kerb (vendors.domain.footprint) and held against what each rule keeps away. The answer
is never more generous than `siting.evaluate`, and stricter by less than 0.1 m; footways (advisory) are sampled.

answer.py what is asked and answered · cells.py parts of the kerbs' long axis · settling.py, strip.py, away.py and
footways.py where on it a rule breaks · targets.py what is read · stretches.py the kerbs in colours · nearest.py the
nearest legal position · city.py many roads, kept and simplified for a map.
"""

from vendors.domain.kerbside.answer import NO_ROOM, Kerbside, Stretch, Wanted
from vendors.domain.kerbside.city import Batch, Sums, overview, roads_with_kerbs, stretches_of
from vendors.domain.kerbside.nearest import AROUND_M, Move, NearestLegal, nearest_legal
from vendors.domain.kerbside.stretches import where_may_stand

__all__ = [
    "AROUND_M",
    "NO_ROOM",
    "Batch",
    "Kerbside",
    "Move",
    "NearestLegal",
    "Stretch",
    "Sums",
    "Wanted",
    "nearest_legal",
    "overview",
    "roads_with_kerbs",
    "stretches_of",
    "where_may_stand",
]
