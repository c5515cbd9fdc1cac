"""What the raw layer already holds: the ledger of asked windows, and the rows that an answer is compared with."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb
import pyarrow as pa

from loaders.catalogue import Dataset, raw_name
from loaders.config import RAW_BMRS, Settings
from loaders.held import EVER, LANDED, held_by, quoted, read_lake, tuples
from loaders.windows import Window

ANSWERED = f"""
    select dataset, variant, window_from_utc, window_to_utc, asked_at_utc, content_hash, outcome
    from {RAW_BMRS}._windows
    where dataset in (select * from unnest(@datasets)) and outcome in (select * from unnest(@landed))
        and error is null and (window_from_utc is null or window_from_utc >= @since)
    qualify row_number() over (
        partition by dataset, variant, window_from_utc, window_to_utc order by asked_at_utc desc
    ) = 1
"""


@dataclass(frozen=True)
class Known:
    """The last good answer to a window."""

    asked_at: datetime
    content_hash: str
    outcome: str


class Ledger:
    """The windows that were answered, by dataset and variant; those that start before ``since`` do not matter."""

    def __init__(self, settings: Settings, datasets: list[str], since: datetime | None = None):
        self._held = held_by(settings)
        self._known: dict[tuple, Known] = {}
        self._spans: dict[tuple, list[tuple[datetime, datetime]]] = {}
        values = {"datasets": datasets, "landed": LANDED, "since": since or EVER}
        for dataset, variant, start, end, *known in tuples(self._held.ask(ANSWERED, values)):
            self._known[dataset, variant, start, end] = Known(*known)
            if start is not None:
                self._spans.setdefault((dataset, variant), []).append((start, end))

    def known(self, window: Window) -> Known | None:
        """The last good answer to exactly this window."""
        return self._known.get((window.dataset, window.variant_name, window.start, window.end))

    def settled(self, window: Window, published_after: timedelta) -> bool:
        """Whether the window was answered once it could be complete."""
        known = self.known(window)
        return known is not None and window.end is not None and known.asked_at >= window.end + published_after

    def touches(self, window: Window) -> bool:
        """Whether an earlier run was answered for this window or one that shares a moment with it."""
        if window.start is None:
            return False
        start, end = window.ends
        spans = self._spans.get((window.dataset, window.variant_name), [])
        return any(first <= end and last >= start for first, last in spans)

    def news(self, dataset: Dataset, window: Window, rows: pa.Table) -> pa.Table:
        """The rows that differ from what is held under their key and the publisher's version; the others are known.

        Compared with everything that was landed for windows sharing a moment with this one, so that a boundary
        row that two windows return is landed once. A value that returns to an earlier one is news again.
        """
        version = [*dataset.key, *(name for name in dataset.newest_by if name != "fetched_at")]
        version = _raw(list(dict.fromkeys(version)))
        with self._compared(dataset, window, rows, version) as db:
            held = {name for name, *_ in db.execute("describe held").fetchall()}
            columns = ", ".join(quoted(name) for name in rows.column_names)
            held_columns = ", ".join(quoted(n) if n in held else f"null as {quoted(n)}" for n in rows.column_names)
            key = ", ".join(quoted(name) for name in version)
            query = f"""
                select {columns} from answer
                except
                select {columns} from (
                    select {held_columns} from standing
                    qualify row_number() over (partition by {key} order by _fetched_at_utc desc, _load_id desc) = 1
                )
            """
            news = db.execute(query).to_arrow_table()
        return news.cast(rows.schema)

    def withdrawn(self, dataset: Dataset, window: Window, rows: pa.Table) -> int:
        """How many rows of the window's days are held and no longer published, although others of their day are.

        A day of which the answer has nothing withdraws nothing: Elexon answers so too when something is broken there.
        """
        if not dataset.endpoint.whole_days:
            return 0
        first, last = window.days
        key, day = (", ".join(quoted(name) for name in names) for names in (_raw(dataset.key), _day(dataset)))
        with self._compared(dataset, window, rows, _raw(dataset.key)) as db:
            query = f"""
                select count(*) from (
                    select {key} from standing
                    where settlement_date between $1 and $2 and ({day}) in (select ({day}) from answer)
                    except
                    select {key} from answer
                )
            """
            return db.execute(query, [first, last]).fetchall()[0][0]

    @contextmanager
    def _compared(
        self, dataset: Dataset, window: Window, rows: pa.Table, version: list[str]
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """Where ``answer``, ``held`` and, of the latter, what was not withdrawn (``standing``) can be queried."""
        with read_lake() as db:
            db.register("answer", rows)
            self._held.register(db, dataset, window, rows, version)
            standing = "from held"
            if dataset.endpoint.whole_days:
                day = ", ".join(quoted(name) for name in _day(dataset))
                whole = f"max(_fetched_at_utc) filter (_is_whole_day) over (partition by {day})"
                standing += f" qualify coalesce(_fetched_at_utc >= {whole}, true)"
            db.execute(f"create temp view standing as {standing}")
            yield db


def _raw(names: list[str]) -> list[str]:
    return [raw_name(name) for name in names]


def _day(dataset: Dataset) -> list[str]:
    """The columns whose values one answer about a day shares."""
    return _raw(["settlementDate", *dataset.endpoint.each])
