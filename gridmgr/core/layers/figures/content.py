"""What of a view lies in the frame of a sheet: each layer's rows, cut to the frame, read once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from django.db.models import Q

from gridmgr.core.geo.crs import metric_srid
from gridmgr.core.geo.datums import datum_of
from gridmgr.core.layers.base import Layer
from gridmgr.core.layers.declared import Part
from gridmgr.core.layers.extract import Extract, extract
from gridmgr.core.layers.figures.paper import Sheet
from gridmgr.core.layers.view import Bounds, View, box_of, grown


@dataclass(frozen=True)
class Content:
    """The rows of one layer that are seen: `shapes` cut to the frame, in the metric CRS."""

    layer: Layer
    taken: Extract
    rows: np.ndarray
    shapes: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def values(self, name: str) -> list[Any]:
        """A field of the rows that are seen; None throughout when the layer hasn't got it."""
        column = self.taken.named(name)
        return [column.values[row] for row in self.rows] if column else [None] * len(self)

    def words(self, name: str) -> list[Any]:
        """The same as people read it."""
        column = self.taken.named(name)
        return [column.in_words()[row] for row in self.rows] if column else [None] * len(self)

    def where(self, chosen: Sequence[bool]) -> np.ndarray:
        """The shapes of the rows for which `chosen` is true."""
        return self.shapes[np.array(chosen, dtype=bool)] if len(self) else self.shapes


@dataclass(frozen=True)
class Contents:
    """All that is seen, by layer name; `others` holds rows outside the view's conditions, drawn in grey."""

    shown: dict[str, Content]
    behind: dict[str, Content]
    others: dict[str, Content]
    moment: datetime

    @property
    def hold_demo(self) -> bool:
        """Whether anything seen is demo data."""
        return any(any(each.values("demo")) for each in [*self.shown.values(), *self.others.values()])


def playing(seen: Mapping[str, Content], part: Part) -> Content | None:
    """The layer among those seen that plays this part, if any."""
    return next((each for each in seen.values() if each.layer.part == part), None)


def by_rank(seen: Mapping[str, Content]) -> list[Content]:
    """In the order in which people ask for them."""
    return sorted(seen.values(), key=lambda each: each.layer.rank)


@dataclass(frozen=True)
class Harvest:
    """Everything within some bounds, before it is cut to a frame."""

    shown: dict[str, Extract]
    behind: dict[str, Extract]
    others: dict[str, Extract]

    def cut_to(self, sheet: Sheet) -> Contents:
        """What of it lies in the frame of `sheet`; layers that show from a nearer zoom only are left out."""
        near = sheet.web_zoom + 0.5  # paper is finer than a screen
        shown = {name: taken for name, taken in self.shown.items() if near >= taken.layer.style.min_zoom}
        return Contents(
            shown=_cut(shown, sheet.bounds),
            behind=_cut(self.behind, sheet.bounds),
            others=_cut(self.others, sheet.bounds),
            moment=min(taken.moment for taken in [*self.shown.values(), *self.behind.values()]),
        )


def harvest(view: View, bounds: Bounds) -> Harvest:
    """What the reader may see within `bounds`; one SQL statement per layer."""
    box, datum = box_of(bounds), datum_of(metric_srid())

    def read(layer: Layer, condition: Q | None) -> Extract:
        return extract(layer, audience=view.audience, on=view.on, datum=datum, box=box, filters=condition)

    return Harvest(
        shown={layer.name: read(layer, view.condition(layer)) for layer in view.layers},
        behind={layer.name: read(layer, None) for layer in view.backdrop},
        others={
            layer.name: read(layer, ~_some(view, layer))
            for layer in view.layers
            if layer.name in view.emphasis
        },
    )


def _some(view: View, layer: Layer) -> Q:
    return view.condition(layer) or Q(pk__in=[])


def _cut(taken: dict[str, Extract], bounds: Bounds) -> dict[str, Content]:
    cut = {name: _content(each, bounds) for name, each in taken.items()}
    return {name: each for name, each in cut.items() if len(each)}


def _content(taken: Extract, bounds: Bounds) -> Content:
    if not len(taken):
        return Content(taken.layer, taken, np.array([], dtype=int), np.array([], dtype=object))
    inside = shapely.intersects(taken.geometry, shapely.box(*bounds))
    rows = np.flatnonzero(inside)
    # A little over the edge, so that strokes run out of the frame and not along it.
    shapes = shapely.clip_by_rect(taken.geometry[rows], *grown(bounds, (bounds[2] - bounds[0]) / 50))
    return Content(taken.layer, taken, rows, shapes)
