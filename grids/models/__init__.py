"""Roads, the branches and members who share them out, and who answers for which stretch when.

Geometry is stored in the city's metric CRS (settings.GRIDMGR_SRID); stretches are metres from the start of a
road's reference line, half-open [from, to); periods are days, half-open.
"""

from grids.models.branches import Assignment, Branch, Member, MemberAssignment
from grids.models.roads import SRID, Backdrop, Carriageway, Crossing, Facility, Kerb, OnRoad, Road, RoadGap

__all__ = [
    "SRID",
    "Assignment",
    "Backdrop",
    "Branch",
    "Carriageway",
    "Crossing",
    "Facility",
    "Kerb",
    "Member",
    "MemberAssignment",
    "OnRoad",
    "Road",
    "RoadGap",
]
