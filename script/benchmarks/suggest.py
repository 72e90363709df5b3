"""Figures of walking distances and of site suggestions on the streets of Taiyuan, or on those in the database.

Suggestions are asked for in families of drawn instances, loose and short of room, with fixed seeds. Processor seconds
stand beside those of the clock, since a busy machine cuts the search short.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import shapely

from gridmgr.core.importing.rows import LINES, read_table
from grids.domain.streets_on_foot import walking_network
from grids.domain.walkable import WalkableWay
from grids.domain.walking import WalkingNetwork
from grids.importers.fields import read_ways
from script.benchmarks.timing import percentile, seconds
from vendors.domain.serving import Suggestion
from vendors.domain.suggest import suggest_sites

ROOT = Path(__file__).resolve().parent.parent.parent
ROADS = ROOT / "fixtures" / "taiyuan" / "roads_all.geojson"
TARGETS, QUESTIONS, MOST = 10_000, 200, 10
CANDIDATES, DEMANDS, MORE = 500, 1_000, 20
DISTRICT_M = 3_500.0  # half the side of the district that demand and candidates are drawn in
WITHIN_M = {"coverage": 500.0, "walking": 2_000.0}


@dataclass(frozen=True)
class Family:
    """How an instance is drawn. `room`: what the 20 largest candidates and the existing sites hold, in shares of demand."""

    name: str
    clusters: int
    room: float
    existing: int = 0


FAMILIES = (
    Family("uniform, loose", clusters=0, room=2.0),
    Family("uniform, short of room", clusters=0, room=0.7),
    Family("clustered, loose", clusters=12, room=2.0),
    Family("clustered, short of room", clusters=12, room=0.7),
    Family("clustered, loose, 20 existing", clusters=12, room=2.0, existing=20),
    Family("uniform, barely enough", clusters=0, room=1.1),
    Family("clustered, barely enough", clusters=12, room=1.1),
)


def run() -> list[dict[str, Any]]:
    """All figures, walking first."""
    network = streets()
    return [*walking_figures(network), *suggestion_figures(network)]


def streets() -> WalkingNetwork:
    """The streets of the file, if it is there, else those of the database."""
    if not ROADS.exists():
        return walking_network()
    ways = read_ways(read_table(ROADS, kinds=LINES)).ways
    return WalkingNetwork.of(
        [
            WalkableWay(
                line=shapely.from_wkb(bytes(way.line.wkb)),
                highway=way.highway,
                is_link=way.is_link,
                level=way.level,
                off_ground=way.bridge or way.tunnel or way.level != 0,
                from_osm=way.osm_id is not None,
            )
            for way in ways
        ]
    )


def beside_streets(
    network: WalkingNetwork, count: int, rng: np.random.Generator, weights: np.ndarray | None = None
) -> np.ndarray:
    """Places some metres beside the edges, as many per metre everywhere, or by the given weight of each edge."""
    weights = network.lengths if weights is None else weights
    edges = rng.choice(len(network.lines), count, p=weights / weights.sum())
    spots = shapely.line_interpolate_point(network.lines[edges], rng.random(count), normalized=True)
    return shapely.get_coordinates(spots) + rng.normal(0, 6, (count, 2))


# ── Walking ───────────────────────────────────────────────────────────────────────────────────────────────


def walking_figures(network: WalkingNetwork) -> Iterator[dict[str, Any]]:
    rng = np.random.default_rng(1)
    targets = beside_streets(network, TARGETS, rng)
    size = f"{TARGETS} targets, {len(network.lines)} edges, {network.nodes} junctions, {QUESTIONS} places"
    yield {
        "figure": "walking: joining the targets, once, ms",
        "size": size,
        "value": 1000 * seconds(lambda: network.join(targets)),
    }
    for limit in (2_000.0, 5_000.0):
        took = [
            1000 * asked_nearest(network, spot, targets, limit)
            for spot in beside_streets(network, QUESTIONS, rng)
        ]
        for share in (0.5, 0.95):
            yield {
                "figure": f"walking: {MOST} nearest within {limit:.0f} m, p{100 * share:.0f}, ms",
                "size": size,
                "value": percentile(took, share),
                "aim": "< 50",
            }


def asked_nearest(network: WalkingNetwork, spot: np.ndarray, targets: np.ndarray, limit: float) -> float:
    return seconds(lambda: network.nearest(spot, targets, limit_m=limit, most=MOST))


# ── Suggestions ───────────────────────────────────────────────────────────────────────────────────────────


def suggestion_figures(network: WalkingNetwork) -> Iterator[dict[str, Any]]:
    for number, family in enumerate(FAMILIES):
        asked = instance(network, family, seed=100 + number)
        for objective, within in WITHIN_M.items():
            began = process_time()
            found = suggest_sites(**asked, objective=objective, within_m=within, more=MORE, walks=network)
            yield suggestion_figure(
                f"suggest {objective}: {family.name}, gap %", found, process_time() - began
            )


def suggestion_figure(name: str, found: Suggestion, processor: float) -> dict[str, Any]:
    return {
        "figure": name,
        "size": f"{CANDIDATES} candidates × {DEMANDS} demands × {MORE} sites",
        "value": 100 * found.gap,
        "aim": "< 2",
        "seconds": found.seconds,
        "processor s": processor,
        "plan": f"{found.value:.0f}",
        "bound": f"{found.bound:.0f} ({found.bound_origin})",
        "served %": 100
        * found.served_weight
        / max(found.served_weight + sum(u.weight for u in found.unserved), 1e-9),
        "worst gap on curve %": 100 * max(step.gap for step in found.curve),
        "cut short": "yes" if found.out_of_time else "no",
    }


def instance(network: WalkingNetwork, family: Family, *, seed: int) -> dict[str, Any]:
    """Demand, candidates and existing sites in the densest part of the network; capacities vary threefold."""
    rng = np.random.default_rng(seed)
    middle = shapely.get_coordinates(shapely.centroid(network.lines))
    centre = np.median(middle, axis=0)
    inside = network.lengths * np.all(np.abs(middle - centre) < DISTRICT_M, axis=1)
    crowded = inside * crowding(middle, centre, family.clusters, rng) if family.clusters else inside
    weights = rng.integers(1, 7, DEMANDS).astype(float)
    share = rng.uniform(0.5, 1.5, CANDIDATES + family.existing)
    largest = np.sort(share[family.existing :])[-MORE:].sum() + share[: family.existing].sum()
    capacities = np.maximum(np.round(share * family.room * weights.sum() / largest), 1)
    return {
        "demand": beside_streets(network, DEMANDS, rng, crowded),
        "weights": weights,
        "candidates": beside_streets(network, CANDIDATES, rng, inside + crowded),
        "capacities": capacities[family.existing :],
        "existing": beside_streets(network, family.existing, rng, crowded),
        "existing_capacities": capacities[: family.existing],
    }


def crowding(places: np.ndarray, centre: np.ndarray, clusters: int, rng: np.random.Generator) -> np.ndarray:
    """How busy each place is: hills of 300 m around as many market places, of unlike heights."""
    markets = centre + rng.uniform(-DISTRICT_M, DISTRICT_M, (clusters, 2))
    heights = rng.dirichlet(np.full(clusters, 1.5))
    apart = np.hypot(*(places[:, None] - markets).transpose(2, 0, 1))
    return np.exp(-((apart / 300.0) ** 2) / 2) @ heights + 1e-4
