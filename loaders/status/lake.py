"""What the ledgers say of each dataset: last rows, last questions, failures, response times, delays."""

from datetime import datetime, timedelta

from loaders.config import RAW_BMRS, RAW_IRIS, Settings
from loaders.held import LANDED, NothingThere, held_by, read_lake
from loaders.iris.tables import LANDED as LANDED_MESSAGES

# Each ledger is asked twice, since it grows for years: what was last, of all of it; and the rows of the last hours.
# Those are summed up here, since DuckDB and BigQuery do not call a median the same.
WINDOWS_EVER = f"""
    select
        dataset,
        max(last_event_utc) as last_event_utc,
        max(asked_at_utc) as last_asked_utc,
        max(case when error is null and outcome in {tuple(LANDED)} then asked_at_utc end) as last_answered_utc,
        max(case when rows_landed > 0 then asked_at_utc end) as last_landed_utc,
        max(case when error is not null then asked_at_utc end) as last_error_utc,
        max_by(error, case when error is not null then asked_at_utc end) as last_error
    from {RAW_BMRS}._windows
    where asked_at_utc is not null and (window_from_utc >= @reach or window_from_utc is null)
    group by dataset
"""
WINDOWS_LAST = f"""
    select dataset, asked_at_utc, response_seconds, lag_seconds, rows_landed, window_to_utc,
        error is not null or outcome not in {tuple(LANDED)} as is_failed
    from {RAW_BMRS}._windows
    where asked_at_utc >= @since and (window_from_utc >= @reach or window_from_utc is null)
"""
WINDOWS_RECENT = """
    select
        dataset,
        count(*) as asked,
        count(*) filter (is_failed) as failed,
        min(asked_at_utc) filter (is_failed) as first_error_utc,
        median(response_seconds) as response_median_s,
        quantile_cont(response_seconds, 0.95) as response_p95_s,
        -- of the newest rows that a question brought; a question about the past says nothing of the delay
        min(lag_seconds) filter (rows_landed > 0 and window_to_utc > asked_at_utc - interval 1 day) / 60 as delay_min
    from last
    group by dataset
"""
MESSAGES_EVER = f"""
    select dataset, max(case when messages.rows > 0 then received_at_utc end) as last_rows_utc
    from {RAW_IRIS}._messages as messages
    where landed_at_utc >= @reach
    group by dataset
"""
MESSAGES_LAST = f"""
    select dataset, received_at_utc, landed_at_utc, channel, coalesce(error, outcome) as refusal,
        outcome not in {LANDED_MESSAGES} as is_refused
    from {RAW_IRIS}._messages
    where received_at_utc >= @since and landed_at_utc >= @since
"""
MESSAGES_RECENT = """
    select
        dataset,
        count(*) as messages,
        count(*) filter (is_refused) as refused,
        min(received_at_utc) filter (is_refused) as first_refused_utc,
        arg_max(refusal, received_at_utc) filter (is_refused) as last_refusal,
        quantile_cont(epoch(landed_at_utc - received_at_utc), 0.95) filter (channel = 'QUEUE') / 60 as message_delay_min
    from last
    group by dataset
"""


def asked(settings: Settings, now: datetime, hours: float) -> dict[str, dict]:
    """By dataset, what came of the questions to REST, ever and (there only if there were any) in the last hours."""
    return _by_dataset(settings, (WINDOWS_EVER, WINDOWS_LAST, WINDOWS_RECENT), now, hours)


def received(settings: Settings, now: datetime, hours: float) -> dict[str, dict]:
    """By dataset, under its name on IRIS, what came of the messages, in the same way."""
    return _by_dataset(settings, (MESSAGES_EVER, MESSAGES_LAST, MESSAGES_RECENT), now, hours)


def _by_dataset(settings: Settings, queries: tuple[str, str, str], now: datetime, hours: float) -> dict[str, dict]:
    """The columns of the first query and of the last, which is about the rows of the second; none without a ledger."""
    ever, last, recent = queries
    held = held_by(settings)
    found: dict[str, dict] = {}
    values = {"since": now - timedelta(hours=hours), "reach": held.reach(now)}
    try:
        rows = held.ask(ever, {"reach": values["reach"]})
        with read_lake() as db:
            db.register("last", held.ask(last, {name: values[name] for name in values if f"@{name}" in last}))
            for answer in (rows, db.execute(recent).to_arrow_table()):
                for row in answer.to_pylist():
                    found.setdefault(row["dataset"], {}).update(row)
    except NothingThere:
        return {}
    return found
