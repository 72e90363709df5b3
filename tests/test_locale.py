"""English: every word that the code asks gettext for is translated, and pages in English show no other Chinese than data.

To renew the catalogue, run from the root and then translate what is empty:
manage.py makemessages -l en --no-location --no-obsolete --no-wrap -i .venv -i var -i node_modules -i tests -i docs -i script
msgfmt --check -o gridmgr/locale/en/LC_MESSAGES/django.mo gridmgr/locale/en/LC_MESSAGES/django.po
"""

import ast
import gettext
import re
from collections.abc import Callable, Iterator
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models
from django.template import Context, Engine, Template
from django.template.base import Lexer, TokenType
from django.templatetags.i18n import BlockTranslateNode, TranslateNode

from tests.conftest import ROLES, RoleClient, Town
from tests.source import parsed
from tests.test_rights import PAGES

ROOT = Path(settings.BASE_DIR)
CATALOGUE = ROOT / "gridmgr" / "locale" / "en" / "LC_MESSAGES" / "django.po"
OURS = ("gridmgr", "grids", "parking", "vendors")
CHINESE = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]+")
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[-+ #0-9.]*[a-zA-Z%]")

# What is asked of gettext, and which of its arguments are the words; the first of a `p…` call is the context.
CALLS = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop"), (None, 0, None)),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (None, 0, 1)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), (0, 1, None)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), (0, 1, 2)),
}

# Chinese that stays: examples of names, which have to be typed as they are called.
KEPT = {"迎泽", "柳巷街道办"}
# Templates without translation: the page shown when nothing else works says both, the switch names a language in itself.
IN_BOTH = {"gridmgr/templates/500.html", "gridmgr/templates/parts/language.html"}

Key = tuple[str, str, str]  # context, singular, plural


def _keys(found: dict[Key, str]) -> list[str]:
    """What was found, readable: where, then the words."""
    return sorted(
        f"{where}: {context and context + ' | '}{words}" for (context, words, _n), where in found.items()
    )


# ── What the code asks for ────────────────────────────────────────────────────────────────────────────────


def _python_files() -> Iterator[Path]:
    for app in OURS:
        yield from sorted((ROOT / app).rglob("*.py"))


def _templates() -> Iterator[tuple[str, str]]:
    """Path from the root and the name under which Django loads it."""
    for app in OURS:
        for path in sorted((ROOT / app).rglob("templates/**/*.html")):
            place = path.relative_to(ROOT).as_posix()
            yield place, place.split("/templates/")[1]


def _said(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _calls(path: Path) -> Iterator[tuple[ast.Call, tuple[int | None, int, int | None]]]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Call) and _name(node) in CALLS and node.args:
            yield node, CALLS[_name(node)]


def _asked_by_python() -> Iterator[tuple[Key, str]]:
    for path in _python_files():
        for call, (context, words, plural) in _calls(path):
            said = [_said(call.args[at]) if at is not None else "" for at in (context, words, plural)]
            if said[1]:
                yield (said[0] or "", said[1], said[2] or ""), f"{path.relative_to(ROOT)}:{call.lineno}"


def _nodes(template: Template, kind: type) -> list[Any]:
    return list(template.nodelist.get_nodes_by_type(kind))


def _context(node: TranslateNode | BlockTranslateNode) -> str:
    return str(node.message_context.resolve(Context())) if node.message_context else ""


def _asked_by_templates() -> Iterator[tuple[Key, str]]:
    for place, name in _templates():
        template = Engine.get_default().get_template(name)
        for node in _nodes(template, TranslateNode):
            yield (_context(node), str(node.filter_expression.var.literal), ""), place
        for block in _nodes(template, BlockTranslateNode):
            singular = block.render_token_list(block.singular)[0]
            plural = block.render_token_list(block.plural)[0] if block.plural else ""
            yield (_context(block), singular, plural), place
        for words in re.findall(r"""\b_\("([^"]+)"\)""", (ROOT / place).read_text()):
            yield ("", words, ""), place


