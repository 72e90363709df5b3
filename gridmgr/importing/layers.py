"""Rows of a data file → rows of a layer's table: all of them or none, by COPY and one statement each way.

Each app declares its importers (vendors/importers.py, parking/importers.py); what gridmgr.layers.files writes
imports again to the same thing. A row is known by its natural key. What is unchanged is not touched, so that an
import that is repeated leaves no history.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pghistory
import shapely
from django.db import DataError, IntegrityError, models, transaction
from django.utils.translation import gettext as _

from gridmgr.errors import Invalid
from gridmgr.geo.crs import WGS84 as WGS84_SRID
from gridmgr.geo.crs import metric_srid, transformer, zone_window
from gridmgr.geo.datums import Datum, datum_named, xy_to_metric
from gridmgr.importing.base import Refusal, Unreadable
from gridmgr.importing.frames import Frame, read_frame
from gridmgr.importing.raw import not_finite, three_d
from gridmgr.importing.report import Report
from gridmgr.importing.tables import Incoming, write
from gridmgr.importing.values import (
    NULL,
    Read,
    as_date,
    as_float,
    copied,
    each_once,
    labels_of,
    needs_value,
    read_column,
    reader_of,
)

Label = Any  # str or a lazily translated one
ANY_SHAPE = "GEOMETRY"  # a column that holds geometries of any kind
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
    """A range column made of two fields of the file: metres [low, high) or days [low, high), open-ended when empty."""

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
    - `holder`: how an existing row that stands in the way is called.
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
    reading = _Reading(importer, frame, str(path), labels)
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


# ── Reading ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class _Reading:
    """A frame on its way to the table: which of its columns are which fields, and what was refused."""

    importer: Importer
    frame: Frame
    path: str
    labels: Mapping[str, Label]
    refused: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    given: dict[str, Sequence[Any]] = field(default_factory=dict)
    heads: dict[str, str] = field(default_factory=dict)
    unfit: set[int] = field(default_factory=set)
    shapes: np.ndarray | None = None

    def __post_init__(self) -> None:
        self.notes += self.frame.notes
        if not len(self.frame):
            raise Unreadable(_("%s 里没有任何要素。") % Path(self.path).name)
        self._take_columns()
        self._refuse_missing_columns()

    def _take_columns(self) -> None:
        """Find our fields by name or label, in any case and language; say which columns were passed over."""
        ours = labels_of(self.labels) | _cut_names(self.labels)
        passed_over = []
        for head, values in self.frame.columns.items():
            name = ours.get(head.strip().lower(), "")
            if name in self.importer.fields and name not in self.given:
                self.given[name], self.heads[name] = values, head
            elif name not in self.importer.computed:
                passed_over.append(head)
        computed = [name for name in self.importer.computed if name in ours.values()]
        if passed_over:
            self.notes.append(_("不认识的列,没有读入:%s") % _("、").join(passed_over))
        if computed and self.frame.about:
            labels = _("、").join(str(self.labels[name]) for name in computed)
            self.notes.append(_("由系统计算的列,没有读入:%s") % labels)

    def _refuse_missing_columns(self) -> None:
        missing = [name for name in self.importer.needed or self.importer.key if name not in self.given]
        if missing:
            raise Unreadable(
                _("%(path)s 缺少列:%(missing)s。文件里有:%(all)s。")
                % {
                    "path": Path(self.path).name,
                    "missing": _("、").join(f"{name}({self.labels.get(name, name)})" for name in missing),
                    "all": _("、").join(self.frame.columns) or "—",
                }
            )

    # ── Places ──

    def place(self, given: str) -> str:
        """Put the geometries into metres, refuse those that are unfit; returns the name of the datum."""
        if not self.importer.geometry:
            if self.frame.geometry is not None:
                self.notes.append(_("几何由里程得出,文件里的几何没有读入"))
            return "—"
        if self.frame.geometry is None:
            raise Unreadable(
                _("%s 里没有几何。须有几何列,或表头为 WKT、经度和纬度的列。") % Path(self.path).name
            )
        asked = datum_named(given) if given else None
        datum = self._datum(asked)
        self._refuse_unfit_shapes()
        self._into_metres(datum)
        return str(datum) if datum else self.frame.crs.name  # type: ignore[union-attr]

    def _datum(self, asked: Datum | None) -> Datum | None:
        """What the coordinates are in; None when only the file's own CRS text says it. Never guessed."""
        frame, name = self.frame, Path(self.path).name
        stated = frame.datum is not None or frame.crs is not None
        if not stated and asked is None:
            raise Unreadable(
                _(
                    "%s 没有写明坐标基准。请用 --datum 指明:wgs84、cgcs2000、gcj02、bd09 或 EPSG:4547;不清楚时请问提供数据的单位。"
                )
                % name
            )
        if asked is None or not stated or frame.by_default or _alike(asked, frame.datum):
            return asked or frame.datum
        raise Unreadable(
            _("%(path)s 写明坐标基准为 %(there)s,与指定的 %(given)s 矛盾。请去掉 --datum,或改正文件。")
            % {"path": name, "there": frame.datum or frame.crs, "given": asked}
        )

    def _refuse_unfit_shapes(self) -> None:
        model_field = self.importer.model_field(self.importer.geometry)
        shapes = _of_type(self.frame.geometry, model_field.geom_type)  # type: ignore[arg-type, attr-defined]
        for index, (value, reason) in self.frame.troubles.items():
            self._refuse(index, _("几何"), value, reason)
        declared = model_field.geom_type  # type: ignore[attr-defined]
        for index, reason in _why_unfit(shapes, declared, self.importer.shapes):
            if index not in self.unfit:
                kind = shapes[index].geom_type if shapes[index] is not None else _("空值")
                self._refuse(index, _("几何"), kind, reason)
        self.shapes = shapes

    def _into_metres(self, datum: Datum | None) -> None:
        fit = np.array([index for index in range(len(self.frame)) if index not in self.unfit], dtype=int)
        shapes = self.shapes[fit]  # type: ignore[index]
        moved = _metric(shapes, datum, self.frame)
        inside = _inside(moved)
        if len(fit) and inside.mean() < 0.5:
            raise Unreadable(self._why_outside(shapes, datum))
        for index in fit[~inside]:
            where = str(zone_window(metric_srid()))
            self._refuse(int(index), _("几何"), "", _("超出本市坐标系的范围 %s。请检查坐标。") % where)
        for index in np.flatnonzero(~shapely.is_valid(moved)):
            if int(fit[index]) not in self.unfit:
                reason = _("几何无效(%s)。请在 GIS 软件中修复。") % shapely.is_valid_reason(moved[index])
                self._refuse(int(fit[index]), _("几何"), "", reason)
        self.shapes[fit] = moved  # type: ignore[index]

    def _why_outside(self, shapes: np.ndarray, datum: Datum | None) -> str:
        swapped = shapely.transform(shapes, lambda xy: xy[:, ::-1])
        words = {
            "path": Path(self.path).name,
            "datum": datum or self.frame.crs,
            "extent": ", ".join(f"{value:.5f}" for value in shapely.total_bounds(shapes)),
            "window": zone_window(metric_srid()),
        }
        if _inside(_metric(swapped, datum, self.frame)).mean() >= 0.5:
            return (
                _("%(path)s 的坐标轴颠倒了:范围 %(extent)s 应先写东(经度),后写北(纬度)。请交换后重新导出。")
                % words
            )
        return _("%(path)s 按 %(datum)s(范围 %(extent)s)不在本市 %(window)s。请检查坐标基准。") % words

    # ── Values ──

    def incoming(self) -> Incoming:
        """The fit rows as columns of COPY text."""
        made: dict[str, list[str]] = {
            column: [copied(value)] * len(self.frame) for column, value in self.importer.constants.items()
        }
        for name, column in self.importer.columns.items():
            if name in self.given:
                model_field = self.importer.model_field(column)
                made[str(model_field.column)] = self._copied(name, reader_of(model_field))
        for ref in self.importer.refs:
            if any(name in self.given for name in ref.fields):
                made[ref.column] = self._ref(ref)
        for span in self.importer.spans:
            if span.low in self.given and span.high in self.given:
                made[span.column] = self._span(span)
        extras = {
            extra.name: self._copied(extra.name, extra.read)
            for extra in self.importer.extras
            if extra.name in self.given
        }
        keys = self._keys()
        names = [" ".join(part for part in key if part is not None) for key in keys]
        self._refuse_doubles(keys, names)
        if self.shapes is not None:
            made[str(self.importer.model_field(self.importer.geometry).column)] = self._shape_texts()
        rows = [index for index in range(len(self.frame)) if index not in self.unfit]
        return Incoming(made, extras, rows, names, self._missing_for_new(made))

    def _column(self, name: str, read: Read) -> list[Any]:
        values = self.given[name]
        made, unfit = read_column(values, read)
        for index, reason in unfit.items():
            self._refuse(index, self.heads[name], values[index], reason)
        return made

    def _copied(self, name: str, read: Read) -> list[str]:
        """A field as COPY text; that of an unfit row is never written."""
        return self._column(name, lambda value: copied(read(value)))

    def _ref(self, ref: Ref) -> list[str]:
        nothing = [None] * len(self.frame)
        rows = list(zip(*(_texts(self.given.get(name, nothing)) for name in ref.fields), strict=True))
        found = ref.find(dict.fromkeys(rows))
        named = next(name for name in reversed(ref.fields) if name in self.given)
        for index, row in enumerate(rows):
            if isinstance(found[row], str):
                self._refuse(index, self.heads[named], self.given[named][index], str(found[row]))
        return [NULL if found[row] is None else str(found[row]) for row in rows]

    def _span(self, span: Span) -> list[str]:
        read = as_date if span.days else as_float
        low = self._column(span.low, lambda value: None if value in (None, "") else read(value))
        high = self._column(span.high, lambda value: None if value in (None, "") else read(value))
        return [self._range(index, span, pair) for index, pair in enumerate(zip(low, high, strict=True))]

    def _range(self, index: int, span: Span, pair: tuple[Any, Any]) -> str:
        low, high = pair
        if low is None and high is None and span.may_be_empty:
            return NULL
        if index in self.unfit:
            return NULL
        if low is None or (high is None and not span.days):
            self._refuse(index, self.heads[span.low if low is None else span.high], "", _("没有填写。"))
            return NULL
        if high is not None and not low < high:
            reason = _("终点必须大于起点 %s。") if not span.days else _("截止日期必须晚于起始日期 %s。")
            self._refuse(index, self.heads[span.high], high, reason % low)
            return NULL
        return f"[{low},{'' if high is None else high})"

    def _keys(self) -> list[tuple[str | None, ...]]:
        """Each row's natural key, by which it is also called in a message."""
        parts = [_texts(self.given[name]) for name in self.importer.key if name in self.given]
        return list(zip(*parts, strict=True))

    def _refuse_doubles(self, keys: Sequence[tuple[str | None, ...]], names: Sequence[str]) -> None:
        if len(set(keys)) == len(keys):
            return
        first: dict[tuple[str | None, ...], int] = {}
        last = next(name for name in reversed(self.importer.key) if name in self.given)
        for index, key in enumerate(keys):
            if index in self.unfit:
                continue
            if key in first:
                reason = _("与第 %s 行重复。请删去一行,或改正编号。") % (first[key] + 1)
                self._refuse(index, self.heads[last], names[index], reason)
            first.setdefault(key, index)

    def _shape_texts(self) -> list[str]:
        """In hexadecimal WKB; the column's own SRID is what PostGIS takes for a geometry without one."""
        return [NULL if wkb is None else wkb for wkb in shapely.to_wkb(self.shapes, hex=True).tolist()]

    def _missing_for_new(self, made: Mapping[str, Any]) -> list[str]:
        """Labels of the columns without which no new row can be made, and which the file hasn't got."""
        names = {column: name for name, column in self.importer.columns.items()}
        names |= {ref.column: ref.fields[-1] for ref in self.importer.refs}
        names |= {span.column: span.low for span in self.importer.spans}
        missing = []
        for model_field in self.importer.model._meta.concrete_fields:
            if model_field.primary_key or model_field.generated or str(model_field.column) in made:
                continue
            if needs_value(model_field):
                name = names.get(str(model_field.column)) or names.get(model_field.name) or model_field.name
                missing.append(str(self.labels.get(name, model_field.verbose_name)))
        return missing

    def _refuse(self, index: int, head: str, value: Any, reason: str) -> None:
        self.unfit.add(index)
        shown = "".join(
            character if character.isprintable() else "�"
            for character in str(value if value is not None else "")
        )
        values = (self.given[name][index] for name in self.importer.key if name in self.given)
        keys = [str(value) for value in values if value is not None]
        self.refused.append(Refusal(index + 1, " ".join(keys), head, shown[:80], reason))


