"""What an import changes, in words and on a map: read from the history that its writing left, before it is taken back."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import numpy as np
from django.apps import apps
from django.contrib.gis.db.models import GeometryField
from django.contrib.gis.db.models.functions import AsGeoJSON, Transform
from django.db import DataError, ProgrammingError, transaction
from django.db.models import CharField, DateField, F, ForeignKey, UniqueConstraint
from django.utils import timezone
from django.utils.translation import gettext as _

from gridmgr.core.accounts.audience import EVERYTHING
from gridmgr.core.changes import changes_between, name_then
from gridmgr.core.errors import NotThere
from gridmgr.core.geo.crs import WGS84
from gridmgr.core.history import event_model
from gridmgr.core.importing.report import Report
from gridmgr.core.layers.base import Layer
from gridmgr.intake.listing import Line, names_of
from gridmgr.intake.restore import Model, Touched, events_told, told_by, touched_by

# As many rows are drawn; all are listed.
MOST_DRAWN = 1000
# As many rows are read from the history at a time.
_BATCH = 2_000
OUTCOMES = ("created", "updated", "removed")


@dataclass(frozen=True)
class Listed:
    """One changed row: what it is, its name, and (field, before, after) triples in words."""

    kind: str
    name: str
    fields: list[tuple[str, str, str]]


@dataclass(frozen=True)
class Changes:
    """What was changed under one context: the rows by outcome (created, updated, removed).

    `fingerprint` differs as soon as a row that the import changes was changed by somebody else, or a row is
    created, changed or refused that wasn't before.
    """

    touched: dict[Model, list[Touched]]
    fingerprint: str

    @property
    def by_outcome(self) -> dict[str, list[tuple[Model, Touched]]]:
        found: dict[str, list[tuple[Model, Touched]]] = {name: [] for name in OUTCOMES}
        for model, rows in self.touched.items():
            for row in rows:
                found[_outcome(row)].append((model, row))
        return found

    @property
    def counts(self) -> dict[str, int]:
        return {name: len(found) for name, found in self.by_outcome.items()}

    def lines(self) -> Iterator[Line]:
        """Every row under its outcome, as `worded` reads it; to be asked for before the changes are taken back."""
        for outcome, found in self.by_outcome.items():
            for model in dict.fromkeys(model for model, _row in found):
                yield from _lines(outcome, model, [row for other, row in found if other is model])

    def features(self, layer: Layer) -> list[dict[str, Any]]:
        """The first rows of the layer that change, as GeoJSON features."""
        return list(_features(layer, self.touched))


def changes_under(context: UUID, report: Report) -> Changes:
    """All tracked changes that the context has made in this transaction so far."""
    touched = touched_by(context)
    return Changes(touched, _fingerprint(report, touched))


def refused_lines(report: Report) -> Iterator[Line]:
    """The refused rows, searched by whatever is told of them."""
    for refusal in report.refused:
        told = asdict(refusal)
        yield Line("refused", " ".join(str(said) for said in told.values()), told)


def _outcome(row: Touched) -> str:
    if row.gone:
        return "removed"
    return "created" if row.before is None else "updated"


def _fingerprint(report: Report, touched: dict[Model, list[Touched]]) -> str:
    content = [
        report.counts,
        sorted([refusal.row, refusal.field, refusal.reason] for refusal in report.refused),
        {
            model._meta.label: sorted(row.before for row in rows if row.before)
            for model, rows in touched.items()
        },
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


# ── In words ──────────────────────────────────────────────────────────────────────────────────────────────


def _lines(outcome: str, model: Model, rows: Sequence[Touched]) -> Iterator[Line]:
    """The rows with what history says of them; it is put in words when a page shows it, for that takes longer."""
    label = model._meta.label
    for start in range(0, len(rows), _BATCH):
        batch = rows[start : start + _BATCH]
        texts = told_by(model, [row.last for row in batch])
        names = _names(model, batch)
        for row in batch:
            yield Line(
                outcome,
                names[row.key],
                [label, names[row.key], texts[row.last], row.before],
                _key(label, row.key),
            )


def _names(model: Model, rows: Sequence[Touched]) -> dict[Any, str]:
    """What rows are called; those that have no number of their own: a pitch by its site, a section by its road."""
    there: dict[Any, str] = {}
    if not _has_number(model):
        found = model._base_manager.filter(pk__in=[row.key for row in rows if not row.gone])
        there = {row.pk: str(row) for row in found.select_related().defer(*_shapes(model))}
    events = event_model(model)
    told = [field.attname for field in events._meta.fields if isinstance(field, CharField | DateField)]
    then = events.objects.filter(pgh_id__in=[row.last for row in rows if row.key not in there])
    rest = then.values("pgh_obj_id", *told)
    return {row["pgh_obj_id"]: name_then(SimpleNamespace(**row)) for row in rest} | there


def _has_number(model: Model) -> bool:
    alone = [each.fields for each in model._meta.constraints if isinstance(each, UniqueConstraint)]
    return any(
        field.unique or (field.name,) in alone
        for field in model._meta.concrete_fields
        if isinstance(field, CharField | DateField)
    )


def _shapes(model: Model) -> list[str]:
    return [field.name for field in model._meta.concrete_fields if isinstance(field, GeometryField)]


def _key(label: str, key: Any) -> str:
    return f"{label} {key}"


def worded(lines: Sequence[Any], path: Path) -> list[Listed]:
    """What lines of the listing at `path` say, in the reader's language; raises NotThere when they can't be read any more."""
    found: dict[int, Listed] = {}
    for label in dict.fromkeys(label for label, *_rest in lines):
        model = apps.get_model(label)
        mine = {number: line for number, line in enumerate(lines) if line[0] == label}
        pairs = _pairs(model, list(mine.values()))
        changes = changes_between(pairs)
        names = _names_beside(pairs, path)
        for (number, line), (event, before), change in zip(mine.items(), pairs, changes, strict=True):
            fields = _with_names(event, change.fields, names)
            if before is not None:
                fields = _with_moves(event, before, fields)
            found[number] = Listed(str(model._meta.verbose_name), line[1], fields)
    return [found[number] for number in range(len(lines))]


def _pairs(model: Model, lines: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Each line's event, and the one that says how its row was before: that one still stands in the history."""
    was = event_model(model).objects.in_bulk([before for *_rest, before in lines if before])
    try:
        with transaction.atomic():
            events = events_told(model, [text for _label, _name, text, _before in lines])
    except (DataError, ProgrammingError) as error:
        raise NotThere(_("这份预览是系统升级以前做的,已读不出来。请重新上传文件。")) from error
    return [(event, was.get(line[3])) for event, line in zip(events, lines, strict=True)]


