"""The places on the axis where a rectangle can be laid at all, and which shapes lie near them."""

from functools import cached_property

import numpy as np
import numpy.typing as npt
import shapely

from parking.domain.row import LEAST_CHORD
from vendors.domain import siting
from vendors.domain.kerbside.cells import Cells, cut, outside
from vendors.domain.kerbside.settling import COARSEST_M, SLIVER_M, Measure, drift, settled
from vendors.domain.rectangles import Flags, Floats, Ints, Rectangles, Runs, Size, rectangles

STRAIGHT = 2 * np.arccos(LEAST_CHORD) - 1e-6


class Strip:
    """Runs of kerb with rectangles of one size along them: `room` holds the rectangles' middles.

    `cells` are the room in pieces of COARSEST_M at most. Whatever is looked for, it is looked for around these once.
    """

    def __init__(self, runs: Runs, size: Size, whole: Cells) -> None:
        self.runs, self.size = runs, size
        self.room = _room(runs, size, whole)
        self.cells = cut(self.room, COARSEST_M)

    @cached_property
    def ground(self) -> Floats:
        """West, south, east and north of what the rectangles of each cell may touch."""
        low, high = self.cells
        half, turning = (
            (high - low) / 2,
            self.runs.turning(low - self.size.length / 2, high + self.size.length / 2),
        )
        laid = rectangles(self.runs, (low + high) / 2, self.size)
        return laid.extents(half + drift(turning, self.size, half))

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(shapely.box(*self.ground.T))

    def near(self, shapes: npt.NDArray[np.object_], reach: Floats) -> tuple[Ints, Ints]:
        """Cells and shapes of which a rectangle may come within `reach` metres of the shape, in order of cell."""
        shape, cell = self._tree.query(shapes, predicate="dwithin", distance=reach)
        order = np.argsort(cell, kind="stable")
        return cell[order], shape[order]


def _room(runs: Runs, size: Size, whole: Cells) -> Cells:
    """Clear of the ends of the runs, and on kerb that is straight enough."""
    half = size.length / 2
    run = runs.run_of((whole[0] + whole[1]) / 2)
    low = np.maximum(whole[0], runs.base[run] + half)
    high = np.minimum(whole[1], runs.base[run] + runs.length[run] - half)
    fits = high - low > SLIVER_M
    cells = (low[fits], high[fits])
    # Where a kerb turns by less than STRAIGHT radians its chord is cos(STRAIGHT / 2) of its length at least: long enough.
    low, high = cut(cells, COARSEST_M)
    turns = runs.turning(low - half, high + half) > STRAIGHT
    return outside(settled(runs, size, (low[turns], high[turns]), _Straight(size)), cells)


class _Straight(Measure):
    """How straight the kerb's chord is. It changes with the kerb's turning alone, and slowly."""

    finest = siting.TOLERANCE_M / 10  # a chord hardly shortens as it comes round a bend

    def __init__(self, size: Size) -> None:
        self.size = size

    def pace(self, turning: Floats) -> Floats:
        return np.maximum(turning, 1e-9)

    def gaps(self, laid: Rectangles) -> Floats:
        return laid.straight

    def sweep(self, laid: Rectangles, half: Floats, aside: Floats, wanted: Flags) -> tuple[Flags, Flags]:
        nothing = np.zeros(len(half), dtype=bool)
        return nothing, nothing

    def halve(self, again: Flags, reach: Floats) -> None:
        pass
