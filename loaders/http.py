"""HTTP to Elexon: polite, patient, and never believing half an answer."""

import codecs
import hashlib
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from io import SEEK_END
from tempfile import SpooledTemporaryFile
from typing import IO

import requests
import urllib3

from loaders import __version__, clock
from loaders.config import Limits

USER_AGENT = f"gb-power-elt/{__version__} (open-source ELT; requests/{requests.__version__})"
IN_MEMORY = 1 << 16  # larger answers wait on disk, so that memory does not grow with concurrency
LONGEST_WAIT = 120.0
CLOCKS_MAY_DIFFER = timedelta(minutes=5)


class RequestFailed(Exception):
    """No answer after all tries, or a refusal that no try can change; the message holds the last reason."""

    def __init__(self, reason: str, url: str, tries: int):
        super().__init__(reason)
        self.url = url
        self.tries = tries


class WrongClock(RequestFailed):
    """This machine's clock is not the server's: what would be noted now of when a window was asked would be wrong.

    A window asked by a clock that is ahead would count as answered after its end, and never be asked again.
    """


class Transient(Exception):
    """Worth another try, after ``wait`` seconds if the server said so."""

    def __init__(self, reason: str, wait: float | None = None):
        super().__init__(reason)
        self.wait = wait


@dataclass
class Answer:
    """A whole body and how it came."""

    url: str
    body: IO[bytes]
    body_bytes: int
    content_hash: str
    asked_at: datetime
    seconds: float
    tries: int


class Pace:
    """Lets requests start no faster than a rate, and none before a pause that the server asked for is over."""

    def __init__(self, per_second: float):
        self._gap = 1 / per_second
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Blocks until this request may start."""
        with self._lock:
            start = max(self._next, time.monotonic())
            self._next = start + self._gap
        time.sleep(max(0.0, start - time.monotonic()))

    def pause(self, seconds: float) -> None:
        """Holds back every later request, since a 429 speaks to all of us."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)


class Client:
    """Asks one server, some requests at a time."""

    def __init__(self, base_url: str, limits: Limits):
        self._base_url = base_url
        self._limits = limits
        self._pace = Pace(limits.requests_per_second)
        self._local = threading.local()

    def get(self, path: str, params: dict[str, str], check: Callable[[IO[bytes]], object] | None = None) -> Answer:
        """One whole answer; ``check`` raises Transient when shown a body that is not (default: whole JSON).

        Retried: 429 (as long as Retry-After says), 403 for quota, 5xx, time-outs, broken connections, bodies cut
        short and bodies that fail the check. Never retried: 400 and 404, which say that the question is wrong.

        Raises:
            RequestFailed: with the status and the body, or the last transport error.
        """
        url = self._base_url + path
        asked_at = clock.now()
        for tries in range(1, self._limits.tries + 1):
            self._pace.wait()
            began = time.monotonic()
            try:
                return self._try(url, params, check or whole_json, asked_at, began, tries)
            except Transient as reason:
                if tries == self._limits.tries:
                    raise RequestFailed(f"{reason}, after {tries} tries", url, tries) from reason
                self._back_off(reason, tries)
        raise AssertionError("unreachable: the last try returns or raises")

    def _try(self, url: str, params: dict, check, asked_at: datetime, began: float, tries: int) -> Answer:
        timeout = (self._limits.connect_seconds, self._limits.read_seconds)
        body = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  it is handed on, and closed by whoever reads it
        digest = hashlib.sha256()
        try:
            with self._session().get(url, params=params, timeout=timeout, stream=True) as response:
                _check_clock(response, tries)
                if response.status_code != 200:
                    raise _refusal(response, tries)
                while block := response.raw.read1(1 << 18, decode_content=True):
                    digest.update(block)
                    body.write(block)
                    if time.monotonic() - began > self._limits.total_seconds:
                        raise Transient(f"the body dribbled for {self._limits.total_seconds:g} s")
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            body.close()
            raise Transient(f"{type(error).__name__}: {error}") from error
        size = body.tell()
        try:
            check(body)
        except Transient:
            body.close()
            raise
        body.seek(0)
        seconds = time.monotonic() - began
        return Answer(response.url, body, size, digest.hexdigest(), asked_at, seconds, tries)

    def _back_off(self, reason: Transient, tries: int) -> None:
        if reason.wait is not None:
            self._pace.pause(min(reason.wait, LONGEST_WAIT))
            return
        longest = min(LONGEST_WAIT, self._limits.backoff_seconds * 2 ** (tries - 1))
        time.sleep(longest * random.uniform(0.5, 1))

    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            session = requests.Session()
            if self._base_url.startswith("https:"):
                del session.adapters["http://"]  # so that no redirection leads to an unencrypted answer
            session.headers.update({"User-Agent": USER_AGENT, "Accept": "application/json, application/xml"})
            self._local.session = session
        return self._local.session

    def get_all(self, asks: Iterable[tuple[str, dict]]) -> Iterator[Callable[[], Answer]]:
        """Answers in the order asked; each is called to get it or its RequestFailed.

        At most ``concurrency`` requests run, and few finished answers wait, so a slow reader slows the asking.
        """
        waiting: deque[Future[Answer]] = deque()
        with ThreadPoolExecutor(self._limits.concurrency, "http") as pool:
            try:
                for ask in asks:
                    waiting.append(pool.submit(self.get, *ask))
                    if len(waiting) > self._limits.concurrency + 2:
                        yield waiting.popleft().result
                while waiting:
                    yield waiting.popleft().result
            finally:
                for future in waiting:
                    future.cancel()


