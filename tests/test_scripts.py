"""The commands in script/, as far as they can be tried in seconds: refusals, and the life of a private cluster."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
POSTGRES = next(iter(Path("/usr/lib/postgresql").glob("*/bin/postgres")), Path("/nowhere"))


def sh(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a command from the checkout, without the settings of the test run itself."""
    outside = {k: v for k, v in os.environ.items() if k != "DATABASE_URL" and not k.startswith("GRIDMGR_")}
    return subprocess.run(
        command,
        cwd=ROOT,
        env=outside | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    "name", ["backup", "bootstrap", "house", "rehearse-restore", "reset", "restore", "server", "test"]
)  # manage hands every argument to Django
def test_help_is_the_head_of_the_file(name: str) -> None:
    answer = sh(ROOT / "script" / name, "--help")
    assert answer.returncode == 0
    assert answer.stdout.startswith(f"script/{name} ")
    assert "shellcheck source" not in answer.stdout


@pytest.mark.parametrize("port", ["", "0", "99999", "http", "-1", "8000x"])
def test_server_refuses_a_bad_port(port: str) -> None:
    answer = sh("script/server", "--port", port)
    assert answer.returncode == 1
    assert f"错误:端口号不对:{port}\nError: not a port number: {port}\n" in answer.stderr


def test_server_refuses_an_unknown_argument() -> None:
    answer = sh("script/server", "--prot", "8000")
    assert (answer.returncode, "unknown argument: --prot" in answer.stderr) == (1, True)


def test_server_names_another_port_when_its_own_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = sh("script/server", "--port", str(port))
    assert answer.returncode == 1
    assert f"port {port} is in use" in answer.stderr
    assert f"script/server --port {port + 1 if port < 65535 else 8001}" in answer.stderr


def test_server_refuses_another_crs_than_the_settled_one(tmp_path: Path) -> None:
    (tmp_path / "srid").write_text("4547\n")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    answer = sh("script/server", "--port", str(port), GRIDMGR_VAR=str(tmp_path), GRIDMGR_SRID="4548")
    assert answer.returncode == 1
    assert "this city's CRS is settled: EPSG:4547, not 4548" in answer.stderr


def test_a_var_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    answer = sh("script/manage", "check", GRIDMGR_VAR=str(tmp_path / "file" / "var"))
    assert answer.returncode == 1
    assert f"cannot write to {tmp_path}/file/var" in answer.stderr


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    answer = sh("script/manage", "check", GRIDMGR_VAR=str(tmp_path), GRIDMGR_MIN_FREE_MB="999999999")
    assert answer.returncode == 1
    assert "999999999 MB are needed" in answer.stderr


def test_missing_packages_without_the_right_to_install_end_with_the_command_to_ask_for(
    tmp_path: Path,
) -> None:
    if not shutil.which("runuser") or os.getuid() != 0:
        pytest.skip("needs root, to become somebody without rights")
    # An account without rights, and a machine on which nothing is installed: a dpkg-query that knows no package.
    bin_dir = Path(tempfile.mkdtemp(prefix="gridmgr-test-"))
    try:
        bin_dir.chmod(0o777)
        fake = bin_dir / "dpkg-query"
        fake.write_text("#!/bin/sh\nexit 1\n")
        fake.chmod(0o755)
        path = f"{bin_dir}:{os.environ['PATH']}"
        answer = sh(
            "runuser",
            "-u",
            "nobody",
            "--",
            ROOT / "script/bootstrap",
            PATH=path,
            GRIDMGR_VAR=f"{bin_dir}/var",
        )
    finally:
        shutil.rmtree(bin_dir)
    if "Permission denied" in answer.stderr:
        pytest.skip("the checkout is closed to other users")
    assert answer.returncode == 1
    assert re.search(r"missing \(.*\bpostgresql\S*-postgis", answer.stderr)
    assert re.search(r"(sudo |su -c ').*script/bootstrap --packages", answer.stderr)


@pytest.fixture
def fakes(tmp_path: Path) -> Path:
    """A folder for the head of PATH: a machine on which dpkg knows no package, and apt-get only notes what it was asked."""
    folder = tmp_path / "bin"
    folder.mkdir()
    fake(folder, "dpkg-query", "exit 1")
    fake(folder, "dpkg", "exit 0")
    fake(
        folder,
        "apt-cache",
        "printf 'postgresql-15-postgis-3\\npostgresql-17-postgis-3\\npostgresql-9-pgq\\n'",
    )
    fake(folder, "apt-get", f'echo "$@" >>{tmp_path}/asked')
    return folder


