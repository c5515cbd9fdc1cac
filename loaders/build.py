"""Runs dbt and, unless something in the tables is wrong, swaps the file that people query.

dbt alone writes ``warehouse.duckdb`` and DuckDB lets nobody else read a file that is being written. So a finished
build is copied and renamed into ``served/``: an analyst's open connection keeps the old file, the next one gets the
new, and neither ever waits for the other. The name stays the same, since the views in the file hold it. On BigQuery
the file is a copy of the small part that the commands read, as of the last build that was fit to be served.
"""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb

from loaders import clock
from loaders.config import Settings
from loaders.whole_text import write_whole

ROOT = Path(__file__).resolve().parents[1]
PROJECT = ROOT / "dbt_project"
GAP_TESTS = ("complete_history", "not_older_than")  # they find what is not there, never a wrong row


@dataclass
class Built:
    """What dbt did, from its own results file."""

    code: int
    models: int = 0
    tests: Counter = field(default_factory=Counter)  # status -> number
    failures: list[str] = field(default_factory=list)  # test or model: message
    gaps: list[str] = field(default_factory=list)  # the same, of the tests that find holes in the history

    @property
    def green(self) -> bool:
        """Nothing failed; warnings are allowed."""
        return self.code == 0

    @property
    def fit_to_serve(self) -> bool:
        """Nothing is wrong but that rows are missing: what is there is right, and the holes are listed in data_gaps."""
        return self.green or (bool(self.gaps) and not self.failures)


def run_dbt(settings: Settings, args: list[str], quiet: bool = False) -> Built:
    """``dbt ARGS`` with this project, this profile and these settings."""
    command = [str(Path(sys.executable).with_name("dbt")), *(["--quiet"] if quiet else []), *args]
    command += ["--project-dir", str(PROJECT), "--profiles-dir", str(ROOT / "profiles"), "--target", settings.target]
    command += ["--target-path", str(settings.dbt_target)]
    results = settings.dbt_target / "run_results.json"
    results.unlink(missing_ok=True)
    env = {**os.environ, "GB_POWER_HOME": str(settings.home), "GB_POWER_TARGET": settings.target}
    if clock.is_moved():
        env["GB_POWER_NOW"] = clock.now().isoformat()
    return read_results(results, subprocess.run(command, env=env, check=False).returncode)


def read_results(results: Path, code: int) -> Built:
    """What came of a dbt that ended with ``code`` and, unless it fell over, left its results there."""
    built = Built(code)
    for result in json.loads(results.read_text())["results"] if results.exists() else []:
        kind = result["unique_id"].split(".")[0]
        if kind in ("test", "unit_test"):
            built.tests[result["status"]] += 1
        else:
            built.models += result["status"] == "success"
        if result["status"] in ("fail", "error", "runtime error"):
            name = result["unique_id"].split(".")[2]
            failures = built.gaps if name.startswith(GAP_TESTS) and result["status"] == "fail" else built.failures
            failures.append(f"{name}: {result['message']}")
    return built


def remember(settings: Settings, built: Built, began: datetime) -> None:
    """Writes down what came of a build, for ``gb-power status``."""
    content = {
        "began_at_utc": began.isoformat(),
        "ended_at_utc": clock.now().isoformat(),
        "code": built.code,
        "models": built.models,
        "tests": built.tests,
        "failures": built.failures,
        "gaps": built.gaps,
        "is_served": built.fit_to_serve,
    }
    write_whole(settings.build_result, json.dumps(content, indent=1) + "\n")


def serve(settings: Settings) -> Path:
    """Publishes what was built under the name that people open; returns it.

    Raises:
        CannotLand, CannotPublish: BigQuery was not to be asked; what was published before stays.
    """
    half = settings.served.with_suffix(".tmp")
    half.parent.mkdir(exist_ok=True)
    if settings.bigquery:
        from loaders.bigquery.serve import fetch
        from loaders.publish.exposures import read_exposures

        half.unlink(missing_ok=True)
        built_at = fetch(settings.bigquery, read_exposures(settings), half)
        as_of = built_at.timestamp()  # it is as old as what is in it, whoever built that
    else:
        built = settings.home / "warehouse.duckdb"
        if built.with_name(f"{built.name}.wal").exists():  # as after a dbt that was killed: the file alone is not all
            duckdb.connect(str(built)).close()
        shutil.copyfile(built, half)
        as_of = clock.now().timestamp()
    os.utime(half, (as_of, as_of))  # status takes its age from this, in a rehearsal too
    os.replace(half, settings.served)
    return settings.served
