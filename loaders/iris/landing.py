"""From messages to raw rows, each message once: decode, land as one load package, remember the ids.

A package holds the rows and the ids that brought them, so both are there or neither. A message whose id is known is
dropped; so whoever hands messages over may do it again after a kill, and forget them only when this has returned.
"""

import gzip
import logging
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from itertools import chain

import pyarrow as pa

from loaders import clock
from loaders.catalogue import Dataset, load_catalogue
from loaders.config import RAW_IRIS, Settings
from loaders.iris.decoding import MessageDecoder, Refused, Table
from loaders.iris.held import EVER, landed_ids
from loaders.iris.message import Message
from loaders.iris.spool import Spool
from loaders.iris.tables import LANDED, OUTCOMES, TABLES
from loaders.iris.tally import Tally
from loaders.landing import LINEAGE, Landing, open_landing
from loaders.load_id import new_load_id

log = logging.getLogger(__name__)

BLOCK_MESSAGES, BLOCK_BYTES = 10_000, 8 << 20  # messages that are in memory at one time
PACKAGE_MESSAGES, PACKAGE_BYTES = 100_000, 48 << 20  # what is taken from the spool for one load package
QUEUE_REMEMBERS = timedelta(days=14)  # the queue keeps messages for 3 days, so it repeats nothing that is older


def land_spool(settings: Settings) -> Tally:
    """Lands what waits in the spool at this moment.

    Raises:
        Locked: another process lands.
        CannotLand, SpoolUnavailable, SpoolCorrupt: the spool keeps what had not landed.
    """
    tally, catalogue = Tally(), load_catalogue()
    with closing(Spool(settings.spool)) as spool, open_landing(settings, catalogue, RAW_IRIS) as landing:
        left = spool.backlog().messages  # later ones are for the next run: a package for each would be a small one
        while left > 0:
            messages = spool.waiting(PACKAGE_MESSAGES, PACKAGE_BYTES)
            tally += land_messages(settings, catalogue, landing, messages)
            spool.landed([message.message_id for message in messages])
            left -= len(messages)
    return tally


def land_messages(
    settings: Settings,
    catalogue: dict[str, Dataset],
    landing: Landing,
    messages: Iterable[Message],
    again: bool = False,
    since: datetime = EVER,
    held: set[str] | None = None,
) -> Tally:
    """Lands messages as one load package, and returns when it is durable.

    Memory is bounded however many messages the iterable yields, but the whole package is repeated after a kill.
    With ``again``, a message of which no row landed is tried once more, and not noted again if that fails too.
    None of the messages can have landed before ``since``; ``held`` are the ids that the lake knows, where the caller
    could ask for all of them at once.

    Raises:
        CannotLand: nothing, or a package that the next :func:`open_landing` finishes, is kept.
    """
    package = _Package(settings, catalogue, again, since, held)
    items = package.items(messages)
    first = next(items, None)
    if first is not None:
        landing.land(chain([first], items))
    return package.tally


