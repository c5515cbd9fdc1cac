"""What the lake landed and does not hold any more: a file that was lost, rows that were deleted."""

from collections.abc import Iterator
from datetime import UTC, datetime

from loaders.catalogue import Dataset, load_catalogue
from loaders.config import RAW_BMRS, RAW_IRIS, Settings
from loaders.gaps.gap import Gap
from loaders.held import read_lake
from loaders.iris.landing import datasets_by_name
from loaders.prune import pruned_before

EVER = datetime(2000, 1, 1, tzinfo=UTC)

# By load and window: variants of a window (bids, offers) are one here, since rows do not say theirs.
ROWS = """
    with landed as (
        select _load_id, window_from_utc, window_to_utc, sum(rows_landed) as rows,
            min(settlement_date_from) as first, max(settlement_date_to) as last
        from read_parquet($ledger, union_by_name = true) where dataset = $dataset
        group by all having sum(rows_landed) > 0
    ),
    held as (
        select _load_id, _window_from_utc, _window_to_utc, count(*) as rows
        from read_parquet($raw, union_by_name = true) group by all
    )
    select landed._load_id, window_from_utc, window_to_utc, first, last, landed.rows - coalesce(held.rows, 0) as lost
    from landed left join held
        on held._load_id = landed._load_id
        and held._window_from_utc is not distinct from landed.window_from_utc
        and held._window_to_utc is not distinct from landed.window_to_utc
    where lost > 0 order by window_to_utc desc
"""
MESSAGES = """
    with held as (select _message_id, count(*) as rows from read_parquet($raw, union_by_name = true) group by all)
    select message_id
    from read_parquet($ledger, union_by_name = true) as noted left join held on held._message_id = message_id
    where dataset = $dataset and noted.outcome = 'LANDED' and coalesce(held.rows, 0) < noted.rows
        and noted.received_at_utc >= $since  -- rows of older ones were pruned
    order by 1
"""


def lost_rows(settings: Settings, catalogue: dict[str, Dataset]) -> Iterator[Gap]:
    """A gap for each load and window of which rows are gone."""
    ledger = f"{settings.raw_files(RAW_BMRS, '_windows')}/*.parquet"
    with read_lake() as db:
        names = db.execute("select distinct dataset from read_parquet($1) where rows_landed > 0", [ledger]).fetchall()
        for (name,) in sorted(names):
            if name not in catalogue:  # it was once
                continue
            raw = f"{settings.raw_files(RAW_BMRS, catalogue[name].table)}/*.parquet"
            found = db.execute(ROWS, {"ledger": ledger, "raw": raw, "dataset": name}).fetchall()
            for load_id, start, end, first, last, lost in found:
                why = f"load {load_id} landed them and the lake lost them"
                yield Gap(name, why, f"{lost:,} rows", start, end, first, last, load_id=load_id, rows_lost=lost)


def lost_messages(settings: Settings) -> Iterator[Gap]:
    """A gap for each dataset of IRIS of whose messages rows are gone."""
    by_name, pruned = datasets_by_name(load_catalogue()), pruned_before(settings)
    ledger = f"{settings.raw_files(RAW_IRIS, '_messages')}/*.parquet"
    with read_lake() as db:
        names = db.execute(
            "select distinct dataset from read_parquet($1) where outcome = 'LANDED'", [ledger]
        ).fetchall()
        for (name,) in sorted(names):
            if name.upper() not in by_name:
                continue
            raw = f"{settings.raw_files(RAW_IRIS, by_name[name.upper()].table)}/*.parquet"
            since = pruned.get(by_name[name.upper()].dataset, EVER)
            found = db.execute(MESSAGES, {"ledger": ledger, "raw": raw, "dataset": name, "since": since}).fetchall()
            if ids := tuple(message_id for (message_id,) in found):
                yield Gap(name, "they landed and the lake lost rows of them", f"{len(ids):,} messages", messages=ids)
