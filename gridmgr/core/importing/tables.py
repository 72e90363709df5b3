"""Rows of COPY text → rows of a table: COPY into a temporary table, one UPDATE of what differs, one INSERT of what is new.

A row that the database refuses is found by halving, and told in the words of its constraint.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, DataError, IntegrityError, connection, models, transaction
from django.utils.translation import gettext as _
from psycopg2 import sql

from gridmgr.core.errors import constraint_of
from gridmgr.core.importing.base import Refusal
from gridmgr.core.importing.differences import column_differs, extra_column, extra_differs
from gridmgr.core.importing.objections import in_words
from gridmgr.core.importing.report import Item, Report
from gridmgr.core.importing.values import NULL, needs_value

if TYPE_CHECKING:
    from gridmgr.core.importing.layers import Importer

# After so many refused rows the search for more ends.
MOST_REFUSED = 100
MOST_ITEMS = 200
# From so many rows on a bad plan costs more than fresh statistics.
MANY = 1000


@dataclass(frozen=True)
class Incoming:
    """Rows to be written: COPY text by database column and by extra field, for the indices in `rows`.

    `names` says how each row is called; `missing_for_new` are the labels of columns that new rows would need.
    """

    columns: Mapping[str, Sequence[str]]
    extras: Mapping[str, Sequence[str]]
    rows: Sequence[int]
    names: Sequence[str]
    missing_for_new: Sequence[str] = ()


def write(report: Report, importer: "Importer", incoming: Incoming, *, skip_refused: bool) -> bool:
    """Write all rows, inside the caller's transaction, and account for them in the report.

    Returns whether what was written may stay: not when rows are refused and `skip_refused` isn't set, nor when so
    many were that the search for more was given up. Otherwise it is for the caller to roll back.
    """
    with connection.cursor() as cursor:
        table = _Table(importer, incoming, cursor)
        table.spare_subtransactions()
        table.load()
        report.refused += table.refuse_unclear()
        if skip_refused or not report.refused:
            numbers = table.numbers()
            report.refused += table.write_numbers(numbers)
        report.counts = {importer.layer: table.counts()}
        report.items = table.items()
        if table.given_up:
            report.notes.append(_("被拒绝的行超过 %s 行,其余各行没有再检查,什么都没有写入。") % MOST_REFUSED)
        table.drop()
    report.refused.sort(key=lambda refusal: refusal.row)
    may_stay = not table.given_up and (skip_refused or not report.refused)
    if may_stay and importer.after:
        importer.after()
    return may_stay


@dataclass
class _Table:
    """The temporary tables of one import, and the statements over them."""

    importer: "Importer"
    incoming: Incoming
    cursor: Any
    refused: set[int] = field(default_factory=set)
    given_up: bool = False

    @property
    def model(self) -> type[models.Model]:
        return self.importer.model

    def run(self, statement: str, parameters: Sequence[Any] = (), **parts: sql.Composable) -> None:
        """Run a statement; `{target}`, `{pk}` and `{match}` are always known in it."""
        known = {
            "target": sql.Identifier(self.model._meta.db_table),
            "pk": sql.Identifier(str(self.model._meta.pk.column)),
            "match": sql.SQL(self.importer.match(self.incoming.columns)),
        }
        text = sql.SQL(statement).format(**known, **parts).as_string(self.cursor.connection)
        self.cursor.execute(text, list(parameters))

    def spare_subtransactions(self) -> None:
        """Set pgtrigger's list of ignored triggers to the empty one, which it is without being set.

        Each trigger asks for it, and an unset one is found out by an exception: its rollback walks over all deferred
        checks that wait, so that 100,000 rows would take minutes instead of seconds.
        """
        setting = "pgtrigger.ignore"
        self.cursor.execute(
            "SELECT set_config(%s, coalesce(nullif(current_setting(%s, true), ''), '{}'), true)",
            [setting, setting],
        )

    # ── In ──

    def load(self) -> None:
        """COPY the rows into `incoming`, and find the stored row of each and in what they differ."""
        columns = [sql.SQL("t.{}").format(sql.Identifier(name)) for name in self.incoming.columns]
        extras = [sql.SQL("NULL::text AS {}").format(extra_column(name)) for name in self.incoming.extras]
        self.drop()
        if len(self.incoming.rows) >= MANY:
            # An autovacuum in the middle of an earlier large import saw its pages and none of its rows: with a table
            # believed empty the joins below become nested loops.
            self.run("ANALYZE {target}")
        self.run(
            "CREATE TEMPORARY TABLE incoming ON COMMIT DROP AS "
            "SELECT {fields} FROM {target} AS t WITH NO DATA",
            fields=sql.SQL(", ").join([sql.SQL("NULL::integer AS n"), *columns, *extras]),
        )
        self.cursor.copy_expert("COPY incoming FROM STDIN", self._copy_text())
        self.run("ANALYZE incoming")
        self.run(
            "CREATE TEMPORARY TABLE matched ON COMMIT DROP AS "
            "SELECT i.n, t.{pk} AS pk, count(*) OVER (PARTITION BY i.n) AS candidates, "
            "count(*) OVER (PARTITION BY t.{pk}) AS claims, array_remove(ARRAY[{differs}]::text[], NULL) AS changed "
            "FROM incoming AS i JOIN {target} AS t ON {match}",
            differs=sql.SQL(", ").join(self._differences()),
        )
        self.run("CREATE INDEX ON matched (n)")
        self.run("ANALYZE matched")

    def drop(self) -> None:
        """Take the temporary tables away."""
        self.run("DROP TABLE IF EXISTS pg_temp.incoming, pg_temp.matched")

    def _copy_text(self) -> StringIO:
        rows = self.incoming.rows
        columns = [*self.incoming.columns.values(), *self.incoming.extras.values()]
        whole = len(rows) == len(self.incoming.names)
        chosen = columns if whole else [[column[index] for index in rows] for column in columns]
        numbers = map(str, rows)
        return StringIO("".join("\t".join(row) + "\n" for row in zip(numbers, *chosen, strict=True)))

    def _differences(self) -> list[sql.Composable]:
        """For each column SQL that is its name when incoming and stored differ, else NULL."""
        fields = {str(each.column): each for each in self.model._meta.concrete_fields}
        extras = [extra for extra in self.importer.extras if extra.name in self.incoming.extras]
        return [
            *(column_differs(fields[name]) for name in self.incoming.columns),
            *(extra_differs(extra) for extra in extras),
        ]

    # ── What can't be told apart ──

    def refuse_unclear(self) -> list[Refusal]:
        """Rows that name several stored rows or the same as another, change what is fixed, or lack what new rows need."""
        found = [*self._several(), *self._fixed(), *self._incomplete()]
        refusals = {
            row: Refusal(row + 1, self.incoming.names[row], head, value, reason)
            for row, head, value, reason in found
        }
        self.refused |= set(refusals)
        return list(refusals.values())

    def _several(self) -> list[tuple[int, str, str, str]]:
        self.run("SELECT DISTINCT n, candidates, claims FROM matched WHERE candidates > 1 OR claims > 1")
        key = _("、").join(self.importer.key)
        reasons = []
        for row, candidates, _claims in self.cursor.fetchall():
            reason = (
                _("库中有 %s 个对象符合,分不清是哪一个。请补上来源编号,或改正名称。") % candidates
                if candidates > 1
                else _("文件里有几行指的是库中的同一个对象。请删去多余的行。")
            )
            reasons.append((row, key, self.incoming.names[row], reason))
        return reasons

    def _fixed(self) -> list[tuple[int, str, str, str]]:
        fixed = {extra.name: extra.fixed for extra in self.importer.extras if extra.fixed}
        given = {**self.incoming.extras, **self.incoming.columns}
        reasons = []
        for name, why in {**fixed, **self.importer.fixed}.items():
            if name in given:
                self.run("SELECT n FROM matched WHERE %s = ANY(changed)", [name])
                reasons += [
                    (row, name, "" if given[name][row] == NULL else given[name][row], str(why))
                    for (row,) in self.cursor.fetchall()
                ]
        return reasons

    def _incomplete(self) -> list[tuple[int, str, str, str]]:
        if not self.incoming.missing_for_new:
            return []
        self.run(
            "SELECT n FROM incoming AS i WHERE NOT EXISTS (SELECT FROM matched AS m WHERE m.n = i.n) ORDER BY n"
        )
        labels = _("、").join(self.incoming.missing_for_new)
        reason = _("库中没有这一行,而新增须有这些列。请补上,或改正编号。")
        return [(row, labels, "", reason) for (row,) in self.cursor.fetchall()]

    def numbers(self) -> list[int]:
        """The rows that may be written, in the file's order."""
        return [row for row in self.incoming.rows if row not in self.refused]

    # ── Out ──

    def write_numbers(self, numbers: Sequence[int]) -> list[Refusal]:
        """Write those rows; when the database refuses, find the rows at fault by halving."""
        if not numbers or self.given_up:
            return []
        try:
            with transaction.atomic():
                self._write(numbers)
            return []
        except (IntegrityError, DataError) as error:
            if len(numbers) == 1:
                return [self._refusal(numbers[0], error)]
        middle = len(numbers) // 2
        refusals = self.write_numbers(numbers[:middle])
        return refusals + self.write_numbers(numbers[middle:])

    def _write(self, numbers: Sequence[int]) -> None:
        bounds = [numbers[0], numbers[-1], list(self.refused)]
        self._update(bounds)
        self._insert(bounds)
        self._write_extras(bounds)
        # What PostgreSQL would check at the end of the transaction it checks now, while the row is known.
        self.run("SET CONSTRAINTS ALL IMMEDIATE")
        self.run("SET CONSTRAINTS ALL DEFERRED")

    def _update(self, bounds: Sequence[Any]) -> None:
        names = list(self.incoming.columns)
        if not names:
            return
        settings = [
            sql.SQL("{0} = CASE WHEN {1} = ANY(m.changed) THEN i.{0} ELSE t.{0} END").format(
                sql.Identifier(name), sql.Literal(name)
            )
            for name in names
        ]
        self.run(
            "UPDATE {target} AS t SET {settings} FROM incoming AS i JOIN matched AS m ON m.n = i.n "
            "WHERE m.pk = t.{pk} AND m.changed && %s::text[] AND i.n BETWEEN %s AND %s AND i.n <> ALL(%s)",
            [names, *bounds],
            settings=sql.SQL(", ").join(settings),
        )

    def _insert(self, bounds: Sequence[Any]) -> None:
        names = [sql.Identifier(name) for name in self.incoming.columns]
        more = self._defaults()
        self.run(
            "INSERT INTO {target} ({names}) SELECT {values} FROM incoming AS i "
            "WHERE i.n BETWEEN %s AND %s AND i.n <> ALL(%s) "
            "AND NOT EXISTS (SELECT FROM matched AS m WHERE m.n = i.n) ORDER BY i.n",
            bounds,
            names=sql.SQL(", ").join([*names, *(sql.Identifier(name) for name in more)]),
            values=sql.SQL(", ").join(
                [
                    *(sql.SQL("i.{}").format(name) for name in names),
                    *(sql.Literal(value) for value in more.values()),
                ]
            ),
        )

    def _defaults(self) -> dict[str, Any]:
        """The columns that the file hasn't got and a new row needs, with their default."""
        return {
            str(each.column): each.get_default()
            for each in self.model._meta.concrete_fields
            if str(each.column) not in self.incoming.columns
            and not (each.primary_key or each.generated or each.null or needs_value(each))
        }

    def _write_extras(self, bounds: Sequence[Any]) -> None:
        for extra in self.importer.extras:
            if extra.name not in self.incoming.extras:
                continue
            self.run(
                "SELECT t.{pk}, i.{column} FROM incoming AS i JOIN {target} AS t ON {match} "
                "LEFT JOIN matched AS m ON m.n = i.n WHERE i.n BETWEEN %s AND %s AND i.n <> ALL(%s) "
                "AND i.{column} IS NOT NULL AND (m.n IS NULL OR %s = ANY(m.changed)) ORDER BY i.n",
                [*bounds, extra.name],
                column=extra_column(extra.name),
            )
            if rows := self.cursor.fetchall():
                extra.write(rows)

    # ── The account ──

    def counts(self) -> dict[str, int]:
        """How many rows were created, updated and left as they are, the refused ones aside."""
        self.run(
            "SELECT count(*) FILTER (WHERE m.n IS NULL), count(*) FILTER (WHERE m.changed <> '{{}}'), "
            "count(*) FILTER (WHERE m.changed = '{{}}') "
            "FROM incoming AS i LEFT JOIN matched AS m ON m.n = i.n WHERE i.n <> ALL(%s)",
            [list(self.refused)],
        )
        return dict(zip(("created", "updated", "unchanged"), self.cursor.fetchone(), strict=True))

    def items(self) -> list[Item]:
        """The first rows that were created or updated, by name, with the columns that changed."""
        self.run(
            "SELECT i.n, m.changed FROM incoming AS i LEFT JOIN matched AS m ON m.n = i.n "
            "WHERE i.n <> ALL(%s) AND (m.n IS NULL OR m.changed <> '{{}}') ORDER BY i.n LIMIT %s",
            [list(self.refused), MOST_ITEMS],
        )
        return [
            Item(self.incoming.names[row], "created")
            if changed is None
            else Item(self.incoming.names[row], "updated", {"changed": changed})
            for row, changed in self.cursor.fetchall()
        ]

    # ── Refusals by the database ──

    def _refusal(self, row: int, error: DatabaseError) -> Refusal:
        self.refused.add(row)
        self.given_up = len(self.refused) >= MOST_REFUSED
        name = constraint_of(error) if isinstance(error, IntegrityError) else ""
        reason = in_words(error, name, self.importer, lambda: self._values(row))
        return Refusal(row + 1, self.incoming.names[row], name or _("数据库"), "", reason)

    def _values(self, row: int) -> dict[str, Any]:
        names = list(self.incoming.columns)
        self.run(
            "SELECT {fields}, m.pk FROM incoming AS i LEFT JOIN matched AS m ON m.n = i.n WHERE i.n = %s",
            [row],
            fields=sql.SQL(", ").join(sql.SQL("i.{}").format(sql.Identifier(name)) for name in names),
        )
        return dict(zip([*names, "pk"], self.cursor.fetchone(), strict=True))
