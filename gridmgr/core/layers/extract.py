"""A layer's rows as columns with their real types and one array of geometries: what every data file is written from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import numpy as np
import shapely
from django.contrib.gis.db.models import GeometryField
from django.contrib.gis.geos import Polygon
from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gridmgr.core.accounts.audience import Audience
from gridmgr.core.errors import Invalid
from gridmgr.core.geo.datums import WGS84, Datum, from_metric
from gridmgr.core.layers.base import Field, Layer
from gridmgr.core.layers.geojson import within
from gridmgr.core.past import Tense, as_of, tense_of
from gridmgr.core.quantities import as_of as as_said

Filters = Mapping[str, Any]
SOURCE = gettext_lazy("道路、学校等 © OpenStreetMap contributors;包干、摊点、泊位等由本市维护")
LICENCE = "ODbL 1.0, https://opendatacommons.org/licenses/odbl/1-0/"
# What a field's kind is in a file; a number is an int when its column is.
_TYPES = {
    "metres": "float",
    "percent": "float",
    "date": "date",
    "time": "time",
    "bool": "bool",
    "number": "float",
}
_GEOMETRY_TYPES = {
    kind.upper(): kind
    for kind in ("Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon")
}


@dataclass(frozen=True)
class Column:
    """One field of all rows. `type` is text, int, float, bool, date or time; a missing value is None."""

    name: str
    label: str
    type: str
    values: Sequence[Any]
    words: Mapping[str, str] = field(default_factory=dict)

    def in_words(self) -> list[Any]:
        """The values as people read them: the word of a choice instead of its code."""
        return [self.words.get(value, value) for value in self.values] if self.words else list(self.values)


@dataclass(frozen=True)
class Extract:
    """A layer's rows as a file will hold them; `geometry` is in `datum`, x (longitude, easting) first.

    `on` is the day that the rows are as of, `moment` when they were read.
    """

    layer: Layer
    on: date
    moment: datetime
    datum: Datum
    columns: Sequence[Column]
    geometry: np.ndarray
    geometry_type: str
    restricted: str = ""

    def __len__(self) -> int:
        return len(self.geometry)

    def named(self, name: str) -> Column | None:
        """The column of that name, or None."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def holds_demo(self) -> bool:
        """Whether any row is demo data."""
        column = self.named("demo")
        return column is not None and any(column.values)

    def about(self) -> dict[str, Any]:
        """What leads a number in the file back to where it was counted from."""
        return {
            "layer": self.layer.name,
            "title": str(self.layer.title),
            "features": len(self),
            "date": self.on.isoformat(),
            "planned": tense_of(self.on) == Tense.FUTURE,
            "data_moment": timezone.localtime(self.moment).isoformat(timespec="seconds"),
            "datum": self.datum.code,
            "restricted_to": self.restricted,
            "source": str(SOURCE),
            "licence": LICENCE,
            "demo": self.holds_demo,
            "generator": "gridmgr",
        }

    def about_lines(self) -> list[str]:
        """The same as lines of text for a person."""
        words = {
            _("图层"): f"{self.layer.title} ({self.layer.name})",
            _("要素数"): len(self),
            _("日期"): f"{self.on.isoformat()} · {as_said(self.on)}",
            _("数据时刻"): timezone.localtime(self.moment).isoformat(timespec="seconds"),
            _("坐标基准"): f"{self.datum} [{self.datum.code}]",
            _("范围"): self.restricted or _("全部"),
            _("来源"): str(SOURCE),
            _("许可"): LICENCE,
            _("演示数据"): _("含模拟的演示数据,不是真实业务") if self.holds_demo else _("无"),
        }
        return [f"{name}:{value}" for name, value in words.items()]


