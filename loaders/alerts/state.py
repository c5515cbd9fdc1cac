"""What was told and what is still to be sent: one SQLite file, so that a restart neither repeats nor forgets.

A change of state and its message are written in one transaction, before anything is sent. A message stays until every
channel took it: a run that is killed between sending and noting so sends that one again, and none is ever lost.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from loaders import clock
from loaders.status.check import Check

TWICE = 2  # runs in a row that a state must hold before it is told; what is critical is told at once

_TABLES = """
    create table if not exists checks (
        name text, dataset text, told text not null, seen text not null, times integer not null,
        since_utc text not null, primary key (name, dataset)
    );
    create table if not exists events (rule text, event text, began_utc text not null, primary key (rule, event));
    create table if not exists messages (
        id integer primary key autoincrement, made_at_utc text not null, kind text not null, title text not null,
        body text not null, form text not null
    );
    create table if not exists sent (message_id integer, channel text, primary key (message_id, channel));
"""


@dataclass(frozen=True)
class Change:
    """A check whose state is another than the one that was told last."""

    check: Check
    was: str
    since_utc: datetime


@dataclass(frozen=True)
class Message:
    """What is to be sent. ``kind`` (info, success, warning, failure) and ``form`` (text, markdown) are apprise's."""

    kind: str
    title: str
    body: str
    form: str = "text"
    id: int = 0


class AlertState:
    """Opened for one run; see :func:`open_state`."""

    def __init__(self, db: sqlite3.Connection):
        self._db = db

    def observe(self, check: Check, now: datetime) -> Change | None:
        """Notes the state of a check and says if it is to be told."""
        key = (check.name, check.dataset or "")
        found = self._db.execute(
            "select told, seen, times, since_utc from checks where name = ? and dataset = ?", key
        ).fetchone()
        told, seen, times, since = found or ("ok", "ok", 0, now.isoformat())
        if check.state != seen:
            seen, times, since = check.state, 0, (check.since_utc or now).isoformat()
        times += 1
        changed = seen != told and (seen == "critical" or times >= TWICE)
        self._db.execute(
            "insert or replace into checks values (?, ?, ?, ?, ?, ?)",
            (*key, seen if changed else told, seen, times, since),
        )
        return Change(check, told, datetime.fromisoformat(since)) if changed else None

    def known(self) -> set[tuple[str, str | None]]:
        """Name and dataset of every check that was ever observed."""
        return {(name, dataset or None) for name, dataset in self._db.execute("select name, dataset from checks")}

    def since(self, name: str) -> datetime | None:
        """Since when a check of the whole is as it is; None if it was never observed."""
        found = self._db.execute("select since_utc from checks where name = ? and dataset = ''", [name]).fetchone()
        return datetime.fromisoformat(found[0]) if found else None

    def told(self) -> dict[tuple[str, str | None], str]:
        """The checks that are told, or about to be, as something else than ok."""
        rows = self._db.execute("select name, dataset, told from checks where told != 'ok' or seen != 'ok'")
        return {(name, dataset or None): told for name, dataset, told in rows}

    def forget(self, dataset: str) -> int:
        """Nothing is expected of a dataset any more; returns how many checks it had."""
        return self._db.execute("delete from checks where dataset = ?", [dataset]).rowcount

    def begun(self, rule: str) -> set[str] | None:
        """The events of a rule that are known; None if it was never looked at."""
        events = {event for (event,) in self._db.execute("select event from events where rule = ?", [rule])}
        return events - {""} if events else None

    def set_begun(self, rule: str, events: Iterable[str], now: datetime) -> None:
        """Which events of a rule are known from now on."""
        self._db.execute("delete from events where rule = ?", [rule])
        rows = [(rule, event, now.isoformat()) for event in {"", *events}]  # the empty one: it was looked at
        self._db.executemany("insert into events values (?, ?, ?)", rows)

    def add(self, message: Message) -> None:
        """Keeps a message until every channel took it."""
        self._db.execute(
            "insert into messages (made_at_utc, kind, title, body, form) values (?, ?, ?, ?, ?)",
            (clock.now().isoformat(), message.kind, message.title, message.body, message.form),
        )

    def unsent(self, channel: str) -> list[Message]:
        """What a channel has not taken yet, oldest first."""
        rows = self._db.execute(
            "select kind, title, body, form, id from messages"
            " where id not in (select message_id from sent where channel = ?) order by id",
            [channel],
        )
        return [Message(*row) for row in rows]

    def sent(self, messages: Iterable[Message], channel: str) -> None:
        """A channel took them."""
        self._db.executemany(
            "insert or ignore into sent values (?, ?)", [(message.id, channel) for message in messages]
        )
        self._db.commit()

    def clean(self, channels: Iterable[str]) -> None:
        """Removes the messages that all the channels of today took; the others stay."""
        wanted = list(channels)
        if not wanted:
            return
        took = f"select count(*) from sent where message_id = id and channel in ({', '.join('?' * len(wanted))})"
        self._db.execute(f"delete from messages where ({took}) = ?", [*wanted, len(wanted)])
        self._db.execute("delete from sent where message_id not in (select id from messages)")

    def undo(self) -> None:
        """As if nothing had been observed since the last commit."""
        self._db.rollback()

    def commit(self) -> None:
        """What was observed, and the messages about it, at once."""
        self._db.commit()


@contextmanager
def open_state(path: Path) -> Iterator[AlertState]:
    """The file, made if need be; what is not committed when something fails never happened."""
    path.parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path, timeout=10)
    try:
        db.executescript(_TABLES)
        yield AlertState(db)
        db.commit()
    finally:
        db.close()