def _names_beside(pairs: Sequence[tuple[Any, Any]], path: Path) -> dict[str, str]:
    """Names of rows that others of the same import point to: of what it creates nothing stands in the database."""
    keys = {_key(field.related_model._meta.label, getattr(event, field.attname))
            for event, _before in pairs for field in _pointers(event)}  # fmt: skip
    return names_of(path, keys)


def _pointers(event: Any) -> list[Any]:
    return [
        field
        for field in event._meta.fields
        if isinstance(field, ForeignKey) and not field.name.startswith("pgh_")
    ]


def _with_names(
    event: Any, fields: list[tuple[str, str, str]], names: Mapping[str, str]
) -> list[tuple[str, str, str]]:
    """The fields, in which whatever points to a row of the same import says what that is called."""
    told = {
        str(field.verbose_name): names.get(
            _key(field.related_model._meta.label, getattr(event, field.attname))
        )
        for field in _pointers(event)
    }
    return [(name, old, told.get(name) or new) for name, old, new in fields]


def _with_moves(event: Any, before: Any, fields: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """The fields, in which a changed shape says how far its middle moved instead of how many points it has."""
    shapes = {
        str(field.verbose_name): field.attname
        for field in event._meta.fields
        if isinstance(field, GeometryField)
    }
    return [
        (
            name,
            old,
            _move(getattr(before, shapes[name]), getattr(event, shapes[name])) if name in shapes else new,
        )
        for name, old, new in fields
    ]


def _move(old: Any, new: Any) -> str:
    metres = old.centroid.distance(new.centroid)
    return _("中心移动 %.1f m") % metres if metres >= 0.05 else _("形状改动,中心不动")


# ── On a map ──────────────────────────────────────────────────────────────────────────────────────────────


def _features(layer: Layer, touched: dict[Model, list[Touched]]) -> Iterator[dict[str, Any]]:
    """The layer's rows as they would be, and where those were that move or change their shape, in degrees."""
    model = layer.models[0]
    rows = [row for row in touched.get(model, []) if not row.gone][:MOST_DRAWN]
    outcomes = {row.key: _outcome(row) for row in rows}
    shown = layer.rows(EVERYTHING, timezone.localdate()).filter(pk__in=outcomes)
    shapes = dict(shown.values_list("pk", _in_degrees(layer.geometry)))
    events = event_model(model)
    if any(field.name == layer.geometry for field in events._meta.fields):
        before = events.objects.filter(pgh_id__in=[row.before for row in rows if row.before])
        for key, shape in before.values_list("pgh_obj_id", _in_degrees(layer.geometry)):
            if shape != shapes.get(key):
                yield _feature("before", shape)
    yield from (_feature(outcomes[key], shape) for key, shape in shapes.items() if shape)


def bounds_of(features: Sequence[dict[str, Any]]) -> list[float] | None:
    """West, south, east, north of GeoJSON features, None without any."""
    if not features:
        return None
    corners = np.concatenate([_positions(feature["geometry"]["coordinates"]) for feature in features])
    west_south_east_north: list[float] = [*corners.min(axis=0).tolist(), *corners.max(axis=0).tolist()]
    return west_south_east_north


def _positions(coordinates: Any) -> np.ndarray:
    """The positions of a GeoJSON geometry, however deep they lie, n × 2."""
    if isinstance(coordinates[0], (int, float)):
        return np.array([coordinates[:2]])
    return np.concatenate([_positions(each) for each in coordinates])


def _in_degrees(geometry: str) -> AsGeoJSON:
    return AsGeoJSON(Transform(F(geometry), WGS84), precision=7)


def _feature(outcome: str, shape: str) -> dict[str, Any]:
    return {"type": "Feature", "properties": {"outcome": outcome}, "geometry": json.loads(shape)}
