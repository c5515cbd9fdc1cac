"""What a compiled BigQuery query reads: per scan of a table the columns, and the days of its partitions.

BigQuery skips partitions by what is compared with the partition column where it is known beforehand: constants, not
what another query finds. A comparison further up counts where it may be made before the steps between: through
projections, unions, filters and joins; through grouping and windows only by a column that they group or partition by.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from sqlglot import exp, parse_one
from sqlglot.optimizer.pushdown_projections import pushdown_projections
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, traverse_scope
from sqlglot.schema import MappingSchema

EVER = (date(1900, 1, 1), date(2999, 12, 31))


@dataclass(frozen=True)
class Scan:
    """One reading of a table: days from the first to the last, or None if nothing on its partitions is said."""

    table: str
    columns: frozenset[str]
    days: tuple[date, date] | None


class Query:
    """A query with every view in it replaced by what the view selects."""

    def __init__(self, sql: str, views: dict[str, str], schema: MappingSchema):
        parsed = parse_one(sql, dialect="bigquery")
        query = parsed.find(exp.Query) if not isinstance(parsed, exp.Query) else parsed
        _expand(query, views)
        known = {"schema": schema, "dialect": "bigquery"}
        query = qualify(query, **known, validate_qualify_columns=False, quote_identifiers=False)
        self.scopes = list(traverse_scope(pushdown_projections(query, **known)))
        self._readers: dict[int, list[tuple[Scope, str | None]]] = {}  # of a scope: who reads it, and as what
        for reader in self.scopes:
            read = [(source, alias) for alias, (_, source) in reader.selected_sources.items()]
            for scope, alias in read + [(branch, None) for branch in reader.set_operation_scopes]:
                self._readers.setdefault(id(scope), []).append((reader, alias))

    def scans(self, partitioned_by: dict[str, str]) -> Iterator[Scan]:
        """Every reading of a table, with what is known of the days of its partition column."""
        for scope in self.scopes:
            for alias, (_, source) in scope.selected_sources.items():
                if isinstance(source, exp.Table) and source.db:
                    name = ".".join(part.name for part in source.parts)
                    columns = frozenset(column.name for column in scope.columns if column.table == alias)
                    column = partitioned_by.get(name)
                    yield Scan(name, columns, self._days(scope, alias, column) if column else None)

    def _days(self, scope: Scope, alias: str, column: str) -> tuple[date, date] | None:
        """What the scope says of a source's column, and what every scope that reads the scope says of it."""
        own = _compared(scope, alias, column)
        passed = [name for name in _passed_on(scope, alias, column) if name]
        above = [self._days_above(scope, name) for name in passed]
        return _both(own, next((days for days in above if days), None))

    def _days_above(self, scope: Scope, column: str) -> tuple[date, date] | None:
        """All that is asked of a scope's column by the scopes that read it."""
        asked = []
        for reader, alias in self._readers.get(id(scope), []):
            if alias is None:  # a branch of a union, whose columns go by their place
                position = [item.alias_or_name for item in scope.expression.selects].index(column)
                asked.append(self._days_above(reader, reader.expression.selects[position].alias_or_name))
            else:
                asked.append(self._days(reader, alias, column))
        if not asked or None in asked:
            return None
        return min(days[0] for days in asked), max(days[1] for days in asked)


def schema_of(columns: dict[str, dict[str, str]]) -> MappingSchema:
    """Tables, named in full, and the types of their columns."""
    nested: dict = {}
    for table, types in columns.items():
        project, dataset, name = table.split(".", 2)
        nested.setdefault(project, {}).setdefault(dataset, {})[name] = types
    return MappingSchema(nested, dialect="bigquery")


@cache
def _parsed(sql: str) -> exp.Expression:
    return parse_one(sql, dialect="bigquery")


def _expand(query: exp.Expression, views: dict[str, str]) -> None:
    """Replaces every view by its query, and the views in that."""
    for table in list(query.find_all(exp.Table)):
        name = ".".join(part.name for part in table.parts)
        if name in views:
            inner = _parsed(views[name]).copy()
            _expand(inner, views)
            table.replace(exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier(table.alias_or_name))))


def _passed_on(scope: Scope, alias: str, column: str) -> Iterator[str]:
    """The names under which a scope gives a source's column, where days of it may be left out before all else."""
    select = scope.expression
    if not isinstance(select, exp.Select) or select.args.get("limit"):
        return
    windows = [node.args.get("partition_by") or [] for node in scope.find_all(exp.Window)]
    keys = [*windows, select.args["group"].expressions] if select.args.get("group") else windows
    if not select.args.get("group") and any(not node.find_ancestor(exp.Window) for node in scope.find_all(exp.AggFunc)):
        return
    for item in select.selects:
        if _is(item.unalias(), alias, column) and all(any(_is(key, alias, column) for key in group) for group in keys):
            yield item.alias_or_name


def _compared(scope: Scope, alias: str, column: str) -> tuple[date, date] | None:
    """The days that a scope's WHERE leaves of a source's column."""
    where = scope.expression.args.get("where")
    days = None
    for term in where.this.flatten() if where and isinstance(where.this, exp.And) else [where.this] if where else []:
        days = _both(days, _range(term.unnest(), alias, column))
    return days


def _range(term: exp.Expression, alias: str, column: str) -> tuple[date, date] | None:
    if isinstance(term, exp.Or):
        terms = [part.unnest() for part in term.flatten()]  # those without a time are a partition of their own
        parts = [_range(part, alias, column) for part in terms if not isinstance(part, exp.Is)]
        return None if None in parts or not parts else (min(part[0] for part in parts), max(part[1] for part in parts))
    if isinstance(term, exp.And):
        days = None
        for part in term.flatten():
            days = _both(days, _range(part.unnest(), alias, column))
        return days
    if not _is(term.this, alias, column):
        return None
    if isinstance(term, exp.Between):
        low, high = _constant(term.args["low"]), _constant(term.args["high"])
        return (low, high) if low and high else None
    other = _constant(term.args.get("expression"))
    if other is None:
        return None
    ranges = {exp.EQ: (other, other), exp.GTE: (other, EVER[1]), exp.GT: (other, EVER[1]), exp.LTE: (EVER[0], other)}
    return (ranges | {exp.LT: (EVER[0], other)}).get(type(term))


def _is(node: exp.Expression | None, alias: str, column: str) -> bool:
    return isinstance(node, exp.Column) and node.name == column and node.table == alias


def _constant(node: exp.Expression | None) -> date | None:
    """The day of an expression in which there is nothing to be looked up."""
    if not isinstance(node, exp.Expression) or node.find(exp.Column, exp.Query):
        return None
    if isinstance(node, exp.Paren):
        return _constant(node.this)
    if isinstance(node, exp.Add | exp.Sub):
        sign = 1 if isinstance(node, exp.Add) else -1
        return _constant(node.this) + sign * timedelta(days=int(node.expression.name))
    if isinstance(node, exp.Literal):
        return date.fromisoformat(node.name[:10])
    return _constant(node.this)  # a cast, or timestamp(date, zone)


def _both(one: tuple[date, date] | None, other: tuple[date, date] | None) -> tuple[date, date] | None:
    if one is None or other is None:
        return one or other
    return max(one[0], other[0]), min(one[1], other[1])
