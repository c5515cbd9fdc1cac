"""The archive beside what we hold: the proof that the live path lost nothing, or the list of what it lost."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from loaders.config import Settings
from loaders.http import RequestFailed
from loaders.iris.archive import Archive
from loaders.iris.backfill import Span, blobs_of
from loaders.iris.held import CLOCKS, held_ids, received_ids


@dataclass
class Checked:
    """One dataset."""

    dataset: str
    listed: int = 0  # messages in the archive
    missing: list[str] = field(default_factory=list)  # of them, the ids of those that we lack
    not_listed: int = 0  # messages that the queue brought on these days and the archive does not list for them
    failed: dict[str, str] = field(default_factory=dict)  # listing or refused name -> why

    @property
    def is_whole(self) -> bool:
        """Whether we hold all that the archive has, and it told us all."""
        return not (self.missing or self.failed)


def check(settings: Settings, datasets: Iterable[str], span: Span) -> Iterator[Checked]:
    """Compares ids, dataset by dataset; the ids of one are in memory at a time.

    Raises:
        SpoolUnavailable, SpoolCorrupt: we cannot know what we have.
    """
    archive = Archive(settings)
    for dataset in datasets:
        found, listed = Checked(dataset), set()
        try:
            for start, end in span.windows():
                for names in archive.pages(dataset, start, end):
                    blobs, refused = blobs_of(names, dataset)
                    found.failed |= refused
                    listed |= {blob.message_id for blob in blobs}
        except RequestFailed as error:
            found.failed["the listing"] = str(error)
        found.listed = len(listed)
        found.missing = sorted(listed - held_ids(settings, listed, span.start - CLOCKS))
        found.not_listed = len(received_ids(settings, dataset, span.start, span.end) - listed)
        yield found
