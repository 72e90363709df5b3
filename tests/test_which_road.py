"""Everything that asks which road a place is on gets the same answer, and offers what else it may be.

An avenue of two carriageways that somebody answers for, in its middle a bridge that nobody does. Whoever looks for
the nearest line or the nearest kerb finds the bridge.

   ═══════════════   15
   ───────────────    4  the bridge's kerb
   · (400, 3.5)
   - - - - - - - -    0  the bridge's line; the avenue's is a metre south of it
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
import shapely

from gridmgr.core.geo.crs import WGS84, metric_srid, transformer
from grids.domain.atlas import Atlas
from grids.models import Assignment, Kerb
from tests.conftest import RoleClient, Town
from tests.drawing import at as spot
from tests.drawing import line, point, stretch
from tests.factories import AssignmentFactory, MemberFactory, ShareFactory, UserFactory
from tests.streets import dual, street
from vendors.domain import guide as guiding
from vendors.domain.draft import locate
from vendors.domain.footprint import nearest_kerb
from vendors.forms.guide import signed_slip
from vendors.models import Guidance

pytestmark = pytest.mark.django_db
ClientAs = Callable[..., RoleClient]


def lonlat(x: float, y: float) -> dict[str, Any]:
    lon, lat = transformer(metric_srid(), WGS84).transform(*spot(x, y))
    return {"lon": lon, "lat": lat}


@pytest.fixture
def avenue() -> Assignment:
    road = dual()
    road.reference_line = line((0, -1), (1000, -1))
    road.save()
    street("立交桥", 0, 4, level=1, bridge=True)
    section: Assignment = AssignmentFactory(road=road)
    return section


def test_where_am_i(avenue: Assignment, client_as: ClientAs) -> None:
    ShareFactory(assignment=avenue, member=MemberFactory(branch=avenue.branch, name="李芳"))
    said = client_as("office").get("/my/where", lonlat(400, 3.5)).json()
    assert (said["road"]["name"], said["section"]["code"]) == ("大街", avenue.branch.code)
    assert [member["name"] for member in said["members"]] == ["李芳"]
    (other,) = said["others"]
    assert (other["road"]["name"], other["section"], other["answer"]) == (
        "立交桥", None, "这一段没有支部负责",
    )  # fmt: skip
    assert client_as("office").get("/my/where", lonlat(400, 12)).json()["others"] == []


@pytest.mark.parametrize("roads", [1, 3])
def test_where_am_i_asks_no_more_for_more_roads(
    roads: int, client_as: ClientAs, django_assert_num_queries: Any
) -> None:
    for number in range(roads):
        section = AssignmentFactory(road=street(f"{number}街", 0, 4 + number, level=number))
        ShareFactory(assignment=section)
    client = client_as("office")
    with django_assert_num_queries(6):
        said = client.get("/my/where", lonlat(400, 2)).json()
    assert len(said["others"]) == roads - 1
    assert len(said["members"]) == 1


def test_a_member_hears_of_their_own_road_alone(avenue: Assignment, client_as: ClientAs) -> None:
    member = MemberFactory(branch=avenue.branch)
    ShareFactory(assignment=avenue, member=member, stretch=stretch(0, 500))
    client = client_as("member", member=member)
    said = client.get("/my/where", lonlat(400, 3.5)).json()
    assert (said["road"]["name"], said["others"]) == ("大街", [])
    away = client.get("/my/where", lonlat(400, 300)).json()
    assert away["text"] == "附近 80 m 内没有您的责任段;最近的在大街,相距 301 m"


def test_guidance_counts_for_the_branch_that_answers_there(avenue: Assignment) -> None:
    assert guiding.branch_of(UserFactory(), point(400, 3.5)) == avenue.branch


def test_at_a_crossing_the_officer_says_whose_it_is(client_as: ClientAs) -> None:
    one = AssignmentFactory(road=street("大街", 0, 15))
    two = AssignmentFactory(road=street("横街", 500, 6, north=True))
    client, here = client_as("administrator"), lonlat(498, 12)
    page = client.get("/guide/near", here).content.decode()
    assert page.index(f'value="{one.branch.code}"') < page.index(f'value="{two.branch.code}"')
    form = {**here, "first_time": "1", "outcome": "refused"}
    for chosen, branch in (("", one.branch), (two.branch.code, two.branch), ("77", one.branch)):
        client.post("/guide/hold/", {**form, "branch": chosen, "key": signed_slip()})
        assert Guidance.objects.latest("pk").branch == branch
    assert "near-branch" not in client.get("/guide/near", lonlat(300, 12)).content.decode()


def test_an_officer_of_a_branch_is_not_asked(town: Town, client_as: ClientAs) -> None:
    street("横街", 500, 6, north=True)
    client = client_as("member", member=town.own.member)
    assert "near-branch" not in client.get("/guide/near", lonlat(498, 2)).content.decode()


def test_a_pin_means_the_avenues_kerb_and_may_mean_the_bridges(avenue: Assignment) -> None:
    found = locate(**lonlat(400, 3.5))
    assert (found.road_id, found.side, found.metre) == (avenue.road_id, "left", pytest.approx(400, abs=0.01))
    assert [(each.kerb and each.kerb.road.name, each.side) for each in found.others] == [("立交桥", "left")]
    kerb, metre = nearest_kerb(*spot(400, 3.5))
    assert (kerb.road_id, round(metre)) == (avenue.road_id, 400)


def test_the_planner_is_offered_the_other_road(avenue: Assignment, client_as: ClientAs) -> None:
    answer = client_as("planner").post(
        "/plan/verdict", json.dumps({"at": lonlat(400, 3.5)}), content_type="application/json"
    )
    said = answer.json()
    assert said["at"]["name"] == "大街"
    assert [(each["name"], each["side_name"]) for each in said["others"]] == [("立交桥", "左侧")]


def test_a_registers_pin_is_offered_the_other_road(avenue: Assignment, client_as: ClientAs) -> None:
    said = client_as("planner").get("/data/register/where", lonlat(400, 3.5)).json()
    assert said["words"] == "大街 左侧 400 m"
    assert [each["words"] for each in said["others"]] == ["立交桥 左侧 400 m"]
    assert said["others"][0]["road"] == "立交桥"


def test_a_city_without_kerbs_still_knows_its_roads(town: Town, client_as: ClientAs) -> None:
    assert not Kerb.objects.exists()
    said = client_as("office").get("/my/where", lonlat(400, 3.5)).json()
    assert said["road"]["name"] == "第01街"


def test_a_gate_under_a_bridge_is_on_the_street_below(avenue: Assignment) -> None:
    """In the texts of registers: "某小学门口" lies on the street, not on the bridge whose kerb is nearer to the gate."""
    street("高架路", 12, 12, level=2, bridge=True)
    gate = shapely.Point(*spot(400, 30))
    near = Atlas.load().nearest_kerbs(gate, 80.0)
    assert [(round(away), road) for away, road, _side, _metre in near] == [(15, avenue.road_id)]


def test_a_gate_beside_a_bridge_alone_is_on_the_bridge() -> None:
    road = street("高架路", 12, 12, level=2, bridge=True)
    near = Atlas.load().nearest_kerbs(shapely.Point(*spot(400, 30)), 80.0)
    assert [(round(away), where) for away, where, _side, _metre in near] == [(6, road.pk)]
