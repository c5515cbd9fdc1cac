"""What a publisher shows: the marts that a dbt exposure names, and what its ``meta`` says of them.

``meta.tables`` lists them: ``fct_carbon_intensity: {last_hours: 24, of: start_utc, order_by: [start_utc]}``. A table
holds all rows, or those within so many hours of its own newest, so that old data shows as old and not as nothing.
``meta.kpis`` lists the headline figures, each a column of ``mart_now``, with label, unit and as-of, once for all
publishers. Every number that is shown has the name of a mart and of a column.
"""

import json
from dataclasses import dataclass
from typing import Any

import duckdb
import msgspec

from loaders.config import Settings


class CannotPublish(RuntimeError):
    """What was published before is left as it was; the message says why and what to do."""


class TableWanted(msgspec.Struct, forbid_unknown_fields=True):
    """Which rows of a mart are shown."""

    columns: list[str] = []  # none: all
    of: str | None = None  # the instant or date whose greatest value ``last_hours`` or ``last_days`` counts back from
    last_hours: int | None = None
    last_days: int | None = None
    only: str | None = None  # a condition, such as a boolean column, in the SQL that DuckDB and BigQuery share
    order_by: list[str] = []
    limit: int | None = None

    @property
    def days(self) -> int:
        """That ``last_hours`` or ``last_days`` are, or are begun."""
        return self.last_days or -(-(self.last_hours or 0) // 24)


class Kpi(msgspec.Struct, forbid_unknown_fields=True):
    """A headline figure: a column of ``mart_now``."""

    label: str
    column: str
    unit: str
    as_of: str  # the column of mart_now that says when
    decimals: int = 0
    scale: float = 1  # what the column is multiplied by to be in ``unit``
    why: str | None = None  # the column that says why the figure is missing
    spark: str | None = None  # table.column whose history is drawn beside it


class Meta(msgspec.Struct, forbid_unknown_fields=True):
    """What an exposure's ``meta`` holds."""

    tables: dict[str, TableWanted]
    kpis: list[Kpi] = []


@dataclass(frozen=True)
class Exposure:
    """One exposure, ready to be read."""

    name: str
    columns: dict[str, set[str]]  # of each mart that it shows
    meta: Meta


Rows = list[dict[str, Any]]


def read_exposure(settings: Settings, name: str) -> Exposure:
    """The exposure as dbt knows it.

    Raises:
        CannotPublish: dbt has not parsed the project, or the exposure is not one that a publisher can read.
    """
    manifest = _manifest(settings)
    found = next((e for e in manifest["exposures"].values() if e["name"] == name), None)
    if found is None:
        raise CannotPublish(f"dbt knows no exposure {name!r}: 'gb-power build' reads dbt_project/models/exposures anew")
    return _exposure(found, manifest)


def read_exposures(settings: Settings) -> list[Exposure]:
    """All of them.

    Raises:
        CannotPublish: as above.
    """
    return exposures_of(_manifest(settings))


def exposures_of(manifest: dict) -> list[Exposure]:
    """All that dbt knows in a manifest."""
    return [_exposure(found, manifest) for found in manifest["exposures"].values()]


def _manifest(settings: Settings) -> dict:
    manifest = settings.dbt_target / "manifest.json"
    try:
        return json.loads(manifest.read_bytes())
    except FileNotFoundError:
        raise CannotPublish(f"{manifest} does not exist yet: 'gb-power build' makes it") from None


def _exposure(found: dict, manifest: dict) -> Exposure:
    name = found["name"]
    try:
        meta = msgspec.convert(found["config"]["meta"] or found["meta"], Meta)
    except msgspec.ValidationError as error:
        raise CannotPublish(f"{found['original_file_path']}: exposure {name}: meta: {error}") from None
    nodes = [manifest["nodes"][node] for node in found["depends_on"]["nodes"]]
    columns = {node["alias"]: set(node["columns"]) for node in nodes}
    if stray := sorted(set(meta.tables) - set(columns)):
        raise CannotPublish(
            f"{found['original_file_path']}: exposure {name} shows {', '.join(stray)}, which it does not depend on"
        )
    return Exposure(name, columns, meta)


def read_tables(settings: Settings, exposure: Exposure) -> dict[str, Rows]:
    """The rows of every table that the exposure shows, from the warehouse that people query.

    Raises:
        CannotPublish: nothing was served yet, or a mart is not as the exposure says.
    """
    if not settings.served.exists():
        raise CannotPublish(f"{settings.served} does not exist yet: 'gb-power build' makes it")
    with duckdb.connect(str(settings.served), read_only=True) as db:
        db.execute("set TimeZone = 'UTC'")
        return {name: _rows(db, exposure, name, wanted) for name, wanted in exposure.meta.tables.items()}


def _rows(db: duckdb.DuckDBPyConnection, exposure: Exposure, name: str, wanted: TableWanted) -> Rows:
    query = f"select {', '.join(wanted.columns) or '*'} from {name}"
    if wanted.of:
        span = f"interval {wanted.last_hours} hour" if wanted.last_hours else wanted.last_days
        query += f" where {wanted.of} > (select max({wanted.of}) from {name}) - {span}"
    elif wanted.only:
        query += f" where {wanted.only}"
    if wanted.order_by:
        query += f" order by {', '.join(wanted.order_by)}"
    if wanted.limit:
        query += f" limit {wanted.limit}"
    try:
        answer = db.execute(query)
    except duckdb.Error as error:
        raise CannotPublish(f"exposure {exposure.name}, table {name}: {error}") from None
    names = [column for column, *_ in answer.description]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
