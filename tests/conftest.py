"""Fixtures for all tests: clients by role, and a small town in which every kind of thing stands once per branch."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pgtrigger
import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.contrib.gis.db.models.fields import get_srid_info
from django.core.cache import cache
from django.core.signals import request_finished
from django.db import close_old_connections, connection
from django.db.backends.base.operations import BaseDatabaseOperations as DatabaseOperations
from django.db.models.signals import post_migrate
from django.http.response import HttpResponseBase
from django.test import Client
from django.utils import timezone, translation

from gridmgr.core.accounts.models import Role
from gridmgr.core.geo.crs import WEB_MERCATOR, WGS84
from gridmgr.core.history import truncate_guards
from grids.enums import MemberRole
from grids.models import Assignment, Branch, Member, Road
from parking.models import Bay, DropOffPoint, PandaLane, School
from tests.drawing import line, point
from tests.factories import (
    AllocationFactory,
    AssignmentFactory,
    BayFactory,
    BranchFactory,
    DropOffPointFactory,
    MemberFactory,
    PandaLaneFactory,
    RoadFactory,
    SchoolFactory,
    ShareFactory,
    SiteFactory,
    UserFactory,
    VendorFactory,
)
from tests.past import install_clock, set_clock
from vendors.apps import begin_with_rules
from vendors.models import Guidance, Pitch, Site, Vendor, WaitingEntry

# Tests whose jobs are forked from the test process itself: it must be small, for a job's memory is limited.
FORKING = ("intake/test_jobs.py", "core/jobs/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that fork come first, before a worker has grown (with --no-loadscope-reorder)."""
    items.sort(key=lambda item: not any(part in item.path.as_posix() for part in FORKING))


ROLES = ("secretary", "member", "planner", "office", "administrator")


def pytest_configure() -> None:
    """A worker of pytest-xdist keeps its files apart, as pytest-django does with its database."""
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        django_settings.VAR_DIR = django_settings.VAR_DIR / "workers" / worker
        django_settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
        django_settings.DEMO_ACCOUNTS = django_settings.VAR_DIR / "demo-accounts.json"


_streamed: list[HttpResponseBase] = []


@pytest.fixture(autouse=True, scope="session")
def _streams_noted() -> Iterator[None]:
    """Answers of the test client that are streamed are noted, for `pytest_runtest_call`."""
    real = Client.request

    def request(self: Client, **given: Any) -> Any:
        answer = real(self, **given)
        if answer.streaming:
            _streamed.append(answer)
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, "request", request)
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    """Closes streams that a test left unread, while its transaction is there.

    Else the garbage collector does, at any time: cursors are gone by then, and a generator that dies while Python 3.11
    parses source breaks its parser (CPython gh-106905).
    """
    try:
        return (yield)
    finally:
        request_finished.disconnect(close_old_connections)  # as the test client does when it reads to the end
        for answer in _streamed:
            answer.close()
        _streamed.clear()
        request_finished.connect(close_old_connections)


class RoleClient(Client):
    """A test client that is logged in; `.user` is who, `.member` their Member (secretary and member only)."""

    user: Any
    member: Member | None


@pytest.fixture(autouse=True, scope="session")
def _emptied_between_tests() -> Iterator[None]:
    """Tests that commit are followed by a TRUNCATE of all tables, which the record of changes refuses anybody else."""
    real = DatabaseOperations.execute_sql_flush

    def flush(self: DatabaseOperations, sql_list: list[str]) -> None:
        with pgtrigger.ignore(*truncate_guards()):
            real(self, sql_list)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "execute_sql_flush", flush)
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    """The city of the tests begins without placement rules: a test that wants them says so."""
    post_migrate.disconnect(begin_with_rules, sender=apps.get_app_config("vendors"))


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """Each test starts with an empty cache, so that query counts do not depend on the test before."""
    cache.clear()


