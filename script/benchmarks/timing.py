"""Timing for the benchmarks: medians of repeated calls, in turn with a peer so that the machine's drift cancels."""

import statistics
import time
from collections.abc import Callable
from typing import Any


def seconds(work: Callable[[], Any]) -> float:
    """Wall time of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def median_ms(work: Callable[[], Any], *, runs: int = 7) -> float:
    """Median wall time in milliseconds of `runs` calls after one warm-up."""
    work()
    return 1000 * statistics.median(seconds(work) for _ in range(runs))


def against(work: Callable[[], Any], peer: Callable[[], Any], *, runs: int = 7) -> tuple[float, float, float]:
    """(median ms of `work`, median ms of `peer`, median of the pairwise ratios), called in turn."""
    work(), peer()
    pairs = [(seconds(work), seconds(peer)) for _ in range(runs)]
    mine, theirs = zip(*pairs, strict=True)
    ratio = statistics.median(a / b for a, b in pairs)
    return 1000 * statistics.median(mine), 1000 * statistics.median(theirs), ratio


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of the sorted values lie."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]
