"""Whoever reads a whole identity number is on record, with the time, whichever way they read it; and stays there."""

import ast
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from gridmgr.catalog import LAYERS
from tests.conftest import Town
from tests.source import parsed
from vendors.domain.looks import whole_number
from vendors.domain.register import register_vendor
from vendors.models import IdentityLook, Vendor

ROOT = Path(__file__).resolve().parents[2]
NUMBER = "140105199001011234"[:17]


@pytest.fixture
def vendor(db: None) -> Vendor:
    from vendors.domain.identity import check_character

    return register_vendor(name="王芳", goods="早点", identity=NUMBER + check_character(NUMBER))


def test_page_records_who_looked_and_when_before_it_shows_the_number(client_as: Any, vendor: Vendor) -> None:
    client = client_as("administrator")
    client.get(f"/vendors/{vendor.pk}/")
    assert not IdentityLook.objects.exists(), "the masked number is no look"
    before = timezone.now()
    assert NUMBER in client.post(f"/vendors/{vendor.pk}/identity/").content.decode()
    look = IdentityLook.objects.get()
    assert (look.vendor_key, look.vendor_name, look.username) == (vendor.pk, "王芳", client.user.username)
    assert (look.user_key, look.way) == (client.user.pk, f"/vendors/{vendor.pk}/identity/")
    assert before <= look.at <= timezone.now()


def test_without_a_record_there_is_no_number(
    client_as: Any, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> None:
        raise DatabaseError

    monkeypatch.setattr(IdentityLook.objects, "create", refuse)
    client = client_as("administrator")
    client.raise_request_exception = False
    answer = client.post(f"/vendors/{vendor.pk}/identity/")
    assert answer.status_code >= 500
    assert NUMBER not in answer.content.decode()


def test_look_by_a_command_names_the_operator(vendor: Vendor) -> None:
    whole_number(vendor, reader=None, way="some_command", name="root")
    look = IdentityLook.objects.get()
    assert (look.username, look.user_key, look.way) == ("root", None, "some_command")


def test_administrators_see_the_looks_on_the_vendors_page_and_in_the_back_office(
    client_as: Any, vendor: Vendor
) -> None:
    client = client_as("administrator")
    client.post(f"/vendors/{vendor.pk}/identity/")
    page = client.get(f"/vendors/{vendor.pk}/").content.decode()
    assert client.user.username in page.split("谁看过身份证号")[1]
    listed = client.get(reverse("admin:vendors_identitylook_changelist")).content.decode()
    assert client.user.username in listed
    assert "王芳" in listed
    for role in ("planner", "office", "secretary"):
        other = client_as(role)
        assert "谁看过身份证号" not in other.get(f"/vendors/{vendor.pk}/").content.decode(), role
        assert other.get(reverse("admin:vendors_identitylook_changelist")).status_code in {302, 403}, role


def test_back_office_neither_adds_nor_changes_nor_deletes_a_look(client_as: Any, vendor: Vendor) -> None:
    client = client_as("administrator")
    client.post(f"/vendors/{vendor.pk}/identity/")
    look = IdentityLook.objects.get()
    assert client.get(reverse("admin:vendors_identitylook_add")).status_code == 403
    assert (
        client.post(reverse("admin:vendors_identitylook_delete", args=[look.pk]), {"post": "yes"}).status_code
        == 403
    )
    change = reverse("admin:vendors_identitylook_change", args=[look.pk])
    assert client.post(change, {"username": "nobody"}).status_code == 403


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE vendors_identitylook SET username = 'nobody'",
        "DELETE FROM vendors_identitylook",
        "TRUNCATE vendors_identitylook",
    ],
)
def test_a_look_stays_whoever_writes(vendor: Vendor, statement: str) -> None:
    whole_number(vendor, reader=None, way="page")
    with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert IdentityLook.objects.get().way == "page"


def test_a_look_outlives_the_vendor(vendor: Vendor) -> None:
    whole_number(vendor, reader=None, way="page")
    vendor.delete()
    assert IdentityLook.objects.get().vendor_name == "王芳"


def test_no_file_and_no_back_office_page_gives_the_number(client_as: Any, town: Town, vendor: Vendor) -> None:
    """The other ways out of the database hold no such column, so they need no record."""
    shown = {name for layer in LAYERS for name in (field.name for field in layer.fields)}
    assert not {name for name in shown if "identity" in name}
    client = client_as("administrator")
    page = client.get(reverse("admin:vendors_vendor_change", args=[vendor.pk])).content.decode()
    assert NUMBER not in page
    assert vendor.identity_cipher not in page
    assert vendor.identity_digest not in page


def test_whole_numbers_are_decrypted_for_people_in_one_place_alone() -> None:
    """A new page, export or command that reads numbers goes through `whole_number`: the reading itself is not imported
    anywhere else."""
    readers = {"identity_of", "decrypt"}
    allowed = {f"vendors/domain/{name}.py" for name in ("identity", "looks", "rekey")}
    # Locks of their own, for what holds no identity number: a form that was not sent, and a backup.
    allowed |= {"gridmgr/core/accounts/lapsed.py", "gridmgr/backup/sealing.py"}
    strays = []
    for app in ("gridmgr", "grids", "parking", "vendors"):
        for path in (ROOT / app).rglob("*.py"):
            tree = parsed(path)
            used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
            used |= {
                alias.name
                for node in ast.walk(tree)
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("vendors")
                for alias in node.names
            }
            name = path.relative_to(ROOT).as_posix()
            if used & readers and name not in allowed:
                strays.append(name)
    assert strays == []
