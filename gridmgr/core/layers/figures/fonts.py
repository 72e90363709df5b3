"""The Chinese font of print maps: where it is, how wide a text is, and the part of it that an SVG carries."""

import os
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from glob import glob
from io import BytesIO
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING

import numpy as np
from django.conf import settings
from django.utils.translation import gettext as _

from gridmgr.core.errors import DomainError

if TYPE_CHECKING:
    from matplotlib.font_manager import FontPath, FontProperties
    from matplotlib.path import Path as Outline

# Noto Sans CJK and its twin, Source Han Sans, by Adobe and Google (SIL OFL 1.1), as Debian and others place them.
PLACES = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-{weight}.ttc",
    "/usr/share/fonts/**/NotoSansCJK*-{weight}.*",
    "/usr/share/fonts/**/NotoSansSC-{weight}.*",
    "/usr/share/fonts/**/SourceHanSans*-{weight}.*",
    "/usr/local/share/fonts/**/NotoSans*SC-{weight}.*",
    "~/.local/share/fonts/**/NotoSans*-{weight}.*",
)
WEIGHTS = {"normal": "Regular", "bold": "Bold"}
_SIMPLIFIED = (" SC", " CN")


class NoFont(DomainError):
    """The machine has no Chinese font: a map would show empty boxes. The text says how to get one."""

    status = 500


@dataclass(frozen=True)
class Face:
    """One weight of the font: its file, the face within it, and the family's name."""

    file: "FontPath"
    family: str


def matplotlib_home() -> None:
    """Gives matplotlib a place for its font list that is writable whoever runs us; call it before importing it."""
    os.environ.setdefault("MPLCONFIGDIR", str(settings.VAR_DIR / "matplotlib"))


@cache
def face(weight: str = "normal") -> Face:
    """The font's face for simplified Chinese in `weight`, normal or bold; raises NoFont when there is none."""
    matplotlib_home()
    for path in _candidates(WEIGHTS[weight]):
        if found := _simplified(path):
            return found
    raise NoFont(
        _(
            "找不到中文字体 Noto Sans CJK SC(%(weight)s),图上的字会变成空框。"
            "请安装:sudo apt-get install fonts-noto-cjk,或重新运行 script/bootstrap。"
        )
        % {"weight": WEIGHTS[weight]}
    )


def _candidates(weight: str) -> Iterator[str]:
    for pattern in PLACES:
        yield from sorted(glob(str(Path(pattern.format(weight=weight)).expanduser()), recursive=True))
    if program := which("fc-match"):
        asked = [program, "-f", "%{file}", f"Noto Sans CJK SC:{weight.lower()}"]
        yield subprocess.run(asked, capture_output=True, text=True, check=False, timeout=10).stdout  # noqa: S603


def _simplified(path: str) -> Face | None:
    """The face for simplified Chinese in the font file at `path`, or None."""
    from matplotlib.font_manager import FontPath
    from matplotlib.ft2font import FT2Font

    try:
        faces = [FT2Font(path, face_index=index) for index in range(FT2Font(path).num_faces)]
    except (OSError, RuntimeError):
        return None
    for index, font in enumerate(faces):
        if font.family_name.endswith(_SIMPLIFIED):
            return Face(FontPath(path, index), font.family_name)
    return None


def drawable(text: str) -> str:
    """`text` without the characters that the font hasn't got, such as emoji: each would be an empty box."""
    missing = [ord(each) for each in set(text) if not each.isspace() and ord(each) not in _characters()]
    return text.translate(dict.fromkeys(missing)) if missing else text


@cache
def _characters() -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    chosen = face().file
    return frozenset(FT2Font(chosen.path, face_index=chosen.face_index).get_charmap())


@cache
def font(weight: str, size: float) -> "FontProperties":
    """What matplotlib takes for a text of `size` points."""
    from matplotlib.font_manager import FontProperties

    chosen = face(weight)
    return FontProperties(family=chosen.family, fname=chosen.file, weight=weight, size=size)


@cache
def outline(text: str, weight: str) -> "Outline":
    """The outline of `text` at 1 point, its baseline beginning at (0, 0)."""
    from matplotlib.textpath import TextPath

    return TextPath((0, 0), text, size=1, prop=font(weight, 10))


@cache
def halo(text: str, weight: str, reach: float) -> "Outline":
    """What lies within `reach` points of the ink of `text` at 1 point, without holes: a fraction of the ink's corners."""
    import shapely
    from matplotlib.path import Path as Outline

    drawn: list[np.ndarray] = [
        np.asarray(each) for each in outline(text, weight).to_polygons(closed_only=False)
    ]
    strokes = [shapely.LineString(each) for each in drawn if len(each) > 1]
    around = shapely.unary_union(shapely.buffer(strokes, reach, quad_segs=3)).simplify(reach / 12)
    rings = [np.asarray(part.exterior.coords) for part in shapely.get_parts(around)]
    return (
        Outline.make_compound_path(*(Outline(ring, closed=True) for ring in rings))
        if rings
        else Outline(np.empty((0, 2)))
    )


@cache
def width(text: str, weight: str = "normal") -> float:
    """How far `text` runs at 1 point, in points."""
    drawn = np.asarray(outline(text, weight).vertices)
    return float(drawn[:, 0].max()) if len(drawn) else 0.5 * len(text)


def style_sheet(characters: dict[str, set[str]]) -> str:
    """CSS that carries the font's outlines of these characters, by weight, as WOFF2 in a data: address."""
    rules = []
    for weight, used in sorted(characters.items()):
        data = b64encode(_subset(face(weight), "".join(sorted(used)))).decode()
        number = 700 if weight == "bold" else 400
        rules.append(
            f"@font-face{{font-family:'{face(weight).family}';font-weight:{number};"
            f"src:url(data:font/woff2;base64,{data}) format('woff2')}}"
        )
    return "".join(rules)


def _subset(chosen: Face, characters: str) -> bytes:
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    options = Options(hinting=False, layout_features=[], name_IDs=[1, 2], notdef_outline=True)
    whole = TTFont(str(chosen.file), fontNumber=chosen.file.face_index, lazy=True, recalcTimestamp=False)
    work = Subsetter(options)
    work.populate(text=characters)
    work.subset(whole)
    whole.flavor = "woff2"
    stream = BytesIO()
    whole.save(stream)
    return stream.getvalue()
