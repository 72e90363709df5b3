"""Layers as GeoDataFrames: types, scope and day; and the worked questions of docs/analysis.md, run and held against SQL."""

import re
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import geopandas
import pandas
import pytest
from django.conf import settings
from django.db import connection
from django.utils.timezone import localdate
from psycopg2.extras import NumericRange

from gridmgr.catalog import by_name, layer_named
from gridmgr.core.accounts.audience import EVERYTHING, Audience
from gridmgr.core.geo.crs import metric_srid
from gridmgr.core.layers.dataframes import geodataframe, rows_as_frame
from gridmgr.core.layers.extract import extract
from gridmgr.core.layers.gis_files import write_geoparquet
from grids.models import Kerb, RoadGap
from parking.models import SchoolGate
from tests.conftest import Town
from tests.drawing import line, period, point, rect, stretch
from tests.factories.grids import AssignmentFactory, BranchFactory, RoadFactory
from tests.factories.parking import BayFactory, SchoolFactory
from tests.factories.vendors import SiteFactory

TODAY = date(2026, 11, 22)
DOC = Path(settings.BASE_DIR) / "docs" / "analysis.md"


def frame_of(name: str, **how: Any) -> geopandas.GeoDataFrame:
    given: dict[str, Any] = {"audience": EVERYTHING, "on": TODAY} | how
    return geodataframe(layer_named(name), **given)


# ── Types ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_columns_have_types_and_geometry_is_in_metres(db: None) -> None:
    SiteFactory(code="TD-1", name="甲", at_m=300, market=True, pitches=2)
    SiteFactory(code="TD-2", name="乙", at_m=400)
    frame = frame_of("sites").set_index("code").sort_index()
    said = {
        name: str(frame[name].dtype) for name in ("kind", "season_from", "capacity", "from_m", "sign_board")
    }
    assert said == {
        "kind": "category",
        "season_from": "datetime64[s]",
        "capacity": "Int64",
        "from_m": "Float64",
        "sign_board": "boolean",
    }
    assert frame["name"].dtype == "str"
    assert frame.crs.to_epsg() == metric_srid()
    assert frame.geometry.area.tolist() == pytest.approx([64, 64])  # 16 m by 4 m
    assert (frame["to_m"] - frame["from_m"]).tolist() == pytest.approx([16, 16])
    assert frame["season_from"].tolist() == [pandas.Timestamp("2026-05-01"), pandas.NaT]
    assert frame.loc["TD-1", "season_to"] == pandas.Timestamp("2026-11-30")
    assert frame["opens"].tolist() == [time(7), time(7)]
    assert frame["kind"].tolist() == ["market", "stall"]


def test_missing_numbers_stay_missing_and_whole_numbers_whole(db: None) -> None:
    """A closed-for-the-season market has no free pitches to speak of: `free` is null unless in use."""
    SiteFactory(code="TD-1", market=True, pitches=2)
    SiteFactory(code="TD-2", at_m=400, pitches=3)
    frame = frame_of("sites", on=date(2026, 12, 24)).set_index("code").sort_index()
    assert frame["free"].isna().tolist() == [True, False]
    assert frame.loc["TD-2", "free"] == 3
    assert str(frame["free"].dtype) == "Int64"


def test_attributes_say_what_the_rows_are(town: Town) -> None:
    said = frame_of("bays").attrs
    assert (said["layer"], said["date"], said["datum"]) == ("bays", "2026-11-22", f"epsg:{metric_srid()}")
    assert said["labels"]["from_m"] == "起点里程"
    assert said["words"]["side"] == {"left": "左侧", "right": "右侧"}


def test_every_layer_can_be_had_as_a_frame(town: Town) -> None:
    for layer in by_name().values():
        frame = geodataframe(layer, audience=EVERYTHING, on=TODAY)
        assert list(frame.columns)[-1] == "geometry", layer.name
        assert not any(isinstance(value, NumericRange) for name in frame for value in frame[name]), layer.name


