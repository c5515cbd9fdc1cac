"""What the archive has and we lack is fetched, and lands under the ids that the queue would have given it.

Days are London days of the upload to IRIS, with a margin before the first and after the last, since clocks differ.
What overlaps is known by its id; so a run may be repeated, killed, or go on beside the receiver.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple

from loaders.catalogue import Dataset
from loaders.config import RAW_IRIS, Settings
from loaders.http import RequestFailed
from loaders.iris.archive import Archive, Blob, blob_of
from loaders.iris.held import CLOCKS, held_ids
from loaders.iris.landing import blocks, land_messages
from loaders.iris.message import Message
from loaders.iris.tally import Tally
from loaders.landing import open_landing
from loaders.windows import DAY, day_start

log = logging.getLogger(__name__)

MARGIN = timedelta(minutes=15)
BATCH_MESSAGES, BATCH_BYTES = 5_000, 32 << 20  # fetched, then landed as one load package: what a kill can repeat
GIVE_UP = 20  # blobs or listings in a row that no try brought: the archive is away


class Span(NamedTuple):
    """Some London days."""

    first: date
    last: date

    @property
    def start(self) -> datetime:
        """Their first moment, in UTC."""
        return day_start(self.first)

    @property
    def end(self) -> datetime:
        """The first moment after them."""
        return day_start(self.last + DAY)

    def windows(self) -> Iterator[tuple[datetime, datetime]]:
        """What one listing asks for, a day at a time, so that little is listed again; together with the margins."""
        for n in range((self.last - self.first).days + 1):
            day = self.first + n * DAY
            start, end = day_start(day), day_start(day + DAY)
            yield start - MARGIN * (day == self.first), end + MARGIN * (day == self.last)


@dataclass
class Asked:
    """What came of one dataset."""

    listed: int = 0  # names in the archive
    held: int = 0  # of them, those that we had
    fetched: int = 0
    failed: dict[str, str] = field(default_factory=dict)  # message, listing or refused name -> why


class Backfill:
    """One run: list, skip what is held, fetch, land."""

    def __init__(self, settings: Settings, catalogue: dict[str, Dataset]):
        self._settings = settings
        self._catalogue = catalogue
        self._archive = Archive(settings)
        self._away = 0
        self.asked: dict[str, Asked] = {}
        self.tally = Tally()

    @property
    def has_given_up(self) -> bool:
        """Whether the archive answered no more, so that not everything was asked for."""
        return self._away >= GIVE_UP

    @property
    def is_whole(self) -> bool:
        """Whether everything that was listed is ours now."""
        return not self.has_given_up and not any(asked.failed for asked in self.asked.values())

    def run(self, datasets: Iterable[str], span: Span) -> None:
        """Lands every message of the datasets that we lack; what fails is noted in ``asked``, and the rest lands.

        Raises:
            Locked, CannotLand: the batches before this one have landed.
            SpoolUnavailable, SpoolCorrupt: we cannot know what we have.
        """
        lacking = (blob for dataset in datasets for blob in self._lacking(dataset, span))
        for batch in blocks(self._fetched(lacking), BATCH_MESSAGES, BATCH_BYTES):
            with open_landing(self._settings, self._catalogue, RAW_IRIS) as landing:  # others may land between batches
                self.tally += land_messages(self._settings, self._catalogue, landing, batch, since=span.start - CLOCKS)
            log.info("landed %d messages, the last of them %s", len(batch), batch[-1].message_id)

    def _lacking(self, dataset: str, span: Span) -> Iterator[Blob]:
        asked = self.asked.setdefault(dataset, Asked())
        for start, end in span.windows():
            if self.has_given_up:
                return
            try:
                for names in self._archive.pages(dataset, start, end):
                    yield from self._news(asked, dataset, names, start - CLOCKS)
            except RequestFailed as error:
                self._fail(asked, f"the listing from {start:%Y-%m-%d %H:%M}Z", error)

    def _news(self, asked: Asked, dataset: str, names: list[str], since: datetime) -> Iterator[Blob]:
        blobs, refused = blobs_of(names, dataset)
        held = held_ids(self._settings, (blob.message_id for blob in blobs), since)
        asked.listed += len(names)
        asked.held += len(held)
        asked.failed |= refused
        for blob in blobs:
            if blob.message_id not in held and not self.has_given_up:
                yield blob

    def _fetched(self, blobs: Iterable[Blob]) -> Iterator[Message]:
        for blob, result in self._archive.messages(blobs):
            asked = self.asked[blob.dataset]
            try:
                message = result()
            except RequestFailed as error:
                self._fail(asked, blob.message_id, error)
                continue
            self._away = 0
            asked.fetched += 1
            yield message

    def _fail(self, asked: Asked, what: str, error: RequestFailed) -> None:
        asked.failed[what] = str(error)
        if error.tries >= self._settings.archive_limits.tries:  # a 404 is an answer, and comes at the first try
            self._away += 1


def blobs_of(names: list[str], dataset: str) -> tuple[list[Blob], dict[str, str]]:
    """The blobs of listed names; and the names that are refused, with the reason."""
    blobs, refused = [], {}
    for name in names:
        if blob := blob_of(name, dataset):
            blobs.append(blob)
        else:
            refused[repr(name)] = f"refused: not the name of a message of {dataset}"
    return blobs, refused
