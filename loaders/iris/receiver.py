"""From the queue into the spool: receive, keep durably, and only then tell the queue to forget.

Whatever fails here, nothing is abandoned: an abandoned message counts as a delivery, and after five the queue puts it
away for good. A full disk closes the connection instead, which gives back uncounted what was only fetched ahead.
"""

import asyncio
import hashlib
import logging
import shutil
import time
from contextlib import suppress
from pathlib import Path

from azure.servicebus import ServiceBusReceivedMessage
from azure.servicebus.amqp import AmqpMessageBodyType

from loaders import clock
from loaders.iris.message import Message
from loaders.iris.service_bus import Connection, Trouble
from loaders.iris.settings import IrisSettings
from loaders.iris.spool import Backlog, Spool, SpoolCorrupt, SpoolUnavailable
from loaders.iris.status import Status

log = logging.getLogger(__name__)

LISTEN_SECONDS = 1.0  # how soon a request to stop is noticed when nothing comes
CHUNK = 500  # messages of one receive call at most: more calls cost round trips, and a call has no bound in bytes
SMALLEST_BATCH = 10
CALM = 5  # batches without trouble, after which they may be twice as large
BACKLOG_SECONDS = 10.0


class Receiver:
    """Runs until it is told to stop; survives everything that the network, the queue and the disk do."""

    def __init__(self, iris: IrisSettings, path: Path, status: Status, stop: asyncio.Event):
        self._iris, self._path, self._status, self._stop = iris, path, status, stop
        self._spool: Spool | None = None
        self._held: list[Message] = []  # received and not yet kept
        self._batch = iris.batch_messages  # smaller after trouble: what a lost connection held is delivered once more
        self._calm = 0
        self._typical_bytes = iris.batch_bytes / 50  # of a message; carefully large before the first came
        self._wait = iris.backoff_seconds
        self._looked = 0.0
        self._suspect = False

    async def run(self) -> None:
        """Connects, receives, and on trouble connects again."""
        try:
            while not self._stop.is_set():
                try:
                    await self._keep_held()
                    await self._look()
                    self._state("connecting")
                    async with Connection(self._iris, min(self._iris.prefetch, self._batch)) as connection:
                        self._status.counts["connections"] += 1
                        await self._receive(connection)
                except (Trouble, SpoolUnavailable) as trouble:
                    await self._pause(trouble)
        finally:
            if self._spool:
                with suppress(SpoolUnavailable, SpoolCorrupt):
                    self._status.backlog = self._spool.backlog()
                self._spool.close()
            self._state("stopped")

    def look_again(self, suspect: bool = False) -> None:
        """The spool has changed; ``suspect`` when somebody could not read it."""
        self._looked, self._suspect = 0.0, self._suspect or suspect

    async def _receive(self, connection: Connection) -> None:
        self._state("receiving")
        heard = time.monotonic()
        while not self._stop.is_set():
            await self._look()
            batch = await self._collect(connection)
            if batch:
                heard = time.monotonic()
                await self._keep_held()
                await self._complete(connection, batch)
            elif time.monotonic() - heard > self._iris.silence_seconds:
                raise Trouble(f"no message for {self._iris.silence_seconds:g} s, so perhaps a dead connection")

    async def _collect(self, connection: Connection) -> list[ServiceBusReceivedMessage]:
        """What is kept and completed together: so many messages, so many bytes, or so many seconds of them."""
        batch: list[ServiceBusReceivedMessage] = []
        size, until = 0, None
        while len(batch) < self._batch and size < self._iris.batch_bytes and not self._stop.is_set():
            left = LISTEN_SECONDS if until is None else min(LISTEN_SECONDS, until - time.monotonic())
            if left <= 0:
                break
            room = int((self._iris.batch_bytes - size) / self._typical_bytes) + 1
            came = await connection.receive(min(CHUNK, self._batch - len(batch), room), left)
            if came:
                batch += came
                size += self._hold(came)
                until = until or time.monotonic() + self._iris.batch_seconds
            if not batch or any(message.delivery_count for message in came):
                break  # nothing comes; or something came before, and must not use its five deliveries up
        return batch

    def _hold(self, came: list[ServiceBusReceivedMessage]) -> int:
        """Takes messages in hand; their bytes."""
        messages = [as_message(message) for message in came]
        self._held += messages
        self._status.counts["received"] += len(came)
        size = sum(len(message.body) for message in messages)
        self._typical_bytes = max(1.0, size / len(messages))
        return size

    async def _complete(self, connection: Connection, batch: list[ServiceBusReceivedMessage]) -> None:
        outcomes, trouble = await connection.complete(batch)
        self._status.counts += outcomes
        if outcomes["lock_lost"]:
            log.warning("%d locks were lost; those messages come again and are known", outcomes["lock_lost"])
        if trouble:
            raise trouble
        self._wait = self._iris.backoff_seconds
        self._calm += 1
        if self._calm % CALM == 0:
            self._batch = min(self._iris.batch_messages, self._batch * 2)

    async def _keep_held(self) -> None:
        """Makes what was received durable. Until that is done it stays in hand, and nothing more is received."""
        stored = await asyncio.to_thread(self._keep, self._held)
        if self._held:
            self._status.counts["stored"] += stored
            self._status.counts["duplicates"] += len(self._held) - stored
            self._status.last_message_at_utc = self._held[-1].received_at_utc
            self.look_again()
        self._held = []

    def _opened(self, anew: bool = False) -> Spool:
        if self._spool and anew:
            self._spool.close()
            self._spool = None
        self._spool = self._spool or Spool.opened(self._path)
        return self._spool

    def _keep(self, messages: list[Message]) -> int:
        try:
            return self._opened().add(messages)
        except SpoolCorrupt:
            return self._opened(anew=True).add(messages)

    async def _look(self) -> None:
        """At the disk before every batch, at the backlog now and then."""
        free = shutil.disk_usage(self._path.parent).free
        if free < self._iris.free_bytes:
            raise SpoolUnavailable(f"{self._path.parent} has {free >> 20} MB left; landing needs some to make room")
        if self._suspect or time.monotonic() - self._looked > BACKLOG_SECONDS:
            self._status.backlog = await asyncio.to_thread(self._checked_backlog)
            self._looked = time.monotonic()
            self._status.write()

    def _checked_backlog(self) -> Backlog:
        try:
            if self._suspect:
                self._opened().check()
            return self._opened().backlog()
        except SpoolCorrupt:
            return self._opened(anew=True).backlog()
        finally:
            self._suspect = False

    async def _pause(self, trouble: Trouble | SpoolUnavailable) -> None:
        """Says what is wrong and waits, longer each time; then begins with small batches."""
        seconds = self._wait
        if isinstance(trouble, Trouble) and trouble.refused:
            seconds = max(seconds, self._iris.refused_backoff_seconds)
        self._status.counts["troubles"] += 1
        self._status.error(str(trouble))
        self._state("waiting for the disk" if isinstance(trouble, SpoolUnavailable) else "waiting for the queue")
        log.warning("%s; trying again in %g s", trouble, seconds)
        self._wait = min(self._iris.longest_backoff_seconds, self._wait * 2)
        self._batch = max(min(SMALLEST_BATCH, self._iris.batch_messages), self._batch // 4)
        self._calm = 0
        try:
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        except TimeoutError:
            pass

    def _state(self, state: str) -> None:
        self._status.state = state
        self._status.write()


def as_message(received: ServiceBusReceivedMessage) -> Message:
    """The message as it came, whatever it holds. One without an id, which IRIS does not send, is known by its bytes."""
    body = _body(received)
    message_id = _text(received, "message_id") or f"sha256-{hashlib.sha256(body).hexdigest()}"
    return Message(message_id, _text(received, "subject") or "", body, clock.now(), "QUEUE")


def _body(received: ServiceBusReceivedMessage) -> bytes:
    if received.body_type == AmqpMessageBodyType.DATA:
        return b"".join(received.body)
    return received.body if isinstance(received.body, bytes) else str(received.body).encode()


def _text(received: ServiceBusReceivedMessage, name: str) -> str | None:
    try:
        value = getattr(received, name)
    except UnicodeDecodeError:  # the library decodes when it is asked
        return None
    return None if value is None else str(value)
