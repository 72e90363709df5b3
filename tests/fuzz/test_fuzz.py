"""No request, however odd, is answered with a fault. `GRIDMGR_FUZZ_REQUESTS` and `GRIDMGR_FUZZ_SEED` for a longer walk."""

import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from gridmgr.core.accounts.models import Role, User
from tests.conftest import ROLES, RoleClient, Town
from tests.fuzz.walk import Fault, Walk
from tests.test_rights import PAGES

REQUESTS = int(os.environ.get("GRIDMGR_FUZZ_REQUESTS", "2000"))
SEED = int(os.environ.get("GRIDMGR_FUZZ_SEED", "1"))
# Where a longer walk writes what came of it.
REPORT = os.environ.get("GRIDMGR_FUZZ_REPORT", "")


def drafts(town: Town) -> dict[str, Any]:
    """Bodies that /plan/… understands: a site beside a kerb, a change of one, an area."""
    draft = {
        "kind": "stall",
        "name": "试摆",
        "at": {"road": town.own.road.pk, "side": "right", "metre": 600.0, "step": 1.0},
        "pitches": 3,
        "width": 2.0,
        "depth": 1.0,
        "gap": 0.4,
        "aisle": 0.8,
        "rows": 1,
        "offset": 0.8,
        "opens": "06:00",
        "closes": "22:00",
        "season_from": "2026-05-15",
        "season_to": "2026-10-15",
    }
    ring = [[112.86, 37.84], [112.8601, 37.84], [112.8601, 37.8401], [112.86, 37.8401], [112.86, 37.84]]
    area = {"type": "Polygon", "coordinates": [ring]}
    return {
        "plan/verdict": {**draft, "area": area, "site": ""} if SEED % 2 else draft,
        "plan/nearest": draft,
        "plan/save": {**draft, "site": town.own.site.code, "version": 1},
    }


@pytest.mark.django_db(transaction=True)
def test_no_odd_request_is_answered_with_a_fault(
    town: Town, client_as: Callable[..., RoleClient], settings: Any, tmp_path: Path
) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.VAR_DIR = tmp_path
    settings.AXES_FAILURE_LIMIT = 10_000
    walk = Walk(SEED, clients(town, client_as), addresses(town), drafts(town), log_in)
    walk.warm_up()
    walk.go(REQUESTS - walk.asked)
    report(walk)
    assert not walk.faults, told(walk.faults)
    assert walk.asked == REQUESTS


def clients(town: Town, client_as: Callable[..., RoleClient]) -> dict[str, Client]:
    """One for each role, all of the town's own grid, and nobody."""
    own: dict[str, dict[str, Any]] = {
        "secretary": {"branch": town.own.branch},
        "member": {"member": town.own.member},
    }
    made: dict[str, Client] = {role: client_as(role, **own.get(role, {})) for role in ROLES}
    made[""] = Client()
    for client in made.values():
        client.raise_request_exception = False
    return made


def addresses(town: Town) -> list[str]:
    """The valid address of every route there is, which tests/test_rights.py keeps whole."""
    skipped = {"logout"}
    return [
        at(grid)
        for name, (at, _roles) in PAGES.items()
        if name not in skipped
        for grid in (town.own, town.other)
    ]


def log_in(role: str, client: Client) -> None:
    """Puts right what the walk did to the account: logged out, barred, deleted, given another role."""
    held = client.cookies.get("sessionid")
    wanted: Any = client.user  # type: ignore[attr-defined]
    alive = held is not None and Session.objects.filter(session_key=held.value).exists()
    right = User.objects.filter(pk=wanted.pk, role=wanted.role, is_active=True).exists()
    if alive and right:
        return
    if not right:
        account = Role.MEMBER if role in {"secretary", "member"} else Role(role)
        client.user = User.objects.create_user(f"again-{uuid4().hex}-{role}", role=account)  # type: ignore[attr-defined]
    client.force_login(client.user, backend="django.contrib.auth.backends.ModelBackend")  # type: ignore[attr-defined]


def told(faults: list[Fault]) -> str:
    return f"{len(faults)} answers of 5xx\n\n" + "\n\n".join(str(each) for each in faults[:40])


def report(walk: Walk) -> None:
    if REPORT:
        kinds = Counter(each.trace.strip().rsplit("\n", 1)[-1][:160] for each in walk.faults)
        said = {
            "seed": walk.seed,
            "requests": walk.asked,
            "faults": len(walk.faults),
            "kinds": kinds.most_common(40),
            "statuses": dict(sorted(walk.statuses.items())),
            "routes": len(walk.routes),
            "routes answered below 400": len(walk.seen),
        }
        Path(REPORT).write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")
