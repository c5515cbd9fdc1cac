"""A lake that cannot be written, a clock that jumps, and loaders, builds and readers at the same time."""

import ctypes
import subprocess
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from loaders.config import RAW_BMRS, RAW_IRIS, read_settings
from loaders.iris.spool import Spool
from loaders.load_id import new_load_id
from loaders.tests.conftest import Home
from loaders.tests.iris_station import until
from loaders.tests.messages import message
from loaders.tests.test_load import DAY, NEXT, boalf

PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2


def bound_by_modes() -> None:
    """In a child: the superuser too has to keep to the modes of files, once the next program runs."""
    libc = ctypes.CDLL(None)
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


def run(home: Home, *args: str, **env: str) -> subprocess.CompletedProcess:
    """``gb-power ARGS`` as a user whom modes bind."""
    return subprocess.run(
        home.command(*args), env={**home.env, **env}, preexec_fn=bound_by_modes,
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip


def set_modes(home: Home, folder_mode: int) -> None:
    """Of every folder of the lake."""
    for path in (home.path / "lake").rglob("*"):
        if path.is_dir():
            path.chmod(folder_mode)


def test_a_lake_that_cannot_be_written_is_said_plainly_and_nothing_is_lost(home):
    sent = [message("MELS", number=n, channel="QUEUE") for n in range(5)]
    with Spool(home.path / "iris" / "spool.db") as spool:
        spool.add(sent)
    set_modes(home, 0o500)
    load, land = run(home, "load", "BOALF", "--from", DAY), run(home, "iris", "land")
    set_modes(home, 0o700)
    for done in (load, land):
        assert done.returncode == 1
        assert "cannot write to" in done.stderr, done.stderr
        assert "Permission denied" in done.stderr
        assert "Traceback" not in done.stderr
    assert home.count("boalf") == 0
    home.load("BOALF", "--from", DAY, "--to", NEXT)
    assert run(home, "iris", "land").returncode == 0
    assert home.count("boalf") == boalf(DAY, NEXT)
    assert home.raw("mels", "select count(*), count(distinct _message_id) from raw", RAW_IRIS) == [(5, 5)]


def test_load_ids_grow_whatever_the_clock_does(tmp_path, monkeypatch):
    place, clock = replace(read_settings(), home=tmp_path), tmp_path / "clock"
    monkeypatch.setenv("GB_POWER_CLOCK", str(clock))
    now, given = datetime(2026, 10, 25, 0, 59, 59, tzinfo=UTC), []
    for jump in (timedelta(0), timedelta(hours=-1), timedelta(days=400), timedelta(days=-800), timedelta(days=1)):
        now += jump
        clock.write_text(now.isoformat())
        given += [new_load_id(place, RAW_BMRS) for _ in range(3)]
    assert given == sorted(set(given))
    assert given[0].startswith("20261025T0059")


def test_a_clock_that_jumps_between_loads_loses_and_doubles_nothing(home, tmp_path):
    clock, ids = tmp_path / "clock", []
    moments = ["2026-06-01T12:00:00+00:00", "2026-05-01T12:00:00+00:00", "2027-01-01T00:00:00+00:00"]
    for number, moment in enumerate(moments):
        clock.write_text(moment)
        with Spool(home.path / "iris" / "spool.db") as spool:
            spool.add([message("MELS", number=n, channel="QUEUE") for n in range(number + 1)])
        done = subprocess.run(
            home.command("iris", "land"), env={**home.env, "GB_POWER_CLOCK": str(clock)}, check=True, timeout=600
        )
        assert done.returncode == 0
        ids.append(home.raw("mels", "select max(_load_id) from raw", RAW_IRIS)[0][0])
    assert ids == sorted(set(ids))
    assert home.raw("mels", "select count(*), count(distinct _message_id) from raw", RAW_IRIS) == [(3, 3)]


@pytest.mark.parametrize("ahead_days", [-400, 400])  # of the server: the machine's clock jumped forward, or back
def test_a_wrong_clock_is_told_and_no_window_counts_as_asked(home, server, ahead_days):
    server.ahead_seconds = ahead_days * 86400.0
    done = home.load("BOALF", "--from", DAY, "--to", NEXT, code=1)
    assert "this machine's clock says" in done.stderr
    assert "timedatectl set-ntp true" in done.stderr
    assert "Traceback" not in done.stderr
    assert (home.count("boalf"), home.count("_windows")) == (0, 0)
    server.ahead_seconds = 200.0  # as clocks are
    home.load("BOALF", "--from", DAY, "--to", NEXT)
    assert home.count("boalf") == boalf(DAY, NEXT)


class Readers:
    """Threads that count the rows of a raw table again and again, as a report would."""

    def __init__(self, home: Home, tables: list[tuple[str, str]], number: int = 2):
        self.counts: dict[tuple, list[int]] = {table: [] for table in tables}
        self.failed: list[Exception] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._read, args=(home,)) for _ in range(number)]

    def _read(self, home: Home) -> None:
        while not self._stop.is_set():
            for (schema, table), counts in self.counts.items():
                try:
                    counts.append(home.raw(table, "select count(*) from raw", schema)[0][0])
                except duckdb.Error as error:
                    self.failed.append(error)
            time.sleep(0.2)

    def __enter__(self) -> "Readers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def test_loaders_of_both_channels_and_readers_at_once_lose_no_row_and_fail_no_reader(home):
    tables = [(RAW_BMRS, "boalf"), (RAW_IRIS, "mels")]
    env = {**home.env, "GB_POWER_LOCK_WAIT_SECONDS": "100"}
    with Readers(home, tables) as readers:
        for turn in range(2):
            with Spool(home.path / "iris" / "spool.db") as spool:
                spool.add([message("MELS", number=20 * turn + n, channel="QUEUE") for n in range(20)])
            commands = [("load", "BOALF", "--from", day, "--again") for day in (DAY, NEXT)]
            commands += [("iris", "land"), ("iris", "land")]
            running = [subprocess.Popen(home.command(*args), env=env, stdout=subprocess.DEVNULL) for args in commands]
            assert [one.wait(600) for one in running] == [0] * len(running)
        until(lambda: all(len(counts) > 5 for counts in readers.counts.values()))
    assert readers.failed == []
    assert home.count("boalf") == boalf(DAY, NEXT)
    assert home.raw("mels", "select count(*), count(distinct _message_id) from raw", RAW_IRIS) == [(40, 40)]
