"""Everything the service publishes, in drawing order. One set of names for URLs, commands and files."""

from collections.abc import Sequence

from gridmgr.errors import NotThere
from gridmgr.layers.base import Layer
from grids.layers import BRANCHES, CARRIAGEWAYS, MARKETS, PARKS, ROADS, SECTIONS, WATER
from parking.layers import BAYS, DROP_OFF_POINTS, PANDA_LANES, SCHOOLS
from vendors.layers import PITCHES, SITES

LAYERS: Sequence[Layer] = [
    ROADS,
    BRANCHES,
    SECTIONS,
    SCHOOLS,
    BAYS,
    PANDA_LANES,
    DROP_OFF_POINTS,
    SITES,
    PITCHES,
]

BACKDROP: Sequence[Layer] = [PARKS, MARKETS, WATER, CARRIAGEWAYS]

_BY_NAME = {layer.name: layer for layer in [*LAYERS, *BACKDROP]}


def layer_named(name: str) -> Layer:
    """The layer of that name; NotThere tells which names there are."""
    if name not in _BY_NAME:
        raise NotThere(f"没有图层 {name};可用: {'、'.join(_BY_NAME)} / no such layer")
    return _BY_NAME[name]


def layers_named(names: str) -> list[Layer]:
    """The layers of a comma-separated list of names, each once, in the order given."""
    return [layer_named(name) for name in dict.fromkeys(names.split(","))]
