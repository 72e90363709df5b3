"""Vendor sites (stall sites and fruit markets), their pitches, the vendors who hold them, and the placement rules."""

from vendors.models.allocations import Allocation, WaitingEntry
from vendors.models.guidance import Guidance, PitchHold
from vendors.models.people import IdentityLook, Vendor
from vendors.models.rules import Override, PlacementRule, RuleProfile, SiteCheck
from vendors.models.sites import Pitch, Site

__all__ = [
    "Allocation",
    "Guidance",
    "IdentityLook",
    "Override",
    "Pitch",
    "PitchHold",
    "PlacementRule",
    "RuleProfile",
    "Site",
    "SiteCheck",
    "Vendor",
    "WaitingEntry",
]
