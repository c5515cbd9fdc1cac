"""Killed, crowded out, out of disk: the lake stays readable, and the next run completes it without duplicates."""

import logging
import random
import resource
import signal
import subprocess
import sys
import threading
import time

import duckdb
import pytest

from loaders.tests.conftest import Home
from loaders.tests.iris_station import until
from loaders.tests.stand_ins.insights import InsightsStandIn
from loaders.tests.stand_ins.recorded import rows as recorded_rows

SPAN = ("--from", "2022-01-01", "--to", "2022-01-02")
NAMES = ("BOALF", "PN", "BOD")
WIND = [row for row in recorded_rows("BOALF") if row["timeFrom"] < "2023"]
KILLS = 6
# One package for each window, so that kills meet the loader in every phase of several packages.
SMALL = {"GB_POWER_PACKAGE_SECONDS": "0"}


def contents(home: Home) -> dict[str, list[tuple]]:
    """What was published, of every table, in an order of its own."""
    hidden = "_fetched_at_utc, _load_id, _window_from_utc, _window_to_utc"
    return {name: home.raw(name.lower(), f"select * exclude ({hidden}) from raw order by all") for name in NAMES}


class Reader(threading.Thread):
    """Reads the lake as dbt does, again and again, and keeps what went wrong."""

    def __init__(self, home: Home):
        super().__init__(daemon=True)
        self.home, self.reads, self.errors, self.over = home, 0, [], threading.Event()

    def run(self):
        while not self.over.is_set():
            try:
                self.home.count("boalf")
                self.home.count("_windows")
                self.reads += 1
                self.over.wait(0.1)
            except duckdb.Error as error:
                if "No files found" not in str(error):
                    self.errors.append(error)


def test_a_loader_killed_at_random_moments_leaves_a_lake_that_the_next_run_completes(tmp_path):
    rng = random.Random()
    seed = rng.randrange(10**6)
    rng.seed(seed)
    with InsightsStandIn() as server:
        clean, killed = Home(tmp_path / "clean", server.url), Home(tmp_path / "killed", server.url)
        began = time.monotonic()
        clean.load(*NAMES, *SPAN, **SMALL, code=1)  # BOD was recorded for the first day only
        whole_run = time.monotonic() - began
        reader = Reader(killed)
        reader.start()
        for _ in range(KILLS):
            loader = subprocess.Popen(
                killed.command("load", *NAMES, *SPAN), env={**killed.env, **SMALL}, stderr=subprocess.DEVNULL
            )
            server.requests.clear()
            while not server.requests and loader.poll() is None:  # until then it only starts
                time.sleep(0.02)
            time.sleep(rng.uniform(0, whole_run / 2))
            loader.send_signal(signal.SIGKILL)
            loader.wait()
        last = killed.load(*NAMES, *SPAN, **SMALL, code=1)
        reader.over.set()
        reader.join()
    assert "cannot write" not in last.stderr, f"seed {seed}"
    assert contents(killed) == contents(clean), f"seed {seed}"
    assert reader.reads > 0
    assert not reader.errors, f"seed {seed}"
    assert not list((killed.path / "lake").rglob("*.tmp"))
    landed = killed.raw("_windows", "select dataset, sum(rows_landed) from raw group by dataset")
    assert dict(landed) == {name: killed.count(name.lower()) for name in NAMES}, (
        f"seed {seed}: the ledger and the rows disagree"
    )


@pytest.mark.parametrize(
    ("event", "folder"), [("shutil.rmtree", "normalize/extracted/"), ("os.rename", "load/loaded/")]
)
def test_a_loader_killed_within_a_move_of_a_package_is_not_stuck_for_ever(home, event, folder):
    """dlt moves a package in two steps, and by itself cannot go on from in between."""
    dies = (
        "import os, signal, sys; from loaders.cli import main\n"
        f"def die(event, paths): event == {event!r} and {folder!r} in str(paths) and os.kill(0, signal.SIGKILL)\n"
        "sys.addaudithook(die); main()"
    )
    arguments = home.command("load", "BOALF", *SPAN)[3:]
    done = subprocess.run([sys.executable, "-c", dies, *arguments], env=home.env, start_new_session=True, check=False)
    assert done.returncode == -signal.SIGKILL
    home.load("BOALF", *SPAN)
    assert home.count("boalf") == len(WIND)


@pytest.fixture
def first(home, server):
    """A loader that has asked, and is answered when the server is released."""
    server.released.clear()
    loading = subprocess.Popen(
        home.command("load", "BOALF", *SPAN), env=home.env, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    until(lambda: server.requests)
    yield loading
    server.released.set()
    assert loading.wait(300) == 0
    assert home.count("boalf") == len(WIND)


def test_the_second_loader_says_who_holds_the_lock_and_leaves_everything_alone(home, first):
    second = home.load("BOALF", *SPAN, code=75, GB_POWER_LOCK_WAIT_SECONDS="0")
    assert f"process {first.pid} (since " in second.stderr


def test_the_second_loader_waits_and_then_finds_nothing_left_to_do(home, server, first, monkeypatch):
    waits = logging.Handler()
    monkeypatch.setattr(waits, "emit", lambda record: server.released.set())
    monkeypatch.setattr(logging.getLogger("loaders.lock"), "handlers", [waits])
    assert "Nothing to ask" in home.load("BOALF", *SPAN, GB_POWER_LOCK_WAIT_SECONDS="300").stdout


@pytest.mark.parametrize("limit", [20_000, 60_000])
def test_a_full_disk_stops_the_run_with_its_reason_and_loses_nothing(home, limit):
    home.load("BMUNITS")

    def fill():  # every file may grow to so many bytes: what a full disk does, without needing one
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    full = subprocess.run(
        home.command("load", "BOALF", *SPAN), env=home.env, capture_output=True, text=True, preexec_fn=fill, check=False
    )
    assert full.returncode == 1, full.stdout + full.stderr
    assert "File too large" in full.stderr
    assert "Traceback" not in full.stderr
    home.load("BOALF", *SPAN)
    assert home.count("boalf") == len(WIND)
