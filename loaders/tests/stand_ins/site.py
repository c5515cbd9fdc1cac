"""What every HTTP stand-in is: a server, the requests it met, and faults on demand."""

import gzip
import threading
from typing import Self

from loaders.tests.stand_ins.faults import Answer, Fault, Faults
from loaders.tests.stand_ins.server import Body, Request, Server


class StandIn:
    """A server on this machine; a context manager. Everything may be called and changed while it serves."""

    def __init__(self, latency: float = 0, port: int = 0):
        """``latency`` in seconds, before every answer; port 0 is any free one."""
        self.latency = latency
        self.ahead_seconds = 0.0  # of its clock, by which answers are dated
        self.released = threading.Event()  # cleared, it holds back every answer
        self.released.set()
        self.requests: list[Request] = []
        self.in_flight = self.peak_in_flight = 0
        self._lock = threading.RLock()
        self._faults = Faults()
        self._server = Server(self, port)

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_) -> None:
        """Stops, cuts every open connection, and raises what went wrong inside the stand-in itself."""
        self.released.set()
        self._server.stop()

    def fail(
        self, path: str, fault: Fault, times: int | None = 1, after: int = 0, where: dict[str, str] | None = None
    ) -> None:
        """Arm a fault for the next ``times`` requests (None: for good) of a path or of those below it ("/": any).

        ``after``: so many matching requests go well first. ``where``: parameters must begin with these values. Of
        several faults that match a request, the one armed first happens.
        """
        self._faults.add(path, fault, times, after, where)

    def unused_faults(self) -> list[str]:
        """What was armed and did not happen as often as it should."""
        return self._faults.unused()

    def clear_faults(self) -> None:
        """Be well again."""
        self._faults.clear()

    def asked(self, path: str = "/") -> list[Request]:
        """The requests so far of a path and of those below it, in the order of their arrival."""
        with self._lock:
            return [request for request in self.requests if f"{request.path}/".startswith(path.rstrip("/") + "/")]

    def arrive(self, request: Request) -> Fault | None:
        """For the server: a request is here. What will go wrong with it?"""
        fault = self._faults.take(request.path, request.query)
        request.fault = fault.name if fault else None
        with self._lock:
            self.requests.append(request)
            self.in_flight += 1
            self.peak_in_flight = max(self.peak_in_flight, self.in_flight)
        return fault

    def leave(self) -> None:
        """For the server: a request is over."""
        with self._lock:
            self.in_flight -= 1

    def body(self, request: Request, fault: Fault | None) -> Body:
        """For the server: the whole answer, encoded as the client accepts it."""
        raise NotImplementedError


def encoded(answer: Answer, request: Request) -> Body:
    """An answer as it travels: compressed for whoever accepts that."""
    headers, content = {"Content-Type": answer.content_type, **answer.headers}, answer.body
    if request.accepts_gzip and content:
        headers["Content-Encoding"] = "gzip"
        content = gzip.compress(content, 1, mtime=0)
    return Body(answer.status, headers, content)
