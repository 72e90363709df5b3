"""Dossiers by hand: small, with round numbers, and with texts that are out to hurt a file."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from io import BytesIO
from typing import Any

from PIL import Image

from gridmgr.briefing.dossier import (
    Answerer,
    BranchPart,
    Count,
    Dossier,
    DropOffRow,
    Figure,
    GapRow,
    RoadRow,
    SiteRow,
)
from gridmgr.briefing.pictures import Pictures
from gridmgr.core.accounts.audience import Audience

# 20:24 in the city.
MOMENT = datetime(2026, 11, 22, 12, 24, 36, tzinfo=UTC)
SITE = "https://grid.example.cn"
# What a careless writer turns into a formula, an error or broken XML.
HOSTILE = (
    "=1+1",
    "+86 351",
    "-1",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "#N/A",
    "'=1",
    "＝1+1",
    "路\x0b\ufffe\x1b名",
)


def road(number: int, *, code: str = "03", name: str = "", shared: bool = True) -> RoadRow:
    """The branch's `number`-th section: 400 m, shared by two members, or 100 m of it by none."""
    first, middle, last = number * 500.0, number * 500.0 + 200, number * 500.0 + 400
    second = Answerer("王强", middle, last if shared else last - 100)
    return RoadRow(
        road=name or f"迎泽大街{number}段",
        road_class="主干路",
        begins_at="新建路",
        ends_at="五一路",
        from_m=first,
        to_m=last,
        answerers=[Answerer("李芳", first, middle), second],
        unshared_m=0.0 if shared else 100.0,
        path=f"/sections/{code}{number}/",
    )


def stall(number: int, *, code: str = "03", name: str = "", pitches: int = 8, taken: int = 6) -> SiteRow:
    """A stall site; every third is a fruit market."""
    market = number % 3 == 2
    return SiteRow(
        code=f"TD-{code}-{number}",
        name=name or f"府西街{number}号便民点",
        kind="临时瓜果市场" if market else "便民摊点",
        state="开放",
        in_use=True,
        road="府西街",
        side="右侧",
        at_m=412.0,
        hours="07:00–21:00",
        times=(time(7), time(21)),
        season="5月1日 至 10月31日" if market else "",
        days=(date(2026, 5, 1), date(2026, 10, 31)) if market else (None, None),
        pitches=pitches,
        taken=taken,
        free=pitches - taken,
        waiting=number,
        path=f"/sites/TD-{code}-{number}/",
    )


def drop_off(number: int, *, code: str = "03") -> DropOffRow:
    turns = [(time(7, 20), time(8, 10)), (time(16, 20), time(17, 30))]
    return DropOffRow(
        code=f"JS-{code}-{number}",
        school="桃园小学",
        road="桃园路",
        side="左侧",
        at_m=88.5,
        turns=turns,
        path=f"/drop-off-points/JS-{code}-{number}/",
    )


def branch(code: str = "03", *, sections: int = 2, stalls: int = 3, **changes: Any) -> BranchPart:
    """A branch with its figures counted from its rows."""
    roads = [road(number, code=code, shared=number != 1) for number in range(sections)]
    sites = [stall(number, code=code) for number in range(stalls)]
    points = [drop_off(number, code=code) for number in range(2)]
    bays = [
        Count("小型车", 80, f"/bays/?branch={code}&kind=small"),
        Count("充电", 6, f"/bays/?branch={code}&kind=charging"),
    ]
    part = BranchPart(
        code=code,
        name=f"桥东第{code}支部",
        scope=f"branch:{code}",
        colour="#0f8a8a",
        secretary="李芳",
        members=11,
        figures=[],
        roads=roads,
        sites=sites,
        drop_off_points=points,
        bays=bays,
        gaps=[GapRow(each.road, each.to_m - 100, each.to_m, each.path) for each in roads if each.unshared_m],
        path=f"/branches/{code}/",
    )
    part = replace(part, **changes)
    return replace(part, figures=figures([part]))


def figures(branches: Sequence[BranchPart]) -> list[Figure]:
    """What is counted of these branches, by hand."""
    roads = [each for part in branches for each in part.roads]
    sites = [each for part in branches for each in part.sites]
    pitches, taken = sum(each.pitches for each in sites), sum(each.taken for each in sites)
    bays = sum(each.number for part in branches for each in part.bays)
    points = sum(len(part.drop_off_points) for part in branches)
    return [
        Figure(
            "metres", "责任路段总长", sum(each.metres for each in roads), "m", "/sections/?date=2026-11-22"
        ),
        Figure("sections", "责任路段", len(roads), "", "/sections/?date=2026-11-22"),
        Figure("roads", "涉及道路", len({each.road for each in roads}), "", "/roads/?date=2026-11-22"),
        Figure("sites", "摊点与瓜果市场", len(sites), "", "/sites/?date=2026-11-22"),
        Figure("pitches", "摊位", pitches, "", "/pitches/"),
        Figure("taken", "已占用摊位", taken, "", "/pitches/?taken=1"),
        Figure("free", "空摊位", pitches - taken, "", "/pitches/?taken=0"),
        *([Figure("fill", "摊位占用率", taken / pitches, "%", "/sites/")] if pitches else []),
        Figure("drop_off_points", "上下学接送点", points, "", "/drop-off-points/"),
        Figure("bays", "停车泊位", bays, "", "/bays/"),
        Figure("unshared_m", "未分给党员的路段", sum(each.unshared_m for each in roads), "m", "/branches/"),
    ]


def dossier(*branches: BranchPart, **changes: Any) -> Dossier:
    """A briefing of these branches, or of three."""
    chosen = branches or (branch("01"), branch("02"), branch("03"))
    gaps = [
        GapRow("并州路", 100.0, 250.0, "/roads/9/"),
        GapRow("滨河路", 0.0, 1200.0, "/roads/10/"),
    ]
    made = Dossier(
        title="全市网格责任简报",
        subtitle=f"{len(chosen)} 个支部 · 截至 2026年11月22日",
        on=date(2026, 11, 22),
        moment=MOMENT,
        holds_demo_data=True,
        site=SITE,
        figures=[
            Figure("branches", "网格支部", len(chosen), "", "/branches/"),
            *figures(chosen),
            Figure("coverage", "主次干路覆盖率", 0.64, "%", "/roads/gaps/"),
            Figure("gaps_m", "无人负责的主次干路", 1350.0, "m", "/roads/gaps/"),
            Figure("gaps", "无人负责的路段", 2, "", "/roads/gaps/"),
        ],
        branches=chosen,
        gaps=gaps,
        bays=[
            Count("小型车", sum(part.bays[0].number for part in chosen if part.bays), "/bays/?kind=small"),
            Count("充电", sum(part.bays[1].number for part in chosen if part.bays), "/bays/?kind=charging"),
        ],
    )
    return replace(made, **changes)


class PlainMaps(Pictures):
    """Grey pictures of the size that was asked for; `asked` remembers what for. The maps have tests of their own."""

    def __init__(self, made_for: Dossier) -> None:
        super().__init__(made_for, Audience(role="office"))
        self.asked: list[str] = []

    def city(self, form: str, size: tuple[float, float]) -> bytes:
        return self._plain("city", form, size)

    def branch(self, code: str, form: str, size: tuple[float, float]) -> bytes:
        return self._plain(code, form, size)

    def _plain(self, name: str, form: str, size: tuple[float, float]) -> bytes:
        self.asked.append(name)
        stream = BytesIO()
        Image.new("L", (round(size[0] * 2), round(size[1] * 2)), 200).save(stream, form)
        return stream.getvalue()
