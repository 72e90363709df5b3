"""Taking a whole import back: every row byte by byte as it was, or nothing and the reasons."""

import threading
from collections.abc import Callable
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from gridmgr.catalog import layer_named
from gridmgr.core.accounts.audience import Audience
from gridmgr.core.changes import history_of
from gridmgr.core.errors import Conflict
from gridmgr.core.history import event_model
from gridmgr.core.layers.files import export_layer
from gridmgr.intake import bringing
from gridmgr.intake.models import Import, Way
from gridmgr.intake.record import Account, recorded
from gridmgr.intake.undo import CannotUndo, take_back
from grids.models import Assignment, Branch, Member
from parking.models import Bay, DropOffHours, DropOffPoint, School, SchoolGate
from tests.conftest import Town
from tests.drawing import rect, stretch
from tests.factories import BayFactory, UserFactory
from tests.intake.conftest import dump, step
from vendors.models import Pitch, Site

pytestmark = pytest.mark.django_db
OFFICE = Audience(role="office")


def file_of(layer: str, path: Path) -> Path:
    return export_layer(
        layer_named(layer), path / f"{layer}.gpkg", audience=OFFICE, on=date(2026, 11, 22)
    ).path


def brought_in(layer: str, path: Path, *options: str) -> Import:
    call_command("import_layer", layer, str(path), *options, stdout=StringIO())
    return Import.objects.latest("written_at")


def test_created_rows_go_and_changed_rows_are_byte_by_byte_as_they_were(town: Town, tmp_path: Path) -> None:
    path = file_of("bays", tmp_path)
    town.own.bay.delete()
    Bay.objects.filter(pk=town.other.bay.pk).update(state="suspended", area=rect(110.1, 201.7, 5.9, 2.5))
    before, recorded_before = dump(Bay), event_model(Bay).objects.count()
    record = brought_in("bays", path)
    assert record.counts == {"created": 1, "updated": 1, "unchanged": 0, "refused": 0}
    assert dump(Bay) != before

    user = UserFactory(username="wang", role="planner")
    assert take_back(record, by=user) == {"removed": 1, "restored": 1, "brought_back": 0}
    assert dump(Bay) == before
    assert (record.state, record.undone_by) == ("undone", "wang")
    assert event_model(Bay).objects.count() == recorded_before + 4  # undoing is history too
    assert history_of(town.other.bay, most=1)[0].way == "undo_import"
    with pytest.raises(Conflict, match=r"已于 .* 撤销"):
        take_back(record)


def test_what_hangs_on_the_rows_comes_back_too(town: Town, tmp_path: Path) -> None:
    points = file_of("drop-off-points", tmp_path)
    DropOffHours.objects.filter(point=town.own.drop_off).delete()
    town.own.drop_off.hours.create(opens="06:00", closes="06:30")
    town.other.drop_off.hours.all().delete()
    town.other.drop_off.delete()
    before = dump(DropOffPoint, DropOffHours)
    record = brought_in("drop-off-points", points)
    assert dump(DropOffPoint, DropOffHours) != before
    assert take_back(record)["brought_back"] == 1  # the window that the import had taken away
    assert dump(DropOffPoint, DropOffHours) == before


def test_new_branch_goes_with_its_secretary_and_sections(town: Town, tmp_path: Path) -> None:
    branches, sections = file_of("branches", tmp_path), file_of("sections", tmp_path)
    town.other.section.shares.all().delete()
    town.other.section.delete()
    Branch.objects.filter(pk=town.own.branch.pk).update(name="旧名")
    before = dump(Branch, Member, Assignment)
    first, second = brought_in("branches", branches), brought_in("sections", sections)
    take_back(second)
    take_back(first)
    assert dump(Branch, Member, Assignment) == before


def test_undo_is_refused_with_names_when_a_row_was_changed_since(
    town: Town, tmp_path: Path, client_as: Callable[..., Any]
) -> None:
    path = file_of("bays", tmp_path)
    Bay.objects.update(state="suspended")
    record = brought_in("bays", path)
    Bay.objects.filter(pk=town.own.bay.pk).update(kind="large")
    after = dump(Bay)
    answer = step(client_as("planner"), record, "undo")
    page = answer.content.decode()
    assert (answer.status_code, dump(Bay), record.state) == (409, after, "written")
    assert "BW-01" in page
    assert "BW-02" not in page
    assert "类型 小型车 → 大型车" in page
    with pytest.raises(CommandError, match="有 1 处"):
        call_command("undo_import", str(record.pk), stderr=StringIO())

    Bay.objects.filter(pk=town.own.bay.pk).update(kind="small")  # as the import had left it
    call_command("undo_import", str(record.pk), stdout=StringIO())
    assert set(Bay.objects.values_list("state", flat=True)) == {"suspended"}


