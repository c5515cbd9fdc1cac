"""Where a message is safe before the queue forgets it: one SQLite file, between the receiver and the landing.

What is added is on the disk when ``add`` returns, so the receiver may then complete it. What has landed gives up its
body but not its id: the queue holds messages for three days, and what it delivers once more within them is known.
One process may add while another lands; within a process, one thread at a time.
"""

import hashlib
import json
import logging
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Self

from loaders import clock
from loaders.iris.message import Message

log = logging.getLogger(__name__)

REMEMBERED = timedelta(days=14)
BUSY_SECONDS = 30
FREE_BYTES_KEPT = 64 << 20  # room that landed bodies leave is used again; what is beyond this goes back to the disk
CORRUPT = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
TABLES = """
    begin immediate;
    create table if not exists known (
        message_id text primary key, digest blob not null, landed_at integer
    ) without rowid;
    create index if not exists landed on known (landed_at) where landed_at is not null;
    create table if not exists waiting (
        seq integer primary key, message_id text not null unique, dataset text not null, channel text not null,
        received_at_utc text not null, bytes integer not null, body blob not null
    );
    create index if not exists backlog on waiting (bytes, received_at_utc);
    commit;
"""
KNOW = "insert or ignore into known (message_id, digest) values (?, ?)"
WAIT = "insert into waiting (message_id, dataset, channel, received_at_utc, bytes, body) values (?, ?, ?, ?, ?, ?)"

BACKLOG = "select count(*), coalesce(sum(bytes), 0), min(received_at_utc) from waiting"


class SpoolUnavailable(RuntimeError):
    """The disk is full, or the file cannot be written or read now: nothing of the call was kept."""


class SpoolCorrupt(RuntimeError):
    """The file is damaged. ``Spool.opened`` moves it aside."""


class Backlog(NamedTuple):
    """What waits to be landed."""

    messages: int
    bytes: int
    oldest_received_at_utc: datetime | None


