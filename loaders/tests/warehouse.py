"""dbt on a home of its own, in this process, and queries on what it built."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner, dbtRunnerResult

ROOT = Path(__file__).resolve().parents[2]


class Warehouse:
    """The warehouse of one data directory."""

    def __init__(self, home: Path, monkeypatch):
        self.path = home / "warehouse.duckdb"
        monkeypatch.setenv("GB_POWER_HOME", str(home))
        monkeypatch.chdir(ROOT)  # dbt leaves the process in its project
        self._target = home / "target"
        self._runner = dbtRunner()
        parsed = self.dbt("parse")
        self._runner = dbtRunner(manifest=parsed.result)  # parsed once, not for each command

    def dbt(self, *args: str) -> dbtRunnerResult:
        """``dbt ARGS``, which must succeed."""
        done = self.invoke(*args)
        assert done.success, done.exception or [result.message for result in done.result if result.status == "error"]
        return done

    def failures(self, *args: str) -> set[str]:
        """``dbt ARGS``, which must come to its end; the names of what failed."""
        done = self.invoke(*args)
        assert done.exception is None, done.exception
        assert not (errors := [result.message for result in done.result if result.status == "error"]), errors
        return {result.node.name for result in done.result if result.status == "fail"}

    def invoke(self, *args: str) -> dbtRunnerResult:
        """``dbt ARGS``, whatever comes of it."""
        os.chdir(ROOT)
        where = ["--project-dir", str(ROOT / "dbt_project"), "--profiles-dir", str(ROOT / "profiles")]
        quiet = ["--quiet", "--target-path", str(self._target), "--log-path", str(self._target)]
        done = self._runner.invoke([*args, *where, *quiet])
        DuckDBConnectionManager.close_all_connections()  # else the file stays open for dbt's next command
        return done

    @contextmanager
    def opened(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The warehouse, to be read, or changed as no one should."""
        with duckdb.connect(str(self.path)) as db:
            db.execute("set TimeZone = 'UTC'")
            yield db

    def query(self, sql: str) -> list[tuple]:
        """Rows of a query."""
        with self.opened() as db:
            return db.execute(sql).fetchall()
