"""A lake written by hand, for tests of the models: the raw tables as the loaders leave them, holding chosen rows."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from loaders.catalogue import Dataset, raw_name
from loaders.config import RAW_BMRS, RAW_IRIS
from loaders.iris.tables import MESSAGES
from loaders.landing import WINDOWS, raw_schema, raw_tables


def write_empty_lake(home: Path, catalogue: dict[str, Dataset]) -> None:
    """Every raw table, typed and without rows."""
    for schema in (RAW_BMRS, RAW_IRIS):
        for table, columns in raw_tables(schema, catalogue).items():
            _write(home, schema, table, columns.empty_table(), "empty")


def write_rows(home: Path, schema: str, dataset: Dataset, rows: list[dict], load: datetime, part: int = 0) -> Path:
    """One file of one load: rows under the publisher's names, times as ISO text, lineage from ``load``."""
    columns = raw_schema(schema, dataset)
    stamp = f"{load:%Y%m%dT%H%M%S.%f}Z"
    lineage = {"_fetched_at_utc": load, "_load_id": stamp}
    landed = [{raw_name(name): _typed(dataset, name, value) for name, value in row.items()} | lineage for row in rows]
    return _write(home, schema, dataset.table, pa.Table.from_pylist(landed, columns), f"{stamp}.{part}")


def write_windows(home: Path, windows: list[dict], load: datetime) -> Path:
    """One file of the ledger: columns of ``_windows``; what a window leaves out is null."""
    stamp = f"{load:%Y%m%dT%H%M%S.%f}Z"
    defaults = {"variant": "", "asked_at_utc": load, "rows_landed": 0, "_load_id": stamp}
    return _write(home, RAW_BMRS, "_windows", pa.Table.from_pylist([defaults | w for w in windows], WINDOWS), stamp)


def write_messages(home: Path, messages: list[dict], load: datetime) -> Path:
    """One file of the ledger of messages: columns of ``_messages``; what a message leaves out is null."""
    stamp = f"{load:%Y%m%dT%H%M%S.%f}Z"
    defaults = {"channel": "QUEUE", "received_at_utc": load, "landed_at_utc": load, "rows": 0, "_load_id": stamp}
    rows = pa.Table.from_pylist([defaults | message for message in messages], MESSAGES)
    return _write(home, RAW_IRIS, "_messages", rows, stamp)


def _typed(dataset: Dataset, name: str, value):
    kind = dataset.all_columns[name].type
    if value is None or not isinstance(value, str) or kind not in ("timestamp", "date"):
        return value
    moment = datetime.fromisoformat(value)
    return moment.date() if kind == "date" else moment.replace(tzinfo=moment.tzinfo or UTC)


def _write(home: Path, schema: str, table: str, rows: pa.Table, name: str) -> Path:
    path = home / "lake" / schema / table / f"{name}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows, path)
    return path
