"""The pieces of work that ``scripts/bench pricing`` times, each in a process of its own."""

import sys
import time
from pathlib import Path

import duckdb
import pytest

from loaders.bench.measure import report
from loaders.bench.simple_pricing import method
from loaders.catalogue import load_catalogue
from loaders.tests.lake import write_empty_lake
from loaders.tests.warehouse import Warehouse

UNIFIED = ("bmrs_boalf_unified", "bmrs_bod_unified", "bmrs_pn_unified")


def build(home: Path) -> dict:
    """``dbt run`` of everything up to bmrs_boalf_complete; seconds by dbt's own clock, and what came out."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        warehouse = Warehouse(home, monkeypatch)
        done = warehouse.dbt("run", "--select", "+bmrs_boalf_complete")
        seconds = {result.node.name: result.execution_time for result in done.result}
        counted = "select count(distinct (national_grid_bm_unit, acceptance_number, accepted_at_utc)) from "
        acceptances = warehouse.query(counted + "bmrs_boalf_complete where validation_flag not in ('NO_PN', 'NO_BOD')")
    return {"seconds": seconds, "acceptances": acceptances[0][0]}


def simple(home: Path) -> dict:
    """The simple method on the same lake, into a table."""
    with duckdb.connect(str(home / "simple.duckdb"), config={"memory_limit": "2GB", "threads": 2}) as db:
        db.execute("set TimeZone = 'UTC'")
        began = time.perf_counter()
        db.execute(f"create or replace table priced as {method(str(home))}")
        seconds = time.perf_counter() - began
        return {"seconds": seconds, "rows": db.execute("select count(*) from priced").fetchone()[0]}


def new_lake(home: Path) -> None:
    """The raw tables without rows."""
    write_empty_lake(home, load_catalogue())


if __name__ == "__main__":
    what, where = sys.argv[1], Path(sys.argv[2])
    report(lambda: {"build": build, "simple": simple}[what](where))
