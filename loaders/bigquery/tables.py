"""The raw tables of BigQuery: made once, partitioned by day and clustered, and widened when the catalogue grows."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow as pa
from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from loaders.bigquery.client import RETRY, client, read
from loaders.catalogue import Dataset, raw_name
from loaders.config import RAW_BMRS, RAW_IRIS, BigQuerySettings

_KINDS = {
    pa.string(): "STRING", pa.int64(): "INT64", pa.float64(): "FLOAT64", pa.bool_(): "BOOL", pa.binary(): "BYTES",
    pa.date32(): "DATE", pa.timestamp("us", "UTC"): "TIMESTAMP",
}  # fmt: skip


@dataclass(frozen=True)
class Layout:
    """By which column a table is cut into days, and by which its rows lie together."""

    partition_by: str | None = None
    cluster_by: tuple[str, ...] = ()


# Cut by what the loaders look them up by.
LEDGERS = {
    RAW_BMRS: {
        "_windows": Layout("window_from_utc", ("dataset", "variant")),
        "_quarantine": Layout("asked_at_utc", ("dataset",)),
        "_known_absent": Layout("asked_at_utc", ("dataset",)),
    },
    RAW_IRIS: {
        "_messages": Layout("landed_at_utc", ("dataset", "message_id")),
        "_unmapped": Layout("landed_at_utc", ("dataset",)),
        "_quarantine": Layout("landed_at_utc", ("dataset",)),
    },
}


def layout_of(dataset: Dataset) -> Layout:
    """As the catalogue says."""
    partition_by = raw_name(dataset.partition_by) if dataset.partition_by else None
    return Layout(partition_by, tuple(raw_name(name) for name in dataset.cluster_by))


def layouts(schema: str, catalogue: dict[str, Dataset]) -> dict[str, Layout]:
    """Of every table of a raw schema."""
    return {entry.table: layout_of(entry) for entry in catalogue.values()} | LEDGERS[schema]


def make_tables(
    settings: BigQuerySettings, schema: str, tables: dict[str, pa.Schema], laid_out: dict[str, Layout]
) -> None:
    """Makes the tables that are not there, and gives the others the columns that they lack."""
    google = client(settings)
    try:
        google.get_dataset(schema, retry=RETRY)
    except NotFound:  # asked first, since whoever made it for us need not let us make datasets
        google.create_dataset(schema, retry=RETRY)
    columns: dict[str, set[str]] = {}
    for row in read(settings, f"select table_name, column_name from `{schema}`.INFORMATION_SCHEMA.COLUMNS").to_pylist():
        columns.setdefault(row["table_name"], set()).add(row["column_name"])
    with ThreadPoolExecutor(8) as pool:
        made = [
            pool.submit(_make, google, schema, name, wanted, laid_out[name])
            for name, wanted in tables.items()
            if not columns.get(name, set()).issuperset(wanted.names)
        ]
        for one in made:
            one.result()


def _make(google: bigquery.Client, schema: str, name: str, wanted: pa.Schema, layout: Layout) -> None:
    table = bigquery.Table(f"{google.project}.{schema}.{name}", fields(wanted))
    if layout.partition_by:
        table.time_partitioning = bigquery.TimePartitioning(field=layout.partition_by)
    table.clustering_fields = layout.cluster_by or None
    table = google.create_table(table, exists_ok=True, retry=RETRY)
    held = {column.name for column in table.schema}
    if new := [column for column in fields(wanted) if column.name not in held]:
        table.schema = [*table.schema, *new]
        google.update_table(table, ["schema"])


def fields(wanted: pa.Schema) -> list[bigquery.SchemaField]:
    """BigQuery's columns for a raw table."""
    return [bigquery.SchemaField(column.name, _KINDS[column.type]) for column in wanted]
