"""Everything the service publishes, in drawing order. One set of names for URLs, commands and files."""

from collections.abc import Mapping, Sequence
from functools import cache

from django.utils.translation import gettext as _

from gridmgr.core.errors import NotThere
from gridmgr.core.layers.base import Layer
from gridmgr.core.layers.declared import Listing
from grids.layers import (
    BRANCHES,
    BUS_STOPS,
    CARRIAGEWAYS,
    CROSSINGS,
    FIRE_LANES,
    FIRE_STATIONS,
    FOOTWAYS,
    FUEL_STATIONS,
    HYDRANTS,
    JUNCTIONS,
    MARKETS,
    NO_VENDING_AREAS,
    PARKS,
    ROADS,
    SECTIONS,
    WATER,
)
from parking.layers import BAYS, DROP_OFF_POINTS, PANDA_LANES, SCHOOLS
from vendors.layers import PITCHES, SITES, VERDICTS

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

# What placement rules measure to, and what they say of the sites: off at first on the city map.
FACILITIES: Sequence[Layer] = [
    FOOTWAYS,
    NO_VENDING_AREAS,
    JUNCTIONS,
    CROSSINGS,
    FIRE_LANES,
    FIRE_STATIONS,
    FUEL_STATIONS,
    HYDRANTS,
    BUS_STOPS,
    VERDICTS,
]

BACKDROP: Sequence[Layer] = [PARKS, MARKETS, WATER, CARRIAGEWAYS]


def off_at_first() -> list[str]:
    """Names of the layers that start switched off on a map of the city."""
    return [layer.name for layer in LAYERS if layer.off_at_first]


@cache
def by_name() -> Mapping[str, Layer]:
    """Every layer there is."""
    return {layer.name: layer for layer in [*LAYERS, *FACILITIES, *BACKDROP]}


def layer_named(name: str) -> Layer:
    """The layer of that name; NotThere tells which names there are."""
    if name not in by_name():
        raise NotThere(
            _("没有图层 %(name)s。可用:%(all)s。") % {"name": name[:40], "all": _("、").join(by_name())}
        )
    return by_name()[name]


def listed(name: str) -> tuple[Layer, Listing]:
    """The layer of that name with its list; LookupError for one without, which has no such page."""
    layer = layer_named(name)
    if layer.listing is None:
        raise LookupError(f"layer {name} declares no list")
    return layer, layer.listing


@cache
def family_of(name: str) -> Sequence[tuple[Layer, Listing]]:
    """The layers whose lists stand together with that layer's under one word of the bar, in their order."""
    layer, listing = listed(name)
    head = listing.beside or layer.name
    lists = [(each, each.listing) for each in LAYERS if each.listing]
    family = [(each, its) for each, its in lists if head in (each.name, its.beside)]
    return sorted(family, key=lambda each: each[0].rank)


def layers_named(names: str) -> list[Layer]:
    """The layers of a comma-separated list of names, each once, in the order given."""
    return [layer_named(name) for name in dict.fromkeys(names.split(","))]
