"""Some weeks in the life of an installation, unattended: outages, restatements, kills, lost and doubled messages.

The stand-ins of the Insights API, of IRIS and of its archive publish made-up days; the clock moves a few hours at a
time, and at each step runs what cron and systemd would run, while things go wrong by the dice. In the end the tables
must be those of a clean load of the same days, and the gate green. `scripts/bench simulation [DAYS]`.
"""

import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import duckdb

from loaders.bench.measure import show
from loaders.bench.simulated_days import REST, rows_of
from loaders.bench.simulated_world import Figures, Installation, World
from loaders.catalogue import load_catalogue
from loaders.tests.stand_ins.faults import Fault
from loaders.windows import DAY, day_start, settlement_day

FIRST = date(2025, 10, 25)  # summer time ends on the second day
BEFORE = 14 * DAY  # rows of earlier days, which the look-back of the first loads asks for; DISEBSP's is the longest
OUTAGES = (Fault.status(503), Fault.reset(), Fault.html(), Fault.cut(), Fault.quota(), Fault.empty())
# What a clean load cannot know: when and how often it was asked, and the versions of a price before the last one (of
# which bmrs_costs, compared like all others, is the last).
OF_THE_WAY = {
    "answered_days", "asked_days", "dataset_coverage", "dataset_freshness", "landed_days", "landed_loads",
    "load_reconciliation", "period_coverage", "quality_scorecard", "mart_now", "mart_now_mix",
    "bmrs_disebsp_unified", "fct_system_price_vintages",
}  # fmt: skip
LINEAGE = {"fetched_at_utc", "load_id", "evaluated_at_utc", "built_at_utc", "source"}
REVISIONS = {"revised_periods", "revision_count", "first_price_gbp_per_mwh", "revised_by_gbp_per_mwh"}


class Simulation:
    """``days`` settlement days from FIRST on, in steps of some hours; everything random hangs on ``seed``.

    ``trouble``: how many times as likely as in the long run something goes wrong.
    """

    def __init__(self, folder: Path, days: int, build: list[str], step_hours=8, build_days=3, trouble=1.0, seed=7):
        self._chance, self._trouble, self.figures = random.Random(seed), trouble, Figures(days)
        self._step, self._build_days, self._days = timedelta(hours=step_hours), build_days, days
        self._folder, self._last = folder, FIRST + (days - 1) * DAY
        history = {"history": {"default": {"from": str(FIRST), "to": str(self._last)}}}
        self._build = ["build", *build, "--vars", json.dumps(history)]
        asked = [FIRST - BEFORE + n * DAY for n in range(days + BEFORE.days)]
        published = random.Random(seed)
        rows = [row for day in asked for row in rows_of(day, published)]
        rows = [row for row in rows if row.dataset == "DISEBSP" or row.at > day_start(FIRST - 5 * DAY)]
        self._world = World(folder, rows, day_start(FIRST), published)
        self._here = Installation(folder / "home", self._world, self._chance, self.figures)

    def run(self) -> Figures:
        """Lives through the days, loads them once more in peace, and compares."""
        began = time.monotonic()
        with self._world:
            try:
                self._live()
                self._end()
            finally:
                self._here.stop_receiving(kill=False)
            clean = self._clean_load()
        self._compare(clean)
        self.figures.seconds = time.monotonic() - began
        return self.figures

    def _live(self) -> None:
        now, end = day_start(FIRST), day_start(self._last + DAY)
        self._world.at(now, self.figures)
        self._here.run("load", *REST, "--log-level", "error")
        while now < end:
            now += self._step
            self._world.at(now, self.figures)
            self._trouble_and_load()
            if settlement_day(now) != settlement_day(now - self._step):
                self._night((settlement_day(now) - FIRST).days)

    def _trouble_and_load(self) -> None:
        """What the quarter hours of a step bring: messages, loads, and whatever goes wrong."""
        if self._happens(0.3):
            self._world.elexon.fail("/", self._chance.choice(OUTAGES), times=None)
            self.figures.counts["outages of REST"] += 1
        self._here.receive()
        if self._happens(0.3):
            self._world.broker.drop()
            self.figures.counts["connections of IRIS cut"] += 1
        self._here.run("load", *REST, "--log-level", "error", kill_within=4 if self._happens(0.25) else 0)
        self._world.elexon.clear_faults()
        if self._happens(0.4):
            self._here.stop_receiving(kill=self._happens(0.7))
        self._here.drain()

    def _night(self, day: int) -> None:
        if self._happens(0.3):
            self._world.archive.fail("/", Fault.status(503), times=None)
            self.figures.counts["outages of the archive"] += 1
        fill = ("gaps", "--fill", "--archive-days", "2", "--log-level", "error")
        if (self._here.home / "served").exists():
            self._here.run(*fill, kill_within=8 if self._happens(0.3) else 0)
        self._world.archive.clear_faults()
        if day % self._build_days == 0:
            if self._happens(0.4):
                self._here.run(*self._build, kill_within=15)
            self._here.run(*self._build)
            self._here.run("compact", "--log-level", "error")

    def _end(self) -> None:
        """Two days later nothing is restated any more, and all is well."""
        for hours in (24, 50):
            self._world.at(day_start(self._last + DAY) + timedelta(hours=hours), self.figures)
            self._here.drain()
            self._here.run("load", *REST, "--log-level", "error")
        self._here.stop_receiving(kill=False)
        self._here.run("iris", "land", "--log-level", "error")
        for _ in range(2):
            if (self._here.home / "served").exists():
                self._here.run("gaps", "--fill", "--archive-days", str(self._days + 3), "--log-level", "error")
            self.figures.is_green = self._here.run(*self._build) == 0
            if self.figures.is_green:
                break

    def _clean_load(self) -> Path:
        """The same days, asked for once when all was known."""
        clean = Installation(self._folder / "clean", self._world, self._chance, Figures())
        catalogue, until = load_catalogue(), str(self._last + 3 * DAY)
        back = {name: catalogue[name].rest.look_back_days for name in REST}
        for days in set(back.values()):
            names, since = [name for name in REST if back[name] == days], str(FIRST - days * DAY)
            clean.run("load", *names, "--from", since, "--to", until, "--log-level", "error")
        clean.run("iris", "archive", "--dataset", "ITSDO", "--from", str(FIRST), "--to", until)
        if clean.run(*self._build):
            raise RuntimeError(f"the clean load is not green: {self._folder / 'clean.log'}")
        return clean.home

    def _compare(self, clean: Path) -> None:
        """Every table but those that tell of the way, row by row."""
        with _opened(self._here.home) as ours, _opened(clean) as theirs:
            for table in sorted({*_tables(ours), *_tables(theirs)} - OF_THE_WAY):
                held, wanted = _rows(ours, table), _rows(theirs, table)
                self.figures.rows_compared += wanted.total()
                if differing := ((held - wanted) + (wanted - held)).total():
                    self.figures.differences[table] = differing

    def _happens(self, chance: float) -> bool:
        return self._chance.random() < chance * self._trouble


