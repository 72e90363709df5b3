"""Where on the axis rectangles keep clear of something, to the millimetre, by measuring ever smaller cells.

Between two positions h metres apart none of a rectangle's points moves by more than speed × h, so one measurement
settles all positions within gap / speed of it: clear when the gap is positive, barred when it is negative. What lies
farther off is measured again, until no gap can differ by more than a millimetre: what is unsettled then counts as barred.
"""

from abc import ABC, abstractmethod

import numpy as np

from vendors.domain import siting
from vendors.domain.kerbside.cells import NONE, Cells, merged
from vendors.domain.rectangles import Flags, Floats, Rectangles, Runs, Size, rectangles

COARSEST_M = 32.0
SLIVER_M = 0.08  # what is clear between two barred positions and shorter than this is of no use


def speed(turning: Floats, size: Size) -> Floats:
    """How far, at most, a point of the rectangle moves for each metre along a kerb that turns so much (radians) beside it.

    The middle moves by one metre at most; the chord turns by turning / length, and its bulge grows by twice the turning.
    """
    arm = np.hypot(0.5, (abs(size.offset) + size.depth) / size.length + 0.05)
    moved: Floats = 1.0 + turning * (2.01 + 1.005 * arm)
    return moved


def drift(turning: Floats, size: Size, half: Floats) -> Floats:
    """Metres that points of the rectangle leave the straight line by, at most, within `half` metres along."""
    return (speed(turning, size) - 1 + turning) * half


class Measure(ABC):
    """What is held against rectangles: it is told of each halving of the cells, so that it may remember what lies near."""

    size: Size
    finest = siting.TOLERANCE_M  # metres of gap: along a bend it may stay this near to 0 for a long way

    def pace(self, turning: Floats) -> Floats:
        """By how much the gap changes at most for each metre along."""
        return speed(turning, self.size)

    @abstractmethod
    def gaps(self, laid: Rectangles) -> Floats:
        """By how many metres each rectangle stays clear, negative where it does not; inf when there is nothing near."""

    @abstractmethod
    def sweep(self, laid: Rectangles, half: Floats, aside: Floats, wanted: Flags) -> tuple[Flags, Flags]:
        """Which of the `wanted` stay clear, and which do not, wherever they move: `half` metres along, `aside` metres across."""

    @abstractmethod
    def halve(self, again: Flags, reach: Floats) -> None:
        """The cells `again` go on as their lower and upper parts, all lower parts first; what stayed clear by more than
        `reach` metres does not matter to them."""


def settled(runs: Runs, size: Size, cells: Cells, measure: Measure) -> Cells:
    """The parts of the cells on which the gap is negative; what stays within `finest` of 0 may be among them."""
    low, high = cells
    barred: list[Cells] = [NONE]
    while len(low):
        middle, half = (low + high) / 2, (high - low) / 2
        turning = runs.turning(low - size.length / 2, high + size.length / 2)
        pace = measure.pace(turning)
        laid = rectangles(runs, middle, size)
        gap = measure.gaps(laid)
        sure, bad = np.minimum(np.abs(gap) / pace, half), gap < 0
        if (unsure := sure < half).any():
            clear, broken = measure.sweep(laid, half, drift(turning, size, half), unsure)
            bad |= broken
            sure = np.where(clear | broken, half, sure)
        unsettled = (sure < half) & (pace * half <= measure.finest)
        sure[unsettled] = half[unsettled]
        bad |= unsettled
        barred.append(((middle - sure)[bad], (middle + sure)[bad]))
        again = sure < half
        measure.halve(again, pace * half)
        low, high = (
            np.concatenate((low[again], (middle + sure)[again])),
            np.concatenate(((middle - sure)[again], high[again])),
        )
    return merged(*(np.concatenate(ends) for ends in zip(*barred, strict=True)), gap=SLIVER_M)
