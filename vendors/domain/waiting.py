"""Who waits for a pitch in a site; first come, first served."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from gridmgr.core.errors import Conflict, Invalid, NotThere
from vendors.domain.settle import in_one_go
from vendors.enums import SiteState
from vendors.models import Site, Vendor, WaitingEntry


def join_queue(site: Site, *, vendor: Vendor, note: str = "") -> WaitingEntry:
    """Puts the vendor on the site's waiting list. Raises Conflict when already on it, Invalid when the site is closed."""

    def work() -> WaitingEntry:
        check_in_use(site_in_use(site.pk))
        return WaitingEntry.objects.create(site=site, vendor=vendor, note=note.strip())

    return in_one_go(
        work,
        words={
            "waiting_once": lambda: Conflict(
                _("%(vendor)s已在%(site)s候补,无需再次登记。") % {"vendor": vendor, "site": site}
            )
        },
    )


def leave_queue(entry: WaitingEntry) -> WaitingEntry:
    """Takes the vendor off the waiting list; the entry stays on record. Raises Conflict when already off it."""
    with transaction.atomic():
        row = WaitingEntry.objects.select_for_update().filter(pk=entry.pk, left_at=None).first()
        if row is None:
            raise Conflict(_("%(vendor)s已不在候补名单上。请刷新后再看。") % {"vendor": entry.vendor})
        row.left_at = timezone.now()
        row.save(update_fields=["left_at"])
    return row


def rejoin_queue(entry: WaitingEntry) -> WaitingEntry:
    """Undoes `leave_queue`: the vendor has the old place in the queue again."""

    def work() -> WaitingEntry:
        row = WaitingEntry.objects.select_for_update().get(pk=entry.pk)
        row.left_at = None
        row.save(update_fields=["left_at"])
        return row

    taken = _("%(vendor)s已重新登记候补,无需撤销。") % {"vendor": entry.vendor}
    return in_one_go(work, words={"waiting_once": lambda: Conflict(taken)})


def queue_of(site: Site) -> list[WaitingEntry]:
    """Who waits for a pitch in the site, first come first."""
    return list(site.waiting.filter(left_at=None).select_related("vendor").order_by("since", "pk"))


def end_waiting(site: Site, vendor: Vendor) -> None:
    for entry in site.waiting.filter(vendor=vendor, left_at=None).select_for_update():
        entry.left_at = timezone.now()
        entry.save(update_fields=["left_at"])


def site_in_use(pk: int) -> Site:
    """The site, kept from changing while we allot: its state and season hold to the end of the transaction."""
    site: Site | None = Site.objects.select_for_update(no_key=True).filter(pk=pk).defer("area").first()
    if site is None:
        raise NotThere(_("摊点已不存在。请刷新后再试。"))
    return site


def check_in_use(site: Site) -> None:
    if site.state not in {SiteState.OPEN, SiteState.APPROVED}:
        raise Invalid(
            _("%(site)s现为“%(state)s”,不能分配摊位。请先恢复开放,或另选摊点。")
            % {"site": site, "state": site.get_state_display()}
        )
