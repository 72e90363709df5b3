"""OpenStreetMap's files, XML and PBF: every way with a `highway` tag, with all its tags, as it is in the file."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import numpy as np
import shapely
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse
from django.utils.translation import gettext as _

from gridmgr.core.geo.crs import WGS84
from gridmgr.core.importing.base import Unreadable
from gridmgr.core.importing.frame import ByRow, Frame, parse_crs
from gridmgr.core.importing.gdal import read_layer

LAYER = "highway"
Positions = dict[str, tuple[float, float]]


@dataclass
class _Ways:
    """Ways as they are found in the file, and why others were left out."""

    tags: list[Mapping[str, Any]] = field(default_factory=list)
    lines: list[shapely.Geometry] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)

    def frame(self) -> Frame:
        return Frame(
            LAYER,
            ByRow(self.tags),
            np.array(self.lines, dtype=object),
            crs=parse_crs(f"EPSG:{WGS84}"),
            refs=[str(row["osm_id"]) for row in self.tags],
            left_out=dict(self.left_out),
            free_text=True,
        )


def read_pbf(path: Path) -> Frame:
    """The roads of an .osm.pbf file; raises Unreadable."""
    with path.open("rb") as stream:
        if b"OSMHeader" not in stream.read(24):
            raise Unreadable(_("%s 不是 OSM PBF 文件(文件头不对)。请重新下载。") % path.name)
    table = read_layer(path, "lines", where="highway IS NOT NULL", TAGS_FORMAT="JSON")
    ways = _Ways([_all_tags(row) for row in table.rows()], list(table.geometry))  # type: ignore[arg-type]
    return ways.frame()


def _all_tags(row: Mapping[str, Any]) -> dict[str, Any]:
    own = {name: value for name, value in row.items() if name != "other_tags" and value is not None}
    return {**json.loads(row.get("other_tags") or "{}"), **own}


def read_osm(path: Path) -> Frame:
    """The roads of an .osm file; a way cut by the edge of the extract keeps the parts whose nodes are there."""
    ways = _Ways()
    nodes: Positions = {}
    try:
        for element in _elements(path):
            if element.tag == "node":
                _take_node(element, nodes)
            elif (tags := _tags(element)).get("highway"):
                _take_way(element, tags, nodes, ways)
            element.clear()
    except (ParseError, DefusedXmlException, UnicodeDecodeError) as error:
        raise Unreadable(
            _("%(path)s 不是有效的 OSM XML(%(why)s)。请重新下载。") % {"path": path, "why": error}
        ) from None
    return ways.frame()


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


def _take_way(element: Element, tags: dict[str, str], nodes: Positions, ways: _Ways) -> None:
    osm_id = element.get("id", "")
    refs = [node.get("ref", "") for node in element.iter("nd")]
    parts = _runs([nodes.get(ref) for ref in refs])
    if not parts and len(refs) > 1:
        ways.left_out[_("节点不在文件里")] += 1
        return
    ways.tags.append({**tags, "osm_id": osm_id})
    ways.lines.append(_line(parts))


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