@cache
def _asked() -> dict[Key, str]:
    """All that the code and the templates ask for, and the first place where each is."""
    found: dict[Key, str] = {}
    for key, where in (*_asked_by_python(), *_asked_by_templates()):
        found.setdefault(key, where)
    return found


# ── What the catalogue says ───────────────────────────────────────────────────────────────────────────────


def _entries() -> Iterator[dict[str, str]]:
    """The entries of the .po file: msgctxt, msgid, msgid_plural, msgstr, msgstr[0], msgstr[1]; flags under `#,`."""
    for block in re.split(r"\n{2,}", CATALOGUE.read_text().strip()):
        entry, last = {"#,": ""}, ""
        for line in block.splitlines():
            if line.startswith("#"):
                entry["#,"] += line
                continue
            if found := re.match(r"(msg\w+(?:\[\d\])?) ", line):
                last = found[1]
                entry[last] = ""
            entry[last] += ast.literal_eval(line[line.index('"') :])
        yield entry


@cache
def _english() -> dict[Key, list[str]]:
    """What the catalogue has for each key: one form, or singular and plural."""
    return {
        (entry.get("msgctxt", ""), entry["msgid"], entry.get("msgid_plural", "")): [
            words for name, words in entry.items() if name.startswith("msgstr")
        ]
        for entry in _entries()
        if entry["msgid"]
    }


def test_code_was_read() -> None:
    """A reader that finds nothing would find nothing missing."""
    asked = _asked()
    assert ("", "道路", "") in asked
    assert ("plural", "道路", "") in asked
    assert ("", "%(n)s 条路", "%(n)s 条路") in asked
    assert len(asked) > 1000


def test_every_word_has_english() -> None:
    english = _english()
    assert _keys({key: where for key, where in _asked().items() if not all(english.get(key, [""]))}) == []


def test_catalogue_has_nothing_that_nobody_asks_for() -> None:
    assert sorted(set(_english()) - set(_asked())) == []


def test_nothing_is_asked_once_with_and_once_without_a_plural() -> None:
    """gettext keeps one entry for a singular; with two, one of them would stay Chinese."""
    plain = {(context, words) for context, words, plural in _asked() if not plural}
    counted = {(context, words) for context, words, plural in _asked() if plural}
    assert sorted(plain & counted) == []


def test_nothing_is_left_unsure() -> None:
    assert [entry["msgid"] for entry in _entries() if "fuzzy" in entry["#,"]] == []


def test_no_chinese_in_the_english() -> None:
    found = {key: [CHINESE.findall(words) for words in forms] for key, forms in _english().items()}
    left = {key: runs for key, runs in found.items() if {run for form in runs for run in form} - KEPT}
    assert left == {}


def test_placeholders_agree() -> None:
    """Each form holds the placeholders of the Chinese, each as often; without names, in the same order."""

    def held(words: str) -> list[str]:
        return sorted(PLACEHOLDER.findall(words)) if "%(" in words else PLACEHOLDER.findall(words)

    formats = {entry["msgid"] for entry in _entries() if "python-format" in entry["#,"]}
    differing = {
        key: forms
        for key, forms in _english().items()
        if "%(" in key[1] or key[1] in formats
        for form in forms
        if held(form) != held(key[1])
    }
    assert differing == {}


def test_compiled_catalogue_says_the_same() -> None:
    with CATALOGUE.with_suffix(".mo").open("rb") as compiled:
        said = {key: words for key, words in gettext.GNUTranslations(compiled)._catalog.items() if key}  # type: ignore[attr-defined]
    expected: dict[Any, str] = {}
    for (context, words, plural), forms in _english().items():
        name = f"{context}\x04{words}" if context else words
        expected |= {(name, n): form for n, form in enumerate(forms)} if plural else {name: forms[0]}
    assert said == expected


# ── What is not asked for ─────────────────────────────────────────────────────────────────────────────────


