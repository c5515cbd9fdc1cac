"""dbt on a home of its own, in this process, and queries on what it built."""

import os
import pickle
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from functools import cache
from pathlib import Path
from unittest import mock
from uuid import uuid4

import duckdb
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest
from filelock import FileLock

from loaders.build import Built, read_results

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ["--project-dir", str(ROOT / "dbt_project"), "--profiles-dir", str(ROOT / "profiles")]
PROJECT += ["--target", "duckdb", "--log-level", "none"]  # with --quiet it writes every line, and throws it away


@cache
def _shared() -> Path:
    """A folder of all processes of this run of pytest."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", uuid4().hex)
    folder = Path(tempfile.gettempdir()) / f"gb-power-{run}"
    folder.mkdir(exist_ok=True)
    return folder


@cache
def _link() -> Path:
    """The one home that dbt knows in this process: a link, so that the project is parsed once and not for each."""
    return Path(tempfile.mkdtemp(dir=_shared())) / "home"


@cache
def parsed() -> Manifest:
    """The project, which the first process that needs it parses for all; the paths in it are those of this process."""
    kept, link = _shared() / "parsed", str(_link()).encode()
    with FileLock(_shared() / "lock"):
        if not kept.exists():
            with mock.patch.dict(os.environ, GB_POWER_HOME=link.decode()):
                work = str(_shared())
                done = dbtRunner().invoke(["parse", *PROJECT, "--target-path", work, "--log-path", work])
            assert done.success, done.exception
            parts = [field.name for field in fields(Manifest) if not field.name.startswith("_")]
            kept.write_bytes(link + b"\n" + pickle.dumps({name: getattr(done.result, name) for name in parts}))
    theirs, _, content = kept.read_bytes().partition(b"\n")
    assert len(theirs) == len(link), "else what follows is no pickle any more"
    return Manifest(**pickle.loads(content.replace(theirs, link)))


class Warehouse:
    """The warehouse of one data directory."""

    def __init__(self, home: Path, monkeypatch):
        self._home = home
        self.path = home / "warehouse.duckdb"
        self.manifest = _shared() / "manifest.json"
        monkeypatch.setenv("GB_POWER_HOME", str(_link()))
        monkeypatch.chdir(ROOT)  # dbt leaves the process in its project
        self._point()

    def _point(self) -> None:
        _link().unlink(missing_ok=True)
        _link().symlink_to(self._home, target_is_directory=True)

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

    def invoke(self, command: str, *args: str) -> dbtRunnerResult:
        """``dbt COMMAND ARGS``, whatever comes of it. Its files, a third of a small command, only if asked for."""
        os.chdir(ROOT)
        self._point()
        target = str(self._home / "target")
        kept = [*PROJECT, "--target-path", target, "--log-path", target]
        done = dbtRunner(manifest=parsed()).invoke([command, "--no-write-json", *args, *kept])
        DuckDBConnectionManager.close_all_connections()  # else the file stays open for dbt's next command
        return done

    def build(self, *args: str) -> Built:
        """What ``run_dbt`` says of ``dbt ARGS``, for which it begins a process that parses the project anew."""
        results = self._home / "target" / "run_results.json"
        results.unlink(missing_ok=True)
        return read_results(results, 0 if self.invoke(*args, "--write-json").success else 1)

    @contextmanager
    def opened(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The warehouse, to be read, or changed as no one should."""
        self._point()  # views read the lake through it
        with duckdb.connect(str(_link() / "warehouse.duckdb")) as db:
            db.execute("set TimeZone = 'UTC'")
            yield db

    def query(self, sql: str) -> list[tuple]:
        """Rows of a query."""
        with self.opened() as db:
            return db.execute(sql).fetchall()
