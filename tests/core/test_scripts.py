"""The site's scripts: which modules a page gets, their hashed names, and the one script made of them for files."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.template import Context, Template

from gridmgr.core import scripts

JS = Path(settings.BASE_DIR) / "gridmgr" / "static"


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """`written({"js/a.js": "…"})`: modules as they would lie among the static files."""

    def write(files: dict[str, str]) -> None:
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)

    scripts.modules_of.cache_clear()
    monkeypatch.setattr(scripts.finders, "find", lambda name: str(tmp_path / name))
    yield write
    scripts.modules_of.cache_clear()


THREE = {
    "js/page.js": 'import { twice } from "./parts/twice.js";\nimport "./parts/base.js";\nglobalThis.found = twice(21);\n',
    "js/parts/twice.js": 'import { one as unit, Counter } from "./base.js";\n\n'
    "export function twice(n) { return new Counter(n).by(unit + 1); }\n",
    "js/parts/base.js": "export const one = 1;\nexport class Counter {\n  constructor(n) { this.n = n; }\n"
    "  by(times) { return this.n * times; }\n}\nexport async function* none() {}\n",
}


def test_modules_come_after_what_they_import(written: Callable[..., None]) -> None:
    written(THREE)
    assert scripts.modules_of("js/page.js") == ("js/parts/base.js", "js/parts/twice.js", "js/page.js")


def test_bundle_does_what_its_modules_do(written: Callable[..., None], tmp_path: Path) -> None:
    written(THREE)
    text = scripts.bundle("js/page.js")
    assert not re.search(r"^(import|export)\b", text, re.MULTILINE)
    assert scripts.bundle("js/page.js") == text
    script = tmp_path / "bundle.cjs"
    script.write_text(text + "console.log(globalThis.found);")
    ran = subprocess.run(["node", str(script)], capture_output=True, text=True, check=True, timeout=30)
    assert ran.stdout == "42\n"


def test_circles_and_unknown_forms_are_refused(written: Callable[..., None]) -> None:
    written({"js/a.js": 'import { b } from "./b.js";\n', "js/b.js": 'import { a } from "./a.js";\n'})
    with pytest.raises(ValueError, match=r"import each other: js/a\.js → js/b\.js → js/a\.js"):
        scripts.modules_of("js/a.js")
    written({"js/c.js": "const x = 1;\nexport { x };\n", "js/d.js": 'import x from "./c.js";\n'})
    with pytest.raises(ValueError, match=r"js/c\.js: no bundle can be made of “export \{ x \};”"):
        scripts.bundle("js/c.js")
    with pytest.raises(ValueError, match=r"js/d\.js: no bundle can be made of “import x from"):
        scripts.bundle("js/d.js")


def test_page_asks_for_all_modules_at_once() -> None:
    html = Template("{% load scripts %}{% module 'js/jobs.js' %}").render(Context())
    assert html == (
        '<link rel="modulepreload" href="/static/js/dom.js"><link rel="modulepreload" href="/static/js/ask.js">'
        '<script type="module" src="/static/js/jobs.js"></script>'
    )


def test_hashed_modules_import_each_other_by_the_names_that_pages_give(tmp_path: Path) -> None:
    """After collectstatic each import leads to the file that {% module %} asks for: no module is loaded twice."""
    run = {"GRIDMGR_VAR": str(tmp_path), "GRIDMGR_DEBUG": "0", "GRIDMGR_SECRET_KEY": "k" * 60}
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"]
    subprocess.run(command, cwd=settings.BASE_DIR, env={**os.environ, **run}, check=True, timeout=120)
    static = tmp_path / "static"
    paths = json.loads((static / "staticfiles.json").read_text())["paths"]
    modules = [name for name in paths if name.startswith("js/") and name.endswith(".js")]
    imported = set()
    for name in modules:
        text = (static / paths[name]).read_text()
        found = re.findall(r"""^import\b[^;]*?["'](\.[^"']+)["'];""", text, re.MULTILINE)
        assert len(found) == len(re.findall(r"^import\b", text, re.MULTILINE)), name
        imported |= {scripts._resolved(paths[name], path) for path in found}
    assert len(imported) > 25
    assert imported <= {paths[name] for name in modules}


def test_every_module_can_be_part_of_a_bundle() -> None:
    for path in sorted((JS / "js").glob("*.js")):
        assert scripts.bundle(f"js/{path.name}").count('"use strict"') == 1
