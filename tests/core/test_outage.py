"""The database away, slow or locked: every page says so in words, and is back by itself afterwards."""

import http.client
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from django.conf import settings as django_settings
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.test import Client

from gridmgr.core.jobs import store
from gridmgr.core.patience import TIMEOUTS, settle_role, wanted
from script.benchmarks import stack as stacks
from tests.conftest import RoleClient, Town

pytestmark = pytest.mark.django_db(transaction=True)

TILE = "/tiles/bays,sites/12/3328/1583.pbf"
FETCHED = (TILE, "/layers/bays.geojson", "/search/suggest?q=01", "/plan/kerbs.geojsonl", "/healthz")


def own_connection() -> Any:
    """A connection of somebody else's to the tests' database."""
    return psycopg2.connect(**connection.get_connection_params())


def terminate_ours() -> None:
    """Ends all connections to the tests' database but the one that asks, as an administrator would."""
    other = own_connection()
    with other, other.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    other.close()


@contextmanager
def no_database() -> Iterator[None]:
    """Nobody listens where the database was."""
    held = dict(connection.settings_dict)
    connections.close_all()
    connection.settings_dict.update(HOST="127.0.0.1", PORT=str(closed_port()))
    try:
        yield
    finally:
        connection.settings_dict.update(held)
        connections.close_all()


def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture(autouse=True)
def _new_connection(transactional_db: None) -> Iterator[None]:
    """The test client leaves a connection that broke as it is; the next test shall have a whole one."""
    yield
    connections.close_all()


@pytest.fixture
def client(town: Town, client_as: Callable[..., RoleClient]) -> RoleClient:
    """An administrator, answered as a server answers: faults are pages."""
    client = client_as("administrator")
    client.raise_request_exception = False
    return client


def drained(response: Any) -> str:
    parts = response.streaming_content if response.streaming else [response.content]
    return b"".join(parts).decode()


def test_without_a_database_every_page_is_a_503_that_says_so(client: RoleClient) -> None:
    with no_database():
        for path in (
            "/",
            "/map/",
            "/roads/",
            "/admin/",
            "/admin/parking/bay/",
            "/jobs/",
            "/guide/",
            "/no/such/page/",
        ):
            answer = client.get(path)
            assert answer.status_code == 503, path
            assert int(answer["Retry-After"]) > 0
            assert "数据库暂时不可用" in drained(answer), path
            assert "Content-Security-Policy" in answer.headers
        for way in ("post", "put", "delete"):
            assert getattr(client, way)("/vendors/add/").status_code == 503, way
        login = client.post("/login/", {"username": "somebody", "password": "whatever"})
        assert login.status_code == 503
    assert client.get("/roads/").status_code == 200


def test_the_page_without_a_database_is_in_the_readers_language(client: RoleClient) -> None:
    with no_database():
        english = client.get("/roads/", headers={"Accept-Language": "en-GB,en;q=0.9"})
        chinese = client.get("/roads/", headers={"Accept-Language": "zh-CN,zh;q=0.9"})
        client.cookies[django_settings.LANGUAGE_COOKIE_NAME] = "en"
        chosen = client.get("/roads/", headers={"Accept-Language": "zh-CN"})
    assert "The database is not available" in drained(english)
    assert "数据库暂时不可用" in drained(chinese)
    assert '<html lang="en">' in drained(chosen)


def test_without_a_database_what_is_fetched_is_a_503_in_json(client: RoleClient) -> None:
    with no_database():
        for path in FETCHED:
            answer = client.get(path, headers={"Accept": "application/json"})
            assert answer.status_code == 503, path
            assert answer["Content-Type"] == "application/json"
            assert path == "/healthz" or "数据库暂时不可用" in answer.json()["error"]
            assert "Retry-After" in answer.headers
        tile = client.get(TILE)
        assert (tile.status_code, tile["Content-Type"]) == (503, "application/json")


def test_a_session_that_cannot_be_saved_is_a_503(client: RoleClient, monkeypatch: pytest.MonkeyPatch) -> None:
    save = SessionStore.save

    def cut_then_save(self: Any, *args: Any, **kwargs: Any) -> Any:
        terminate_ours()
        return save(self, *args, **kwargs)

    monkeypatch.setattr(django_settings, "SESSION_SAVE_EVERY_REQUEST", True)
    monkeypatch.setattr(SessionStore, "save", cut_then_save)
    answer = client.get("/jobs/")
    assert answer.status_code == 503
    assert "数据库暂时不可用" in drained(answer)