def test_no_f_string_is_asked_for() -> None:
    """gettext(f"…") asks for words that no catalogue can hold."""
    wrong = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in _python_files()
        for call, (_context, words, _plural) in _calls(path)
        if isinstance(call.args[words], ast.JoinedStr)
    ]
    assert wrong == []


def test_templates_have_no_chinese_outside_of_translations() -> None:
    bare = [
        (place, token.contents.strip())
        for place, _name in _templates()
        if place not in IN_BOTH
        for token in Lexer(_without_translations(place)).tokenize()
        if token.token_type == TokenType.TEXT and CHINESE.search(token.contents)
    ]
    assert bare == []


def _without_translations(place: str) -> str:
    text = (ROOT / place).read_text()
    for name in ("blocktranslate", "comment"):
        text = re.sub(rf"{{%\s*{name}\b.*?end{name}\s*%}}", "", text, flags=re.DOTALL)
    return text


def test_scripts_have_no_chinese() -> None:
    """Scripts get their words from the page, in its language."""
    bare = {
        path.relative_to(ROOT).as_posix(): [
            line.strip() for line in _code_lines(path) if CHINESE.search(line)
        ]
        for path in sorted((ROOT / "gridmgr" / "static" / "js").rglob("*.js"))
    }
    assert len(bare) > 30
    assert {name: lines for name, lines in bare.items() if lines} == {}


def _code_lines(path: Path) -> list[str]:
    code = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
    return [re.sub(r"(^|\s)//.*", "", line) for line in code.splitlines()]


# ── Pages in English ──────────────────────────────────────────────────────────────────────────────────────


def _data() -> list[str]:
    """All Chinese that is stored, longest first; what is also a word of the pages is not taken for data."""
    stored: set[str] = set()
    for model in apps.get_models(include_auto_created=True):
        texts = [each.attname for each in model._meta.concrete_fields if isinstance(each, TEXTS)]
        for row in model._default_manager.values_list(*texts) if texts else ():
            stored |= {run for value in row for run in _texts_in(value)}
    words_of_pages = {words for _context, words, _plural in _asked()}
    return sorted((text for text in stored - words_of_pages if CHINESE.search(text)), key=len, reverse=True)


TEXTS = (models.CharField, models.TextField, models.JSONField)


def _texts_in(value: Any) -> Iterator[str]:
    """The strings of a stored value, also inside of JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts_in(each)


def _chinese_left(page: str, data: list[str]) -> list[str]:
    """Chinese in a page's words, attributes and scripts that is neither data nor the language switch."""
    page = re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), page)
    page = re.sub(r"<datalist.*?</datalist>", "", page, flags=re.DOTALL)  # suggested values are data to be
    page = unescape(re.sub(r'<button name="language".*?</button>', "", page))
    for text in data:
        page = page.replace(text, "")
    return [page[max(0, run.start() - 30) : run.end() + 30] for run in CHINESE.finditer(page)]


def _in_english(client: Any) -> Any:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    return client


@pytest.mark.parametrize("role", ["secretary", "administrator"])
def test_pages_in_english_have_no_other_chinese_than_data(
    role: str, town: Town, client_as: Callable[..., RoleClient]
) -> None:
    branch = {"branch": town.own.branch} if role == "secretary" else {}
    client = _in_english(client_as(role, **branch))
    left, read = {}, 0
    for route, (address, answers) in PAGES.items():
        if answers[ROLES.index(role)] != 200:
            continue
        answer = client.get(address(town.own))  # some addresses store what they are about
        if answer["Content-Type"].partition(";")[0] in {"text/html", "application/json"}:
            read += 1
            if found := _chinese_left(answer.content.decode(), [*_data(), *KEPT]):
                left[route] = found[:5]
    assert left == {}
    assert read > 20


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/login/", "/nowhere/"])
def test_pages_before_login_are_in_english(address: str, client: Any) -> None:
    answer = _in_english(client).get(address, follow=True)
    assert _chinese_left(answer.content.decode(), []) == []
    assert 'lang="en"' in answer.content.decode()
