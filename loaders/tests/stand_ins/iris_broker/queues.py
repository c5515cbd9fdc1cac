"""A queue: messages, their locks, their deliveries, and where they end."""

import heapq
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from loaders.tests.stand_ins.iris_broker import frames

LOCK_LOST = (
    "com.microsoft:message-lock-lost",
    "The lock supplied is invalid. Either the lock expired, or the message has already been removed from the queue, "
    "or was received by a different receiver instance.",
)


@dataclass
class Queued:
    """One message in the queue."""

    sequence_number: int
    message_id: str | None
    subject: str | None
    body: bytes
    body_kind: str = "data"  # data, data2 (two data sections) or value (text)
    enqueued_ms: int = 0
    expires_ms: int = 0
    delivery_count: int = 0
    state: str = "active"  # or locked

    def encoded(self, locked_until_ms: int) -> bytes:
        """The whole message on the wire."""
        null, string = frames.NULL, frames.string
        number = frames.long(self.sequence_number)
        annotations = [frames.sym("x-opt-enqueued-time"), frames.milliseconds(self.enqueued_ms)]
        annotations += [frames.sym("x-opt-sequence-number"), number]
        annotations += [frames.sym("x-opt-enqueue-sequence-number"), number]
        annotations += [frames.sym("x-opt-locked-until"), frames.milliseconds(locked_until_ms)]
        message_id = null if self.message_id is None else string(self.message_id)
        subject = null if self.subject is None else string(self.subject)
        header = [frames.TRUE, null, null, null, frames.uint(self.delivery_count)]
        return b"".join(
            (
                frames.section(frames.HEADER, frames.listed(header)),
                frames.section(frames.ANNOTATIONS, frames.mapped(annotations)),
                frames.section(frames.PROPERTIES, frames.listed([message_id, null, null, subject, null, null, null])),
                self._encoded_body(),
            )
        )

    def _encoded_body(self) -> bytes:
        if self.body_kind == "value":
            return frames.section(frames.VALUE, frames.string(self.body.decode()))
        half = len(self.body) // 2 if self.body_kind == "data2" else 0
        parts = [self.body[:half], self.body[half:]] if half else [self.body]
        return b"".join(frames.section(frames.DATA, frames.binary(part)) for part in parts)


@dataclass(eq=False)
class Lock:
    """A message lent to a receiver. Its token is the delivery's tag."""

    token: uuid.UUID
    message: Queued
    queue: "Queue"
    expires: float
    link: Any
    valid: bool = True


class Queue:
    """As IRIS's are by default: a lock of 60 s, 5 deliveries, 3 days."""

    def __init__(
        self,
        name: str,
        arm_timer: Callable[[float], None],
        *,
        lock_seconds: float = 60.0,
        max_deliveries: int = 5,
        keep_seconds: float = 3 * 86400.0,
        exclusive: bool = False,
    ):
        self.name, self.exclusive = name, exclusive
        self.lock_seconds, self.max_deliveries, self.keep_seconds = lock_seconds, max_deliveries, keep_seconds
        self._arm_timer = arm_timer
        self.messages: dict[int, Queued] = {}
        self.ready: list[int] = []  # a heap of sequence numbers
        self.locks: dict[uuid.UUID, Lock] = {}
        self.lock_heap: list[tuple[float, int, Lock]] = []
        self.links: list[tuple] = []  # (peer, link), taken in turn
        self.turn = 0
        self.stats: Counter = Counter()
        self.completed: list[str | None] = []  # ids, in order
        self.dead: list[tuple[str | None, str]] = []  # id and reason
        self.allowance, self.allowance_at = 0.0, time.monotonic()  # of messages_per_second

    def put(self, body: bytes, message_id: str | None = None, subject: str | None = None, body_kind: str = "data"):
        """A message more."""
        self.stats["enqueued"] += 1
        number, now = self.stats["enqueued"], int(time.time() * 1000)
        until = now + int(self.keep_seconds * 1000)
        self.messages[number] = Queued(number, message_id, subject, body, body_kind, now, until)
        heapq.heappush(self.ready, number)

    def take(self) -> Queued | None:
        """The next message that may be delivered."""
        while self.ready:
            message = self.messages.get(heapq.heappop(self.ready))
            if message is None or message.state != "active":
                continue
            if time.time() * 1000 < message.expires_ms:
                return message
            self.stats["expired"] += 1
            del self.messages[message.sequence_number]
        return None

    def allow(self, rate: float) -> None:
        """Lets the allowance grow at ``rate`` a second, up to 50 ms' worth."""
        now = time.monotonic()
        self.allowance = min(max(1.0, rate * 0.05), self.allowance + (now - self.allowance_at) * rate)
        self.allowance_at = now

    def lock(self, message: Queued, link) -> Lock:
        """Lends a message to a link."""
        lock = Lock(uuid.uuid4(), message, self, time.time() + self.lock_seconds, link)
        message.state = "locked"
        self.locks[lock.token] = lock
        heapq.heappush(self.lock_heap, (lock.expires, id(lock), lock))
        self._arm_timer(lock.expires)
        return lock

    def settle(self, lock: Lock, how: str) -> tuple[str, str] | None:
        """Completes, abandons, releases or dead-letters; the error when the lock is gone."""
        if not lock.valid:
            self.stats["settle_lock_lost"] += 1
            return LOCK_LOST
        self._unlock(lock)
        self.stats[how] += 1
        message = lock.message
        if how == "completed":
            del self.messages[message.sequence_number]
            self.completed.append(message.message_id)
        elif how == "dead_lettered_by_client":
            self._bury(message, "dead-lettered by the receiver")
        else:
            self._requeue(message, counts=how == "abandoned")
        return None

    def link_gone(self, link) -> None:
        """Drops the locks of a link that closed, as a delivery each."""
        for lock in [held for held in self.locks.values() if held.link == link]:
            self._unlock(lock)
            self.stats["locks_dropped_with_link"] += 1
            self._requeue(lock.message, counts=True)

    def expire_locks(self, now: float) -> bool:
        """Whether any lock ended; arms the timer for the next."""
        before = self.stats["locks_expired"]
        while self.lock_heap and (self.lock_heap[0][0] <= now or not self.lock_heap[0][2].valid):
            lock = heapq.heappop(self.lock_heap)[2]
            if lock.valid:
                self._unlock(lock)
                self.stats["locks_expired"] += 1
                self._requeue(lock.message, counts=True)
        if self.lock_heap:
            self._arm_timer(self.lock_heap[0][0])
        return self.stats["locks_expired"] > before

    def _unlock(self, lock: Lock) -> None:
        lock.valid = False
        del self.locks[lock.token]

    def _requeue(self, message: Queued, counts: bool) -> None:
        message.delivery_count += counts
        if message.delivery_count >= self.max_deliveries:
            self._bury(message, "MaxDeliveryCountExceeded")
        else:
            message.state = "active"
            heapq.heappush(self.ready, message.sequence_number)

    def _bury(self, message: Queued, reason: str) -> None:
        del self.messages[message.sequence_number]
        self.dead.append((message.message_id, reason))

    def snapshot(self) -> dict[str, Any]:
        """Numbers for a test to look at."""
        states = Counter(message.state for message in self.messages.values())
        return {
            "left": len(self.messages), "active": states["active"], "locked": states["locked"],
            "completed": len(self.completed), "dead": len(self.dead), "receivers": len(self.links), **self.stats,
        }  # fmt: skip
