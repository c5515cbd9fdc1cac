"""The first half of scripts/bench iris: the queue into the spool, beside the loop of Elexon's sample client."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from loaders.bench.measure import Line, Run, measured, middle, show

WORK = "loaders.bench.iris_queue_work"
ROUND_TRIP_MS = 20
OURS, SAMPLE = 20_000, 200  # messages of 2 KB


def queue(folder: Path, repeats: int) -> Line:
    """Prints one table; takes about half a minute a run."""
    runs: dict[str, list[Run]] = {"the sample client's loop": [], "gb-power iris run": []}
    for number in range(repeats):
        works = zip(runs, (("sample_loop", SAMPLE), ("our_receiver", OURS)), strict=True)
        for name, (work, messages) in works:
            with _broker(messages) as env:
                env = {**os.environ, **env, "GB_POWER_HOME": f"{folder}/{work}-{number}", "IRIS_FREE_MB": "0"}
                runs[name].append(measured(WORK, work, messages, env=env))
    floor = _rate(middle(runs["the sample client's loop"]))
    rows = []
    for name, several in runs.items():
        run = middle(several)
        rates = [_rate(one) for one in several]
        spread = f"{min(rates):,.0f} to {max(rates):,.0f}"
        cpu = f"{run.cpu / run.said['messages'] * 1e6:,.0f}"
        rows.append([name, f"{_rate(run):,.0f}", spread, f"{_rate(run) / floor:,.0f}x", cpu, f"{run.peak_mb:.0f}"])
    headings = ["", "messages/s", "from .. to", "", "cpu µs each", "peak MB"]
    title = f"Messages of 2 KB received, stored and completed at {ROUND_TRIP_MS} ms round trip"
    show(title, headings, rows)
    ours = middle(runs["gb-power iris run"])
    beside = f"Elexon's sample client: {_rate(ours) / floor:,.0f} times as long"
    work, rate = title[0].lower() + title[1:], f"{_rate(ours):,.0f} a second"
    return Line(work, rate, beside, ours.peak_mb, "1,500 a second, 100 MB")


def _rate(run: Run) -> float:
    return run.said["messages"] / run.said["seconds"]


@contextmanager
def _broker(messages: int) -> Iterator[dict[str, str]]:
    """A queue with so many messages in a process of its own; yields how to reach it."""
    command = [sys.executable, "-m", "loaders.tests.stand_ins.iris_broker", "--round-trip-ms", str(ROUND_TRIP_MS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            said = json.loads(process.stdout.readline())
            fill = {"do": "fill", "queue": "iris", "n": messages}
            requests.post(said["control"], json=fill, timeout=60).raise_for_status()
            yield {"IRIS_CONNECTION_STRING": said["connection_string"], "IRIS_QUEUE": "iris"}
        finally:
            process.terminate()
