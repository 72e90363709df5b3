"""What a notice says: the figures in sentences, the branches in a table, the map, the sources."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from docx.shared import Pt

from gridmgr.briefing import wording
from gridmgr.briefing.counts import APART, BAYS_APART
from gridmgr.briefing.dossier import BranchPart, Dossier, Figure
from gridmgr.briefing.notice.official import (
    ER,
    FANG,
    HEI,
    KAI,
    RED,
    SAN,
    TITLE,
    XIAO_SI,
    Column,
    Part,
    paragraph,
    picture,
    red_line,
    table,
    to_fill_in,
)
from gridmgr.briefing.pictures import Pictures
from gridmgr.core import quantities
from gridmgr.core.layers.extract import source
from gridmgr.core.layers.maps import ATTRIBUTION
from gridmgr.core.past import Tense, tense_of

MAP_MM = (156.0, 165.0)
_FIGURE = re.compile(r"%\((\w+)\)s")


def title_of(dossier: Dossier) -> str:
    """What the notice is about."""
    if len(dossier.branches) == 1:
        part = dossier.branches[0]
        return _("关于%s责任情况的通报") % f"{part.code}{part.name}"
    if dossier.whole and dossier.city:
        return _("关于%s网格责任情况的通报") % dossier.city
    return _("关于全市网格责任情况的通报") if dossier.whole else _("关于网格责任情况的通报")


def _addressees(dossier: Dossier) -> str:
    if dossier.whole or len(dossier.branches) > 6:
        return _("各网格支部")
    return _("、").join(part.name for part in dossier.branches)


# ── What is said ──────────────────────────────────────────────────────────────────────────────────────────


def _paragraphs() -> list[tuple[str, list[str]]]:
    """What each paragraph is about, and its clauses: each is said when all of its figures are known."""
    return [
        (
            _("责任路段"),
            [
                _("%(branches)s个网格支部参加分工"),
                _("责任路段%(sections)s段、总长%(metres)s，涉及道路%(roads)s条"),
                _("主次干路覆盖率%(coverage)s"),
                _("无人负责的主次干路%(gaps)s段、%(gaps_m)s"),
            ],
        ),
        (
            _("便民摊点和瓜果市场"),
            [
                _("开放%(sites)s处，设摊位%(pitches)s个"),
                _("已占用%(taken)s个、空%(free)s个"),
                _("占用率%(fill)s"),
            ],
        ),
        (
            _("上下学接送点"),
            [_("接送点%(drop_off_points)s处"), _("“熊猫”通道%(panda_lanes)s处"), _("学校%(schools)s所")],
        ),
        (_("停车泊位"), [_("启用%(bays)s个")]),
    ]


def _columns() -> dict[str, str]:
    """The figures of a branch that its row holds."""
    return {
        "sections": pgettext("plural", "责任路段"),
        "metres": _("里程"),
        "sites": pgettext("plural", "摊点"),
        "free": _("空摊位"),
        "drop_off_points": pgettext("plural", "接送点"),
        "bays": pgettext("plural", "泊位"),
    }


class Writer:
    """Writes the notice's parts, one after the other."""

    def __init__(self, made: Any, dossier: Dossier) -> None:
        self.made, self.dossier = made, dossier
        self.figures: Mapping[str, Figure] = {figure.name: figure for figure in dossier.figures}
        self.chapters = 0

    def head(self, title: str) -> None:
        """The red head, which the office fills in, the title, and to whom it goes."""
        office = paragraph(self.made, align="c")
        to_fill_in(office, _("（发文机关标志）"), size=ER + 4, face=TITLE, colour=RED)
        office.paragraph_format.line_spacing = Pt(40)
        paragraph(self.made)
        number = paragraph(self.made, align="c")
        to_fill_in(number, _("（发文字号）"), size=SAN, face=FANG)
        red_line(number)
        paragraph(self.made)
        paragraph(self.made, Part(title), style="Title", align="c")
        paragraph(self.made)
        paragraph(self.made, Part(_("%s：") % _addressees(self.dossier)))

    def chapter(self, words: str) -> None:
        """`一、总体情况`."""
        self.chapters += 1
        text = Part(
            _("%(number)s、%(title)s") % {"number": "一二三四五六"[self.chapters - 1], "title": words}
        )
        paragraph(self.made, text, style="Heading 1", indent=2)

    def link(self, words: str, path: str) -> Any:
        return Part(words, wording.address(self.dossier, path))

    def situation(self) -> None:
        """The key figures in sentences, each leading to its list."""
        about = {
            "day": wording.day(self.dossier.on)
            + (_("（计划）") if tense_of(self.dossier.on) == Tense.FUTURE else ""),
            "moment": wording.data_moment(self.dossier.moment),
        }
        opening = _("现将截至%(day)s的网格责任情况（%(moment)s）通报如下。") % about
        paragraph(self.made, Part(opening), indent=2)
        self.chapter(_("总体情况"))
        told = [
            (title, [each for each in map(self.clause, clauses) if each]) for title, clauses in _paragraphs()
        ]
        told[1][1].extend(self.apart(sites=True))
        told[-1][1].extend([*self.kinds(), *self.apart(sites=False)])
        for number, (title, said) in zip(
            "一二三四", ((title, said) for title, said in told if said), strict=False
        ):
            paragraph(self.made, Part(f"（{number}）{title}。", face=KAI), *_sentence(said), indent=2)

    def clause(self, template: str) -> list[Any]:
        """The template's words with its figures as links; nothing when one is unknown."""
        pieces = _FIGURE.split(template)
        if not all(name in self.figures for name in pieces[1::2]):
            return []
        figures = {name: self.figures[name] for name in pieces[1::2]}
        return [
            self.link(wording.amount(figures[piece]), figures[piece].path) if number % 2 else Part(piece)
            for number, piece in enumerate(pieces)
            if piece
        ]

    def kinds(self) -> list[list[Any]]:
        return [
            [
                Part(pgettext("before a number", "%s") % each.label),
                self.link(f"{each.number:,}", each.path),
                Part(_("个")),
            ]
            for each in self.dossier.bays
        ]

    def apart(self, *, sites: bool) -> list[list[Any]]:
        """What stands there but isn't in use: of the sites, or of the bays."""
        chosen = [each for name, each in self.figures.items() if name.startswith(APART)]
        return [
            [Part(each.label), self.link(wording.amount(each), each.path)]
            for each in chosen
            if (each.name != BAYS_APART) == sites
        ]

    def branches(self, *, annexed: bool) -> None:
        """A table with a row for each branch; `annexed`: lists follow."""
        self.chapter(_("各支部责任情况"))
        words = _("各支部情况见表1，明细见附件。") if annexed else _("各支部情况见表1。")
        paragraph(self.made, Part(words), indent=2)
        self.caption(_("表1　各支部责任情况"), above=True)
        columns = [Column(_("支部"), 33), Column(_("支部书记"), 18)]
        columns += [Column(label, 17.5, numeric=True) for label in _columns().values()]
        rows = [self.branch(part) for part in self.dossier.branches]
        table(self.made, columns, [*rows, *self.last_rows()])

    def last_rows(self) -> list[list[Part]]:
        """What makes the branches add up to the whole, and the whole."""
        if len(self.dossier.branches) < 2:
            return []
        shown = [self.figures.get(name) for name in _columns()]
        rests = [
            [
                Part(row.label),
                Part(quantities.NOTHING),
                *(Part(wording.rest(row, each) if each else quantities.NOTHING) for each in shown),
            ]
            for row in self.dossier.rests
        ]
        amounts = [
            self.link(wording.amount(each), each.path) if each else Part(quantities.NOTHING) for each in shown
        ]
        return [*rests, [Part(_("合计")), Part(quantities.NOTHING), *amounts]]

    def branch(self, part: BranchPart) -> list[Part]:
        """The branch's row."""
        known = {figure.name: figure for figure in part.figures}
        amounts = [
            self.link(wording.amount(known[name]), known[name].path)
            if name in known
            else Part(quantities.NOTHING)
            for name in _columns()
        ]
        label = self.link(f"{part.code} {part.name}", part.path)
        return [label, Part(part.secretary or quantities.NOTHING), *amounts]

    def caption(self, words: str, *, above: bool) -> None:
        """A table's words above it, or a picture's below."""
        added = paragraph(self.made, Part(words), align="c", size=XIAO_SI, face=HEI)
        added.paragraph_format.keep_with_next = above

    def map(self, maps: Pictures) -> None:
        """The map with its caption and whose data it is."""
        dossier = self.dossier
        self.chapter(_("责任路段图"))
        alone = len(dossier.branches) == 1
        content = maps.branch(dossier.branches[0].code, "png", MAP_MM) if alone else maps.city("png", MAP_MM)
        words = _("图1　责任路段和设施（%s）") % wording.day(dossier.on)
        picture(self.made, content, MAP_MM[0], says=words)
        self.caption(words, above=False)

    def sources(self) -> None:
        """Where the numbers come from, so that they can be looked up again."""
        self.chapter(_("数据说明"))
        dossier = self.dossier
        lines = [
            _("本通报的数字、表和图都出自同一时刻的数据：%s。") % wording.data_moment(dossier.moment),
            f"{wording.demo_mark(dossier)}。" if dossier.holds_demo_data else "",
            _("数据来源：%s。") % source(),
            _("底图：%s（ODbL）。") % ATTRIBUTION,
            _("编制程序：%s。") % wording.maker(),
        ]
        text = Part("".join(lines))
        more = [Part(_("电子版中的数字可点开，通向各自的名单。"))] if dossier.site else []
        paragraph(self.made, text, *more, indent=2)

    def end(self, titles: Sequence[str]) -> None:
        """What is annexed, who signs (to be filled in), and the date, four characters from the edge."""
        paragraph(self.made)
        for number, title in enumerate(titles, 1):
            mark = _("附件：") if number == 1 else "　　　"
            paragraph(self.made, Part(f"{mark}{number}. {title}"), indent=2)
        paragraph(self.made)
        paragraph(self.made)
        signed = paragraph(self.made, align="r")
        to_fill_in(signed, _("（发文机关署名）"), size=SAN, face=FANG)
        day = wording.day(timezone.localtime(self.dossier.moment).date())
        paragraph(self.made, Part(day), align="r")
        for each in self.made.paragraphs[-2:]:
            each.paragraph_format.right_indent = Pt(4 * SAN)


def _sentence(clauses: Sequence[Sequence[Part]]) -> list[Part]:
    """The clauses with commas between and a full stop behind."""
    parts: list[Part] = []
    for number, clause in enumerate(clauses):
        parts += [*([Part("，")] if number else []), *clause]
    return [*parts, Part("。")]
