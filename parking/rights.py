"""Who changes schools, lanes, points and bays in the admin: those who change places. None of these holds a phone number."""

from gridmgr.core.accounts.rights import allow_admin, changes_places

MODELS = ["school", "schoolgate", "pandalane", "dropoffpoint", "dropoffhours", "bay"]

allow_admin("parking", MODELS, changes_places)
