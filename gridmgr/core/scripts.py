"""The site's scripts are ES modules: which belong to a page, their hashed names, and one classic script made of them.

A page names the module it begins with (templatetags/scripts.py). A map file that opens without a server can't import;
it holds the modules one after the other in one script (`bundle`).
"""

import re
from functools import cache
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from whitenoise.storage import CompressedManifestStaticFilesStorage

# What our modules say of each other, each at the start of a line: import … from "./x.js", and export of what is declared there.
_IMPORT = re.compile(r"""^import (?:(?P<names>\{[^{}]*\}) from )?"(?P<path>\.[^"]+)";$""", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const) ?\*? ?(?P<name>\w+))", re.MULTILINE)
_OTHER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


class HashedFiles(CompressedManifestStaticFilesStorage):
    """WhiteNoise's storage, which names the modules that a module imports by their hashed names as well."""

    support_js_module_import_aggregation = True
    max_post_process_passes = 10  # one for each step of the longest way from a module to what it imports

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._addresses: dict[str | None, str] = {}

    def url(self, name: str | None, force: bool = False) -> str:
        """The address of a file, worked out once in each process: the manifest is read at its start, and a page has twenty."""
        if force or settings.DEBUG:
            return str(super().url(name, force))
        if name not in self._addresses:
            self._addresses[name] = super().url(name)
        return self._addresses[name]


def read(name: str) -> str:
    """The text of a static file, whatever its line ends; raises FileNotFoundError."""
    found = finders.find(name)
    if not isinstance(found, str):
        raise FileNotFoundError(name)
    return Path(found).read_text(encoding="utf-8")


@cache
def modules_of(name: str) -> tuple[str, ...]:
    """Static names of the module and of all that it imports, each after what it imports; ValueError for a circle."""
    return tuple(_ordered(name, ()))


def _ordered(name: str, above: tuple[str, ...]) -> dict[str, None]:
    if name in above:
        raise ValueError(f"modules import each other: {' → '.join([*above, name])}")
    found: dict[str, None] = {}
    for match in _IMPORT.finditer(read(name)):
        found |= _ordered(_resolved(name, match["path"]), (*above, name))
    return found | {name: None}


def _resolved(name: str, path: str) -> str:
    return normpath(join(dirname(name), path))


def bundle(name: str) -> str:
    """The module with all that it imports as one classic script. Raises ValueError for a form of import or export not known here."""
    parts = [_wrapped(each) for each in modules_of(name)]
    return "\n".join(['(() => {\n"use strict";\nconst modules = {};', *parts, "})();\n"])


def _wrapped(name: str) -> str:
    text, exported = read(name), []

    def imported(match: re.Match[str]) -> str:
        names, source = match["names"], _resolved(name, match["path"])
        return f'const {names.replace(" as ", ": ")} = modules["{source}"];' if names else ""

    def noted(match: re.Match[str]) -> str:
        exported.append(match["name"])
        return ""

    text = _EXPORT.sub(noted, _IMPORT.sub(imported, text))
    if found := _OTHER.search(text):
        raise ValueError(f"{name}: no bundle can be made of “{found[0]}”")
    return f'modules["{name}"] = (() => {{\n{text}return {{ {", ".join(exported)} }};\n}})();'
