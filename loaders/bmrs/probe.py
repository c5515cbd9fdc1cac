"""Does Elexon still answer as the catalogue says? One small question to each endpoint; nothing is landed."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from typing import Any

import msgspec

from loaders.catalogue import Dataset
from loaders.config import Settings
from loaders.decode import Decoder, Undecodable
from loaders.http import Client, RequestFailed
from loaders.windows import Window, request_of, windows

PROBE_TRIES = 2  # it is meant to show what is wrong, not to get over it
HOUR = timedelta(hours=1)


@dataclass
class Probed:
    """What one endpoint answered.

    ``verdict``: ``ok``; ``empty``; ``drift`` (lands, but the fields differ from the catalogue's); ``unreadable`` (a
    load would quarantine it); ``refused`` (HTTP 4xx: the question is wrong); ``failed`` (no answer).
    """

    dataset: str
    variant: str
    url: str
    verdict: str = "ok"
    rows: int = 0
    seconds: float | None = None
    new_fields: list[str] = field(default_factory=list)
    unseen_fields: list[str] = field(default_factory=list)  # in the catalogue, in no row
    error: str | None = None

    @property
    def is_wrong(self) -> bool:
        """Whether a load of the dataset would miss something."""
        return self.verdict in ("unreadable", "refused", "failed")


def probe(settings: Settings, entries: list[Dataset], day: date) -> Iterator[Probed]:
    """Asks each endpoint for one settlement day, or one hour of it where a day is large; results come as answered."""
    asked = [(entry, window) for entry in entries for window in _small_windows(entry, day)]
    client = Client(settings.base_url, replace(settings.limits, tries=PROBE_TRIES))
    answers = client.get_all(request_of(entry, window) for entry, window in asked)
    for (entry, window), result in zip(asked, answers, strict=True):
        yield _probed(settings, entry, window, result)


def _small_windows(entry: Dataset, day: date) -> Iterator[Window]:
    """One window for each variant of a dataset."""
    seen = set()
    for window in windows(entry, day, day):
        if window.variant_name in seen:
            continue
        seen.add(window.variant_name)
        by_unit = "nationalGridBmUnit" in entry.cluster_by
        if window.start and by_unit and entry.window.format == "datetime":
            start, end = window.ends
            window = replace(window, end=min(end, start + HOUR))
        yield window


def _probed(settings: Settings, entry: Dataset, window: Window, result) -> Probed:
    found = Probed(entry.dataset, window.variant_name, settings.base_url + request_of(entry, window)[0])
    try:
        answer = result()
    except RequestFailed as error:
        found.verdict = "refused" if str(error).startswith("HTTP 4") else "failed"
        found.url, found.error = error.url, str(error)
        return found
    found.url, found.seconds = answer.url, answer.seconds
    with answer.body as body:
        try:
            decoder = Decoder(entry)
            table = decoder.decode(body, dict(window.variant))
        except Undecodable as error:
            found.verdict, found.error = "unreadable", str(error)
            return found
        body.seek(0)
        fields = _fields(msgspec.json.decode(body.read()))
    found.rows = table.num_rows
    found.new_fields = sorted(set(table.column_names) - set(decoder.schema.names))
    found.unseen_fields = sorted(set(entry.columns) - fields) if table.num_rows else []
    if not table.num_rows:
        found.verdict = "empty"
        if entry.endpoint.empty == "failure":
            found.error = "no settlement day is without rows of this dataset"
    elif found.new_fields or (found.unseen_fields and len(entry.columns) > 1):
        found.verdict = "drift"
    return found


def _fields(answer: Any) -> set[str]:
    """Every field name in an answer, at any depth."""
    if isinstance(answer, dict):
        return set(answer).union(*map(_fields, answer.values()))
    return set().union(*map(_fields, answer)) if isinstance(answer, list) else set()


@dataclass
class Offered:
    """One dataset that Elexon lists, or that only the catalogue has."""

    name: str
    last_updated: datetime | None
    dataset: str | None  # of the catalogue
    like: str | None = None  # a catalogued name close to one that is not there


def discover(settings: Settings, catalogue: dict[str, Dataset]) -> list[Offered]:
    """What Elexon says it publishes (``/datasets/metadata/latest``), beside the catalogue.

    Raises:
        RequestFailed, Undecodable: the list did not come, or in another shape.
    """
    entry = catalogue["METADATA_LATEST"]
    path, params = request_of(entry, next(windows(entry, date.min, date.min)))
    answer = Client(settings.base_url, settings.limits).get(path, params)
    with answer.body as body:
        listed = Decoder(entry).decode(body).to_pylist()
    known = {name.upper(): e.dataset for e in catalogue.values() for name in e.iris_names}
    known |= {name: name for name in catalogue}
    offered = []
    for row in listed:
        name = row["dataset"]
        like = None if name.upper() in known else next(iter(get_close_matches(name.upper(), known, 1, 0.8)), None)
        offered.append(Offered(name, row["last_updated"], known.get(name.upper()), like))
    missing = {e.dataset for e in catalogue.values() if "/datasets/" in (e.rest.path if e.rest else "")}
    missing -= {o.dataset or o.like for o in offered} | {"METADATA_LATEST"}
    return sorted(offered, key=lambda o: o.name) + [Offered(name, None, name) for name in sorted(missing)]
