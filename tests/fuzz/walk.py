"""A seeded walk over every route with every role and method: valid requests of which one thing is odd."""

import json
import re
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from django.conf import settings
from django.core.signals import got_request_exception
from django.test import Client
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve

from tests.fuzz import odd
from tests.fuzz.reading import Form, Page

METHODS = ("HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
KEPT = 12  # addresses and forms remembered for each route
MOST_PAGE = 400_000  # characters of a page that are read for links and forms
# Routes that draw, read files or plan for a second or more: asked for less often.
SLOW = re.compile(r"^(export/map/|briefing/|data/import/$|data/register/$|data/export/file|plan/suggest/)")
BOUNDARY = "odd-boundary"

SeedPath = str
Route = str


@dataclass(frozen=True)
class Asked:
    """One request, and how it is told in a report."""

    role: str
    method: str
    path: str
    query: str = ""
    body: bytes = b""
    content_type: str = "application/x-www-form-urlencoded"
    headers: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        said = f"{self.role}: {self.method} {self.path[:300]}"
        said += f"?{self.query[:400]}" if self.query else ""
        said += f"\n    {self.content_type[:80]} {self.body[:900]!r}" if self.body else ""
        return said + (f"\n    {self.headers!r}"[:700] if self.headers else "")


@dataclass
class Fault:
    """An answer of 5xx, or a stream that broke."""

    asked: Asked
    status: int
    trace: str

    def __str__(self) -> str:
        return f"{self.status} {self.asked}\n{self.trace}"


@dataclass
class Walk:
    """Walks with one client for each role ('' is nobody); `seeds` are addresses known to answer, `drafts` JSON bodies by route."""

    seed: int
    clients: dict[str, Client]
    seeds: list[SeedPath]
    drafts: dict[Route, Any]
    log_in: Callable[[str, Client], None]
    faults: list[Fault] = field(default_factory=list)
    asked: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    seen: set[Route] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.routes = dict(_routes())
        self.names = sorted(_parameter_names())
        self.pages: dict[Route, list[str]] = {route: [] for route in self.routes}
        self.forms: dict[Route, list[Form]] = {route: [] for route in self.routes}
        self._raised: list[str] = []

    # ── Asking ────────────────────────────────────────────────────────────────────────────────────────────

    def warm_up(self) -> None:
        """Reads what every route's valid address offers."""
        admin = [f"/{route}" for route in self.routes if route.startswith("admin/") and "<" not in route]
        for path in [*self.seeds, *(each for each in admin if each != "/admin/logout/")]:
            self._learn(path)
            self.ask(_get("administrator", path))
        for path in (*self.seeds[:: len(self.seeds) // 60 or 1], "/login/"):
            self.ask(_get("", path))
        for route in [each for each in self.routes if each.endswith("/change/")]:
            for path in self.pages[route][:1]:
                self.ask(_get("administrator", path))

    def go(self, requests: int) -> None:
        """So many requests, each drawn from the seed and its number."""
        names = list(self.routes)
        for number in range(requests):
            chance = Random(f"{self.seed}:{number}")
            route = chance.choice(names)
            if SLOW.match(route) and chance.random() < 0.8:
                route = chance.choice(names)
            self.ask(self._made(route, chance))

    def ask(self, asked: Asked) -> None:
        """Asks, reads the whole answer, and notes a fault."""
        self.asked += 1
        client = self.clients[asked.role]
        self._raised.clear()
        got_request_exception.connect(self._note, dispatch_uid="fuzz")
        try:
            response: Any = client.generic(
                asked.method,
                asked.path,
                asked.body,
                asked.content_type,
                **_environ(asked, client),  # type: ignore[arg-type]
            )
            text = _text(response)
            status = response.status_code
        except Exception:  # noqa: BLE001  (whatever it is, it is a fault)
            self._raised.append(traceback.format_exc()[-2500:])
            status, text, response = 599, "", None
        finally:
            got_request_exception.disconnect(dispatch_uid="fuzz")
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if status >= 500:
            self.faults.append(Fault(asked, status, "\n".join(self._raised[-2:]) or text[:600]))
        elif response is not None:
            self._look(asked, response, text)

    def _note(self, **_: Any) -> None:
        self._raised.append(traceback.format_exc()[-2500:])

    def _look(self, asked: Asked, response: Any, text: str) -> None:
        route = _route_of(asked.path)
        if route in self.pages and response.status_code < 400:
            self.seen.add(route)
        if asked.role and (asked.method != "GET" or response.get("Location", "").startswith("/login")):
            self.log_in(asked.role, self.clients[asked.role])
        if response.get("Content-Type", "").startswith("text/html") and response.status_code == 200:
            page = Page(asked.path, text[:MOST_PAGE])
            for link in sorted(page.links)[:200]:
                self._learn(link)
            for form in page.forms:
                _keep(self.forms.get(_route_of(urlsplit(form.action).path), []), form, self.asked)

    def _learn(self, address: str) -> None:
        held = self.pages.get(_route_of(urlsplit(address).path))
        if held is not None and address not in held:
            _keep(held, address, self.asked)

    # ── Making ────────────────────────────────────────────────────────────────────────────────────────────

    def _made(self, route: Route, chance: Random) -> Asked:
        role = self._role(route, chance)
        kind = chance.random()
        if self.forms[route] and kind < 0.5:
            asked = self._of_form(role, route, chance)
        elif route in self.drafts and kind < 0.9:
            asked = self._of_json(role, route, chance)
        elif kind < 0.93:
            asked = self._of_page(role, route, chance)
        else:
            asked = self._of_any_method(role, route, chance)
        return _with_headers(asked, chance) if chance.random() < 0.2 else asked

    def _role(self, route: Route, chance: Random) -> str:
        roles = sorted(self.clients)
        if route.startswith("admin/") and chance.random() < 0.8:
            return "administrator"
        return chance.choice([*roles, "administrator", "planner", "secretary"])

    def _address(self, route: Route, chance: Random) -> tuple[str, str]:
        """Path and query: a known address, or the route with a value of it odd."""
        known = chance.choice(self.pages[route]) if self.pages[route] else ""
        path, query = urlsplit(known).path, urlsplit(known).query
        if not known or (chance.random() < 0.3 and "<" in route):
            path = self._built(route, path, chance)
        return path, query

    def _built(self, route: Route, known: str, chance: Random) -> str:
        kept: dict[str, Any] = dict(resolve(known).kwargs) if known else {}
        names = re.findall(r"<(?:\w+:)?(\w+)>", route)
        if not names or route.startswith("^"):
            return known or "/" + re.sub(r"[\^$\\]|\(.*?\)", "1", route)
        kept[chance.choice(names)] = odd.text(chance) or "1"

        def value(match: re.Match[str]) -> str:
            found = kept.get(match[1], chance.choice(("1", "2", "abc", "TD-01")))
            return quote(str(found).encode("utf-8", "surrogatepass"), safe="")

        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", value, route)

    def _of_page(self, role: str, route: Route, chance: Random) -> Asked:
        path, query = self._address(route, chance)
        pairs = parse_qsl(query, keep_blank_values=True)
        if chance.random() < 0.75:
            pairs = _one_odd(pairs, chance, [*self.names, *(name for name, _value in pairs)])
        return Asked(role, "GET", path, _encoded(pairs))

    def _of_form(self, role: str, route: Route, chance: Random) -> Asked:
        form = chance.choice(self.forms[route])
        pairs = [(name, _option(value, kind, chance)) for name, value, kind in _filled(form, chance)]
        for _times in range(chance.choice((0, 1, 1, 1, 2))):
            pairs = _one_odd(pairs, chance, [name for name, _value in pairs] or self.names)
        path, query = urlsplit(form.action).path, urlsplit(form.action).query
        if chance.random() < 0.1:
            path, query = self._address(route, chance)
        if form.method != "POST":
            return Asked(role, "GET", path, _encoded(pairs))
        if form.has_file or chance.random() < 0.1:
            body = _multipart(pairs, [name for name, _value, kind in form.fields if kind == "file"], chance)
            return Asked(role, "POST", path, query, body, f"multipart/form-data; boundary={BOUNDARY}")
        return Asked(role, "POST", path, query, _encoded(pairs).encode())

    def _of_json(self, role: str, route: Route, chance: Random) -> Asked:
        body = (
            json.dumps(self.drafts[route])
            if chance.random() < 0.1
            else odd.mutated(self.drafts[route], chance)
        )
        return Asked(role, "POST", f"/{route}", "", body.encode("utf-8", "surrogatepass"), "application/json")

    def _of_any_method(self, role: str, route: Route, chance: Random) -> Asked:
        path, query = self._address(route, chance)
        method = chance.choice((*METHODS, "POST"))
        body = chance.choice(
            (b"", b"x", odd.text(chance).encode("utf-8", "surrogatepass"), chance.choice(odd.FILES))
        )
        kind = chance.choice(
            ("application/json", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
        )
        return Asked(role, method, path, query, body, kind)


def _get(role: str, address: str) -> Asked:
    parts = urlsplit(address)
    return Asked(role, "GET", parts.path, parts.query)


def _text(response: Any) -> str:
    parts = response.streaming_content if response.streaming else [response.content]
    body = b"".join(parts)
    response.close()
    return body.decode("utf-8", "replace") if "text/html" in response.get("Content-Type", "") else ""


def _keep(held: list[Any], new: Any, number: int) -> None:
    """Keeps KEPT of all that come, the later in place of an earlier one."""
    if len(held) < KEPT:
        held.append(new)
    else:
        held[number % KEPT] = new


def _option(value: str, kind: str, chance: Random) -> str:
    return "" if kind in {"option", "radio"} and chance.random() < 0.02 else value


def _filled(form: Form, chance: Random) -> Iterator[tuple[str, str, str]]:
    """The form's fields with one of each choice, and one of its buttons at most."""
    chosen: dict[str, tuple[str, str, str]] = {}
    buttons = [each for each in form.fields if each[2] in {"submit", "button"}]
    for each in form.fields:
        name, _value, kind = each
        if kind in {"submit", "button", "file", "checkbox"} and (kind != "checkbox" or chance.random() < 0.5):
            continue
        if kind in {"option", "radio"} and name in chosen and chance.random() < 0.5:
            continue
        chosen[name] = each
    yield from chosen.values()
    if buttons and chance.random() < 0.7:
        yield chance.choice(buttons)


def _one_odd(pairs: list[tuple[str, str]], chance: Random, names: list[str]) -> list[tuple[str, str]]:
    """The pairs with one value odd, missing, doubled, or of a name that nobody asked for."""
    kept, name = list(pairs), chance.choice(names)
    way = chance.random()
    where = next((index for index, pair in enumerate(kept) if pair[0] == name), None)
    if where is None or way < 0.1:
        kept.append((name, odd.text(chance)))
    elif way < 0.17:
        del kept[where]
    elif way < 0.2:
        kept[where] = (name + chance.choice(("", "[]", "\0", "__gte", "-0-x")), odd.text(chance))
    else:
        kept[where] = (name, odd.text(chance))
    return kept


def _encoded(pairs: list[tuple[str, str]]) -> str:
    return urlencode(pairs, errors="surrogatepass")


def _multipart(pairs: list[tuple[str, str]], files: list[str], chance: Random) -> bytes:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode(
            "utf-8", "surrogatepass"
        )
        for name, value in pairs
    ]
    for name in files:
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{chance.choice(odd.FILE_NAMES)}"\r\n\r\n'
        parts.append(head.encode("utf-8", "surrogatepass") + chance.choice(odd.FILES) + b"\r\n")
    whole = b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()
    return whole if chance.random() < 0.95 else whole[: len(whole) // 2]


def _with_headers(asked: Asked, chance: Random) -> Asked:
    chosen = chance.sample(sorted(odd.HEADERS), chance.choice((1, 1, 2)))
    headers = tuple((name, chance.choice(odd.HEADERS[name])) for name in chosen)
    return Asked(**{**vars(asked), "headers": headers})


def _environ(asked: Asked, client: Client) -> dict[str, str]:
    """The headers as a server hands them on: bytes, read as Latin-1."""
    environ = {"QUERY_STRING": asked.query}
    for name, value in asked.headers:
        said = value.encode("utf-8", "surrogatepass").decode("latin-1")
        key = name.upper().replace("-", "_")
        if key == "COOKIE" and "sessionid" not in said and "sessionid" in client.cookies:
            said = f"sessionid={client.cookies['sessionid'].value}; {said}"
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = said
    return environ


def _routes(resolver: Any = None, prefix: str = "") -> Iterator[tuple[Route, URLPattern]]:
    for each in (resolver or get_resolver()).url_patterns:
        route = prefix + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from _routes(each, route)
        else:
            yield route, each


def _route_of(path: str) -> Route:
    try:
        return str(resolve(path).route)
    except (Resolver404, ValueError, UnicodeError):
        return ""


def _parameter_names() -> set[str]:
    """What pages read from a query or form, as their source says it."""
    names = set[str]()
    for app in ("gridmgr", "grids", "parking", "vendors"):
        for path in sorted((Path(settings.BASE_DIR) / app).rglob("*.py")):
            said = path.read_text(encoding="utf-8")
            names.update(
                re.findall(r"(?:GET|POST|data|given|asked|first)(?:\.get(?:list)?\(|\[)\s*\"(\w+)\"", said)
            )
    return names | {
        "page",
        "next",
        "_popup",
        "_to_field",
        "_changelist_filters",
        "e",
        "o",
        "p",
        "all",
        "q",
        "pk__gte",
        "is_demo__exact",
    }
