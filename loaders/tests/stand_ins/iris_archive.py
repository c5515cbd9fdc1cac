"""A stand-in of Elexon's IRIS archive: an Azure blob container that anybody may search by index tags and read.

    with ArchiveStandIn(sent("FUELINST")) as archive:
        requests.get(archive.url, {"restype": "container", "comp": "blobs", "where": '"Dataset" = \'FUELINST\''})

It answers "Find Blobs by Tags in Container" and "Get Blob" as Azure does: expressions of ``"key" op 'value'`` joined by
AND, compared as text; only the tags named in the expression are told; pages with an opaque marker; errors in XML.
"""

import base64
import operator
import re
from collections.abc import Iterable
from html import escape
from urllib.parse import unquote

from loaders.tests.stand_ins.faults import Answer, Fault
from loaders.tests.stand_ins.iris_messages import Sent
from loaders.tests.stand_ins.server import Body, Request
from loaders.tests.stand_ins.site import StandIn, encoded

CONTAINER = "/iris-archive"
XML = "application/xml"
MOST_RESULTS = 5000
TERM = re.compile(r"""\s*(?:"([^"]+)"|(@?\w+))\s*(>=|<=|=|>|<)\s*'([^']*)'\s*""")
OPERATORS = {"=": operator.eq, ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
MESSAGES = {
    "BlobNotFound": (404, "The specified blob does not exist."),
    "ResourceNotFound": (404, "The specified resource does not exist."),
    "MissingRequiredQueryParameter": (400, "A query parameter that's mandatory for this request is not specified."),
    "InvalidQueryParameterValue": (
        400,
        "Value for one of the query parameters specified in the request URI is invalid.",
    ),
    "OutOfRangeQueryParameterValue": (
        400,
        "One of the query parameters specified in the request URI is outside the permissible range.",
    ),
}
Tags = dict[str, str]


class ArchiveError(Exception):
    """What Azure refuses, by its own code."""

    def __init__(self, code: str):
        super().__init__(code)
        status, text = MESSAGES[code]
        tail = "RequestId:00000000-0000-0000-0000-000000000000\nTime:2026-01-01T00:00:00.0000000Z"
        content = f"<Error><Code>{code}</Code><Message>{text}\n{tail}</Message></Error>"
        self.answer = Answer(status, f'<?xml version="1.0" encoding="utf-8"?>{content}'.encode(), XML)


class ArchiveStandIn(StandIn):
    """The server; ``page_size`` is the most names that it tells at once, whatever it is asked."""

    def __init__(self, messages: Iterable[Sent] = (), *, page_size: int = MOST_RESULTS, latency: float = 0):
        super().__init__(latency)
        self.page_size = page_size
        self._blobs: dict[str, tuple[Tags, bytes]] = {}
        for message in messages:
            self.put(message)

    @property
    def url(self) -> str:
        """The container."""
        return self.origin + CONTAINER

    def put(self, message: Sent, name: str | None = None) -> None:
        """Keep a message, under ``name`` where a test wants another than Elexon would give it."""
        tags = {"Dataset": message.dataset, "Timestamp": _stamp(message.data_at), "UploadTime": _stamp(message.sent_at)}
        with self._lock:
            self._blobs[name or f"data/{message.dataset}/{message.message_id}"] = tags, message.content

    def delete(self, message: Sent) -> None:
        """Lose a message, though the index may still name it."""
        with self._lock:
            del self._blobs[f"data/{message.dataset}/{message.message_id}"]

    def listings(self) -> list[Request]:
        """The listings asked for so far."""
        return [request for request in self.asked(CONTAINER) if request.path == CONTAINER]

    def fetched(self) -> list[str]:
        """The ids of the messages asked for so far, tries that failed included."""
        return [
            unquote(request.path).rpartition("/")[2] for request in self.asked(CONTAINER) if request.path != CONTAINER
        ]

    def body(self, request: Request, fault: Fault | None) -> Body:
        """For the server: the whole answer, encoded as the client accepts it."""
        if fault and fault.instead:
            return encoded(fault.instead, request)
        try:
            answer = self._listing(request.query) if request.path == CONTAINER else self._blob(request.path)
        except ArchiveError as error:
            answer = error.answer
        return encoded(answer, request)

    def _blob(self, path: str) -> Answer:
        with self._lock:
            found = self._blobs.get(unquote(path).removeprefix(f"{CONTAINER}/"))
        if not found:
            raise ArchiveError("BlobNotFound")
        return Answer(200, found[1], "application/json", {"x-ms-blob-type": "BlockBlob"})

    def _listing(self, query: dict[str, list[str]]) -> Answer:
        if (query.get("restype"), query.get("comp")) != (["container"], ["blobs"]):
            raise ArchiveError("ResourceNotFound")
        if "where" not in query:
            raise ArchiveError("MissingRequiredQueryParameter")
        where = query["where"][0]
        terms = _terms(where)
        asked = int(query.get("maxresults", [MOST_RESULTS])[0])
        if asked <= 0:
            raise ArchiveError("OutOfRangeQueryParameterValue")
        with self._lock:
            found = sorted((name, tags) for name, (tags, _) in self._blobs.items() if _matches(tags, terms))
        start = _position(query["marker"][0]) if query.get("marker", [""])[0] else 0
        end = start + min(asked, self.page_size, MOST_RESULTS)
        marker = _marker(end) if end < len(found) else ""
        return Answer(200, listing(self.origin, where, found[start:end], marker, {key for key, _, _ in terms}), XML)


def listing(origin: str, where: str, found: list[tuple[str, Tags]], marker: str, told: set[str]) -> bytes:
    """One page of names as Azure writes it."""
    blobs = "".join(_blob_xml(name, {key: tags[key] for key in tags if key in told}) for name, tags in found)
    next_marker = f"<NextMarker>{escape(marker)}</NextMarker>" if marker else "<NextMarker/>"
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<EnumerationResults ServiceEndpoint="{origin}/">'
        f"<Where>{escape(where)}</Where><Blobs>{blobs}</Blobs>{next_marker}</EnumerationResults>"
    ).encode()


