"""What a suggestion of sites shows: the plan on the map, the sites in words, and what each further one adds."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

import numpy as np
import shapely
from django.urls import reverse

from grids.enums import Side
from grids.models import Road
from vendors.domain.prospects import Candidate, Demand, Room
from vendors.domain.serving import Objective, Suggestion
from vendors.views.drafts import in_degrees

CURVE_W, CURVE_H, EDGE = 640.0, 220.0, 34.0


@dataclass(frozen=True, eq=False)
class Answered:
    """A suggestion beside what it was made from; sites are numbered as it numbers them: standing ones, then candidates."""

    found: Suggestion
    demand: Demand
    candidates: list[Candidate]
    standing: list[Room]
    middles: list[shapely.Point]
    pitches: int

    def context(self) -> dict[str, Any]:
        """What the page's template reads."""
        found, total = self.found, float(self.demand.weight.sum())
        return {
            "found": found,
            "chosen": self._chosen,
            "shown": self._shown(),
            "total": total,
            "candidates": len(self.candidates),
            "standing": len(self.standing),
            "room": sum(room.free for room in self.standing),
            "served": found.served_weight,
            "share": found.served_weight / total if total else 0.0,
            "mean_m": found.walked / found.served_weight if found.served_weight else None,
            "gap_percent": found.gap * 100,
            "curve": _curve(found, total),
            "coverage": found.objective == Objective.COVERAGE,
            "bounds": self._bounds(),
        }

    @cached_property
    def _sites(self) -> list[list[float]]:
        places = [*self.middles, *(shapely.Point(each.x, each.y) for each in self.candidates)]
        return [shape["coordinates"] for shape in in_degrees(places)]

    @cached_property
    def _needs(self) -> list[list[float]]:
        return [shape["coordinates"] for shape in in_degrees(list(shapely.points(self.demand.xy)))]

    @cached_property
    def _served(self) -> np.ndarray:
        """Weight that each site serves."""
        shares = self.found.shares
        return np.bincount(
            [share.site for share in shares], [share.weight for share in shares], len(self._sites)
        )

    @cached_property
    def _chosen(self) -> list[dict[str, Any]]:
        roads = Road.objects.only("name").in_bulk(
            [self.candidates[index].road_id for index in self.found.chosen]
        )
        return [
            self._in_words(number, index, roads[self.candidates[index].road_id].name)
            for number, index in enumerate(self.found.chosen, start=1)
        ]

    def _in_words(self, number: int, index: int, road: str) -> dict[str, Any]:
        candidate, site = self.candidates[index], len(self.standing) + index
        lon, lat = self._sites[site]
        return {
            "n": number,
            "at": [lon, lat],
            "place": f"{road} {Side(candidate.side).label} {candidate.metre:.0f} m",
            "warned": candidate.warned,
            "served": float(self._served[site]),
            "url": f"{reverse('plan')}?{urlencode({'lon': lon, 'lat': lat, 'pitches': self.pitches})}",
        }

    def _shown(self) -> dict[str, Any]:
        """What suggest.js draws."""
        left = {each.demand: each for each in self.found.unserved}
        return {
            "demand": [
                {
                    "at": at,
                    "weight": float(weight),
                    "left": left[n].weight if n in left else 0.0,
                    "why": str(left[n].why.label) if n in left else "",
                }
                for n, (at, weight) in enumerate(zip(self._needs, self.demand.weight, strict=True))
            ],
            "ways": [
                {"from": self._needs[share.demand], "to": self._sites[share.site]}
                for share in self.found.shares
            ],
            "chosen": [{"n": each["n"], "at": each["at"], "name": each["place"]} for each in self._chosen],
            "existing": [
                {
                    "at": self._sites[n],
                    "name": room.site.name,
                    "served": float(self._served[n]),
                    "free": room.free,
                }
                for n, room in enumerate(self.standing)
            ],
            "bounds": self._bounds(),
        }

    def _bounds(self) -> tuple[float, ...]:
        spots = np.array([*self._needs, *(self._sites[share.site] for share in self.found.shares)])
        return (*spots.min(axis=0).tolist(), *spots.max(axis=0).tolist())


def _curve(found: Suggestion, total: float) -> dict[str, Any]:
    """What each further site adds, as points of a drawing; for walking the cost, which falls."""
    most = max([total if found.objective == Objective.COVERAGE else found.curve[0].value, 1e-9])
    last = max(found.curve[-1].sites, 1)

    def at(sites: int, value: float) -> tuple[float, float]:
        x = EDGE + (CURVE_W - 2 * EDGE) * sites / last
        return round(x, 1), round(CURVE_H - EDGE - (CURVE_H - 2 * EDGE) * min(value / most, 1.0), 1)

    dots = [at(step.sites, step.value) for step in found.curve]
    bounds = [at(step.sites, step.bound) for step in found.curve]
    return {
        "line": " ".join(f"{x},{y}" for x, y in dots),
        "bound": " ".join(f"{x},{y}" for x, y in bounds),
        "dots": [
            {"x": x, "y": y, "above": y - 9, "step": step, "gap_percent": step.gap * 100}
            for (x, y), step in zip(dots, found.curve, strict=True)
        ],
        "left": EDGE,
        "right": CURVE_W - EDGE,
        "floor": CURVE_H - EDGE,
        "words": CURVE_H - EDGE + 18,
        "width": CURVE_W,
        "height": CURVE_H,
    }
