"""A layer's name stands in its declaration alone; everywhere else the layer itself is asked for it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from gridmgr.catalog import by_name
from tests.source import parsed

ROOT = Path(__file__).parents[1]
HOUSES = ("gridmgr", "grids", "parking", "vendors")
DECLARATIONS = {"layers.py", "catalog.py"}
# Calls in which the word names a relation of a model or a gap in a statement, and objects that hold what somebody sent.
RELATIONS = {
    *("prefetch_related", "select_related", "values", "values_list", "order_by", "Prefetch"),
    *("among", "Gap"),
}
SENT = {"GET", "POST", "cleaned_data", "options", "fields", "asked", "data", "given", "tidied"}
TAG = re.compile(r"{%.*?%}|{{.*?}}", re.DOTALL)
QUOTED = re.compile(r"""["']([^"']*)["']""")


def sources() -> list[Path]:
    found = [path for house in HOUSES for path in sorted((ROOT / house).rglob("*.py"))]
    return [path for path in found if path.name not in DECLARATIONS and "migrations" not in path.parts]


def literals(path: Path) -> Iterator[tuple[int, str]]:
    """Line and name of each literal that names a layer; the same word as another thing's name is none."""
    tree = parsed(path)
    above = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value in by_name() and not _another(node, above):
            yield node.lineno, str(node.value)


def _another(node: ast.AST, above: dict[ast.AST, ast.AST]) -> bool:
    """Whether the word is the name of something else: a field, a parameter, a place in a template or a sentence."""
    parent = above[node]
    if isinstance(
        parent, ast.Dict
    ):  # a context, a body of JSON, the words of a sentence; but no table of the module
        return node in parent.keys and _inside(parent, above, ast.FunctionDef)
    if isinstance(parent, ast.keyword):
        return parent.arg == "related_name"
    if isinstance(parent, ast.Subscript):
        return _called(parent.value) in SENT
    if isinstance(parent, ast.Call):
        return _called(parent.func) in RELATIONS or _asks_what_was_sent(parent)
    if isinstance(parent, ast.List) and isinstance(above[parent], ast.Assign):
        return _called(above[parent].targets[0]) == "__all__"  # type: ignore[attr-defined]
    choice = isinstance(parent, (ast.Assign, ast.Tuple)) and _inside(parent, above, ast.ClassDef)
    return choice and not _inside(parent, above, ast.FunctionDef)  # a member of an enum


def _asks_what_was_sent(call: ast.Call) -> bool:
    """`request.GET.get("…")`, or a reader of one parameter: `whole(data, "…", 1)`."""
    owner = call.func.value if isinstance(call.func, ast.Attribute) else call.func
    return bool(SENT & {_called(node) for node in (owner, *call.args)})


def _inside(node: ast.AST | None, above: dict[ast.AST, ast.AST], kind: type[ast.AST]) -> bool:
    while node is not None and not isinstance(node, kind):
        node = above.get(node)
    return node is not None


def _called(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def test_no_source_names_a_layer_outside_its_declaration() -> None:
    found = [f"{path.relative_to(ROOT)}:{line} {name}" for path in sources() for line, name in literals(path)]
    assert found == []


def test_no_template_names_a_layer() -> None:
    found = [
        f"{path.relative_to(ROOT)} {tag.group()[:80]}"
        for house in HOUSES
        for path in sorted((ROOT / house).rglob("*.html"))
        for tag in TAG.finditer(path.read_text(encoding="utf-8"))
        if any(word in by_name() for word in QUOTED.findall(tag.group()))
    ]
    assert found == []


def test_the_search_for_literals_tells_layers_from_other_words(tmp_path: Path) -> None:
    code = """
TABLE = {"bays": 1}
class Kind(TextChoices):
    WATER = "water", _("水域")
def view(request):
    if layer.name == "roads":
        return reverse("sites")
    return render(request, {"bays": request.GET.get("pitches"), "x": _("%(roads)s") % {"roads": 1}}, way="schools")
"""
    (tmp_path / "made.py").write_text(code, encoding="utf-8")
    assert [name for _line, name in literals(tmp_path / "made.py")] == ["bays", "roads", "sites", "schools"]