# ── Parts ─────────────────────────────────────────────────────────────────────────────────────────────────


def _cut_names(labels: Mapping[str, Label]) -> dict[str, str]:
    """The names that a Shapefile without its side note has: ours cut to 10 characters (all are ASCII)."""
    cut: dict[str, str] = {}
    for name in labels:
        cut.setdefault(name[:10].lower(), name)
    return {short: name for short, name in cut.items() if short != name}


def _alike(one: Datum, other: Datum | None) -> bool:
    same = {"wgs84", "cgcs2000"}
    return other is not None and (one.code == other.code or {one.code, other.code} <= same)


def _texts(values: Sequence[Any]) -> list[str | None]:
    """Values as the text that names a thing; None for what is empty. A sheet's 3.0 is 3."""

    def text(value: Any) -> str | None:
        if isinstance(value, str):
            return value.strip() if value else None
        if value is None:
            return None
        return str(int(value) if isinstance(value, float) and value.is_integer() else value).strip()

    return each_once(values, text)


def _of_type(shapes: np.ndarray, declared: str) -> np.ndarray:
    """Shapes as the column wants them: a part alone out of its collection, or into one."""
    shapes = shapes.copy()
    if declared == ANY_SHAPE:
        return shapes
    kinds = shapely.get_type_id(shapes)
    single, multi, collect = {
        "POLYGON": (3, 6, None),
        "LINESTRING": (1, 5, None),
        "POINT": (0, 4, None),
        "MULTIPOLYGON": (3, 6, shapely.multipolygons),
    }[declared]
    if collect is not None:
        chosen = np.flatnonzero(kinds == single)
        if len(chosen):
            shapes[chosen] = collect(shapes[chosen], indices=np.arange(len(chosen)))
        return shapes
    chosen = np.flatnonzero((kinds == multi) & (shapely.get_num_geometries(shapes) == 1))
    shapes[chosen] = shapely.get_geometry(shapes[chosen], 0)
    return shapes


