"""One TCP or TLS connection: Proton's bytes to and from the socket, late, cut or stalled as the faults say."""

import asyncio
import logging
import socket
import struct
from collections import deque

from proton import Collector, Connection, ProtonException, Transport

from loaders.tests.stand_ins.iris_broker.frames import padded

log = logging.getLogger(__name__)

TICK_SECONDS = 1.0


class Wire(asyncio.Protocol):
    """The socket's half of a peer. ``on_event`` and ``on_gone`` are the other half's."""

    def __init__(self, broker):
        self.broker, self.loop = broker, broker.loop
        self.socket: asyncio.Transport | None = None
        self.closed = self.paused = self.stalled = self.dying = False
        self.pumping = self.again = False
        self._incoming: deque = deque()
        self._outgoing: deque = deque()
        self._half_frame = b""
        self.connection, self._events = Connection(), Collector()
        self.connection.collect(self._events)
        self.connection.container = "service-bus-stand-in"
        self.proton = Transport(mode=Transport.SERVER)
        self.proton.max_frame_size = 65536
        self.proton.channel_max = 4999
        self.proton.idle_timeout = 2 * broker.idle_seconds  # Proton tells the peer half of it
        sasl = self.proton.sasl()
        sasl.allowed_mechs("ANONYMOUS EXTERNAL")
        sasl.allow_insecure_mechs = True
        self.proton.bind(self.connection)

    def on_event(self, event) -> None:
        """What AMQP brought."""
        raise NotImplementedError

    def on_gone(self) -> None:
        """The connection ended, one way or another."""
        raise NotImplementedError

    @property
    def _half_trip(self) -> float:
        return self.broker.faults.round_trip_ms / 2000.0

    # -- what asyncio calls
    def connection_made(self, transport):
        self.socket = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.broker.stats["connections"] += 1
        if self.broker.faults.refuse_connections:
            self.cut()
            return
        self.broker.peers.add(self)
        self._tick()

    def data_received(self, data):
        if self.closed:
            return
        if self._half_trip or self._incoming:
            self._later(self._incoming, data, self._drain_incoming)
            return
        self._push(data)
        self.pump()

    def pause_writing(self):
        self.paused = True

    def resume_writing(self):
        self.paused = False
        self.pump()

    def eof_received(self):
        return False

    def connection_lost(self, exc):
        if self._incoming and not self.closed:  # what the client sent before its FIN still arrives
            self._incoming.append((self._incoming[-1][0], None))
        else:
            self._gone()

    # -- time
    def _later(self, line: deque, data: bytes, drain) -> None:
        line.append((self.loop.time() + self._half_trip, data))
        if len(line) == 1:
            self.loop.call_at(line[0][0], drain)

    def _drain_incoming(self):
        now = self.loop.time() + 1e-4
        while self._incoming and self._incoming[0][0] <= now and not self.closed:
            data = self._incoming.popleft()[1]
            if data is None:
                self._gone()
            else:
                self._push(data)
        if self._incoming and not self.closed:
            self.loop.call_at(self._incoming[0][0], self._drain_incoming)
        self.pump()

    def _drain_outgoing(self):
        now = self.loop.time() + 1e-4
        while self._outgoing and self._outgoing[0][0] <= now:
            data = self._outgoing.popleft()[1]
            if not self.closed and not self.socket.is_closing():
                self.socket.write(data)
        if self._outgoing:
            self.loop.call_at(self._outgoing[0][0], self._drain_outgoing)

    def _tick(self):
        if self.closed:
            return
        if not self.stalled:
            self.proton.tick(self.loop.time() + 1)
            self.pump()
        self.loop.call_later(TICK_SECONDS, self._tick)

    # -- bytes
    def _push(self, data: bytes) -> None:
        try:
            while data and not (self.stalled or self.dying):
                room = self.proton.capacity()
                if room <= 0:
                    self._dispatch()
                    room = self.proton.capacity()
                    if room <= 0:
                        return
                self.proton.push(data[:room])
                data = data[room:]
                self._dispatch()
        except ProtonException as error:
            log.warning("cut, since a client's bytes are no AMQP: %s", error)
            self.cut()

    def pump(self) -> None:
        """Lets AMQP act on what came and writes what it has to say."""
        if self.closed or self.pumping:
            self.again = True
            return
        self.pumping = True
        try:
            self.again = True
            while self.again and not self.closed:
                self.again = False
                self._dispatch()
                self.flush()
        finally:
            self.pumping = False

    def _dispatch(self) -> None:
        while not self.closed and (event := self._events.peek()) is not None:
            self.on_event(event)
            self._events.pop()

    def flush(self) -> None:
        """Writes what AMQP has to say."""
        while not (self.closed or self.stalled or self.paused or self.dying):
            pending = self.proton.pending()
            if pending < 0:
                self.socket.close()
            if pending <= 0:
                return
            self.write(self.taken(pending))

    def taken(self, pending: int) -> bytes:
        """Whole frames of what Proton has written, with their trailing nulls."""
        data = bytes(self.proton.peek(pending))
        self.proton.pop(len(data))
        data, whole, at = self._half_frame + data, [], 0
        while len(data) - at >= 8:
            size = 8 if data[at : at + 4] == b"AMQP" else int.from_bytes(data[at : at + 4], "big")
            if len(data) - at < size:
                break
            frame = data[at : at + size]
            whole.append(frame if frame[:4] == b"AMQP" else padded(frame))
            at += size
        self._half_frame = data[at:]
        return b"".join(whole)

    def write(self, data: bytes) -> None:
        """To the socket, after half a round trip."""
        if not data or self.socket.is_closing():
            return
        if self._half_trip or self._outgoing:
            self._later(self._outgoing, data, self._drain_outgoing)
        else:
            self.socket.write(data)

    # -- ends
    def die(self, rst: bool) -> None:
        """Nothing more goes out; cut once what was written has had time to leave."""
        self.dying = True
        self.loop.call_later(0.01 + self._half_trip, self.cut, rst)

    def cut(self, rst: bool = True) -> None:
        """Breaks the TCP connection without any AMQP goodbye."""
        if self.socket is None or self.closed:
            return
        if rst:
            linger = struct.pack("ii", 1, 0)
            self.socket.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.broker.stats["cut"] += 1
        self._gone()
        self.socket.abort()

    def stall(self, on: bool) -> None:
        """Half-open: neither reads nor writes, and stays."""
        self.stalled = on
        if on:
            self.socket.pause_reading()
        else:
            self.socket.resume_reading()
            self.pump()

    def _gone(self) -> None:
        if not self.closed:
            self.closed = True
            self.broker.peers.discard(self)
            self.on_gone()
