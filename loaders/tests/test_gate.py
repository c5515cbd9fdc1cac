"""The data-quality gate: what the demo builds is green, holds what was recorded, and no hole in it goes unnoticed."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pytest

from loaders import build
from loaders.build import ROOT
from loaders.catalogue import load_catalogue
from loaders.demo import HISTORY
from loaders.tests.conftest import Home
from loaders.tests.stand_ins.insights import InsightsStandIn
from loaders.tests.stand_ins.recorded import rows as recorded_rows
from loaders.tests.stand_ins.selection import current_vintage
from loaders.tests.warehouse import Warehouse
from loaders.windows import HALF_HOUR, period_start

DAYS = ("2025-10-25", "2025-10-26", "2025-10-27")


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> tuple[Path, str]:
    """The demo's data directory, in a path with a space, and what the demo printed."""
    home = tmp_path_factory.mktemp("a demo") / "home"
    code = f"from pathlib import Path; from loaders.demo import main; main(Path({str(home)!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return home, done.stdout


def unified(home: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(home / "served" / "warehouse.duckdb"), read_only=True) as db:
        db.execute("set TimeZone = 'UTC'")
        return db.execute(query).fetchall()


def recorded(dataset: str, *key: str, days: tuple[str, ...] = DAYS) -> int:
    """Distinct keys among the recorded rows of the settlement days."""
    return len({tuple(row[name] for name in key) for row in recorded_rows(dataset) if row["settlementDate"] in days})


def test_the_demo_says_what_it_built_and_that_it_is_tested(demo):
    assert "bmrs_fuelinst_unified" in demo[1]
    assert "tests: " in demo[1]
    assert " fail" not in demo[1]


@pytest.mark.parametrize(
    ("table", "dataset", "key", "days"),
    [
        ("bmrs_fuelinst_unified", "FUELINST", ("startTime", "fuelType"), DAYS),
        ("bmrs_fuelhh_unified", "FUELHH", ("startTime", "fuelType"), DAYS),
        ("bmrs_indo_unified", "INDO", ("startTime",), DAYS),
        ("bmrs_itsdo_unified", "ITSDO", ("startTime",), DAYS),
        ("bmrs_mid_unified", "MID", ("startTime", "dataProvider"), DAYS),
        ("bmrs_costs", "DISEBSP", ("settlementDate", "settlementPeriod"), ("2022-01-01", *DAYS)),
        ("bmrs_bod_unified", "BOD", ("nationalGridBmUnit", "timeFrom", "pairId"), ("2022-01-01",)),
    ],
)
def test_the_tables_hold_exactly_the_recorded_rows_after_deduplication(demo, table, dataset, key, days):
    assert unified(demo[0], f"select count(*) from {table}") == [(recorded(dataset, *key, days=days),)]


@pytest.mark.parametrize(
    ("dataset", "at", "noon", "of"),
    [
        ("boalf", "acceptanceTime", "2022-01-01T12:00:00Z", ("timeFrom", "2022-01-01", "2022-01-02T00:00:00Z")),
        ("fuelinst", "publishTime", "2025-10-26T12:00:00Z", ("settlementDate", DAYS[0], DAYS[-1])),
    ],
)
def test_rest_until_noon_and_iris_from_then_on_make_one_history(demo, dataset, at, noon, of):
    field, first, last = of
    rows = [row for row in recorded_rows(dataset.upper()) if first <= row[field] <= last]
    early = sum(row[at] <= noon for row in rows)
    assert 0 < early < len(rows)
    by_source = unified(demo[0], f"select source, count(*) from bmrs_{dataset}_unified group by all order by all")
    assert by_source == [("HISTORIC", early), ("IRIS", len(rows) - early)]


