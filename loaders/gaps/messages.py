"""Messages of IRIS that we lack, wholly or some rows of them, from Elexon's archive."""

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec
import pyarrow as pa

from loaders.catalogue import Dataset
from loaders.config import RAW_IRIS, Settings
from loaders.gaps.gap import Gap
from loaders.held import held_by, quoted, read_lake, tuples
from loaders.http import RequestFailed
from loaders.iris.archive import Archive, Blob
from loaders.iris.backfill import BATCH_BYTES, BATCH_MESSAGES, GIVE_UP, Span
from loaders.iris.check import check
from loaders.iris.decoding import MessageDecoder, Table
from loaders.iris.landing import blocks, datasets_by_name, land_messages, with_lineage
from loaders.iris.message import Message
from loaders.landing import open_landing
from loaders.load_id import new_load_id

log = logging.getLogger(__name__)

RECEIVED = f"""
    select message_id, min(received_at_utc) as received_at_utc
    from {RAW_IRIS}._messages where message_id in (select * from unnest(@ids)) group by message_id
"""


def unreceived(settings: Settings, datasets: list[str], span: Span) -> list[Gap]:
    """What the archive lists of some days and we never had; a listing that failed is a gap too."""
    found = []
    for one in check(settings, datasets, span):
        if one.missing:
            why = f"the archive has them, of {span.first} to {span.last}"
            found.append(Gap(one.dataset, why, f"{len(one.missing):,} messages", messages=tuple(one.missing)))
        if one.failed:
            why = f"asked and failed: {next(iter(one.failed.values()))}"
            found.append(Gap(one.dataset, why, "the archive's list", span.start, span.end, span.first, span.last))
    return found


class Restore:
    """Fetches messages by name and lands what the lake lacks of them."""

    def __init__(self, settings: Settings, catalogue: dict[str, Dataset]):
        self._settings = settings
        self._catalogue = catalogue
        self._archive = Archive(settings)
        self._away = 0
        self.fetched = 0
        self.rows = 0
        self.failed: dict[str, str] = {}

    def run(self, blobs: Iterable[Blob]) -> None:
        """Lands them; what fails is noted in ``failed``, and the rest lands. Gives up when the archive is away."""
        for batch in blocks(self._fetch(blobs), BATCH_MESSAGES, BATCH_BYTES):
            with open_landing(self._settings, self._catalogue, RAW_IRIS) as landing:
                received = self._received(batch)  # those that had landed: only their missing rows are news
                items = list(self._unheld([message for message in batch if message.message_id in received], received))
                self.rows += sum(rows.num_rows for _, rows in items)
                if items:
                    landing.land(items)
                self.rows += land_messages(self._settings, self._catalogue, landing, batch).total().rows

    def _fetch(self, blobs: Iterable[Blob]) -> Iterator[Message]:
        for blob, result in self._archive.messages(blobs):
            if self._away >= GIVE_UP:
                self.failed[blob.message_id] = "not asked: the archive answered no more"
                continue
            try:
                message = result()
            except RequestFailed as error:
                self.failed[blob.message_id] = str(error)
                self._away += error.tries >= self._settings.archive_limits.tries
                continue
            self._away = 0
            self.fetched += 1
            yield message

    def _received(self, batch: list[Message]) -> dict[str, datetime]:
        ids = [message.message_id for message in batch]
        return dict(tuples(held_by(self._settings).ask(RECEIVED, {"ids": ids})))

    def _unheld(self, batch: list[Message], received: dict[str, datetime]) -> Iterator[tuple[str, pa.Table]]:
        """The missing rows of messages that had landed, as they were when they came first."""
        by_name, load_id = datasets_by_name(self._catalogue), new_load_id(self._settings, RAW_IRIS)
        datasets = {message.dataset: by_name[message.dataset.upper()] for message in batch}
        for name, dataset in datasets.items():
            first = [
                msgspec.structs.replace(message, received_at_utc=received[message.message_id])
                for message in batch
                if message.dataset == name
            ]
            for result in MessageDecoder(dataset).tables(first):
                if isinstance(result, Table) and result.rows.num_rows:
                    yield dataset.table, self._difference(dataset, with_lineage(result, load_id))

    def _difference(self, dataset: Dataset, said: pa.Table) -> pa.Table:
        published = [name for name in said.column_names if name not in ("_fetched_at_utc", "_load_id")]
        with read_lake() as db:
            db.register("said", said)
            held_by(self._settings).of_messages(db, dataset, said)
            known = {name for name, *_ in db.execute("describe held").fetchall()}
            columns = ", ".join(quoted(name) for name in published)
            held = ", ".join(quoted(name) if name in known else f"null as {quoted(name)}" for name in published)
            lineage = "(select _message_id, any_value(_fetched_at_utc), any_value(_load_id) from said group by 1)"
            query = f"""
                select {", ".join(quoted(name) for name in said.column_names)} from (
                    select {columns} from said
                    except all
                    select {held} from held
                ) join {lineage} as lineage (_message_id, _fetched_at_utc, _load_id) using (_message_id)
            """
            return db.execute(query).to_arrow_table().cast(said.schema)