def extract(
    layer: Layer,
    *,
    audience: Audience,
    on: date,
    datum: Datum = WGS84,
    box: Polygon | None = None,
    filters: Filters | Q | None = None,
    restricted: str = "",
) -> Extract:
    """The rows of `layer` that this reader may see, as of that day; one SQL statement.

    `box` (any CRS) keeps rows whose cover meets it. `filters` maps names of the layer's fields to a value or a list
    of values, or is a Q over the layer's rows; `restricted` says both in words. Raises Invalid for a field that the layer hasn't got.
    """
    fields = file_fields(layer)
    rows = within(layer.rows(audience, on), layer, box)
    rows = rows.annotate(**{f"p_{each.name}": _typed(each) for each in fields}, p_shape=_as_text(layer))
    rows = rows.filter(_condition(layer, fields, filters))
    moment = timezone.now()
    with as_of(on):
        shapes, *values = _fetch(
            rows.values_list("p_shape", *(f"p_{each.name}" for each in fields)), len(fields) + 1
        )
    geometry = shapely.from_wkb(np.array(shapes, dtype=object))
    return Extract(
        layer=layer,
        on=on,
        moment=moment,
        datum=datum,
        columns=[_column(each, rows, found) for each, found in zip(fields, values, strict=True)],
        geometry=from_metric(geometry, datum) if len(geometry) else geometry,
        geometry_type=_geometry_type(rows, layer),
        restricted=restricted or _restriction(box, filters),
    )


def source() -> str:
    """Whose data a layer is made from."""
    return _("道路、学校等 © OpenStreetMap contributors;包干、摊点、泊位等由本市维护")


def file_fields(layer: Layer) -> list[Field]:
    """The fields that data files of the layer hold."""
    return [*layer.fields, *layer.file_fields]


def _typed(each: Field) -> Any:
    """The field's value as SQL with the type that files keep: dates and times stay dates and times."""
    expression = F(each.source) if isinstance(each.source, str) else each.source
    casts: dict[str, models.Field[Any, Any]] = {
        "date": models.DateField(),
        "time": models.TimeField(),
        "metres": models.FloatField(),
        "percent": models.FloatField(),
        "text": models.TextField(),
    }
    return Cast(expression, casts[each.kind]) if each.kind in casts else expression


def _as_text(layer: Layer) -> Cast:
    """The geometry as hexadecimal EWKB, which is how PostgreSQL hands it out with the least work."""
    return Cast(F(layer.geometry), models.TextField())


def _condition(layer: Layer, fields: Sequence[Field], filters: Filters | Q | None) -> Q:
    if filters is None or isinstance(filters, Q):
        return filters or Q()
    known = {each.name for each in fields}
    condition = Q()
    for name, value in filters.items():
        if name not in known:
            raise Invalid(
                _("图层 %(layer)s 没有字段 %(name)s。有这些字段:%(all)s。")
                % {"layer": layer.name, "name": name, "all": _("、").join(sorted(known))}
            )
        many = isinstance(value, (list, tuple, set))
        condition &= Q(**{f"p_{name}__in" if many else f"p_{name}": value})
    return condition


def _restriction(box: Polygon | None, filters: Filters | Q | None) -> str:
    parts = [_("范围框 %s") % ",".join(f"{value:g}" for value in box.extent)] if box is not None else []
    if isinstance(filters, Mapping):
        parts += [f"{name}={value}" for name, value in filters.items()]
    return _(";").join(parts)


def _fetch(rows: QuerySet[Any], width: int) -> list[Sequence[Any]]:
    """The result by columns. Plain rows from a cursor: Django's iterators would cost as much again."""
    try:
        statement, parameters = rows.query.sql_with_params()
    except EmptyResultSet:
        return [()] * width
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(zip(*cursor.fetchall(), strict=True)) or [()] * width


def _column(each: Field, rows: QuerySet[Any], values: Sequence[Any]) -> Column:
    kind = _TYPES.get(each.kind, "text")
    output = rows.query.annotations[f"p_{each.name}"].output_field
    if kind == "float" and isinstance(output, models.IntegerField):
        kind = "int"
    words = {code: str(word) for code, word in (each.choices or {}).items()}
    return Column(each.name, str(each.label), kind, values, words)


def _geometry_type(rows: QuerySet[Any], layer: Layer) -> str:
    """The declared type of the layer's geometry: a field of the model, or an annotation."""
    if layer.geometry in rows.query.annotations:
        output = rows.query.annotations[layer.geometry].output_field
    else:
        output = rows.model._meta.get_field(layer.geometry)
    declared = output.geom_type if isinstance(output, GeometryField) else "GEOMETRY"
    return _GEOMETRY_TYPES.get(declared, "Unknown")
