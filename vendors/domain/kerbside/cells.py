"""Cells: parts of the long axis on which runs of kerb lie, as two arrays of where they begin and end."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from vendors.domain.rectangles import Flags, Floats, Ints

Cells = tuple[Floats, Floats]  # from and to on the axis
NONE: Cells = (np.empty(0), np.empty(0))


def elementary(whole: Cells, barred: Sequence[Cells]) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    """The runs cut wherever anything changes, with a bit mask of what holds on each piece; like neighbours are joined."""
    cuts = np.unique(np.concatenate([*whole, *(edge for cells in barred for edge in cells)]))
    middles = (cuts[:-1] + cuts[1:]) / 2
    inside = holds(whole, middles) & (np.diff(cuts) > 1e-6)
    low, high, middles = cuts[:-1][inside], cuts[1:][inside], middles[inside]
    masks = np.zeros(len(middles), dtype=np.int64)
    for bit, cells in enumerate(barred):
        masks |= holds(cells, middles).astype(np.int64) << bit
    new = np.concatenate(([True], (masks[1:] != masks[:-1]) | (low[1:] > high[:-1] + 1e-6)))
    ends = (
        np.concatenate((np.flatnonzero(new)[1:] - 1, [len(low) - 1])) if len(low) else np.array([], dtype=int)
    )
    return low[new], high[ends], masks[new]


def holds(cells: Cells, at: Floats) -> Flags:
    """Whether each place lies in one of the cells, which are in order and do not overlap."""
    low, high = cells
    if not len(low):
        return np.zeros(len(at), dtype=bool)
    index = np.searchsorted(low, at, side="right") - 1
    return (index >= 0) & (at < high[np.maximum(index, 0)])


def outside(cells: Cells, whole: Cells) -> Cells:
    """What of `whole` lies outside the cells."""
    cuts = np.unique(np.concatenate([*whole, *cells]))
    middles = (cuts[:-1] + cuts[1:]) / 2
    out = holds(whole, middles) & ~holds(cells, middles)
    return merged(cuts[:-1][out], cuts[1:][out])


def merged(low: Floats, high: Floats, *, gap: float = 1e-6) -> Cells:
    """Cells in order, those that touch, or have no more than `gap` metres between them, joined."""
    if not len(low):
        return low, high
    order = np.argsort(low, kind="stable")
    low, high = low[order], np.maximum.accumulate(high[order])
    new = np.concatenate(([True], low[1:] > high[:-1] + gap))
    ends = np.concatenate((np.flatnonzero(new)[1:] - 1, [len(low) - 1]))
    return low[new], high[ends]


def cut(cells: Cells, most: float) -> Cells:
    """The cells in equal pieces no longer than `most`."""
    low, high = cells
    pieces = np.maximum(np.ceil((high - low) / most).astype(int), 1)
    owner, number = spread(np.zeros_like(pieces), pieces)
    step = ((high - low) / pieces)[owner]
    return low[owner] + number * step, low[owner] + (number + 1) * step


def spread(start: Ints, count: Ints) -> tuple[Ints, Ints]:
    """For lists that lie one behind the other, each from `start` on: the number of the list, and the index, of each item."""
    owner = np.repeat(np.arange(len(count)), count)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count) + start[owner]
