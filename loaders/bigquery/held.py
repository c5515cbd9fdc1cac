"""What BigQuery already holds. Every query names the days it needs, so that it is billed for those alone."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from loaders.bigquery.client import read, rows, table_facts
from loaders.bigquery.tables import layout_of
from loaders.catalogue import Dataset
from loaders.config import RAW_BMRS, RAW_IRIS, BigQuerySettings
from loaders.held import EVER, tuples
from loaders.windows import Window

LEDGER_DAYS = timedelta(days=35)  # by the start of a window, or by when a message landed
_MOVED = timedelta(days=7)  # by how much a restated row's day may differ, where the day is not of the row's key


class BigQueryHeld:
    """:class:`loaders.held.Held` of the raw datasets."""

    def __init__(self, settings: BigQuerySettings):
        self._settings = settings

    def ask(self, query: str, values: dict | None = None, warehouse=None) -> pa.Table:  # noqa: D102 - see Held
        return read(self._settings, query, values, self._settings.dataset if warehouse else None)

    def sizes(self) -> dict[str, int]:  # noqa: D102 - see Held
        found: dict[str, int] = {}
        for schema in (RAW_BMRS, RAW_IRIS):
            query = f"select table_id, size_bytes from {schema}.__TABLES__"  # costs nothing
            for table, size in tuples(read(self._settings, query)):
                found[table] = found.get(table, 0) + size
        return found

    def reach(self, now: datetime) -> datetime:  # noqa: D102 - see Held
        return now - LEDGER_DAYS

    def kept_since(self, table: str, now: datetime) -> datetime:  # noqa: D102 - see Held
        days = table_facts(self._settings, table).time_partitioning
        expiry = days.expiration_ms if days else None
        return now - timedelta(milliseconds=expiry) + _MOVED if expiry else EVER

    def built_at(self, warehouse: Path) -> datetime:  # noqa: D102 - see Held
        return table_facts(self._settings, f"{self._settings.dataset}.data_gaps").modified

    def of_messages(self, db, dataset: Dataset, said: pa.Table) -> None:  # noqa: D102 - see Held
        query = f"select * from `{RAW_IRIS}.{dataset.table}` where _message_id in unnest(@ids)"
        values = {"ids": pc.unique(said.column("_message_id")).to_pylist()}
        partition = layout_of(dataset).partition_by
        if days := self._days(dataset, said, [partition] if partition else []):
            query += f" and ({partition} between @first and @last or {partition} is null)"
            values |= {"first": days[0], "last": days[1]}
        db.register("held", read(self._settings, query, values))

    def register(self, db, dataset: Dataset, window: Window, answer: pa.Table, version: list[str]) -> None:  # noqa: D102
        query = f"""
            select * from `{RAW_BMRS}.{dataset.table}`
            where _window_to_utc >= @window_from and _window_from_utc <= @window_to
        """
        values = {"window_from": window.start, "window_to": window.end}
        days, partition = self._days(dataset, answer, version), layout_of(dataset).partition_by
        if days:
            query += f" and ({partition} between @first and @last or {partition} is null)"
            values |= {"first": days[0], "last": days[1]}
        db.register("held", read(self._settings, query, values))

    def _days(self, dataset: Dataset, answer: pa.Table, version: list[str]) -> tuple | None:
        """First and last day that a row of the answer, or another version of it, can have in the partitions' column."""
        partition = layout_of(dataset).partition_by
        ends = pc.min_max(answer.column(partition)).as_py() if partition else {"min": None}
        if ends["min"] is None:
            return None
        moved = timedelta(0) if partition in version else _MOVED
        return ends["min"] - moved, ends["max"] + moved

    def kept(self, landed: list[str]) -> Iterator[tuple]:  # noqa: D102 - see Held
        kept = " union all ".join(
            f"select message_id, dataset, body_gz, received_at_utc, channel, landed_at_utc, _load_id from `{table}`"
            for table in (f"{RAW_IRIS}._quarantine", f"{RAW_IRIS}._unmapped")
        )
        (first,) = read(self._settings, f"select min(landed_at_utc) as first from ({kept})").to_pylist()
        query = f"""
            select message_id, dataset, body_gz, received_at_utc, channel from ({kept})
            where message_id not in (
                select message_id from `{RAW_IRIS}._messages`
                where landed_at_utc >= @first and outcome in unnest(@landed)
            )
            order by _load_id, message_id
        """
        values = {"first": first["first"] or EVER, "landed": landed}
        yield from (row.values() for row in rows(self._settings, query, values))
