"""The checks of one dataset, from what the lake and the warehouse say of it."""

from collections.abc import Iterator
from datetime import datetime

from loaders.catalogue import Dataset
from loaders.status.check import Check, measured
from loaders.status.thresholds import Thresholds


def dataset_checks(entry: Dataset, facts: dict, limits: Thresholds, now: datetime) -> Iterator[Check]:
    """All that is known of a dataset; ``facts`` are those of lake.py and served.py, each of which may be missing."""
    yield _freshness(entry, facts, limits, now)
    yield _missing(entry, facts, limits)
    yield from _completeness(entry, facts)
    yield from _quality(entry, facts)
    if "last_asked_utc" in facts:
        yield from _questions(entry, facts, limits, now)
    if "messages" in facts:
        yield from _messages(entry, facts, limits)
    yield measured("stored", entry.dataset, facts.get("bytes", 0) / 1e6, "MB", "in the lake, both channels")


def newest_utc(entry: Dataset, facts: dict, now: datetime) -> datetime | None:
    """The moment of the newest row. A snapshot is as new as its last answer; rows about the future, as their coming."""
    if entry.rest and not entry.rest.window:
        return facts.get("last_answered_utc")
    events = [facts[name] for name in ("last_event_utc", "last_served_utc") if facts.get(name)]
    if events and max(events) <= now:
        return max(events)
    came = [facts[name] for name in ("last_landed_utc", "last_rows_utc") if facts.get(name)]
    return max(came, default=None)


def _freshness(entry: Dataset, facts: dict, limits: Thresholds, now: datetime) -> Check:
    newest = newest_utc(entry, facts, now)
    command = f"gb-power load {entry.dataset}" if entry.rest else "gb-power iris run"
    if newest is None:
        return Check(
            "freshness", entry.dataset, "warning", "no row yet", None, "min", limits.freshness_minutes(entry),
            facts.get("last_asked_utc"), command,
        )  # fmt: skip
    age = (now - newest).total_seconds() / 60
    message = f"newest row {newest:%Y-%m-%d %H:%M} UTC"
    limit = limits.freshness_minutes(entry)
    return measured("freshness", entry.dataset, age, "min", message, threshold=limit, since_utc=newest, command=command)


def _missing(entry: Dataset, facts: dict, limits: Thresholds) -> Check:
    gaps = facts.get("gaps", 0)
    value = facts.get("missing_min", 0) if "last_served_utc" in facts else None
    message = f"{gaps} gaps in 30 days" if value is not None else "not known: not in the warehouse"
    return measured(
        "missing", entry.dataset, value, "min", message, threshold=limits.missing_minutes,
        since_utc=facts.get("first_missing_utc"), command="gb-power gaps --fill",
    )  # fmt: skip


def _completeness(entry: Dataset, facts: dict) -> Iterator[Check]:
    for days, name in ((1, "complete_today"), (7, "complete_7_days"), (30, "complete_30_days")):
        share = facts.get(f"complete_{days}_days")
        message = "of what should be there by now" if share is not None else "nothing is expected, or it is not known"
        yield measured(name, entry.dataset, share, "%", message)


def _quality(entry: Dataset, facts: dict) -> Iterator[Check]:
    for name, fact, unit, message in (
        (
            "duplicates",
            "duplicates",
            "%",
            "landed rows of 7 days that were superseded or came twice; none counts twice",
        ),
        ("valid", "valid", "%", "answers and messages of 7 days that could be read"),
        ("timeliness", "timeliness_min", "min", "from a row's moment to the lake, median of the newest day"),
    ):
        yield measured(name, entry.dataset, facts.get(fact), unit, message)


def _questions(entry: Dataset, facts: dict, limits: Thresholds, now: datetime) -> Iterator[Check]:
    """Of REST. Error rate, response time and delay are those of the last hours, if anything was asked in them."""
    name, asked, hours = entry.dataset, facts.get("asked", 0), limits.recent_hours
    again = f"gb-power load {name}"
    since_load = (now - facts["last_asked_utc"]).total_seconds() / 60
    yield measured("last_load", name, since_load, "min", "since REST was asked", since_utc=facts["last_asked_utc"])
    yield _errors(entry, facts, limits)
    if facts["last_error"]:
        age = (now - facts["last_error_utc"]).total_seconds() / 60
        yield measured("last_error", name, age, "min", facts["last_error"], since_utc=facts["last_error_utc"])
    for column, what in (("response_median", "median"), ("response_p95", "95th percentile")):
        yield measured(column, name, facts.get(f"{column}_s"), "s", f"{what} of {asked} answers in {hours:g} h")
    delay_limit = limits.delay_minutes if name in limits.live_datasets else None  # others are published late
    yield measured(
        "delay", name, facts.get("delay_min"), "min", "from the newest event to the lake",
        threshold=delay_limit, command=again,
    )  # fmt: skip


def _errors(entry: Dataset, facts: dict, limits: Thresholds) -> Check:
    asked, failed = facts.get("asked", 0), facts.get("failed", 0)
    message = f"{failed} of {asked} answers in {limits.recent_hours:g} h"
    if failed:
        message += f"; the last: {facts['last_error']}"
    return measured(
        "errors", entry.dataset, 100 * failed / asked if asked else None, "%", message,
        threshold=limits.errors_percent, since_utc=facts.get("first_error_utc"),
        command=f"gb-power load {entry.dataset}",
    )  # fmt: skip


def _messages(entry: Dataset, facts: dict, limits: Thresholds) -> Iterator[Check]:
    """Of IRIS, of the last hours."""
    name, messages, refused = entry.dataset, facts["messages"], facts["refused"]
    message = f"{refused} of {messages} messages in {limits.recent_hours:g} h went to quarantine"
    if refused:
        message += f"; the last: {facts['last_refusal']}"
    yield measured(
        "message_errors", name, 100 * refused / messages, "%", message,
        threshold=limits.errors_percent, since_utc=facts["first_refused_utc"], command="gb-power iris retry",
    )  # fmt: skip
    yield measured(
        "message_delay", name, facts["message_delay_min"], "min", "from the queue to the lake, 95th percentile",
        threshold=limits.delay_minutes, command="gb-power iris land",
    )  # fmt: skip
