"""The plain 16:9 master: one theme, a cover, a page. Nothing is left of the template that python-pptx starts from."""

from typing import Any

from pptx import Presentation
from pptx.opc.constants import CONTENT_TYPE as CT
from pptx.opc.constants import RELATIONSHIP_TYPE as RT
from pptx.opc.package import Part
from pptx.oxml import parse_xml
from pptx.oxml.ns import qn
from pptx.util import Emu, Length

from gridmgr.core.layers.palette import BRANCH_COLOURS

# On every Chinese Windows and in WPS; elsewhere its like is put in its place.
FONT = "Microsoft YaHei"
INK, MUTED, ACCENT, WASH, LINE, PAPER = "1D2126", "50575E", "0B4F96", "E8F0F8", "C9CDD2", "FFFFFF"
# Millimetres: the slide, its margins, and the room between title and foot.
WIDTH, HEIGHT, MARGIN = 338.67, 190.5, 14.0
TOP, BOTTOM = 31.0, 176.0
INNER = WIDTH - 2 * MARGIN
EMU_PER_MM = 36_000

_NAMES = (
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
)
_FACE = f'<a:latin typeface="{FONT}"/><a:ea typeface="{FONT}"/><a:cs typeface=""/>'
_FILL = '<a:solidFill><a:schemeClr val="phClr"/></a:solidFill>'
_LINE = f'<a:ln w="9525">{_FILL}<a:prstDash val="solid"/></a:ln>'
_EFFECT = "<a:effectStyle><a:effectLst/></a:effectStyle>"


def emu(mm: float) -> Length:
    """English Metric Units, as office files measure."""
    return Emu(round(mm * EMU_PER_MM))


def blank() -> Any:
    """A presentation without slides: its layouts are the cover and the page."""
    made = Presentation()
    made.slide_width, made.slide_height = emu(WIDTH), emu(HEIGHT)
    _without_leftovers(made)
    master = made.slide_master
    for layout in list(made.slide_layouts)[2:]:
        made.slide_layouts.remove(layout)
    _replace(master.element, parse_xml(_master_tree()), parse_xml(_text_styles()))
    for layout, name, tree in zip(made.slide_layouts, ("封面", "内页"), (_cover(), _page()), strict=True):
        layout.element.attrib.pop("type", None)
        layout.element.set("showMasterSp", "0")  # each draws its own bar
        _replace(layout.element, parse_xml(_slide_tree(name, tree)))
    _set_theme(made.part, master.part)
    _set_theme(made.notes_master.part)
    for run in made.notes_master.element.iter(qn("a:r")):
        run.text = ""  # English words to begin with
    return made


def _without_leftovers(made: Any) -> None:
    """No thumbnail, printer or application of somebody else's."""
    del made.element.find(qn("p:sldSz")).attrib["type"]
    package, part = made.part.package, made.part
    for holder, kind in (
        (package, RT.THUMBNAIL),
        (package, RT.EXTENDED_PROPERTIES),
        (part, RT.PRINTER_SETTINGS),
    ):
        for key in _relations(holder, kind):
            holder.drop_rel(key)


def _relations(holder: Any, kind: str) -> list[str]:
    rels = holder._rels  # noqa: SLF001  a package shows its relations nowhere else
    return [key for key, each in rels.items() if each.reltype == kind]


def _replace(element: Any, *parts: Any) -> None:
    """Puts each part in the place of the child with its name."""
    for part in parts:
        element.replace(element.find(part.tag), part)


def _set_theme(*parts: Any) -> None:
    """Our theme in the place of the one that these parts share."""
    old = parts[0].part_related_by(RT.THEME)
    theme = Part(old.partname, CT.OFC_THEME, old.package, _theme().encode())
    for part in parts:
        for key in _relations(part, RT.THEME):
            part.drop_rel(key)
        part.relate_to(theme, RT.THEME)


def _theme() -> str:
    accents = (ACCENT, *(each.removeprefix("#").upper() for each in BRANCH_COLOURS[1:6]))
    colours = {
        "dk1": INK, "lt1": PAPER, "dk2": MUTED, "lt2": WASH,
        **{f"accent{number}": colour for number, colour in enumerate(accents, 1)},
        "hlink": ACCENT, "folHlink": ACCENT,
    }  # fmt: skip
    scheme = "".join(f'<a:{name}><a:srgbClr val="{value}"/></a:{name}>' for name, value in colours.items())
    face = f'{_FACE}<a:font script="Hans" typeface="{FONT}"/>'
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        f'<a:theme {_NAMES} name="gridmgr"><a:themeElements><a:clrScheme name="gridmgr">{scheme}</a:clrScheme>'
        f'<a:fontScheme name="gridmgr"><a:majorFont>{face}</a:majorFont><a:minorFont>{face}</a:minorFont></a:fontScheme>'
        f'<a:fmtScheme name="gridmgr"><a:fillStyleLst>{_FILL * 3}</a:fillStyleLst><a:lnStyleLst>{_LINE * 3}</a:lnStyleLst>'
        f"<a:effectStyleLst>{_EFFECT * 3}</a:effectStyleLst><a:bgFillStyleLst>{_FILL * 3}</a:bgFillStyleLst>"
        "</a:fmtScheme></a:themeElements></a:theme>"
    )


# ── Slides' skeletons ─────────────────────────────────────────────────────────────────────────────────────


