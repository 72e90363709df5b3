"""A city made from a roads file alone, as a newcomer makes it: no demo, no fixtures; every page opens and says what is so."""

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from grids.domain.assign import assign_section
from grids.domain.streets_on_foot import walking_network
from grids.enums import FacilityKind
from grids.importers import import_roads
from grids.models import Branch, Facility, Kerb, Road
from tests.conftest import ROLES, RoleClient
from tests.drawing import period, stretch
from tests.factories import BranchFactory
from vendors.domain.profile import install_default_profile

FILE = Path(settings.BASE_DIR) / "fixtures" / "taiyuan" / "roads_all.geojson"
# Some streets about a crossing of the inner city: west, south, east, north.
BOX = (112.545, 37.862, 112.565, 37.874)
pytestmark = pytest.mark.django_db
PAGES = (
    *("/", "/map/", "/roads/", "/sections/", "/branches/", "/sites/", "/pitches/", "/schools/", "/bays/"),
    *("/drop-off-points/", "/panda-lanes/", "/my/", "/search/?q=路"),
)
PLANNERS = ("/plan/", "/plan/rules/", "/plan/proposals/", "/plan/suggest/", "/vendors/")


@pytest.fixture
def extract(tmp_path: Path) -> Path:
    whole = json.loads(FILE.read_text(encoding="utf-8"))
    west, south, east, north = BOX

    def near(feature: Any) -> bool:
        return all(
            west <= x <= east and south <= y <= north for x, y, *_z in feature["geometry"]["coordinates"]
        )

    ways = [feature for feature in whole["features"] if near(feature)]
    assert len(ways) > 100
    path = tmp_path / "streets.geojson"
    path.write_text(json.dumps({**whole, "features": ways}), encoding="utf-8")
    return path


@pytest.fixture
def city(extract: Path) -> None:
    report = import_roads(extract)
    assert report.written, report.refused[:3]


def test_an_import_of_roads_brings_all_that_other_parts_measure_to(city: None, extract: Path) -> None:
    assert Road.objects.exists()
    assert Kerb.objects.exists()
    junctions = Facility.objects.filter(kind=FacilityKind.JUNCTION)
    assert junctions.count() > 20
    assert not junctions.filter(is_demo=True).exists()
    assert walking_network().nodes > 100
    before = sorted(junctions.values_list("source_id", flat=True))
    import_roads(extract)
    assert sorted(junctions.values_list("source_id", flat=True)) == before


def test_a_dry_run_brings_no_junctions(extract: Path) -> None:
    import_roads(extract, dry_run=True)
    assert not Facility.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_neighbours_get_different_colours_as_sections_are_given(extract: Path) -> None:
    """Six branches of the same colour share one road, end to end, as pages give it to them; the others keep theirs."""
    assert import_roads(extract).written
    road = Road.objects.order_by("-length_m").first()
    assert road
    branches = [BranchFactory(code=f"{number:02d}", colour=3) for number in range(1, 7)]
    step = road.length_m / 6
    for number, branch in enumerate(branches):
        end = min((number + 1) * step, road.length_m - 0.01)
        assign_section(
            branch, road=road, stretch=stretch(round(number * step, 2), round(end, 2)), period=period()
        )
        colours = list(Branch.objects.order_by("code").values_list("colour", flat=True))[: number + 1]
        assert all(one != other for one, other in pairwise(colours)), colours
    before = dict(Branch.objects.values_list("code", "colour"))
    BranchFactory(code="77", colour=3)
    assert before.items() <= dict(Branch.objects.values_list("code", "colour")).items()


def test_every_page_opens_in_every_role(city: None, client_as: Callable[..., RoleClient]) -> None:
    install_default_profile()
    for role in ROLES:
        client = client_as(role)
        asked = (*PAGES, *(PLANNERS if role in ("planner", "administrator") else ()))
        for address in asked:
            page = client.get(address, follow=True)
            assert page.status_code == 200, (role, address)
            assert "演示数据" not in page.content.decode(), (role, address)
    road = Road.objects.order_by("-length_m").first()
    assert road
    assert "这条路还没有支部负责" in client_as("office").get(f"/roads/{road.pk}/").content.decode()


def test_what_there_is_none_of_is_said(city: None, client_as: Callable[..., RoleClient]) -> None:
    office = client_as("office")
    for address in ("/sites/", "/schools/", "/bays/", "/drop-off-points/"):
        assert "暂无内容" in office.get(address).content.decode(), address
    planner = client_as("planner")
    assert "未设置规则,无法判断" in planner.get("/plan/").content.decode()
    with pytest.raises(SystemExit) as ended:
        call_command("check_places")
    assert ended.value.code == 2


def test_a_place_is_judged_by_the_defaults_and_the_junctions(
    city: None, client_as: Callable[..., RoleClient]
) -> None:
    """On a junction nothing is good, once there are rules."""
    install_default_profile()
    junction = Facility.objects.filter(kind=FacilityKind.JUNCTION).first()
    assert junction
    middle = junction.shape.centroid.transform(4326, clone=True)
    asked = {"at": {"lon": middle.x, "lat": middle.y}, "kind": "stall", "pitches": 4}
    answer = client_as("planner").post("/plan/verdict", asked, content_type="application/json").json()
    assert answer["state"] == "bad", timezone.localdate()
    assert next(each for each in answer["verdicts"] if each["code"] == "junction")["state"] == "bad"
