"""The printed briefing as others read it: pypdf for its structure, poppler for its words and what is seen."""

import logging
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pypdf import PdfReader

from gridmgr.briefing.atlas import letter_of
from gridmgr.briefing.dossier import Dossier, GapRow
from gridmgr.briefing.gather import gather
from gridmgr.briefing.pdf import fetcher_of, pdf
from gridmgr.briefing.pictures import Moved, Pictures
from gridmgr.core.accounts.audience import Audience
from grids.models import Branch, Member
from tests.briefing.dossiers import SITE, branch, dossier, road, stall
from tests.conftest import Town
from tests.factories import BayFactory, SiteFactory

OFFICE = Audience(role="office")
SQUARE = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M1 1H8V8H1Z" fill="#b00"/></svg>'
)


def progress_of(of: Dossier) -> list[tuple[int, int, str]]:
    told: list[tuple[int, int, str]] = []
    chosen: Any = Squares()
    pdf(of, chosen, lambda *step: told.append(step))
    return told


@dataclass
class Squares:
    """Stands in for maps where the page around them is what matters."""

    asked: list[str] = field(default_factory=list)

    def city(self, form: str, size: tuple[float, float]) -> bytes:
        self.asked.append("city")
        return SQUARE

    def branch(self, code: str, form: str, size: tuple[float, float]) -> bytes:
        self.asked.append(code)
        return SQUARE


def nobody(done: int, total: int, words: str) -> None:
    pass


def made(of: Dossier, maps: Any = None) -> bytes:
    chosen: Any = maps or Squares()
    return pdf(of, chosen, nobody)


def read(content: bytes) -> PdfReader:
    return PdfReader(BytesIO(content))


def text_of(reader: PdfReader, page: int) -> str:
    """The page's words without white space: the setter may stretch a line."""
    return re.sub(r"\s+", "", reader.pages[page].extract_text())


def poppler(program: str, content: bytes, *more: str) -> str:
    done = subprocess.run([program, *more], input=content, check=True, capture_output=True)
    return done.stdout.decode()


def addresses(page: Any) -> set[str]:
    """Where the page's links lead outside of it."""
    links = [each.get_object() for each in page.get("/Annots", [])]
    return {str(each["/A"]["/URI"]) for each in links if "/URI" in each.get("/A", {})}


def bookmarks(reader: PdfReader) -> list[tuple[int, str, int]]:
    """(level, words, page) in order."""

    def walk(entries: Sequence[Any], level: int) -> list[tuple[int, str, int]]:
        found = []
        for each in entries:
            if isinstance(each, list):
                found += walk(each, level + 1)
            else:
                page = reader.get_destination_page_number(each)
                assert page is not None, each
                found.append((level, str(each.title), page))
        return found

    return walk(reader.outline, 1)


# ── What a page says ──────────────────────────────────────────────────────────────────────────────────────


def test_pages_bookmarks_contents_and_index_agree() -> None:
    reader = read(made(dossier(branch("01"), branch("02"), branch("15"))))
    found = bookmarks(reader)
    assert [(level, words) for level, words, _page in found] == [
        (1, "全市网格责任简报"), (1, "目录"), (1, "全市网格责任图"), (1, "关键数字"), (1, "无人负责的路段"), (1, "网格支部"),
        (2, "01 桥东第01支部"), (2, "02 桥东第02支部"), (2, "15 桥东第15支部"), (1, "道路索引"),
    ]  # fmt: skip
    assert [page for _level, _words, page in found] == [0, 1, 2, 3, 4, 5, 5, 6, 7, 8]
    contents = text_of(reader, 1)
    assert "01桥东第01支部李芳6" in contents
    index = text_of(reader, 8)
    for code, page in (("01", 6), ("02", 7), ("15", 8)):
        assert f"{code}{page}" in index
    sizes = {(round(page.mediabox.width), round(page.mediabox.height)) for page in reader.pages}
    assert sizes == {(842, 595), (1191, 842)}  # A4 across, and the city on A3


def test_progress_goes_from_map_to_map_and_page_to_page() -> None:
    whole = dossier(branch("01"), branch("02", roads=[road(n) for n in range(34)], sections=0), branch("15"))
    told = progress_of(whole)
    pages = len(read(made(whole)).pages)
    assert [words for _done, _total, words in told] == [
        "正在绘制 全市网格责任图",
        *(f"正在绘制 {code} 桥东第{code}支部" for code in ("01", "02", "15")),
        "正在排版",
        *(f"正在排版第 {page} 页" for page in range(1, pages + 1)),
        *(f"正在输出第 {page} 页,共 {pages} 页" for page in range(1, pages + 1)),
        "正在写入文件",
    ]
    assert [done for done, _total, _words in told] == [*range(5), *range(4, 5 + 2 * pages)]
    assert {total for _done, total, _words in told} == {5 + 2 * pages}