def malformed_xml() -> Fault:
    """200 with a listing that is broken in its middle."""
    broken = b'<?xml version="1.0" encoding="utf-8"?>\n<EnumerationResults><Blobs><Blob></Blobs></EnumerationResults>'
    return Fault("malformed XML", Answer(200, broken, XML))


def empty_page() -> Fault:
    """No name and a marker that begins at the first one: Azure may answer so, and it is not the end."""
    return Fault("empty page", Answer(200, listing("http://stand-in", "", [], _marker(0), set()), XML))


def _blob_xml(name: str, tags: Tags) -> str:
    told = "".join(f"<Tag><Key>{escape(key)}</Key><Value>{escape(value)}</Value></Tag>" for key, value in tags.items())
    container = CONTAINER.removeprefix("/")
    return (
        f"<Blob><Name>{escape(name)}</Name><ContainerName>{container}</ContainerName>"
        f"<Tags><TagSet>{told}</TagSet></Tags></Blob>"
    )


def _terms(where: str) -> list[tuple[str, str, str]]:
    terms = []
    for text in re.split(r"\bAND\b", where):
        if not (match := TERM.fullmatch(text)):
            raise ArchiveError("InvalidQueryParameterValue")
        quoted, bare, comparison, value = match.groups()
        terms.append((quoted or bare, comparison, value))
    return terms


def _matches(tags: Tags, terms: list[tuple[str, str, str]]) -> bool:
    return all(key in tags and OPERATORS[comparison](tags[key], value) for key, comparison, value in terms)


def _marker(position: int) -> str:
    return f"2!{base64.b64encode(f'{position:08d}/+ =&'.encode()).decode()}"  # needs escaping wherever it is put


def _position(marker: str) -> int:
    try:
        return int(base64.b64decode(marker.removeprefix("2!"), validate=True)[:8])
    except ValueError:
        raise ArchiveError("InvalidQueryParameterValue") from None


def _stamp(moment) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
