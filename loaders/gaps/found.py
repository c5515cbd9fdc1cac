"""The gaps that the warehouse and the ledger know of, without asking anybody.

The models say which periods should be there and are not; the ledger which windows were asked in vain, and which rows
landed that the lake no longer holds; Elexon's own counts (DATA_STATUS, where it is loaded) what it has and we do not.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb

from loaders.catalogue import Dataset
from loaders.config import RAW_BMRS, Settings
from loaders.gaps.gap import Gap, delay
from loaders.gaps.lost import lost_messages, lost_rows
from loaders.held import read_lake

HISTORY = """
    select dataset, kind, periods_missing, settlement_period_from is null, from_utc, to_utc,
        settlement_date_from, settlement_date_to, settlement_period_from, settlement_period_to,
        due_at_utc, ask_again_at_utc, known_absent_because
    from data_gaps
    order by to_utc desc, dataset
"""
# The last answer of each window that was no good, unless a later good one covers it.
IN_VAIN = """
    with windows as (
        select *, error is null and outcome not in ('failed', 'quarantined') as is_good
        from read_parquet($1, union_by_name = true) where outcome != 'written off'
    ),
    latest as (
        select *, min(asked_at_utc) over (
            partition by dataset, variant, window_from_utc, window_to_utc, is_good
        ) as first_asked_at_utc
        from windows
        qualify row_number() over (
            partition by dataset, variant, window_from_utc, window_to_utc order by asked_at_utc desc
        ) = 1
    )
    select dataset, any_value(outcome), count(*), window_from_utc, window_to_utc,
        any_value(settlement_date_from), any_value(settlement_date_to), min(first_asked_at_utc), max(asked_at_utc)
    from latest as bad
    where not is_good and not exists (
        from windows as good
        where good.is_good and good.dataset = bad.dataset and good.variant = bad.variant
            and good.asked_at_utc > bad.asked_at_utc
            and good.window_from_utc <= bad.window_from_utc and good.window_to_utc >= bad.window_to_utc
    )
    group by dataset, window_from_utc, window_to_utc
    order by window_to_utc desc
"""
# Elexon counts rows of a period (a day, where rows belong to several) of which we hold none.
COUNTED = """
    with counted as (
        select dataset, settlement_date, settlement_period, data_point_count
        from read_parquet($1, union_by_name = true)
        qualify row_number() over (
            partition by dataset, settlement_date, settlement_period order by _fetched_at_utc desc
        ) = 1
    ),
    daily as (select dataset, bool_and(settlement_period is null) as is_daily from period_coverage group by 1)
    select counted.dataset, counted.settlement_date, 
        any_value(if(is_daily, null, calendar.settlement_period)) as period,
        min(calendar.start_utc), max(calendar.end_utc), sum(data_point_count)
    from counted
    join daily using (dataset)
    join dim_settlement_periods as calendar using (settlement_date, settlement_period)
    where data_point_count > 0 and not exists (
        from period_coverage as held
        where held.dataset = counted.dataset and held.settlement_date = counted.settlement_date
            and (held.settlement_period = counted.settlement_period or is_daily)
    )
    group by counted.dataset, counted.settlement_date, if(is_daily, null, calendar.settlement_period)
    order by 2 desc, 3 desc
"""


def found_gaps(settings: Settings, catalogue: dict[str, Dataset], warehouse: Path) -> list[Gap]:
    """Every gap that is known here, newest first within each way of knowing."""
    with duckdb.connect(str(warehouse), read_only=True) as db:
        db.execute("set TimeZone = 'UTC'")
        known = list(_history(db))
        counts = f"{settings.raw_files(RAW_BMRS, 'data_status')}/*.parquet"
        known += _unless_listed(_counted(db, counts), known)
    known += _unless_listed(_in_vain(settings), known)
    return [*known, *lost_rows(settings, catalogue), *lost_messages(settings)]


def _history(db: duckdb.DuckDBPyConnection) -> Iterator[Gap]:
    for row in db.execute(HISTORY).fetchall():
        dataset, kind, missing, is_daily, start, end, first, last, period, last_period, due, again, because = row
        absent = kind == "known absent"
        yield Gap(
            dataset, f"{kind}: {because}" if absent else kind, _number(missing, "day" if is_daily else "period"),
            start, end, first, last, period, last_period, due, again, absent,
        )  # fmt: skip


def _in_vain(settings: Settings) -> Iterator[Gap]:
    files = f"{settings.raw_files(RAW_BMRS, '_windows')}/*.parquet"
    with read_lake() as db:
        rows = db.execute(IN_VAIN, [files]).fetchall()
    for dataset, outcome, number, start, end, first, last, since, asked in rows:
        again = asked + delay(asked - since) if outcome == "empty" else None
        why = f"asked and {outcome}"
        yield Gap(dataset, why, _number(number, "window"), start, end, first, last, since=since, ask_again=again)


def _counted(db: duckdb.DuckDBPyConnection, counts: str) -> Iterator[Gap]:
    for dataset, day, period, start, end, number in db.execute(COUNTED, [counts]).fetchall():
        why = f"Elexon counts {number:,.0f} rows and we hold none"
        yield Gap(dataset, why, "1 period" if period else "1 day", start, end, day, day, period, period)


def _number(of: int, what: str) -> str:
    return f"{of:,} {what}{'' if of == 1 else 's'}"


def _unless_listed(gaps: Iterator[Gap], listed: list[Gap]) -> list[Gap]:
    """Those that no listed gap of the same dataset touches."""
    spans: dict[str, list[tuple[datetime, datetime]]] = {}
    for gap in listed:
        spans.setdefault(gap.dataset, []).append(gap.ends)

    def is_listed(gap: Gap) -> bool:
        start, end = gap.ends
        return any(a < end and b > start for a, b in spans.get(gap.dataset, []))

    return [gap for gap in gaps if gap.start is None or not is_listed(gap)]
