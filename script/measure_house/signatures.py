"""How many functions say Any where they could say what they take and give."""

import ast
from collections.abc import Iterable
from pathlib import Path


def share(paths: Iterable[Path]) -> float:
    """Of all functions in the files, the share with Any in the annotation of an argument or of what is returned."""
    functions = [
        node
        for path in paths
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return sum(map(_says_any, functions)) / max(len(functions), 1)


def _says_any(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    given = function.args
    arguments = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    annotations = [function.returns, *(each.annotation for each in arguments if each)]
    return any(_has_any(each) for each in annotations if each)


def _has_any(annotation: ast.expr) -> bool:
    for node in ast.walk(annotation):
        if isinstance(node, ast.Name) and node.id == "Any":
            return True
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _has_any(_read(node.value)):
            return True
    return False


def _read(text: str) -> ast.expr:
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError:  # the words of a Literal
        return ast.Constant(None)
