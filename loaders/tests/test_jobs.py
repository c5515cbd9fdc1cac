"""``gb-power job``: lock, limit, exit code and the note that alert reads."""

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from loaders.config import read_settings
from loaders.jobs import LOCKED, NOT_FOUND, TIMED_OUT, run_job

SLEEP = f"600.{os.getpid()}"  # seconds, and no other process's
SLEEPER = [sys.executable, "-c", f"import subprocess; subprocess.run(['sleep', '{SLEEP}'])"]


@pytest.fixture
def run(tmp_path):
    """A job's exit code and its note after it."""
    settings = replace(read_settings(), home=tmp_path)

    def run(*command: str, limit: float = 20, every: float | None = 900) -> tuple[int, dict]:
        code = run_job(settings, "load", command, every, limit)
        return code, json.loads((tmp_path / "jobs" / "load.json").read_text())

    return run


def test_how_it_ended_is_noted(run):
    code, good = run("true")
    assert (code, good["exit_code"], good["failures"], good["every_seconds"], good["command"]) == (0, 0, 0, 900, "true")
    assert run("sh", "-c", "exit 3")[0] == 3
    code, bad = run("sh", "-c", "kill -9 $$")
    assert (code, bad["failures"]) == (137, 2)
    assert bad["ended_utc"] > good["ended_utc"]
    assert bad["first_run_utc"] == good["first_run_utc"]
    assert run("no-such-command")[0] == NOT_FOUND
    locked = run("sh", "-c", f"exit {LOCKED}")[1]
    assert locked["failures"] == 3, "what found another at work neither failed nor succeeded"
    assert locked["exit_code"] == NOT_FOUND
    assert run("true")[1]["failures"] == 0


def command_lines():
    """Of all processes."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended
            yield path.read_bytes()


def test_what_takes_too_long_is_stopped_with_all_that_it_started(run):
    began = time.monotonic()
    code, note = run(*SLEEPER, limit=0.5)
    assert (code, note["failures"]) == (TIMED_OUT, 1)
    assert time.monotonic() - began < 300
    sleeping = f"sleep\0{SLEEP}\0".encode()
    while sleeping in set(command_lines()):  # what was killed may take a moment to go; it would sleep for ten
        assert time.monotonic() - began < 300
        time.sleep(0.05)


def test_a_job_that_is_running_is_not_run_again(tmp_path):
    command = [sys.executable, "-m", "loaders.cli", "job", "x", "--limit", "600s", "--"]
    env = os.environ | {"GB_POWER_HOME": str(tmp_path)}
    mark = tmp_path / "runs"
    first = subprocess.Popen([*command, "sh", "-c", f"touch '{mark}'; sleep 600"], env=env)
    while not mark.exists():
        time.sleep(0.05)
        assert first.poll() is None
    assert subprocess.run([*command, "touch", str(tmp_path / "second")], env=env, check=False).returncode == LOCKED
    assert not (tmp_path / "second").exists()
    first.terminate()
    assert first.wait(300) == 143
    assert json.loads((tmp_path / "jobs" / "x.json").read_text())["exit_code"] == 143


@pytest.mark.parametrize(
    "args", [["a b", "--", "true"], ["../x", "--", "true"], ["x", "--every", "5", "--", "true"], ["x"]]
)
def test_what_is_not_understood_is_refused(tmp_path, args):
    command = [sys.executable, "-m", "loaders.cli", "job", *args]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, "Usage" in done.stderr) == (2, True)
