"""Some weeks in the life of an installation, unattended: outages, restatements, kills, lost and doubled messages.

The stand-ins of the Insights API, of IRIS, of its archive and of an alert channel play made-up days; the clock moves
some hours at a time, and at each tick runs what cron and systemd would run, while things go wrong as a plan says. In
the end the tables must be those of a clean load of the same days, the gate green, and the messages those that the plan
calls for. `scripts/bench simulation [DAYS]`.
"""

import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

from loaders.bench.measure import show
from loaders.bench.simulated_days import REST, Row, rows_of
from loaders.bench.simulated_limits import write_limits
from loaders.bench.simulated_tables import contents, opened
from loaders.bench.simulated_trouble import WITHHELD, Expected, Kind, Plan, dice
from loaders.bench.simulated_world import Figures, Installation, World
from loaders.catalogue import load_catalogue
from loaders.tests.stand_ins.faults import Fault
from loaders.windows import DAY, day_start

FIRST = date(2025, 10, 25)  # summer time ends on the second day
BEFORE = 14 * DAY  # rows of earlier days, which the look-back of the first loads asks for; DISEBSP's is the longest
AFTER = 3 * DAY  # rows of later days: life goes on until nothing is restated any more
OUTAGES = (Fault.status(503), Fault.reset(), Fault.html(), Fault.cut(), Fault.quota())
HOUR = timedelta(hours=1)
ALERT_AFTER = HOUR / 2  # a tick: whatever the tick's work took by our clock, ages are those of the simulated one


@dataclass(frozen=True)
class Life:
    """``days`` settlement days from FIRST on, and how they are lived. What the plan leaves open hangs on ``seed``."""

    days: int
    plan: Plan
    datasets: tuple[str, ...]  # that are asked of REST
    only_messages: tuple[str, ...]
    build: tuple[str, ...]  # what `gb-power build` is told
    last_build: tuple[str, ...]  # the same, of the last one and of the clean load
    in_process: bool = False
    opened: Callable[[Path], AbstractContextManager[duckdb.DuckDBPyConnection]] = opened
    seed: int = 7


