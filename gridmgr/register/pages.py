"""What the pages of registers share: whose they are, rows as a page shows them, places in degrees."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from gridmgr.core import quantities
from gridmgr.core.accounts.audience import Audience, audience_of
from gridmgr.core.accounts.models import User
from gridmgr.core.errors import Conflict
from gridmgr.core.geo.crs import WGS84, metric_srid, transformer
from gridmgr.core.meanwhile import version_of
from gridmgr.register.columns import Heading, role_of, said
from gridmgr.register.enums import Column, Stage, State
from gridmgr.register.models import Entry, Register
from gridmgr.register.rights import may_prepare, may_see_contacts
from gridmgr.register.rows import troubles, without_private
from gridmgr.register.sheets import Cell, Sheet


def reader(request: HttpRequest) -> Audience:
    """Who reads; raises PermissionDenied unless registers are theirs to work with."""
    audience = audience_of(request.user)
    if not may_prepare(audience):
        raise PermissionDenied
    return audience


def user_of(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 (the pages are closed to others)
    return request.user


def register_of(request: HttpRequest, pk: int) -> Register:
    """The register; raises Http404."""
    reader(request)
    found: Register = get_object_or_404(Register.objects.select_related("record", "owner"), pk=pk)
    return found


def still_open(register: Register) -> Register:
    """The register while its rows may still be changed; raises Conflict afterwards."""
    if register.stage != Stage.REVIEW:
        raise Conflict(_("%s已导入或还没有对应列,不能改各行。") % register)
    return register


def degrees(x: float, y: float) -> tuple[float, float]:
    lon, lat = transformer(metric_srid(), WGS84).transform(x, y)
    return round(lon, 6), round(lat, 6)


def headings_shown(found: Iterable[Heading], audience: Audience) -> list[Heading]:
    """Columns with their samples: none of contacts, and no private numbers, for those who mayn't read them."""
    if may_see_contacts(audience):
        return list(found)
    return [
        replace(
            each, samples=() if _of_contacts(each) else tuple(without_private(text) for text in each.samples)
        )
        for each in found
    ]


def _of_contacts(column: Heading) -> bool:
    return Column.CONTACT in (column.role, role_of(column.text))


def head_rows(sheet: Sheet, found: Sequence[Heading], most: int, audience: Audience) -> list[tuple[int, str]]:
    """The first `most` rows, each as one line, among which the headings are; without contacts as `headings_shown`."""
    hidden = () if may_see_contacts(audience) else {each.index for each in found if _of_contacts(each)}
    mask = str if may_see_contacts(audience) else without_private

    def line(row: list[Cell]) -> str:
        cells = [said(cell) for index, cell in enumerate(row) if index not in hidden and cell is not None]
        return mask(" | ".join(cells))[:80]

    return [(number, line(row)) for number, row in enumerate(sheet.rows[:most], start=1)]


def shown(entries: Iterable[Entry], audience: Audience) -> list[dict[str, Any]]:
    """Rows as the page shows them; contacts, and numbers that look private, for those alone who may read them."""
    contacts = may_see_contacts(audience)
    mask = (lambda text: text) if contacts else without_private
    return [
        {
            "entry": entry,
            "seen": version_of(entry),
            "title": mask(entry.title),
            "name": mask(entry.name),
            "note": mask(entry.note),
            "contact": entry.contact if contacts else "",
            "has_contact": bool(entry.contact),
            "troubles": list(troubles(entry)),
            "at": at_words(entry),
            "candidates": [(index, entry.spot_words(index)) for index in range(len(entry.candidates))],
            "open": entry.state in (State.UNSURE, State.UNMATCHED),
        }
        for entry in entries
    ]


def at_words(entry: Entry) -> str:
    """Where the row was put: 迎泽大街 右侧 1,234 m."""
    if entry.road is None or entry.metre is None:
        return ""
    return f"{entry.road.name} {entry.get_side_display()} {quantities.metres(entry.metre)}"


def marks(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """What a map marks of rows: their places, and of open ones the likeliest candidate."""
    found = []
    for entry in entries:
        first = entry.candidates[0] if entry.candidates and entry.state == State.UNSURE else None
        x, y = (
            (entry.point.x, entry.point.y)
            if entry.point
            else (first["x"], first["y"])
            if first
            else (None, None)
        )
        if x is not None and y is not None and entry.state not in (State.LEFT_OUT, State.REFUSED):
            lon, lat = degrees(x, y)
            found.append({"row": entry.row, "lon": lon, "lat": lat, "sure": entry.point is not None})
    return found
