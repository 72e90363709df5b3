"""The layer: what an app declares once, and every map, tile, list, file and feed is made from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import models
from django.db.models import Q, QuerySet
from django.db.models.expressions import Combinable
from django.urls import reverse

from gridmgr.core.accounts.audience import Audience
from gridmgr.core.layers.declared import Finding, Listing, Page, Part, Print
from gridmgr.core.layers.style import Style

Text = Any  # str or a lazily translated one

# How many features one answer holds; an answer that hit the cap says so.
FEATURE_CAP = 20_000


@dataclass(frozen=True)
class Field:
    """One property of a layer's features.

    `source` is a model lookup or an ORM expression; `kind` says how it is read by people: text, number, metres,
    percent, date, time, bool or choice (then `choices` maps stored values to words).
    """

    name: str
    label: Text
    source: str | Combinable
    kind: str = "text"
    choices: Mapping[str, Text] | None = None

    def expression(self) -> Combinable:
        """The value as SQL that GeoJSON and vector tiles can carry: dates and times become ISO text."""
        expression = models.F(self.source) if isinstance(self.source, str) else self.source
        if self.kind in {"date", "time", "text"}:
            return models.functions.Cast(expression, models.TextField())
        if self.kind in {"metres", "percent"}:
            return models.functions.Cast(expression, models.FloatField())
        return expression


def last_day(name: str) -> Combinable:
    """The last day of a range of days, which ends before the next one; NULL for one without an end."""
    return models.Func(
        models.F(name), template="(upper(%(expressions)s) - 1)", output_field=models.DateField()
    )


@dataclass(frozen=True, eq=False)
class Layer:
    """A set of features of one kind.

    - `rows(audience, on)`: the rows that reader may see, as of that day, with every annotation that `geometry` and
      the fields need. Geometry is in the city's metric CRS. The query depends on the audience's scope and the day
      alone: tiles are made from one that was written earlier.
    - `geometry`: the geometry field or annotation; `cover`: the indexed field that bounds it, for box searches.
    - `models`: whose changes change the layer (for ETags); `key`: the field that `route` takes.
    - `file_fields`: what only data files carry beside `fields`, so that what is exported imports again to the same.
    - `clustered_below`: the zoom under which tiles hold counts per cell instead of single features.
    - `undrawn`: values of what its style calls `whole` that no row has, such as closed.
    - `listing`, `page`, `found`: its list, the page of each of its features, what a search finds of it; without one there is none.
    - `of_branch(rows, branch, on)`: those of the rows that are a branch's on that day; without it the layer isn't shared
      out among branches. `of_road(road)`: the rows that belong to a road.
    - `part`, `printed`: what it is on a print map; `rank`: where it stands among the layers when people ask for them, in
      legends, among pins and hits, low before high; `off_at_first`: outlines that would cover what one came for.
    - `tiny`: features so small that tiles need neither clip nor simplify them, which costs more than half of a tile.
    """

    name: str
    title: Text
    rows: Callable[[Audience, date], QuerySet[Any]]
    geometry: str
    fields: Sequence[Field]
    models: Sequence[type[models.Model]]
    style: Style
    cover: str = ""
    route: str = ""
    key: str = "pk"
    heading: str = "name"
    search: Sequence[str] = ()
    clustered_below: int = 0
    tiny: bool = False
    undrawn: Sequence[str] = ()
    file_fields: Sequence[Field] = ()
    part: Part = Part.PLACES
    printed: Print = field(default_factory=Print)
    rank: int = 100
    off_at_first: bool = False
    listing: Listing | None = None
    page: Page | None = None
    found: Finding | None = None
    of_branch: Callable[[Any, Any, date], QuerySet[Any]] | None = None
    of_road: Callable[[Any], Q] | None = None

    @property
    def cover_field(self) -> str:
        """The indexed geometry column to search by box."""
        return self.cover or self.geometry

    @property
    def tables(self) -> list[str]:
        """Names of the tables whose changes change the layer."""
        return [model._meta.db_table for model in self.models]

    def annotated(self, audience: Audience, on: date) -> QuerySet[Any]:
        """`rows` with each field as an annotation `p_<name>`, and the page's key as `p_key`."""
        values = {f"p_{each.name}": each.expression() for each in self.fields}
        return self.rows(audience, on).annotate(p_key=models.F(self.key), **values)

    def words_of(self, name: str) -> Mapping[str, Text]:
        """What the values of a property are called."""
        return next((each.choices for each in self.fields if each.name == name), None) or {}

    @property
    def property_names(self) -> list[str]:
        """The annotations that `annotated` adds, key first."""
        return ["p_key", *(f"p_{each.name}" for each in self.fields)]

    def page_of(self, key: Any) -> str:
        """Address of one feature's page, or '' for a layer without pages."""
        return reverse(self.route, args=[key]) if self.route else ""

    @property
    def page_pattern(self) -> str:
        """The same with `{key}` in place of the key, for scripts."""
        if not self.route:
            return ""
        return reverse(self.route, args=["0000"]).replace("0000", "{key}")  # a key that every route admits