def test_undo_is_refused_when_something_new_hangs_on_a_created_row(town: Town, tmp_path: Path) -> None:
    path = file_of("pitches", tmp_path)
    free = town.own.site.pitches.exclude(pk=town.own.pitch.pk).get()
    number, site = free.number, free.site
    free.delete()
    record = brought_in("pitches", path)
    pitch = Pitch.objects.get(site=site, number=number)
    held = town.own.pitch.allocations.get()
    held.pitch = pitch
    held.save()
    with pytest.raises(CannotUndo, match="属于它"):
        take_back(record)
    held.pitch = town.own.pitch
    held.save()
    take_back(record)
    assert not Pitch.objects.filter(pk=pitch.pk).exists()


def test_version_of_a_site_goes_on_counting(town: Town, tmp_path: Path) -> None:
    path = file_of("sites", tmp_path)
    Site.objects.filter(pk=town.own.site.pk).update(bins=7)
    before: dict[str, Any] = dict(Site.objects.values().get(pk=town.own.site.pk))
    record = brought_in("sites", path)
    take_back(record)
    after: dict[str, Any] = dict(Site.objects.values().get(pk=town.own.site.pk))
    assert after.pop("version") == before.pop("version") + 2
    assert after == before


def test_rows_that_moved_up_along_the_kerb_move_back_in_whatever_order_it_takes(
    town: Town, tmp_path: Path
) -> None:
    """Each bay stands where the one before it stood: put back at once, each would be in the other's way."""
    bays = [BayFactory(number=f"M-{n}", road=town.own.road, at_m=300 + 6 * n) for n in range(4)]
    before = dump(Bay)
    with recorded(layer="bays", file_name="移位.csv") as account:
        for bay in reversed(bays):
            moved = float(bay.stretch.lower) + 6
            Bay.objects.filter(pk=bay.pk).update(stretch=stretch(moved, moved + 6))
        account.close({"updated": 4})
    assert take_back(account.record)["restored"] == 4
    assert dump(Bay) == before


def test_place_taken_meanwhile_is_told(town: Town) -> None:
    with recorded(layer="bays", file_name="移位.csv") as account:
        Bay.objects.filter(pk=town.own.bay.pk).update(stretch=stretch(700, 706))
        account.close({"updated": 1})
    lower = float(town.own.bay.stretch.lower)
    BayFactory(road=town.own.road, side=town.own.bay.side, at_m=lower)
    after = dump(Bay)
    with pytest.raises(Conflict, match="bay_kerb_once"):
        take_back(account.record)
    assert dump(Bay) == after


# ── The record ────────────────────────────────────────────────────────────────────────────────────────────


def test_block_that_does_not_close_its_account_leaves_nothing(town: Town) -> None:
    before = dump(Bay)
    with recorded(layer="bays", file_name="x.csv"):
        Bay.objects.update(state="suspended")
    assert (dump(Bay), Import.objects.count()) == (before, 0)
    with pytest.raises(ValueError, match="not a state"), recorded(layer="bays", file_name="x.csv") as account:
        _fail(account)
    assert (dump(Bay), Import.objects.count()) == (before, 0)


def _fail(account: Account) -> None:
    Bay.objects.update(state="suspended")
    account.close({"updated": 2})
    raise ValueError("not a state")


def test_one_import_may_span_several_layers(town: Town) -> None:
    user = UserFactory(username="li", role="planner")
    before = dump(School, SchoolGate, Bay)
    with recorded(layer="sites", file_name="登记表.xlsx", owner=user, way=Way.REGISTER) as account:
        Bay.objects.update(state="suspended")
        school = School.objects.create(name="新校", kind="school", area=town.own.school.area)
        school.gates.create(name="东门", location=town.own.school.gates.get().location)
        account.close({"created": 2, "updated": 2})
    record = Import.objects.get()
    assert (record.by, record.way, record.counts["created"]) == ("li", "register", 2)
    assert take_back(record, by=user)["removed"] == 2
    assert dump(School, SchoolGate, Bay) == before


def test_dry_runs_and_imports_that_change_nothing_are_not_recorded(town: Town, tmp_path: Path) -> None:
    path = file_of("bays", tmp_path)
    call_command("import_layer", "bays", str(path), stdout=StringIO())
    Bay.objects.update(state="suspended")
    call_command("import_layer", "bays", str(path), "--dry-run", stdout=StringIO())
    assert Import.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_two_people_confirming_at_once_write_once(town: Town, tmp_path: Path) -> None:
    user = UserFactory(role="administrator")
    path = file_of("bays", tmp_path)
    Bay.objects.update(state="suspended")
    record = bringing.receive(path, name="泊位.gpkg", layer="bays", owner=user)
    bringing.preview(record)
    before = event_model(Bay).objects.count()
    outcomes, start = [], threading.Barrier(2)

    def press() -> None:
        start.wait()
        try:
            bringing.write(record, shown=record.fingerprint, skip_refused=False)
            outcomes.append("written")
        except Conflict as error:
            outcomes.append(str(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=press) for _each in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert outcomes.count("written") == 1
    assert [each for each in outcomes if "没有再写一次" in each]
    assert event_model(Bay).objects.count() == before + 2
