"""Files of schools, Panda lanes, drop-off points and bays, as gridmgr.core.layers.files writes them."""

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import time
from typing import Any

from django.utils.translation import gettext as _

from gridmgr.core.importing.layers import Extra, Found, Importer, Ref
from gridmgr.core.importing.values import Unfit, as_time
from grids.importers.layers import ON_ROAD, ROAD, SAME_START, STRETCH, same
from parking import layers
from parking.models import Bay, DropOffHours, DropOffPoint, PandaLane, School, SchoolGate

Window = tuple[time, time]

# ── Schools ───────────────────────────────────────────────────────────────────────────────────────────────


def find_schools(keys: Iterable[tuple[Any, ...]]) -> Found:
    """Ids of schools by (source id, name): by the source id when there is one, else by a name that only one bears."""
    keys = list(keys)
    rows = School.objects.filter(source_id__in=[key[0] for key in keys if key[0]]) | School.objects.filter(
        name__in=[key[1] for key in keys if key[1]]
    )
    by_id: dict[str, int] = {}
    by_name: dict[str, list[int]] = {}
    for pk, source_id, name in rows.values_list("pk", "source_id", "name"):
        if source_id:
            by_id[source_id] = pk
        by_name.setdefault(name, []).append(pk)
    return {key: _school(key, by_id, by_name) for key in keys}


def _school(key: tuple[Any, ...], by_id: dict[str, int], by_name: dict[str, list[int]]) -> int | str:
    source_id, name = key[0], key[1]
    if source_id in by_id:
        return by_id[source_id]
    found = by_name.get(name, [])
    if len(found) == 1:
        return found[0]
    if found:
        return _("有 %s 所学校叫这个名字。请填写学校来源编号(school_id)。") % len(found)
    return _("没有叫这个名字的学校。请先导入学校,或改正名称。") if name else _("没有填写。")


def _school_match(incoming: Collection[str]) -> str:
    if "source_id" not in incoming:
        return "t.name = i.name"
    return "CASE WHEN i.source_id IS NULL THEN t.name = i.name ELSE t.source_id = i.source_id END"


SCHOOL = Ref("school_id", ["school_id", "school"], find_schools)

SCHOOLS = Importer(
    layer=layers.SCHOOLS.name,
    model=School,
    key=["source_id", "name"],
    needed=["name"],
    match=_school_match,
    columns={"source_id": "source_id", "name": "name", "kind": "kind", "source": "source", "demo": "is_demo"},
    geometry="area",
)


def _lane_match(incoming: Collection[str]) -> str:
    return f"t.school_id = i.school_id AND t.road_id = i.road_id AND t.side = i.side AND {SAME_START}"


PANDA_LANES = Importer(
    layer=layers.PANDA_LANES.name,
    model=PandaLane,
    key=["school_id", "school", "road", "side", "from_m"],
    needed=["school", "road", "side", "from_m", "to_m"],
    match=_lane_match,
    columns=ON_ROAD,
    refs=[SCHOOL, ROAD],
    spans=[STRETCH],
    geometry="line",
)


# ── Drop-off points ───────────────────────────────────────────────────────────────────────────────────────


def _find_gates(keys: Iterable[tuple[Any, ...]]) -> Found:
    """Ids of gates by (school's source id, school's name, gate's name); without a gate's name none."""
    keys = list(keys)
    schools = find_schools(key[:2] for key in keys)
    names = {key[2] for key in keys if key[2]}
    gates = SchoolGate.objects.filter(
        school__in=[pk for pk in schools.values() if isinstance(pk, int)], name__in=names
    )
    known: dict[Any, int] = {
        (school, name): pk for pk, school, name in gates.values_list("pk", "school", "name")
    }
    missing = _("这所学校没有叫这个名字的校门。请先在学校页添加,或留空。")
    return {key: known.get((schools[key[:2]], key[2]), missing) if key[2] else None for key in keys}


def _hours(value: Any) -> str | None:
    """Windows as "07:10–08:10 16:20–17:40", in order; other dashes and separators are read too."""
    if value is None or not str(value).strip():
        return None
    windows = _windows(str(value))
    opens = [window[0] for window in windows]
    if len(set(opens)) < len(opens):
        raise Unfit(_("有两个时段从同一时刻开始。"))
    return " ".join(f"{start:%H:%M}–{end:%H:%M}" for start, end in windows)


def _windows(text: str) -> list[Window]:
    windows = []
    for part in re.split(r"[\s,;,;、]+", text.strip()):
        ends = re.split("[-–—~～至]", part)
        if len(ends) != 2:
            raise Unfit(_("时段应写成 07:10–08:10,几个时段用空格分开。"))
        start, end = as_time(ends[0]), as_time(ends[1])
        if not start < end:
            raise Unfit(_("时段的结束时间必须晚于开始时间。"))
        windows.append((start, end))
    return sorted(windows)


def _write_hours(rows: Sequence[tuple[int, str | None]]) -> None:
    """Give each point the windows of its text; windows that stay are not touched."""
    wanted = {(pk, *window) for pk, text in rows for window in _windows(text or "")}
    stored = {
        (hours.point_id, hours.opens, hours.closes): hours.pk
        for hours in DropOffHours.objects.filter(point__in=[pk for pk, _text in rows])
    }
    DropOffHours.objects.filter(pk__in=[pk for window, pk in stored.items() if window not in wanted]).delete()
    DropOffHours.objects.bulk_create(
        DropOffHours(point_id=pk, opens=opens, closes=closes)
        for pk, opens, closes in sorted(wanted - stored.keys())
    )


DROP_OFF_POINTS = Importer(
    layer=layers.DROP_OFF_POINTS.name,
    model=DropOffPoint,
    key=["code"],
    match=same("code"),
    columns={"code": "code", "capacity": "capacity", **ON_ROAD},
    refs=[SCHOOL, Ref("gate_id", ["school_id", "school", "gate"], _find_gates), ROAD],
    spans=[STRETCH],
    extras=[
        Extra(
            name="hours",
            read=_hours,
            stored="SELECT string_agg(to_char(h.opens, 'HH24:MI') || '–' || to_char(h.closes, 'HH24:MI'), ' ' "
            "ORDER BY h.opens) FROM parking_dropoffhours AS h WHERE h.point_id = t.id",
            write=_write_hours,
        )
    ],
    geometry="area",
)


# ── Bays ──────────────────────────────────────────────────────────────────────────────────────────────────

BAYS = Importer(
    layer=layers.BAYS.name,
    model=Bay,
    key=["number"],
    match=same("number"),
    columns={
        "number": "number",
        "kind": "kind",
        "state": "state",
        "opens": "opens",
        "closes": "closes",
        **ON_ROAD,
    },
    refs=[ROAD],
    spans=[STRETCH],
    geometry="area",
)