class Spool:
    """The messages that wait, and the ids of those that landed lately.

    Raises:
        SpoolUnavailable, SpoolCorrupt: from every method.
    """

    def __init__(self, path: Path):
        self.path = path
        self.duplicates = 0  # ids that were known, since this object was made
        self.conflicts = 0  # of them, those that came with other bytes
        with self._errors():
            private_folder(path.parent)
            path.touch(mode=0o600)  # SQLite gives its own files beside it the same mode
            self._db = sqlite3.connect(path, BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            try:
                self._prepare()
            except sqlite3.Error:
                self._db.close()
                raise

    def _prepare(self) -> None:
        if not self._db.execute("select count(*) from sqlite_schema").fetchone()[0]:
            self._db.execute("pragma page_size = 8192")  # some messages of 2 KB
            self._db.execute("pragma auto_vacuum = incremental")
            self._db.execute("pragma journal_mode = wal")
            self._db.executescript(TABLES)
        self._db.execute("pragma synchronous = full")
        self._db.execute(f"pragma journal_size_limit = {FREE_BYTES_KEPT}")

    @classmethod
    def opened(cls, path: Path) -> Self:
        """The spool, checked; a damaged file is moved aside first. For the receiver, which is the only one to add."""
        try:
            spool = cls(path)
            try:
                spool.check()
            except SpoolCorrupt:
                spool.close()
                raise
        except SpoolCorrupt as error:
            _move_aside(path, error)
            return cls(path)
        return spool

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the file; what was added stays."""
        self._db.close()

    def check(self) -> None:
        """Reads the whole file, to find damage now rather than when a message is needed."""
        with self._errors():
            (verdict,) = self._db.execute("pragma quick_check(1)").fetchone()
        if verdict != "ok":
            raise SpoolCorrupt(f"{self.path} is damaged: {verdict}")

    def add(self, messages: Iterable[Message]) -> int:
        """Keeps the messages whose ids are new, all or none of them, durably; returns how many those were."""
        kept, known = 0, []
        with self._transaction():
            for message in messages:
                if self._insert(message):
                    kept += 1
                else:
                    known.append(message)
        self._count(known)
        return kept

    def _insert(self, message: Message) -> bool:
        if not self._db.execute(KNOW, (message.message_id, _digest(message))).rowcount:
            return False
        row = (message.message_id, message.dataset, message.channel, message.received_at_utc.isoformat())
        self._db.execute(WAIT, (*row, len(message.body), message.body))
        return True

    def _count(self, known: list[Message]) -> None:
        self.duplicates += len(known)
        for message in known:
            with self._errors():
                query = "select digest from known where message_id = ?"
                (first,) = self._db.execute(query, (message.message_id,)).fetchone()
            if first != _digest(message):
                self.conflicts += 1
                log.error("ALARM: message %s came again with other bytes; the first ones are kept", message.message_id)

    def waiting(self, max_messages: int, max_bytes: int) -> list[Message]:
        """The oldest messages that have not landed: so many, or so many bytes, but one at least."""
        found: list[Message] = []
        size = 0
        query = "select message_id, dataset, body, received_at_utc, channel from waiting order by seq limit ?"
        with self._errors():
            rows = self._db.execute(query, (max_messages,))
            for message_id, dataset, body, received, channel in rows:
                size += len(body)
                if found and size > max_bytes:
                    break
                found.append(Message(message_id, dataset, body, datetime.fromisoformat(received), channel))
            rows.close()
        return found

    def waiting_among(self, message_ids: list[str]) -> set[str]:
        """Which of the messages have not landed."""
        query = "select message_id from waiting join json_each(?) on message_id = value"
        with self._errors():
            return {found for (found,) in self._db.execute(query, (json.dumps(message_ids),)).fetchall()}

    def landed(self, message_ids: Iterable[str]) -> None:
        """Drops the bodies of what is safe elsewhere, remembers the ids, forgets those of long ago."""
        now, ids = clock.now(), [(message_id,) for message_id in message_ids]
        with self._transaction():
            self._db.executemany("delete from waiting where message_id = ?", ids)
            stamped = f"update known set landed_at = {now.timestamp():.0f} where message_id = ? and landed_at is null"
            self._db.executemany(stamped, ids)
            self._db.execute("delete from known where landed_at < ?", ((now - REMEMBERED).timestamp(),))
        self._give_back()

    def _give_back(self) -> None:
        surplus = self._pragma("freelist_count") - FREE_BYTES_KEPT // self._pragma("page_size")
        if surplus > 0:
            with self._errors():  # as a script, since execute() would free a single page
                self._db.executescript(f"pragma incremental_vacuum({surplus})")

    def _pragma(self, name: str) -> int:
        with self._errors():
            return self._db.execute(f"pragma {name}").fetchone()[0]

    def backlog(self) -> Backlog:
        """How much waits, and since when."""
        with self._errors():
            messages, size, oldest = self._db.execute(BACKLOG).fetchone()
        return Backlog(messages, size, oldest and datetime.fromisoformat(oldest))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._errors():
            self._db.execute("begin immediate")
            try:
                yield
                self._db.execute("commit")
            except BaseException:
                if self._db.in_transaction:  # SQLite itself rolls back when the disk is full
                    self._db.execute("rollback")
                raise

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.ProgrammingError:  # a mistake of ours, not of the disk
            raise
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in CORRUPT:
                raise SpoolCorrupt(f"{self.path} is damaged: {error}") from error
            raise SpoolUnavailable(f"{self.path} cannot be used: {error}") from error
        except OSError as error:
            raise SpoolUnavailable(f"{self.path} cannot be used: {error}") from error


def private_folder(path: Path) -> None:
    """Makes a folder that nobody else may look into."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def _digest(message: Message) -> bytes:
    return hashlib.sha256(message.body).digest()[:16]


def _move_aside(path: Path, why: SpoolCorrupt) -> None:
    stamp = f"{clock.now():%Y%m%dT%H%M%S}Z"
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    for suffix in ("-wal", "-shm", ""):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    log.error(
        "ALARM: %s. It was moved to %s and a new one begun. What it held and had not landed is in Elexon's archive: "
        "'gb-power iris check --day DAY --fill' for the days since the last landing fetches it",
        why,
        aside,
    )