def test_page_that_raises_ends_the_work_and_weasyprint_logs_as_before() -> None:
    logger = logging.getLogger("weasyprint.progress")
    before = logger.level, logger.propagate, list(logger.handlers)

    def call_off(done: int, total: int, words: str) -> None:
        if "排版第" in words:
            raise KeyboardInterrupt

    chosen: Any = Squares()
    with pytest.raises(KeyboardInterrupt):
        pdf(dossier(), chosen, call_off)
    assert (logger.level, logger.propagate, logger.handlers) == before
    assert not logger.isEnabledFor(logging.INFO)


def test_every_page_tells_its_moment_number_source_and_demo() -> None:
    reader = read(made(dossier()))
    pages = len(reader.pages)
    for number in range(pages):
        said = text_of(reader, number)
        for words in (
            f"第{number + 1}页,共{pages}页",
            "数据时刻2026年11月22日20:24",
            "OpenStreetMapcontributors",
            "演示数据",
        ):
            assert words in said, (number, words)
    assert reader.metadata
    assert reader.metadata.title == "全市网格责任简报"
    assert "演示" not in text_of(read(made(dossier(holds_demo_data=False))), 0)


def test_branch_page_says_who_answers_for_what() -> None:
    odd = replace(road(0), answerers=[replace(road(0).answerers[0], name="洺堃喆🚗")], road="洺堃喆路")
    reader = read(made(dossier(branch(roads=[odd, road(1, shared=False)]), branch("04"))))
    said = text_of(reader, 5)
    for words in (
        "洺堃喆路", "洺堃喆0–200m", "新建路→五一路", "100m未分给党员", "支部书记李芳", "在岗党员11名", "占用6/8", "候补2",
        "5月1日至10月31日", "JS-03-0桃园小学", "07:20–08:10", "小型车80·充电6", "迎泽大街1段800–900m",
    ):  # fmt: skip
        assert words in said, words


def test_figures_lead_to_their_lists_and_nowhere_without_an_address() -> None:
    reader = read(made(dossier()))
    branch_page = addresses(reader.pages[5])
    for path in ("/sections/010/", "/sites/TD-01-0/", "/bays/?branch=01&kind=charging", "/branches/01/"):
        assert f"{SITE}{path}" in branch_page, path
    assert f"{SITE}/bays/" in addresses(reader.pages[3])
    assert {each for page in reader.pages for each in addresses(page) if not each.startswith(SITE)} == set()
    assert not [each for page in read(made(dossier(site=""))).pages for each in addresses(page)]


def test_names_are_text_whatever_they_look_like() -> None:
    evil = '<img src="http://evil.example/x.png">&amp;<b>'
    content = made(dossier(branch(sites=[stall(0, name=evil)]), branch("04")))
    assert re.sub(r"\s", "", evil) in text_of(read(content), 5)
    with pytest.raises(BaseException, match="fetches nothing"):
        fetcher_of({}).fetch("http://evil.example/x.png")
    with pytest.raises(BaseException, match="fetches nothing"):
        fetcher_of({}).fetch("file:///etc/passwd")


def test_a_branch_with_much_to_say_gets_a_page_of_lists() -> None:
    large = branch(roads=[road(number, shared=number % 2 == 0) for number in range(34)], sections=0)
    reader = read(made(dossier(large, branch("04"))))
    found = {words: page for _level, words, page in bookmarks(reader)}
    assert found["04 桥东第04支部"] - found["03 桥东第03支部"] == 2
    said = text_of(reader, found["03 桥东第03支部"] + 1)
    assert all(f"迎泽大街{number}段" in said for number in range(34))
    small = read(made(dossier(branch(), branch("04"))))
    assert len(reader.pages) == len(small.pages) + 1


def test_long_lists_run_over_pages_in_columns() -> None:
    roads = [road(number, name=f"和平路{number}") for number in range(130)]
    gaps = [GapRow(f"无人路{number}", number, number + 50.0, "/roads/1/") for number in range(100)]
    reader = read(made(dossier(branch(roads=roads), branch("04", roads=[]), gaps=gaps)))
    found = {words: page for _level, words, page in bookmarks(reader)}
    assert found["网格支部"] - found["无人负责的路段"] == 2  # 90 to a page
    assert len(reader.pages) - found["道路索引"] == 2  # 120 to a page
    index = "".join(text_of(reader, page) for page in range(found["道路索引"], len(reader.pages)))
    assert all(f"和平路{number}03{found['03 桥东第03支部'] + 1}" in index for number in range(130))
    listed = "".join(text_of(reader, page) for page in (found["无人负责的路段"], found["无人负责的路段"] + 1))
    assert all(f"无人路{number}{number}–{number + 50}m" in listed for number in range(100))


def test_one_branch_has_no_map_of_all() -> None:
    maps = Squares()
    one = replace(dossier(branch()), whole=False, gaps=[])
    reader = read(made(one, maps))
    assert maps.asked == ["03"]
    assert [words for _level, words, _page in bookmarks(reader)][2:] == [
        "关键数字",
        "网格支部",
        "03 桥东第03支部",
        "道路索引",
    ]


@pytest.mark.parametrize(
    ("name", "letter"),
    [
        *[
            ("迎泽大街", "Y"),
            ("府西街", "F"),
            ("漪汾街", "Y"),
            ("洺泽路", "M"),
            ("长风街", "C"),
            ("长治路", "C"),
        ],
        *[("重庆路", "C"), ("𠮷路", "~"), ("b12路", "B"), ("", "~"), ("1号路", "~")],
    ],
)
def test_index_goes_by_sound(name: str, letter: str) -> None:
    assert letter_of(name) == letter


