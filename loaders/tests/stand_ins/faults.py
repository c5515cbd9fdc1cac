"""What can go wrong with an answer, on demand and in the order in which it was asked for."""

import re
import threading
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from email.utils import format_datetime
from http import HTTPStatus
from typing import Literal

import msgspec

Rows = list[dict]
DATED = re.compile(r"\d{4}-\d{2}-\d{2}(T|$)")
JSON = "application/json; charset=utf-8"


@dataclass(frozen=True)
class Answer:
    """A status and an unencoded body."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong; made by the functions below."""

    name: str
    instead: Answer | None = None  # answered in place of the real one
    rows: Callable[[Rows], Rows] | None = None  # what becomes of the rows
    delay_seconds: float = 0  # before the headers
    seconds: float = 0  # that the body takes when it dribbles
    send: Literal["whole", "dribble", "cut", "cut chunked", "cut gzip", "reset"] = "whole"

    @staticmethod
    def status(code: int, retry_after: float | datetime | None = None, body: str | None = None) -> "Fault":
        """An error status; ``retry_after`` in seconds, or as the moment that the header gives as an HTTP date (UTC)."""
        text = body or msgspec.json.encode({"statusCode": code, "message": HTTPStatus(code).phrase}).decode()
        headers = {}
        if retry_after is not None:
            dated = isinstance(retry_after, datetime)
            headers["Retry-After"] = format_datetime(retry_after, usegmt=True) if dated else str(retry_after)
        return Fault(f"status {code}", Answer(code, text.encode(), headers=headers))

    @staticmethod
    def quota() -> "Fault":
        """403 as the gateway words it when a caller has used up its volume."""
        return Fault.status(403, body='{"statusCode":403,"message":"Out of call volume quota"}')

    @staticmethod
    def slow(seconds: float) -> "Fault":
        """Nothing at all for a while, then the answer."""
        return Fault("slow", delay_seconds=seconds)

    @staticmethod
    def dribble(seconds: float) -> "Fault":
        """Headers at once, the body in twenty pieces spread over ``seconds``."""
        return Fault("dribble", seconds=seconds, send="dribble")

    @staticmethod
    def reset() -> "Fault":
        """The connection is reset before any answer."""
        return Fault("reset", send="reset")

    @staticmethod
    def cut() -> "Fault":
        """The connection ends in the middle of a body whose length was promised."""
        return Fault("cut", send="cut")

    @staticmethod
    def cut_chunked() -> "Fault":
        """The connection ends in the middle of a chunked body."""
        return Fault("cut chunked", send="cut chunked")

    @staticmethod
    def cut_gzip() -> "Fault":
        """Half of the compressed body under its own right length: only the content shows that something is missing."""
        return Fault("cut gzip", send="cut gzip")

    @staticmethod
    def html() -> "Fault":
        """200 with a page, as a proxy or a maintenance notice sends it."""
        page = b"<!DOCTYPE html><html><body><h1>Service unavailable</h1></body></html>"
        return Fault("html", Answer(200, page, "text/html; charset=utf-8"))

    @staticmethod
    def wrong_shape() -> "Fault":
        """200 with JSON that is neither a list nor anything with data in it."""
        return Fault("wrong shape", Answer(200, b'{"message":"no rows here"}'))

    @staticmethod
    def no_body() -> "Fault":
        """200 and nothing else, not even an empty list."""
        return Fault("no body", Answer(200, b""))

    @staticmethod
    def empty() -> "Fault":
        """200 in the right shape without a row."""
        return Fault("empty", rows=lambda rows: [])

    @staticmethod
    def changed(change: Callable[[Rows], Rows], name: str = "changed rows") -> "Fault":
        """Whatever a test wants to do to the rows; it gets a copy of its own."""
        return Fault(name, rows=change)

    @staticmethod
    def outside_window(days: int = -30) -> "Fault":
        """The right rows and one more: the first again, moved by ``days``."""
        return Fault("outside window", rows=lambda rows: [*rows, _moved(rows[0], days)])

    @staticmethod
    def missing_field(name: str) -> "Fault":
        """The first row lacks a field."""
        return Fault("missing field", rows=lambda rows: [_without(rows[0], name), *rows[1:]])

    @staticmethod
    def wrong_type(name: str, value: object = "not a number") -> "Fault":
        """The first row has something else in a field."""
        return Fault("wrong type", rows=lambda rows: [{**_with(rows[0], name), name: value}, *rows[1:]])

    @staticmethod
    def new_field(name: str, value: object) -> "Fault":
        """Every row has a field that nobody announced."""
        return Fault("new field", rows=lambda rows: [{**row, name: value} for row in rows])


def _with(row: dict, name: str) -> dict:
    row[name]  # a fault in a field that is not there would be no fault
    return row


def _without(row: dict, name: str) -> dict:
    return {key: value for key, value in _with(row, name).items() if key != name}


def _moved(row: dict, days: int) -> dict:
    def move(value: object) -> object:
        if not (isinstance(value, str) and DATED.match(value)):
            return value
        return (date.fromisoformat(value[:10]) + timedelta(days=days)).isoformat() + value[10:]

    return {key: move(value) for key, value in row.items()}


@dataclass
class _Rule:
    path: str
    fault: Fault
    times: int | None
    after: int
    where: dict[str, str]

    def matches(self, path: str, query: dict[str, list[str]]) -> bool:
        if path != self.path and not path.startswith(self.path.rstrip("/") + "/"):
            return False
        return all(query.get(name, [""])[0].startswith(value) for name, value in self.where.items())


class Faults:
    """The faults still to come, in order: the first that matches a request is used up once by it."""

    def __init__(self):
        self._rules: list[_Rule] = []
        self._lock = threading.Lock()

    def add(self, path: str, fault: Fault, times: int | None, after: int, where: dict[str, str] | None) -> None:
        """See ``InsightsStandIn.fail``."""
        with self._lock:
            self._rules.append(_Rule(path, fault, times, after, where or {}))

    def take(self, path: str, query: dict[str, list[str]]) -> Fault | None:
        """What goes wrong with this request, if anything does."""
        with self._lock:
            for rule in self._rules:
                if rule.times == 0 or not rule.matches(path, query):
                    continue
                if rule.after:
                    rule.after -= 1
                    continue
                if rule.times is not None:
                    rule.times -= 1
                return rule.fault
        return None

    def unused(self) -> list[str]:
        """Faults that were armed for a number of times and did not happen as often."""
        with self._lock:
            return [f"{rule.path}: {rule.fault.name}" for rule in self._rules if rule.times]

    def clear(self) -> None:
        """No more faults."""
        with self._lock:
            self._rules.clear()


def apply(fault: Fault | None, rows: Rows) -> Rows:
    """The rows after a fault that changes rows; without one they stay as they are."""
    return fault.rows(deepcopy(rows)) if fault and fault.rows else rows
