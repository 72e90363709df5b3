"""What is asked of the kerbs, and what is answered."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import time

from psycopg2.extras import DateRange
from shapely import LineString

from vendors.domain.occupation import Occupation, daily
from vendors.domain.rectangles import Size
from vendors.enums import SiteKind

NO_ROOM = "no-room"  # the kerb ends or bends too sharply there
UNRULED = "unruled"  # no rule in force speaks of such a place: nothing can be said of the kerb


@dataclass(frozen=True)
class Wanted:
    """What is to stand somewhere: kind of site, size, and when. `site_id` is a site that is to move: it makes way for itself."""

    kind: str = SiteKind.STALL
    size: Size = field(default_factory=lambda: Size(12.0, 2.5))
    opens: time | None = time(6)
    closes: time | None = time(22)
    season: DateRange | None = None
    site_id: int | None = None

    @property
    def occupation(self) -> Occupation:
        return daily(self.opens, self.closes, self.season)


@dataclass(frozen=True)
class Stretch:
    """Positions of the rectangle's middle on one run of kerb, in metres along it, with the metres of road abreast.

    `state` is free, warned (only advisory rules break), barred or UNRULED; `codes` are the rules that break there, or NO_ROOM.
    """

    kerb_id: int
    road_id: int
    side: str
    start: float
    end: float
    from_m: float
    to_m: float
    state: str
    codes: tuple[str, ...]
    line: LineString

    @property
    def length_m(self) -> float:
        return self.end - self.start


@dataclass(frozen=True)
class Kerbside:
    """All stretches in order of kerb and metre; `lost_m` by rule code the metres that it breaks on, whatever else does."""

    stretches: Sequence[Stretch]
    lost_m: dict[str, float]

    def metres(self, state: str) -> float:
        """Metres of kerb in that state."""
        return sum(stretch.length_m for stretch in self.stretches if stretch.state == state)
