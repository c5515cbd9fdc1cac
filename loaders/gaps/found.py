"""The gaps that the warehouse and the ledger know of, without asking anybody.

The models say which periods should be there and are not; the ledger which windows were asked in vain, and which rows
landed that the lake no longer holds; Elexon's own counts (DATA_STATUS, where it is loaded) what it has and we do not.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from loaders.catalogue import Dataset
from loaders.config import RAW_BMRS, Settings
from loaders.gaps.gap import Gap, delay
from loaders.gaps.lost import lost_messages, lost_rows
from loaders.held import held_by, tuples

HISTORY = """
    select dataset, kind, periods_missing, settlement_period_from is null as is_daily, from_utc, to_utc,
        settlement_date_from, settlement_date_to, settlement_period_from, settlement_period_to,
        due_at_utc, ask_again_at_utc, known_absent_because
    from data_gaps
    order by to_utc desc, dataset
"""
# The last answer of each window that was no good, unless a later good one covers it.
IN_VAIN = f"""
    with windows as (
        select dataset, variant, window_from_utc, window_to_utc, settlement_date_from, settlement_date_to,
            asked_at_utc, outcome, error is null and outcome not in ('failed', 'quarantined') as is_good
        from {RAW_BMRS}._windows where outcome != 'written off'
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
    select dataset, any_value(outcome) as outcome, count(*) as windows, window_from_utc, window_to_utc,
        any_value(settlement_date_from) as first_day, any_value(settlement_date_to) as last_day,
        min(first_asked_at_utc) as first_asked_at_utc, max(asked_at_utc) as asked_at_utc
    from latest as bad
    where not is_good and not exists (
        select 1 from windows as good
        where good.is_good and good.dataset = bad.dataset and good.variant = bad.variant
            and good.asked_at_utc > bad.asked_at_utc
            and good.window_from_utc <= bad.window_from_utc and good.window_to_utc >= bad.window_to_utc
    )
    group by dataset, window_from_utc, window_to_utc
    order by window_to_utc desc
"""
# Elexon counts rows of a period (a day, where rows belong to several) of which we hold none.
COUNTED = f"""
    with counted as (
        select dataset, settlement_date, settlement_period, data_point_count
        from {RAW_BMRS}.data_status
        qualify row_number() over (
            partition by dataset, settlement_date, settlement_period order by _fetched_at_utc desc
        ) = 1
    ),
    daily as (select dataset, count(settlement_period) = 0 as is_daily from period_coverage group by dataset),
    lacking as (
        select counted.*, calendar.start_utc, calendar.end_utc,
            case when not daily.is_daily then counted.settlement_period end as period
        from counted
        join daily on daily.dataset = counted.dataset
        join dim_settlement_periods as calendar
            on calendar.settlement_date = counted.settlement_date
            and calendar.settlement_period = counted.settlement_period
        where data_point_count > 0 and not exists (
            select 1 from period_coverage as held
            where held.dataset = counted.dataset and held.settlement_date = counted.settlement_date
                and (held.settlement_period = counted.settlement_period or daily.is_daily)
        )
    )
    select dataset, settlement_date, period, min(start_utc) as start_utc, max(end_utc) as end_utc,
        sum(data_point_count) as points
    from lacking
    group by dataset, settlement_date, period
    order by settlement_date desc, period desc
"""


def found_gaps(settings: Settings, catalogue: dict[str, Dataset], warehouse: Path) -> list[Gap]:
    """Every gap that is known here, newest first within each way of knowing.

    Args:
        settings: of the target that is asked.
        catalogue: what the windows and tables are told from.
        warehouse: the marts, where they are in a file.

    Raises:
        CannotLand: BigQuery did not answer, or was never built.
    """
    held = held_by(settings)
    known = list(_history(tuples(held.ask(HISTORY, warehouse=warehouse))))
    known += _unless_listed(_counted(tuples(held.ask(COUNTED, warehouse=warehouse))), known)
    known += _unless_listed(_in_vain(tuples(held.ask(IN_VAIN))), known)
    return [*known, *lost_rows(settings, catalogue), *lost_messages(settings)]


def _history(rows: list[tuple]) -> Iterator[Gap]:
    for row in rows:
        dataset, kind, missing, is_daily, start, end, first, last, period, last_period, due, again, because = row
        absent = kind == "known absent"
        yield Gap(
            dataset, f"{kind}: {because}" if absent else kind, _number(missing, "day" if is_daily else "period"),
            start, end, first, last, period, last_period, due, again, absent,
        )  # fmt: skip


def _in_vain(rows: list[tuple]) -> Iterator[Gap]:
    for dataset, outcome, number, start, end, first, last, since, asked in rows:
        again = asked + delay(asked - since) if outcome == "empty" else None
        why = f"asked and {outcome}"
        yield Gap(dataset, why, _number(number, "window"), start, end, first, last, since=since, ask_again=again)


def _counted(rows: list[tuple]) -> Iterator[Gap]:
    for dataset, day, period, start, end, number in rows:
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
