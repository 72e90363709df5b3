"""What a person writes of a place on a street, taken apart: "新建路与府东街交叉口东南角".

Only words are looked at here, no map: every way in which a text can be read is yielded, and grids.domain.places finds
out which of them is true of the city's streets. A reading holds all of the text; what it could not place is `unread`.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from functools import cache, lru_cache

from opencc import OpenCC

MOST_CHARACTERS = 120
COMPASS = {"北": 0, "东北": 45, "东": 90, "东南": 135, "南": 180, "西南": 225, "西": 270, "西北": 315}
_NUMERALS = "零一二三四五六七八九"
# What a street's name may end in: where two names run together, the first ends with one of these.
_ENDINGS = "路街巷道里条线桥环段同弄坊口墙门场营堂岭楼庵府岸寺庙坡沿村庄园院店台所坛"


class Relation(StrEnum):
    """What a text says about the streets it names."""

    JUNCTION = "junction"  # `road` meets `others[0]`
    STRETCH = "stretch"  # `road` from `others[0]` to `others[1]`
    LANDMARK = "landmark"  # at `landmark`, on `road` when that is said
    HOUSE = "house"  # a number on `road`
    END = "end"  # the end of `road` that lies towards `end`
    ROAD = "road"  # `road`, no more


@dataclass(frozen=True)
class Said:
    """What stands around the names. Compass words as in COMPASS; `offset_m` metres towards `heading`, if that is said."""

    corner: str = ""
    side: str = ""
    heading: str = ""
    offset_m: float | None = None
    opposite: bool = False
    gate: str = ""
    junction: bool = False
    between: bool = False
    end: str = ""
    roughly: bool = False

    def joined(self, other: "Said") -> "Said | None":
        """Both together; None when they say the same thing twice."""
        found = {}
        for each in fields(self):
            mine, theirs = getattr(self, each.name), getattr(other, each.name)
            if mine and theirs and not isinstance(mine, bool):
                return None
            found[each.name] = mine or theirs
        return Said(**found)


@dataclass(frozen=True)
class Reading:
    """One way to read a text: names as written, what is said around them, and what stays unread."""

    relation: Relation
    said: Said
    road: str = ""
    others: tuple[str, ...] = ()
    landmark: str = ""
    number: str = ""
    unread: str = ""


def plain(text: str) -> str:
    """The text without blanks, in half-width and simplified characters, without what stands at its end for no reason."""
    text = simplified(unicodedata.normalize("NFKC", text[:MOST_CHARACTERS]))
    text = re.sub(r"[\s​_“”\"'「」]+", "", text)
    text = re.sub(r"[〔\[【{<《]", "(", text)
    text = re.sub(r"[〕\]】}>》]", ")", text)
    return re.sub(r"^[。.,、;:!]+|[。.,、;:!]+$", "", text)


@lru_cache(maxsize=10_000)  # the names of a city's streets are asked for again and again
def simplified(text: str) -> str:
    """The text in simplified characters, by the words that OpenCC knows (乾隆 keeps its 乾, 乾河 is 干河)."""
    return _converter().convert(text)


@cache
def _converter() -> OpenCC:
    return OpenCC("t2s")


def key_of(name: str) -> str:
    """What two ways to write one name have in common: plain characters, digits as Chinese numerals."""
    return re.sub(r"\d+", lambda found: in_chinese(int(found[0])), plain(name).lower())


def in_chinese(number: int) -> str:
    """38 → 三十八; beyond 99 digit by digit."""
    if number < 10:
        return _NUMERALS[number]
    if number > 99:
        return "".join(_NUMERALS[int(digit)] for digit in str(number))
    tens, ones = divmod(number, 10)
    return ("" if tens == 1 else _NUMERALS[tens]) + "十" + (_NUMERALS[ones] if ones else "")


def number_in(text: str) -> int | None:
    """The number that Chinese numerals up to 999 or digits say: 二十 → 20; None for anything else."""
    if text.isdecimal():
        return int(text)
    found = re.fullmatch(
        r"(?:([一二两三四五六七八九])百零?)?(?:([一二三四五六七八九]?)(十))?([一二两三四五六七八九]?)", text
    )
    if not text or not found:
        return None
    hundreds, tens, ten, ones = found.groups()
    return 100 * _digit(hundreds) + (10 * (_digit(tens) or 1) if ten else 0) + _digit(ones)


def _digit(character: str | None) -> int:
    return _NUMERALS.index("二" if character == "两" else character) if character else 0


def readings(text: str, *, street: str = "") -> list[Reading]:
    """Every way to read `text`, the likelier first. `street` is the road that the row names beside it, if any."""
    whole = plain(text)
    found: dict[Reading, None] = {Reading(Relation.LANDMARK, Said(), landmark=whole): None}
    for base, detail in _divided(whole):
        for reading in _read(base, detail, plain(street)):
            found.setdefault(reading)
    return list(found)


# ── A road and what is said of it ─────────────────────────────────────────────────────────────────────────

# Province, city, district, sub-district: only the last may be named after a street.
_PLAIN = "(?:(?![路街巷道省市区县])[一-龥])"
_ADMIN = re.compile(
    rf"(?:{_PLAIN}{{2,3}}省)?(?:{_PLAIN}{{2,4}}市(?!场|民|政|委|一|二))?(?:{_PLAIN}{{2,4}}[区县](?!政府))?"
    r"(?:[一-龥]{2,5}?(?:街道办事处|街道办|街道|社区|[镇乡](?!政府)))?(?:辖区)?"
)
_SIDE_FIRST = re.compile(
    rf"(?P<road>.+?[{_ENDINGS}])(?P<side>路?[东南西北](?:侧|边|面))[,、:]?(?P<rest>.*[{_ENDINGS}米].*)"
)


def _divided(text: str) -> Iterator[tuple[str, str]]:
    """The text as a whole, without the names of city and district before it, and as a road with a detail."""
    text = re.sub(r"^\(([^()]+)\)", r"\1", text)
    for whole in dict.fromkeys((text, text[len(_admin(text)) :])):
        if bracket := re.fullmatch(r"(.+?)\(([^()]+)\)(.*)", whole):
            yield bracket[1] + bracket[3], bracket[2]
            continue
        yield whole, ""
        if colon := re.fullmatch(r"([^,:;]+)[,:;](.+)", whole):
            yield colon[1], colon[2]
        if first := _SIDE_FIRST.fullmatch(whole):
            yield first["road"] + first["side"], first["rest"]


def _admin(text: str) -> str:
    found = _ADMIN.match(text)
    return found[0] if found and len(found[0]) < len(text) else ""


def _read(base: str, detail: str, street: str) -> Iterator[Reading]:
    for core, said in _peeled(base, Said()):
        if not detail:
            yield from _arranged(core, said, "")
            if street and street not in core:
                yield from _arranged(core, said, street)
            continue
        for inner, more in _peeled(detail, Said()):
            if both := said.joined(more):
                yield from _arranged(inner, both, core)
        yield from (replace(each, unread=detail) for each in _arranged(core, said, ""))


# ── From the end of a text ────────────────────────────────────────────────────────────────────────────────

_WAY = "东北|东南|西北|西南|北东|南东|北西|南西|[东南西北]"
_METRES = r"(?P<metres>\d+(?:\.\d+)?|[一二两三四五六七八九十百]+)(?P<unit>米|m|公里|km)"
_PAVEMENT = "(?:的?(?:人行道|便道|路边|辅道|慢车道))?"
# (pattern at the end of a text, what it says, whether the text must be read so). The first that fits is taken off.
_ENDS: list[tuple[re.Pattern[str], str, bool]] = [
    (re.compile(pattern + "$"), what, sure)
    for pattern, what, sure in (
        (r"(?:便民)?(?:疏导|早餐|服务|临时)?(?:摊点|摊群点|摊位|摊|疏导点|疏导区|瓜果市场|早市|夜市)", "noise", False),
        (r"(?:附近|周边|一带|旁边|左右|不远处?|(?:道路|马路|路)?(?:两侧|双侧|两边))", "roughly", True),
        (r"[东南西北中](?:段|头)", "roughly", False),
        (r"下(?:面|方)?", "roughly", False),
        (r"(?:立交桥|高架桥|高架)下(?:面|方)?", "roughly", False),
        (r"(?:的)?(?:位置|处|上)", "noise", True),
        (
            rf"(?:往|向|以|再往|朝|由)?(?P<way>{_WAY})(?:侧|面|边|走|行|方向)?(?:约|大约|近|大概)?{_METRES}(?:处|左右|远)?",
            "offset",
            True,
        ),
        (rf"(?<=[角口处])(?:约|大约|近|大概)?{_METRES}(?:处|左右|远)?", "offset", True),
        (r"(?:的)?(?P<way>东北|东南|西北|西南|北东|南东|北西|南西)(?:方向)?(?:侧|边)?(?:角|拐角|转角)(?:处)?", "corner", True),
        (r"(?:的)?(?P<way>东北|东南|西北|西南)(?:方向|侧|边|面)?", "corner", False),
        (r"(?:的)?(?P<rough>斜)?(?:对面|对过)", "opposite", True),
        (r"(?:的)?(?P<way>[东南西北正大侧]?)门(?:口|前|外)(?:处)?", "gate", False),
        (r"(?:的)?(?P<way>校)门(?:口|前|外)?(?:处)?", "gate", False),
        (r"(?:的)?(?P<way>[东南西北正大])门", "gate", False),
        (rf"(?:的)?(?:马路|路|街|道路)(?P<way>[东南西北])(?:侧|边|面)?{_PAVEMENT}", "side", False),
        (rf"(?:的)?(?P<way>[东南西北])(?:侧|边|面|沿){_PAVEMENT}", "side", False),
        (r"(?P<way>[东南西北])", "side", False),
        (r"(?:的)?(?:交叉|交汇|交会|相交|交界|交接)(?:路口|口|处)?", "junction", False),
        (r"(?:的)?(?:[十丁]字(?:路口)?|三岔路口|[路交街巷]口)", "junction", False),
        (r"(?P<way>[东南西北])口", "end", False),
        (r"口", "junction", False),
        (r"(?:之间|中间)(?:路段|段)?", "between", True),
        (r"(?:路段|沿线|全段|段)", "between", False),
    )
]  # fmt: skip


def _peeled(core: str, said: Said) -> Iterator[tuple[str, Said]]:
    """What is left of a text when its end has been understood, and what that end said; each way to do so."""
    sure = False
    for pattern, what, must in _ENDS:
        found = pattern.search(core)
        if found is None or found.start() == 0:
            continue
        more = said.joined(_says(what, found))
        if more is None:
            continue
        yield from _peeled(core[: found.start()], more)
        if must:
            sure = True
            break
    if not sure:
        yield core, said


def _says(what: str, found: re.Match[str]) -> Said:
    groups = found.groupdict()
    way, rough = _compass(groups.get("way") or ""), bool(groups.get("rough"))
    if what == "offset":
        metres = (
            float(number_in(groups["metres"]) or 0) if groups["metres"].isalpha() else float(groups["metres"])
        )
        far = metres * 1000 if groups["unit"] in ("公里", "km") else metres
        return Said(heading=way, offset_m=far)
    if what == "gate":
        return Said(gate=groups["way"] or "门")
    if what == "opposite":
        return Said(opposite=True, roughly=rough)
    told = {
        "corner": Said(corner=way),
        "side": Said(side=way),
        "end": Said(end=way),
        "junction": Said(junction=True),
        "between": Said(between=True),
        "roughly": Said(roughly=True),
    }
    return told.get(what, Said())


def _compass(way: str) -> str:
    return way if way in COMPASS or len(way) < 2 else way[::-1]


# ── Names ─────────────────────────────────────────────────────────────────────────────────────────────────

_AND = re.compile(r"[与和及跟同、/×xX&+·\-—–]|交(?!通|口|叉|汇|大)")
_TO = re.compile(r"至|到|[—–~\-]+")
_NEAR = re.compile(r"(?:靠近|临近|邻近|近邻|近|邻)")
_HOUSE = re.compile(r"(?P<road>.*?)(?P<number>\d+)(?:-\d+)?号(?:楼|院|院内|附\d+号?)?")


def _arranged(core: str, said: Said, base: str) -> Iterator[Reading]:
    """The names in `core` and how they stand to one another; `base` is the road that it is about, where known."""
    if house := _HOUSE.fullmatch(core):
        yield Reading(Relation.HOUSE, said, road=house["road"] or base, number=house["number"])
        return
    if said.end:
        yield Reading(Relation.END, said, road=core or base)
    yield from _stretches(core, said, base)
    if not said.between:
        yield from _junctions(core, said, base)
        yield from _landmarks(core, said, base)
        if not base:
            yield Reading(Relation.ROAD, said, road=core)


def _stretches(core: str, said: Said, base: str) -> Iterator[Reading]:
    connectors = [*_TO.finditer(core), *(_AND.finditer(core) if said.between else ())]
    for found in connectors:
        left, right = _bare(core[: found.start()]), _bare(core[found.end() :])
        pairs = [(base, left)] if base else [(_bare(a), _bare(b)) for a, b in _split(left)]
        for road, first in pairs:
            if road and first and right:
                yield Reading(Relation.STRETCH, said, road=road, others=(first, right))


def _bare(name: str) -> str:
    """A name without what leads to it or closes it: 从…, …路口."""
    name = re.sub(r"^(?:由|从|自|起自|在|的)", "", name)
    return re.sub(r"(?:交叉口|交叉路口|十字路口|路口|口|为止|止|段|起)$", "", name) if len(name) > 3 else name


def _junctions(core: str, said: Said, base: str) -> Iterator[Reading]:
    if base:
        lead = _NEAR.match(core)
        # "近" says that it is not far, not where it is.
        about = replace(said, roughly=True) if lead else said
        if about.junction or about.corner or about.offset_m is not None or lead:
            names = {core, re.sub("^[与和]", "", core), core[lead.end() :] if lead else core} - {"", base}
            yield from (
                Reading(Relation.JUNCTION, about, road=base, others=(name,)) for name in sorted(names)
            )
    for pattern, rough in ((_AND, False), (_NEAR, True)):
        for found in pattern.finditer(core):
            left, right = core[: found.start()], core[found.end() :]
            if left and right and base in ("", left, right):
                about = replace(said, roughly=said.roughly or rough)
                yield Reading(Relation.JUNCTION, about, road=left, others=(right,))
    if not base and (said.junction or said.corner or said.offset_m is not None):
        yield from (Reading(Relation.JUNCTION, said, road=a, others=(b,)) for a, b in _split(core))


def _split(core: str) -> Iterator[tuple[str, str]]:
    """Where two names may meet without a word between them."""
    for index in range(2, len(core) - 1):
        if core[index - 1] in _ENDINGS:
            yield core[:index], core[index:]


def _landmarks(core: str, said: Said, base: str) -> Iterator[Reading]:
    if base:
        yield Reading(Relation.LANDMARK, said, road=base, landmark=core)
        return
    yield Reading(Relation.LANDMARK, said, landmark=core)
    yield from (
        Reading(Relation.LANDMARK, said, road=road, landmark=re.sub("^的", "", landmark))
        for road, landmark in _split(core)
    )
