"""A deck in the making: slides with title, foot, number and notes, in the order in which they are asked for."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from django.utils.translation import gettext as _
from pptx.dml.color import RGBColor
from pptx.oxml.ns import qn
from pptx.util import Pt

from gridmgr.briefing import wording
from gridmgr.briefing.dossier import Dossier, Figure
from gridmgr.briefing.slides import master
from gridmgr.briefing.slides.master import ACCENT, INK, MARGIN, MUTED, WASH, WIDTH
from gridmgr.briefing.slides.shapes import Box, Text, put, text_box
from gridmgr.core.layers.extract import source


class Deck:
    """The presentation of a dossier."""

    def __init__(self, dossier: Dossier) -> None:
        self.dossier = dossier
        self.made = master.blank()

    def link(self, words: str, path: str) -> Text:
        """Words that lead to a page of the service."""
        return Text(words, wording.address(self.dossier, path))

    def slide(self, title: str, *, paths: Sequence[str], aside: str = "") -> Any:
        """A page under `title`; its notes give the data's moment and the addresses of `paths`, its lists."""
        slide = self.made.slides.add_slide(self.made.slide_layouts[1])
        put(slide.shapes.title, Text(title))
        if aside:
            box = Box(WIDTH - MARGIN - 150, 13, 150, 10)
            text_box(slide, box, [(Text(aside), 11, False, MUTED)], align="r", anchor="m", name="题注")
        _carry_foot(slide, f"{self.dossier.title} · {wording.imprint(self.dossier)}")
        self.notes(slide, paths)
        return slide

    def notes(self, slide: Any, paths: Sequence[str]) -> None:
        """What the speaker reads: where the numbers come from, and when."""
        lines = [wording.imprint(self.dossier), _("来源:%s") % source()]
        addresses = [wording.address(self.dossier, path) for path in dict.fromkeys(paths)]
        if known := [each for each in addresses if each]:
            lines += [_("名单:"), *known]
        put(slide.notes_slide.notes_text_frame, *(Text(line) for line in lines), size=11)

    def tiles(self, slide: Any, figures: Sequence[Figure], box: Box, columns: int, *, size: float) -> None:
        """Figures as large numbers, each with its words and the link to its list."""
        rows = -(-len(figures) // columns)
        gap = 3.0
        width = (box.width - gap * (columns - 1)) / columns
        height = (box.height - gap * (rows - 1)) / max(rows, 1)
        for number, figure in enumerate(figures):
            down, across = divmod(number, columns)
            place = Box(box.x + across * (width + gap), box.y + down * (height + gap), width, height)
            self._tile(slide, figure, place, size)

    def _tile(self, slide: Any, figure: Figure, place: Box, size: float) -> None:

        value = self.link(wording.amount(figure), figure.path)
        shape = text_box(
            slide,
            place,
            [
                (value, size, True, ACCENT if value.url else INK),
                (Text(figure.label), max(9, size * 0.45), False, MUTED),
            ],
            anchor="m",
            name=figure.label,
        )
        shape.fill.solid()
        shape.fill.fore_color.rgb = RGBColor.from_string(WASH)
        shape.text_frame.margin_left = shape.text_frame.margin_right = master.emu(2.5)
        shape.text_frame.paragraphs[1].space_before = Pt(1)


def _carry_foot(slide: Any, words: str) -> None:
    """Foot and slide number: python-pptx leaves a layout's out of its slides."""
    for holder in slide.slide_layout.placeholders:
        kind = holder.element.nvSpPr.nvPr.find(qn("p:ph")).get("type")
        if kind not in ("ftr", "sldNum"):
            continue
        copied = deepcopy(holder.element)
        slide.shapes.element.append(copied)
        copied.nvSpPr.cNvPr.set("id", str(max(shape.shape_id for shape in slide.shapes) + 1))
        if kind == "ftr":
            put(slide.placeholders[11], Text(words), size=9, colour=MUTED)
