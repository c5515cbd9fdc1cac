"""What the tests share: a home of their own, the stand-ins, and the loader run as a user runs it."""

import io
import logging
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest import mock

import duckdb
import pytest
from click.testing import CliRunner, Result

from loaders import cli
from loaders.catalogue import load_catalogue
from loaders.config import RAW_BMRS, RAW_IRIS, read_settings
from loaders.landing import ensure_tables
from loaders.tests.browser import BROWSER
from loaders.tests.stand_ins.bigquery import BigQuery, can_run
from loaders.tests.stand_ins.insights import InsightsStandIn

# Neither passed nor skipped where they cannot run: they are not there, and the last lines say so.
collect_ignore_glob = [] if can_run() else ["test_bigquery*.py"]

FAST = {"BMRS_REQUESTS_PER_SECOND": "1000", "BMRS_BACKOFF_SECONDS": "0.01"}


def pytest_report_header() -> list[str]:
    """What cannot be tested on this machine."""
    return [] if BROWSER else ["no Chromium here: the page is not looked at in a browser"]


def pytest_terminal_summary(terminalreporter) -> None:
    """One line where the emulator of BigQuery cannot run; a header would not be shown with --quiet."""
    if not can_run():
        terminalreporter.write_line("NOT RUN: test_bigquery*.py, whose emulator needs a Python >= 3.13; none was found")


class Home:
    """A data directory and the commands that work on it."""

    def __init__(self, path: Path, url: str):
        self.path = path
        self.env = {**os.environ, **FAST, "GB_POWER_HOME": str(path), "BMRS_BASE_URL": url, "GB_POWER_TARGET": "duckdb"}

    def command(self, *args: str) -> list[str]:
        """The command line of ``gb-power ARGS``."""
        return [sys.executable, "-m", "loaders.cli", *args]

    def load(self, *args: str, code: int = 0, **env: str) -> Result:
        """``gb-power load ARGS``, which must exit with ``code``."""
        return self.run("load", *args, code=code, **env)

    def run(self, *args: str, code: int = 0, **env: str) -> Result:
        """``gb-power ARGS``, which must exit with ``code``; in this process, whose imports are done."""
        lines = logging.StreamHandler(said := io.StringIO())
        with mock.patch.dict(os.environ, {**self.env, **env}, clear=True):
            logging.getLogger("loaders").addHandler(lines)
            done = CliRunner().invoke(cli.main, args)
            logging.getLogger("loaders").removeHandler(lines)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        done.stderr_bytes += said.getvalue().encode()
        assert done.exit_code == code, done.output + done.stderr
        return done

    def raw(self, table: str, query: str = "select * from raw", schema: str = "raw_bmrs") -> list[tuple]:
        """Rows of a query over one raw table, which it calls ``raw``."""
        with duckdb.connect() as db:
            db.execute("set TimeZone = 'UTC'")
            files = f"{self.path}/lake/{schema}/{table}/*.parquet".replace("'", "''")
            return db.execute(
                f"with raw as (select * from read_parquet('{files}', union_by_name = true)) {query}"
            ).fetchall()

    def count(self, table: str) -> int:
        """Rows of a raw table."""
        return self.raw(table, "select count(*) from raw")[0][0]


@pytest.fixture
def server():
    """The Insights API's stand-in, serving what was recorded."""
    with InsightsStandIn() as stand_in:
        yield stand_in


@pytest.fixture(scope="session")
def bigquery(tmp_path_factory) -> Iterator[BigQuery]:
    """The emulator of BigQuery: one for all tests of a process, so each test has datasets or rows of its own."""
    with BigQuery(tmp_path_factory.mktemp("bigquery")) as stand_in:
        yield stand_in


@pytest.fixture(scope="session")
def prepared(tmp_path_factory) -> Path:
    """A data directory after the first run, which makes two hundred empty tables and takes its time."""
    settings = replace(read_settings(), home=tmp_path_factory.mktemp("prepared"))
    for schema in (RAW_BMRS, RAW_IRIS):
        ensure_tables(settings, load_catalogue(), schema)
    return settings.home


@pytest.fixture
def home(tmp_path, server, prepared) -> Home:
    """A data directory without rows, in a path with a space and a quote, and the loader that writes to it."""
    path = tmp_path / "it's a home"
    shutil.copytree(prepared, path)
    return Home(path, server.url)


@pytest.fixture
def new_home(tmp_path, server) -> Home:
    """As ``home``, before any run."""
    return Home(tmp_path / "it's new", server.url)
