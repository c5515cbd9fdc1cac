"""Days of BOD, PN and BOALF of realistic size as the lake would hold them: generated, nothing in them was published.

A day has about 250,000 rows of bid-offer data, 126,000 of notifications and 27,000 of acceptances, of 11,000
acceptances: several overlapping ones a unit, ramps, and rows that begin within a settlement period.
"""

from datetime import date, timedelta
from pathlib import Path

import duckdb

FIRST = date(2025, 6, 1)
UNITS_WITH_BIDS, UNITS, ACCEPTED_UNITS = 870, 2552, 480

PERIODS = """
    create or replace temp table periods as
    select date '{day}' as settlement_date, n + 1 as settlement_period,
        (timestamp '{day}' at time zone 'Europe/London') + n * interval 30 minute as start_utc
    from range(48) as half_hours(n)
"""
LINEAGE = "timestamptz '2026-01-01 00:00:00Z' as _fetched_at_utc, '20260101T000000.000000Z' as _load_id"

# A tenth of the units ramp within a period; one row in 33 is split after ten minutes.
PN = """
    with levels as (
        select *, hash(unit, start_utc) as chance,
            case when unit < {bids} then 150 + unit % 400 else 0 end as level_from
        from periods, range({units}) as units(unit)
    ),
    ramps as (
        select *, case when chance % 10 = 0 and unit < {bids} then level_from + chance // 7 % 20 else level_from end
            as level_to
        from levels
    ),
    pieces as (
        select *, 0 as from_minute, case when chance % 33 = 0 then 10 else 30 end as to_minute, level_from as a,
            level_to as b
        from ramps
        union all
        select *, 10, 30, level_to, level_from from ramps where chance % 33 = 0
    )
    select settlement_date, settlement_period, start_utc + from_minute * interval 1 minute as time_from,
        start_utc + to_minute * interval 1 minute as time_to, a::double as level_from, b::double as level_to,
        'UNIT' || unit || '-1' as national_grid_bm_unit, 'T_UNIT' || unit || '-1' as bm_unit, {lineage}
    from pieces
"""
BOD = """
    select settlement_date, settlement_period, start_utc as time_from, (sign(n) * (10 + unit % 50 + 5 * abs(n)))::double
        as level_from, start_utc + interval 30 minute as time_to, level_from as level_to, n::bigint as pair_id,
        (60 + 10 * n + hash(unit, settlement_date) % 30)::double as offer, (50 + 10 * n)::double as bid,
        'UNIT' || unit || '-1' as national_grid_bm_unit, 'T_UNIT' || unit || '-1' as bm_unit, {lineage}
    from periods, range({bids}) as units(unit), (select unnest([-5, -4, -3, -2, -1, 1, 2, 3, 4, 5]) as n)
    where abs(n) <= 1 + unit % 5
"""
# Every unit has 23 acceptances, half an hour apart, of one to three segments of 5 to 24 minutes: some overlap.
BOALF = """
    with acceptances as (
        select unit, i, hash('{day}', unit, i) as chance, timestamp '{day}' at time zone 'Europe/London'
            + (hash('{day}', unit) % 600 + i * 35 + hash('{day}', unit, i, 0) % 8) * interval 1 minute as accepted
        from range({accepted}) as units(unit), range(23) as numbers(i)
    ),
    segments as (
        select *, 1 + (hash(chance, 1) % 100 < 70)::int + (hash(chance, 2) % 100 < 75)::int as many,
            unnest(generate_series(1, many)) as segment
        from acceptances
    ),
    levels as (
        select *, 5 + hash(chance, segment, 3) % 20 as minutes, 150 + unit % 400
            + case when hash('{day}', unit, i // 6) % 10 < 6 then -1 else 1 end
            * case when segment = many and many > 1 then 0 else 20 + (hash(chance, segment, 4) % 80)::int end as level
        from segments
    ),
    profiles as (
        select *, accepted + (3 + coalesce(sum(minutes) over before, 0)) * interval 1 minute as time_from,
            coalesce(lag(level) over (partition by chance order by segment), 150 + unit % 400) as first_level
        from levels
        window before as (partition by chance order by segment rows between unbounded preceding and 1 preceding)
    )
    select (time_from at time zone 'Europe/London')::date as settlement_date, 1 + (
            extract(hour from time_from at time zone 'Europe/London') * 60
            + extract(minute from time_from at time zone 'Europe/London')
        ) // 30 as settlement_period_from, settlement_period_from as settlement_period_to, time_from,
        time_from + minutes * interval 1 minute as time_to, first_level::double as level_from,
        level::double as level_to, ({number} * 23 + i + 1)::bigint as acceptance_number, accepted as acceptance_time,
        false as deemed_bo_flag, chance % 3 = 0 as so_flag, 'ORI' as amendment_flag, false as stor_flag,
        false as rr_flag, 'UNIT' || unit || '-1' as national_grid_bm_unit, 'T_UNIT' || unit || '-1' as bm_unit,
        {lineage}
    from profiles
"""


def write_days(home: Path, first: int, days: int) -> None:
    """One file a day and dataset, beside the empty ones that hold every column."""
    with duckdb.connect() as db:
        db.execute("set TimeZone = 'UTC'")
        for number in range(first, first + days):
            day = FIRST + timedelta(days=number)
            db.execute(PERIODS.format(day=day))
            for table, query in (("pn", PN), ("bod", BOD), ("boalf", BOALF)):
                rows = query.format(
                    day=day, number=number, lineage=LINEAGE, bids=UNITS_WITH_BIDS, units=UNITS, accepted=ACCEPTED_UNITS
                )
                path = home / "lake" / "raw_bmrs" / table / f"{day}.parquet"
                db.execute(f"copy ({rows}) to '{path}' (format parquet, compression zstd)")
