"""A frame on its way to a table: which of its columns are which fields, places in metres, and what is refused.

The labels and natural keys are the importer's (gridmgr.core.importing.layers); nothing is written here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from django.utils.translation import gettext as _

from gridmgr.core.geo.crs import metric_srid, zone_window
from gridmgr.core.geo.datums import Datum, datum_named
from gridmgr.core.importing.base import Refusal, Unreadable
from gridmgr.core.importing.frame import Frame
from gridmgr.core.importing.messages import listed
from gridmgr.core.importing.shapes import axes_are_swapped, inside_zone, metric, of_type, why_unfit
from gridmgr.core.importing.tables import Incoming
from gridmgr.core.importing.values import (
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

if TYPE_CHECKING:
    import pyproj

    from gridmgr.core.importing.layers import Importer, Label, Ref, Span


@dataclass
class Reading:
    """A frame on its way to the table: which of its columns are which fields, and what was refused."""

    importer: "Importer"
    frame: Frame
    path: str
    labels: "Mapping[str, Label]"
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
            self.notes.append(_("不认识的列,没有读入:%s") % listed(passed_over))
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
                    "missing": _("、").join(f"{self.labels.get(name, name)}({name})" for name in missing),
                    "all": listed(self.frame.columns) or "—",
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
        source = self._source(asked)
        self._refuse_unfit_shapes()
        self._into_metres(source)
        return str(source) if isinstance(source, Datum) else str(source.name)

    def _source(self, asked: Datum | None) -> "Datum | pyproj.CRS":
        """What the coordinates are in: a datum, or a CRS that only the file's own text says. Never guessed."""
        frame, name = self.frame, Path(self.path).name
        stated = frame.datum or frame.crs
        if asked is None:
            if stated is None:
                raise Unreadable(
                    _(
                        "%s 没有写明坐标基准。请指明(命令里是 --datum)wgs84、cgcs2000、gcj02、bd09 或 EPSG:4547;"
                        "不清楚时请问提供数据的单位。"
                    )
                    % name
                )
            return stated
        if stated is None or frame.by_default or _alike(asked, frame.datum):
            return asked
        raise Unreadable(
            _(
                "%(path)s 写明坐标基准为 %(there)s,与指定的 %(given)s 矛盾。请不要另外指定(命令里是 --datum),或改正文件。"
            )
            % {"path": name, "there": stated, "given": asked}
        )

    def _refuse_unfit_shapes(self) -> None:
        model_field = self.importer.model_field(self.importer.geometry)
        shapes = of_type(self.frame.geometry, model_field.geom_type)  # type: ignore[arg-type, attr-defined]
        for index, (value, reason) in self.frame.troubles.items():
            self._refuse(index, _("几何"), value, reason)
        declared = model_field.geom_type  # type: ignore[attr-defined]
        for index, reason in why_unfit(shapes, declared, self.importer.shapes):
            if index not in self.unfit:
                kind = shapes[index].geom_type if shapes[index] is not None else _("空值")
                self._refuse(index, _("几何"), kind, reason)
        self.shapes = shapes

    def _into_metres(self, source: "Datum | pyproj.CRS") -> None:
        fit = np.array([index for index in range(len(self.frame)) if index not in self.unfit], dtype=int)
        shapes = self.shapes[fit]  # type: ignore[index]
        moved = metric(shapes, source)
        inside = inside_zone(moved)
        if len(fit) and inside.mean() < 0.5:
            raise Unreadable(self._why_outside(shapes, source))
        for index in fit[~inside]:
            where = str(zone_window(metric_srid()))
            self._refuse(int(index), _("几何"), "", _("超出本市坐标系的范围 %s。请检查坐标。") % where)
        for index in np.flatnonzero(~shapely.is_valid(moved)):
            if int(fit[index]) not in self.unfit:
                reason = _("几何无效(%s)。请在 GIS 软件中修复。") % shapely.is_valid_reason(moved[index])
                self._refuse(int(fit[index]), _("几何"), "", reason)
        self.shapes[fit] = moved  # type: ignore[index]

    def _why_outside(self, shapes: np.ndarray, source: "Datum | pyproj.CRS") -> str:
        words = {
            "path": Path(self.path).name,
            "datum": source,
            "extent": ", ".join(f"{value:.5f}" for value in shapely.total_bounds(shapes)),
            "window": zone_window(metric_srid()),
        }
        if axes_are_swapped(shapes, source):
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

    def _ref(self, ref: "Ref") -> list[str]:
        nothing = [None] * len(self.frame)
        rows = list(zip(*(_texts(self.given.get(name, nothing)) for name in ref.fields), strict=True))
        found = ref.find(dict.fromkeys(rows))
        named = next(name for name in reversed(ref.fields) if name in self.given)
        for index, row in enumerate(rows):
            if isinstance(found[row], str):
                self._refuse(index, self.heads[named], self.given[named][index], str(found[row]))
        return [NULL if found[row] is None else str(found[row]) for row in rows]

    def _span(self, span: "Span") -> list[str]:
        read = as_date if span.days else as_float
        low = self._column(span.low, lambda value: None if value in (None, "") else read(value))
        high = self._column(span.high, lambda value: None if value in (None, "") else read(value))
        return [self._range(index, span, pair) for index, pair in enumerate(zip(low, high, strict=True))]

    def _range(self, index: int, span: "Span", pair: tuple[Any, Any]) -> str:
        low, high = pair
        if low is None and high is None and span.may_be_empty:
            return NULL
        if index in self.unfit:
            return NULL
        if low is None or (high is None and not span.days):
            self._refuse(index, self.heads[span.low if low is None else span.high], "", _("没有填写。"))
            return NULL
        if high is not None and span.days and high < date.max:
            high += timedelta(days=1)  # a file names the last day, a range ends before the next
        if high is not None and not low < high:
            reason = _("终点必须大于起点 %s。") if not span.days else _("最后一天不能早于起始日期 %s。")
            self._refuse(index, self.heads[span.high], pair[1], reason % low)
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


def _cut_names(labels: "Mapping[str, Label]") -> dict[str, str]:
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
