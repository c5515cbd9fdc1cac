"""What the lake already holds: the ledger of asked windows, and the rows that an answer is compared with."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb
import pyarrow as pa

from loaders.catalogue import Dataset, raw_name
from loaders.config import RAW_BMRS, Settings
from loaders.windows import Window

LANDED = ("landed", "unchanged", "empty")


@dataclass(frozen=True)
class Known:
    """The last good answer to a window."""

    asked_at: datetime
    content_hash: str
    outcome: str


class Ledger:
    """The windows that were ever answered, by dataset and variant."""

    def __init__(self, settings: Settings, datasets: list[str]):
        self._settings = settings
        self._known: dict[tuple, Known] = {}
        self._spans: dict[tuple, list[tuple[datetime, datetime]]] = {}
        for dataset, variant, start, end, *known in self._read(datasets):
            self._known[dataset, variant, start, end] = Known(*known)
            if start is not None:
                self._spans.setdefault((dataset, variant), []).append((start, end))

    def _read(self, datasets: list[str]) -> list[tuple]:
        folder = self._settings.raw_files(RAW_BMRS, "_windows")
        with read_lake() as db:
            return db.execute(
                """
                select dataset, variant, window_from_utc, window_to_utc,
                    max(asked_at_utc), arg_max(content_hash, asked_at_utc), arg_max(outcome, asked_at_utc)
                from read_parquet($files, union_by_name = true)
                where list_contains($datasets, dataset) and list_contains($landed, outcome) and error is null
                group by all
                """,
                {"files": f"{folder}/*.parquet", "datasets": datasets, "landed": list(LANDED)},
            ).fetchall()

    def known(self, window: Window) -> Known | None:
        """The last good answer to exactly this window."""
        return self._known.get((window.dataset, window.variant_name, window.start, window.end))

    def settled(self, window: Window, published_after: timedelta) -> bool:
        """Whether the window was answered once it could be complete."""
        known = self.known(window)
        return known is not None and window.end is not None and known.asked_at >= window.end + published_after

    def touches(self, window: Window) -> bool:
        """Whether an earlier run was answered for this window or one that shares a moment with it."""
        spans = self._spans.get((window.dataset, window.variant_name), [])
        return window.start is not None and any(start <= window.end and end >= window.start for start, end in spans)

    def news(self, dataset: Dataset, window: Window, rows: pa.Table) -> pa.Table:
        """The rows that differ from what is held under their key and the publisher's version; the others are known.

        Compared with everything that was landed for windows sharing a moment with this one, so that a boundary
        row that two windows return is landed once. A value that returns to an earlier one is news again.
        """
        files = f"{self._settings.raw_files(RAW_BMRS, dataset.table)}/*.parquet"
        with read_lake() as db:
            db.register("answer", rows)
            described = db.execute("describe select * from read_parquet($1, union_by_name = true)", [files])
            held = {name for name, *_ in described.fetchall()}
            columns = ", ".join(_quoted(name) for name in rows.column_names)
            held_columns = ", ".join(_quoted(n) if n in held else f"null as {_quoted(n)}" for n in rows.column_names)
            version = [*dataset.key, *(name for name in dataset.newest_by if name != "fetched_at")]
            key = ", ".join(_quoted(raw_name(name)) for name in dict.fromkeys(version))
            query = f"""
                select {columns} from answer
                except
                select {columns} from (
                    select {held_columns} from read_parquet($files, union_by_name = true)
                    where _window_to_utc >= $start and _window_from_utc <= $end
                    qualify row_number() over (partition by {key} order by _fetched_at_utc desc, _load_id desc) = 1
                )
            """
            news = db.execute(query, {"files": files, "start": window.start, "end": window.end}).to_arrow_table()
        return news.cast(rows.schema)


@contextmanager
def read_lake() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"memory_limit": "500MB", "threads": 2}) as db:
        db.execute("set TimeZone = 'UTC'")
        yield db


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
