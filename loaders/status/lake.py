"""What the lake's ledgers say of each dataset: last rows, last questions, failures, response times, delays, bytes."""

import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from loaders.config import RAW_BMRS, RAW_IRIS, Settings
from loaders.held import LANDED, read_lake
from loaders.iris.tables import LANDED as LANDED_MESSAGES

# Each ledger is read twice, since it grows for years: a few columns of all of it, and all of the last hours, which
# lie in few of its files.
WINDOWS_EVER = """
    select
        dataset,
        max(last_event_utc) as last_event_utc,
        max(asked_at_utc) as last_asked_utc,
        max(asked_at_utc) filter (error is null and list_contains($landed, outcome)) as last_answered_utc,
        max(asked_at_utc) filter (rows_landed > 0) as last_landed_utc,
        max(asked_at_utc) filter (error is not null) as last_error_utc,
        arg_max(error, asked_at_utc) filter (error is not null) as last_error
    from read_parquet($files, union_by_name = true)
    where asked_at_utc is not null
    group by dataset
"""
WINDOWS_RECENT = """
    select
        dataset,
        count(*) as asked,
        count(*) filter (error is not null or not list_contains($landed, outcome)) as failed,
        min(asked_at_utc) filter (error is not null or not list_contains($landed, outcome)) as first_error_utc,
        median(response_seconds) as response_median_s,
        quantile_cont(response_seconds, 0.95) as response_p95_s,
        -- of the newest rows that a question brought; a question about the past says nothing of the delay
        min(lag_seconds) filter (rows_landed > 0 and window_to_utc > asked_at_utc - interval 1 day) / 60 as delay_min
    from read_parquet($files, union_by_name = true)
    where asked_at_utc >= $since
    group by dataset
"""
MESSAGES_EVER = """
    select dataset, max(received_at_utc) filter (rows > 0) as last_rows_utc
    from read_parquet($files, union_by_name = true)
    where landed_at_utc is not null
    group by dataset
"""
MESSAGES_RECENT = """
    select
        dataset,
        count(*) as messages,
        count(*) filter (not list_contains($landed, outcome)) as refused,
        min(received_at_utc) filter (not list_contains($landed, outcome)) as first_refused_utc,
        arg_max(coalesce(error, outcome), received_at_utc) filter (not list_contains($landed, outcome)) as last_refusal,
        quantile_cont(epoch(landed_at_utc - received_at_utc), 0.95) filter (channel = 'QUEUE') / 60 as message_delay_min
    from read_parquet($files, union_by_name = true)
    where received_at_utc >= $since
    group by dataset
"""


def asked(settings: Settings, now: datetime, hours: float) -> dict[str, dict]:
    """By dataset, what came of the questions to REST, ever and (there only if there were any) in the last hours."""
    queries = (WINDOWS_EVER, WINDOWS_RECENT)
    return _by_dataset(settings, RAW_BMRS, "_windows", queries, list(LANDED), now - timedelta(hours=hours))


def received(settings: Settings, now: datetime, hours: float) -> dict[str, dict]:
    """By dataset, under its name on IRIS, what came of the messages, in the same way."""
    queries = (MESSAGES_EVER, MESSAGES_RECENT)
    landed = list(LANDED_MESSAGES)
    return _by_dataset(settings, RAW_IRIS, "_messages", queries, landed, now - timedelta(hours=hours))


def _by_dataset(
    settings: Settings, schema: str, table: str, queries: Iterable[str], landed: list[str], since: datetime
) -> dict[str, dict]:
    """The columns of the queries; a lake without the ledger has none."""
    folder = settings.raw_files(schema, table)
    found: dict[str, dict] = {}
    if next(folder.glob("*.parquet"), None) is None:
        return found
    known = {"files": f"{folder}/*.parquet", "landed": landed, "since": since}
    with read_lake() as db:
        for query in queries:
            rows = db.execute(query, {name: value for name, value in known.items() if f"${name}" in query})
            names = [column[0] for column in rows.description]
            for row in rows.fetchall():
                found.setdefault(row[0], {}).update(zip(names, row, strict=True))
    return found


def sizes(settings: Settings) -> dict[str, int]:
    """Bytes of each raw table on disk, both channels together."""
    found: dict[str, int] = {}
    for schema in (RAW_BMRS, RAW_IRIS):
        for folder in _entries(settings.lake / schema):
            if folder.is_dir():
                size = sum(file.stat().st_size for file in _entries(Path(folder.path)) if file.is_file())
                found[folder.name] = found.get(folder.name, 0) + size
    return found


def _entries(folder: Path) -> list[os.DirEntry]:
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        return list(entries)
