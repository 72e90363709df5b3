"""What nginx before the service promises, tried on the file that docs/deployment.md has people copy."""

import gzip
import re
import socket
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection, IncompleteRead
from typing import Any
from urllib.parse import urlencode

import pytest

from gridmgr.core.accounts.address import home_of
from gridmgr.core.accounts.models import LoginTry
from script.benchmarks.stack import HOST, Stack, any_certificate
from tests.conftest import Town

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

SLOW = 200
SLOW_SECONDS = 30
CHECKS = 20
LARGE = "/static/vendor/leaflet/leaflet.js"  # costs the service little: what is slow here is the line, not the page


def test_slow_connections_do_not_keep_the_others_waiting(
    stack: Stack, town: Town, client_as: Callable[..., Any], cookie_of: Callable[..., str]
) -> None:
    """A third each sends its head by the letter, its body by the letter, and reads its answer by the letter."""
    cookie = cookie_of(client_as("office"))
    kinds = [_slow_head, _slow_body, _slow_reader]
    over = threading.Event()
    slow = [
        threading.Thread(target=kinds[n % 3], args=(stack.https, cookie, over), daemon=True)
        for n in range(SLOW)
    ]
    for each in slow:
        each.start()
    while len(_opened) < SLOW:  # the handshakes are the test's own work
        time.sleep(0.1)
    took = []
    for _ in range(CHECKS):
        began = time.monotonic()
        answer, _body = stack.ask("/healthz", timeout=10)
        took.append(time.monotonic() - began)
        assert answer.status == 200
        time.sleep(max(0.0, SLOW_SECONDS / CHECKS - took[-1]))
    still = sum(each.is_alive() for each in slow)
    over.set()
    assert max(took) < 1, [round(each, 2) for each in took]
    assert still >= SLOW / 2, f"only {still} of {SLOW} were still at it: the test shows nothing"


_opened: list[Any] = []


def _open(port: int) -> Any:
    plain = socket.create_connection(("127.0.0.1", port), timeout=30)
    line = any_certificate().wrap_socket(plain, server_hostname=HOST)
    _opened.append(line)
    return line


def _slow_head(port: int, cookie: str, over: threading.Event) -> None:
    """nginx gives up on it after client_header_timeout; then it comes again."""
    while not over.is_set():
        try:
            with _open(port) as line:
                line.sendall(f"GET /map/ HTTP/1.1\r\nHost: {HOST}\r\nCookie: {cookie}\r\nX-Slow: ".encode())
                while not over.wait(1):
                    line.sendall(b"a")
        except OSError:
            continue


def _slow_body(port: int, cookie: str, over: threading.Event) -> None:
    head = f"POST /login/ HTTP/1.1\r\nHost: {HOST}\r\nCookie: {cookie}\r\nContent-Length: 100000\r\n\r\n"
    while not over.is_set():
        try:
            with _open(port) as line:
                line.sendall(head.encode())
                while not over.wait(1):
                    line.sendall(b"a")
        except OSError:
            continue


def _slow_reader(port: int, cookie: str, over: threading.Event) -> None:
    while not over.is_set():
        try:
            with _open(port) as line:
                line.sendall(f"GET {LARGE} HTTP/1.1\r\nHost: {HOST}\r\nCookie: {cookie}\r\n\r\n".encode())
                while not over.wait(1) and line.recv(16):
                    pass
        except OSError:
            continue


def test_pages_are_sent_compressed(
    stack: Stack, town: Town, client_as: Callable[..., Any], cookie_of: Callable[..., str]
) -> None:
    cookie = cookie_of(client_as("secretary", branch=town.own.branch))
    answer, body = stack.ask("/my/", Cookie=cookie, Accept_Encoding="gzip")
    assert (answer.status, answer.headers["Content-Encoding"]) == (200, "gzip")
    page = gzip.decompress(body)
    assert town.own.road.name in page.decode()
    assert len(body) < len(page) / 2


