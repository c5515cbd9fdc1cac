"""The file that people's commands read, fetched from BigQuery: the tables that dbt's exposures name, and of their days
as many as are shown.

Each question names the days it needs, so that it is billed for those alone. Rows that are older than a week are old
news and not none: then the newest day is asked for first.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from loaders import clock
from loaders.bigquery.client import read, table_facts
from loaders.config import BigQuerySettings
from loaders.held import NothingThere
from loaders.publish.exposures import Exposure, TableWanted
from loaders.windows import settlement_day

DAY = "settlement_date"  # what marts are cut by
OLD = timedelta(days=7)


@dataclass(frozen=True)
class Mart:
    """A table of some exposures, and what they want of it."""

    name: str
    wanted: list[TableWanted]
    has_days: bool

    def since(self, day: date) -> date | None:
        """From which day on rows are wanted, if the newest are about of ``day``; none where days do not matter."""
        days = max((one.days for one in self.wanted if one.of), default=0)
        return day - OLD - timedelta(days=days) if DAY in self.where else None

    @property
    def query(self) -> str:
        """What BigQuery is asked."""
        return f"select * from `{self.name}`" + (f" where {self.where}" if self.where else "")

    @property
    def where(self) -> str:
        """The rows that any of them wants; nothing if one wants all."""
        conditions = [f"{DAY} >= @since" if one.of and self.has_days else one.only for one in self.wanted]
        return " or ".join(f"({one})" for one in dict.fromkeys(conditions)) if all(conditions) else ""


class Fetched(NamedTuple):
    """What there is of a table, from which day on (none: all of it), and when it was built."""

    name: str
    rows: pa.Table
    since: date | None
    built_at: datetime


def fetch(settings: BigQuerySettings, exposures: list[Exposure], path: Path) -> datetime:
    """Writes the exposures' tables, if they are there, to a new DuckDB file; returns when the newest of them was built.

    Raises:
        CannotLand: BigQuery did not answer, or none of the tables is there.
    """
    marts, today = wanted_marts(exposures), settlement_day(clock.now())
    with ThreadPoolExecutor(8) as pool:
        fetched = [found for found in pool.map(lambda mart: _fetched(settings, mart, today), marts) if found]
    if not fetched:
        raise NothingThere(f"project {settings.project} has no mart in its dataset {settings.dataset}")
    with duckdb.connect(str(path)) as db:
        db.execute("create table served_from (table_name text, settlement_date_from date)")
        for found in fetched:
            db.register("fetched", found.rows)
            db.execute(f'create table "{found.name}" as from fetched')
            db.execute("insert into served_from values ($1, $2)", [found.name, found.since])
    return max(found.built_at for found in fetched)


def wanted_marts(exposures: list[Exposure]) -> list[Mart]:
    """Each table once."""
    wanted: dict[str, list[TableWanted]] = {}
    with_days = {name for exposure in exposures for name, columns in exposure.columns.items() if DAY in columns}
    for exposure in exposures:
        for name, one in exposure.meta.tables.items():
            wanted.setdefault(name, []).append(one)
    return [Mart(name, ones, name in with_days) for name, ones in wanted.items()]


def _fetched(settings: BigQuerySettings, mart: Mart, today: date) -> Fetched | None:
    """None where nobody built the table yet."""
    try:
        found = _of_day(settings, mart, today)
        if found.since and (pc.max(found.rows[DAY]).as_py() or date.min) < today - OLD:
            query = f"select max({DAY}) as newest from `{mart.name}` where {DAY} >= @since"
            newest = read(settings, query, {"since": date(1970, 1, 1)}, settings.dataset)["newest"][0].as_py()
            found = _of_day(settings, mart, newest) if newest else found
    except NothingThere:
        return None
    return found


def _of_day(settings: BigQuerySettings, mart: Mart, day: date) -> Fetched:
    """What would be wanted on that day."""
    since = mart.since(day)
    rows = read(settings, mart.query, {"since": since} if since else {}, settings.dataset)
    return Fetched(mart.name, rows, since, table_facts(settings, f"{settings.dataset}.{mart.name}").modified)
