"""The world of the simulation: the far ends with their clock, and one installation with its commands."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from unittest import mock

from loaders.bench.simulated_days import Row, messages_of
from loaders.cli import main
from loaders.tests.stand_ins.insights import InsightsStandIn
from loaders.tests.stand_ins.iris_archive import ArchiveStandIn
from loaders.tests.stand_ins.iris_broker.thread import IrisBroker
from loaders.tests.stand_ins.iris_messages import Sent
from loaders.tests.stand_ins.post_box import PostBox

PATIENCE_SECONDS = 600
FAST = {
    "GB_POWER_TARGET": "duckdb", "BMRS_REQUESTS_PER_SECOND": "1000", "BMRS_TRIES": "2", "BMRS_BACKOFF_SECONDS": "0.01",
    "BMRS_READ_SECONDS": "5", "IRIS_ARCHIVE_REQUESTS_PER_SECOND": "1000", "IRIS_BATCH_SECONDS": "0.2",
    "IRIS_BACKOFF_SECONDS": "0.05", "IRIS_LONGEST_BACKOFF_SECONDS": "0.5",
}  # fmt: skip
TITLE = re.compile(r"^gb-power@\S+ ((?:CRITICAL|WARNING|ok again): .+)$", re.MULTILINE)


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
    told: dict[int, Counter] = field(default_factory=dict)  # tick -> titles of messages
    expected: dict[int, Counter] = field(default_factory=dict)
    pings: int = 0
    expected_pings: int = 0

    def wrong_alerts(self) -> dict[int, list[str]]:
        """By tick, each message that was told and should not have been (+), or should have been and was not (-)."""
        found: dict[int, list[str]] = {}
        for tick in sorted({*self.told, *self.expected}):
            told, expected = self.told.get(tick, Counter()), self.expected.get(tick, Counter())
            wrong = [f"+ {title}" for title in (told - expected).elements()]
            if wrong := wrong + [f"- {title}" for title in (expected - told).elements()]:
                found[tick] = wrong
        return found


class World:
    """The far ends, and the clock that all processes read."""

    def __init__(self, folder: Path, rows: list[Row], datasets: tuple[str, ...], sent_from: datetime, chance):
        self.elexon, self.archive, self.broker, self.box = InsightsStandIn(), ArchiveStandIn(), IrisBroker(), PostBox()
        self.now = sent_from
        self._clock = folder / "clock"
        self._rows, self._chance = sorted(rows, key=lambda row: row.at), chance
        self._messages = messages_of([row for row in rows if row.at >= sent_from])
        self._answers: dict[str, dict] = {name: {} for name in datasets}

    def __enter__(self):
        self.elexon.__enter__(), self.archive.__enter__(), self.broker.__enter__()
        self.broker.create("iris", lock_seconds=2.0)  # a lock of IRIS lasts 60
        return self

    def __exit__(self, *_) -> None:
        self.broker.__exit__(), self.archive.__exit__(), self.elexon.__exit__(), self.box.close()

    def env(self, home: Path) -> dict[str, str]:
        """Of a process of this installation."""
        here = {"GB_POWER_HOME": str(home), "GB_POWER_CLOCK": str(self._clock), "BMRS_BASE_URL": self.elexon.url}
        told = {"GB_POWER_ALERT_URLS": f"json://{self.box.place}", "GB_POWER_PING_URL": f"http://{self.box.place}"}
        return {**os.environ, **FAST, **here, **told, "IRIS_ARCHIVE_URL": self.archive.url, **self.broker.plain()}

    def at(self, now: datetime, figures: Figures) -> None:
        """Lets it be that moment: what was published until then can be asked for, and was sent."""
        self.now = now
        self.later(timedelta(0))
        while self._rows and self._rows[0].at <= now:
            row = self._rows.pop(0)
            figures.counts["restatements"] += row.key in self._answers.get(row.dataset, {})
            if row.dataset in self._answers:
                self._answers[row.dataset][row.key] = row.row
        for name, answers in self._answers.items():
            self.elexon.set_rows(name, answers.values())
        while self._messages and self._messages[0].sent_at <= now:
            self._send(self._messages.pop(0), figures)

    def later(self, after: timedelta) -> None:
        """Lets it be so long after that moment; nothing is published in between."""
        half = self._clock.with_suffix(".tmp")
        half.write_text((self.now + after).isoformat())
        half.replace(self._clock)  # as a whole: the receiver reads it meanwhile

    def published(self, dataset: str) -> list[tuple]:
        """The keys of its rows until now."""
        return list(self._answers[dataset])

    def told(self) -> Counter:
        """The titles of what the channel of alerts took since it was last asked, one by one."""
        got, self.box.got = self.box.got, []
        return Counter(title for post in got for title in TITLE.findall(f"{post['title']}\n{post['message']}"))

    def _send(self, message: Sent, figures: Figures) -> None:
        """To the archive always; into the queue mostly once, sometimes twice, rarely never."""
        times = self._chance.choices([1, 2, 0], [90, 9, 1])[0]
        figures.counts["messages"] += 1
        figures.counts[f"messages delivered {('never', 'once', 'twice')[times]}"] += 1
        self.archive.put(message)
        queued = {"body": message.queue_body, "message_id": message.message_id, "subject": message.dataset}
        self.broker.enqueue("iris", [queued] * times)


class Installation:
    """The commands on one home, as cron and systemd run them; ``in_process``: in ours, what is not killed."""

    def __init__(self, home: Path, world: World, chance: random.Random, figures: Figures, in_process: bool, **env: str):
        self.home, self._world, self._chance, self._figures = home, world, chance, figures
        self._in_process, self._env = in_process, env
        self._receiver: subprocess.Popen | None = None

    def run(self, *args: str, kill_within: float = 0) -> int:
        """``gb-power ARGS``, perhaps killed with all that it started; its exit code."""
        code = self._here(args) if self._in_process and not kill_within else self._away(args, kill_within)
        self._figures.exit_codes[" ".join(args[:2] if args[0] == "iris" else args[:1]), code] += 1
        return code

    def _here(self, args: tuple[str, ...]) -> int:
        with mock.patch.dict(os.environ, self._environment()):
            try:
                main(args, standalone_mode=False)
            except SystemExit as ended:
                return int(ended.code or 0)
        return 0

    def _away(self, args: tuple[str, ...], kill_within: float) -> int:
        process = self._start(args)
        if kill_within:
            time.sleep(self._chance.uniform(0.3, kill_within))
            self._kill(process)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self._peak(args[0], used.ru_maxrss)
        return process.returncode

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
        else:
            self._receiver.terminate()
        _, _, used = os.wait4(self._receiver.pid, 0)
        self._peak("iris run", used.ru_maxrss)
        self._receiver = None

    def drain(self) -> None:
        """Waits until the queue holds nothing, which the receiver sees to, and it has said so; then lands it."""
        end = time.monotonic() + PATIENCE_SECONDS
        while self._world.broker.stats()["queues"]["iris"]["left"] or not self._has_heard():
            self.receive()
            if time.monotonic() > end:
                raise RuntimeError(f"the queue was not emptied: {self._world.broker.stats()}")
            time.sleep(0.05)
        self.run("iris", "land", "--log-level", "error")

    def _has_heard(self) -> bool:
        """Whether the receiver says that a message came since the last tick."""
        path = self.home / "iris" / "receiver.json"
        last = json.loads(path.read_text())["last_message_at_utc"] if path.exists() else None
        return last is not None and datetime.fromisoformat(last) >= self._world.now

    def _environment(self) -> dict[str, str]:
        return self._world.env(self.home) | self._env

    def _start(self, args) -> subprocess.Popen:
        command = [sys.executable, "-m", "loaders.cli", *args]
        with (self.home.parent / f"{self.home.name}.log").open("a") as log:
            log.write(f"$ gb-power {' '.join(args)}\n")
            log.flush()
            return subprocess.Popen(command, env=self._environment(), stdout=log, stderr=log, start_new_session=True)

    def _kill(self, process: subprocess.Popen) -> None:
        os.killpg(process.pid, signal.SIGKILL)  # it may have ended, but is there until somebody waits for it

    def _peak(self, what: str, kilobytes: int) -> None:
        self._figures.peak_mb[what] = max(self._figures.peak_mb.get(what, 0), kilobytes / 1024)
