"""Laying pitches inside a site, numbered along the street, and changing them by hand.

Rows run along the kerb. They face their customers across an aisle: the first row turns its back to the kerb, then
comes an aisle, then a row that faces it, then one back to back with that, and so on. All metres in the city's CRS.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.deletion import ProtectedError
from django.utils.translation import gettext as _
from shapely import Polygon

from gridmgr.core.errors import Conflict, Invalid, constraint_of
from vendors.domain.place import as_shapely, stored
from vendors.models import Pitch, Site
from vendors.triggers import APPROVED, OVERLAP_TOLERANCE_M2

LIMITS_M: dict[str, tuple[float, float]] = {
    "width": (0.5, 20.0),
    "depth": (0.5, 20.0),
    "gap": (0.0, 10.0),
    "aisle": (0.0, 20.0),
}
MOST_PITCHES, MOST_ROWS = 200, 10
STEP_M = 0.1  # how far a row moves on where a pitch would reach beyond the site
EDGE_M = 0.005  # a pitch may lie on the site's edge; what floating point makes of it is not beyond
PARKED_M = (
    0.02  # half the side of the square to which a pitch shrinks while others pass: no overlap that counts
)
NUMBER_LENGTH = 8

Floats = np.ndarray


@dataclass(frozen=True)
class Layout:
    """A pitch's width along the kerb and depth, the gap between neighbours and at the ends, the aisle, and how many rows."""

    width: float = 2.0
    depth: float = 1.5
    gap: float = 0.4
    aisle: float = 0.8
    rows: int = 1

    def __post_init__(self) -> None:
        words = {"width": _("摊位宽"), "depth": _("摊位深"), "gap": _("间隔"), "aisle": _("通道宽")}
        for name, (least, most) in LIMITS_M.items():
            value = getattr(self, name)
            if not least <= value <= most:  # false for NaN too
                raise Invalid(
                    _("%(what)s %(value)s m 须在 %(least)s 至 %(most)s m 之间。")
                    % {"what": words[name], "value": value, "least": least, "most": most}
                )
        if not 1 <= self.rows <= MOST_ROWS:
            raise Invalid(
                _("排数 %(given)s 须在 1 至 %(most)s 之间。") % {"given": self.rows, "most": MOST_ROWS}
            )

    def length_for(self, pitches: int) -> float:
        """Metres of kerb that so many pitches take, in this many rows."""
        per_row = math.ceil(check_count(pitches) / self.rows)
        return per_row * (self.width + self.gap) + self.gap

    @property
    def depth_for(self) -> float:
        """Metres across the kerb: the rows, the aisles they face, and the gap between two that stand back to back."""
        *_starts, last = self._starts()
        return last + self.depth + (self.aisle if self.rows % 2 else 0.0)

    def _starts(self) -> Iterator[float]:
        """How far from the kerbside edge each row begins."""
        at = 0.0
        for row in range(self.rows):
            yield at
            at += self.depth + (self.gap if row % 2 else self.aisle)

    def starts(self, depth_m: float) -> Iterator[float]:
        """The same for as many rows as fit into a depth, at most `rows`."""
        return (at for at in self._starts() if at + self.depth <= depth_m + EDGE_M)


def check_count(pitches: int) -> int:
    """The number itself when a site may have so many pitches; else Invalid."""
    if not 1 <= pitches <= MOST_PITCHES:
        raise Invalid(
            _("摊位数 %(given)s 须在 1 至 %(most)s 之间。") % {"given": pitches, "most": MOST_PITCHES}
        )
    return pitches


# ── Where pitches lie ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Frame:
    """A site's own axes: the corner at the kerb where the street's metres begin, unit vectors along the kerb and away from it."""

    origin: Floats
    along: Floats
    out: Floats
    length: float
    depth: float

    @classmethod
    def of(cls, area: Polygon, along: Floats, out: Floats) -> "Frame":
        """Around `area`, for the street's direction `along` and the way `out` from the kerb."""
        corners = shapely.get_coordinates(area)
        on_kerb, away = corners @ along, corners @ out
        origin = along * on_kerb.min() + out * away.min()
        return cls(origin, along, out, float(np.ptp(on_kerb)), float(np.ptp(away)))

    def rectangle(self, at: float, out_m: float, width: float, depth: float) -> Polygon:
        """The rectangle whose nearer corner lies `at` metres along and `out_m` away."""
        first = self.origin + self.along * at + self.out * out_m
        far = self.out * depth
        step = self.along * width
        return Polygon([first, first + step, first + step + far, first + far])

    def place_of(self, area: Polygon) -> tuple[float, float, float, float]:
        """Metres along and away of a rectangle's nearer corner, its width and its depth."""
        corners = shapely.get_coordinates(area) - self.origin
        on_kerb, away = corners @ self.along, corners @ self.out
        return float(on_kerb.min()), float(away.min()), float(np.ptp(on_kerb)), float(np.ptp(away))


