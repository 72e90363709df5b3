"""A view: what a reader sees of the city on one map, on paper or in a file. What print maps and offline maps are made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.contrib.gis.geos import Polygon
from django.db.models import Q

from gridmgr.core.accounts.audience import Audience
from gridmgr.core.geo.crs import metric_srid
from gridmgr.core.layers.base import Layer

Bounds = tuple[float, float, float, float]


@dataclass(frozen=True)
class View:
    """Which layers, which of their rows, which part of the city, for whom and as of which day.

    - `bounds`: west, south, east, north in the city's metric CRS: what must be seen.
    - `conditions`: by layer name, which rows (all of them where it isn't named).
    - `emphasis`: the rows of a layer that `conditions` leaves out are drawn too, in grey, where paper has room for it.
    - `own`: code of the branch that the view is of, or ''.
    - `focus`: layer, field and value of the one feature that the view is about.
    """

    title: str
    subtitle: str
    bounds: Bounds
    layers: Sequence[Layer]
    backdrop: Sequence[Layer]
    audience: Audience
    on: date
    conditions: Mapping[str, Q] = field(default_factory=dict)
    emphasis: Sequence[str] = ()
    own: str = ""
    focus: tuple[str, str, str] | None = None
    file_stem: str = "map"

    def condition(self, layer: Layer) -> Q | None:
        """Which rows of the layer, or None for all that the reader may see."""
        return self.conditions.get(layer.name)


def box_of(bounds: Bounds) -> Polygon:
    """`bounds` of the metric CRS as a polygon."""
    box = Polygon.from_bbox(bounds)
    box.srid = metric_srid()
    return box


def grown(bounds: Bounds, metres: float) -> Bounds:
    """`bounds` widened by that many metres on each side."""
    west, south, east, north = bounds
    return west - metres, south - metres, east + metres, north + metres
