"""Who may do what with vendors, pitches and guidance, and who is asked when something is not to be had.

Who needs to know who holds a pitch, on whatever page: planners, the office, administrators, and the branch that answers
where the site stands. Phones are for the office, administrators and the secretary on whose sections vendors trade; a whole
identity number for administrators alone. The register is read by all who may enter a vendor or place one.
"""

from collections.abc import Iterable
from datetime import date

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg2.extras import DateRange

from gridmgr.core.accounts.audience import Audience
from grids.enums import MemberRole
from grids.models import Assignment, Branch, Member
from vendors.models import Allocation, Guidance, PitchHold, Site, Vendor, WaitingEntry


def may_read_register(audience: Audience) -> bool:
    """Whether the reader may open the register of vendors."""
    return audience.sees_all


def may_keep_register(audience: Audience) -> bool:
    """Whether the reader may register vendors and change what is registered."""
    return audience.role in {"administrator", "planner", "secretary"}


def may_edit_vendor(audience: Audience, vendor: Vendor, *, on: date) -> bool:
    """Whether the reader may change what is registered of this vendor: a secretary of those on their own sites alone."""
    if audience.role != "secretary":
        return may_keep_register(audience)
    return Vendor.objects.filter(vendors_of_sites(audience, on=on), pk=vendor.pk).exists()


def may_see_identity(audience: Audience) -> bool:
    """Whether the reader may read whole identity numbers; everyone else sees them masked."""
    return audience.role == "administrator"


def may_guide(audience: Audience) -> bool:
    """Whether the reader may guide vendors and hold pitches: anywhere in the city."""
    return audience.role == "administrator" or audience.branch_id is not None


def may_allocate(audience: Audience, site: Site, *, on: date) -> bool:
    """Whether the reader may allot the site's pitches: a secretary where their own branch answers."""
    if audience.role in {"administrator", "planner"}:
        return True
    return audience.role == "secretary" and any(
        branch.pk == audience.branch_id for branch in branches_at(site, on=on)
    )


def may_see_holders(audience: Audience, site: Site, *, on: date) -> bool:
    """Whether the reader is told who holds the site's pitches, and who waits for one; others see what is free."""
    if audience.role in {"administrator", "office", "planner"}:
        return True
    return any(branch.pk == audience.branch_id for branch in branches_at(site, on=on))


def may_record_outcome(audience: Audience, guidance: Guidance, *, user_id: int) -> bool:
    """The officer who guided, a secretary of the branch it counts for or of the site's, and administrators."""
    if audience.role == "administrator":
        return True
    if not may_guide(audience):
        return False
    if guidance.officer_id == user_id:
        return True
    if audience.role != "secretary":
        return False
    return guidance.branch_id == audience.branch_id or (
        guidance.site is not None and may_allocate(audience, guidance.site, on=guidance.at.date())
    )


def guidance_for(audience: Audience, *, user_id: int) -> Q:
    """Records of guidance that the reader may see: a member their own, a secretary their branch's, others all."""
    if audience.role in {"administrator", "office", "planner"}:
        return Q()
    own = Q(officer=user_id)
    return own | Q(branch=audience.branch_id) if audience.role == "secretary" else own


def phones_visible(audience: Audience, vendors: Iterable[Vendor], *, on: date) -> set[int]:
    """Keys of those of `vendors` whose phone the reader may see. One query at most."""
    keys = {vendor.pk for vendor in vendors}
    if audience.role in {"administrator", "office"}:
        return keys
    if audience.role != "secretary":
        return set()
    return set(Vendor.objects.filter(traders_of(audience, on=on), pk__in=keys).values_list("pk", flat=True))


def traders_of(audience: Audience, *, on: date) -> Q:
    """Vendors who hold, will hold or wait for a pitch on the reader's branch's sections, or were guided by it."""
    return vendors_of_sites(audience, on=on) | Q(
        Exists(Guidance.objects.filter(vendor=OuterRef("pk"), branch=audience.branch_id))
    )


def vendors_of_sites(audience: Audience, *, on: date) -> Q:
    """Vendors who hold, will hold or wait for a pitch on the reader's branch's sections, or for whom one is held now."""
    branch = Branch(pk=audience.branch_id)
    sites = Site.objects.on_sections_of(branch, on=on)
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


# ── Who is asked ──────────────────────────────────────────────────────────────────────────────────────────


def branches_at(site: Site, *, on: date) -> list[Branch]:
    """The branches that answer, on that day, where the site stands: along the road."""
    sections = (
        Assignment.objects.on_day(on)
        .filter(road=site.road_id, stretch__overlap=site.stretch)
        .select_related("branch")
        .defer("branch__area")
        .order_by("stretch")
    )
    return [section.branch for section in sections]


def secretary_to_call(site: Site, *, on: date, audience: Audience) -> Member | None:
    """The secretary whom `who_to_ask` names, with a phone number, when the reader may call them."""
    branches = branches_at(site, on=on)
    if not branches or not audience.may_call_secretary_of(branches[0].pk):
        return None
    member = _secretary_of(branches[0])
    return member if member and member.phone and member.pk != audience.member_id else None


def _secretary_of(branch: Branch) -> Member | None:
    secretaries = Member.objects.serving().filter(branch=branch, role=MemberRole.SECRETARY)
    return secretaries.only("name", "phone").first()


def who_to_ask(site: Site, *, on: date) -> str:
    """A sentence that names the branch secretary who answers for the site; never a phone number."""
    branches = branches_at(site, on=on)
    if not branches:
        return _("这一摊点没有支部负责,可询问管理员。")
    secretary = _secretary_of(branches[0])
    if secretary is None:
        return _("可询问%(branch)s。") % {"branch": branches[0]}
    return _("可询问%(branch)s书记%(name)s。") % {"branch": branches[0], "name": secretary.name}
