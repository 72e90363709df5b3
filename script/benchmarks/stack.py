"""The service as docs/deployment.md has it run: Debian's nginx with the shipped file, gunicorn, PostGIS; on loopback alone.

Used by `script/bench load` and by tests/stack/.
"""

import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from getpass import getuser
from http.client import HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "docs" / "deploy" / "nginx.conf"
HOST = "grid.example.cn"


@dataclass
class Stack:
    """Where the parts listen, and what stops and starts the web processes."""

    http: int
    https: int
    web: int
    stop_web: Callable[[], None]
    start_web: Callable[[], None]

    def connect(self, *, timeout: float = 30, source: str = "127.0.0.1") -> HTTPSConnection:
        """A TLS connection to nginx from that address of loopback."""
        return HTTPSConnection(
            "127.0.0.1", self.https, timeout=timeout, context=any_certificate(), source_address=(source, 0)
        )

    def ask(
        self, path: str, *, method: str = "GET", body: Any = None, timeout: float = 30, **headers: str
    ) -> tuple[HTTPResponse, bytes]:
        """One request through nginx: the answer and its body."""
        connection = self.connect(timeout=timeout)
        try:
            sent = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body=body, headers={"Host": HOST, **sent})
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()


def any_certificate() -> ssl.SSLContext:
    """The stack's certificate is signed by nobody."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@contextmanager
def running(folder: Path, environment: Mapping[str, str]) -> Iterator[Stack]:
    """The stack with its files in `folder`; `environment` names database, keys and GRIDMGR_VAR with collected files."""
    ports = _free_ports(3)
    web: list[subprocess.Popen[bytes]] = []

    def start_web() -> None:
        web.append(_gunicorn(ports[2], environment))
        _await(ports[2])

    def stop_web() -> None:
        _end(web.pop())

    start_web()
    proxy = _nginx(folder, http=ports[0], https=ports[1], web=ports[2])
    try:
        _await(ports[1])
        yield Stack(ports[0], ports[1], ports[2], stop_web, start_web)
    finally:
        _end(proxy)
        while web:
            stop_web()


def _free_ports(count: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def _gunicorn(port: int, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """The web processes with the very options of script/server, behind TLS."""
    own = {"GRIDMGR_HTTPS": "1", "GRIDMGR_ALLOWED_HOSTS": HOST, "GRIDMGR_TRUSTED_PROXIES": "127.0.0.1"}
    return subprocess.Popen(
        [sys.executable, *_options(port)], cwd=ROOT, env={**os.environ, **own, **environment}
    )


def _options(port: int) -> list[str]:
    lines = (ROOT / "script" / "server").read_text(encoding="utf-8").split('[web]="', 1)[1].split('"', 1)[0]
    for setting, value in {
        "$host": "127.0.0.1",
        "$port": str(port),
        "${GRIDMGR_WORKERS:-2}": "2",
        "${GRIDMGR_THREADS:-4}": "4",
    }.items():
        lines = lines.replace(setting, value)
    if "$" in lines:
        raise ValueError(f"script/server has a setting that is not known here: {lines}")
    return lines.split()


def _nginx(folder: Path, *, http: int, https: int, web: int) -> subprocess.Popen[bytes]:
    """The shipped file with other ports and a certificate of its own, in a bare nginx.conf."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    if program is None:
        raise FileNotFoundError("Debian's nginx is missing: script/bootstrap --dev brings it")
    place = folder / "nginx"
    place.mkdir()
    _certificate(place)
    site = SHIPPED.read_text(encoding="utf-8")
    for old, new in {
        "listen 80;": f"listen 127.0.0.1:{http};",
        "listen 443 ssl": f"listen 127.0.0.1:{https} ssl",
        "127.0.0.1:8000": f"127.0.0.1:{web}",
        "/etc/ssl/grid.example.cn": str(place / "grid.example.cn"),
    }.items():
        if old not in site:
            raise ValueError(f"{SHIPPED} no longer says {old!r}")
        site = site.replace(old, new)
    (place / "site.conf").write_text(site, encoding="utf-8")
    (place / "nginx.conf").write_text(_BARE.format(place=place, user=getuser()), encoding="utf-8")
    return subprocess.Popen([program, "-p", str(place), "-c", str(place / "nginx.conf")])


# What Debian's own nginx.conf has around a site, with files of this folder; the folder may be closed to other users.
_BARE = """daemon off;
user {user};
worker_processes auto;
pid {place}/pid;
error_log {place}/error.log;
events {{ worker_connections 768; }}
http {{
    access_log off;
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
    include {place}/site.conf;
}}
"""


def _certificate(place: Path) -> None:
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        f"/CN={HOST}",
    ]
    files = ["-keyout", str(place / "grid.example.cn.key"), "-out", str(place / "grid.example.cn.pem")]
    subprocess.run([*command, *files], check=True, capture_output=True)


def _await(port: int, seconds: float = 90) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=2).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