def frame_beside(area: Polygon, kerb: shapely.LineString, side: str) -> Frame:
    """The axes of an area beside a kerb line that runs in the direction of the road's metres."""
    at = kerb.line_locate_point(area.centroid)
    first, last = (kerb.interpolate(min(max(at + step, 0.0), kerb.length)) for step in (-1.0, 1.0))
    way = np.array([last.x - first.x, last.y - first.y])
    way = way / max(float(np.hypot(*way)), 1e-9)
    edges = np.diff(shapely.get_coordinates(area), axis=0)
    lengths = np.hypot(*edges.T)
    # The area's own edge that runs along the kerb says the direction better than a kerb that bends.
    best = int(np.argmax(np.abs(edges @ way) * (np.abs(edges @ way) > 0.9 * lengths)))
    edge = edges[best] / max(float(lengths[best]), 1e-9)
    if abs(edge @ way) > 0.9:
        way = edge if edge @ way > 0 else -edge
    right = np.array([way[1], -way[0]])
    return Frame.of(area, way, right if side == "right" else -right)


def lay(area: Polygon, frame: Frame, *, layout: Layout, most: int) -> list[tuple[str, Polygon]]:
    """At most `most` pitches wholly inside `area`, row by row from the kerb, each with its number along the street."""
    room = shapely.buffer(area, EDGE_M, join_style="mitre")
    shapely.prepare(room)
    found: list[Polygon] = []
    for out_m in layout.starts(frame.depth):
        at = layout.gap
        while at + layout.width <= frame.length + EDGE_M and len(found) < most:
            pitch = frame.rectangle(at, out_m, layout.width, layout.depth)
            fits = shapely.covers(room, pitch)
            found += [pitch] if fits else []
            at += layout.width + layout.gap if fits else STEP_M
    width = max(2, len(str(len(found))))
    return [(f"{number:0{width}d}", pitch) for number, pitch in enumerate(found, start=1)]


def check_pitches(area: Polygon, pitches: Sequence[tuple[str, Polygon]]) -> None:
    """Raises Invalid in words: none, a number twice or none, one beyond the site, two on one another."""
    check_count(len(pitches))
    numbers = [number for number, _area in pitches]
    for number in numbers:
        if not number.strip() or len(number) > NUMBER_LENGTH:
            raise Invalid(
                _("摊位号“%(number)s”须为 1 至 %(most)s 个字。")
                % {"number": number[:20], "most": NUMBER_LENGTH}
            )
        if numbers.count(number) > 1:
            raise Invalid(_("摊位号 %s 用了两次。请改成不同的号。") % number)
    room = shapely.buffer(area, EDGE_M, join_style="mitre")
    for number, pitch in pitches:
        if not shapely.covers(room, pitch):
            raise Invalid(_("%s 号摊位超出了摊点范围。请移进范围内或缩小。") % number)
    shapes = [pitch for _number, pitch in pitches]
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    for a, b in zip(first.tolist(), second.tolist(), strict=True):
        if a < b and shapely.area(shapely.intersection(shapes[a], shapes[b])) > OVERLAP_TOLERANCE_M2:
            raise Invalid(
                _("%(a)s 号与 %(b)s 号摊位重叠。请移开其中一个。") % {"a": numbers[a], "b": numbers[b]}
            )


# ── Writing ───────────────────────────────────────────────────────────────────────────────────────────────


def read_pitches(frame: Frame, rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, Polygon]]:
    """Pitches as a person writes them: number, metres along and away, width and depth. Raises Invalid."""
    check_count(len(rows))
    pitches = []
    for row in rows:
        number = str(row.get("number", "")).strip()
        values = [_metres(row.get(name), number) for name in ("at", "out", "width", "depth")]
        for name, value in zip(("width", "depth"), values[2:], strict=True):
            least, most = LIMITS_M[name]
            if not least <= value <= most:
                raise Invalid(
                    _("%(number)s 号摊位的宽和深须在 %(least)s 至 %(most)s m 之间。")
                    % {"number": number, "least": least, "most": most}
                )
        pitches.append((number, frame.rectangle(*values)))
    return pitches


