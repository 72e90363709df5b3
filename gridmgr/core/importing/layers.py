"""Rows of a data file → rows of a layer's table: all of them or none, by COPY and one statement each way.

Each app declares its importers (vendors/importers.py, parking/importers.py); what gridmgr.core.layers.files writes
imports again to the same thing. A row is known by its natural key. What is unchanged is not touched, so that an
import that is repeated leaves no history.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pghistory
from django.db import DataError, IntegrityError, models, transaction
from django.utils.translation import gettext as _

from gridmgr.core.errors import Invalid
from gridmgr.core.importing.frame import Frame
from gridmgr.core.importing.frames import read_frame
from gridmgr.core.importing.reading import Reading
from gridmgr.core.importing.report import Report
from gridmgr.core.importing.tables import write
from gridmgr.core.importing.values import Read

Label = Any  # str or a lazily translated one
Found = Mapping[tuple[Any, ...], int | str | None]


@dataclass(frozen=True)
class Ref:
    """A column that points to another row.

    `find` gets the distinct values of the file's `fields` (None where there is none) and returns for each the id,
    None for "no row", or the reason in words why there is none.
    """

    column: str
    fields: Sequence[str]
    find: Callable[[Iterable[tuple[Any, ...]]], Found]


@dataclass(frozen=True)
class Span:
    """A range column made of two fields of the file: metres from low to high, or days, of which `high` is the last.

    Without a high value days are open-ended.
    """

    column: str
    low: str
    high: str
    days: bool = False
    may_be_empty: bool = False


@dataclass(frozen=True)
class Extra:
    """A field of the file that is no column of the table; an empty value leaves what is stored.

    `stored` is SQL for the same text as `read` gives, of the stored row `t`; `write` gets (id, text) of the rows that
    are new or differ. `fixed`: why a stored row's can't be changed by an import, '' when it can.
    """

    name: str
    read: Read
    stored: str
    write: Callable[[Sequence[tuple[int, str | None]]], None]
    fixed: Label = ""


@dataclass(frozen=True)
class Importer:
    """How the rows of one layer's files become rows of a table.

    - `columns`: file field → model field; `refs`, `spans`, `extras`: the fields that are more than that;
    - `key`: the fields that name a row, of which `needed` must be in every file (all of them when empty);
    - `match`: the same as SQL over incoming `i` and stored `t`, given the incoming columns;
    - `geometry`: the model's geometry field, '' when the file's geometry follows from other fields;
    - `constants`: model field → value that every row of this layer has;
    - `shapes`: for a column that holds geometries of any kind, the kinds that this layer takes;
    - `computed`: fields of exported files that are not read back;
    - `fixed`: columns that an import gives new rows alone, with the reason why a stored row's are not changed;
    - `restored`: fields that only an administrator's import reads, to restore what stands on record;
    - `holder`: how an existing row that stands in the way is called;
    - `after`: what is done once rows were written, in the same transaction.
    """

    layer: str
    model: type[models.Model]
    key: Sequence[str]
    match: Callable[[Collection[str]], str]
    columns: Mapping[str, str]
    needed: Sequence[str] = ()
    refs: Sequence[Ref] = ()
    spans: Sequence[Span] = ()
    extras: Sequence[Extra] = ()
    geometry: str = ""
    computed: Sequence[str] = ()
    fixed: Mapping[str, Label] = field(default_factory=dict)
    restored: Sequence[str] = ()
    constants: Mapping[str, str] = field(default_factory=dict)
    shapes: Sequence[str] = ()
    holder: Callable[[Any], str] = str
    after: Callable[[], None] | None = None

    def __post_init__(self) -> None:
        unknown = [name for name in self.needed or self.key if name not in self.fields]
        if unknown:
            raise ValueError(f"{self.layer}: {unknown} are key but not read")

    @property
    def fields(self) -> list[str]:
        """Every field that is read from a file."""
        spans = [name for span in self.spans for name in (span.low, span.high)]
        refs = [name for ref in self.refs for name in ref.fields]
        return [*self.columns, *refs, *spans, *(extra.name for extra in self.extras)]

    def without_restoring(self) -> "Importer":
        """The same for those who may change these rows but not what stands on record about them."""
        gone = set(self.restored)
        return replace(
            self,
            columns={name: column for name, column in self.columns.items() if name not in gone},
            refs=[ref for ref in self.refs if not gone & set(ref.fields)],
            computed=[*self.computed, *self.restored],
            restored=(),
        )

    def model_field(self, name: str) -> "models.Field[Any, Any]":
        """The model's field of that name."""
        return self.model._meta.get_field(name)  # type: ignore[return-value]


def import_layer(
    path: str | Path,
    importer: Importer,
    *,
    labels: Mapping[str, Label],
    datum: str = "",
    layer: str = "",
    dry_run: bool = False,
    skip_refused: bool = False,
) -> Report:
    """Import a data file; see `import_frame`. Raises Unreadable when the file as a whole can't be taken."""
    frame = read_frame(path, layer=layer)
    return import_frame(
        frame, importer, path=path, labels=labels, datum=datum, dry_run=dry_run, skip_refused=skip_refused
    )


def import_frame(
    frame: Frame,
    importer: Importer,
    *,
    path: str | Path,
    labels: Mapping[str, Label],
    datum: str = "",
    dry_run: bool = False,
    skip_refused: bool = False,
) -> Report:
    """Create and update the rows of a frame, or nothing at all.

    `labels` are the layer's fields with the labels by which sheets head them; `datum` is what the coordinates are in
    when the file doesn't say. When a row is refused nothing is written unless `skip_refused`; `Report.written`
    tells. Rows of the database that the file hasn't got stay as they are.
    """
    reading = Reading(importer, frame, str(path), labels)
    place = reading.place(datum)
    report = Report(
        path=str(path),
        layer=frame.layer,
        crs=place,
        rows_read=len(frame),
        dry_run=dry_run,
        notes=reading.notes,
    )
    incoming = reading.incoming()
    report.refused = sorted(reading.refused, key=lambda refusal: refusal.row)
    if report.refused and not skip_refused:
        return report
    about = {"command": "import_layer", "layer": importer.layer, "file": Path(path).name}
    with _in_words(), transaction.atomic(), pghistory.context(**about):
        may_stay = write(report, importer, incoming, skip_refused=skip_refused)
        report.written = may_stay and not dry_run
        transaction.set_rollback(not report.written)
    return report


@contextmanager
def _in_words() -> Iterator[None]:
    """A refusal by the database that is no single row's fault, as a domain error."""
    try:
        yield
    except (IntegrityError, DataError) as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise Invalid(
            _("数据库拒绝了这次导入,什么都没有写入(%s)。请改正文件后重试。") % first[:200]
        ) from error
