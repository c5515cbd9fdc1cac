"""The broker: queues, who is connected, who gets the next message, and the commands that a test gives."""

import asyncio
import json
import ssl
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from proton import Endpoint

from loaders.tests.stand_ins.iris_broker import http
from loaders.tests.stand_ins.iris_broker.faults import Faults
from loaders.tests.stand_ins.iris_broker.peer import Peer
from loaders.tests.stand_ins.iris_broker.queues import Queue

HOST = "127.0.0.1"
BURST = 200  # messages handed to a link before the others have a turn


class Broker:
    """Lives on one event loop. The methods named ``do_...`` are commands, also over HTTP."""

    def __init__(self, idle_seconds: float = 120.0):
        self.idle_seconds = idle_seconds
        self.loop: asyncio.AbstractEventLoop | None = None
        self.queues: dict[str, Queue] = {}
        self.peers: set[Peer] = set()
        self.faults = Faults()
        self.stats: Counter = Counter()
        self.tokens: list[dict[str, str]] = []  # that were put
        self.clients: dict[str, dict[str, Any]] = {}  # client id -> secret, expired
        self.ports: dict[str, int] = {}
        self._servers: list[asyncio.AbstractServer] = []
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = float("inf")
        self._soon: set[str] = set()

    async def start(self, tls: ssl.SSLContext | None = None, **ports: int) -> None:
        """Listens on amqp and control and, with ``tls``, on amqps and token; on any port unless one is named."""
        self.loop = asyncio.get_running_loop()
        starts = {
            "amqp": lambda port: self.loop.create_server(lambda: Peer(self), HOST, port),
            "control": lambda port: asyncio.start_server(http.answering(self, http.control), HOST, port),
        }
        if tls:
            starts["amqps"] = lambda port: self.loop.create_server(lambda: Peer(self), HOST, port, ssl=tls)
            starts["token"] = lambda port: asyncio.start_server(http.answering(self, http.token), HOST, port, ssl=tls)
        for name, start in starts.items():
            server = await start(ports.get(name, 0))
            self._servers.append(server)
            self.ports[name] = server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Closes every port and connection."""
        for server in self._servers:
            server.close()
        for peer in list(self.peers):
            peer.cut(rst=False)
        if self._timer:
            self._timer.cancel()

    # -- locks
    def _arm_timer(self, when: float) -> None:
        if when < self._timer_at - 0.005:
            if self._timer:
                self._timer.cancel()
            self._timer_at = when
            self._timer = self.loop.call_later(max(0.0, when - time.time()) + 0.002, self._on_timer)

    def _on_timer(self) -> None:
        self._timer, self._timer_at = None, float("inf")
        for queue in self.queues.values():
            if queue.expire_locks(time.time()):
                self.dispatch_soon(queue)

    # -- delivery
    def dispatch_soon(self, queue: Queue) -> None:
        """Delivers at the next turn of the loop, once however often it is asked."""
        if queue.name not in self._soon:
            self._soon.add(queue.name)
            self.loop.call_soon(self._dispatch_now, queue)

    def _dispatch_now(self, queue: Queue) -> None:
        self._soon.discard(queue.name)
        self.dispatch(queue)
        for peer, _ in list(queue.links):
            peer.pump()

    def dispatch(self, queue: Queue) -> None:
        """Hands ready messages to the links that have credit, in turn."""
        rate = self.faults.messages_per_second
        if rate:
            queue.allow(rate)
        while queue.ready:
            links = [(peer, link) for peer, link in queue.links if _wants(peer, link)]
            if not links:
                return
            if rate and queue.allowance < 1:
                self.loop.call_later(max(0.001, (1 - queue.allowance) / rate), self.dispatch_soon, queue)
                return
            peer, link = links[queue.turn % len(links)]
            queue.turn += 1
            burst = 1 if len(links) > 1 or rate else min(link.credit, BURST)
            if not self._hand_over(queue, peer, link, burst):
                return
            peer.again = True
            peer.flush() if peer.pumping else peer.pump()

    def _hand_over(self, queue: Queue, peer: Peer, link, burst: int) -> bool:
        for _ in range(burst):
            message = queue.take()
            if message is None:
                return False
            queue.allowance -= 1
            if not peer.send(queue, link, message):
                return False
        return True

    # -- commands
    def do_create(self, queue: str, **settings) -> None:
        """A queue of its own settings."""
        self.queues[queue] = Queue(queue, self._arm_timer, **settings)

    def do_enqueue(self, queue: str, messages: Iterable[dict[str, Any]]) -> None:
        """Messages with body (text or bytes), message_id, subject and body_kind."""
        for message in messages:
            body = message["body"]
            self.queues[queue].put(**{**message, "body": body.encode() if isinstance(body, str) else body})
        self.dispatch_soon(self.queues[queue])

    def do_fill(self, queue: str, n: int, size: int = 2000, first: int = 0) -> int:
        """Generated messages of about ``size`` bytes, encoded twice like IRIS's; returns the size of one."""
        row = {
            "dataset": "GENERATED",
            "settlementDate": "2026-11-20",
            "settlementPeriod": 7,
            "level": 100,
            "flag": None,
        }
        rows = [row] * max(1, size // (len(json.dumps(row)) + 20))
        body = json.dumps(json.dumps(rows)).encode()
        names = (f"GENERATED_{number:08d}.json" for number in range(first, first + n))
        self.do_enqueue(queue, ({"body": body, "message_id": name, "subject": "GENERATED"} for name in names))
        return len(body)

    def do_faults(self, **faults) -> dict[str, Any]:
        """Sets faults; those not named stay."""
        self.faults = Faults(**{**asdict(self.faults), **faults})
        for queue in self.queues.values():
            self.dispatch_soon(queue)
        return asdict(self.faults)

    def do_reset_faults(self) -> None:
        """No faults any more."""
        self.faults = Faults()

    def do_drop(self, rst: bool = True) -> None:
        """Cuts every connection."""
        for peer in list(self.peers):
            peer.cut(rst)

    def do_stall(self, on: bool = True) -> None:
        """Every connection of now goes silent but stays."""
        for peer in list(self.peers):
            peer.stall(on)

    def do_detach(self, name: str = "amqp:link:detach-forced") -> None:
        """Takes every receiving link away."""
        for peer in list(self.peers):
            peer.detach_all(name)

    def do_stats(self) -> dict[str, Any]:
        """Numbers of the broker and of each queue."""
        queues = {name: queue.snapshot() for name, queue in self.queues.items()}
        return {**self.stats, "open": len(self.peers), "tokens": len(self.tokens), "queues": queues}

    def do_completed(self, queue: str) -> list[str | None]:
        """The ids that were completed, in order."""
        return list(self.queues[queue].completed)

    def do_dead(self, queue: str) -> list[tuple[str | None, str]]:
        """The ids that ended in the dead-letter queue, and why."""
        return list(self.queues[queue].dead)

    def do_client(self, client_id: str, secret: str, expired: bool = False) -> None:
        """A client that the token endpoint knows."""
        self.clients[client_id] = {"secret": secret, "expired": expired}


def _wants(peer: Peer, link) -> bool:
    alive = not (peer.closed or peer.stalled or peer.dying or link.state & Endpoint.LOCAL_CLOSED)
    return alive and link.credit > 0
