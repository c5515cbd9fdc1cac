"""Which messages are ours: those that ``raw_iris._messages`` knows, and those that wait in the spool."""

import re
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime, timedelta

from loaders.config import RAW_IRIS, Settings
from loaders.held import EVER, held_by
from loaders.iris.spool import Spool
from loaders.iris.tables import OUTCOMES

CLOCKS = timedelta(days=1)  # by how much less than its publication a message's landing may seem to be: clocks differ
# On BigQuery the ledger is cut into days of landing: each query says which of them it needs.
LANDED_IDS = f"""
    select distinct message_id from {RAW_IRIS}._messages
    where landed_at_utc >= @since and message_id in (select * from unnest(@ids))
        and outcome in (select * from unnest(@outcomes))
"""
RECEIVED_IDS = f"""
    select distinct message_id from {RAW_IRIS}._messages
    where landed_at_utc >= @since and dataset = @dataset and channel = 'QUEUE'
        and received_at_utc >= @start and received_at_utc < @end
"""
SEEN_DATASETS = f"""
    select distinct dataset from {RAW_IRIS}._messages
    where landed_at_utc >= @since and received_at_utc >= @received and dataset is not null
"""


def held_ids(settings: Settings, message_ids: Iterable[str], since: datetime = EVER) -> set[str]:
    """Which of the messages, none of which can have landed before ``since``, have landed or wait to be.

    Raises:
        SpoolUnavailable, SpoolCorrupt: we cannot know.
    """
    message_ids = list(message_ids)
    waiting: set[str] = set()
    if settings.spool.exists():  # it is asked first: a message that lands meanwhile is then found in the lake
        with closing(Spool(settings.spool)) as spool:
            waiting = spool.waiting_among(message_ids)
    return waiting | landed_ids(settings, message_ids, since)


def landed_ids(
    settings: Settings, message_ids: Iterable[str], since: datetime = EVER, outcomes: tuple[str, ...] = OUTCOMES
) -> set[str]:
    """Which of the messages have landed since then, by default whatever came of them."""
    values = {"ids": list(message_ids), "since": since, "outcomes": list(outcomes)}
    return _texts(settings, LANDED_IDS, values)


def received_ids(settings: Settings, dataset: str, start: datetime, end: datetime) -> set[str]:
    """The messages of a dataset that the queue brought from ``start`` on and before ``end``."""
    values = {"dataset": dataset, "start": start, "end": end, "since": start - CLOCKS}
    return _texts(settings, RECEIVED_IDS, values)


def seen_datasets(settings: Settings, since: datetime) -> list[str]:
    """The datasets of the messages received since then, under IRIS's names; a message may have come without one."""
    names = _texts(settings, SEEN_DATASETS, {"received": since, "since": since - CLOCKS})
    return sorted(name for name in names if re.fullmatch(r"\w+", name))


def _texts(settings: Settings, query: str, values: dict) -> set[str]:
    return set(held_by(settings).ask(query, values).column(0).to_pylist())
