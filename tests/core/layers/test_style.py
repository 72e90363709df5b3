"""A style is said once: what the map's script gets and what paper draws are the same declaration."""

import json
from typing import Any

import pytest
from django.utils.translation import override

from gridmgr.catalog import BACKDROP, FACILITIES, LAYERS
from gridmgr.core.layers.maps import _spec
from gridmgr.core.layers.palette import COLOURS
from gridmgr.core.layers.style import Body, Label, Letter, Line, Ramp, Size, Style, for_script

EVERY = [*BACKDROP, *FACILITIES, *LAYERS]


def test_size_grows_between_its_stops_and_stays_beyond_them() -> None:
    """tests/js/style.test.js has the same numbers."""
    even = Ramp([(10, 2), (14, 10)])
    assert [even.at(zoom) for zoom in (9, 10, 11, 13.5, 14, 20)] == [2, 2, 4, 9, 10, 10]
    doubling = Ramp([(10, 1), (13, 8)], base=2)
    assert [doubling.at(zoom) for zoom in (10, 11, 12, 13)] == pytest.approx([1, 2, 4, 8])
    step = Ramp([(18, 0.7), (18, 1.4)])
    assert [step.at(zoom) for zoom in (17.9, 18, 19)] == [0.7, 1.4, 1.4]


def test_script_gets_pixels_paper_millimetres() -> None:
    size = Size(Ramp([(9, 3), (18, 8)], base=1.5), 0.95)
    assert for_script(size) == {"stops": [[9, 3], [18, 8]], "base": 1.5}
    assert size.on_paper(14.2) == 0.95
    assert for_script(Label("name", from_zoom=13))["fromZoom"] == 13
    assert for_script(Body(fills={True: ("ink", "halo"), False: ("", "")}, dash=(5, 4))) | {"width": 0} == {
        "fill": "", "opacity": 0.22, "edge": "", "width": 0, "dash": [5, 4], "by": "",
        "fills": {"true": ["ink", "halo"], "false": ["", ""]}, "ink": "", "hatched": False, "focus": 3,
    }  # fmt: skip
    assert Body(dash=(5, 4)).tenths == (0.5, 0.4)


def test_letters_come_in_the_readers_language() -> None:
    bays = next(layer for layer in LAYERS if layer.name == "bays")
    assert _spec(bays)["letter"]["says"]["large"] == "大"
    with override("en"):
        assert _spec(bays)["letter"]["says"]["large"] != "大"


@pytest.mark.parametrize("layer", EVERY, ids=lambda layer: layer.name)
def test_every_style_names_colours_and_fields_that_there_are(layer: Any) -> None:
    style: Style = layer.style
    spec = _spec(layer)
    assert json.loads(json.dumps(spec))["body"] == spec["body"]
    names = {field.name for field in layer.fields}
    line: Line = style.line
    ground = line.ground.metres if line.ground and isinstance(line.ground.metres, str) else ""
    asked = [
        style.by, style.whole[0], line.by, ground, line.others.of if line.others else "",
        line.narrowed[0] if line.narrowed else "", style.names.by if style.names else "",
        *(body.by for body in (style.body, style.outline)), style.label.of if style.label else "",
        style.letter.of if isinstance(style.letter, Letter) else "",
    ]  # fmt: skip
    assert {name for name in asked if name} <= names
    bodies = (style.body, style.outline)
    colours = [
        *(each for body in bodies for each in (body.fill, body.edge, body.ink)),
        *(each for body in bodies for pair in body.fills.values() for each in pair),
        *(each.colour for each in (line.casing, line.stripes) if each),
        style.label.ink if style.label else "",
    ]
    assert {name for name in colours if name} <= set(COLOURS)
    assert (spec["line"] is None) == (style.shape != "line")
