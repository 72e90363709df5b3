"""Which of our own files a request runs, as script/house counts them."""

from gridmgr.core.geo.crs import in_degrees
from gridmgr.core.geo.tilegrid import Tile
from script.measure_house.trips import files_run


def test_files_are_those_in_which_a_body_runs() -> None:
    tile = Tile(15, 26656, 12654)
    with files_run() as found:
        size = tile.size_m
    assert size > 0
    assert found == {"gridmgr/core/geo/tilegrid.py"}
    with files_run() as found:
        in_degrees((500_000, 4_190_000, 501_000, 4_191_000))
    assert found == {"gridmgr/core/geo/crs.py"}
    with files_run() as found:
        sorted([3, 1, 2])
    assert found == set()
