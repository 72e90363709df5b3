"""Whole identity numbers for people to read: each look leaves a record of who and when, before the number is given."""

from gridmgr.core.accounts.models import User
from vendors.domain.identity import identity_of, masked
from vendors.models import IdentityLook, Vendor


def whole_number(vendor: Vendor, *, reader: User | None, way: str, name: str = "") -> str:
    """The number of `vendor` for `reader` to read, '' when none is stored.

    `way` is the page's address or the command; without an account `name` is the operating system's user. The record is
    written first: a number that can't be recorded is not shown. Raises Conflict when no key reads it.
    """
    number = identity_of(vendor)
    if number:
        IdentityLook.objects.create(
            vendor_key=vendor.pk,
            vendor_name=vendor.name,
            user_key=reader.pk if reader else None,
            username=reader.get_username() if reader else name,
            way=way[:200],
        )
    return number


def masked_number(vendor: Vendor) -> str:
    """Four characters at each end, for everybody who may open the register; this leaves no record."""
    return masked(identity_of(vendor))


def looks_at(vendor: Vendor, *, most: int = 20) -> list[IdentityLook]:
    """The latest looks at the vendor's number, newest first."""
    return list(IdentityLook.objects.filter(vendor_key=vendor.pk)[:most])
