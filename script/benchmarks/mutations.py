"""One-line changes to Python source that a test should notice: what can be changed where, and the changed text."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

Edit = tuple[str, ast.expr | ast.stmt, str]  # what is done, the node, the text in its place

COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.Gt, ast.LtE: ast.GtE, ast.Gt: ast.Lt, ast.GtE: ast.LtE,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
COUNTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip


@dataclass(frozen=True)
class Mutation:
    """A change on one line: `before` and `after` are the line; `first` to `last` the lines of its statement.

    `at_import`: the statement runs when the module is imported, not when a function of it is called.
    """

    path: str
    line: int
    kind: str
    before: str
    after: str
    first: int
    last: int
    at_import: bool

    def applied(self, text: str) -> str:
        """The file with the change."""
        lines = text.split("\n")
        lines[self.line - 1] = self.after
        return "\n".join(lines)


def mutations(path: Path, root: Path) -> list[Mutation]:
    """Every change to the file that leaves it Python, in order of line."""
    text = path.read_text(encoding="utf-8")
    lines = text.split("\n")
    found, tree = [], ast.parse(text)
    called = {id(inner) for node in ast.walk(tree) if _is_function(node) for inner in _within(node)}
    for (kind, node, put), statement in _edits(tree):
        if node.lineno != node.end_lineno:
            continue
        line = lines[node.lineno - 1].encode()
        after = (line[: node.col_offset] + put.encode() + line[node.end_col_offset :]).decode()
        where = (statement.lineno, _head_end(statement), id(statement) not in called)
        mutation = Mutation(
            str(path.relative_to(root)), node.lineno, kind, lines[node.lineno - 1], after, *where
        )
        if mutation.after != mutation.before and _parses(mutation.applied(text)):
            found.append(mutation)
    return sorted(found, key=lambda each: (each.line, each.kind, each.after))


def _is_function(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def _within(function: ast.AST) -> Iterator[ast.AST]:
    """All statements in a function's body."""
    for statement in getattr(function, "body", ()):
        yield from ast.walk(statement)


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


def _head_end(statement: ast.stmt) -> int:
    """The last line of a statement, of one with a body the last before the body."""
    body = getattr(statement, "body", None)
    if isinstance(body, list) and body:
        return max(statement.lineno, int(body[0].lineno) - 1)
    return statement.end_lineno or statement.lineno


def _edits(tree: ast.Module) -> Iterator[tuple[Edit, ast.stmt]]:
    """What can be done, each with the statement that it is done in. Annotations, decorators and docstrings stay as they are."""
    for statement in ast.walk(tree):
        if not isinstance(statement, ast.stmt) or isinstance(statement, ast.Import | ast.ImportFrom):
            continue
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            yield ("call removed", statement, "pass"), statement
        for node in _expressions(statement):
            for edit in _of_node(node):
                yield edit, statement


def _expressions(statement: ast.stmt) -> Iterator[ast.expr]:
    """The expressions of the statement itself, without those of statements inside it."""
    left_out = {"annotation", "returns", "decorator_list", "bases", "type_params"}
    waiting: list[ast.AST] = [
        child
        for name, value in ast.iter_fields(statement)
        if name not in left_out
        for child in (value if isinstance(value, list) else [value])
        if isinstance(child, ast.AST) and not isinstance(child, ast.stmt)
    ]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.keyword) and node.arg == "strict":
            continue  # of zip: what is of one length stays so
        if isinstance(node, ast.expr):
            yield node
        waiting += [
            child
            for name, value in ast.iter_fields(node)
            if name not in left_out
            for child in (value if isinstance(value, list) else [value])
            if isinstance(child, ast.AST) and not isinstance(child, ast.stmt)
        ]


def _of_node(node: ast.expr) -> Iterator[Edit]:
    match node:
        case ast.Compare(ops=[op]) if type(op) in COMPARED:
            other = ast.Compare(node.left, [COMPARED[type(op)]()], node.comparators)
            yield "comparison", node, _in_brackets(other)
        case ast.BoolOp():
            other_op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield "and/or", node, _in_brackets(ast.BoolOp(other_op, node.values))
        case ast.UnaryOp(op=ast.Not()):
            yield "not dropped", node, _in_brackets(node.operand)
        case ast.BinOp() if type(node.op) in COUNTED:
            yield "arithmetic", node, _in_brackets(ast.BinOp(node.left, COUNTED[type(node.op)](), node.right))
        case ast.IfExp():
            yield "choice turned", node, _in_brackets(ast.IfExp(node.test, node.orelse, node.body))
        case ast.Constant(value=bool() as value):
            yield "constant", node, str(not value)
        case ast.Constant(value=int() as value):
            yield "off by one", node, str(value + 1)
        case ast.Constant(value=float() as value):
            yield "constant", node, repr(value * 2 or 1.0)


def _in_brackets(node: ast.expr) -> str:
    return f"({ast.unparse(node)})"
