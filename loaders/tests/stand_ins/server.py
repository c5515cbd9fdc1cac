"""HTTP/1.1 as a server on the internet speaks it, with its ways of going wrong. What it says is its application's."""

import os
import socket
import socketserver
import struct
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

from loaders.tests.stand_ins.faults import Fault

BASE_PATH = "/bmrs/api/v1"
PIECES = 20


@dataclass
class Request:
    """One request, as it arrived."""

    target: str
    headers: dict[str, str]  # names in lower case
    at: float = field(default_factory=time.monotonic)
    fault: str | None = None  # what was made to go wrong with it
    status: int | None = None  # of the answer, once there is one

    def __post_init__(self):
        url = urlsplit(self.target)
        self.path: str = url.path.removeprefix(BASE_PATH) if url.path.startswith(f"{BASE_PATH}/") else url.path
        self.query: dict[str, list[str]] = parse_qs(url.query, keep_blank_values=True)
        self.accepts_gzip = "gzip" in self.headers.get("accept-encoding", "")


@dataclass(frozen=True)
class Body:
    """A whole answer, encoded."""

    status: int
    headers: dict[str, str]
    content: bytes


class Application(Protocol):
    """What a server asks for its answers."""

    latency: float
    ahead_seconds: float
    released: threading.Event

    def arrive(self, request: Request) -> Fault | None: ...
    def body(self, request: Request, fault: Fault | None) -> Body: ...
    def leave(self) -> None: ...


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "StandIn"
    disable_nagle_algorithm = True  # else a kept-alive client waits 40 ms for each answer
    wbufsize = 1 << 16
    server: "Server"

    def do_GET(self) -> None:
        application = self.server.application
        request = Request(self.path, {name.lower(): value for name, value in self.headers.items()})
        fault = application.arrive(request)
        try:
            application.released.wait()
            self.server.pause(application.latency + (fault.delay_seconds if fault else 0))
            if fault and fault.send == "reset":
                self._reset()
                return
            body = application.body(request, fault)
            request.status = body.status
            self._send(body, fault)
        except ConnectionError:  # the client gave up, as it may
            self.close_connection = True
        finally:
            application.leave()

    def _send(self, body: Body, fault: Fault | None) -> None:
        how, content, half = fault.send if fault else "whole", body.content, len(body.content) // 2
        if how == "cut gzip":
            how, content = "whole", content[:half]
        if how == "cut chunked":
            self._head(body, {"Transfer-Encoding": "chunked"})
            self.wfile.write(b"%x\r\n%b\r\n" % (half, content[:half]))  # and no last chunk
        else:
            self._head(body, {"Content-Length": str(len(content))})
            self._write(content[:half] if how == "cut" else content, fault.seconds if fault else 0)
        self.close_connection = self.close_connection or how.startswith("cut")

    def _head(self, body: Body, framing: dict[str, str]) -> None:
        self.send_response(body.status)
        for name, value in {**body.headers, **framing}.items():
            self.send_header(name, value)
        self.end_headers()

    def _write(self, content: bytes, seconds: float) -> None:
        step = len(content) // PIECES + 1 if seconds else len(content) or 1
        for start in range(0, len(content), step):
            self.wfile.write(content[start : start + step])
            if seconds:
                self.wfile.flush()
                self.server.pause(seconds / PIECES)

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())  # at once, since an orderly end would not be a reset

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The Date header, by the server's own clock."""
        return super().date_time_string((timestamp or time.time()) + self.server.application.ahead_seconds)

    def log_message(self, *_) -> None:
        """Requests are kept by the stand-in, not printed."""


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """One thread for each connection; stops cleanly with clients still connected."""

    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, application: Application, port: int):
        super().__init__(("127.0.0.1", port), _Handler)
        self.application = application
        self._errors: list[BaseException] = []
        self._connections: set[socket.socket] = set()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)

    def start(self) -> None:
        """Serve in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End everything; raises what went wrong inside."""
        self._stopping.set()
        if self._thread.is_alive():
            self.shutdown()
            self._thread.join()
        for connection in list(self._connections):
            with suppress(OSError):  # it may have ended by itself
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()
        if self._errors:
            raise self._errors[0]

    def pause(self, seconds: float) -> None:
        """Sleep, but not past the end."""
        if seconds > 0:
            self._stopping.wait(seconds)

    def process_request(self, request, client_address) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request, client_address) -> None:
        error = sys.exception()
        if isinstance(error, ConnectionError):
            return
        self._errors.append(error)
        super().handle_error(request, client_address)