def test_layer_without_rows_is_an_empty_frame_of_the_same_columns(town: Town) -> None:
    full = frame_of("bays")
    empty = frame_of("bays", filters={"number": "no such number"})
    assert (len(full), len(empty)) == (2, 0)
    assert list(empty.columns) == list(full.columns)
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()
    assert empty.crs == full.crs


def test_rows_of_a_model_that_is_no_layer(town: Town) -> None:
    gates = rows_as_frame(SchoolGate.objects.order_by("pk"), geometry="location", fields=["school__name"])
    assert gates["school__name"].tolist() == ["小学01", "小学02"]
    assert gates.geometry.iloc[0].coords[0] == point(450, 20).coords
    assert gates.crs.to_epsg() == metric_srid()
    assert len(rows_as_frame(SchoolGate.objects.none(), geometry="location", fields=["name"])) == 0


# ── Who and when ──────────────────────────────────────────────────────────────────────────────────────────


def test_reader_gets_only_what_the_reader_may_see(town: Town) -> None:
    member = Audience(role="member", branch_id=town.own.branch.pk, member_id=town.own.member.pk)
    assert frame_of("bays", audience=member)["number"].tolist() == [town.own.bay.number]
    assert len(frame_of("bays", audience=Audience(role="member"))) == 0


def test_sections_are_those_of_the_day(db: None) -> None:
    road = RoadFactory()
    AssignmentFactory(road=road, branch__code="01", period=period("2020-01-01", "2026-07-01"))
    AssignmentFactory(road=road, branch__code="02", period=period("2026-07-01"))
    assert [frame_of("sections", on=day)["branch"].tolist() for day in (date(2026, 6, 30), TODAY)] == [
        ["01"],
        ["02"],
    ]


@pytest.mark.parametrize("copies", [1, 3])
def test_one_statement_for_a_frame(db: None, copies: int, django_assert_num_queries: Any) -> None:
    BayFactory.row(RoadFactory(), copies)
    with django_assert_num_queries(1):  # a past day asks once more, whether it was recorded
        assert len(frame_of("bays", on=localdate())) == copies


# ── The worked questions ──────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def answers(db: None) -> dict[str, Any]:
    """What the document's code finds in a small city.

    一街, 1,000 m: branch 01 has 0–400, 02 has 400–600; a break at 350–450, another at 900–950.
    二街, 1,000 m: branch 01 has all of it. 三街, a local road, is nobody's by nature.
    """
    first, second, third = (RoadFactory(name=f"{word}街", reference_line=line((0, y), (1000, y)))
                            for word, y in (("一", 0), ("二", 300), ("三", 600)))  # fmt: skip
    type(third).objects.filter(pk=third.pk).update(road_class="local")
    one, two = BranchFactory(code="01", name="东"), BranchFactory(code="02", name="西")
    AssignmentFactory(branch=one, road=first, stretch=stretch(0, 400))
    AssignmentFactory(branch=two, road=first, stretch=stretch(400, 600))
    AssignmentFactory(branch=one, road=second)
    for low, high in ((350, 450), (900, 950)):
        RoadGap.objects.create(road=first, stretch=stretch(low, high))
    for road, y in ((first, 0), (second, 300)):
        for side, off in (("left", 7.5), ("right", -7.5)):
            on_kerb = line((0, y + off), (1000, y + off))
            Kerb.objects.create(road=road, side=side, line=on_kerb, measures=[0, 1000])
    BayFactory.row(first, 5)
    BayFactory.row(second, 2)
    BayFactory(road=second, at_m=300, state="removed")
    SchoolFactory(name="小学", gates=["正门"])  # its gate at (450, 20)
    SiteFactory(code="TD-1", road=first, at_m=440)  # 32 m south of the gate
    SiteFactory(code="TD-2", road=first, at_m=800)
    SiteFactory(
        code="TD-3", road=first, at_m=344, area=rect(344, 18, 16, 4)
    )  # its east end 90 m west of the gate
    SiteFactory(code="TD-4", road=first, at_m=560, state="closed", area=rect(500, 18, 16, 4))
    found: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL):
        exec(compile(block, str(DOC), "exec"), found)
    return found


