"""Who may do what with sites, vendors, pitches and guidance.

Who needs to know who holds a pitch, on whatever page: planners, the office, administrators, and the branch that answers
where the site stands. Phones are for the office, administrators and the secretary on whose sections vendors trade; a whole
identity number for administrators alone. The register is read by all who may enter a vendor or place one.
"""

from collections.abc import Iterable
from datetime import date

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from psycopg2.extras import DateRange

from gridmgr.core.accounts.rights import (
    Reader,
    allow_admin,
    changes_places,
    is_administrator,
    is_member,
    is_of_branch,
    is_office,
    is_planner,
    is_secretary,
    right,
    sees_all,
    sees_everybodys_phones,
)
from grids.models import Assignment, Branch
from vendors.models import Allocation, Guidance, PitchHold, Site, Vendor, WaitingEntry

allow_admin("vendors", ["site", "pitch"], changes_places)


# ── Sites ─────────────────────────────────────────────────────────────────────────────────────────────────


@right
def may_plan(reader: Reader) -> bool:
    """Propose sites, have places judged, lay out pitches, open and close; another such person approves."""
    return changes_places(reader)


def answers_at(reader: Reader, site: Site, on: date) -> bool:
    """Whether the reader's branch answers, on that day, where the site stands. One query for who is of a branch."""
    if reader.branch_id is None:
        return False
    sections = Assignment.objects.on_day(on).filter(branch=reader.branch_id, road=site.road_id)
    return sections.filter(stretch__overlap=site.stretch).exists()


@right
def may_allocate(reader: Reader, site: Site, *, on: date | None = None) -> bool:
    """Allot the site's pitches (today, unless `on` says otherwise): a secretary where their own branch answers."""
    if changes_places(reader):
        return True
    return is_secretary(reader) and answers_at(reader, site, on or timezone.localdate())


@right
def may_see_holders(reader: Reader, site: Site, *, on: date | None = None) -> bool:
    """Be told who holds the site's pitches, and who waits for one; others see what is free."""
    if is_planner(reader) or is_office(reader) or is_administrator(reader):
        return True
    return answers_at(reader, site, on or timezone.localdate())


# ── The register ──────────────────────────────────────────────────────────────────────────────────────────


@right
def may_read_register(reader: Reader) -> bool:
    """Open the register of vendors."""
    return sees_all(reader)


@right
def may_keep_register(reader: Reader) -> bool:
    """Register vendors and change what is registered."""
    return is_administrator(reader) or is_planner(reader) or is_secretary(reader)


@right
def may_edit_vendor(reader: Reader, vendor: Vendor, *, on: date | None = None) -> bool:
    """Change what is registered of this vendor: a secretary of those on their own sites alone."""
    if not is_secretary(reader):
        return may_keep_register(reader)
    theirs = vendors_of_sites(reader, on=on or timezone.localdate())
    return Vendor.objects.filter(theirs, pk=vendor.pk).exists()


@right
def may_see_identity(reader: Reader) -> bool:
    """Read whole identity numbers; everyone else sees them masked."""
    return is_administrator(reader)


def phones_visible(reader: Reader, vendors: Iterable[Vendor], *, on: date) -> set[int]:
    """Keys of those of `vendors` whose phone the reader may see. One query at most."""
    keys = {vendor.pk for vendor in vendors}
    if sees_everybodys_phones(reader):
        return keys
    readable = phones_of(reader, on=on)
    if readable is None:
        return set()
    return set(Vendor.objects.filter(readable, pk__in=keys).values_list("pk", flat=True))


def phones_of(reader: Reader, *, on: date) -> Q | None:
    """Vendors whose phone the reader may see, and search by: a hit tells as much as the number. None: nobody's.

    A secretary's are those on their own sites: by guiding a vendor elsewhere one doesn't come by a number.
    """
    if sees_everybodys_phones(reader):
        return Q()
    return vendors_of_sites(reader, on=on) if is_secretary(reader) else None


def vendors_of_sites(reader: Reader, *, on: date) -> Q:
    """Vendors who hold, will hold or wait for a pitch on the reader's branch's sections, or for whom one is held now."""
    sites = Site.objects.on_sections_of(Branch(pk=reader.branch_id), on=on)
    return (
        Q(
            Exists(
                Allocation.objects.filter(
                    vendor=OuterRef("pk"), pitch__site__in=sites, period__overlap=DateRange(on, None)
                )
            )
        )
        | Q(Exists(WaitingEntry.objects.filter(vendor=OuterRef("pk"), site__in=sites, left_at=None)))
        | Q(
            Exists(
                PitchHold.objects.filter(
                    vendor=OuterRef("pk"), pitch__site__in=sites, during__endswith__gt=timezone.now()
                )
            )
        )
    )


# ── Guiding ───────────────────────────────────────────────────────────────────────────────────────────────


@right
def may_guide(reader: Reader) -> bool:
    """Guide vendors and hold pitches: anywhere in the city."""
    return is_administrator(reader) or reader.branch_id is not None


def may_record_outcome(reader: Reader, guidance: Guidance, *, user_id: int) -> bool:
    """The officer who guided, a secretary of the branch it counts for or of the site's, and administrators."""
    if is_administrator(reader):
        return True
    if not may_guide(reader):
        return False
    if guidance.officer_id == user_id:
        return True
    if not is_secretary(reader):
        return False
    return is_of_branch(reader, guidance.branch_id) or (
        guidance.site is not None and may_allocate(reader, guidance.site, on=guidance.at.date())
    )


def guidance_for(reader: Reader, *, user_id: int) -> Q:
    """Records of guidance that the reader may see: a member their own, a secretary their branch's, others all."""
    if not is_member(reader) and not is_secretary(reader):
        return Q()
    own = Q(officer=user_id)
    return own | Q(branch=reader.branch_id) if is_secretary(reader) else own
