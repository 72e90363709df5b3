"""How the fields of a file of ways are read: the names they bear, the values they may hold, and what is refused."""

import hashlib
import math
import re
import unicodedata
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
NO = frozenset(["", "no", "false", "f", "n", "0", "0.0", "none", "否", "无"])
YES = frozenset(["yes", "true", "t", "y", "1", "1.0", "是", "有"])
ONE_WAY = {
    **dict.fromkeys([*NO, "双向", "双行", "reversible", "alternating", "both", "b"], Oneway.NO),
    **dict.fromkeys([*YES, "单行", "单向", "forward", "ft"], Oneway.FORWARD),
    **dict.fromkeys(["-1", "-1.0", "reverse", "backward", "tf"], Oneway.BACKWARD),
}
# In Geofabrik's Shapefiles, known by their field fclass, T means against the drawn direction, not true.
GEOFABRIK_ONE_WAY = {"F": Oneway.FORWARD, "T": Oneway.BACKWARD, "B": Oneway.NO}

MAX_NAME = 120
MAX_NAME_EN = 160
LANES_LIMIT = 40  # a toll plaza has about thirty
WIDTH_LIMITS_M = (1.0, 150.0)
LEVEL_LIMIT = 20


class Refused(Exception):
    """A value that can't be taken, in `field`, with the reason in words."""

    def __init__(self, field: str, value: Any, reason: str) -> None:
        super().__init__(reason)
        self.field, self.value, self.reason = field, shown(value), reason


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
    if highway not in ROAD_CLASSES or _yes(row.attributes.get("area")):
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
    is_link = is_link or _yes(reading.value(row, "is_link"))
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
        "bridge": _yes(reading.value(row, "bridge")),
        "tunnel": _yes(reading.value(row, "tunnel")),
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


# ── Values ────────────────────────────────────────────────────────────────────────────────────────────────


def as_name(value: Any, label: str, most: int = MAX_NAME) -> str:
    """A name in NFC, without blanks around it and invisible marks (zero-width, direction) in it; '' when there is none."""
    if value is None:
        return ""
    if isinstance(value, (dict, list, bool, bytes)) or (
        isinstance(value, float) and not math.isfinite(value)
    ):
        raise Refused(label, value, _("名称应为文字。"))
    visible = "".join(character for character in str(value) if unicodedata.category(character) != "Cf")
    text = unicodedata.normalize("NFC", visible).strip()
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in text):
        raise Refused(label, value, _("名称含控制字符(换行、制表符等)。请删去。"))
    if len(text) > most:
        raise Refused(
            label,
            value,
            _("名称有 %(length)s 个字,最多 %(most)s 个。请缩短。") % {"length": len(text), "most": most},
        )
    return text


def as_osm_id(value: Any, label: str) -> int | None:
    """The way's number from 123, '123', 'w123' or 'way/123'."""
    if value is None:
        return None
    found = re.fullmatch(r"(?:way/|w)?(\d{1,18})(?:\.0+)?", str(value).strip().lower())
    if isinstance(value, bool) or not found or int(found[1]) == 0:
        raise Refused(label, value, _("不是 OSM 路线编号(正整数)。请改正,或改用别的字段名。"))
    return int(found[1])


def as_oneway(value: Any, label: str) -> str | None:
    if value is None:
        return None
    word = str(value).strip().lower()
    if word not in ONE_WAY:
        raise Refused(label, value, _("读不懂单行值。可用:yes、no、-1。"))
    return ONE_WAY[word]


def as_lanes(value: Any, label: str) -> int | None:
    """Lanes of the whole way, both directions together."""
    if value is None:
        return None
    number = _number(value, label)
    if number != int(number) or not 1 <= number <= LANES_LIMIT:
        raise Refused(label, value, _("车道数应为 1 至 %s 的整数。请改正或留空。") % LANES_LIMIT)
    return int(number)


def as_width(value: Any, label: str) -> float | None:
    """Metres, with or without the unit written behind."""
    if value is None:
        return None
    text = re.sub(r"\s*(m|米)$", "", value.strip()) if isinstance(value, str) else value
    number = _number(text, label)
    least, most = WIDTH_LIMITS_M
    if number == 0:  # an empty numeric field of a Shapefile
        return None
    if not least <= number <= most:
        raise Refused(
            label,
            value,
            _("宽度应为 %(least)s 至 %(most)s 米。请改正或留空。") % {"least": least, "most": most},
        )
    return number


def as_level(value: Any, label: str) -> int | None:
    if value is None:
        return None
    number = _number(value, label)
    if number != int(number) or abs(number) > LEVEL_LIMIT:
        raise Refused(
            label, value, _("层应为 -%(most)s 至 %(most)s 的整数。请改正或留空。") % {"most": LEVEL_LIMIT}
        )
    return int(number)


def _number(value: Any, label: str) -> float:
    try:
        number = float(value) if not isinstance(value, (bool, dict, list)) else math.nan
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise Refused(label, value, _("不是数字。请改正或留空。"))
    return number


def _yes(value: Any) -> bool:
    return value is not None and str(value).strip().lower() not in NO


def shown(value: Any) -> str:
    """A value as a message shows it: short, on one line, whatever it holds."""
    text = "".join(character if character.isprintable() else "�" for character in str(value))
    return text if len(text) <= 80 else text[:77] + "…"