def test_values_come_through_unchanged(demo):
    published = {
        (row["settlementDate"], row["settlementPeriod"]): (row["systemSellPrice"], row["netImbalanceVolume"])
        for row in current_vintage(recorded_rows("DISEBSP"), None)
        if row["settlementDate"] in DAYS
    }
    columns = "settlement_date::varchar, settlement_period, system_sell_price_gbp_per_mwh, net_imbalance_volume_mwh"
    built = unified(demo[0], f"select {columns} from bmrs_costs where settlement_date >= '{DAYS[0]}'")
    assert {(day, period): values for day, period, *values in built} == {k: list(v) for k, v in published.items()}


def test_the_day_on_which_the_clocks_go_back_has_fifty_periods_of_prices(demo):
    times = "min(start_utc)::varchar, max(start_utc)::varchar"
    query = f"select count(*), {times} from bmrs_costs where settlement_date = '{DAYS[1]}'"
    assert unified(demo[0], query) == [(50, "2025-10-25 23:00:00+00", "2025-10-26 23:30:00+00")]


def test_the_readmes_query_gives_what_the_readme_shows(demo):
    shown = (ROOT / "README.md").read_text().split("<!-- query:begin -->\n```\n")[1].split("```")[0]
    command, *expected = shown.splitlines()
    assert command.startswith("$ GB_POWER_HOME=data/demo .venv/bin/gb-power query ")
    args = [sys.executable, "-m", "loaders.cli", *shlex.split(command)[3:]]
    done = subprocess.run(
        args, env={**os.environ, "GB_POWER_HOME": str(demo[0])}, capture_output=True, text=True, check=True
    )
    assert [line.rstrip() for line in done.stdout.splitlines()] == expected


def test_status_of_the_demo_is_critical_since_its_data_are_old_and_nothing_else_is_wrong(demo):
    command = [sys.executable, "-m", "loaders.cli", "status", "--json"]
    env = {**os.environ, "GB_POWER_HOME": str(demo[0])}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["exit_code"]) == (2, 2)
    of = {(check["dataset"], check["name"]): check for check in answer["checks"]}
    loaded = {"BMUNITS", "BOALF", "BOD", "DISEBSP", "FUELHH", "FUELINST", "INDO", "ITSDO", "MID", "PN"}
    assert {dataset for dataset, _ in of if dataset} == loaded
    late = {dataset for (dataset, _), check in of.items() if check["state"] != "ok" and dataset}
    assert late == {dataset for (dataset, name), check in of.items() if name == "freshness" and check["state"] != "ok"}
    assert late == loaded - {"BMUNITS"}, "a register, asked a minute ago"
    assert of[None, "build"]["state"] == "ok"
    assert (of[None, "spool_messages"]["value"], of["INDO", "errors"]["value"]) == (0, 0)
    assert of["FUELINST", "stored"]["value"] > 0 < of["FUELINST", "response_median"]["value"]


HOLES = {  # table -> rows that disappear from the lake, and the tests that must say so
    "indo": ("settlement_date = '2025-10-25'", "complete_history_data_gaps_INDO"),  # the first day
    "itsdo": ("settlement_date = '2025-10-26'", "complete_history_data_gaps_ITSDO"),  # the day between
    "mid": ("settlement_date = '2025-10-27'", "complete_history_data_gaps_MID"),  # the last day
    "fuelhh": ("settlement_date = '2025-10-26' and settlement_period = 50", "complete_history_data_gaps_FUELHH"),
    "fuelinst": ("start_time = '2025-10-26T12:35:00Z'", "complete_history_data_gaps_FUELINST"),
    "disebsp": ("settlement_date = '2025-10-27' and settlement_period = 1", "complete_history_data_gaps_DISEBSP"),
    "pn": ("settlement_date = '2022-01-01' and settlement_period = 48", "complete_history_data_gaps_PN"),
    "bod": ("settlement_date = '2022-01-01' and settlement_period = 7", "complete_history_data_gaps_BOD"),
    "boalf": ("acceptance_number = (select min(acceptance_number) from lake)", None),  # only the ledger can know
}


SHORT_DAY = date(2025, 3, 30)  # the clocks go forward: 46 periods


