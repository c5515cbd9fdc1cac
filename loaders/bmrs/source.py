"""From windows to raw rows: ask, check, keep what is new, and write down what happened.

windows -> client (HTTP) -> Decoder (JSON to Arrow) -> checks -> news only -> dlt -> raw_bmrs + raw_bmrs._windows
"""

import gzip
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import chain

import pyarrow as pa
import pyarrow.compute as pc

from loaders import clock
from loaders.bmrs.checks import check_inside, event_span, touching, with_whole_days
from loaders.catalogue import Dataset
from loaders.config import RAW_BMRS, Settings
from loaders.decode import Decoder, Undecodable
from loaders.http import Client, RequestFailed, WrongClock
from loaders.landing import QUARANTINE, WINDOWS, Landing, raw_schema
from loaders.ledger import Ledger
from loaders.load_id import new_load_id
from loaders.progress import Progress
from loaders.windows import DAY, Window, day_start, request_of, settlement_day, windows

log = logging.getLogger(__name__)

PACKAGE_ROWS = 2_000_000  # a load package is committed after so many rows, or after Settings.package_seconds


@dataclass
class Tally:
    """What came of one dataset."""

    windows: int = 0
    unchanged: int = 0
    rows_answered: int = 0
    rows_landed: int = 0
    new_fields: set[str] = field(default_factory=set)
    missing: list[tuple[Window, str]] = field(default_factory=list)  # with the reason


def plan(entries: list[Dataset], days: tuple[date, date] | None, again: bool, ledger: Ledger) -> list[Window]:
    """The windows to ask, oldest first within each dataset.

    Without days, each dataset's look-back up to today, whatever the ledger says, since Elexon restates. With days,
    those windows that were not yet answered after they could be complete; ``again`` asks all of them.
    """
    today = settlement_day(clock.now())
    asked = []
    for entry in entries:
        back, ahead = entry.endpoint.look_back_days, entry.endpoint.look_ahead_days
        first, last = days or (today - back * DAY, today + ahead * DAY)
        for window in windows(entry, first, last):
            if again or not days or not ledger.settled(window, _published_after(entry)):
                asked.append(window)
    return asked


def needed_since(entries: list[Dataset], days: tuple[date, date] | None) -> datetime:
    """The earliest start of an earlier window that could share a moment with one that :func:`plan` returns."""
    longest = max((entry.window.days for entry in entries if entry.endpoint.window), default=0)
    first = days[0] if days else settlement_day(clock.now()) - max(e.endpoint.look_back_days for e in entries) * DAY
    return day_start(first - (longest + 1) * DAY)


def _published_after(entry: Dataset) -> timedelta:
    return timedelta(hours=entry.endpoint.published_after_hours)


