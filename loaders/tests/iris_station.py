"""A receiver on a stand-in's queue, in this process: the unmodified client library over a real socket."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

from loaders.iris.receiver import Receiver
from loaders.iris.settings import IrisSettings, read_iris_settings
from loaders.iris.spool import Spool
from loaders.iris.status import Status
from loaders.tests.stand_ins.iris_broker.thread import IrisBroker

FAST = {
    "IRIS_BATCH_MESSAGES": "100", "IRIS_BATCH_SECONDS": "0.2", "IRIS_BACKOFF_SECONDS": "0.05",
    "IRIS_LONGEST_BACKOFF_SECONDS": "0.5", "IRIS_REFUSED_BACKOFF_SECONDS": "0.1", "IRIS_FREE_MB": "0",
    "IRIS_LAND_SECONDS": "0", "IRIS_DRAIN_SECONDS": "10",
}  # fmt: skip


def settings_of(environment: dict[str, str]) -> IrisSettings:
    """What ``gb-power iris run`` would read in this environment."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("IRIS_")}
    with patch.dict(os.environ, {**others, **FAST, **environment}, clear=True):
        return read_iris_settings()


class Station:
    """A receiver and its spool."""

    def __init__(self, broker: IrisBroker, folder: Path, environment: dict[str, str] | None = None, **more: str):
        self.broker, self.path = broker, folder / "iris" / "spool.db"
        self.iris = settings_of({**(environment or broker.plain()), **more})
        self.status = Status(folder / "iris" / "receiver.json")
        self.receiver: Receiver | None = None

    def run(self, done: Callable[[], bool] | None = None, seconds: float = 300) -> None:
        """Receives until ``done``, by default until the queue holds nothing; fails when that takes too long."""
        asyncio.run(self._run(done or self.queue_is_empty, seconds))

    async def _run(self, done: Callable[[], bool], seconds: float) -> None:
        stop = asyncio.Event()
        self.receiver = Receiver(self.iris, self.path, self.status, stop)
        running = asyncio.create_task(self.receiver.run())
        until = time.monotonic() + seconds
        while not running.done() and not await asyncio.to_thread(done):
            assert time.monotonic() < until, f"not done after {seconds} s: {self.status.line()}, {self.broker.stats()}"
            await asyncio.sleep(0.02)
        stop.set()
        await asyncio.wait_for(running, 300)

    def queue_is_empty(self) -> bool:
        """Whether everything was completed, or buried."""
        return self.queue()["left"] == 0

    def state(self) -> dict:
        """What the receiver's file says."""
        file = self.path.with_name("receiver.json")
        return json.loads(file.read_text()) if file.exists() else {}

    def queue(self) -> dict[str, int]:
        """The broker's numbers of the queue."""
        return self.broker.stats()["queues"][self.iris.queue]

    def spooled(self) -> list[str]:
        """The ids in the spool."""
        with Spool(self.path) as spool:
            return [message.message_id for message in spool.waiting(1_000_000, 1 << 40)]

    def open_connections(self) -> int:
        """Connections that the broker still sees, once those that are closing have closed."""
        until = time.monotonic() + 60
        while self.broker.stats()["open"] and time.monotonic() < until:
            time.sleep(0.02)
        return self.broker.stats()["open"]


def process(
    broker: IrisBroker, home: Path, environment: dict[str, str] | None = None, log_level: str = "info", **more: str
) -> subprocess.Popen:
    """``gb-power iris run`` as a process of its own, as systemd runs it."""
    environment = {**os.environ, **FAST, **(environment or broker.plain()), "GB_POWER_HOME": str(home), **more}
    command = [sys.executable, "-m", "loaders.cli", "iris", "run", "--log-level", log_level]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


def until(condition: Callable[[], object], seconds: float = 300) -> None:
    """Waits for something that another process does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def names(number: int) -> list[str]:
    """The ids that ``broker.fill`` gives to the first so many messages."""
    return [f"GENERATED_{n:08d}.json" for n in range(number)]