def short_day(*fields: str, periods: int) -> list[dict]:
    """Generated rows for the first periods of the short day; every other field is zero."""
    starts = [period_start(SHORT_DAY, period) for period in range(1, periods + 1)]
    return [
        dict.fromkeys(fields, 0)
        | {"settlementDate": str(SHORT_DAY), "settlementPeriod": number + 1}
        | {"startTime": f"{start:%Y-%m-%dT%H:%M:%SZ}", "publishTime": f"{start + HALF_HOUR:%Y-%m-%dT%H:%M:%SZ}"}
        for number, start in enumerate(starts)
    ]


def load_short_day(home: Path) -> None:
    """NETBSAD whole with its 46 periods, ATL with one less."""
    netbsad = [name for name in load_catalogue()["NETBSAD"].columns if "Price" in name]
    whole = [{k: v for k, v in row.items() if "Time" not in k} for row in short_day(*netbsad, periods=46)]
    with InsightsStandIn(
        {"NETBSAD": whole, "ATL": short_day("documentRevisionNumber", "quantity", periods=45)}
    ) as server:
        Home(home, server.url).load("NETBSAD", "ATL", "--from", str(SHORT_DAY))


def punch(home: Path, table: str, where: str) -> None:
    """Rows disappear from a table of both channels, as they would with lost or damaged files."""
    for file in (home / "lake").glob(f"raw_*/{table}/*.parquet"):
        with duckdb.connect() as db:
            db.execute("set TimeZone = 'UTC'")
            db.execute(f"create table lake as select * from read_parquet('{file}')")
            db.execute(f"delete from lake where {where}")
            db.execute(f"copy lake to '{file}' (format parquet)")


def test_every_hole_in_the_lake_makes_a_test_of_its_own_name_fail(demo, tmp_path, monkeypatch):
    home = tmp_path / "holes"
    shutil.copytree(demo[0], home)
    for table, (where, _) in HOLES.items():
        punch(home, table, where)
    load_short_day(home)
    history = HISTORY | dict.fromkeys(("NETBSAD", "ATL"), {"from": str(SHORT_DAY), "to": str(SHORT_DAY)})
    told = ("test_name:complete_history", "the_lake_reconciles_with_the_ledger", "--indirect-selection", "empty")
    select = ("--select", "+data_gaps", "+load_reconciliation", *told)
    built = Warehouse(home, monkeypatch).build("build", "--vars", json.dumps({"history": history}), *select)
    failed = {failure.split(":")[0] for failure in built.failures + built.gaps}
    assert not built.fit_to_serve, "rows that the ledger knows of have gone"
    assert {name for _, name in HOLES.values() if name} <= failed
    assert "complete_history_data_gaps_ATL" in failed, "45 periods on a day of 46"
    assert "complete_history_data_gaps_NETBSAD" not in failed, "46 periods on a day of 46"
    assert any("reconcil" in name for name in failed), failed
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as db:
        gaps = db.execute("select dataset, command from data_gaps where dataset = 'FUELHH'").fetchall()
    assert gaps == [("FUELHH", "gb-power load FUELHH --from 2025-10-26 --to 2025-10-26 --again")]


def test_a_month_loaded_long_ago_is_served_with_its_gaps_up_to_now_reported(demo, tmp_path, monkeypatch):
    home = Home(tmp_path / "old", "http://127.0.0.1:9")
    shutil.copytree(demo[0], home.path)
    shutil.rmtree(home.path / "served")
    warehouse = Warehouse(home.path, monkeypatch)
    monkeypatch.setattr(build, "run_dbt", lambda settings, args: warehouse.build(*args))
    done = home.run("build", "--select", "path:models/quality", "--exclude-resource-type", "unit_test", code=1)
    assert "tests found rows missing: gb-power query 'select * from data_gaps'" in done.stdout
    ((days,),) = unified(home.path, "select count(*) from data_gaps where dataset = 'INDO' and kind = 'never asked'")
    assert days
