"""Load packages that the warehouse refuses again and again: put where they block nothing, with all their rows."""

import json
import logging
import shutil
from pathlib import Path

from dlt.common.storages.load_storage import ParsedLoadJobFileName

log = logging.getLogger(__name__)

REFUSALS = 3  # in as many runs; a table that somebody changed by mistake may be right again by then


def set_aside(pipeline: Path, aside: Path) -> list[Path]:
    """Moves the packages that hold a file which was refused too often; returns where they are now."""
    moved = []
    for package in (pipeline / "load" / "normalized").glob("*"):
        tries = (ParsedLoadJobFileName.parse(job.name).retry_count for job in (package / "new_jobs").glob("*"))
        if max(tries, default=0) >= REFUSALS:
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


def _reason(noted: str) -> str:
    """What BigQuery said of a job, as dlt noted it: JSON in the last line, or a traceback."""
    last = noted.splitlines()[-1]
    try:
        return json.loads(last)["error_result"]["message"]
    except (ValueError, KeyError):
        return last