def fake(folder: Path, name: str, does: str) -> None:
    program = folder / name
    program.write_text(f"#!/bin/sh\n{does}\n")
    program.chmod(0o755)


as_root = pytest.mark.skipif(os.getuid() != 0, reason="installing needs root")


@as_root
def test_the_newest_postgresql_that_apt_offers_is_taken_and_an_existing_cluster_keeps_its_own(
    fakes: Path, tmp_path: Path
) -> None:
    path = f"{fakes}:{os.environ['PATH']}"
    sh("script/bootstrap", "--packages", PATH=path, GRIDMGR_VAR=str(tmp_path / "new"))
    assert " postgresql-17 postgresql-17-postgis-3" in (tmp_path / "asked").read_text()
    (tmp_path / "asked").unlink()
    (tmp_path / "old" / "postgres" / "data").mkdir(parents=True)
    (tmp_path / "old" / "postgres" / "data" / "PG_VERSION").write_text("15\n")
    sh("script/bootstrap", "--packages", PATH=path, GRIDMGR_VAR=str(tmp_path / "old"))
    assert " postgresql-15 postgresql-15-postgis-3" in (tmp_path / "asked").read_text()


@as_root
def test_breaking_a_set_up_off_leaves_apt_to_finish(fakes: Path, tmp_path: Path) -> None:
    fake(fakes, "apt-get", f"sleep 2; echo done >>{tmp_path}/asked")
    outside = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
    started = subprocess.Popen(
        ["script/bootstrap", "--packages"],
        cwd=ROOT,
        env=outside | {"PATH": f"{fakes}:{os.environ['PATH']}", "GRIDMGR_VAR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    time.sleep(1)
    os.killpg(started.pid, signal.SIGINT)  # Ctrl-C reaches all that the terminal runs
    os.killpg(started.pid, signal.SIGKILL)  # a lost line, at worst
    started.wait()
    assert not (tmp_path / "asked").exists()
    time.sleep(3)
    assert (tmp_path / "asked").read_text() == "done\n"


@as_root
def test_packages_that_were_left_half_set_up_are_finished_first(fakes: Path, tmp_path: Path) -> None:
    fake(
        fakes,
        "dpkg",
        f'[ "$1" != --audit ] || echo "half-configured: postgresql-17"; echo dpkg "$@" >>{tmp_path}/asked',
    )
    sh("script/bootstrap", "--packages", PATH=f"{fakes}:{os.environ['PATH']}", GRIDMGR_VAR=str(tmp_path))
    asked = (tmp_path / "asked").read_text()
    assert asked.index("dpkg --configure -a") < asked.index("install")


def disk_with(folder: Path, free: int) -> str:
    """PATH on which every disk has so many megabytes free."""
    folder.mkdir(exist_ok=True)
    fake(folder, "df", f"printf 'disk\\n/dev/x 9 9 {free} 9%% /\\n'")
    return f"{folder}:{os.environ['PATH']}"


def test_a_city_that_is_there_starts_on_a_disk_that_is_too_full_for_a_new_one(tmp_path: Path) -> None:
    program = ". script/common.sh; prepare_var; echo enough"
    path = disk_with(tmp_path / "bin", 27)
    new = sh("bash", "-c", program, PATH=path, GRIDMGR_VAR=str(tmp_path / "var"))
    assert (new.returncode, "has 27 MB left; 300 MB are needed" in new.stderr) == (1, True)
    (tmp_path / "var" / "srid").write_text("4547\n")
    assert sh("bash", "-c", program, PATH=path, GRIDMGR_VAR=str(tmp_path / "var")).stdout == "enough\n"


def test_hints_carry_the_folder_they_mean(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = sh("script/server", "--port", str(port), GRIDMGR_VAR=str(tmp_path / "my city"))
    assert f"GRIDMGR_VAR={tmp_path}/my\\ city script/server --port" in answer.stderr
    assert sh("bash", "-c", '. script/common.sh; echo "${here}x"').stdout == "x\n"


def test_a_second_start_on_one_port_is_refused_while_the_first_sets_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    lock = tmp_path / f"gridmgr-port-{port}.lock"
    lock.touch()
    holder = subprocess.Popen(["flock", str(lock), "sleep", "30"])
    try:
        time.sleep(0.5)
        answer = sh("script/server", "--port", str(port), GRIDMGR_VAR=str(tmp_path), TMPDIR=str(tmp_path))
    finally:
        holder.send_signal(signal.SIGTERM)
        holder.wait()
    assert (answer.returncode, f"port {port} is in use" in answer.stderr) == (1, True)


def test_server_refuses_a_host_that_is_not_this_machine() -> None:
    answer = sh("script/server", "--host", "198.51.100.7")
    assert (answer.returncode, "198.51.100.7 is not an address of this machine" in answer.stderr) == (1, True)


def test_reset_takes_what_is_ours_and_nothing_else(tmp_path: Path) -> None:
    for name in ("srid", "secret-key", "theirs.txt"):
        (tmp_path / name).write_text("x")
    (tmp_path / "run").mkdir()
    unasked = sh("script/reset", GRIDMGR_VAR=str(tmp_path))
    assert (unasked.returncode, "nothing was removed" in unasked.stderr) == (1, True)
    assert (tmp_path / "srid").exists()
    assert sh("script/reset", "--yes", GRIDMGR_VAR=str(tmp_path)).returncode == 0
    assert [each.name for each in tmp_path.iterdir()] == ["theirs.txt"]


def test_every_part_is_pinned_and_psycopg_3_is_not_among_them() -> None:
    lines = [
        line.split("#")[0].strip()
        for name in ("requirements.txt", "requirements-dev.txt")
        for line in (ROOT / name).read_text().splitlines()
    ]
    pins = [line for line in lines if line and not line.startswith("-r ")]
    assert [pin for pin in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][^ ,;]*", pin)] == []
    installed = {distribution.metadata["Name"].lower() for distribution in distributions()}
    assert "psycopg2-binary" in installed
    assert {"psycopg", "psycopg-binary", "psycopg-c", "psycopg-pool"} & installed == set()


def test_accounts_line_up_with_chinese_names(tmp_path: Path) -> None:
    accounts = tmp_path / "demo-accounts.json"
    accounts.write_text(
        '[{"role": "secretary", "branch": "01", "username": "迎泽", "password": "p1"},'
        ' {"role": "office", "branch": null, "username": "office", "password": "p2"}]'
    )
    assert sh(sys.executable, "script/show_accounts.py", accounts).stdout == (
        "      role       branch  username  password\n"
        "      secretary  01      迎泽      p1\n"
        "      office             office    p2\n"
    )


# ── A private cluster ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def var() -> Iterator[Path]:
    """A var/ of its own that user postgres can reach, which a tmp_path isn't when the tests run as root."""
    folder = Path(tempfile.mkdtemp(prefix="gridmgr-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


def in_cluster(var: Path, commands: str) -> subprocess.CompletedProcess[str]:
    """Runs shell commands between cluster_start and cluster_stop."""
    program = f"""
        . script/common.sh; cluster_settings='fsync = off'; . script/cluster.sh
        prepare_var; trap 'cluster_stop' EXIT; cluster_start >/dev/null
        {commands}
    """
    return sh("bash", "-c", program, GRIDMGR_VAR=str(var))


needs_postgres = pytest.mark.skipif(not POSTGRES.exists(), reason="PostgreSQL is not installed here")


@needs_postgres
def test_cluster_listens_on_a_socket_alone_and_stops_with_its_last_user(var: Path) -> None:
    answer = in_cluster(
        var,
        """
        sql -d gridmgr -c 'SHOW listen_addresses' -c 'SHOW server_encoding' -c 'SHOW max_parallel_workers_per_gather'
        stat -c %a "$(cluster_socket)" "$data" "$GRIDMGR_VAR/database-url"
        bash -c '. script/common.sh; unset DATABASE_URL; . script/cluster.sh; cluster_start; cluster_stop' >/dev/null
        cluster_is_ready && echo "still there: $cluster_pid"
        """,
    )
    assert answer.stderr == ""
    *settings, last = answer.stdout.splitlines()
    assert settings == ["", "UTF8", "0", "700", "700", "600"]
    pid = last.removeprefix("still there: ")
    assert pid.isdigit()
    assert not (var / "postgres" / "data" / "postmaster.pid").exists()
    assert not (var / "database-url").exists()


@needs_postgres
def test_cluster_survives_a_killed_postmaster_and_a_pid_file_that_names_another(var: Path) -> None:
    pid = int(in_cluster(var, 'echo "$cluster_pid"; kill -9 "$cluster_pid"').stdout)
    stale = var / "postgres" / "data" / "postmaster.pid"
    assert stale.read_text().startswith(f"{pid}\n")
    assert in_cluster(var, "sql -d gridmgr -c 'SELECT 1'").stdout == "1\n"

    in_cluster(var, 'kill -9 "$cluster_pid"')
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        stale.write_text(stale.read_text().replace(stale.read_text().split("\n")[0], str(sleeper.pid), 1))
        assert in_cluster(var, "sql -d gridmgr -c 'SELECT 2'").stdout == "2\n"
        assert sleeper.poll() is None
    finally:
        sleeper.send_signal(signal.SIGTERM)
        sleeper.wait()


@needs_postgres
def test_a_socket_path_that_is_too_long_goes_to_a_short_one(var: Path) -> None:
    deep = var / ("深" * 30) / "var"
    deep.parent.mkdir(mode=0o711)
    answer = in_cluster(deep, "cluster_socket; sql -d gridmgr -c 'SELECT 3'")
    where, three = answer.stdout.splitlines()
    assert (where[: len("/tmp/gridmgr-")], three) == ("/tmp/gridmgr-", "3")
    assert not Path(where).exists()


@needs_postgres
def test_a_city_without_its_key_is_refused_with_the_way_out(var: Path) -> None:
    in_cluster(var, "true")
    answer = sh("script/bootstrap", GRIDMGR_VAR=str(var))
    assert answer.returncode == 1
    assert f"{var}/secret-key is gone" in answer.stderr
    assert not (var / "secret-key").exists()


@needs_postgres
@as_root
def test_a_database_whose_folder_was_deleted_is_refused_until_it_is_reset() -> None:
    closed = Path(tempfile.mkdtemp(prefix="gridmgr-test-"))  # mode 700: user postgres can't get there
    try:
        var = closed / "var"
        var.mkdir()
        assert in_cluster(var, "sql -d gridmgr -c 'SELECT 1'").stdout.endswith("1\n")
        home = Path((var / "cluster-home").read_text().strip())
        shutil.rmtree(var)
        refused = in_cluster(var, "true")
        assert (refused.returncode, f"{home} holds a city whose folder {var}" in refused.stderr) == (1, True)
        assert sh("script/reset", "--yes", GRIDMGR_VAR=str(var)).returncode == 0
        assert not home.exists()
        assert in_cluster(var, "sql -d gridmgr -c 'SELECT 2'").stdout.endswith("2\n")
    finally:
        sh("script/reset", "--yes", GRIDMGR_VAR=str(closed / "var"))
        shutil.rmtree(closed)


def test_server_asks_whether_the_database_is_whole_before_it_serves() -> None:
    """What check_database finds out is shown in tests/core/test_promises.py; here, that its refusal ends the start."""
    text = (ROOT / "script" / "server").read_text(encoding="utf-8")
    migrates, checks, serves = (
        text.index(each) for each in ("manage migrate ", "manage check_database", "\nshow_welcome\n")
    )
    assert migrates < checks < serves
    assert re.search(r"manage check_database[^\n]* \|\| die ", text)


# ── Roles ─────────────────────────────────────────────────────────────────────────────────────────────────────

# A cluster as earlier versions made it: gridmgr is the role that initdb made, and everything is a superuser's.
OLD_CLUSTER = """
    cluster_find
    as_owner "$pg_bin/initdb" --pgdata="$data" --username=gridmgr --auth=peer --encoding=UTF8 --locale=C.UTF-8 --no-sync >/dev/null
    printf 'local all all peer map=gridmgr\\n' | as_owner tee "$data/pg_hba.conf" >/dev/null
    printf 'gridmgr %s gridmgr\\ngridmgr root gridmgr\\n' "$cluster_owner" | as_owner tee "$data/pg_ident.conf" >/dev/null
    as_owner install -d -m 700 "$cluster_home/run"
    as_owner "$pg_bin/pg_ctl" start -s -w -D "$data" -l "$log" \\
        -o "-c listen_addresses= -c fsync=off -c unix_socket_directories='$cluster_home/run'" </dev/null >/dev/null 2>&1
    sql -d postgres -c 'CREATE DATABASE gridmgr'
    sql -d gridmgr -c 'CREATE EXTENSION postgis' \\
        -c 'CREATE TABLE road (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, line geometry(LineString, 4547))' \\
        -c "INSERT INTO road (line) VALUES ('SRID=4547;LINESTRING(0 0, 1 1)')" \\
        -c 'CREATE VIEW roads AS SELECT * FROM road' -c "CREATE TYPE side AS ENUM ('left', 'right')" \\
        -c 'CREATE SEQUENCE numbers' -c 'CREATE FUNCTION one() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$'
"""
CUT_SHORT = {
    "untouched": "",
    "before the name is given up": "sql -d postgres -c 'CREATE ROLE gridmgr_moving SUPERUSER LOGIN'",
    "between the roles": """
        sql -d postgres -c 'CREATE ROLE gridmgr_moving SUPERUSER LOGIN'
        cluster_write_people; as_owner "$pg_bin/pg_ctl" reload -s -D "$data"; sleep 1
        sql_as gridmgr_moving -d postgres -c 'ALTER ROLE gridmgr RENAME TO gridmgr_owner'
    """,
}
FOREIGN = """
    SELECT count(*) FROM pg_class c WHERE relowner = 10 AND relnamespace = 'public'::regnamespace
      AND relname IN ('road', 'roads', 'numbers', 'road_id_seq')
"""


@needs_postgres
@pytest.mark.parametrize("state", CUT_SHORT)
def test_an_earlier_versions_database_goes_over_to_a_plain_role(var: Path, state: str) -> None:
    program = f"""
        . script/common.sh; . script/cluster.sh; prepare_var
        {OLD_CLUSTER}{CUT_SHORT[state]}
        as_owner "$pg_bin/pg_ctl" stop -s -w -m immediate -D "$data"
    """
    made = sh("bash", "-c", program, GRIDMGR_VAR=str(var))
    assert (made.returncode, made.stderr) == (0, "")

    for _ in range(2):  # the second start finds it done
        answer = in_cluster(
            var,
            f"""
            sql -d gridmgr -c "{FOREIGN}" -c "INSERT INTO road DEFAULT VALUES" -c "SELECT count(*), ST_Length(min(line)) > 1 FROM road" \\
                -c "DELETE FROM road WHERE line IS NULL" -c "ALTER TABLE road ADD extra int" -c "ALTER TABLE road DROP extra" \\
                -c "ALTER TYPE side RENAME TO kerb" -c "ALTER TYPE kerb RENAME TO side" -c "DROP FUNCTION IF EXISTS one()"
            sql -d postgres -c "SELECT rolname, rolsuper, rolcreatedb FROM pg_roles WHERE rolname LIKE 'gridmgr%' ORDER BY 1"
            sql_as gridmgr_owner -d gridmgr -c "SELECT extname FROM pg_extension WHERE extowner = 10 ORDER BY 1"
            """,
        )
        assert answer.stderr == ""
        assert answer.stdout.splitlines() == [
            *("0", "2|t"),
            *("gridmgr|f|t", "gridmgr_owner|t|t"),
            *("btree_gist", "pg_trgm", "plpgsql", "postgis"),
        ]


@needs_postgres
def test_a_new_database_belongs_to_a_plain_role_that_can_make_test_databases(var: Path) -> None:
    answer = in_cluster(
        var,
        """
        sql -d postgres -c "SELECT session_user, rolsuper FROM pg_roles WHERE rolname = session_user" -c 'CREATE DATABASE test_city'
        sql -d test_city -c "SELECT PostGIS_Lib_Version() > '3'" -c 'CREATE TABLE made (id int)'
        sql -d gridmgr -c "COPY (SELECT 1) TO PROGRAM 'cat'" || echo refused
        """,
    )
    assert answer.stdout.splitlines() == ["gridmgr|f", "t", "refused"]
