"""What the warehouse that people query says of each dataset: newest row, completeness, gaps, quality."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import duckdb

from loaders.windows import settlement_day

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
        min(from_utc) as first_missing_utc
    from holes
    group by dataset
"""


QUALITY = """
    select
        dataset,
        100 * sum(rows_landed - row_count) filter (duplication_percent is not null)
            / sum(rows_landed) filter (duplication_percent is not null) as duplicates,
        100 - 100 * sum(answers_refused) / sum(answers) as valid,
        arg_max(timeliness_minutes, settlement_date) as timeliness_min
    from quality_scorecard
    where settlement_date > $today - 7 and settlement_date <= $today
    group by dataset
"""


class Warehouse(NamedTuple):
    """What was found, by dataset, and why what was not found was not."""

    facts: dict[str, dict]
    lacks: list[str]


def warehouse(served: Path, now: datetime) -> Warehouse:
    """All of the above; a warehouse of an older version may lack some of it.

    Raises:
        duckdb.Error: the file is damaged or locked.
    """
    found = Warehouse({}, [])
    with duckdb.connect(str(served), read_only=True, config={"memory_limit": "500MB", "threads": 2}) as db:
        db.execute("set TimeZone = 'UTC'")
        today = settlement_day(now)
        shares = ",".join(SHARE.format(days=days) for days in (1, 7, 30))
        for query, values in (
            (FRESHNESS, {}),
            (COVERAGE.format(shares=shares), {"today": today}),
            (GAPS, {"since": now - timedelta(days=30)}),
            (QUALITY, {"today": today}),
        ):
            try:
                rows = db.execute(query, values)
            except (duckdb.CatalogException, duckdb.BinderException) as error:  # no such table or column
                found.lacks.append(str(error).splitlines()[0])
                continue
            names = [column[0] for column in rows.description]
            for row in rows.fetchall():
                found.facts.setdefault(row[0], {}).update(zip(names, row, strict=True))
    return found


def written_at(served: Path) -> datetime:
    """When the warehouse was published."""
    return datetime.fromtimestamp(served.stat().st_mtime, UTC)
