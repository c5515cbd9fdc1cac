"""What could not be read, or had no table, tried again from the bytes that were kept."""

import gzip
from collections.abc import Iterator

from loaders.catalogue import Dataset
from loaders.config import RAW_IRIS, Settings
from loaders.iris.landing import land_messages
from loaders.iris.message import Message
from loaders.iris.tables import LANDED
from loaders.iris.tally import Tally
from loaders.landing import open_landing
from loaders.ledger import read_lake

KEPT = """
    select message_id, dataset, body_gz, received_at_utc, channel
    from read_parquet([$quarantine, $unmapped], union_by_name = true)
    where message_id not in (
        select message_id from read_parquet($messages, union_by_name = true) where list_contains($landed, outcome)
    )
    order by _load_id, message_id
"""


def land_again(settings: Settings, catalogue: dict[str, Dataset]) -> Tally:
    """Lands every message of ``_quarantine`` and ``_unmapped`` that can be read by now.

    Such a message has two rows in ``_messages``; the later one holds.

    Raises:
        Locked, CannotLand: nothing changed.
    """
    with open_landing(settings, catalogue, RAW_IRIS) as landing:
        return land_messages(settings, catalogue, landing, _kept(settings), again=True)


def _kept(settings: Settings) -> Iterator[Message]:
    files = {
        name: f"{settings.raw_files(RAW_IRIS, f'_{name}')}/*.parquet" for name in ("quarantine", "unmapped", "messages")
    }
    with read_lake() as db:
        rows = db.execute(KEPT, files | {"landed": list(LANDED)})
        while some := rows.fetchmany(100):
            for message_id, dataset, body_gz, received, channel in some:
                yield Message(message_id, dataset, gzip.decompress(body_gz), received, channel)
