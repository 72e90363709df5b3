"""Data files and approvals: an import gives no site a state that a second person has to give."""

import csv
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from gridmgr.catalog import layer_named
from gridmgr.core.accounts.audience import Audience
from gridmgr.core.importing.layers import import_layer
from gridmgr.core.importing.report import Report
from gridmgr.core.layers.files import export_layer
from gridmgr.data_files import IMPORTERS, labels_of_layer
from tests.factories import SiteFactory
from vendors.models import Site

pytestmark = pytest.mark.django_db
Rows = list[dict[str, str]]


@pytest.fixture
def site() -> Site:
    return SiteFactory(code="TD-01")


def bring_in(path: Path, *, restoring: bool = True) -> Report:
    importer = IMPORTERS["sites"] if restoring else IMPORTERS["sites"].without_restoring()
    return import_layer(path, importer, labels=labels_of_layer("sites"))


def edited(path: Path, change: Callable[[Rows], object]) -> Path:
    """The sites as a CSV file with its rows changed."""
    export_layer(layer_named("sites"), path, audience=Audience(role="office"), on=date(2026, 11, 22))
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    change(rows)
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return path


def first_row(change: dict[str, str]) -> Callable[[Rows], None]:
    return lambda rows: rows[0].update(change)


def test_a_stored_sites_state_and_approval_are_not_an_imports_to_change(site: Site, tmp_path: Path) -> None:
    for change in ({"状态": "暂停"}, {"批准人": "proposer"}, {"批准时间": "2026-01-01 08:00:00+08"}):
        path = edited(tmp_path / "sites.csv", first_row(change))
        (refusal,) = bring_in(path).refused
        assert "不由导入改变" in refusal.reason
    # Capacity neither way: an import that lowered it could not be undone.
    for change in ({"每日开始": "05:00"}, {"可容纳商贩": str(site.capacity - 1)}, {"可容纳商贩": "30"}):
        (refusal,) = bring_in(edited(tmp_path / "sites.csv", first_row(change))).refused
        assert "已经批准" in refusal.reason
        assert "规划页" in refusal.reason
    assert Site.objects.values_list("state", "opens").get() == ("open", site.opens)


def test_a_new_row_comes_in_proposed_or_with_its_whole_approval(site: Site, tmp_path: Path) -> None:
    def another(code: str, **values: str) -> Callable[[Rows], None]:
        return lambda rows: rows.append({**rows[0], "编号": code, **values})

    bare = {"状态": "", "提出人": "", "批准人": "", "批准时间": ""}
    assert bring_in(edited(tmp_path / "a.csv", another("TD-02", **bare))).counts["sites"]["created"] == 1
    assert Site.objects.get(code="TD-02").state == "proposed"

    (refusal,) = bring_in(edited(tmp_path / "b.csv", another("TD-03", **{**bare, "状态": "开放"}))).refused
    assert "须记有提出人、批准人和批准时间" in refusal.reason
    (refusal,) = bring_in(edited(tmp_path / "c.csv", another("TD-03", 批准人="nobody"))).refused
    assert "没有用户名为“nobody”的账号" in refusal.reason

    restored = edited(tmp_path / "d.csv", another("TD-03"))
    (refusal,) = bring_in(restored, restoring=False).refused  # a planner's import does not read approvals
    assert "须记有提出人、批准人和批准时间" in refusal.reason
    assert bring_in(restored).counts["sites"]["created"] == 1
    found = Site.objects.get(code="TD-03")
    assert (found.state, found.approved_by, found.approved_at) == (
        "open",
        site.approved_by,
        site.approved_at,
    )


def test_a_file_does_not_move_a_proposal_off_its_pitches(tmp_path: Path) -> None:
    site = SiteFactory(state="proposed", pitches=2)
    path = tmp_path / "sites.geojson"
    export_layer(layer_named("sites"), path, audience=Audience(role="office"), on=date(2026, 11, 22))
    document = json.loads(path.read_text(encoding="utf-8"))
    (feature,) = document["features"]
    ring = feature["geometry"]["coordinates"][0]
    feature["geometry"]["coordinates"] = [[[lon + 0.001, lat] for lon, lat, *_z in ring]]
    path.write_text(json.dumps(document), encoding="utf-8")
    (refusal,) = bring_in(path).refused
    assert refusal.reason
    assert Site.objects.get(pk=site.pk).area.equals_exact(site.area, 0.001)