def test_an_upload_beyond_the_limit_is_refused_in_words(stack: Stack) -> None:
    connection = stack.connect()
    connection.putrequest("POST", "/data/import/", skip_host=True)
    connection.putheader("Host", HOST)
    connection.putheader("Content-Length", str(101 * 1024 * 1024))
    connection.endheaders()
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    assert answer.status == 413
    assert "一次最多上传 100 MB,什么都没有保存" in text
    assert "100 MB at most" in text


def test_an_upload_within_the_limit_reaches_the_service(
    stack: Stack, client_as: Callable[..., Any], cookie_of: Callable[..., str]
) -> None:
    """5 MB are more than nginx's own default lets through; the service, not nginx, says what it thinks of them."""
    cookie = cookie_of(client_as("office"))
    answer, _ = stack.ask(
        "/login/",
        method="POST",
        body=b"x" * 5_000_000,
        Cookie=cookie,
        Content_Type="application/x-www-form-urlencoded",
    )
    assert answer.status in {400, 403, 413}
    assert answer.headers["Content-Security-Policy"], "not the service's own answer"


def test_while_the_web_processes_are_away_people_read_so(stack: Stack) -> None:
    stack.stop_web()
    answer, body = stack.ask("/login/")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "10")
    assert "请过十秒再试" in body.decode()
    stack.start_web()
    assert stack.ask("/login/")[0].status == 200


def test_plain_http_leads_to_tls_and_tls_is_believed(stack: Stack) -> None:
    plain = HTTPConnection("127.0.0.1", stack.http, timeout=10)
    plain.request("GET", "/my/?a=1", headers={"Host": HOST})
    answer = plain.getresponse()
    assert (answer.status, answer.headers["Location"]) == (301, f"https://{HOST}/my/?a=1")
    secure, _ = stack.ask("/login/")
    assert secure.status == 200  # not redirected in a circle
    assert "max-age=31536000" in secure.headers["Strict-Transport-Security"]
    assert "Secure" in secure.headers["Set-Cookie"]


def test_the_service_knows_the_address_that_nginx_saw_and_no_other(stack: Stack) -> None:
    """A client on 127.0.0.2 that claims another address: what counts for the limits of logins is 127.0.0.2."""
    line = stack.connect(source="127.0.0.2")
    claims = {"Host": HOST, "X-Forwarded-For": "203.0.113.9", "Referer": f"https://{HOST}/login/"}
    line.request("GET", "/login/", headers=claims)
    answer = line.getresponse()
    token = re.search(r"csrftoken=([^;]+)", str(answer.headers["Set-Cookie"]))
    answer.read()
    assert token
    cookie = {"Cookie": f"csrftoken={token[1]}", "Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode({"username": "nobody", "password": "wrong", "csrfmiddlewaretoken": token[1]})
    line.request("POST", "/login/", body=body, headers=claims | cookie)
    assert line.getresponse().status == 200
    line.close()
    assert [row.address for row in LoginTry.objects.filter(name="nobody")] == [home_of("127.0.0.2")]


def test_a_host_name_that_is_not_ours_gets_nothing(stack: Stack) -> None:
    connection = stack.connect()
    connection.request("GET", "/login/", headers={"Host": "evil.example"})
    assert connection.getresponse().status == 400
    connection.close()


def test_an_answer_that_breaks_off_is_seen_to_break_off(stack: Stack) -> None:
    """The web process dies in the middle of a chunked answer: the client gets no valid-looking end."""
    stack.stop_web()
    with socket.create_server(("127.0.0.1", stack.web)) as dying:
        threading.Thread(target=_answer_half, args=(dying,), daemon=True).start()
        with pytest.raises(IncompleteRead):
            stack.ask("/layers/bays.geojson")


def _answer_half(listening: socket.socket) -> None:
    line, _ = listening.accept()
    with line:
        line.recv(4096)
        piece = b'{"type":"FeatureCollection","features":['
        line.sendall(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(piece), piece)
        )
