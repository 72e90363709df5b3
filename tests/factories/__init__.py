"""One small true thing of each kind, in the database. Places are drawn in metres around tests.drawing.BASE."""

from tests.factories.accounts import UserFactory
from tests.factories.grids import AssignmentFactory, BranchFactory, MemberFactory, RoadFactory, ShareFactory
from tests.factories.parking import BayFactory, DropOffPointFactory, PandaLaneFactory, SchoolFactory
from tests.factories.vendors import (
    AllocationFactory,
    GuidanceFactory,
    PitchFactory,
    SiteFactory,
    VendorFactory,
    replan,
)

__all__ = [
    "AllocationFactory",
    "AssignmentFactory",
    "BayFactory",
    "BranchFactory",
    "DropOffPointFactory",
    "GuidanceFactory",
    "MemberFactory",
    "PandaLaneFactory",
    "PitchFactory",
    "RoadFactory",
    "SchoolFactory",
    "ShareFactory",
    "SiteFactory",
    "UserFactory",
    "VendorFactory",
    "replan",
]
