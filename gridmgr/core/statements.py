"""Queries whose SQL is written once in each process.

Django writes the SQL of a query anew whenever it is asked, which was more than a third of what a page cost. A
`Statement` is written once, with a gap for each value that a reader, a day or a place brings. Nothing that was read
is kept: each asking reads the database.
"""

from collections.abc import Callable
from copy import copy
from datetime import date
from functools import lru_cache, wraps
from typing import Any, ParamSpec

from django.contrib.postgres.fields import ArrayField
from django.db import connections
from django.db.models import BigIntegerField, BooleanField, F, Field, Func, QuerySet, Value
from psycopg2.extras import DateRange, DateTimeTZRange

KEPT = 256  # of each kind; one takes about 10 kB
Key = ParamSpec("Key")


class Gap(Value):
    """Stands in a query for a value that each asking of its statement brings under this name."""

    def __init__(self, name: str, output_field: "Field[Any, Any]") -> None:
        super().__init__(name, output_field=output_field)

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        """The gap itself is the parameter until it is filled; in a list, to which Django's lookups add theirs."""
        return "%s", [self]

    def filled(self, values: dict[str, Any], connection: Any) -> Any:
        """The value as the database takes it."""
        return self.output_field.get_db_prep_value(values[self.value], connection)


def among(column: str, name: str) -> Func:
    """Rows whose key in `column` is one of those that fill the gap `name`, however many."""
    keys = Gap(name, ArrayField(BigIntegerField()))
    return Func(
        F(column), keys, template="%(expressions)s)", arg_joiner=" = ANY (", output_field=BooleanField()
    )


class Statement:
    """A query as SQL, asked with values for its gaps.

    A relation that is prefetched may be filtered by no gap: it is read with a query of its own. Raises ValueError for a
    query that holds a day or a moment: it would be asked for that one for ever.
    """

    def __init__(self, queryset: QuerySet[Any]) -> None:
        self._queryset = queryset
        self._compiler = queryset.query.get_compiler(queryset.db)
        self._sql, self._params = self._compiler.as_sql()
        if moments := [each for each in self._params if isinstance(each, date | DateRange | DateTimeTZRange)]:
            raise ValueError(f"a statement with {moments} in it: give them as gaps")

    def rows(self, **values: Any) -> list[Any]:
        """What the query finds with these values: model instances, tuples or single values, as the query has it."""
        queryset = self._queryset.all()
        compiler = self._filled(values)
        queryset.query.get_compiler = lambda *_args, **_kwargs: compiler  # type: ignore[method-assign]
        return list(queryset)

    def _filled(self, values: dict[str, Any]) -> Any:
        compiler: Any = copy(self._compiler)
        compiler.connection = connections[self._queryset.db]  # each thread has its own
        params = tuple(
            each.filled(values, compiler.connection) if isinstance(each, Gap) else each
            for each in self._params
        )
        compiler.as_sql = lambda *_args, **_kwargs: (self._sql, params)
        return compiler


def written_once(make: Callable[Key, QuerySet[Any]]) -> Callable[Key, Statement]:
    """The statement of the query that `make` gives; it is made once for each set of arguments, which are its key."""

    @wraps(make)
    def statement(*args: Key.args, **kwargs: Key.kwargs) -> Statement:
        return Statement(make(*args, **kwargs))

    kept: Callable[Key, Statement] = lru_cache(maxsize=KEPT)(statement)  # type: ignore[assignment]
    return kept