# ── With maps of a town ───────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def of_town(town: Town) -> Dossier:
    SiteFactory(name="洺堃喆便民摊点", road=town.own.road, at_m=600, pitches=2)
    BayFactory.row(town.own.road, 20, from_m=700)
    Member.objects.filter(name="李01").update(name="李堃喆")
    Branch.objects.filter(code="01").update(colour=1, is_demo=True)
    return gather(None, audience=OFFICE, on=date(2026, 11, 22), site=SITE)


@pytest.mark.django_db
def test_maps_are_vectors_with_the_font_inside(of_town: Dossier, tmp_path: Path) -> None:
    content = made(of_town, Pictures(of_town, OFFICE))
    reader = read(content)
    found = {words: page for _level, words, page in bookmarks(reader)}
    page = found["01 第01支部"]
    assert "李堃喆" in text_of(reader, page)
    assert "洺堃喆便民摊点" in text_of(reader, page)
    assert "图例" in text_of(reader, page)
    assert not [each for each in reader.pages if each.images]  # not one is a picture of dots
    listed = [line.split() for line in poppler("pdffonts", content, "-").splitlines()[2:]]
    assert listed
    assert {(line[-5], line[-3]) for line in listed} == {
        ("yes", "yes")
    }  # embedded, and its text can be found
    assert all("Noto-Sans-CJK-SC" in line[0] for line in listed)

    seen = painted(content, page, tmp_path)
    purple = sum(1 for pixel in seen if near(pixel, (0x7A, 0x2A, 0x7A)))
    assert purple > 200  # the branch's road in its colour


def painted(content: bytes, page: int, folder: Path) -> list[tuple[int, int, int]]:
    given = folder / "pack.pdf"
    given.write_bytes(content)
    number = str(page + 1)
    subprocess.run(
        ["pdftoppm", "-r", "72", "-png", "-f", number, "-l", number, str(given), str(folder / "page")],
        check=True,
    )
    picture = Image.open(next(folder.glob("page*.png"))).convert("RGB")
    raw = picture.tobytes()
    return [(raw[at], raw[at + 1], raw[at + 2]) for at in range(0, len(raw), 3)]


def near(pixel: tuple[int, int, int], colour: tuple[int, int, int]) -> bool:
    return all(abs(one - other) < 24 for one, other in zip(pixel, colour, strict=True))


@pytest.mark.django_db
def test_no_word_lies_on_another(of_town: Dossier) -> None:
    boxes = poppler("pdftotext", made(of_town, Pictures(of_town, OFFICE)), "-bbox", "-", "-")
    pages = re.split("<page ", boxes)[1:]
    for page in pages:
        words = [
            (*map(float, each[:4]), each[4])
            for each in re.findall(r'xMin="(.+?)" yMin="(.+?)" xMax="(.+?)" yMax="(.+?)">(.*?)</word>', page)
        ]
        assert words
        for index, one in enumerate(words):
            for other in words[index + 1 :]:
                assert not overlap(one, other), (one, other)


def overlap(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    """Whether two words share more than a fifth of the smaller; boxes of type are higher than its ink."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    smaller = min((each[2] - each[0]) * (each[3] - each[1]) for each in (one, other))
    return width > 0 and height > 0 and width * height > 0.2 * smaller


@pytest.mark.django_db
def test_same_dossier_same_bytes(of_town: Dossier) -> None:
    first, second = (made(of_town, Pictures(of_town, OFFICE)) for _ in range(2))
    assert first == second


@pytest.mark.django_db(transaction=True)
def test_data_that_moved_on_is_not_drawn() -> None:
    bay = BayFactory()
    read_before = gather(None, audience=OFFICE, on=date(2026, 11, 22))
    assert b"<svg" in Pictures(read_before, OFFICE).city("svg", (100, 100))
    BayFactory(road=bay.road, at_m=500)
    with pytest.raises(Moved):
        Pictures(read_before, OFFICE).city("svg", (100, 100))


@pytest.mark.django_db
def test_each_map_is_drawn_once(of_town: Dossier, monkeypatch: pytest.MonkeyPatch) -> None:
    maps = Pictures(of_town, OFFICE)
    first = maps.branch("01", "png", (80, 60))
    monkeypatch.setattr("gridmgr.briefing.pictures.print_map", None)
    assert maps.branch("01", "png", (80, 60)) is first
    picture = Image.open(BytesIO(first))
    assert picture.size == (629, 472)  # 80 × 60 mm at 200 dpi


@pytest.mark.django_db
def test_chosen_branches_are_drawn_together(town: Town) -> None:
    chosen = gather(["02", "01"], audience=OFFICE, on=date(2026, 11, 22))
    drawn = Pictures(chosen, OFFICE).city("svg", (120, 80)).decode()
    assert "第01支部" in drawn
    assert "第02支部" in drawn
    assert "停车泊位 2" in drawn
