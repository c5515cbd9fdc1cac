"""The landing killed at any moment, crowded out, or out of disk: the spool keeps what the lake does not hold yet."""

import os
import random
import resource
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from loaders.config import RAW_IRIS, read_settings
from loaders.iris.landing import land_spool
from loaders.iris.spool import Spool
from loaders.iris.tally import Tally
from loaders.lock import only_writer
from loaders.tests.conftest import Home
from loaders.tests.messages import message, wrapped

MESSAGES = 300
KILLS = 3


def spooled(home: Home, *more) -> Spool:
    """The spool of a home, holding messages of three datasets as the queue delivers them."""
    messages = [
        message(name, number=n, channel="QUEUE") for n in range(MESSAGES // 3) for name in ("MELS", "MILS", "BOALF")
    ]
    messages = [message(m.dataset, body=wrapped(m.body), message_id=m.message_id, channel="QUEUE") for m in messages]
    spool = Spool(home.path / "iris" / "spool.db")
    spool.add([*messages, *more])
    return spool


def land(home: Home, code: int = 0, preexec_fn=None, **env: str) -> subprocess.CompletedProcess:
    done = subprocess.run(
        home.command("iris", "land"),
        env={**home.env, **env},
        preexec_fn=preexec_fn,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


def land_here(home: Home) -> Tally:
    """As ``land``, in this process, which saves a second."""
    return land_spool(replace(read_settings(), home=home.path))


def landed_once(home: Home) -> None:
    """Every message of ``spooled`` is there, with its row, once."""
    for table in ("mels", "mils", "boalf"):
        query = "select count(*), count(distinct _message_id) from raw"
        assert home.raw(table, query, RAW_IRIS) == [(MESSAGES // 3, MESSAGES // 3)], table
    query = "select count(*), count(distinct message_id), sum(rows) from raw where outcome = 'LANDED'"
    assert home.raw("_messages", query, RAW_IRIS) == [(MESSAGES,) * 3]


def test_what_is_spooled_lands_and_the_spool_is_told(home):
    with spooled(home, message("NEWSET", []), message("MELS", body=b"[{", number=999)) as spool:
        done = land(home, code=65)
        assert spool.backlog().messages == 0
    landed_once(home)
    words = done.stdout.split()
    assert f"{MESSAGES + 2} messages, {MESSAGES} rows landed" in done.stdout
    assert words[words.index("MELS") + 1 :][:6] == ["101", "100", "0", "0", "0", "1"]
    assert words[words.index("NEWSET") + 1 :][:6] == ["1", "0", "0", "0", "1", "0"]
    assert land_here(home).total().messages == 0


def test_what_the_lake_holds_but_the_spool_was_not_told_lands_once(home):
    messages = spooled(home).waiting(MESSAGES, 1 << 30)
    land_here(home)
    again = Spool(home.path / "iris" / "again.db")
    again.add(messages)
    again.close()
    for suffix in ("", "-wal", "-shm"):
        (home.path / "iris" / f"spool.db{suffix}").unlink(missing_ok=True)
    (home.path / "iris" / "again.db").rename(home.path / "iris" / "spool.db")
    assert land_here(home).total().duplicates == MESSAGES
    landed_once(home)


# Runs ``gb-power iris land`` and kills its own process where the given method is called for the nth time.
DYING = """
import importlib, os, signal, sys
from loaders.cli import main
module, owner, method, nth = sys.argv[1:]
owner = getattr(importlib.import_module(module), owner)
original, calls = getattr(owner, method), []
def dying(*args, **kwargs):
    calls.append(1)
    if len(calls) == int(nth):
        os.kill(os.getpid(), signal.SIGKILL)
    return original(*args, **kwargs)
setattr(owner, method, dying)
main(["iris", "land"])
"""
POINTS = {
    "while rows are written": ("loaders.iris.landing", "_Package", "_count", 2),
    "before the package is normalised": ("dlt.pipeline.pipeline", "Pipeline", "normalize", 1),
    "before the package is loaded": ("dlt.pipeline.pipeline", "Pipeline", "load", 1),
    "between two files of the package": ("loaders.whole_files", "AtomicLocalFileSystem", "put_file", 3),
    "before the spool is told": ("loaders.iris.spool", "Spool", "landed", 1),
}


@pytest.mark.parametrize("point", POINTS)
def test_a_landing_that_is_killed_is_completed_by_the_next(home, point):
    with spooled(home) as spool:
        command = [sys.executable, "-c", DYING, *map(str, POINTS[point])]
        assert subprocess.run(command, env=home.env, capture_output=True, check=False).returncode == -signal.SIGKILL
        assert spool.backlog().messages == MESSAGES
        land_here(home)
        landed_once(home)
        assert spool.backlog().messages == 0


def test_a_landing_killed_at_random_moments_lands_everything_once_in_the_end(home):
    rng = random.Random()
    seed = rng.randrange(10**6)
    rng.seed(seed)
    with spooled(home) as spool:
        for _ in range(KILLS):
            lander = subprocess.Popen(home.command("iris", "land"), env=home.env, stderr=subprocess.DEVNULL)
            time.sleep(rng.uniform(0.5, 2.5))
            lander.send_signal(signal.SIGKILL)
            lander.wait()
        land_here(home)
        landed_once(home)
        assert spool.backlog().messages == 0, f"seed {seed}"
    assert not list((home.path / "lake").rglob("*.tmp"))


def test_two_landings_at_once_exclude_one_another_and_land_everything_once(home):
    spooled(home).close()
    both = [
        subprocess.Popen(home.command("iris", "land"), env=home.env, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    assert [lander.wait(600) for lander in both] == [0, 0]
    landed_once(home)


def test_a_landing_that_finds_the_lock_taken_says_by_whom_and_leaves_the_spool(home):
    with spooled(home) as spool, only_writer(replace(read_settings(), home=home.path), RAW_IRIS):
        done = land(home, code=75, GB_POWER_LOCK_WAIT_SECONDS="0")
        assert f"process {os.getpid()} (since " in done.stderr
        assert spool.backlog().messages == MESSAGES


def test_a_full_disk_ends_the_landing_with_its_reason_and_leaves_the_spool(home):
    def fill():  # every file may grow to so many bytes: what a full disk does, without needing one
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))

    with spooled(home) as spool:
        done = land(home, code=1, preexec_fn=fill)
        assert "File too large" in done.stderr or "disk I/O error" in done.stderr
        assert "Traceback" not in done.stderr
        assert spool.backlog().messages == MESSAGES
        land_here(home)
    landed_once(home)
