"""The vendors of the demo's sites: who holds which pitch, this year or for a season."""

from collections.abc import Sequence
from datetime import date

import numpy as np
from psycopg2.extras import DateRange

from gridmgr.demo import names
from vendors.enums import SiteState
from vendors.models import Allocation, Pitch, Site, Vendor

VENDORS, HOLDING = 200, 150

STALL_GOODS = (
    "早点",
    "煎饼果子",
    "烤红薯",
    "修鞋配钥匙",
    "缝补",
    "鲜花",
    "小百货",
    "凉皮",
    "糖葫芦",
    "豆腐脑",
    "莜面栲栳栳",
    "袜子手套",
)
SUMMER_GOODS = ("西瓜", "桃", "葡萄", "甜瓜", "杏")
WINTER_GOODS = ("苹果", "橘子", "梨", "白菜萝卜", "柿子", "红枣核桃")


def make_vendors(
    sites: Sequence[Site], pitches: Sequence[Pitch], today: date, rng: np.random.Generator
) -> None:
    """Vendors, of whom HOLDING hold a pitch of an open site: this year's for stalls, the season's for markets.

    Sites open today are filled first, four pitches in five; the rest hold a pitch of a market's coming season.
    """
    open_sites = {site.pk: site for site in sites if site.state == SiteState.OPEN}
    usable = [pitch for pitch in pitches if pitch.site_id in open_sites]
    usable = [usable[index] for index in rng.permutation(len(usable))]
    now = [pitch for pitch in usable if _in_season(open_sites[pitch.site_id], today)]
    now, spare = now[: round(len(now) * 0.85)], now[round(len(now) * 0.85) :]
    later = [pitch for pitch in usable if not _in_season(open_sites[pitch.site_id], today)]
    held = [*now, *later, *spare][:HOLDING]
    called = names.people(rng, VENDORS)
    vendors = Vendor.objects.bulk_create(
        Vendor(
            name=name,
            phone=names.phone(1_000 + number),
            goods=_goods(open_sites[held[number].site_id] if number < len(held) else None, rng),
            is_demo=True,
        )
        for number, name in enumerate(called)
    )
    year = DateRange(date(today.year, 1, 1), date(today.year + 1, 1, 1))
    Allocation.objects.bulk_create(
        Allocation(pitch=pitch, vendor=vendor, period=open_sites[pitch.site_id].season or year, is_demo=True)
        for pitch, vendor in zip(held, vendors, strict=False)
    )


def _in_season(site: Site, today: date) -> bool:
    return site.season is None or site.season.lower <= today < site.season.upper


def _goods(site: Site | None, rng: np.random.Generator) -> str:
    if site is None or site.season is None:
        return str(rng.choice(STALL_GOODS))
    return str(rng.choice(SUMMER_GOODS if site.season.lower.month == 5 else WINTER_GOODS))
