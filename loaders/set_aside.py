"""Load packages that the warehouse refuses again and again: put where they block nothing, with all their rows."""

import json
import logging
import shutil
from collections import Counter
from pathlib import Path

log = logging.getLogger(__name__)

REFUSALS = 3  # in as many runs; a table that somebody changed by mistake may be right again by then


def set_aside(pipeline: Path, aside: Path) -> list[Path]:
    """Moves the packages that hold a file which was refused too often; returns where they are now."""
    moved = []
    for package in (pipeline / "load" / "normalized").glob("*"):
        if max(_refusals(package).values(), default=0) >= REFUSALS:
            aside.mkdir(parents=True, exist_ok=True)
            moved.append(Path(shutil.move(package, aside)))
    return moved


def report_set_aside(pipeline: Path, aside: Path) -> None:
    """Says in every run what is still not landed, and what to do."""
    for package in sorted(aside.glob("*")):
        reasons = sorted({_reason(path.read_text()) for path in package.rglob("*.exception")})
        log.error(
            "%s was refused %d times and is set aside, its rows kept: %s. When that is mended, move it to %s and run "
            "again", package, REFUSALS, "; ".join(reasons), pipeline / "load" / "normalized"
        )  # fmt: skip


def _refusals(package: Path) -> Counter:
    """How often each file was refused for good, as dlt noted it; an outage does not count."""
    noted = [path for path in package.rglob("*.exception") if "terminal" in path.read_text().splitlines()[0]]
    return Counter(path.name.split(".")[1] for path in noted)  # TABLE.FILE.TRY.exception


def _reason(noted: str) -> str:
    """What BigQuery said of a job, as dlt noted it: JSON in the last line, or a traceback."""
    last = noted.splitlines()[-1]
    try:
        return json.loads(last)["error_result"]["message"]
    except (ValueError, KeyError):
        return last
