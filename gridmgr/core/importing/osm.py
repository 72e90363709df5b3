"""OSM XML: every way with a `highway` tag, with all its tags, as it is in the file."""

from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import shapely
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse
from django.utils.translation import gettext as _

from gridmgr.core.geo.crs import WGS84
from gridmgr.core.importing.base import Row, Unreadable
from gridmgr.core.importing.raw import Raw, parse_crs

Positions = dict[str, tuple[float, float]]


def read(path: Path) -> Raw:
    """Read the roads of an .osm file; a way cut by the edge of the extract keeps the parts whose nodes are there."""
    raw = Raw("highway", [], [], parse_crs(f"EPSG:{WGS84}"), free_text=True)
    nodes: Positions = {}
    fields: dict[str, None] = {"osm_id": None}
    try:
        for element in _elements(path):
            if element.tag == "node":
                _take_node(element, nodes)
            elif (tags := _tags(element)).get("highway"):
                fields.update(dict.fromkeys(tags))
                _take_way(element, tags, nodes, raw)
            element.clear()
    except (ParseError, DefusedXmlException, UnicodeDecodeError) as error:
        raise Unreadable(
            _("%(path)s 不是有效的 OSM XML(%(why)s)。请重新下载。") % {"path": path, "why": error}
        ) from None
    raw.fields = list(fields)
    return raw


def _elements(path: Path) -> Any:
    """Nodes and ways, in the file's order; raises Unreadable when the root is not <osm>."""
    root: Element | None = None
    for event, element in iterparse(str(path), events=("start", "end")):
        if root is None:
            root = element
            if element.tag != "osm":
                raise Unreadable(
                    _("%(path)s 的根元素是 <%(tag)s>,不是 <osm>。") % {"path": path, "tag": element.tag}
                )
        if event == "end" and element.tag in ("node", "way"):
            if element.get("action") != "delete" and element.get("visible") != "false":
                yield element
            root.clear() if len(root) > 10_000 else None


def _take_node(element: Element, nodes: Positions) -> None:
    try:
        nodes[element.attrib["id"]] = (float(element.attrib["lon"]), float(element.attrib["lat"]))
    except (KeyError, ValueError):
        return


def _tags(element: Element) -> dict[str, str]:
    return {tag.get("k", ""): tag.get("v", "") for tag in element.iter("tag")}


def _take_way(element: Element, tags: dict[str, str], nodes: Positions, raw: Raw) -> None:
    osm_id = element.get("id", "")
    refs = [node.get("ref", "") for node in element.iter("nd")]
    parts = _runs([nodes.get(ref) for ref in refs])
    if not parts and len(refs) > 1:
        _count(raw, _("节点不在文件里"))
        return
    number = len(raw.rows) + 1
    raw.rows.append(Row(number, osm_id, {**tags, "osm_id": osm_id}, _line(parts)))


def _runs(positions: list[tuple[float, float] | None]) -> list[list[tuple[float, float]]]:
    """Unbroken runs of two and more known nodes."""
    runs: list[list[tuple[float, float]]] = [[]]
    for position in positions:
        if position is None:
            runs.append([])
        elif not runs[-1] or runs[-1][-1] != position:
            runs[-1].append(position)
    return [run for run in runs if len(run) > 1]


def _line(parts: list[list[tuple[float, float]]]) -> shapely.Geometry:
    if not parts:
        return shapely.LineString()
    return shapely.LineString(parts[0]) if len(parts) == 1 else shapely.MultiLineString(parts)


def _count(raw: Raw, why: str) -> None:
    raw.left_out[why] = raw.left_out.get(why, 0) + 1
