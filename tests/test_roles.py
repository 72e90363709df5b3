"""Roles are compared in modules called `rights` alone: whoever asks who may do what finds the whole answer there."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gridmgr.core.accounts.models import Role
from grids.enums import MemberRole
from tests.source import parsed

ROOT = Path(__file__).parents[1]
OURS = ("gridmgr", "grids", "parking", "vendors")
ELSEWHERE = {
    "gridmgr/core/accounts/models.py",  # is_staff and is_superuser follow the role, as the constraints beside say
    "gridmgr/demo/accounts.py",  # makes an account of each role
}
# Roles of another kind: who is a branch's secretary is a fact to show and to keep, and a register's columns have roles, too.
OF_ANOTHER_KIND = {"MemberRole", "Column"}
WORDS = {*Role.values, *MemberRole.values}


def comparisons(tree: ast.AST) -> Iterator[int]:
    """Lines in which a role is asked about, or the flag that follows it (is_staff is asked by Django's admin itself)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "is_superuser":
            yield node.lineno
        elif isinstance(node, ast.Compare | ast.Match):
            asked = [node.left, *node.comparators] if isinstance(node, ast.Compare) else [node]
            inside = [part for each in asked for part in ast.walk(each)]
            names = {part.id for part in inside if isinstance(part, ast.Name)}
            if not names & OF_ANOTHER_KIND and (
                any(_is_role(part) for part in inside) or ("role" in names and any(map(_is_word, inside)))
            ):
                yield node.lineno


def _is_word(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value in WORDS


def _is_role(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr == "role" or (isinstance(node.value, ast.Name) and node.value.id == "Role")
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr":
        return any(isinstance(arg, ast.Constant) and arg.value == "role" for arg in node.args)
    return False


def modules() -> list[Path]:
    return [
        path
        for app in OURS
        for path in sorted((ROOT / app).rglob("*.py"))
        if "migrations" not in path.parts and path.name != "rights.py"
    ]


def test_roles_are_compared_in_rights_alone() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in modules()
        if str(path.relative_to(ROOT)) not in ELSEWHERE
        for line in comparisons(parsed(path))
    ]
    assert found == []


def test_no_template_asks_for_a_role() -> None:
    asks = re.compile(r"\{%[^%]*\b(user|audience|reader)\.(role|is_superuser)\b[^%]*%\}")
    pages = [page for app in OURS for page in sorted((ROOT / app).rglob("*.html"))]
    assert len(pages) > 50
    assert [str(page.relative_to(ROOT)) for page in pages if asks.search(page.read_text("utf-8"))] == []


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ('if audience.role == "planner": pass', True),
        ('may = reader.role in {"planner", "administrator"}', True),
        ("may = getattr(user, 'role', '') == Role.MEMBER", True),
        ("may = kind != Role.OFFICE", True),
        ("role = audience.role\nif role == 'office': pass", True),
        ("if role in chosen: pass", False),
        ("match audience.role:\n    case 'member': pass", True),
        ("may = user.is_superuser", True),
        ("audience = Audience(role=Role.ADMINISTRATOR)", False),
        ("serving = next(each for each in members if each.role == MemberRole.SECRETARY)", False),
        ("may = may_plan(audience)", False),
    ],
)
def test_finder_of_comparisons(line: str, seen: bool) -> None:
    assert bool(list(comparisons(ast.parse(line)))) is seen
