"""Files of vendor sites and their pitches, as gridmgr.layers.files writes them."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from gridmgr.importing.layers import Found, Importer, Ref, Span
from grids.importers.layers import ON_ROAD, ROAD, STRETCH, same
from vendors.models import Pitch, Site

SITES = Importer(
    layer="sites",
    model=Site,
    key=["code"],
    match=same("code"),
    columns={
        "code": "code",
        "name": "name",
        "name_en": "name_en",
        "kind": "kind",
        "state": "state",
        "capacity": "capacity",
        "opens": "opens",
        "closes": "closes",
        "sign_board": "sign_board",
        "bins": "bins",
        **ON_ROAD,
    },
    refs=[ROAD],
    spans=[STRETCH, Span("season", "season_from", "season_to", days=True, may_be_empty=True)],
    geometry="area",
    computed=["pitches", "taken", "free"],
)


def _find_sites(codes: Iterable[tuple[Any, ...]]) -> Found:
    codes = list(codes)
    known = dict(Site.objects.filter(code__in=[code for (code,) in codes if code]).values_list("code", "pk"))
    return {key: known.get(key[0]) or _no_site(key[0]) for key in codes}


def _no_site(code: str | None) -> str:
    return _("没有这个编号的摊点。请先导入摊点,或改正编号。") if code else _("没有填写。")


PITCHES = Importer(
    layer="pitches",
    model=Pitch,
    key=["site_code", "number"],
    match=same("site_id", "number"),
    columns={"number": "number", "demo": "is_demo"},
    refs=[Ref("site_id", ["site_code"], _find_sites)],
    geometry="area",
    computed=["site", "taken"],
)
