"""Signs on maps: what looks alike to the colour-blind, or in grey print, differs in its character."""

import pytest

from gridmgr.catalog import FACILITIES, LAYERS
from gridmgr.core.layers.base import Layer
from gridmgr.core.layers.maps import has_markers
from gridmgr.core.layers.palette import COLOURS

SIGNED = [layer for layer in [*LAYERS, *FACILITIES] if layer.style.glyph]


def signs(layer: Layer) -> list[tuple[str, str]]:
    """Character and colour of each row of the layer's legend."""
    style = layer.style
    return [(str(glyph), colour) for glyph, colour in style.glyphs.values()] or [
        (str(style.glyph), style.colour)
    ]


def test_no_two_rows_of_the_legend_share_a_character() -> None:
    characters = [glyph for layer in SIGNED for glyph, _colour in signs(layer)]
    assert len(characters) == len(set(characters)) >= 17
    assert {layer.name for layer in FACILITIES if not layer.style.glyph} == {"footways"}  # the one line


@pytest.mark.parametrize("layer", SIGNED, ids=lambda layer: layer.name)
def test_a_white_character_reads_on_its_colour(layer: Layer) -> None:
    """3:1 at least, as WCAG asks of signs."""
    for glyph, colour in signs(layer):
        assert 1.05 / (luminance(COLOURS[colour]) + 0.05) >= 3, (glyph, colour)


def luminance(colour: str) -> float:
    """Relative luminance by WCAG 2.2, from `#rrggbb`."""
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_facilities_in_their_thousands_get_no_marker_each() -> None:
    assert {layer.name for layer in [*LAYERS, *FACILITIES] if has_markers(layer)} == {
        "schools", "drop-off-points", "sites", "verdicts",
    }  # fmt: skip
