"""What landed and is not held any more: a file that was lost, rows that were deleted."""

from collections.abc import Iterator

from loaders import clock
from loaders.catalogue import Dataset, load_catalogue
from loaders.config import RAW_BMRS, RAW_IRIS, Settings
from loaders.gaps.gap import Gap
from loaders.held import EVER, Held, held_by, tuples
from loaders.iris.landing import datasets_by_name
from loaders.prune import pruned_before

# First all rows are counted, which reads no column of them; then the tables whose number is not the ledger's.
NOTED_ROWS = f"select dataset, sum(rows_landed) as row_count from {RAW_BMRS}._windows group by dataset"
NOTED_MESSAGES = f"""
    select dataset, sum(messages.rows) as row_count
    from {RAW_IRIS}._messages as messages where outcome = 'LANDED' group by dataset
"""
# By load and window: variants of a window (bids, offers) are one here, since rows do not say theirs.
ROWS = """
    with landed as (
        select _load_id, window_from_utc, window_to_utc, sum(rows_landed) as row_count,
            min(settlement_date_from) as first_day, max(settlement_date_to) as last_day
        from {schema}._windows where dataset = @dataset
        group by _load_id, window_from_utc, window_to_utc having sum(rows_landed) > 0
    ),
    held as (
        select _load_id, _window_from_utc, _window_to_utc, count(*) as row_count
        from {schema}.{table} group by _load_id, _window_from_utc, _window_to_utc
    )
    select landed._load_id, landed.window_from_utc, landed.window_to_utc, landed.first_day, landed.last_day,
        cast(landed.row_count - coalesce(held.row_count, 0) as int64) as lost
    from landed left join held
        on held._load_id = landed._load_id
        and held._window_from_utc is not distinct from landed.window_from_utc
        and held._window_to_utc is not distinct from landed.window_to_utc
    where landed.row_count > coalesce(held.row_count, 0)
        and (landed.window_from_utc >= @since or landed.window_from_utc is null)
    order by landed.window_to_utc desc
"""
MESSAGES = """
    with held as (select _message_id, count(*) as row_count from {schema}.{table} group by _message_id)
    select noted.message_id
    from {schema}._messages as noted left join held on held._message_id = noted.message_id
    where noted.dataset = @dataset and noted.outcome = 'LANDED' and coalesce(held.row_count, 0) < noted.rows
        and noted.received_at_utc >= @since  -- rows of older ones were pruned, or expired
    order by message_id
"""


def lost_rows(settings: Settings, catalogue: dict[str, Dataset]) -> Iterator[Gap]:
    """A gap for each load and window of which rows are gone."""
    held = held_by(settings)
    noted = {name: rows for name, rows in tuples(held.ask(NOTED_ROWS)) if rows and name in catalogue}  # it was once
    for name in _differing(held, RAW_BMRS, {catalogue[name].table: {name: rows} for name, rows in noted.items()}):
        table = catalogue[name].table
        values = {"dataset": name, "since": held.kept_since(f"{RAW_BMRS}.{table}", clock.now())}
        found = held.ask(ROWS.format(schema=RAW_BMRS, table=table), values)
        for load_id, start, end, first, last, lost in tuples(found):
            why = f"load {load_id} landed them and they are gone"
            yield Gap(name, why, f"{lost:,} rows", start, end, first, last, load_id=load_id, rows_lost=lost)


def lost_messages(settings: Settings) -> Iterator[Gap]:
    """A gap for each dataset of IRIS of whose messages rows are gone."""
    held, by_name, pruned = held_by(settings), datasets_by_name(load_catalogue()), pruned_before(settings)
    noted: dict[str, dict[str, int]] = {}  # several names may have one table
    for name, rows in tuples(held.ask(NOTED_MESSAGES)):
        if name.upper() in by_name:
            noted.setdefault(by_name[name.upper()].table, {})[name] = rows
    for name in _differing(held, RAW_IRIS, noted):
        dataset = by_name[name.upper()]
        query = MESSAGES.format(schema=RAW_IRIS, table=dataset.table)
        since = max(pruned.get(dataset.dataset, EVER), held.kept_since(f"{RAW_IRIS}.{dataset.table}", clock.now()))
        found = tuples(held.ask(query, {"dataset": name, "since": since}))
        if ids := tuple(message_id for (message_id,) in found):
            yield Gap(name, "they landed and are gone, wholly or in part", f"{len(ids):,} messages", messages=ids)


def _differing(held: Held, schema: str, noted: dict[str, dict[str, int]]) -> list[str]:
    """The names, by table, whose rows together are not as many as the table holds."""
    counts = (f"select '{table}' as name, count(*) as row_count from {schema}.{table}" for table in noted)
    counted = dict(tuples(held.ask(" union all ".join(counts)))) if noted else {}
    return sorted(name for table, names in noted.items() if sum(names.values()) != counted[table] for name in names)
