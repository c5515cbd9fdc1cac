"""What the raw layer already holds, whichever target it is in: nothing else asks where the rows are."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol

import duckdb
import pyarrow as pa

from loaders.catalogue import Dataset
from loaders.config import RAW_BMRS, RAW_IRIS, Settings
from loaders.windows import Window

LANDED = ["landed", "unchanged", "empty"]  # outcomes of a window after which nothing of it is missing


class Held(Protocol):
    """What can be asked about the rows that were landed."""

    def answered(self, datasets: list[str], since: datetime | None) -> list[tuple]:
        """Dataset, variant, start and end of each window that was answered; when last, with which hash and outcome.

        Windows that start before ``since`` are left out.
        """

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

    def landed_ids(self, message_ids: list[str], since: datetime, outcomes: list[str]) -> set[str]:
        """Which of the messages have landed since then with one of the outcomes."""

    def received_ids(self, dataset: str, start: datetime, end: datetime) -> set[str]:
        """The messages of a dataset that the queue brought from ``start`` on and before ``end``."""

    def seen_datasets(self, since: datetime) -> set[str]:
        """The datasets of the messages received since then, under IRIS's names."""

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

    def answered(self, datasets: list[str], since: datetime | None) -> list[tuple]:  # noqa: D102 - see Held
        query = f"""
            select dataset, variant, window_from_utc, window_to_utc,
                max(asked_at_utc), arg_max(content_hash, asked_at_utc), arg_max(outcome, asked_at_utc)
            from {self._table(RAW_BMRS, "_windows")}
            where list_contains($datasets, dataset) and list_contains($landed, outcome) and error is null
                and ($since is null or window_from_utc is null or window_from_utc >= $since)
            group by all
        """
        with read_lake() as db:
            return db.execute(query, {"datasets": datasets, "landed": LANDED, "since": since}).fetchall()

    def register(self, db, dataset, window, answer, version) -> None:  # noqa: D102 - see Held
        db.execute(f"""
            create temp view held as select * from {self._table(RAW_BMRS, dataset.table)}
            where _window_to_utc >= timestamptz '{window.start}' and _window_from_utc <= timestamptz '{window.end}'
        """)

    def landed_ids(self, message_ids: list[str], since: datetime, outcomes: list[str]) -> set[str]:  # noqa: D102
        query = """
            select message_id from messages semi join ids using (message_id)
            where landed_at_utc >= $1 and list_contains($2, outcome)
        """
        with read_lake() as db:
            db.register("ids", pa.table({"message_id": pa.array(message_ids, pa.string())}))
            return self._messages(db, query, since, outcomes)

    def received_ids(self, dataset: str, start: datetime, end: datetime) -> set[str]:  # noqa: D102 - see Held
        query = """
            select message_id from messages
            where dataset = $1 and channel = 'QUEUE' and received_at_utc >= $2 and received_at_utc < $3
        """
        with read_lake() as db:
            return self._messages(db, query, dataset, start, end)

    def seen_datasets(self, since: datetime) -> set[str]:  # noqa: D102 - see Held
        with read_lake() as db:
            return self._messages(db, "select distinct dataset from messages where received_at_utc >= $1", since)

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

    def _messages(self, db: duckdb.DuckDBPyConnection, query: str, *values) -> set[str]:
        db.execute(f"create temp view messages as select * from {self._table(RAW_IRIS, '_messages')}")
        return {text for (text,) in db.execute(query, values).fetchall()}

    def _table(self, schema: str, table: str) -> str:
        files = str(self._settings.raw_files(schema, table) / "*.parquet").replace("'", "''")
        return f"read_parquet('{files}', union_by_name = true)"


@contextmanager
def read_lake() -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB in little memory, telling times in UTC."""
    with duckdb.connect(config={"memory_limit": "500MB", "threads": 2}) as db:
        db.execute("set TimeZone = 'UTC'")
        yield db


def quoted(name: str) -> str:
    """A column's name in SQL of DuckDB."""
    return '"' + name.replace('"', '""') + '"'
