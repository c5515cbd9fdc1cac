"""A scheduled command: never twice at a time, never for ever, and never without a trace of how it ended.

The trace is a small file in ``jobs/`` of the home, by which ``gb-power alert`` sees what failed and what did not run.
"""

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from loaders import clock
from loaders.config import Settings
from loaders.whole_text import write_whole

QUARTER, DAY, WEEK = 900, 86_400, 604_800  # seconds
BY_NIGHT = {"compact": DAY}
BY_DAY = {"load": QUARTER, "build": QUARTER, "page": QUARTER, "load-all": DAY, "gaps": DAY, "build-all": DAY}
SCHEDULE: dict[str | None, dict[str, int]] = {  # GB_POWER_ROLE -> what run-job starts on such a machine, and how often
    None: {},
    "receiver": BY_NIGHT | {"check": DAY},
    "builder": BY_NIGHT | BY_DAY | {"weekly": WEEK},
}
LOCKED = 75  # EX_TEMPFAIL: another process is at it; neither good nor bad
TIMED_OUT = 124  # as of timeout(1)
NOT_FOUND = 127  # as of a shell
GRACE_SECONDS = 30  # to end after SIGTERM


def run_job(settings: Settings, name: str, command: Sequence[str], every: float | None, limit: float) -> int:
    """Runs ``command`` and returns its exit code; 75 at once if the job is running, 124 if it took too long."""
    settings.jobs.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(settings.jobs / f"{name}.lock", timeout=0):
            began = clock.now()
            code = _run(command, limit)
            _note(settings.jobs / f"{name}.json", command, every, began.isoformat(), code)
            return code
    except Timeout:
        return LOCKED


def _run(command: Sequence[str], limit: float) -> int:
    """In a group of its own, which is stopped as a whole: nothing that it started stays behind."""
    try:
        child = subprocess.Popen(command, start_new_session=True)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        return NOT_FOUND
    stopping = {
        number: signal.signal(number, lambda n, _: _signal(child, n)) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        return _code(child.wait(limit))
    except subprocess.TimeoutExpired:
        _signal(child, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            child.wait(GRACE_SECONDS)
        _signal(child, signal.SIGKILL)
        child.wait()
        return TIMED_OUT
    finally:
        for number, handler in stopping.items():
            signal.signal(number, handler)


def _signal(child: subprocess.Popen, number: int) -> None:
    with suppress(ProcessLookupError):  # all of it has ended
        os.killpg(child.pid, number)


def _code(code: int) -> int:
    return code if code >= 0 else 128 - code  # as a shell tells of a signal


def _note(path: Path, command: Sequence[str], every: float | None, began: str, code: int) -> None:
    try:
        before = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        before = {}
    if code == LOCKED:
        job = before or {"failures": 0, "exit_code": code, "first_run_utc": began, "ended_utc": None}
    else:
        job = {
            "failures": before.get("failures", 0) + 1 if code else 0,
            "exit_code": code,
            "first_run_utc": before.get("first_run_utc", began),
            "ended_utc": clock.now().isoformat(),
        }
    job |= {"command": shlex.join(command), "every_seconds": every, "last_run_utc": began}
    write_whole(path, json.dumps(job, indent=1) + "\n")