def _metres(value: Any, number: str) -> float:
    try:
        metres = float(value)
    except (TypeError, ValueError):
        metres = math.nan
    if isinstance(value, bool) or not abs(metres) <= 1000.0:
        raise Invalid(
            _("%(number)s 号摊位有一个值不是米数:%(value)s。") % {"number": number, "value": str(value)[:20]}
        )
    return metres


@transaction.atomic
def set_pitches(*, site: Site, pitches: Sequence[tuple[str, Polygon]], expected_version: int) -> list[Pitch]:
    """Makes these the site's pitches, by number. What a vendor holds stays theirs, moved.

    Their count is the site's capacity, but for one that is approved: its capacity is the most that was approved.

    Raises Invalid for pitches that can't be; Conflict when the site has changed since `expected_version`, a pitch
    that is left out is or was a vendor's, or there are more than were approved.
    """
    locked = Site.objects.select_for_update().get(pk=site.pk)
    if locked.version != expected_version:
        raise Conflict(
            _("%(site)s刚被别人改过(版本 %(now)s,您看到的是 %(then)s),什么都没有保存。请刷新后再改。")
            % {"site": locked.name, "now": locked.version, "then": expected_version}
        )
    is_approved = locked.state in APPROVED
    if is_approved and len(pitches) > locked.capacity:
        raise Conflict(
            _("%(site)s批准的是 %(most)s 个摊位,现在有 %(count)s 个。要增加,请在规划页修改,再由另一人批准。")
            % {"site": locked.name, "most": locked.capacity, "count": len(pitches)}
        )
    written = write_pitches(locked, pitches)
    # Of two people who change pitches only, the second is told too: any change raises the version.
    Site.objects.filter(pk=locked.pk).update(
        capacity=locked.capacity if is_approved else len(pitches), bins=F("bins")
    )
    return written


def write_pitches(site: Site, pitches: Sequence[tuple[str, Polygon]]) -> list[Pitch]:
    """Pitches are added, moved and taken away until they are those given. The caller holds the site's lock."""
    check_pitches(as_shapely(site.area), pitches)
    there = {pitch.number: pitch for pitch in site.pitches.all()}
    wanted = dict(pitches)
    for number in there.keys() - wanted.keys():
        _take_away(site, there.pop(number))
    _move({there[number]: area for number, area in wanted.items() if number in there})
    made = [
        Pitch(site=site, number=number, area=stored(area), is_demo=site.is_demo)
        for number, area in pitches
        if number not in there
    ]
    try:
        with transaction.atomic():
            return [*there.values(), *Pitch.objects.bulk_create(made)]
    except IntegrityError as error:
        if constraint_of(error) == "pitch_within_site":
            raise Invalid(_("有摊位伸出了摊点的范围,什么都没有保存。请移回范围内再试。")) from error
        if constraint_of(error) != "pitches_apart":
            raise
        raise Invalid(_("有摊位互相重叠,什么都没有保存。请移开后再试。")) from error


def _take_away(site: Site, pitch: Pitch) -> None:
    try:
        pitch.delete()
    except ProtectedError:
        raise Conflict(
            _(
                "%(site)s的 %(number)s 号摊位有分配或保留记录,不能取消。请保留这个号,或先在摊位分配页结束分配。"
            )
            % {"site": site.name, "number": pitch.number}
        ) from None


def _move(wanted: Mapping[Pitch, Polygon]) -> None:
    """Moves pitches one at a time, each onto free ground; where all wait for one another, one shrinks first."""
    now = {pitch: as_shapely(pitch.area) for pitch in wanted}
    waiting = [pitch for pitch, area in wanted.items() if not _same(now[pitch], area)]
    while waiting:
        free = next((pitch for pitch in waiting if _is_free(pitch, wanted[pitch], now)), None)
        pitch = free or waiting[0]
        now[pitch] = wanted[pitch] if free else now[pitch].centroid.buffer(PARKED_M, cap_style="square")
        pitch.area = stored(now[pitch])
        pitch.save(update_fields=["area"])
        if free:
            waiting.remove(free)


def _same(a: Polygon, b: Polygon) -> bool:
    return bool(shapely.equals_exact(shapely.normalize(a), shapely.normalize(b), 1e-6))


def _is_free(pitch: Pitch, area: Polygon, now: Mapping[Pitch, Polygon]) -> bool:
    return not any(
        other is not pitch and area.intersection(shape).area > OVERLAP_TOLERANCE_M2
        for other, shape in now.items()
    )
