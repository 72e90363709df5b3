"""How the fields of a file of ways are read: the names they bear, and the ways that come of them."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import shapely
from django.contrib.gis.geos import GEOSGeometry
from django.utils.translation import gettext as _

from gridmgr.core.importing.base import Refusal, Row, Table, Unreadable
from grids.domain.network import ROAD_CLASSES, width_of_way
from grids.enums import Oneway
from grids.importers.field_values import (
    Refused,
    as_lanes,
    as_level,
    as_name,
    as_oneway,
    as_osm_id,
    as_width,
    is_yes,
    shown,
)
from grids.models import SRID, Carriageway

# Our field → the names it bears in files, compared without regard to case.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "name": ("name", "名称", "道路名称", "道路名", "路名", "road_name", "roadname", "name:zh", "name_zh"),
    "name_en": ("name_en", "name:en", "英文名称", "英文名", "en_name"),
    "class": ("class", "highway", "road_class", "fclass", "等级", "道路等级", "类别", "道路类别", "type"),
    "is_link": ("is_link", "link", "匝道"),
    "oneway": ("oneway", "one_way", "单行", "单行道", "单向"),
    "lanes": ("lanes", "车道数", "车道"),
    "width": ("width_m", "width", "宽度", "路宽", "车行道宽", "车行道宽度"),
    "bridge": ("bridge", "桥梁", "桥"),
    "tunnel": ("tunnel", "隧道"),
    "level": ("layer", "level", "层"),
    "osm_id": ("osm_id", "osm_way_id", "osmid", "@id", "full_id"),
    "id": ("id", "编号"),
    "junction": ("junction",),
}

# OpenStreetMap highway values that are no road for motor traffic, or none yet: counted, not imported.
NOT_ROADS = frozenset(
    {
        *(
            "footway",
            "cycleway",
            "path",
            "steps",
            "bridleway",
            "corridor",
            "elevator",
            "platform",
            "crossing",
        ),
        *("construction", "proposed", "planned", "razed", "abandoned", "disused"),
        *("rest_area", "services", "raceway", "via_ferrata", "bus_guideway", "busway", "escape"),
    }
)
# In Geofabrik's Shapefiles, known by their field fclass, T means against the drawn direction, not true.
GEOFABRIK_ONE_WAY = {"F": Oneway.FORWARD, "T": Oneway.BACKWARD, "B": Oneway.NO}

MAX_NAME_EN = 160


@dataclass
class Reading:
    """Carriageways made of a table's rows, and what was refused, left out or ignored on the way."""

    columns: dict[str, list[str]]
    free_text: bool
    ways: list[Carriageway] = field(default_factory=list)
    names_en: dict[str, str] = field(default_factory=dict)
    row_of: dict[str, Row] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)

    def label(self, ours: str) -> str:
        """The file's name of our field."""
        return (self.columns[ours] or [ours])[0]

    def value(self, row: Row, ours: str) -> Any:
        """The first value that any column of our field has in this row, or None."""
        values = (row.attributes.get(column) for column in self.columns[ours])
        return next((value for value in values if value not in (None, "")), None)

    def optional(self, row: Row, ours: str, read: Callable[[Any, str], Any]) -> Any:
        """A value that may be missing. In OSM's free text one that nobody can read counts as missing."""
        try:
            return read(self.value(row, ours), self.label(ours))
        except Refused:
            if not self.free_text:
                raise
            self.ignored[self.label(ours)] += 1
            return None

    def notes(self) -> list[str]:
        return [
            _("字段 %(field)s 有 %(count)s 个读不懂的值,按未填写处理") % {"field": name, "count": count}
            for name, count in sorted(self.ignored.items())
        ]


def read_ways(table: Table, *, name_field: str = "", class_field: str = "") -> Reading:
    """Read every row of a table; raises Unreadable when there is no field for the name or the class."""
    columns = {ours: _columns(table, names) for ours, names in SYNONYMS.items()}
    columns["name"] = _required(table, columns["name"], name_field, _("道路名称"), "--name-field")
    columns["class"] = _required(table, columns["class"], class_field, _("道路等级"), "--class-field")
    reading = Reading(columns, table.free_text)
    taken: dict[tuple[str, str], int] = {}
    for row in table.rows:
        try:
            _take(reading, row, taken)
        except Refused as no:
            ref = reading.value(row, "osm_id") or row.ref
            reading.refused.append(Refusal(row.number, shown(ref), no.field, no.value, no.reason))
    return reading


# ── Columns ───────────────────────────────────────────────────────────────────────────────────────────────


def _columns(table: Table, names: tuple[str, ...]) -> list[str]:
    there = {column.lower(): column for column in reversed(table.fields)}
    return [there[name] for name in names if name in there]


def _required(table: Table, found: list[str], given: str, what: str, option: str) -> list[str]:
    words = {
        "path": table.path,
        "what": what,
        "option": option,
        "given": given,
        "all": _("、").join(table.fields) or "—",
    }
    if given:
        there = [column for column in table.fields if column == given] or _columns(table, (given.lower(),))
        if not there:
            raise Unreadable(
                _("%(path)s 里没有字段 %(given)s(%(what)s)。有这些字段:%(all)s。请改正 %(option)s。") % words
            )
        return there
    if not found:
        raise Unreadable(
            _("%(path)s 里找不到%(what)s字段。有这些字段:%(all)s。请用 %(option)s 指明。") % words
        )
    return found


