"""What the raw layer already holds: the ledger of asked windows, and the rows that an answer is compared with."""

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


@dataclass(frozen=True)
class Compared:
    """An answer beside what is held."""

    news: pa.Table  # the rows that differ from what is held under their key and the publisher's version
    withdrawn: int = 0  # rows of its days that are held, and that it lacks; where the catalogue says ``whole_days``
    standing: int = 0  # of so many


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

    def compare(self, dataset: Dataset, window: Window, answer: pa.Table, rows: pa.Table) -> Compared:
        """The news among ``rows``, which are those of an answer that no other window of this run brought.

        Compared with everything that was landed for windows sharing a moment with this one, so that a boundary
        row that two windows return is landed once. A value that returns to an earlier one is news again.
        """
        version = [*dataset.key, *(name for name in dataset.newest_by if name != "fetched_at")]
        version = _raw(list(dict.fromkeys(version)))
        with read_lake() as db:
            db.register("answer", answer)
            db.register("rows", rows)
            self._held.register(db, dataset, window, answer, version)
            is_whole = dataset.has_whole_days
            db.execute(f"create temp view standing as from held {_not_withdrawn(dataset) if is_whole else ''}")
            news = _news(db, rows.column_names, version).cast(rows.schema)
            return Compared(news, *(_gone(db, dataset, window) if is_whole else ()))


def _news(db: duckdb.DuckDBPyConnection, names: list[str], version: list[str]) -> pa.Table:
    held = {name for name, *_ in db.execute("describe held").fetchall()}
    columns = ", ".join(map(quoted, names))
    held_columns = ", ".join(quoted(name) if name in held else f"null as {quoted(name)}" for name in names)
    key = ", ".join(map(quoted, version))
    return db.execute(f"""
        select {columns} from rows
        except
        select {columns} from (
            select {held_columns} from standing
            qualify row_number() over (partition by {key} order by _fetched_at_utc desc, _load_id desc) = 1
        )
    """).to_arrow_table()


def _not_withdrawn(dataset: Dataset) -> str:
    """Without the rows that an earlier answer, which was landed whole, lacked."""
    whole = f"max(_fetched_at_utc) filter (_is_whole_day) over (partition by {_day(dataset)})"
    return f"qualify coalesce(_fetched_at_utc >= {whole}, true)"


def _gone(db: duckdb.DuckDBPyConnection, dataset: Dataset, window: Window) -> tuple[int, int]:
    """How many of the rows of the window's days the answer lacks, and how many there are.

    A day of which the answer has nothing does not count: Elexon answers so too when something is broken there.
    """
    key, day = ", ".join(map(quoted, _raw(dataset.key))), _day(dataset)
    db.execute(f"""
        create temp table known as
        select distinct {key} from standing
        where settlement_date between $1 and $2 and ({day}) in (select ({day}) from answer)
    """, [*window.days])  # fmt: skip
    gone = f"select count(*) from (from known except select {key} from answer)"
    return db.execute(f"select ({gone}), (select count(*) from known)").fetchall()[0]


def _raw(names: list[str]) -> list[str]:
    return [raw_name(name) for name in names]


def _day(dataset: Dataset) -> str:
    """The columns whose values one answer about a day shares."""
    return ", ".join(map(quoted, _raw(["settlementDate", *dataset.endpoint.each])))
