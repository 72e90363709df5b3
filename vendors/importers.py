"""Files of vendor sites and their pitches, as gridmgr.core.layers.files writes them."""

from collections.abc import Callable, Iterable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gridmgr.core.accounts.models import User
from gridmgr.core.importing.layers import Found, Importer, Ref, Span
from grids.importers.layers import ON_ROAD, ROAD, STRETCH, same
from vendors import layers
from vendors.domain.naming import follow_places
from vendors.models import Pitch, Site


def _found(
    model: Any, column: str, names: Iterable[tuple[Any, ...]], missing: Callable[[str | None], str | None]
) -> Found:
    """Ids of rows by their unique name in a column; `missing` says what becomes of a name that nothing has, or of none."""
    names = list(names)
    known = model.objects.filter(**{f"{column}__in": [name for (name,) in names if name]})
    by_name = dict(known.values_list(column, "pk"))
    return {key: by_name.get(key[0]) or missing(key[0]) for key in names}


def _find_users(names: Iterable[tuple[Any, ...]]) -> Found:
    return _found(User, "username", names, _no_user)


def _no_user(name: str | None) -> str | None:
    words = _("没有用户名为“%s”的账号。请先建账号,或去掉批准记录作为新提出的摊点导入。")
    return words % name if name else None


def _follow_places() -> None:
    """Where a file moved a site and said nothing of its name, one that the product gave says the new metres."""
    follow_places(Site.objects.all())


SITES = Importer(
    layer=layers.SITES.name,
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
        "approved_at": "approved_at",
        **ON_ROAD,
    },
    refs=[
        ROAD,
        Ref("proposed_by_id", ["proposed_by"], _find_users),
        Ref("approved_by_id", ["approved_by"], _find_users),
    ],
    spans=[STRETCH, Span("season", "season_from", "season_to", days=True, may_be_empty=True)],
    geometry="area",
    computed=["status", layers.PITCHES.name, "taken", "free"],
    fixed=dict.fromkeys(
        ("state", "proposed_by_id", "approved_by_id", "approved_at"),
        gettext_lazy("摊点的状态和批准记录不由导入改变。请去掉这一列,或在摊点页和待批摊点页办理。"),
    ),
    restored=["proposed_by", "approved_by", "approved_at"],
    after=_follow_places,
)


def _find_sites(codes: Iterable[tuple[Any, ...]]) -> Found:
    return _found(Site, "code", codes, _no_site)


def _no_site(code: str | None) -> str:
    return _("没有这个编号的摊点。请先导入摊点,或改正编号。") if code else _("没有填写。")


PITCHES = Importer(
    layer=layers.PITCHES.name,
    model=Pitch,
    key=["site_code", "number"],
    match=same("site_id", "number"),
    columns={"number": "number", "demo": "is_demo"},
    refs=[Ref("site_id", ["site_code"], _find_sites)],
    geometry="area",
    computed=["site", "site_status", "taken"],
)
