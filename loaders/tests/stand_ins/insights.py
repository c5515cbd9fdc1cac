"""A stand-in of Elexon's Insights API: real HTTP on this machine, the recorded answers, and faults on demand.

    with InsightsStandIn() as elexon:
        requests.get(f"{elexon.url}/datasets/BOALF/stream", {"from": "2022-01-01T00:00Z", "to": "2022-01-02T00:00Z"})

It serves what was recorded and nothing else, unless a test gives it rows of its own. JSON only: ``format`` is ignored.
As a process: ``python -m loaders.tests.stand_ins.insights --port 0``.
"""

import argparse
import signal
import threading
from collections import OrderedDict
from collections.abc import Iterable
from functools import cache
from itertools import product
from typing import NamedTuple

import msgspec

from loaders.catalogue import load_catalogue
from loaders.tests.stand_ins import recorded
from loaders.tests.stand_ins.endpoints import Endpoint, endpoints, find
from loaders.tests.stand_ins.faults import Answer, Fault, apply
from loaders.tests.stand_ins.selection import BadRequestError, Rows, check, current_vintage, published_by, select
from loaders.tests.stand_ins.server import BASE_PATH, Body, Request
from loaders.tests.stand_ins.site import StandIn, encoded

NOT_FOUND = Answer(404, b'{"statusCode":404,"message":"Resource not found"}')
CACHE_BYTES = 64 * 2**20


class Route(NamedTuple):
    """What a path leads to."""

    endpoint: Endpoint
    dataset: str
    asked: dict[str, str]  # what the path holds: a settlement date, bid or offer

    def wrapped(self, rows: bytes) -> bytes:
        """A JSON list as this endpoint answers it."""
        if self.endpoint.answer == "metadata":
            metadata = msgspec.json.encode({"datasets": [self.dataset]})
            return b'{"metadata":' + metadata + b',"data":' + rows + b"}"
        return b'{"data":' + rows + b"}" if self.endpoint.answer == "data" else rows


@cache
def _named_by_the_catalogue() -> dict[str, tuple[str, dict[str, str]]]:
    """Endpoint -> its dataset, and the values in its path where Elexon has one endpoint for each value."""
    found = {}
    for entry in load_catalogue().values():
        if not entry.rest:
            continue
        path, each = entry.rest.path, entry.rest.each
        for values in product(*each.values()):
            chosen = dict(zip(each, values, strict=True))
            filled = path
            for name, value in chosen.items():
                filled = filled.replace(f"{{{name}}}", value)
            found[filled] = entry.dataset, chosen
        for template in (path, path.removesuffix("/stream"), f"{path}/{{settlementPeriod}}"):
            found[template] = entry.dataset, {}
    return {path: found[path] for path in found if path in endpoints()}


def route(path: str) -> Route | None:
    """The endpoint and the dataset that answer a path; no dataset (an empty name) where the catalogue has none."""
    if not (found := find(path)):
        return None
    endpoint, holes = found
    dataset, chosen = _named_by_the_catalogue().get(endpoint.path, ("", {}))
    if not dataset and endpoint.path.startswith("/datasets/"):
        dataset = endpoint.path.split("/")[2]
    return Route(endpoint, dataset, {**chosen, **holes})


class _Cache:
    """The encoded bodies used last, up to a number of bytes, by what they were made from."""

    def __init__(self):
        self._bodies: OrderedDict[tuple, Body] = OrderedDict()
        self._held = 0
        self._lock = threading.Lock()

    def get(self, key: tuple) -> Body | None:
        with self._lock:
            if key in self._bodies:
                self._bodies.move_to_end(key)
            return self._bodies.get(key)

    def put(self, key: tuple, body: Body) -> None:
        with self._lock:
            self._held += len(body.content) if key not in self._bodies else 0
            self._bodies.setdefault(key, body)
            while self._held > CACHE_BYTES:
                self._held -= len(self._bodies.popitem(last=False)[1].content)


class InsightsStandIn(StandIn):
    """The server of the Insights API."""

    def __init__(
        self,
        rows: dict[str, Iterable[dict]] | None = None,
        *,
        as_of: str | None = None,
        latency: float = 0,
        port: int = 0,
    ):
        """``rows`` are a test's own, by dataset, in the place of the recorded ones. ``as_of`` is the moment at which
        Elexon is asked (now unless told): system prices change when it settles again, and what was published or
        accepted later is not there yet. ``latency`` in seconds."""
        super().__init__(latency, port)
        self.as_of = as_of
        self._rows = {dataset: Rows(dataset, own) for dataset, own in (rows or {}).items()}
        self._cache = _Cache()

    @property
    def url(self) -> str:
        """The base URL, to be used in the place of Elexon's."""
        return self.origin + BASE_PATH

    def rows(self, dataset: str) -> Rows:
        """The rows of which a dataset's answers are made."""
        with self._lock:
            if dataset not in self._rows:
                self._rows[dataset] = Rows(dataset, recorded.rows(dataset))
            return self._rows[dataset]

    def set_rows(self, dataset: str, rows: Iterable[dict]) -> None:
        """Replace the rows of a dataset by a test's own."""
        with self._lock:
            self._rows[dataset] = Rows(dataset, rows)

    def add_rows(self, dataset: str, rows: Iterable[dict]) -> None:
        """Add rows of a test's own."""
        with self._lock:
            self.set_rows(dataset, [*self.rows(dataset), *rows])

    def body(self, request: Request, fault: Fault | None) -> Body:
        """For the server: the whole answer, encoded as the client accepts it."""
        if fault and fault.instead:
            return encoded(fault.instead, request)
        if fault and fault.rows:
            return encoded(self._answer(request, fault), request)
        found = route(request.path)
        made_from = self.rows(found.dataset) if found else None  # itself, not its contents: rows never change
        key = (request.target, request.accepts_gzip, self.as_of, made_from)
        if not (body := self._cache.get(key)):
            body = encoded(self._answer(request, None), request)
            self._cache.put(key, body)
        return body

    def _answer(self, request: Request, fault: Fault | None) -> Answer:
        found = route(request.path)
        if not found or any(name not in request.query for name in found.endpoint.required):
            return NOT_FOUND
        query = {name: request.query[name] for name in found.endpoint.parameters if name in request.query}
        try:
            check(found.endpoint, query | {name: [value] for name, value in found.asked.items()})
        except BadRequestError as error:
            return Answer(400, msgspec.json.encode({"errors": error.errors}), "application/problem+json; charset=utf-8")
        chosen = select(found.endpoint, found.asked, query, self.rows(found.dataset))
        if found.dataset == "DISEBSP":
            chosen = current_vintage(chosen, self.as_of)
        elif self.as_of:
            chosen = published_by(chosen, self.as_of)
        if extra := set(found.asked) - {"settlementDate", "settlementPeriod"}:  # the question's, not the row's
            chosen = [{name: value for name, value in row.items() if name not in extra} for row in chosen]
        return Answer(200, found.wrapped(msgspec.json.encode(apply(fault, list(chosen)))))


def main() -> None:
    """Serves until it is told to end."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--as-of", help="answer as at this moment")
    parser.add_argument("--latency", type=float, default=0, help="seconds before every answer")
    options = parser.parse_args()
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    with InsightsStandIn(as_of=options.as_of, latency=options.latency, port=options.port) as stand_in:
        print(f"listening on {stand_in.url}", flush=True)
        over.wait()


if __name__ == "__main__":
    main()
