"""The register of vendors: who trades, found again by name, goods, phone or the last four of the identity number."""

from dataclasses import dataclass, field
from datetime import date

from django.db import IntegrityError, transaction
from django.db.models import F, Func, Q, QuerySet, TextField, Value
from django.utils.translation import gettext as _

from gridmgr.core.accounts.audience import Audience
from gridmgr.core.errors import Conflict, Invalid, constraint_of
from vendors.domain import identity as identities
from vendors.domain import keyring
from vendors.models import Vendor
from vendors.rights import may_see_identity, phones_of, phones_visible

PHONE_LEAST = 4  # digits that a search by phone needs


@dataclass(frozen=True)
class Likeness:
    """A registered vendor who may be the same person, and why that seems so."""

    vendor: Vendor
    reasons: list[str] = field(default_factory=list)


def register_vendor(
    *, name: str, goods: str, phone: str = "", identity: str = "", is_demo: bool = False
) -> Vendor:
    """Enters a vendor. Raises Invalid for an identity number that can't be, Conflict when somebody has it already.

    Likeness by phone or by name and goods is no error: ask `possible_duplicates` first and let a person decide.
    """
    vendor = Vendor(is_demo=is_demo)
    return _write(vendor, name=name, goods=goods, phone=phone, identity=identity)


def update_vendor(
    vendor: Vendor, *, name: str, goods: str, phone: str | None = None, identity: str | None = None
) -> Vendor:
    """Changes what is registered; None leaves phone or identity number as it is, '' clears it. Raises as above."""
    return _write(vendor, name=name, goods=goods, phone=phone, identity=identity)


def _write(vendor: Vendor, *, name: str, goods: str, phone: str | None, identity: str | None) -> Vendor:
    vendor.name, vendor.goods = " ".join(name.split()), " ".join(goods.split())
    if not vendor.name or not vendor.goods:
        raise Invalid(_("请填写商贩的姓名和经营品种。"))
    if phone is not None:
        vendor.phone = phone.strip()
    try:
        with transaction.atomic():
            if identity is not None:
                identities.store_identity(vendor, identity)
                _refuse_known(vendor, identity)
            vendor.save()
    except IntegrityError as error:
        if constraint_of(error) != "vendor_one_per_identity":
            raise
        raise _known_already() from error
    return vendor


def _refuse_known(vendor: Vendor, identity: str) -> None:
    """While a change of keys is under way, the same number may stand under another key, which no constraint sees."""
    if identity.strip() and len(keyring.all_keys()) > 1:
        others = identities.digests(identities.read_identity(identity))
        if Vendor.objects.filter(identity_digest__in=others).exclude(pk=vendor.pk).exists():
            raise _known_already()


def _known_already() -> Conflict:
    # Whose it is isn't said: the form may be filled in by somebody who may not read that number.
    return Conflict(
        _(
            "这个身份证号已登记在册,什么都没有保存。请按姓名或身份证后四位在登记册里找到该商贩再修改,不要重复登记;找不到请联系管理员。"
        )
    )


# ── Looking up ────────────────────────────────────────────────────────────────────────────────────────────


def possible_duplicates(
    *,
    name: str,
    goods: str,
    audience: Audience,
    on: date,
    phone: str = "",
    identity: str = "",
    besides: int | None = None,
) -> list[Likeness]:
    """Registered vendors with the same identity number, phone, or name and goods; the likeliest first.

    Numbers are compared only with those that the reader may see: who tries a number learns nothing of others. An
    identity number that can't be read is passed over here: registering it is what is refused.
    """
    digests = _digests_or_none(identity) if may_see_identity(audience) else []
    digits = _digits(phone)
    same = Q(name__iexact=" ".join(name.split()), goods__iexact=" ".join(goods.split()))
    if digests:
        same |= Q(identity_digest__in=digests)
    if digits and (searchable := phones_of(audience, on=on)) is not None:
        same |= Q(phone_digits=digits) & searchable
    rows = list(with_phone_digits(Vendor.objects.exclude(pk=besides or 0)).filter(same)[:20])
    seen = phones_visible(audience, rows, on=on)
    found = [
        _likeness(vendor, name=name, digests=digests, digits=digits if vendor.pk in seen else "")
        for vendor in rows
    ]
    return sorted(found, key=lambda each: -len(each.reasons))


def _likeness(vendor: Vendor, *, name: str, digests: list[str], digits: str) -> Likeness:
    reasons = []
    if vendor.identity_digest in digests:
        reasons.append(_("身份证号相同"))
    if digits and _digits(vendor.phone) == digits:
        reasons.append(_("电话相同"))
    if vendor.name.casefold() == " ".join(name.split()).casefold():
        reasons.append(_("姓名相同"))
    return Likeness(vendor, reasons)


def _digests_or_none(text: str) -> list[str]:
    try:
        return identities.digests(identities.read_identity(text)) if text.strip() else []
    except Invalid:
        return []


def _digits(phone: str) -> str:
    return "".join(each for each in phone if each.isascii() and each.isdigit())


def with_phone_digits(rows: "QuerySet[Vendor]") -> "QuerySet[Vendor]":
    """Annotates `phone_digits`: the phone without blanks, dashes and plus."""
    digits = Func(
        F("phone"),
        Value("[^0-9]"),
        Value(""),
        Value("g"),
        function="regexp_replace",
        output_field=TextField(),
    )
    return rows.annotate(phone_digits=digits)


def found_by(words: str, *, audience: Audience, on: date) -> "QuerySet[Vendor]":
    """Vendors whose name or goods hold `words`, whose identity number ends in them (exactly four characters), or,
    as far as the reader may see it, whose phone holds them.
    """
    rows = Vendor.objects.all()
    words = words.strip()
    if not words:
        return rows
    match = Q(name__icontains=words) | Q(goods__icontains=words)
    if tail := identities.read_tail(words):
        match |= Q(identity_tail_digest__in=identities.tail_digests(tail))
    digits = _digits(words)
    if len(digits) >= PHONE_LEAST and (searchable := phones_of(audience, on=on)) is not None:
        rows = with_phone_digits(rows)
        match |= Q(phone_digits__contains=digits) & searchable
    return rows.filter(match)