def _check_clock(response: requests.Response, tries: int) -> None:
    """Against the moment that the answer carries; a rehearsal's clock is meant to be another.

    Raises:
        WrongClock: they differ by more than the way of the answer can explain.
    """
    if clock.is_moved() or (there := _sent_at(response)) is None:
        return
    here = clock.now()
    if abs(here - there) > CLOCKS_MAY_DIFFER:
        said = f"this machine's clock says {here:%Y-%m-%d %H:%M} UTC and the server's {there:%Y-%m-%d %H:%M}"
        raise WrongClock(f"{said}: put it right, such as by 'timedatectl set-ntp true'", response.url, tries)


def _sent_at(response: requests.Response) -> datetime | None:
    """When it was; a cache on the way says for how long it kept the answer."""
    age = response.headers.get("Age", "")
    try:
        made = parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        return None
    return made.replace(tzinfo=made.tzinfo or UTC) + timedelta(seconds=int(age) if age.isdigit() else 0)


def _refusal(response: requests.Response, tries: int) -> Exception:
    """What a status other than 200 means."""
    text = " ".join(response.text[:2000].split())
    reason = f"HTTP {response.status_code}: {text or response.reason}"
    if response.status_code == 429 or response.status_code >= 500:
        return Transient(reason, _retry_after(response))
    if response.status_code == 403 and "quota" in text.lower():
        return Transient(reason, _retry_after(response))
    return RequestFailed(reason, response.url, tries)


def _retry_after(response: requests.Response) -> float | None:
    """Seconds that the server asked us to wait; the header may also hold a date."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdigit():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except ValueError:
        return None


def whole_json(body: IO[bytes]) -> None:
    """A JSON text ends as it began. Lengths are checked by the HTTP library; this catches what has none.

    Raises:
        Transient: the body is cut, or a page.
    """
    size = body.seek(0, SEEK_END)
    body.seek(0)
    first = body.read(64).removeprefix(codecs.BOM_UTF8).lstrip()[:1]
    body.seek(max(0, size - 64))
    last = body.read().rstrip()[-1:]
    if (first, last) not in ((b"[", b"]"), (b"{", b"}"), (b'"', b'"')):
        body.seek(0)
        raise Transient(f"the body is not whole JSON ({size} bytes, begins {body.read(80)!r})")
