"""The web-map tile grid (XYZ, EPSG:3857)."""

from dataclasses import dataclass

from gridmgr.core.errors import Invalid

HALF_WORLD_M = 20037508.342789244
MAX_ZOOM = 22


@dataclass(frozen=True)
class Tile:
    """One tile. `bounds()` gives west, south, east, north in EPSG:3857 metres."""

    z: int
    x: int
    y: int

    def __post_init__(self) -> None:
        if not (0 <= self.z <= MAX_ZOOM and 0 <= self.x < 2**self.z and 0 <= self.y < 2**self.z):
            raise Invalid(
                f"瓦片 {self.z}/{self.x}/{self.y} 不存在 / no such tile (z 0–{MAX_ZOOM}, x and y below 2^z)"
            )

    @property
    def size_m(self) -> float:
        """Edge length in EPSG:3857 metres."""
        return 2 * HALF_WORLD_M / 2**self.z

    def bounds(self, *, buffer: float = 0.0) -> tuple[float, float, float, float]:
        """The tile's box, widened by `buffer` of its edge on each side."""
        size = self.size_m
        west = -HALF_WORLD_M + self.x * size
        north = HALF_WORLD_M - self.y * size
        pad = buffer * size
        return west - pad, north - size - pad, west + size + pad, north + pad
