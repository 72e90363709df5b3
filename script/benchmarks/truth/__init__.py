"""What the product says, held against independent computation from raw rows: each module beside this file is one audit.

An audit is a module with `run()`, which returns rows of figure, size (how many were sampled), value (how many were
wrong) and aim. It computes what is true with shapely and plain SQL: what the product says it may ask the product
for, what is true never.
"""

from importlib import import_module
from pathlib import Path
from typing import Any

# `raw` is what the audits share.
AUDITS = sorted(
    path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in {"__init__", "raw"}
)


def run() -> list[dict[str, Any]]:
    """The rows of all audits, one audit after the other."""
    return [row for name in AUDITS for row in import_module(f"{__name__}.{name}").run()]
