"""What a layer declares beside its map and its files: its list, its page, what a search finds, its part on paper."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum, auto
from typing import Any

from django.db.models import Case, Q, QuerySet, TextField, Value, When
from django.db.models.functions import Cast, Concat

from gridmgr.core.accounts.audience import Audience

Text = Any  # str or a lazily translated one

Rows = Callable[[Audience, date], QuerySet[Any]]
# Between two choices in the subtitle of what was found.
AND = "|"


class Part(StrEnum):
    """The part that a layer plays on a map: print maps, their legends and offline maps go by it."""

    PLACES = auto()
    """Things that stand somewhere, drawn by their shape and pinned by their sign."""
    ANSWERS = auto()
    """Who answers for which stretch: ribbons in the branch's colour, with its number."""
    GRIDS = auto()
    """The branches' areas: dashed borders."""
    NAMES = auto()
    """Roads as such: they give their names, the streets behind them are drawn already."""
    STREETS = auto()
    """The carriageways behind everything, as wide as they are."""
    GROUND = auto()
    """Flat areas behind everything."""
    BOXES = auto()
    """Spaces in their thousands, each a box, rows of them from afar."""
    SEATS = auto()
    """Boxes that are taken or free."""


@dataclass(frozen=True)
class Print:
    """How paper shows a layer, beside its part.

    - `beside`: the field that stands beside a pin in place of the heading, unless the page around the map lists it;
    - `ink`: in which the names of areas are written, '' for no names.
    """

    beside: str = ""
    ink: str = ""


@dataclass(frozen=True)
class Listing:
    """The list of a layer at /<name>/, whose URL name is the layer's name.

    - `empty`: what would be listed here, for a list that holds nothing; `how_to_add`: how somebody with the right adds
      what is missing, where that isn't the admin;
    - `left_out`: fields that a thing's own page shows, but a list has no room for;
    - `sorted_by`: the field that sorts it at first, the heading when ''; `own_first`: until the reader asks for an order,
      rows of their own branch stand before the others';
    - `zoom`: of the map to which a row leads;
    - `menu`: its word in the bar at the top, its title when ''; `place`: where in the bar, from the left;
    - `beside`: the name of the layer that it stands beside, as a tab, instead of having a word in the bar; `tabs`: names
      and titles of further pages among the tabs of its family, for those who see the whole city;
    - `renamed`: parameters of the address that once had another name: old name → new name;
    - `plain`: which rows are like most: where these are all on one road and many, a strip of it stands for them.
    """

    empty: Text
    how_to_add: Text = ""
    left_out: Sequence[str] = ()
    sorted_by: str = ""
    own_first: bool = False
    zoom: int = 18
    menu: Text = ""
    place: int = 75
    beside: str = ""
    tabs: Sequence[tuple[str, Text]] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    plain: Q | None = None


@dataclass(frozen=True)
class Page:
    """The page of one feature at /<layer>/<pattern>/, whose URL name is the layer's `route`.

    - `pattern`: the key in the address;
    - `view`: dotted name of a view of its own, '' for the page that all kinds of places share. What follows is for that:
    - `template`, and `about`, the dotted name of a function (thing, reader) → what the template needs beside the facts;
    - `rows`: what may be opened, things no longer in use among them; the layer's rows where it isn't given;
    - `related`: what is read in the same query.
    """

    pattern: str = "<int:key>"
    view: str = ""
    template: str = "desk/detail.html"
    about: str = "gridmgr.desk.places.who_answers"
    rows: Rows | None = None
    related: Sequence[str] = ()


@dataclass(frozen=True)
class Finding:
    """What a search finds of a layer, and how it says so.

    `rows`: those it looks among, where the layer's carry more than it needs; `holds` lookups contain the words, `exact`
    ones equal them. The subtitle is `subtitle` in SQL, or what it makes of the day; `choices` puts stored choices into
    words, several with `AND` between; `word` says what it is, before the subtitle where `says_kind`, and over its hits.
    """

    title: Any
    word: Text = ""
    subtitle: Any = field(default_factory=lambda: Value(""))
    holds: Sequence[str] = ()
    exact: Sequence[str] = ()
    choices: Iterable[tuple[str, Any]] = ()
    says_kind: bool = True
    rows: Rows | None = None


def and_unless(name: str, condition: Q, more: Any) -> Concat:
    """What `name` says, and `more` where the condition isn't met: of a site that isn't in use, what it is."""
    and_more = Concat(Value(AND), Cast(more, TextField()), output_field=TextField())
    rest = Case(When(condition, then=Value("")), default=and_more, output_field=TextField())
    return Concat(Cast(name, TextField()), rest, output_field=TextField())
