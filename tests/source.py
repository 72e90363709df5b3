"""Reading our own source in tests."""

import ast
import gc
from pathlib import Path


def parsed(path: Path) -> ast.Module:
    """The file's syntax tree, made while no garbage is collected.

    A generator that dies meanwhile can print a traceback, which parses a line of its own, and Python 3.11's ast then loses
    count: "SystemError: AST constructor recursion depth mismatch" (CPython gh-106905).
    """
    gc.disable()
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    finally:
        gc.enable()