def _why_unfit(shapes: np.ndarray, declared: str, allowed: Sequence[str] = ()) -> Iterable[tuple[int, str]]:
    """(index, reason) of every shape that can't be taken, each with its first reason."""
    wanted, words = _wanted_kinds(declared, allowed)
    counts = shapely.get_num_coordinates(shapes)
    finite = (
        np.add.reduceat(~np.isfinite(shapely.get_coordinates(shapes)).all(axis=1), _starts(counts))
        if counts.sum()
        else counts
    )
    tests: list[tuple[np.ndarray, str]] = [
        (shapely.is_missing(shapes), _("没有几何(null)。请补画或删除这一行。")),
        (~np.isin(shapely.get_type_id(shapes), wanted), words + _("请换图层,或删除这一行。")),
        (shapely.is_empty(shapes), _("几何为空(EMPTY)。请补画或删除这一行。")),
        (shapely.has_z(shapes), three_d()),
        ((counts > 0) & (finite > 0), not_finite()),
    ]
    seen: set[int] = set()
    for test, reason in tests:
        for index in np.flatnonzero(test):
            if int(index) not in seen:
                seen.add(int(index))
                yield int(index), reason


def _wanted_kinds(declared: str, allowed: Sequence[str]) -> tuple[list[int], str]:
    """GEOS's numbers of the kinds of shape that a column takes, and the same in words."""
    if declared == ANY_SHAPE:
        kinds = [int(shapely.GeometryType[kind.upper()]) for kind in allowed]
        return kinds, _("应为 %s。") % _("、").join(allowed)
    words = {
        "POLYGON": (3, _("应为单个多边形。")),
        "LINESTRING": (1, _("应为单条折线。")),
        "POINT": (0, _("应为点。")),
        "MULTIPOLYGON": (6, _("应为多边形。")),
    }
    kind, text = words[declared]
    return [kind], text


