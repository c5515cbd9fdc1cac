"""How acceptances are priced where people do it simply, and how far that is from settlement's way.

A row of BOALF is joined with BOD on unit, settlement date and the settlement period in which it begins, one pair is
taken, and the change of level counts as if it had lasted for the row's time: volume = (level to - level from) x hours,
at the pair's offer price if that is positive, else at its bid price. The kindest choice of the pair is taken here:
the innermost of its sign. What was notified, acceptances before it, other pairs and flat rows play no part.
"""

from pathlib import Path

import duckdb

from loaders.catalogue import load_catalogue
from loaders.config import RAW_BMRS
from loaders.tests.lake import write_empty_lake, write_rows
from loaders.tests.pricing_lake import FIRST_HEARD
from loaders.tests.stand_ins import recorded

METHOD = """
    select national_grid_bm_unit, acceptance_number, acceptance_time as accepted_at_utc,
        segments.settlement_date, segments.settlement_period_from as settlement_period,
        sum(volume_mwh) as volume_mwh,
        sum(volume_mwh * case when volume_mwh > 0 then offer else bid end) as cashflow_gbp
    from (
        select *, (level_to - level_from) * epoch(time_to - time_from) / 3600 as volume_mwh,
            case when level_to > level_from then 1 else -1 end as pair_id
        from {boalf}
    ) as segments
    left join {bod} as pairs using (national_grid_bm_unit, settlement_date, pair_id)
    where segments.settlement_period_from = pairs.settlement_period or pairs.settlement_period is null
    group by all
"""

# Share of what it gets wrong: differences by acceptance and period, without their sign, over what is right.
ERROR = """
    with simple as ({method}),
    right_rows as (
        select national_grid_bm_unit, acceptance_number, accepted_at_utc, settlement_date, settlement_period,
            net_volume_mwh, cashflow_gbp
        from bmrs_boalf_complete
        where settlement_date = '{day}'
    ),
    compared as (
        select coalesce(simple.volume_mwh, 0) as simple_mwh, coalesce(right_rows.net_volume_mwh, 0) as mwh,
            coalesce(simple.cashflow_gbp, 0) as simple_gbp, coalesce(right_rows.cashflow_gbp, 0) as gbp
        from right_rows
        full join simple
            using (national_grid_bm_unit, acceptance_number, accepted_at_utc, settlement_date, settlement_period)
        where settlement_date = '{day}'
    )
    select sum(simple_mwh), sum(mwh), sum(abs(simple_mwh - mwh)) / sum(abs(mwh)),
        sum(simple_gbp), sum(gbp), sum(abs(simple_gbp - gbp)) / sum(abs(gbp)),
        avg(case when abs(simple_gbp - gbp) > 0.01 * abs(gbp) then 1 else 0 end)
    from compared
"""


FILES = {"BOALF": "BOALF__2022-01-01_02_wind", "BOD": "BOD__2022-01-01_wind", "PN": "PN__2022-01-01_02_wind"}


def recorded_day(home: Path) -> None:
    """A lake with the recorded acceptances, pairs and notifications of 2022-01-01."""
    catalogue = load_catalogue()
    write_empty_lake(home, catalogue)
    for dataset, name in FILES.items():
        rows = recorded.read(recorded.RECORDED / "reshaped" / f"{name}.json.gz")
        known = [{field: value for field, value in row.items() if field != "dataset"} for row in rows]
        write_rows(home, RAW_BMRS, catalogue[dataset], known, FIRST_HEARD)


def raw(home: str, table: str) -> str:
    """A raw table of a lake, for use in a query."""
    return f"read_parquet('{home}/lake/raw_bmrs/{table}/*.parquet', union_by_name = true)"


def method(home: str) -> str:
    """The simple method as a query on a lake."""
    return METHOD.format(boalf=raw(home, "boalf"), bod=raw(home, "bod"))


def error_of(home: str, day: str) -> dict[str, float]:
    """What the simple method makes of a day, beside ``bmrs_boalf_complete``: totals, and shares that are wrong."""
    names = ("simple_mwh", "mwh", "wrong_mwh", "simple_gbp", "gbp", "wrong_gbp", "wrong_rows")
    with duckdb.connect(f"{home}/warehouse.duckdb", read_only=True) as db:
        db.execute("set TimeZone = 'UTC'")
        return dict(zip(names, db.execute(ERROR.format(method=method(home), day=day)).fetchone(), strict=True))
