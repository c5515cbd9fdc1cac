"""What a life and a clean load of the same days must have in common."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

# What a clean load cannot know: when and how often it was asked, and the versions of a price before the last one (of
# which bmrs_costs, compared like all others, is the last).
OF_THE_WAY = {
    "answered_days", "asked_days", "dataset_coverage", "dataset_freshness", "landed_days", "landed_loads",
    "load_reconciliation", "landed_days_by_day", "period_coverage", "quality_scorecard", "mart_now", "mart_now_mix",
    "bmrs_disebsp_unified", "fct_system_price_vintages",
}  # fmt: skip
LINEAGE = {"fetched_at_utc", "load_id", "evaluated_at_utc", "built_at_utc", "source"}
REVISIONS = {"revised_periods", "revision_count", "first_price_gbp_per_mwh", "revised_by_gbp_per_mwh"}


@contextmanager
def opened(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse of a home, to be read."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as db:
        db.execute("set TimeZone = 'UTC'")
        yield db


def contents(opened: Callable[[Path], Any], home: Path) -> dict[str, Counter]:
    """The rows of each table of a warehouse, which ``opened`` opens, that a clean load would make too."""
    with opened(home) as db:
        found = db.execute("select table_name from information_schema.tables where table_schema = 'main'").fetchall()
        return {table: _rows(db, table) for (table,) in found if table not in OF_THE_WAY}


def _rows(db: duckdb.DuckDBPyConnection, table: str) -> Counter:
    """Each row as a number; sums of floats depend on the order of their parts, so nine decimals count."""
    columns = [
        f"round({name}, 9)" if kind == "DOUBLE" else name
        for name, kind, *_ in db.execute(f"describe {table}").fetchall()
        if name not in LINEAGE | REVISIONS
    ]
    return Counter(row for (row,) in db.execute(f"select hash({', '.join(columns)}) from {table}").fetchall())
