"""The world of the simulation: the far ends with their clock, and one installation with its commands."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from loaders.bench.simulated_days import REST, Row, messages_of
from loaders.tests.stand_ins.insights import InsightsStandIn
from loaders.tests.stand_ins.iris_archive import ArchiveStandIn
from loaders.tests.stand_ins.iris_broker.thread import IrisBroker
from loaders.tests.stand_ins.iris_messages import Sent

PATIENCE_SECONDS = 60
FAST = {
    "GB_POWER_TARGET": "duckdb", "BMRS_REQUESTS_PER_SECOND": "1000", "BMRS_TRIES": "2", "BMRS_BACKOFF_SECONDS": "0.01",
    "BMRS_READ_SECONDS": "5", "IRIS_ARCHIVE_REQUESTS_PER_SECOND": "1000", "IRIS_BATCH_SECONDS": "0.2",
    "IRIS_BACKOFF_SECONDS": "0.05", "IRIS_LONGEST_BACKOFF_SECONDS": "0.5", "IRIS_LAND_SECONDS": "2",
}  # fmt: skip


@dataclass
class Figures:
    """What happened."""

    days: int = 0
    counts: Counter = field(default_factory=Counter)
    exit_codes: Counter = field(default_factory=Counter)  # (command, code)
    peak_mb: dict[str, float] = field(default_factory=dict)
    seconds: float = 0
    is_green: bool = False
    rows_compared: int = 0
    differences: dict[str, int] = field(default_factory=dict)  # table -> rows


class World:
    """The far ends, and the clock that all processes read."""

    def __init__(self, folder: Path, rows: list[Row], sent_from: datetime, chance: random.Random):
        self.elexon, self.archive, self.broker = InsightsStandIn(), ArchiveStandIn(), IrisBroker()
        self._clock = folder / "clock"
        self._rows, self._chance = sorted(rows, key=lambda row: row.at), chance
        self._messages = messages_of([row for row in rows if row.at >= sent_from])
        self._answers: dict[str, dict] = {name: {} for name in REST}

    def __enter__(self):
        self.elexon.__enter__(), self.archive.__enter__(), self.broker.__enter__()
        self.broker.create("iris", lock_seconds=2.0)  # a lock of IRIS lasts 60
        return self

    def __exit__(self, *_) -> None:
        self.broker.__exit__(), self.archive.__exit__(), self.elexon.__exit__()

    def env(self, home: Path) -> dict[str, str]:
        """Of a process of this installation."""
        here = {"GB_POWER_HOME": str(home), "GB_POWER_CLOCK": str(self._clock), "BMRS_BASE_URL": self.elexon.url}
        return {**os.environ, **FAST, **here, "IRIS_ARCHIVE_URL": self.archive.url, **self.broker.plain()}

    def at(self, now: datetime, figures: Figures) -> None:
        """Lets it be that moment: what was published until then can be asked for, and was sent."""
        self._clock.write_text(now.isoformat())
        while self._rows and self._rows[0].at <= now:
            row = self._rows.pop(0)
            figures.counts["restatements"] += row.key in self._answers.get(row.dataset, {})
            self._answers.setdefault(row.dataset, {})[row.key] = row.row
        for name in REST:
            self.elexon.set_rows(name, self._answers[name].values())
        while self._messages and self._messages[0].sent_at <= now:
            self._send(self._messages.pop(0), figures)

    def _send(self, message: Sent, figures: Figures) -> None:
        """To the archive always; into the queue mostly once, sometimes twice, rarely never."""
        times = self._chance.choices([1, 2, 0], [90, 9, 1])[0]
        figures.counts["messages"] += 1
        figures.counts[f"messages delivered {('never', 'once', 'twice')[times]}"] += 1
        self.archive.put(message)
        queued = {"body": message.queue_body, "message_id": message.message_id, "subject": message.dataset}
        self.broker.enqueue("iris", [queued] * times)


class Installation:
    """The commands on one home, as cron and systemd run them."""

    def __init__(self, home: Path, world: World, chance: random.Random, figures: Figures):
        self.home, self._world, self._chance, self._figures = home, world, chance, figures
        self._receiver: subprocess.Popen | None = None

    def run(self, *args: str, kill_within: float = 0) -> int:
        """``gb-power ARGS``, perhaps killed with all that it started; its exit code."""
        process = self._start(args)
        if kill_within:
            time.sleep(self._chance.uniform(0.3, kill_within))
            self._kill(process)
            self._figures.counts[f"kills of {args[0]}"] += 1
        _, status, used = os.wait4(process.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        process.returncode = code
        self._figures.exit_codes[" ".join(args[:2] if args[0] == "iris" else args[:1]), code] += 1
        self._peak(args[0], used.ru_maxrss)
        return code

    def receive(self) -> None:
        """Sees to it that the receiver runs."""
        if self._receiver and self._receiver.poll() is None:
            return
        self._figures.counts["starts of the receiver"] += 1
        self._receiver = self._start(("iris", "run", "--log-level", "error"))

    def stop_receiving(self, kill: bool) -> None:
        """By ``kill -9``, or as systemd does."""
        if not self._receiver:
            return
        if kill:
            self._kill(self._receiver)
            self._figures.counts["kills of the receiver"] += 1
        else:
            self._receiver.terminate()
        _, _, used = os.wait4(self._receiver.pid, 0)
        self._peak("iris run", used.ru_maxrss)
        self._receiver = None

    def drain(self) -> None:
        """Waits until the queue holds nothing, which the receiver sees to."""
        end = time.monotonic() + PATIENCE_SECONDS
        while self._world.broker.stats()["queues"]["iris"]["left"]:
            self.receive()
            if time.monotonic() > end:
                raise RuntimeError(f"the queue was not emptied: {self._world.broker.stats()}")
            time.sleep(0.05)

    def _start(self, args) -> subprocess.Popen:
        command = [sys.executable, "-m", "loaders.cli", *args]
        with (self.home.parent / f"{self.home.name}.log").open("a") as log:
            log.write(f"$ gb-power {' '.join(args)}\n")
            log.flush()
            env = self._world.env(self.home)
            return subprocess.Popen(command, env=env, stdout=log, stderr=log, start_new_session=True)

    def _kill(self, process: subprocess.Popen) -> None:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)

    def _peak(self, what: str, kilobytes: int) -> None:
        self._figures.peak_mb[what] = max(self._figures.peak_mb.get(what, 0), kilobytes / 1024)
