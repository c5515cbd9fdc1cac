"""Which messages are ours: those that ``raw_iris._messages`` knows, and those that wait in the spool."""

import re
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime

import pyarrow as pa

from loaders.config import RAW_IRIS, Settings
from loaders.iris.spool import Spool
from loaders.iris.tables import OUTCOMES
from loaders.ledger import read_lake

EVER = datetime(1970, 1, 1, tzinfo=UTC)


def held_ids(settings: Settings, message_ids: Iterable[str]) -> set[str]:
    """Which of the messages have landed, whatever came of them, or wait to be.

    Raises:
        SpoolUnavailable, SpoolCorrupt: we cannot know.
    """
    message_ids = list(message_ids)
    waiting: set[str] = set()
    if settings.spool.exists():  # it is asked first: a message that lands meanwhile is then found in the lake
        with closing(Spool(settings.spool)) as spool:
            waiting = spool.waiting_among(message_ids)
    return waiting | landed_ids(settings, message_ids)


def landed_ids(
    settings: Settings, message_ids: Iterable[str], since: datetime = EVER, outcomes: tuple[str, ...] = OUTCOMES
) -> set[str]:
    """Which of the messages have landed since then, by default whatever came of them."""
    query = "select message_id from read_parquet($1, union_by_name = true) semi join ids using (message_id)"
    where = "where landed_at_utc >= $2 and list_contains($3, outcome)"
    return _ids(settings, f"{query} {where}", [since, list(outcomes)], message_ids)


def received_ids(settings: Settings, dataset: str, start: datetime, end: datetime) -> set[str]:
    """The messages of a dataset that the queue brought from ``start`` on and before ``end``."""
    query = """
        select message_id from read_parquet($1, union_by_name = true)
        where dataset = $2 and channel = 'QUEUE' and received_at_utc >= $3 and received_at_utc < $4
    """
    return _ids(settings, query, [dataset, start, end])


def seen_datasets(settings: Settings, since: datetime) -> list[str]:
    """The datasets of the messages received since then, under IRIS's names; a message may have come without one."""
    query = "select distinct dataset from read_parquet($1, union_by_name = true) where received_at_utc >= $2"
    return sorted(name for name in _ids(settings, query, [since]) if re.fullmatch(r"\w+", name))


def _ids(settings: Settings, query: str, values: list, message_ids: Iterable[str] = ()) -> set[str]:
    files = f"{settings.raw_files(RAW_IRIS, '_messages')}/*.parquet"
    with read_lake() as db:
        db.register("ids", pa.table({"message_id": pa.array(list(message_ids), pa.string())}))
        return {text for (text,) in db.execute(query, [files, *values]).fetchall()}
