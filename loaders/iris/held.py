"""Which messages are ours: those that ``raw_iris._messages`` knows, and those that wait in the spool."""

import re
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta

from loaders.config import Settings
from loaders.held import held_by
from loaders.iris.spool import Spool
from loaders.iris.tables import OUTCOMES

EVER = datetime(1970, 1, 1, tzinfo=UTC)
CLOCKS = timedelta(days=1)  # by how much less than its publication a message's landing may seem to be: clocks differ


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
    return held_by(settings).landed_ids(list(message_ids), since, list(outcomes))


def received_ids(settings: Settings, dataset: str, start: datetime, end: datetime) -> set[str]:
    """The messages of a dataset that the queue brought from ``start`` on and before ``end``."""
    return held_by(settings).received_ids(dataset, start, end)


def seen_datasets(settings: Settings, since: datetime) -> list[str]:
    """The datasets of the messages received since then, under IRIS's names; a message may have come without one."""
    return sorted(name for name in held_by(settings).seen_datasets(since) if re.fullmatch(r"\w+", name))