def _slide_tree(name: str, shapes: str) -> str:
    return (
        f'<p:cSld {_NAMES} name="{name}"><p:spTree><p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/>'
        '</p:nvGrpSpPr><p:grpSpPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="0" cy="0"/><a:chOff x="0" y="0"/>'
        f'<a:chExt cx="0" cy="0"/></a:xfrm></p:grpSpPr>{shapes}</p:spTree></p:cSld>'
    )


def _master_tree() -> str:
    tree = _slide_tree("gridmgr", _page(title="标题", body=True))
    background = (
        '<p:bg><p:bgPr><a:solidFill><a:schemeClr val="bg1"/></a:solidFill><a:effectLst/></p:bgPr></p:bg>'
    )
    return tree.replace("<p:spTree>", f"{background}<p:spTree>", 1).replace(' name="gridmgr"', "", 1)


def _page(title: str = "标题", *, body: bool = False) -> str:
    room = _placeholder(5, "body", "正文", MARGIN, TOP, INNER, BOTTOM - TOP, 'idx="1"') if body else ""
    return (
        _bar(6, MARGIN, 12.6, 2.2, 10.4)
        + _placeholder(2, "title", title, MARGIN + 5, 9.5, INNER - 5, 16.5, "", 'anchor="ctr"')
        + room
        + _placeholder(3, "ftr", "", MARGIN, 179.5, INNER - 30, 6, 'sz="quarter" idx="11"', 'anchor="ctr"', size=900)
        + _placeholder(4, "sldNum", "", WIDTH - MARGIN - 25, 179.5, 25, 6, 'sz="quarter" idx="12"', 'anchor="ctr"', 900, "r")
    )  # fmt: skip


def _cover() -> str:
    return (
        _bar(6, 0, 0, 9, HEIGHT)
        + _placeholder(2, "ctrTitle", "标题", 32, 52, WIDTH - 60, 34, "", 'anchor="b"', size=4000)
        + _placeholder(3, "subTitle", "副标题", 32, 90, WIDTH - 60, 24, 'idx="1"', size=1800)
        + _placeholder(
            4, "body", "数据", 32, 146, WIDTH - 60, 24, 'sz="quarter" idx="13"', 'anchor="b"', 1200
        )
    )


def _bar(number: int, x: float, y: float, width: float, height: float) -> str:
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="{number}" name="色条"/><p:cNvSpPr/><p:nvPr userDrawn="1"/></p:nvSpPr>'
        f'<p:spPr>{_box(x, y, width, height)}<a:prstGeom prst="rect"><a:avLst/></a:prstGeom><a:solidFill>'
        '<a:schemeClr val="accent1"/></a:solidFill><a:ln><a:noFill/></a:ln></p:spPr>'
        '<p:txBody><a:bodyPr/><a:lstStyle/><a:p><a:endParaRPr lang="zh-CN"/></a:p></p:txBody></p:sp>'
    )


def _box(x: float, y: float, width: float, height: float) -> str:
    return f'<a:xfrm><a:off x="{emu(x)}" y="{emu(y)}"/><a:ext cx="{emu(width)}" cy="{emu(height)}"/></a:xfrm>'


def _placeholder(
    number: int, kind: str, text: str, x: float, y: float, width: float, height: float,
    more: str = "", anchor: str = "", size: int = 0, align: str = "l",
) -> str:  # fmt: skip
    style = (
        f'<a:lvl1pPr marL="0" indent="0" algn="{align}"><a:buNone/>{_defaults(size)}</a:lvl1pPr>'
        if size
        else ""
    )
    run = f'<a:r><a:rPr lang="zh-CN"/><a:t>{text}</a:t></a:r>' if text else ""
    if kind == "sldNum":
        run = '<a:fld id="{C1FF6DA9-008F-8B48-92A6-B652298478BF}" type="slidenum"><a:rPr lang="zh-CN"/><a:t>‹#›</a:t></a:fld>'
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="{number}" name="{text or kind}"/><p:cNvSpPr><a:spLocks noGrp="1"/></p:cNvSpPr>'
        f'<p:nvPr><p:ph type="{kind}" {more}/></p:nvPr></p:nvSpPr><p:spPr>{_box(x, y, width, height)}'
        '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></p:spPr><p:txBody>'
        f'<a:bodyPr vert="horz" wrap="square" lIns="0" tIns="0" rIns="0" bIns="0" {anchor}><a:normAutofit/></a:bodyPr>'
        f'<a:lstStyle>{style}</a:lstStyle><a:p>{run}<a:endParaRPr lang="zh-CN"/></a:p></p:txBody></p:sp>'
    )


def _defaults(size: int, *, bold: bool = False, colour: str = "tx1") -> str:
    muted = "tx2" if size < 1300 else colour
    return (
        f'<a:defRPr lang="zh-CN" sz="{size}" b="{int(bold or size > 3000)}" kern="1200"><a:solidFill>'
        f'<a:schemeClr val="{muted}"/></a:solidFill><a:latin typeface="+mn-lt"/><a:ea typeface="+mn-ea"/>'
        '<a:cs typeface="+mn-cs"/></a:defRPr>'
    )


def _text_styles() -> str:
    def level(number: int, size: int, *, bold: bool = False) -> str:
        tag = f"a:lvl{number}pPr"
        return f'<{tag} marL="0" indent="0" algn="l" rtl="0"><a:buNone/>{_defaults(size, bold=bold)}</{tag}>'

    body = "".join(level(number, 1400) for number in range(1, 10))
    return (
        f"<p:txStyles {_NAMES}><p:titleStyle>{level(1, 2400, bold=True)}</p:titleStyle>"
        f"<p:bodyStyle>{body}</p:bodyStyle><p:otherStyle>{body}</p:otherStyle></p:txStyles>"
    )
