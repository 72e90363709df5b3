"""What a day in the past costs, against today: pages, tiles, feeds and a briefing's numbers on the same city.

The city's history is put back by 40 days and 200 things change today, in a transaction that is taken back: the day asked
for is yesterday.
"""

from collections.abc import Callable
from datetime import date, timedelta
from math import asinh, pi, radians, tan
from typing import Any

import pgtrigger
from django.db import connection, transaction
from django.db.models import F
from django.test import Client
from django.utils import timezone

from gridmgr.briefing.gather import gather
from gridmgr.core.accounts.audience import Audience
from gridmgr.core.accounts.models import User
from gridmgr.core.history import event_model
from gridmgr.core.past import told_models
from grids.models import Branch, Member, Road
from parking.models import Bay
from script.benchmarks.timing import against
from vendors.models import Site

AGE, CHANGES = timedelta(days=40), 200
EVERYTHING = Audience(role="administrator")


def run() -> list[dict[str, Any]]:
    """Milliseconds of yesterday beside today's, and their ratio."""
    with transaction.atomic():
        _age()
        _change()
        rows = [_row(name, ask) for name, ask in _asked().items()]
        transaction.set_rollback(True)
    return rows


def _age() -> None:
    histories = [event_model(model) for model in told_models()]
    with pgtrigger.ignore(*[f"{events._meta.label}:append_only" for events in histories]):
        for events in histories:
            events.objects.update(pgh_created_at=F("pgh_created_at") - AGE)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE " + ", ".join(events._meta.db_table for events in histories))


def _change() -> None:
    """Three quarters of the changes are of bays, the rest of sites, members and roads."""
    bays = Bay.objects.order_by("pk")[: CHANGES * 3 // 4].values("pk")
    Bay.objects.filter(pk__in=bays).update(state="removed")
    for rows, name in ((Site.objects, "name"), (Member.objects, "name"), (Road.objects, "name_en")):
        for row in rows.order_by("pk")[: CHANGES // 12]:
            rows.filter(pk=row.pk).update(**{name: f"{getattr(row, name)}·"})


def _asked() -> dict[str, Callable[[date], Any]]:
    client = Client(headers={"host": "localhost"})
    office: Any = User.objects.filter(role="office", is_active=True).first()
    client.force_login(office, backend="django.contrib.auth.backends.ModelBackend")
    branch: Any = Branch.objects.order_by("code").first()
    road: Any = Road.objects.order_by("-length_m").first()
    site: Any = Site.objects.standing().first()
    bay: Any = Bay.objects.standing().order_by("-pk").first()

    def page(address: str) -> Callable[[date], Any]:
        def ask(on: date) -> None:
            answer = client.get(f"{address}{'&' if '?' in address else '?'}date={on.isoformat()}")
            if answer.status_code != 200:
                raise RuntimeError(f"{address}: {answer.status_code}")
            b"".join(answer)

        return ask

    pages = [
        *("/sites/", "/bays/", "/pitches/", "/roads/gaps/", "/map/"),
        *(f"/branches/{branch.code}/", f"/roads/{road.pk}/", f"/sites/{site.code}/", f"/bays/{bay.number}/"),
        *("/layers/bays.geojson", "/layers/sites.geojson", *_tiles()),
    ]
    return {address: page(address) for address in pages} | {
        "briefing's numbers": lambda on: gather(None, audience=EVERYTHING, on=on)
    }


def _tiles() -> list[str]:
    """A tile that counts bays and one that shows each, both over the first bay."""
    lon, lat = (
        Bay.objects.order_by("pk").values_list("area", flat=True)[0].centroid.transform(4326, clone=True)
    )
    return [f"/tiles/roads,sections,sites,bays/{zoom}/{_tile(lon, lat, zoom)}.pbf" for zoom in (13, 16)]


def _tile(lon: float, lat: float, zoom: int) -> str:
    count = 2**zoom
    return f"{int((lon + 180) / 360 * count)}/{int((1 - asinh(tan(radians(lat))) / pi) / 2 * count)}"


def _row(name: str, ask: Callable[[date], Any]) -> dict[str, Any]:
    today = timezone.localdate()
    then, now, ratio = against(lambda: ask(today - timedelta(days=1)), lambda: ask(today))
    return {
        "figure": f"yesterday: {name}, ms",
        "size": f"{Bay.objects.count():,} bays, {CHANGES} changes since",
        "value": then,
        "peer": f"today {now:.0f}",
        "ratio": ratio,
        "aim": "≤ 2",
    }
