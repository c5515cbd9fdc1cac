"""What the warehouse that people query says of each dataset: newest row, completeness, gaps, rows superseded."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

FRESHNESS = "select dataset, last_event_utc as last_served_utc from dataset_freshness"
COVERAGE = """
    select
        dataset,
        {shares}
    from dataset_coverage
    where settlement_date > $today - 30 and settlement_date <= $today
    group by dataset
"""
# of what should be there and is not known to be absent
SHARE = """
        100 * sum(periods_complete) filter (settlement_date > $today - {days})
            / nullif(sum(periods_expected - periods_known_absent) filter (settlement_date > $today - {days}), 0)
            as complete_{days}_days
"""
GAPS = """
    with holes as (
        select data_gaps.*, any_value(readings_expected) as readings_expected
        from data_gaps
        join dataset_history using (dataset)
        where kind != 'known absent' and to_utc > $since
        group by all
    )
    select
        dataset,
        count(*) as gaps,
        sum(
            date_diff('second', greatest(from_utc, $since), to_utc) / 60
            * readings_missing / (periods_missing * readings_expected)
        ) as missing_min,
        min(from_utc) as first_missing_utc,
        arg_max(command, from_utc) as command
    from holes
    group by dataset
"""


def warehouse(served: Path, now: datetime) -> dict[str, dict]:
    """By dataset, all of the above.

    Raises:
        duckdb.Error: the file is damaged, locked, or of a version without these tables.
    """
    found: dict[str, dict] = {}
    with duckdb.connect(str(served), read_only=True, config={"memory_limit": "500MB", "threads": 2}) as db:
        db.execute("set TimeZone = 'UTC'")
        today = db.execute("select (cast($1 as timestamptz) at time zone 'Europe/London')::date", [now]).fetchone()[0]
        shares = ",".join(SHARE.format(days=days) for days in (1, 7, 30))
        for query, values in (
            (FRESHNESS, {}),
            (COVERAGE.format(shares=shares), {"today": today}),
            (GAPS, {"since": now - timedelta(days=30)}),
        ):
            rows = db.execute(query, values)
            names = [column[0] for column in rows.description]
            for row in rows.fetchall():
                found.setdefault(row[0], {}).update(zip(names, row, strict=True))
    return found


def written_at(served: Path) -> datetime:
    """When the warehouse was published."""
    return datetime.fromtimestamp(served.stat().st_mtime, UTC)
