"""What a browser would send back of a form that it was shown."""

from html.parser import HTMLParser
from typing import Any

from django.db.models import Model

from gridmgr.core.meanwhile import version_of


class _Forms(HTMLParser):
    """The fields of every form of a page, each form by its address."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, Any]]] = []
        self._area = self._select = ""
        self._first = False

    @property
    def _fields(self) -> dict[str, Any]:
        return self.forms[-1][1] if self.forms else {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "form":
            self.forms.append((given.get("action", ""), {}))
        elif tag == "input" and name and "disabled" not in given:
            self._input(name, given)
        elif tag == "textarea":
            self._area = name
            self._fields[name] = ""
        elif tag == "select":
            self._select, self._first = name, True
        elif tag == "option" and self._select and (self._first or "selected" in given):
            self._fields[self._select], self._first = given.get("value", ""), False

    def _input(self, name: str, given: dict[str, str]) -> None:
        kind = given.get("type", "text")
        if kind in ("submit", "button") or (kind in ("checkbox", "radio") and "checked" not in given):
            return
        self._fields[name] = given.get("value", "on" if kind == "checkbox" else "")

    def handle_data(self, data: str) -> None:
        if self._area:
            self._fields[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._fields[self._area] = self._fields[self._area].removeprefix("\n").removeprefix("\r\n")
            self._area = ""
        elif tag == "select":
            self._select = ""


def forms_on(page: Any) -> list[tuple[str, dict[str, Any]]]:
    """(address, fields as shown) of each form on a page."""
    reader = _Forms()
    reader.feed(page.content.decode())
    return reader.forms


def form_on(page: Any, *, with_field: str) -> dict[str, Any]:
    """The fields, as shown, of the form on the page that has a field of this name."""
    return next(fields for _address, fields in forms_on(page) if with_field in fields)


def form_to(page: Any, address: str) -> dict[str, Any]:
    """The fields, as shown, of the form on the page that goes to this address."""
    return next(fields for at, fields in forms_on(page) if at == address)


def as_on_screen(row: Model) -> dict[str, str]:
    """What a form carries besides what was written into it: the version of the row, as it is now."""
    return {"seen": version_of(row)}
