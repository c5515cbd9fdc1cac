"""Recorded answers of the Insights API, re-shaped into the messages that IRIS would have sent: nobody recorded those.

The rows and their values are as published. Which rows share a message, the message's id and the moment at which it was
sent are made up here, in the manner of IRIS: the rows of one publication travel together, and the id is a file's name.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from loaders.tests.stand_ins import recorded

PUBLISHED = ("publishTime", "acceptanceTime", "notificationTime", "measurementTime", "startTime", "timeFrom")


@dataclass(frozen=True)
class Sent:
    """One message as IRIS sends it."""

    message_id: str
    dataset: str
    content: bytes  # a JSON array of rows, as the archive keeps it
    sent_at: datetime
    data_at: datetime

    @property
    def queue_body(self) -> bytes:
        """The content as the queue carries it: a JSON string that holds the JSON."""
        return msgspec.json.encode(self.content.decode())


def sent(dataset: str, rows: Iterable[dict] | None = None) -> Iterator[Sent]:
    """Messages of recorded rows, or of a test's own, one for each moment of publication, oldest first."""
    publications: dict[datetime, list[dict]] = {}
    for row in recorded.rows(dataset) if rows is None else rows:
        publications.setdefault(_published(row), []).append(row)
    for number, moment in enumerate(sorted(publications)):
        name = f"{dataset}_{moment:%Y%m%d%H%M}_RESHAPED-{number:08d}.json"
        yield Sent(name, dataset, msgspec.json.encode(publications[moment]), moment, moment)


def _published(row: dict) -> datetime:
    field = next(field for field in PUBLISHED if field in row)
    moment = datetime.fromisoformat(row[field])
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