class Load:
    """One run of the REST loader."""

    def __init__(
        self,
        settings: Settings,
        catalogue: dict[str, Dataset],
        landing: Landing,
        ledger: Ledger,
        trusts: Callable[[Window], bool] = lambda window: True,
    ):
        """``trusts``: whether what the ledger says was landed of a window is believed to be in the lake still."""
        self._settings = settings
        self._catalogue = catalogue
        self._landing = landing
        self._ledger = ledger
        self._trusts = trusts
        self._client = Client(settings.base_url, settings.limits)
        self._decoders: dict[str, Decoder] = {}
        self._edges: dict[tuple[str, str], tuple[datetime, set[tuple]]] = {}
        self.tallies: dict[str, Tally] = {}
        self.outcomes: dict[Window, str] = {}

    def run(self, asked: list[Window], progress: Progress) -> dict[str, Tally]:
        """Asks the windows and lands their answers, package after package; one bad window does not stop the others."""
        requests = (request_of(self._catalogue[window.dataset], window) for window in asked)
        answers = zip(asked, self._client.get_all(requests), strict=True)
        for first in answers:
            self._landing.land(self._package(chain([first], answers), progress))
        return self.tallies

    def _package(self, answers: Iterable, progress: Progress) -> Iterator[tuple[str, pa.Table]]:
        """(table, rows) of one load package: data while it comes, then what the ledger says of it."""
        load_id, began, rows_landed = new_load_id(self._settings, RAW_BMRS), time.monotonic(), 0
        entries: list[dict] = []
        quarantined: list[dict] = []
        for window, result in answers:
            entry = self._entry(window, load_id)
            rows = self._rows(window, result, entry, quarantined)
            entries.append(entry)
            self._count(window, entry)
            progress.advance(window, entry["rows_landed"])
            if rows is not None and rows.num_rows:
                yield self._catalogue[window.dataset].table, self._with_lineage(rows, window, entry)
            rows_landed += entry["rows_landed"]
            if rows_landed > PACKAGE_ROWS or time.monotonic() - began > self._settings.package_seconds:
                break
        if quarantined:
            yield "_quarantine", pa.Table.from_pylist(quarantined, schema=QUARANTINE)
        yield "_windows", pa.Table.from_pylist(entries, schema=WINDOWS)

    def _entry(self, window: Window, load_id: str) -> dict:
        return {
            "dataset": window.dataset,
            "variant": window.variant_name,
            "window_from_utc": window.start,
            "window_to_utc": window.end,
            "settlement_date_from": window.first,
            "settlement_date_to": window.last,
            "asked_at_utc": clock.now(),
            "rows_answered": 0,
            "rows_landed": 0,
            "_load_id": load_id,
        }

    def _rows(self, window: Window, result, entry: dict, quarantined: list) -> pa.Table | None:
        """The news in one answer; ``entry`` and ``quarantined`` are told what happened."""
        try:
            answer = result()
        except WrongClock:
            raise  # the ledger would be told a wrong time
        except RequestFailed as error:
            entry |= {"outcome": "failed", "error": str(error), "tries": error.tries, "url": error.url}
            return None
        entry |= {
            "asked_at_utc": answer.asked_at, "url": answer.url, "content_hash": answer.content_hash,
            "body_bytes": answer.body_bytes, "tries": answer.tries, "response_seconds": answer.seconds,
        }  # fmt: skip
        dataset = self._catalogue[window.dataset]
        with answer.body as body:
            known = self._ledger.known(window)
            same = known and known.content_hash == answer.content_hash and known.outcome != "empty"
            if same and self._trusts(window):
                entry["outcome"] = "unchanged"
                return None
            try:
                rows = self._decoder(dataset).decode(body, dict(window.variant))
                check_inside(dataset, window, rows)
            except Undecodable as error:
                entry |= {"outcome": "quarantined", "error": str(error)}
                body.seek(0)
                kept = {name: entry[name] for name in QUARANTINE.names if name in entry}
                quarantined.append(kept | {"body_gz": gzip.compress(body.read())})
                return None
        return self._news(dataset, window, rows, entry)

    def _news(self, dataset: Dataset, window: Window, rows: pa.Table, entry: dict) -> pa.Table | None:
        entry["rows_answered"] = rows.num_rows
        if not rows.num_rows:
            entry["outcome"] = "empty"
            closed = window.end is None or clock.now() > window.end + _published_after(dataset)
            if dataset.endpoint.empty == "failure" and closed:
                entry["error"] = "no rows, although no settlement day is without rows of this dataset"
            return None
        entry["first_event_utc"], entry["last_event_utc"] = event_span(dataset, rows)
        if entry["last_event_utc"]:  # how old the newest event was when we asked; negative for forecasts
            entry["lag_seconds"] = (entry["asked_at_utc"] - entry["last_event_utc"]).total_seconds()
        self._tally(window).new_fields |= set(rows.column_names) - set(self._decoder(dataset).schema.names)
        news = self._without_edge(dataset, window, rows)
        if self._ledger.touches(window):
            compared = self._ledger.compare(dataset, window, rows, news)
            gone = f"{compared.withdrawn} of {compared.standing} rows that are held are not in the answer"
            news = compared.news
            if compared.withdrawn * 2 > compared.standing:
                entry["error"] = f"{gone}: was it cut short? They stay, and it is asked for again"
            elif compared.withdrawn:
                log.warning("%s: %s, which is landed whole: they are no longer published", window, gone)
                news = with_whole_days(rows, window)
        entry |= {"outcome": "landed" if news.num_rows else "unchanged", "rows_landed": news.num_rows}
        return news

    def _without_edge(self, dataset: Dataset, window: Window, rows: pa.Table) -> pa.Table:
        """Without the rows that the window before, asked in this run, returned too: both its ends are inclusive."""
        if window.start is None or dataset.window.format == "date" or dataset.window.start is None:
            return rows
        start, end = window.ends
        variant = (window.dataset, window.variant_name)
        before, seen = self._edges.get(variant, (start, set()))
        at_end = pc.indices_nonzero(touching(dataset, rows, end))
        self._edges[variant] = (end, set(_tuples(rows.take(at_end))))
        if before != start or not seen:
            return rows
        suspects = pc.indices_nonzero(touching(dataset, rows, start))
        known = [row in seen for row in _tuples(rows.take(suspects))]
        again = suspects.filter(pa.array(known, pa.bool_()))
        if not len(again):
            return rows
        return rows.filter(pc.invert(pc.is_in(pa.arange(0, rows.num_rows).cast(again.type), again)))

    def _with_lineage(self, rows: pa.Table, window: Window, entry: dict) -> pa.Table:
        values = {
            "_fetched_at_utc": entry["asked_at_utc"], "_load_id": entry["_load_id"],
            "_window_from_utc": window.start, "_window_to_utc": window.end,
        }  # fmt: skip
        schema = raw_schema(RAW_BMRS, self._catalogue[window.dataset])
        for name, value in values.items():
            rows = rows.append_column(name, pa.repeat(pa.scalar(value, schema.field(name).type), rows.num_rows))
        return rows

    def _decoder(self, dataset: Dataset) -> Decoder:
        if dataset.dataset not in self._decoders:
            self._decoders[dataset.dataset] = Decoder(dataset)
        return self._decoders[dataset.dataset]

    def _tally(self, window: Window) -> Tally:
        return self.tallies.setdefault(window.dataset, Tally())

    def _count(self, window: Window, entry: dict) -> None:
        self.outcomes[window] = entry["outcome"]
        tally = self._tally(window)
        tally.windows += 1
        tally.unchanged += entry["outcome"] == "unchanged"
        tally.rows_answered += entry["rows_answered"]
        tally.rows_landed += entry["rows_landed"]
        if entry.get("error"):
            log.warning("%s: %s: %s", window, entry["outcome"], entry["error"])
            tally.missing.append((window, f"{entry['outcome']}: {entry['error']}"))


def _tuples(rows: pa.Table) -> list[tuple]:
    """Rows to be compared; moments as numbers, since Python datetimes cost ten times as much."""
    plain = (c.cast(pa.int64()) if pa.types.is_timestamp(c.type) else c for c in rows.columns)
    return list(zip(*(column.to_pylist() for column in plain), strict=True))


def commands(missing: list[Window]) -> list[str]:
    """The commands that ask for windows again: one for each dataset and run of days."""
    spans: dict[str, list[list[date]]] = {}
    for window in sorted(missing, key=lambda w: (w.dataset, w.first or date.min)):
        known = spans.setdefault(window.dataset, [])
        if window.first is None:
            continue
        first, last = window.days
        if known and first <= known[-1][1] + DAY:
            known[-1][1] = max(known[-1][1], last)
        else:
            known.append([first, last])
    lines = []
    for dataset, days in spans.items():
        lines += [f"gb-power load {dataset} --from {a} --to {b}" for a, b in days] or [f"gb-power load {dataset}"]
    return lines
