"""What the raw layer already holds, whichever target it is in: nothing else asks where the rows are."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import duckdb
import pyarrow as pa

from loaders.catalogue import Dataset
from loaders.config import RAW_BMRS, RAW_IRIS, Settings
from loaders.windows import Window

LANDED = ["landed", "unchanged", "empty"]  # outcomes of a window after which nothing of it is missing
EVER = datetime(1970, 1, 1, tzinfo=UTC)
_RAW_TABLE = re.compile(rf"\b({RAW_BMRS}|{RAW_IRIS})\.(\w+)")
_VALUE = re.compile(r"@(\w+)")


class CannotLand(RuntimeError):
    """The raw layer cannot be written or asked; the message says why. The next run finishes or repeats what it did."""


class NothingThere(CannotLand):
    """A table that was asked for does not exist."""


class Held(Protocol):
    """What can be asked about the rows that were landed."""

    def ask(self, query: str, values: dict | None = None, warehouse: Path | None = None) -> pa.Table:
        """The rows of any query in the SQL that DuckDB and BigQuery share.

        Args:
            query: over raw tables, such as ``raw_bmrs._windows``, and marts by their bare names.
            values: texts, lists of texts and moments, for ``@name`` in the query.
            warehouse: DuckDB's file with the marts, if there are any in the query; BigQuery has them in one place.

        Raises:
            NothingThere: a table does not exist.
            CannotLand: BigQuery did not answer.
            duckdb.Error: the files cannot be read.
        """

    def sizes(self) -> dict[str, int]:
        """Bytes of each raw table, both channels together: of its files, or as BigQuery stores it."""

    def reach(self, now: datetime) -> datetime:
        """From when on the ledgers are looked at several times an hour: not ever, where reading is billed."""

    def kept_since(self, table: str, now: datetime) -> datetime:
        """The start of the windows and messages from which on all rows of a raw table are kept."""

    def built_at(self, warehouse: Path) -> datetime:
        """When the gaps were built that are in the warehouse."""

    def of_messages(self, db: duckdb.DuckDBPyConnection, dataset: Dataset, said: pa.Table) -> None:
        """Makes ``held`` in ``db``: the rows that landed of the messages whose rows ``said`` has."""

    def register(
        self, db: duckdb.DuckDBPyConnection, dataset: Dataset, window: Window, answer: pa.Table, version: list[str]
    ) -> None:
        """Makes ``held`` in ``db``: what was landed for windows that share a moment with this one.

        Args:
            db: where ``held`` can be queried from now on.
            dataset: whose rows they are.
            window: the window of the answer.
            answer: the rows that are to be compared.
            version: the columns in which rows must be the same to be compared at all.
        """

    def kept(self, landed: list[str]) -> Iterator[tuple]:
        """Id, dataset, compressed body, when received and channel of each message that was kept as it came.

        Oldest first, without those that had one of the outcomes ``landed`` since.
        """


def held_by(settings: Settings) -> Held:
    """For the target at hand."""
    if settings.bigquery:
        from loaders.bigquery.held import BigQueryHeld  # Google's client takes a second to import

        return BigQueryHeld(settings.bigquery)
    return LakeHeld(settings)


class LakeHeld:
    """The Parquet lake, read by DuckDB."""

    def __init__(self, settings: Settings):
        self._settings = settings

    def ask(self, query: str, values: dict | None = None, warehouse: Path | None = None) -> pa.Table:  # noqa: D102
        for schema, table in _RAW_TABLE.findall(query):
            if next(self._settings.raw_files(schema, table).glob("*.parquet"), None) is None:
                raise NothingThere(f"there is no {schema}.{table} in {self._settings.home}")
        query = _VALUE.sub(r"$\1", _RAW_TABLE.sub(lambda name: self._table(*name.groups()), query))
        with read_lake(warehouse) as db:
            return db.execute(query, values or {}).to_arrow_table()

    def sizes(self) -> dict[str, int]:  # noqa: D102 - see Held
        found: dict[str, int] = {}
        for schema in (RAW_BMRS, RAW_IRIS):
            for folder in _entries(self._settings.lake / schema):
                if folder.is_dir():
                    size = sum(file.stat().st_size for file in _entries(Path(folder.path)) if file.is_file())
                    found[folder.name] = found.get(folder.name, 0) + size
        return found

    def reach(self, now: datetime) -> datetime:  # noqa: D102 - see Held
        return EVER

    def kept_since(self, table: str, now: datetime) -> datetime:  # noqa: D102 - see Held
        return EVER

    def built_at(self, warehouse: Path) -> datetime:  # noqa: D102 - see Held
        return datetime.fromtimestamp(warehouse.stat().st_mtime, UTC)

    def of_messages(self, db, dataset: Dataset, said: pa.Table) -> None:  # noqa: D102 - see Held
        db.register("messages", said)
        db.execute(f"""
            create temp view held as select * from {self._table(RAW_IRIS, dataset.table)}
            where _message_id in (select _message_id from messages)
        """)

    def register(self, db, dataset, window, answer, version) -> None:  # noqa: D102 - see Held
        db.execute(f"""
            create temp view held as select * from {self._table(RAW_BMRS, dataset.table)}
            where _window_to_utc >= timestamptz '{window.start}' and _window_from_utc <= timestamptz '{window.end}'
        """)

    def kept(self, landed: list[str]) -> Iterator[tuple]:  # noqa: D102 - see Held
        query = f"""
            with kept as (
                select * from {self._table(RAW_IRIS, "_quarantine")}
                union all by name
                select * from {self._table(RAW_IRIS, "_unmapped")}
            )
            select message_id, dataset, body_gz, received_at_utc, channel from kept
            where message_id not in (
                select message_id from {self._table(RAW_IRIS, "_messages")} where list_contains($1, outcome)
            )
            order by _load_id, message_id
        """
        with read_lake() as db:
            rows = db.execute(query, [landed])
            while some := rows.fetchmany(100):
                yield from some

    def _table(self, schema: str, table: str) -> str:
        files = str(self._settings.raw_files(schema, table) / "*.parquet").replace("'", "''")
        return f"read_parquet('{files}', union_by_name = true)"


def tuples(rows: pa.Table) -> list[tuple]:
    """Rows as DuckDB fetches them."""
    return list(zip(*(column.to_pylist() for column in rows.columns), strict=True))


@contextmanager
def read_lake(warehouse: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB in little memory, telling times in UTC; a warehouse is opened to be read."""
    name = str(warehouse or ":memory:")
    with duckdb.connect(name, read_only=bool(warehouse), config={"memory_limit": "500MB", "threads": 2}) as db:
        db.execute("set TimeZone = 'UTC'")
        yield db


def _entries(folder: Path) -> list[os.DirEntry]:
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        return list(entries)


def quoted(name: str) -> str:
    """A column's name in SQL of DuckDB."""
    return '"' + name.replace('"', '""') + '"'
