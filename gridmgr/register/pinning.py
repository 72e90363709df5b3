"""One row at a time: a candidate chosen, a place pinned on the map, a quantity set, a row left out."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.gis.geos import Point
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from gridmgr.core import quantities
from gridmgr.core.errors import DomainError, Invalid
from gridmgr.core.meanwhile import Changed, require_unchanged
from gridmgr.register.enums import State, Told
from gridmgr.register.forms import PinForm, QuantityForm
from gridmgr.register.gazetteer import city_atlas, city_atlases
from gridmgr.register.matching import find, look, tell
from gridmgr.register.models import Entry, Register
from gridmgr.register.pages import at_words, degrees, reader, register_of, shown, still_open
from grids.enums import Side
from grids.models import Road
from parking.domain.row import KerbLine
from vendors.domain.draft import Position, kerb_at, locate, road_named
from vendors.views.common import line_in_degrees, map_around


def _entry(request: HttpRequest, pk: int, row: int) -> tuple[Register, Entry]:
    register = still_open(register_of(request, pk))
    entry: Entry = get_object_or_404(register.entries.select_related("road"), row=row)
    return register, entry


@contextmanager
def _changing(request: HttpRequest, entry: Entry, *mine: tuple[str, Any]) -> Iterator[Entry]:
    """The row as it is now, to be changed and saved; `mine` is what this person wants, in words.

    Raises Conflict when the register was imported meanwhile, Changed when the row isn't as it was on the screen.
    """
    with transaction.atomic():
        now: Entry = still_open(entry.register.locked()).entries.get(pk=entry.pk)
        try:
            require_unchanged(now, request.POST.get("seen", ""))
        except Changed as error:
            error.now = [
                (_("状态"), now.get_state_display()),
                (_("理解为"), now.understood_words or quantities.NOTHING),
                (_("位置"), at_words(now) or quantities.NOTHING),
                (_("数量"), str(now.quantity or quantities.NOTHING)),
            ]
            back = reverse("register", args=[entry.register_id]) + f"#row-{entry.row}"
            raise error.wanting(mine, back=back) from None
        yield now
        now.save()


def _back(request: HttpRequest, register: Register, row: int) -> HttpResponse:
    show = request.POST.get("show", "")
    query = f"?show={show}" if show in {*State.values, "all", "left"} else ""
    return redirect(reverse("register", args=[register.pk]) + query + f"#row-{row}")


@require_http_methods(["GET", "POST"])
@never_cache
def pin(request: HttpRequest, pk: int, row: int) -> HttpResponse:
    """`/data/register/<id>/rows/<row>/`: the row's words beside a map, to say where it is."""
    register, entry = _entry(request, pk, row)
    given = request.POST if request.method == "POST" else None
    form = PinForm(given, label_suffix="", initial=_initial(entry))
    trouble = ""
    if request.method == "POST" and form.is_valid():
        try:
            _put(request, entry, position_of(form.cleaned_data))
            return _next(register, entry)
        except Changed:
            raise
        except DomainError as error:
            trouble = str(error)
    named = _roads(entry)
    context = {
        "register": register,
        "row": shown([entry], reader(request))[0],
        "form": form,
        "trouble": trouble,
        "spots": _candidates(entry),
        "roads": Road.objects.order_by("name").values_list("name", flat=True),
        "names": [road.name for road in named],
        "lines": [line_in_degrees(road.reference_line) for road in named],
        "map": map_around(request, _around(entry, named)),
    }
    return render(request, "register/pin.html", context, status=422 if trouble or form.errors else 200)


def _initial(entry: Entry) -> dict[str, Any]:
    if entry.road is None or entry.metre is None:
        return {}
    return {"road": entry.road.name, "side": entry.side, "metre": round(entry.metre, 1)}


def position_of(data: dict[str, Any]) -> Position:
    """The position that a pin means: the kerb at its degrees, or a metre of a road; raises Invalid."""
    if data.get("lon") is not None and data.get("lat") is not None:
        return locate(lon=data["lon"], lat=data["lat"])
    if not data.get("road") or data.get("metre") is None:
        raise Invalid(_("请在图上定点,或填写道路和里程。"))
    return Position(road_named(data["road"]).pk, data.get("side") or Side.RIGHT, data["metre"])


def _put(request: HttpRequest, entry: Entry, position: Position) -> None:
    """Give the row that place; where the kerb ends is refused in words."""
    kerb, at = kerb_at(position)
    x, y = KerbLine.of(kerb).at(at)
    spot = {"road": kerb.road_id, "side": kerb.side, "metre": position.metre, "toward": 0, "x": x, "y": y}
    with _changing(request, entry, (_("位置"), _where(position))) as now:
        now.put(spot)
        now.state, now.why, now.understood, now.said = State.PINNED, "", Told.PINNED, {}


