"""Two loaders, the receiver, builds and readers at the same time: `scripts/bench soak [MINUTES]`.

A made-up day is published at three hundred times its speed. Each part runs as often as it can, so that all that may
meet does meet. In the end no reader has failed or seen fewer rows than before, and every row and message is there.
"""

import random
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import duckdb

from loaders.bench.measure import show
from loaders.bench.simulated_days import REST, rows_of
from loaders.bench.simulated_world import Figures, Installation, World
from loaders.bench.simulation import BEFORE, FIRST
from loaders.windows import DAY, day_start

SPEED = 300
PUBLISH_SECONDS = 2
READERS = 2
PATIENT_SECONDS = 300  # for a lock, as three wait for the same
KEYS = {"FREQ": "measurement_time", "FUELINST": "(start_time, fuel_type)", "MID": "start_time"}  # of one channel's rows
BUILD = ("build", "--quiet", "--selector", "live", "--exclude-resource-type", "test", "unit_test")
SERVED = ("bmrs_freq_unified", "bmrs_fuelinst_unified", "bmrs_costs", "fct_generation_mix_half_hours")


class Soak:
    """One home, and what is done to it."""

    def __init__(self, folder: Path, minutes: float):
        chance = random.Random(1)
        days = [FIRST - BEFORE + n * DAY for n in range(int(minutes * 60 * SPEED / 86_400) + BEFORE.days + 2)]
        rows = [row for day in days for row in rows_of(day, chance)]
        rows = [row for row in rows if row.dataset == "DISEBSP" or row.at > day_start(FIRST - 5 * DAY)]
        self._folder, self._seconds, self._over = folder, minutes * 60, threading.Event()
        self._published = Figures()
        self._world = World(folder, rows, REST, day_start(FIRST), chance)
        self.counts: Counter = Counter()
        self.failed: list[str] = []

    def run(self) -> dict[str, str]:
        """Everything at once, then the last load and landing; the figures."""
        home = self._folder / "home"
        with self._world:
            self._world.at(day_start(FIRST), self._published)
            here = self._installation(home)
            self._ended(here, "load", *REST)
            self._ended(here, *BUILD)
            here.receive()
            with self._threads(home):
                self._publish()
            here.drain()
            here.stop_receiving(kill=False)
            self._ended(here, "load", *REST)
        return self._figures(home)

    def _installation(self, home: Path) -> Installation:
        """One for each thread, since they count."""
        env = {"IRIS_LAND_SECONDS": "2", "GB_POWER_LOCK_WAIT_SECONDS": str(PATIENT_SECONDS)}
        return Installation(home, self._world, random.Random(), Figures(), in_process=False, **env)

    def _ended(self, here: Installation, *args: str) -> None:
        code = here.run(*args)
        self.counts[f"{args[0]}: exit code {code}"] += 1

    def _publish(self) -> None:
        began = time.monotonic()
        while (lived := time.monotonic() - began) < self._seconds:
            self._world.at(day_start(FIRST) + timedelta(seconds=lived * SPEED), self._published)
            time.sleep(PUBLISH_SECONDS)

    @contextmanager
    def _threads(self, home: Path) -> Iterator[None]:
        commands = (("load", *REST), ("load", "FREQ", "FUELINST"), BUILD)
        works = [partial(self._ended, self._installation(home), *command) for command in commands]
        works += [partial(self._read, home, {}) for _ in range(READERS)]
        with ThreadPoolExecutor(len(works)) as pool:
            done = [pool.submit(self._repeat, work) for work in works]
            try:
                yield
            finally:
                self._over.set()
        for one in done:
            one.result()

    def _repeat(self, work: Callable[[], None]) -> None:
        while not self._over.is_set():
            work()

    def _read(self, home: Path, seen: dict[str, int]) -> None:
        """As an analyst: the warehouse that is served, and the lake beside it."""
        with duckdb.connect(str(home / "served" / "warehouse.duckdb"), read_only=True) as db:
            for name in SERVED:
                self._count(db, name, name, seen)
            for schema, table in (("raw_bmrs", "freq"), ("raw_iris", "fuelinst")):
                self._count(db, f"{schema}.{table}", f"read_parquet('{home}/lake/{schema}/{table}/*.parquet')", seen)
        time.sleep(0.05)

    def _count(self, db: duckdb.DuckDBPyConnection, name: str, source: str, seen: dict[str, int]) -> None:
        try:
            (rows,) = db.execute(f"select count(*) from {source}").fetchone()
        except duckdb.Error as error:
            self.failed.append(f"{name}: {error}")
            return
        self.counts["reads"] += 1
        if rows < seen.get(name, 0):
            self.failed.append(f"{name}: {rows} rows, after {seen[name]}")
        seen[name] = rows

    def _figures(self, home: Path) -> dict[str, str]:
        lost = {}
        with duckdb.connect() as db:
            db.execute("set TimeZone = 'UTC'")
            for name, key in KEYS.items():
                files, since = f"{home}/lake/raw_bmrs/{name.lower()}/*.parquet", day_start(FIRST)
                moment = key.strip("()").split(",")[0]
                query = f"select count(distinct {key}) from read_parquet('{files}') where {moment} >= $1"
                (held,) = db.execute(query, [since]).fetchone()
                lost[name] = sum(key[0] >= since for key in self._world.published(name)) - held
            query = f"select count(*), count(distinct message_id) from '{home}/lake/raw_iris/_messages/*.parquet'"
            landed, distinct = db.execute(query).fetchone()
        sent = self._published.counts["messages"] - self._published.counts["messages delivered never"]
        return {
            **{name: f"{number:,}" for name, number in sorted(self.counts.items())},
            "reads that failed, or saw fewer rows than before": f"{len(self.failed):,}",
            **{f"rows of {name} that are lost": f"{number:,}" for name, number in lost.items()},
            "messages that are lost": f"{sent - distinct:,} of {sent:,}",
            "messages that landed twice": f"{landed - distinct:,}",
        }


def main() -> None:
    """Ten minutes, or as many as the argument says."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 10
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    soak = Soak(folder, minutes)
    figures = soak.run()
    show(f"{minutes:g} minutes of everything at once", ["", ""], [list(pair) for pair in figures.items()])
    wrong = soak.failed or any(not value.startswith("0") for name, value in figures.items() if "lost" in name)
    if wrong or figures["messages that landed twice"] != "0":
        sys.exit(f"see {folder}; " + "\n".join(soak.failed[:10]))
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