def rows_of(statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def test_metres_per_branch_and_of_nobody(answers: dict[str, Any]) -> None:
    stored = rows_of(
        "SELECT b.code, b.name, sum(upper(a.stretch) - lower(a.stretch)) FROM grids_assignment a "
        "JOIN grids_branch b ON b.id = a.branch_id WHERE a.period @> current_date GROUP BY 1, 2 ORDER BY 1"
    )
    assert list(answers["per_branch"].items()) == [
        ((code, name), pytest.approx(float(m))) for code, name, m in stored
    ]
    assert stored == [("01", "东", Decimal("1400.00")), ("02", "西", Decimal("200.00"))]
    [(nobody,)] = rows_of(
        """
        SELECT sum(upper(free) - lower(free)) FROM (
            SELECT unnest(
                nummultirange(numrange(0, r.length_m::numeric))
                - coalesce((SELECT range_agg(g.stretch) FROM grids_roadgap g WHERE g.road_id = r.id), '{}')
                - coalesce((SELECT range_agg(a.stretch) FROM grids_assignment a
                            WHERE a.road_id = r.id AND a.period @> current_date), '{}')) AS free
            FROM grids_road r WHERE r.road_class IN ('arterial', 'secondary')) AS stretches
        """
    )
    assert answers["nobody_m"] == pytest.approx(float(nobody), abs=0.01)
    assert float(nobody) == pytest.approx(350, abs=0.01)  # 600–900 and 950–1,000


def test_stalls_near_school_gates(answers: dict[str, Any]) -> None:
    stored = rows_of(
        "SELECT s.code, c.name, g.name, ST_Distance(s.area, g.location) FROM vendors_site s "
        "JOIN parking_schoolgate g ON ST_DWithin(s.area, g.location, 100) JOIN parking_school c ON c.id = g.school_id "
        "WHERE s.state <> 'closed' ORDER BY s.code"
    )
    near = answers["near"].sort_values("code")
    found = list(near[["code", "school", "gate", "metres"]].itertuples(index=False, name=None))
    assert found == [(*row[:3], pytest.approx(row[3])) for row in stored]
    assert [(row[0], round(row[3])) for row in stored] == [("TD-1", 32), ("TD-3", 90)]


def test_share_of_the_kerb_that_bays_take(answers: dict[str, Any]) -> None:
    stored = rows_of(
        """
        SELECT r.name, (SELECT sum(upper(stretch) - lower(stretch)) FROM parking_bay
                        WHERE road_id = r.id AND state <> 'removed')::float8
                       / (SELECT sum(ST_Length(line)) FROM grids_kerb WHERE road_id = r.id) AS share
        FROM grids_road r WHERE EXISTS (SELECT FROM parking_bay b WHERE b.road_id = r.id) ORDER BY share DESC
        """
    )
    assert list(answers["share"].items()) == [(name, pytest.approx(share)) for name, share in stored]
    assert stored == [("一街", pytest.approx(30 / 2000)), ("二街", pytest.approx(12 / 2000))]


# ── Beside the data files ─────────────────────────────────────────────────────────────────────────────────


def test_a_data_file_of_a_layer_and_its_frame_say_the_same(town: Town, tmp_path: Path) -> None:
    write_geoparquet(extract(layer_named("bays"), audience=EVERYTHING, on=TODAY), tmp_path / "bays.parquet")
    filed = geopandas.read_parquet(tmp_path / "bays.parquet").to_crs(metric_srid())
    frame = frame_of("bays")
    assert filed["number"].tolist() == frame["number"].tolist()
    assert frame.geometry.geom_equals_exact(filed.geometry, 0.001).all()