class _Package:
    def __init__(
        self,
        settings: Settings,
        catalogue: dict[str, Dataset],
        again: bool,
        since: datetime,
        held: set[str] | None,
    ):
        self._settings = settings
        self._held = held
        self._again = again
        self._since = since
        self._datasets = datasets_by_name(catalogue)
        self._decoders: dict[str, MessageDecoder] = {}
        self._load_id = new_load_id(settings, RAW_IRIS)
        self._stamp = {"landed_at_utc": clock.now(), "_load_id": self._load_id}
        self._seen: set[str] = set()
        self._notes: dict[str, list[dict]] = {}  # of the block at work: rows of _messages, _unmapped, _quarantine
        self.tally = Tally()

    def items(self, messages: Iterable[Message]) -> Iterator[tuple[str, pa.Table]]:
        """(table, rows) of the load package."""
        for block in blocks(messages, BLOCK_MESSAGES, BLOCK_BYTES):
            by_dataset: dict[str, list[Message]] = {}
            for message in self._new(block):
                by_dataset.setdefault(message.dataset, []).append(message)
            self._notes = {name: [] for name in TABLES}
            for name, several in by_dataset.items():
                yield from self._dataset(name, several)
            for name, notes in self._notes.items():
                if notes:
                    yield name, pa.Table.from_pylist(notes, TABLES[name])

    def _new(self, block: list[Message]) -> list[Message]:
        """The messages of a block that neither the lake nor this package holds."""
        held = self._held
        if held is None:
            held = _known(self._settings, block, self._since, LANDED if self._again else OUTCOMES)
        new = []
        for message in block:
            counts = self.tally.of(message.dataset)
            counts.messages += 1
            if message.message_id in held or message.message_id in self._seen:
                counts.duplicates += 1
            else:
                self._seen.add(message.message_id)
                new.append(message)
        return new

    def _dataset(self, name: str, messages: list[Message]) -> Iterator[tuple[str, pa.Table]]:
        dataset = self._datasets.get(name.upper())
        if dataset is None:
            for message in messages:
                self._keep("_unmapped", message, "UNMAPPED")
            return
        if dataset.dataset not in self._decoders:
            self._decoders[dataset.dataset] = MessageDecoder(dataset)
        decoder = self._decoders[dataset.dataset]
        for result in decoder.tables(messages):
            if isinstance(result, Refused):
                self._refuse(*result)
                continue
            self._count(name, result, decoder.schema)
            if result.rows.num_rows:
                yield dataset.table, with_lineage(result, self._load_id)

    def _refuse(self, message: Message, why: str) -> None:
        if not self.tally.of(message.dataset).quarantined:  # a dataset that changed would fill the log
            log.error("message %s of %s goes to quarantine: %s", message.message_id, message.dataset, why)
        self._keep("_quarantine", message, "QUARANTINED", error=why)

    def _keep(self, table: str, message: Message, outcome: str, error: str | None = None) -> None:
        if self._again:  # it is there already
            self.tally.of(message.dataset).add(outcome, 0)
            return
        why = {"error": error} if error else {}
        self._note(table, message, body_gz=gzip.compress(message.body), **why)
        self._outcome(message, outcome, error=error)

    def _count(self, name: str, table: Table, schema: pa.Schema) -> None:
        self.tally.of(name).new_fields |= set(table.rows.column_names) - set(schema.names)
        for message, rows in table.counts:
            self._outcome(message, "LANDED" if rows else "EMPTY", rows=rows)

    def _outcome(self, message: Message, outcome: str, rows: int = 0, error: str | None = None) -> None:
        self.tally.of(message.dataset).add(outcome, rows)
        self._note("_messages", message, rows=rows, bytes=len(message.body), outcome=outcome, error=error)

    def _note(self, table: str, message: Message, **more) -> None:
        known = {name: getattr(message, name) for name in ("message_id", "dataset", "received_at_utc", "channel")}
        self._notes[table].append({**known, **self._stamp, **more})


def with_lineage(table: Table, load_id: str) -> pa.Table:
    """The rows of some messages as the raw table holds them."""
    of_row = pa.array([n for n, (_, rows) in enumerate(table.counts) for _ in range(rows)], pa.int32())
    values = {
        "_fetched_at_utc": [message.received_at_utc for message, _ in table.counts],
        "_load_id": [load_id] * len(table.counts),
        "_message_id": [message.message_id for message, _ in table.counts],
    }
    rows = table.rows
    for name, kind in LINEAGE[RAW_IRIS]:
        rows = rows.append_column(name, pa.array(values[name], kind).take(of_row))
    return rows


def datasets_by_name(catalogue: dict[str, Dataset]) -> dict[str, Dataset]:
    """The datasets by the names that IRIS and REST give them, in capitals."""
    on_iris = [entry for entry in catalogue.values() if entry.iris]
    return {name.upper(): entry for entry in on_iris for name in (entry.dataset, *entry.iris_names)}


def blocks(messages: Iterable[Message], max_messages: int, max_bytes: int) -> Iterator[list[Message]]:
    """The messages in lists of so many, or so many bytes, but one at least."""
    block: list[Message] = []
    size = 0
    for message in messages:
        if block and (len(block) >= max_messages or size + len(message.body) > max_bytes):
            yield block
            block, size = [], 0
        block.append(message)
        size += len(message.body)
    if block:
        yield block


def _known(settings: Settings, messages: list[Message], since: datetime, outcomes: tuple[str, ...]) -> set[str]:
    if all(message.channel == "QUEUE" for message in messages):  # no need to read the ids of years every few minutes
        since = min(message.received_at_utc for message in messages) - QUEUE_REMEMBERS
    return landed_ids(settings, (message.message_id for message in messages), since, outcomes)
