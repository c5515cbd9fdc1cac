"""Times a piece of work in a process of its own, so that its peak memory is its own too."""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

OUT = Console(highlight=False, width=140)


@dataclass(frozen=True)
class Run:
    """One measured process: seconds on the clock, seconds of processor, peak resident memory in MB."""

    wall: float
    cpu: float
    peak_mb: float
    said: dict


@dataclass(frozen=True)
class Line:
    """One row of what ``scripts/bench`` closes with: a piece of work and what it took."""

    work: str
    figure: str
    beside: str  # what one would do instead, in the same run
    peak_mb: float
    wanted: str  # what the design asks for


def measured(module: str, *args: object, env: dict[str, str]) -> Run:
    """Runs ``python -m module args`` and reads what :func:`report` printed last."""
    command = [sys.executable, "-m", module, *map(str, args)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")
    return Run(**json.loads(done.stdout.splitlines()[-1]))


def report(work: Callable[[], dict]) -> None:
    """Does the work and prints, as one line of JSON, what it took from the start of the process."""
    began = time.perf_counter()
    said = work()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    cpu = usage.ru_utime + usage.ru_stime
    print(json.dumps({"wall": time.perf_counter() - began, "cpu": cpu, "peak_mb": _peak_mb(usage), "said": said}))


def _peak_mb(usage: resource.struct_rusage) -> float:
    """Of this program alone: Linux's ru_maxrss begins with what the process held that started it."""
    if sys.platform == "darwin":
        return usage.ru_maxrss / (1 << 20)
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / (1 << 10)


def gb_power(*args: str) -> None:
    """``gb-power ARGS`` in this process, which must succeed."""
    from loaders.cli import main

    try:
        main(args)
    except SystemExit as ended:
        if ended.code:
            raise


def middle(runs: list[Run]) -> Run:
    """The medians of several runs."""
    said = runs[-1].said
    return Run(median(r.wall for r in runs), median(r.cpu for r in runs), median(r.peak_mb for r in runs), said)


def show(title: str, headings: list[str], rows: list[list[str]]) -> None:
    """A table of results."""
    table = Table(*headings, title=title, box=None, header_style="bold", title_justify="left")
    for row in rows:
        table.add_row(*row)
    OUT.print(table)
    OUT.print()
