"""What every import shares: rows that come in, rows that are refused, and a plan of what would change.

An import reads a whole file, plans, and then writes all of it or nothing.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import shapely
from django.db import models

from gridmgr.core.errors import Invalid

M = TypeVar("M", bound=models.Model)


class Unreadable(Invalid):
    """The file as a whole can't be read; the text says why and what to do."""


@dataclass(frozen=True)
class Refusal:
    """A row that can't be taken: its 1-based number among the data rows, its own id, the field, its value, and why."""

    row: int
    ref: str
    field: str
    value: str
    reason: str


@dataclass(frozen=True)
class Row:
    """One data row: 1-based number, the file's own id of it ('' when it has none), attributes, geometry.

    In a `Table` the geometry is in the city's metric CRS, rounded to the millimetre.
    """

    number: int
    ref: str
    attributes: Mapping[str, Any]
    geometry: shapely.Geometry | None


@dataclass
class Table:
    """What a file holds: fit rows, refused rows, the rows' fields, and how the file was read."""

    path: str
    layer: str
    crs: str
    fields: list[str]
    rows: list[Row]
    refused: list[Refusal]
    rows_read: int
    free_text: bool = False
    left_out: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass
class Plan(Generic[M]):
    """Rows of one model to be created, rows to be updated, and how many stay as they are."""

    created: list[M] = field(default_factory=list)
    updated: list[M] = field(default_factory=list)
    unchanged: list[M] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        return {
            "created": len(self.created),
            "updated": len(self.updated),
            "unchanged": len(self.unchanged),
        }

    @property
    def rows(self) -> list[M]:
        return [*self.created, *self.updated, *self.unchanged]


def plan(
    wanted: Iterable[M],
    *,
    existing: Mapping[Any, M],
    key: Callable[[M], Hashable],
    fields: Sequence[str],
) -> Plan[M]:
    """Compare unsaved `wanted` rows with stored ones by `key`; only a row of which one of `fields` differs is updated."""
    made: Plan[M] = Plan()
    for row in wanted:
        old = existing.get(key(row))
        if old is None:
            made.created.append(row)
            continue
        row.pk = old.pk
        differs = any(not same(getattr(row, name), getattr(old, name)) for name in fields)
        (made.updated if differs else made.unchanged).append(row)
    return made


def same(new: Any, old: Any) -> bool:
    """Whether a value equals the stored one; geometries by all their coordinates."""
    if hasattr(new, "equals_exact") and hasattr(old, "equals_exact"):
        return bool(new.geom_type == old.geom_type and new.equals_exact(old))
    return bool(new == old)


def save(made: Plan[M], *, fields: Sequence[str], batch: int = 1000) -> None:
    """Write a plan: new rows in batches, changed rows with one statement a batch; unchanged rows are not touched."""
    manager = _manager(made)
    if manager is None:
        return
    manager.bulk_create(made.created, batch_size=batch)
    if made.updated:
        manager.bulk_update(made.updated, list(fields), batch_size=min(batch, 200))


def _manager(made: Plan[M]) -> Any:
    rows = made.created or made.updated
    return type(rows[0])._default_manager if rows else None
