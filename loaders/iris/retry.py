"""What could not be read, or had no table, tried again from the bytes that were kept."""

import gzip
from collections.abc import Iterator

from loaders.catalogue import Dataset
from loaders.config import RAW_IRIS, Settings
from loaders.held import held_by
from loaders.iris.landing import land_messages
from loaders.iris.message import Message
from loaders.iris.tables import LANDED
from loaders.iris.tally import Tally
from loaders.landing import open_landing


def land_again(settings: Settings, catalogue: dict[str, Dataset]) -> Tally:
    """Lands every message of ``_quarantine`` and ``_unmapped`` that can be read by now.

    Such a message has two rows in ``_messages``; the later one holds.

    Raises:
        Locked, CannotLand: nothing changed.
    """
    with open_landing(settings, catalogue, RAW_IRIS) as landing:
        return land_messages(settings, catalogue, landing, _kept(settings), again=True)


def _kept(settings: Settings) -> Iterator[Message]:
    for message_id, dataset, body_gz, received, channel in held_by(settings).kept(list(LANDED)):
        yield Message(message_id, dataset, gzip.decompress(body_gz), received, channel)
