"""The checks of the IRIS receiver and of what waits in its spool."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

from loaders.config import Settings
from loaders.iris.spool import BACKLOG
from loaders.status.check import Check, measured
from loaders.status.thresholds import Thresholds

RUN = "gb-power iris run"
LAND = "gb-power iris land"


def receiver_checks(settings: Settings, limits: Thresholds, now: datetime) -> Iterator[Check]:
    """The receiver and its spool; where neither ever was, IRIS is not used on this machine."""
    if not settings.receiver_state.exists() and not settings.spool.exists():
        if settings.role == "receiver":
            yield Check("receiver", None, "critical", "nothing was received yet", command=RUN)
        else:
            yield Check("receiver", None, "ok", "IRIS is not received here")
        return
    yield from _receiver(settings.receiver_state, limits, now)
    yield from _spool(settings.spool, limits, now)


def _receiver(path: Path, limits: Thresholds, now: datetime) -> Iterator[Check]:
    try:
        state = json.loads(path.read_text())
        written = datetime.fromisoformat(state["written_at_utc"])
        last = datetime.fromisoformat(state["last_message_at_utc"] or state["started_at_utc"])
        message = f"{state['state']}, as it said {written:%Y-%m-%d %H:%M:%S} UTC"
        if state["last_error"]:
            message += f"; last error {state['last_error_at_utc']}: {state['last_error']}"
    except (OSError, ValueError, KeyError, TypeError) as error:
        yield Check("receiver", None, "critical", f"{path} says nothing: {error!r}", command=RUN)
        return
    yield measured(
        "receiver", None, _minutes(written, now), "min", message,
        threshold=limits.receiver_minutes, since_utc=written, command=RUN,
    )  # fmt: skip
    yield measured(
        "receiver_silence", None, _minutes(last, now), "min", f"last message {last:%Y-%m-%d %H:%M:%S} UTC",
        threshold=limits.silence_minutes, since_utc=last, command=RUN,
    )  # fmt: skip


def _spool(path: Path, limits: Thresholds, now: datetime) -> Iterator[Check]:
    try:
        messages, size, oldest = _backlog(path)
        since = oldest and datetime.fromisoformat(oldest)
    except (sqlite3.Error, ValueError) as error:
        yield Check("spool_messages", None, "critical", f"{path} cannot be read: {error}", command=LAND)
        return
    yield measured(
        "spool_messages", None, messages, "messages", f"{size / 1e6:.1f} MB wait to land",
        threshold=limits.spool_messages, since_utc=since, command=LAND,
    )  # fmt: skip
    yield measured(
        "spool_age", None, _minutes(since, now) if since else 0, "min", "the oldest message that waits",
        threshold=limits.spool_minutes, since_utc=since, command=LAND,
    )  # fmt: skip


def _backlog(path: Path) -> tuple[int, int, str | None]:
    """As Spool.backlog, but nothing is written: a file that nobody has open is read as it is."""
    alone = not path.with_name(path.name + "-wal").exists()
    address = f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if alone else ''}"
    with closing(sqlite3.connect(address, timeout=1, uri=True)) as db:
        return db.execute(BACKLOG).fetchone()


def _minutes(since: datetime, now: datetime) -> float:
    return (now - since).total_seconds() / 60