@pytest.fixture(autouse=True)
def _static_files_as_they_lie(settings: Any) -> None:
    """Without collectstatic there is no manifest of hashed names; tests use the files under their own."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


@pytest.fixture(autouse=True)
def _chinese_first() -> Iterator[None]:
    """A request leaves its language behind in the thread; the next test starts with the default one again."""
    translation.activate(django_settings.LANGUAGE_CODE)
    yield
    translation.activate(django_settings.LANGUAGE_CODE)


@pytest.fixture
def client_as(db: None) -> Callable[..., RoleClient]:
    """`client_as("planner")`; `client_as("secretary", branch=b)`; `client_as("member", member=m)`.

    A secretary or member without one given is of a new branch.
    """

    def log_in(role: str, *, branch: Branch | None = None, member: Member | None = None) -> RoleClient:
        assert role in ROLES, role
        client = RoleClient()
        client.member = member or _member(role, branch)
        client.user = (client.member and client.member.user) or UserFactory(role=_account_role(role))
        if client.member and client.member.user is None:
            client.member.user = client.user
            client.member.save(update_fields=["user"])
        client.force_login(client.user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return log_in


def _account_role(role: str) -> Role:
    return Role.MEMBER if role in {"secretary", "member"} else Role(role)


def _member(role: str, branch: Branch | None) -> Member | None:
    if role == "secretary":
        return (branch or BranchFactory()).members.get(role=MemberRole.SECRETARY)
    if role == "member":
        return MemberFactory(branch=branch or BranchFactory())
    return None


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], datetime]:
    """`at("2026-11-23 07:30")` sets the clock that pages read, in the city's time zone."""

    def set_clock(text: str) -> datetime:
        moment = datetime.fromisoformat(text).replace(tzinfo=timezone.get_current_timezone())
        monkeypatch.setattr(timezone, "now", lambda: moment)
        return moment

    return set_clock


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """The city of a test has been on record since 2000, so that a test may ask for any day since.

    What Django reads once per process of a CRS is read here: else the first test to need it would count a query more.
    """
    with django_db_blocker.unblock():
        install_clock()
        for srid in (django_settings.GRIDMGR_SRID, WGS84, WEB_MERCATOR):
            get_srid_info(srid, connection)


@pytest.fixture
def recorded(db: None) -> Iterator[Callable[[str], datetime | None]]:
    """`recorded("2026-11-01 09:00")`: what is written from then on is on record as of that moment."""
    yield set_clock
    if not connection.needs_rollback:  # which takes the clock back, too
        set_clock("")


@pytest.fixture
def on_the_day(at: Callable[[str], datetime]) -> None:
    """Today is 22 November 2026, the day that many tests ask for: it is told as any today."""
    at("2026-11-22 12:00")


@pytest.fixture
def live(at: Callable[[str], datetime], recorded: Callable[[str], datetime | None]) -> Callable[[str], None]:
    """`live("2026-08-01 10:00")`: for pages and for the record it is then, until it is some other time."""

    def set_both(text: str) -> None:
        at(text)
        recorded(text)

    return set_both


@dataclass
class Grid:
    """One branch of the town and what stands on its road."""

    branch: Branch
    road: Road
    section: Assignment
    secretary: Member
    member: Member
    site: Site
    pitch: Pitch
    school: School
    lane: PandaLane
    drop_off: DropOffPoint
    bay: Bay
    vendor: Vendor
    waiting: WaitingEntry
    guidance: Guidance
    phones: list[str] = field(default_factory=list)


@dataclass
class Town:
    """Two grids; `own` is where the tested secretary and member are, `other` is the neighbour."""

    own: Grid
    other: Grid

    @property
    def phones(self) -> list[str]:
        """Every phone number there is."""
        return [*self.own.phones, *self.other.phones]


@pytest.fixture
def town(db: None) -> Town:
    """Two roads 200 m apart, each answered for by one branch, each with one thing of every kind on it."""
    return Town(own=_grid("01", north=0), other=_grid("02", north=200))


def _grid(code: str, *, north: float) -> Grid:
    prefix = f"1395550{code}"
    branch = BranchFactory(code=code, secretary__name=f"书记{code}", secretary__phone=f"{prefix}01")
    road = RoadFactory(name=f"第{code}街", reference_line=line((0, north), (1000, north)))
    section = AssignmentFactory(branch=branch, road=road)
    member = MemberFactory(branch=branch, name=f"李{code}", phone=f"{prefix}02")
    ShareFactory(assignment=section, member=member)
    site = SiteFactory(code=f"TD-{code}", name=f"摊点{code}", road=road, pitches=2)
    pitch = site.pitches.order_by("number").first()
    held = AllocationFactory(pitch=pitch, vendor__name=f"商贩{code}", vendor__phone=f"{prefix}03")
    school = SchoolFactory(name=f"小学{code}")
    in_line = VendorFactory(name=f"候补{code}", phone=f"{prefix}04")
    guided = VendorFactory(name=f"流动{code}", phone=f"{prefix}05")
    return Grid(
        branch=branch,
        road=road,
        section=section,
        secretary=branch.members.get(role=MemberRole.SECRETARY),
        member=member,
        site=site,
        pitch=pitch,
        school=school,
        lane=PandaLaneFactory(school=school, road=road),
        drop_off=DropOffPointFactory(code=f"JS-{code}", school=school, road=road),
        bay=BayFactory(number=f"BW-{code}", road=road),
        vendor=held.vendor,
        waiting=WaitingEntry.objects.create(site=site, vendor=in_line),
        guidance=Guidance.objects.create(
            officer=UserFactory(username=f"officer{code}"),
            branch=branch,
            location=point(350, north),
            vendor=guided,
            site=site,
            slip=f"SD261122-ABCDEFGH{code}",
        ),
        phones=[f"{prefix}0{index}" for index in range(1, 6)],
    )