# ── One row ───────────────────────────────────────────────────────────────────────────────────────────────


def _take(reading: Reading, row: Row, taken: dict[tuple[str, str], int]) -> None:
    word = _class_word(reading, row)
    highway = word.removesuffix("_link")
    if highway not in ROAD_CLASSES or is_yes(row.attributes.get("area")):
        reading.left_out[word if highway not in ROAD_CLASSES else "area=yes"] += 1
        return
    name = as_name(reading.value(row, "name"), reading.label("name"))
    name_en = reading.optional(row, "name_en", lambda value, label: as_name(value, label, MAX_NAME_EN)) or ""
    osm_id = as_osm_id(reading.value(row, "osm_id"), reading.label("osm_id"))
    identity = f"osm:{osm_id}" if osm_id is not None else _fingerprint(name, row.geometry)
    traits = _traits(reading, row, highway, is_link=word != highway)
    _once(reading, row, identity, taken)
    for source_id, line in _parts(identity, row.geometry):
        way = Carriageway(source_id=source_id, osm_id=osm_id, name=name, line=as_geos(line), **traits)
        reading.ways.append(way)
        reading.names_en[source_id] = name_en
        reading.row_of[source_id] = row


def _class_word(reading: Reading, row: Row) -> str:
    """The class word, lower case. Raw OSM may hold any word: those unknown are left out and counted."""
    value = reading.value(row, "class")
    word = str(value).strip().lower() if value is not None else ""
    base = word.removesuffix("_link")
    if base in ROAD_CLASSES or base in NOT_ROADS or (reading.free_text and word):
        return word
    reason = _("不认识的等级。") if word else _("没有填写等级。")
    raise Refused(reading.label("class"), value, reason + _("可用:%s。") % _("、").join(ROAD_CLASSES))


def _traits(reading: Reading, row: Row, highway: str, *, is_link: bool) -> dict[str, Any]:
    is_link = is_link or is_yes(reading.value(row, "is_link"))
    lanes = reading.optional(row, "lanes", as_lanes)
    width = reading.optional(row, "width", as_width)
    oneway = reading.optional(row, "oneway", as_oneway)
    if reading.label("class").lower() == "fclass":
        oneway = GEOFABRIK_ONE_WAY.get(str(reading.value(row, "oneway")), oneway)
    if oneway is None:  # OSM wiki, Key:oneway: implied on roundabouts and motorways
        implied = reading.value(row, "junction") in ("roundabout", "circular") or (
            reading.free_text and highway == "motorway" and not is_link
        )
        oneway = Oneway.FORWARD if implied else Oneway.NO
    width_m, origin = width_of_way(
        highway=highway, is_link=is_link, oneway=oneway, lanes=lanes, width_m=width
    )
    return {
        "highway": highway,
        "is_link": is_link,
        "oneway": str(oneway),
        "lanes": lanes,
        "width_m": width_m,
        "width_origin": str(origin),
        "bridge": is_yes(reading.value(row, "bridge")),
        "tunnel": is_yes(reading.value(row, "tunnel")),
        "level": reading.optional(row, "level", as_level) or 0,
        # In OSM's own data what has no such tag lies on the ground; a table without such columns says nothing of it.
        "level_known": reading.free_text
        or any(reading.columns[name] for name in ("bridge", "tunnel", "level")),
    }


def _once(reading: Reading, row: Row, identity: str, taken: dict[tuple[str, str], int]) -> None:
    """Refuse a row whose OSM id, own id, or name and line together, an earlier row has."""
    own = reading.value(row, "id")
    keys = {
        ("identity", identity): reading.label("osm_id") if identity.startswith("osm:") else _("名称和几何"),
        ("id", row.ref): _("编号"),
        ("field", "" if own in (0, "0") else shown(own or "")): reading.label("id"),
    }
    for key, label in keys.items():
        if key[1] and key in taken:
            value = key[1].removeprefix("osm:")
            raise Refused(
                label, value, _("与第 %s 行重复。请改正编号,或把同一条路合并为一个多段线要素。") % taken[key]
            )
    taken.update((key, row.number) for key in keys)


def _fingerprint(name: str, geometry: shapely.Geometry | None) -> str:
    digest = hashlib.sha256(name.encode() + b"\0" + shapely.to_wkb(geometry, byte_order=1))
    return f"sha:{digest.hexdigest()[:40]}"


def _parts(identity: str, geometry: shapely.Geometry | None) -> Iterator[tuple[str, shapely.Geometry]]:
    """Each part of a way with its source id: the identity itself, with /1, /2 … when there are several."""
    parts = shapely.get_parts(geometry)
    for number, part in enumerate(parts, 1):
        yield (f"{identity}/{number}" if len(parts) > 1 else identity), part


def as_geos(geometry: shapely.Geometry) -> Any:
    """A shapely geometry in the city's metric CRS, for a model field."""
    return GEOSGeometry(memoryview(shapely.to_wkb(geometry)), srid=SRID)
