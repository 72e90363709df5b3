"""What an import changes, in words and on a map: read from the history that its writing left, before it is taken back."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import numpy as np
from django.contrib.gis.db.models import GeometryField
from django.contrib.gis.db.models.functions import AsGeoJSON, Transform
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from gridmgr.accounts.audience import Audience
from gridmgr.accounts.models import Role
from gridmgr.geo.crs import WGS84
from gridmgr.history import changes_between, event_model, name_then
from gridmgr.importing.report import Report
from gridmgr.intake.restore import Model, Touched, touched_by
from gridmgr.layers.base import Layer

# As many rows of each outcome are listed, and drawn; the rest is counted.
MOST_LISTED = 1000
OUTCOMES = ("created", "updated", "removed")
_EVERYTHING = Audience(role=Role.ADMINISTRATOR)


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
    created, changed or refused that wasn't before. `lists` and `features` are to be asked for before the changes are
    taken back.
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

    def lists(self) -> dict[str, Any]:
        """The first rows of each outcome, in words."""
        return {
            name: [asdict(each) for each in _listed(found[:MOST_LISTED])]
            for name, found in self.by_outcome.items()
        }

    def features(self, layer: Layer) -> list[dict[str, Any]]:
        """The first rows of the layer that change, as GeoJSON features."""
        return list(_features(layer, self.touched))


def changes_under(context: UUID, report: Report) -> Changes:
    """All tracked changes that the context has made in this transaction so far."""
    touched = touched_by(context)
    return Changes(touched, _fingerprint(report, touched))


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


def _listed(found: Sequence[tuple[Model, Touched]]) -> Iterator[Listed]:
    for model in dict.fromkeys(model for model, _row in found):
        rows = [row for other, row in found if other is model]
        events = (
            event_model(model)
            .objects.select_related("pgh_context")
            .in_bulk([key for row in rows for key in (row.last, row.before) if key])
        )
        names = _names(model, rows)
        pairs = [(events[row.last], events.get(row.before)) for row in rows]
        for (event, before), change in zip(pairs, changes_between(pairs), strict=True):
            fields = [*change.fields] if before is None else _with_moves(event, before, change.fields)
            name = names.get(event.pgh_obj_id) or name_then(event)
            yield Listed(str(model._meta.verbose_name), name, fields)


def _names(model: Model, rows: Sequence[Touched]) -> dict[Any, str]:
    """What rows are called that have no number of their own: a pitch by its site, a section by its road."""
    if any(field.unique for field in model._meta.concrete_fields if not field.primary_key):
        return {}
    there = model._base_manager.filter(pk__in=[row.key for row in rows if not row.gone])
    return {row.pk: str(row) for row in there.select_related()}


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
    rows = [row for row in touched.get(model, []) if not row.gone][:MOST_LISTED]
    outcomes = {row.key: _outcome(row) for row in rows}
    shown = layer.rows(_EVERYTHING, timezone.localdate()).filter(pk__in=outcomes)
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
