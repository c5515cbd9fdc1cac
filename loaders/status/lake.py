"""What the lake's ledgers say of each dataset: last rows, last questions, failures, response times, delays, bytes."""

import os
from datetime import datetime, timedelta
from pathlib import Path

from loaders.config import RAW_BMRS, RAW_IRIS, Settings
from loaders.held import LANDED, read_lake
from loaders.iris.tables import LANDED as LANDED_MESSAGES

WINDOWS = """
    with asked as (
        select *,
            error is not null or not list_contains($landed, outcome) as is_failed,
            asked_at_utc >= $since as is_recent
        from read_parquet($files, union_by_name = true)
        where asked_at_utc is not null
    )
    select
        dataset,
        max(last_event_utc) as last_event_utc,
        max(asked_at_utc) as last_asked_utc,
        max(asked_at_utc) filter (not is_failed) as last_answered_utc,
        max(asked_at_utc) filter (rows_landed > 0) as last_landed_utc,
        count(*) filter (is_recent) as asked,
        count(*) filter (is_recent and is_failed) as failed,
        min(asked_at_utc) filter (is_recent and is_failed) as first_error_utc,
        max(asked_at_utc) filter (is_failed) as last_error_utc,
        arg_max(coalesce(error, outcome), asked_at_utc) filter (is_failed) as last_error,
        median(response_seconds) filter (is_recent) as response_median_s,
        quantile_cont(response_seconds, 0.95) filter (is_recent) as response_p95_s,
        -- of the newest rows that a question brought; a question about the past says nothing of the delay
        min(lag_seconds) filter (is_recent and rows_landed > 0 and window_to_utc > asked_at_utc - interval 1 day)
            / 60 as delay_min
    from asked
    group by dataset
"""
MESSAGES = """
    with landed as (
        select *, list_contains($landed, outcome) as is_landed, received_at_utc >= $since as is_recent
        from read_parquet($files, union_by_name = true)
        where landed_at_utc is not null
    )
    select
        dataset,
        max(received_at_utc) as last_message_utc,
        max(landed_at_utc) filter (rows > 0) as last_rows_utc,
        count(*) filter (is_recent) as messages,
        count(*) filter (is_recent and not is_landed) as refused,
        min(received_at_utc) filter (is_recent and not is_landed) as first_refused_utc,
        arg_max(coalesce(error, outcome), received_at_utc) filter (not is_landed) as last_refusal,
        quantile_cont(epoch(landed_at_utc - received_at_utc), 0.95) filter (is_recent and channel = 'QUEUE')
            / 60 as message_delay_min
    from landed
    group by dataset
"""


def asked(settings: Settings, now: datetime, hours: float) -> dict[str, dict]:
    """By dataset, what came of the questions to REST; a lake without a ledger has none."""
    return _by_dataset(settings, RAW_BMRS, "_windows", WINDOWS, list(LANDED), now - timedelta(hours=hours))


def received(settings: Settings, now: datetime, hours: float) -> dict[str, dict]:
    """By dataset, under its name on IRIS, what came of the messages."""
    return _by_dataset(settings, RAW_IRIS, "_messages", MESSAGES, list(LANDED_MESSAGES), now - timedelta(hours=hours))


def _by_dataset(settings: Settings, schema: str, table: str, query: str, landed: list[str], since: datetime) -> dict:
    folder = settings.raw_files(schema, table)
    if next(folder.glob("*.parquet"), None) is None:
        return {}
    with read_lake() as db:
        rows = db.execute(query, {"files": f"{folder}/*.parquet", "landed": landed, "since": since})
        names = [column[0] for column in rows.description]
        return {row[0]: dict(zip(names, row, strict=True)) for row in rows.fetchall()}


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