# ── The monitor's page ────────────────────────────────────────────────────────────────────────────────────


def test_healthz_says_what_is_down(client: Client, settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    answer = client.get("/healthz").json()
    assert answer.pop("version") == django_settings.GRIDMGR_VERSION
    assert answer == {
        "status": "degraded", "database": True, "worker": False, "disk": True,
    }  # fmt: skip
    store.live()
    assert client.get("/healthz").json()["status"] == "ok"
    os.utime(tmp_path / "jobs" / "alive", (1, 1))
    assert client.get("/healthz").json()["worker"] is False
    settings.GRIDMGR_MIN_FREE_MB = 1 << 40
    full = client.get("/healthz")
    assert (full.status_code, full.json()["disk"]) == (200, False)
    with no_database():
        away = client.get("/healthz")
        assert (away.status_code, away.json()["status"], away.json()["database"]) == (
            503,
            "unavailable",
            False,
        )
        assert "Retry-After" in away.headers
    assert client.get("/healthz").status_code == 200


def test_healthz_answers_loopback_under_any_name_and_others_under_ours(db: None, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["grid.example.cn"]
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    monitor, proxied = Client(REMOTE_ADDR="127.0.0.1"), Client(REMOTE_ADDR="127.0.0.1")
    assert monitor.get("/healthz", headers={"Host": "10.0.0.7:8000"}).status_code == 200
    assert Client(REMOTE_ADDR="::1").get("/healthz", headers={"Host": "x"}).status_code == 200
    for trick in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Forwarded-Host", "Via"):
        answer = proxied.get(
            "/healthz", headers={"Host": "evil.example", trick: "127.0.0.1", "X-Forwarded-Proto": "https"}
        )
        assert answer.status_code == 400, trick
    away = Client(REMOTE_ADDR="203.0.113.9")
    assert (
        away.get("/healthz", headers={"Host": "evil.example", "X-Forwarded-Proto": "https"}).status_code
        == 400
    )
    ours = {"Host": "grid.example.cn", "X-Forwarded-Proto": "https"}
    assert away.get("/healthz", headers=ours).status_code == 200
    assert monitor.get("/roads/", headers={"Host": "10.0.0.7:8000"}).status_code == 400


# ── Waiting too long ──────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def timeouts(settings: Any, transactional_db: None) -> Iterator[None]:
    """The role's settings as a server has them, with a statement that may take 4 s; taken back afterwards."""
    settings.GRIDMGR_STATEMENT_SECONDS = 4
    settle_role()
    connections.close_all()
    yield
    connections.close_all()
    name = connection.ops.quote_name(connection.settings_dict["NAME"])
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER ROLE CURRENT_USER IN DATABASE {name} RESET ALL")
    connections.close_all()


def shown(*names: str) -> list[str]:
    with connection.cursor() as cursor:
        return [cursor.execute(f"SHOW {name}") or cursor.fetchone()[0] for name in names]


def test_the_role_has_the_timeouts_and_commands_their_own(timeouts: None) -> None:
    assert shown(*TIMEOUTS, "jit") == ["4s", "3s", "1min", "off"]
    assert settle_role() == []  # nothing to change, nothing written
    assert "options" not in connection.get_connection_params()
    ask = (
        "from django.db import connection; from gridmgr.core.patience import TIMEOUTS\n"
        "with connection.cursor() as cursor:\n"
        "    for name in TIMEOUTS: cursor.execute('SHOW ' + name); print(cursor.fetchone()[0])"
    )
    told = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", ask],
        env={**os.environ, "DATABASE_URL": url()},
        capture_output=True,
        text=True,
        check=True,
        cwd=django_settings.BASE_DIR,
    )
    assert told.stdout.split() == ["0", "0", "0"]


def url(folder: str = "") -> str:
    held = connection.settings_dict
    host, port = folder or held["HOST"], held["PORT"]
    return f"postgresql:///{held['NAME']}?host={host}&port={port}&user={held['USER']}&password={held['PASSWORD']}"


def test_the_command_writes_what_differs(settings: Any, timeouts: None, capsys: Any) -> None:
    settings.GRIDMGR_LOCK_SECONDS = 7
    call_command("set_timeouts")
    assert capsys.readouterr().out == "lock_timeout = 7s\n"
    assert set(wanted()) >= set(TIMEOUTS)


@contextmanager
def held_lock(statement: str) -> Iterator[None]:
    other = own_connection()
    with other.cursor() as cursor:
        cursor.execute("SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0")
        cursor.execute(statement)
        try:
            yield
        finally:
            other.rollback()
            other.close()


def test_a_lock_that_is_held_is_a_503_within_four_seconds(
    client: RoleClient, town: Town, timeouts: None
) -> None:
    with held_lock("LOCK TABLE parking_bay IN ACCESS EXCLUSIVE MODE"):
        for path in ("/bays/", "/layers/bays.geojson", "/admin/parking/bay/"):
            began = time.monotonic()
            answer = client.get(path)
            assert answer.status_code == 503, path
            assert time.monotonic() - began < 4.5, path
            text = drained(answer)
            assert "别人正在修改同一内容" in text
            assert "数据库暂时不可用" not in text
            assert "Retry-After" in answer.headers
    assert client.get("/bays/").status_code == 200


def test_a_statement_that_takes_too_long_is_a_503_that_says_so(
    client: RoleClient, timeouts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_args: Any, **_kwargs: Any) -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(20)")

    monkeypatch.setattr("gridmgr.desk.search.suggestions", slow)
    answer = client.get("/search/suggest?q=x")
    assert answer.status_code == 503
    assert "在规定时间内没有算完" in drained(answer)


def test_an_idle_transaction_is_a_503(
    client: RoleClient, timeouts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def idle(*_args: Any, **_kwargs: Any) -> Any:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET idle_in_transaction_session_timeout = '200ms'; SELECT 1")
            time.sleep(1)
            cursor.execute("SELECT 1")

    monkeypatch.setattr("gridmgr.desk.search.suggestions", idle)
    answer = client.get("/search/suggest?q=x")
    assert answer.status_code == 503
    # PostgreSQL cuts the connection, and libpq does not always pass on why.
    assert "停留太久" in (said := drained(answer)) or "数据库暂时不可用" in said
    assert "什么都没有保存" in said


def test_a_deadlock_is_a_409_in_words(
    client: RoleClient, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (
        f"SELECT 1 FROM parking_bay WHERE id = {town.own.bay.pk} FOR UPDATE",
        (f"SELECT 1 FROM parking_bay WHERE id = {town.other.bay.pk} FOR UPDATE"),
    )
    met = threading.Barrier(2, timeout=20)

    def other_side() -> None:
        other = own_connection()
        with other.cursor() as cursor:
            cursor.execute(second)
            met.wait()
            time.sleep(0.4)  # the page waits first, so it is the page that PostgreSQL gives up
            cursor.execute(first)
        other.rollback()
        other.close()

    def ours(*_args: Any, **_kwargs: Any) -> Any:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(first)
            met.wait()
            cursor.execute(second)

    monkeypatch.setattr("gridmgr.desk.search.suggestions", ours)
    with ThreadPoolExecutor() as pool:
        pool.submit(other_side)
        answer = client.get("/search/suggest?q=x")
    assert answer.status_code == 409
    assert "相撞" in drained(answer)


# ── A server of its own ───────────────────────────────────────────────────────────────────────────────────


class Gateway:
    """Stands between a server and the database, and can be shut: then connections are cut and refused."""

    def __init__(self, folder: Path) -> None:
        held = connection.settings_dict
        self.real = f"{held['HOST']}/.s.PGSQL.{held['PORT']}"
        self.folder, self.path = folder, str(folder / ".s.PGSQL.5432")
        self.open_ends: list[socket.socket] = []
        self.open()

    def open(self) -> None:
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(20)
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def shut(self) -> None:
        Path(self.path).unlink()
        for each in [self.listener, *self.open_ends]:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self.open_ends.clear()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                ours, _address = listener.accept()
                theirs = socket.socket(socket.AF_UNIX)
                theirs.connect(self.real)
                self.open_ends += [ours, theirs]
                for ends in ((ours, theirs), (theirs, ours)):
                    threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while content := source.recv(1 << 16):
                sink.sendall(content)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)


class Served:
    """gunicorn as script/server starts it, on the tests' database behind the gateway."""

    def __init__(self, folder: Path, gateway: Path) -> None:
        self.port = closed_port()
        own = {
            "DATABASE_URL": url(str(gateway)),
            "GRIDMGR_VAR": str(folder),
            "GRIDMGR_SECRET_KEY": django_settings.SECRET_KEY,
            "GRIDMGR_SRID": str(django_settings.GRIDMGR_SRID),
            "GRIDMGR_LOG_LEVEL": "CRITICAL",
        }
        command = [sys.executable, *stacks._options(self.port)]
        self.process = subprocess.Popen(command, env=os.environ | own, cwd=django_settings.BASE_DIR)
        until = time.monotonic() + 90
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise AssertionError("gunicorn did not start")

    def get(self, path: str, session: str) -> tuple[int, bytes]:
        asked = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        asked.request("GET", path, headers={"Cookie": f"sessionid={session}"})
        answer = asked.getresponse()
        return answer.status, answer.read()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with tempfile.TemporaryDirectory(prefix="gridmgr-") as folder:  # a socket's path must be short
        gateway = Gateway(Path(folder))
        yield gateway
        gateway.shut()


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the scripts and styles as a server needs them."""
    folder = tmp_path_factory.mktemp("var")
    own = {"GRIDMGR_VAR": str(folder), "GRIDMGR_SECRET_KEY": django_settings.SECRET_KEY}
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"]
    subprocess.run(command, cwd=django_settings.BASE_DIR, env=os.environ | own, check=True)
    return folder


@pytest.fixture
def served(town: Town, timeouts: None, gateway: Gateway, collected: Path) -> Iterator[Served]:
    server = Served(collected, gateway.folder)
    yield server
    server.stop()


def test_a_server_outlives_its_database(client: RoleClient, served: Served, gateway: Gateway) -> None:
    session = client.cookies["sessionid"].value
    assert served.get("/roads/", session)[0] == 200
    gateway.shut()
    for path in ("/roads/", "/map/", TILE, "/healthz"):
        assert served.get(path, session)[0] == 503, path
    gateway.open()
    assert [served.get("/roads/", session)[0] for _each in range(3)] == [200, 200, 200]
    assert served.get("/healthz", session)[0] == 200
    terminate_ours()  # as after a restart of the database: nobody has told the server
    assert [served.get("/roads/", session)[0] for _each in range(3)] == [200, 200, 200]


def test_eight_held_locks_do_not_hang_the_site(client: RoleClient, served: Served) -> None:
    session = client.cookies["sessionid"].value
    assert served.get("/roads/", session)[0] == 200
    with held_lock("LOCK TABLE parking_school IN ACCESS EXCLUSIVE MODE"), ThreadPoolExecutor(9) as pool:
        began = time.monotonic()
        stuck = [pool.submit(served.get, "/schools/", session) for _each in range(8)]
        time.sleep(0.3)
        free = served.get("/roads/", session)
        assert free[0] == 200
        assert {each.result()[0] for each in stuck} == {503}
        assert time.monotonic() - began < 10


def test_a_stream_that_cannot_finish_breaks_off(client: RoleClient, served: Served) -> None:
    """20,000 parks: more than sockets hold, so the server is still sending when its connection is cut."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO grids_backdrop (kind, source, source_id, name, area) "
            "SELECT 'park', '', 'odd-' || n, repeat('x', 100), "
            "ST_Multi(ST_MakeEnvelope(400000, 4190000, 400010, 4190010, %s)) FROM generate_series(1, 20000) n",
            [django_settings.GRIDMGR_SRID],
        )
    asked = http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
    session = client.cookies["sessionid"].value
    asked.request("GET", "/layers/parks.geojson", headers={"Cookie": f"sessionid={session}"})
    answer = asked.getresponse()
    assert answer.status == 200
    answer.read(1000)
    terminate_ours()
    with pytest.raises(http.client.IncompleteRead):
        answer.read()
