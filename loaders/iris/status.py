"""How the receiver is: numbers for its log line, and a small JSON file for whoever watches it."""

import json
import logging
import os
from collections import Counter
from datetime import datetime
from pathlib import Path

from loaders import clock
from loaders.iris.spool import Backlog, private_folder
from loaders.whole_text import write_whole

log = logging.getLogger(__name__)

COUNTS = ("received", "stored", "duplicates", "completed", "lock_lost", "connections", "troubles")


class Status:
    """Written whole or not at all, so that a reader never meets half of it."""

    def __init__(self, path: Path):
        self._path = path
        self.state = "starting"
        self.counts: Counter = Counter()
        self.backlog = Backlog(0, 0, None)
        self.started_at_utc = clock.now()
        self.last_message_at_utc: datetime | None = None
        self.last_landing_at_utc: datetime | None = None
        self.last_error: str | None = None
        self.last_error_at_utc: datetime | None = None

    def error(self, text: str) -> None:
        """Remembers the latest thing that went wrong."""
        self.last_error, self.last_error_at_utc = text, clock.now()

    def line(self) -> str:
        """One plain line."""
        counts = ", ".join(f"{self.counts[name]} {name.replace('_', ' ')}" for name in COUNTS[:4])
        backlog = f"{self.backlog.messages} to land ({self.backlog.bytes / 1e6:.1f} MB)"
        last = f"{self.last_message_at_utc:%H:%M:%S}Z" if self.last_message_at_utc else "none yet"
        return f"{self.state}: {counts}; {backlog}; last message {last}"

    def write(self) -> None:
        """Replaces the file; a disk that is full is no reason to stop."""
        content = {
            "state": self.state,
            "process": os.getpid(),
            "started_at_utc": self.started_at_utc,
            "written_at_utc": clock.now(),
            "last_message_at_utc": self.last_message_at_utc,
            "last_landing_at_utc": self.last_landing_at_utc,
            "last_error": self.last_error,
            "last_error_at_utc": self.last_error_at_utc,
            "counts": {name: self.counts[name] for name in COUNTS},
            "backlog": self.backlog._asdict(),
        }
        try:
            private_folder(self._path.parent)
            write_whole(self._path, json.dumps(content, default=datetime.isoformat, indent=1) + "\n")
        except OSError as error:
            log.debug("no status file: %s", error)