class Simulation:
    """One life in a folder of its own."""

    def __init__(self, folder: Path, life: Life):
        self._life, self._plan, self._folder = life, life.plan, folder
        self._chance, self.figures = random.Random(life.seed), Figures(life.days)
        self._last = FIRST + (life.days - 1) * DAY
        self._history = json.dumps({"history": {"default": {"from": str(FIRST), "to": str(self._last)}}})
        published = random.Random(life.seed)
        self._world = World(folder, self._rows(published), life.datasets, day_start(FIRST), published)
        limits = write_limits(folder / "limits.yml", self._plan)
        # in our process there is nobody to land beside it
        env = {"GB_POWER_THRESHOLDS": str(limits), "IRIS_LAND_SECONDS": "0" if life.in_process else "2"}
        where = (self._world, self._chance, self.figures, life.in_process)
        self._here = Installation(folder / "home", *where, **env)

    def _rows(self, published: random.Random) -> list[Row]:
        days = [FIRST - BEFORE + n * DAY for n in range(self._life.days + (BEFORE + AFTER).days)]
        wanted = {*self._life.datasets, *self._life.only_messages}
        rows = [row for day in days for row in rows_of(day, published) if row.dataset in wanted]
        rows = [row for row in rows if row.dataset == "DISEBSP" or row.at > day_start(FIRST - 5 * DAY)]
        for gap in (trouble for trouble in self._plan.troubles if trouble.kind == Kind.GAP):
            rows = [self._withheld(row, gap.first) for row in rows]
        return rows

    def _withheld(self, row: Row, build: int) -> Row:
        """A row of the hours before a build comes a tick after it."""
        begins, ends = self._moment(build) - 6 * HOUR, self._moment(build) - 3 * HOUR
        is_withheld = row.dataset == WITHHELD and begins <= row.key[0] < ends
        self.figures.counts[Kind.GAP] += is_withheld
        return row._replace(at=max(row.at, self._moment(build + 1))) if is_withheld else row

    def _moment(self, tick: int):
        return day_start(FIRST) + tick * self._plan.step_hours * HOUR

    def run(self) -> Figures:
        """Lives through the days, loads them once more in peace, and compares."""
        began = time.monotonic()
        with self._world:
            try:
                for tick in range(self._plan.ticks):
                    self._tick(tick)
                self._end()
            finally:
                self._here.stop_receiving(kill=False)
            clean = self._clean_load()
        self._compare(clean)
        self._judge_alerts()
        self.figures.seconds = time.monotonic() - began
        return self.figures

    def _goes_wrong(self, kind: Kind, tick: int) -> bool:
        is_wrong = self._plan.has(kind, tick)
        self.figures.counts[kind] += is_wrong
        return is_wrong

    def _tick(self, tick: int) -> None:
        """What the quarter hours of a tick bring: messages, loads, and whatever goes wrong; the alert comes last."""
        is_dead = self._goes_wrong(Kind.DEAD, tick)
        if is_dead:
            self._here.stop_receiving(kill=True)
        self._world.at(self._moment(tick), self.figures)
        if not is_dead:
            self._here.receive()
        if self._goes_wrong(Kind.CUT, tick):
            self._world.broker.drop()
        is_stalled, is_night = self._goes_wrong(Kind.STALL, tick), tick % (24 // self._plan.step_hours) == 0
        if self._goes_wrong(Kind.OUTAGE, tick):  # gaps --fill would believe that there is nothing
            fault = self._chance.choice(OUTAGES if is_night else (*OUTAGES, Fault.empty()))
            self._world.elexon.fail("/", fault, times=None)
        if not is_stalled:
            self._load(tick)
        if not is_dead:
            if self._goes_wrong(Kind.RECEIVER_KILL, tick):
                self._here.stop_receiving(kill=True)
            self._here.drain()
        if is_night and not is_stalled and self._plan.builds[0] < tick:
            self._fill(tick)
        self._world.elexon.clear_faults()
        if tick in self._plan.builds:
            self._build_and_compact(tick)
        self._alert(tick, ALERT_AFTER)

    def _load(self, tick: int) -> None:
        if not self._plan.has(Kind.OUTAGE, tick) and self._goes_wrong(Kind.LOAD_KILL, tick):
            self._here.run("load", *self._life.datasets, "--log-level", "error", kill_within=4)
        self._here.run("load", *self._life.datasets, "--log-level", "error")

    def _fill(self, tick: int) -> None:
        if self._goes_wrong(Kind.ARCHIVE, tick):
            self._world.archive.fail("/", Fault.status(503), times=None)
        fill = ("gaps", "--fill", "--archive-days", "2", "--log-level", "error")
        if self._goes_wrong(Kind.FILL_KILL, tick):
            self._here.run(*fill, kill_within=8)
        self._here.run(*fill)
        self._world.archive.clear_faults()

    def _build_and_compact(self, tick: int) -> None:
        if self._goes_wrong(Kind.BUILD_KILL, tick):
            self._here.run(*self._build(self._life.build), kill_within=15)
        self._here.run(*self._build(self._life.build))
        self._here.run("compact", "--log-level", "error")

    def _build(self, options: tuple[str, ...]) -> tuple[str, ...]:
        return ("build", *options, "--vars", self._history)

    def _alert(self, tick: int, after: timedelta) -> None:
        self._world.box.down = self._goes_wrong(Kind.UNHEARD, tick)
        self._world.later(after)
        self._here.run("alert", "--log-level", "error")
        if told := self._world.told():
            self.figures.told[tick] = told

    def _end(self) -> None:
        """Two days later nothing is restated any more, and all is well."""
        for hours in (24, 50):
            self._world.at(day_start(self._last + DAY) + hours * HOUR, self.figures)
            self._here.run("load", *self._life.datasets, "--log-level", "error")
            self._here.drain()
        for _ in range(2):
            self._here.run("gaps", "--fill", "--archive-days", str(self._life.days + 3), "--log-level", "error")
            self.figures.is_green = self._here.run(*self._build(self._life.last_build)) == 0
            if self.figures.is_green:
                break
        for number in range(2):
            self._alert(self._plan.ticks + number, (number + 1) * ALERT_AFTER / 2)

    def _clean_load(self) -> Path:
        """The same days, asked for once when all was known."""
        figures = Figures()
        clean = Installation(self._folder / "clean", self._world, self._chance, figures, self._life.in_process)
        catalogue, until = load_catalogue(), str(self._last + AFTER)
        back = {name: catalogue[name].rest.look_back_days for name in self._life.datasets}
        for days in set(back.values()):
            names, since = [name for name in back if back[name] == days], str(FIRST - days * DAY)
            clean.run("load", *names, "--from", since, "--to", until, "--log-level", "error")
        for name in self._life.only_messages:
            clean.run("iris", "archive", "--dataset", name, "--from", str(FIRST), "--to", until)
        if clean.run(*self._build(self._life.last_build)):
            raise RuntimeError(f"the clean load is not green: {self._folder / 'clean.log'}")
        return clean.home

    def _compare(self, clean: Path) -> None:
        """Every table but those that tell of the way, row by row."""
        held, wanted = (contents(self._life.opened, home) for home in (self._here.home, clean))
        for table in sorted({*held, *wanted}):
            ours, theirs = held.get(table, Counter()), wanted.get(table, Counter())
            self.figures.rows_compared += theirs.total()
            if differing := ((ours - theirs) + (theirs - ours)).total():
                self.figures.differences[table] = differing

    def _judge_alerts(self) -> None:
        expected = Expected(self._plan, self._life.datasets)
        self.figures.expected, self.figures.expected_pings = expected.told(), expected.pings
        self.figures.pings = self._world.box.pings


def main() -> None:
    """Two weeks, or as many days as the argument says."""
    days, step_hours = int(sys.argv[1]) if len(sys.argv) > 1 else 14, 8
    folder = Path(tempfile.mkdtemp(prefix="simulation-"))
    ticks = days * 24 // step_hours
    plan = dice(random.Random(days), ticks, step_hours, builds=tuple(range(0, ticks, 3 * 24 // step_hours)))
    build = ("--quiet", "--exclude-resource-type", "unit_test")
    figures = Simulation(folder, Life(days, plan, REST, ("ITSDO",), build, build)).run()
    rows = [[name, f"{number:,}"] for name, number in sorted(figures.counts.items())]
    rows += [[f"gb-power {name}: exit code {code}", f"{n:,}"] for (name, code), n in sorted(figures.exit_codes.items())]
    # a process begins with the peak of the one that started it, so a small one shows ours
    rows += [[f"peak MB of {name}, at most", f"{peak:,.0f}"] for name, peak in sorted(figures.peak_mb.items())]
    rows += [["rows compared", f"{figures.rows_compared:,}"], ["the gate is green", str(figures.is_green)]]
    rows += [["rows that differ from a clean load", str(figures.differences or 0)]]
    rows += [["messages told", f"{sum(told.total() for told in figures.told.values()):,}"]]
    rows += [["signs of life, and as many as there should be", f"{figures.pings:,}, {figures.expected_pings:,}"]]
    rows += [["messages wrong or missing", str(figures.wrong_alerts() or 0)]]
    show(f"{days} simulated days in {figures.seconds:,.0f} s", ["", ""], rows)
    if figures.differences or not figures.is_green or figures.wrong_alerts():
        sys.exit(f"see {folder}")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