def _where(position: Position) -> str:
    kerb, _at = kerb_at(position)
    return f"{kerb.road.name} {Side(kerb.side).label} {quantities.metres(position.metre)}"


def _next(register: Register, entry: Entry) -> HttpResponse:
    """The next row that has no place, else the list."""
    waiting = register.entries.filter(state=State.UNMATCHED, row__gt=entry.row).first()
    if waiting is not None:
        return redirect("register-pin", register.pk, waiting.row)
    return redirect(reverse("register", args=[register.pk]) + f"#row-{entry.row}")


def _roads(entry: Entry) -> list[Road]:
    """The roads that its words surely name."""
    return list(Road.objects.filter(pk__in=find(entry, city_atlas()).roads))


def _around(entry: Entry, roads: list[Road]) -> list[Any]:
    """What the map shows at first: its place, its candidates, else those roads."""
    if entry.point:
        return [entry.point]
    found = [Point(each["x"], each["y"]) for each in entry.candidates]
    return found or [road.reference_line for road in roads]


def _candidates(entry: Entry) -> list[dict[str, Any]]:
    found = []
    for index, each in enumerate(entry.candidates):
        lon, lat = degrees(each["x"], each["y"])
        found.append({"number": index + 1, "lon": lon, "lat": lat, "words": entry.spot_words(index)})
    if entry.point:
        lon, lat = degrees(entry.point.x, entry.point.y)
        found.append({"number": 0, "lon": lon, "lat": lat, "words": entry.understood_words})
    return found


@require_GET
@never_cache
def where(request: HttpRequest) -> JsonResponse:
    """`/data/register/where?lon=&lat=`: which kerb a pin would mean, in words and in degrees, and which else it may."""
    reader(request)
    form = PinForm(request.GET)
    if not form.is_valid():
        raise Invalid(_("经度和纬度须是数字。"))
    position = position_of(form.cleaned_data)
    others = [_said(each) for each in position.others]
    return JsonResponse({**_said(position), "others": others}, json_dumps_params={"ensure_ascii": False})


def _said(position: Position) -> dict[str, Any]:
    """A position in words, on the map, and as the form takes it."""
    kerb, at = kerb_at(position)
    lon, lat = degrees(*KerbLine.of(kerb).at(at))
    place = {"road": kerb.road.name, "side": position.side, "metre": position.metre}
    return {"words": _where(position), "lon": lon, "lat": lat, **place}


@require_POST
def choose(request: HttpRequest, pk: int, row: int) -> HttpResponse:
    """One of the candidates is confirmed by a person."""
    register, entry = _entry(request, pk, row)
    number = request.POST.get("candidate", "")
    with _changing(request, entry, (_("候选"), _candidate_words(entry, number))) as now:
        if not number.isdecimal() or int(number) >= len(now.candidates):
            raise Invalid(_("没有这个候选。请刷新后再选。"))
        spot = now.candidates[int(number)]
        now.put(spot)
        now.state, now.why, now.understood = State.PINNED, "", spot["words"][:300]
        for words in now.said.values():
            words |= {"why": "", "understood": words["spots"][int(number)]}
    return _back(request, register, row)


def _candidate_words(entry: Entry, number: str) -> str:
    known = number.isdecimal() and int(number) < len(entry.candidates)
    return entry.spot_words(int(number)) if known else ""


@require_POST
def leave(request: HttpRequest, pk: int, row: int) -> HttpResponse:
    """Leave a row out, or take it in again (`back`): then it is matched anew."""
    register, entry = _entry(request, pk, row)
    looked = look(entry, city_atlases()) if request.POST.get("back") else None
    mine = _("还是要导入") if request.POST.get("back") else _("不导入")
    with _changing(request, entry, (_("状态"), mine)) as now:
        if looked:
            tell(now, looked)
        else:
            now.state, now.why = State.LEFT_OUT, Told.BY_PERSON
    return _back(request, register, row)


@require_POST
def quantity(request: HttpRequest, pk: int, row: int) -> HttpResponse:
    """The number of pitches, where the row's own couldn't be read or is wrong."""
    register, entry = _entry(request, pk, row)
    form = QuantityForm(request.POST)
    if not form.is_valid():
        raise Invalid(_("数量须是 1 至 200 的整数。"))
    with _changing(request, entry, (_("数量"), form.cleaned_data["quantity"])) as now:
        now.quantity = form.cleaned_data["quantity"]
    return _back(request, register, row)
