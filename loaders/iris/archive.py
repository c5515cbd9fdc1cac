"""Elexon's archive of IRIS over HTTP: every message that was ever sent, public, found by the tags of its blob.

It is an Azure container, asked as Elexon documents it: "Find Blobs by Tags" for names, page by page, then each blob by
its name, ``data/<dataset>/<message id>``. Blobs hold the same JSON that the queue carried, under the same ids.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from itertools import tee
from typing import IO, NamedTuple
from urllib.parse import quote, unquote, urlencode
from xml.etree import ElementTree

from loaders.config import Settings
from loaders.http import Answer, Client, RequestFailed, Transient
from loaders.iris.message import Message

NAME = re.compile(r"data/([^/]+)/([^/\\\x00-\x1f]+)")


class Blob(NamedTuple):
    """Where the archive keeps one message."""

    dataset: str
    message_id: str

    @property
    def path(self) -> str:
        """Below the container, escaped."""
        return f"/data/{quote(self.dataset, safe='')}/{quote(self.message_id, safe='')}"


class Page(NamedTuple):
    """One answer of a listing."""

    names: list[str]
    marker: str  # of the next page; empty on the last one


class Archive:
    """Lists and fetches; several fetches at a time, none faster than the settings' rate."""

    def __init__(self, settings: Settings):
        self._client = Client(settings.archive_url, settings.archive_limits)

    def pages(self, dataset: str, start: datetime, end: datetime) -> Iterator[list[str]]:
        """The names of a dataset's blobs that were uploaded from ``start`` on and before ``end``, a page at a time.

        Raises:
            RequestFailed: a page did not come, or was not XML, after all tries.
        """
        where = f"\"Dataset\" = '{dataset}' AND \"UploadTime\" >= '{_tag(start)}' AND \"UploadTime\" < '{_tag(end)}'"
        query, marker = {"comp": "blobs", "restype": "container", "where": where}, ""
        while True:
            asked = query | ({"marker": marker} if marker else {})
            answer = self._client.get(f"?{urlencode(asked, quote_via=quote)}", {}, check=read_page)
            with answer.body as body:
                page = read_page(body)
            yield page.names  # there may be none, though more follow
            if not page.marker:
                return
            if page.marker == marker:
                raise RequestFailed(f"the listing goes round in circles at marker {marker!r}", answer.url, answer.tries)
            marker = page.marker

    def messages(self, blobs: Iterable[Blob]) -> Iterator[tuple[Blob, Callable[[], Message]]]:
        """Each blob, in order, and what gives its message or raises RequestFailed. Few are fetched ahead."""
        asked, named = tee(blobs)
        answers = self._client.get_all((blob.path, {}) for blob in asked)
        for result, blob in zip(answers, named, strict=True):
            yield blob, partial(_message, blob, result)


def read_page(body: IO[bytes]) -> Page:
    """The names and the marker of a listing.

    Raises:
        Transient: it is not such a listing.
    """
    body.seek(0)
    try:
        root = ElementTree.parse(body).getroot()
    except ElementTree.ParseError as error:
        raise Transient(f"the listing is not well-formed XML ({error})") from error
    if root.tag != "EnumerationResults":
        raise Transient(f"the listing is a <{root.tag}>, not <EnumerationResults>")
    names = [_name(element) for element in root.iterfind("Blobs/Blob/Name")]
    return Page(names, root.findtext("NextMarker") or "")


def blob_of(name: str, dataset: str) -> Blob | None:
    """The blob of a listed name; none if it is not that of a message of the dataset, such as ``data/../x``."""
    match = NAME.fullmatch(name)
    if not match or match[1] != dataset or match[2] in (".", ".."):
        return None
    return Blob(*match.groups())


def _name(element: ElementTree.Element) -> str:
    name = element.text or ""
    return unquote(name) if element.get("Encoded") == "true" else name  # which Azure does where XML lacks a character


def _tag(moment: datetime) -> str:
    """A time as the tags hold it; they are compared as text."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _message(blob: Blob, result: Callable[[], Answer]) -> Message:
    answer = result()
    with answer.body as body:
        return Message(blob.message_id, blob.dataset, body.read(), answer.asked_at, "ARCHIVE")