def _opened(home: Path) -> duckdb.DuckDBPyConnection:
    db = duckdb.connect(str(home / "warehouse.duckdb"), read_only=True)
    db.execute("set TimeZone = 'UTC'")
    return db


def _tables(db: duckdb.DuckDBPyConnection) -> list[str]:
    found = db.execute("select table_name from information_schema.tables where table_schema = 'main'").fetchall()
    return [name for (name,) in found]


def _rows(db: duckdb.DuckDBPyConnection, table: str) -> Counter:
    """Each row as a number; sums of floats depend on the order of their parts, so nine decimals count."""
    columns = [
        f"round({name}, 9)" if kind == "DOUBLE" else name
        for name, kind, *_ in db.execute(f"describe {table}").fetchall()
        if name not in LINEAGE | REVISIONS
    ]
    return Counter(row for (row,) in db.execute(f"select hash({', '.join(columns)}) from {table}").fetchall())


def main() -> None:
    """Two weeks, or as many days as the argument says."""
    days = int(sys.argv[1]) if len(sys.argv) > 1 else 14
    folder = Path(tempfile.mkdtemp(prefix="simulation-"))
    simulation = Simulation(folder, days, ["--quiet", "--exclude-resource-type", "unit_test"])
    figures = simulation.run()
    rows = [[name, f"{number:,}"] for name, number in sorted(figures.counts.items())]
    rows += [[f"gb-power {name}: exit code {code}", f"{n:,}"] for (name, code), n in sorted(figures.exit_codes.items())]
    # a process begins with the peak of the one that started it, so a small one shows ours
    rows += [[f"peak MB of {name}, at most", f"{peak:,.0f}"] for name, peak in sorted(figures.peak_mb.items())]
    rows += [["rows compared", f"{figures.rows_compared:,}"], ["the gate is green", str(figures.is_green)]]
    rows += [["rows that differ from a clean load", str(figures.differences or 0)]]
    show(f"{days} simulated days in {figures.seconds:,.0f} s", ["", ""], rows)
    if figures.differences or not figures.is_green:
        sys.exit(f"see {folder}")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