def _starts(counts: np.ndarray) -> np.ndarray:
    """Where each shape's coordinates begin in the array of all of them; the last start stays inside it."""
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    return np.minimum(starts, counts.sum() - 1)


def _metric(shapes: np.ndarray, datum: Datum | None, frame: Frame) -> np.ndarray:
    """The shapes in the city's metric CRS, rounded to the millimetre."""
    if datum is None:
        change = transformer(frame.crs.to_wkt(), metric_srid())  # type: ignore[union-attr]

    def moved(xy: np.ndarray) -> np.ndarray:
        x, y = xy[:, 0], xy[:, 1]
        pair = change.transform(x, y) if datum is None else xy_to_metric(x, y, datum)
        return np.round(np.column_stack(pair), 3)

    return shapely.transform(shapes, moved) if len(shapes) else shapes


def _inside(shapes: np.ndarray) -> np.ndarray:
    """Which shapes lie in the city's zone; those that PROJ couldn't place don't."""
    bounds = shapely.bounds(shapes)
    window, change = zone_window(metric_srid()), transformer(metric_srid(), WGS84_SRID)
    inside = np.isfinite(bounds).all(axis=1)
    for x, y in ((0, 1), (2, 3)):
        lon, lat = change.transform(bounds[:, x], bounds[:, y])
        inside &= (lon >= window.west) & (lon <= window.east) & (lat >= window.south) & (lat <= window.north)
    return inside
