"""One raw table as the lake and as BigQuery hold it: both are counted, and summed up by fingerprints, the same way."""

from datetime import date
from functools import cached_property
from pathlib import Path

import pyarrow as pa
from google.api_core.exceptions import NotFound

from loaders.bigquery import fingerprint
from loaders.bigquery.client import client, read
from loaders.bigquery.tables import Layout, fields
from loaders.config import BigQuerySettings
from loaders.held import read_lake

Part = tuple[date | None, str]  # the rows of a day (of the column that partitions the table) that a load brought
Sums = tuple[int, int]  # how many they are, and the sum of their fingerprints
_FILE = "_read_from"  # DuckDB's column with the file that a row is in
_KINDS = {
    pa.string(): "varchar", pa.int64(): "bigint", pa.float64(): "double", pa.bool_(): "boolean", pa.binary(): "blob",
    pa.date32(): "date", pa.timestamp("us", "UTC"): "timestamptz",
}  # fmt: skip


class RawTable:
    """One raw table.

    Args:
        folder: its Parquet files.
        wanted: its columns as the catalogue says; none where the catalogue does not know it any more.
        layout: how it is partitioned in BigQuery.
    """

    def __init__(self, folder: Path, wanted: pa.Schema | None, layout: Layout):
        self.schema, self.name, self.layout = folder.parent.name, folder.name, layout
        self._folder = folder
        self._wanted = wanted or pa.schema([])

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def bytes(self) -> int:
        """Of its files."""
        return sum(path.stat().st_size for path in self._folder.glob("*.parquet"))

    @cached_property
    def columns(self) -> pa.Schema:
        """What the catalogue says, and after it what the lake holds besides: fields that came unannounced."""
        with read_lake() as db:
            held = db.execute(f"from {self._files()} limit 0").to_arrow_table().schema
        known = {*self._wanted.names, _FILE}
        return pa.schema([*self._wanted, *(column for column in held if column.name not in known)])

    def in_lake(self) -> tuple[dict[Part, Sums], dict[date | None, set[str]]]:
        """What the lake holds, and in which files each day is."""
        query = f"""
            select {self._day('"')} as day, _load_id, count(*), sum({fingerprint.in_duckdb(self.columns)}),
                list(distinct {_FILE})
            from ({self._typed(self._files())}) group by all
        """
        parts: dict[Part, Sums] = {}
        files: dict[date | None, set[str]] = {}
        with read_lake() as db:
            for day, load, rows, total, names in db.execute(query).fetchall():
                parts[day, load] = rows, total
                files.setdefault(day, set()).update(names)
        return parts, files

    def in_bigquery(self, settings: BigQuerySettings) -> dict[Part, Sums]:
        """What BigQuery holds; nothing where it has no such table. A column that it lacks counts as empty."""
        google = client(settings)
        try:
            held = {field.name for field in google.get_table(f"{google.project}.{self}").schema}
        except NotFound:
            return {}
        lacking = (f", cast(null as {f.field_type}) as `{f.name}`" for f in fields(self.columns) if f.name not in held)
        query = f"""
            select {self._day("`")} as day, _load_id, count(*) as row_count,
                sum({fingerprint.in_bigquery(self.columns)}) as total
            from (select *{"".join(lacking)} from `{self}`) group by 1, 2
        """
        return {
            (row["day"], row["_load_id"]): (row["row_count"], row["total"]) for row in read(settings, query).to_pylist()
        }

    def write(self, parts: list[Part], files: set[str], target: Path) -> None:
        """Some of its rows as one Parquet file, of which BigQuery makes the types of the table."""
        sent = pa.table({"day": [str(day) for day, _ in parts], "load": [load for _, load in parts]})
        names, day = ", ".join(f'"{column.name}"' for column in self.columns), self._day('"')
        with read_lake() as db:
            db.execute("set preserve_insertion_order = false")
            db.register("sent", sent)
            db.execute(f"""
                copy (
                    select {names} from ({self._typed(self._files(files))})
                    where (coalesce(cast({day} as varchar), 'None'), _load_id) in (select (day, load) from sent)
                ) to {_quoted(target)} (format parquet, compression zstd)
            """)

    def _files(self, files: set[str] | None = None) -> str:
        names = ", ".join(map(_quoted, sorted(files))) if files else _quoted(f"{self._folder}/*.parquet")
        return f"read_parquet([{names}], union_by_name = true, filename = '{_FILE}')"

    def _typed(self, files: str) -> str:
        columns = (f'cast("{column.name}" as {_KINDS[column.type]}) as "{column.name}"' for column in self.columns)
        return f"select {', '.join(columns)}, {_FILE} from {files}"

    def _day(self, quote: str) -> str:
        column = self.layout.partition_by
        return f"cast({quote}{column}{quote} as date)" if column else "cast(null as date)"


def _quoted(text: Path | str) -> str:
    return "'" + str(text).replace("'", "''") + "'"
