"""What a page offers: links to follow and forms to fill in."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit


@dataclass
class Form:
    """A form as the page holds it; `fields` are (name, value, kind), a choice once for each option."""

    action: str
    method: str
    fields: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def has_file(self) -> bool:
        return any(kind == "file" for _name, _value, kind in self.fields)


class Page(HTMLParser):
    """Links and forms of a page at `path`; only those of this site."""

    def __init__(self, path: str, html: str) -> None:
        super().__init__()
        self.path, self.links = path, set[str]()
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._select = ""
        self._area = ""
        self.feed(html)

    def handle_starttag(self, tag: str, given: list[tuple[str, str | None]]) -> None:
        held = {name: value or "" for name, value in given}
        for name, value in held.items():
            if name == "href" or (name.startswith("data-") and value.startswith("/")):
                self._link(value)
        if tag == "form":
            action = urljoin(self.path, held.get("action") or self.path)
            self._form = Form(action, held.get("method", "get").upper())
            self.forms.append(self._form)
        elif self._form is not None:
            self._field(tag, held)

    def _field(self, tag: str, held: dict[str, str]) -> None:
        assert self._form is not None
        name = held.get("name", "")
        if tag == "select":
            self._select = name
        elif tag == "option" and self._select:
            self._form.fields.append((self._select, held.get("value", ""), "option"))
        elif tag == "textarea" and name:
            self._area = name
            self._form.fields.append((name, "", "textarea"))
        elif tag in {"input", "button"} and name and name != "csrfmiddlewaretoken":
            self._form.fields.append((name, held.get("value", ""), held.get("type", "text")))

    def handle_data(self, data: str) -> None:
        if self._area and self._form is not None:
            name, value, kind = self._form.fields[-1]
            self._form.fields[-1] = (name, value + data, kind)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._area = ""

    def _link(self, value: str) -> None:
        parts = urlsplit(urljoin(f"http://testserver{self.path}", value))
        if parts.netloc == "testserver" and not parts.path.startswith("/static/"):
            self.links.add(parts.path + (f"?{parts.query}" if parts.query else ""))
