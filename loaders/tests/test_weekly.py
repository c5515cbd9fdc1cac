"""``gb-power weekly``: on tables with the columns of the marts' contracts, holding rows that are made up."""

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pytest
import yaml

from loaders.alerts.weekly import NOTHING, weekly
from loaders.build import PROJECT
from loaders.tests.stand_ins.post_box import PostBox

KINDS = {"string": "text", "int64": "bigint", "date": "date", "bool": "boolean"}
ROWS = {
    "fct_daily_prices": [
        {"settlement_date": "2026-11-15", "mean_price_gbp_per_mwh": 1234.5, "priced_periods": 47, "periods_in_day": 48},
        {"settlement_date": "2026-11-08", "mean_price_gbp_per_mwh": 99.0},
    ],
    "fct_generation_mix_half_hours": [
        {"settlement_date": "2026-11-09", "fuel_name": "Wind", "category": "wind", "energy_mwh": 3000},
        {"settlement_date": "2026-11-15", "fuel_name": "Gas", "category": "gas", "energy_mwh": 1000},
        {"settlement_date": "2026-11-15", "fuel_name": "Pumped", "category": "storage", "energy_mwh": -500},
    ],
    "fct_bm_unit_revenue": [
        {"settlement_date": "2026-11-15", "national_grid_bm_unit": "A-1", "bm_unit_name": "x|<b>", "cashflow_gbp": 10},
        {"settlement_date": "2026-11-14", "national_grid_bm_unit": "A-1", "bm_unit_name": "x|<b>", "cashflow_gbp": 5},
    ],
    "fct_constraint_totals": [
        {"settlement_date": "2026-11-15", "fuel_type": "WIND", "cashflow_gbp": 70, "acceptance_count": 2},
        {"settlement_date": "2026-11-15", "fuel_type": "CCGT", "cashflow_gbp": 30, "acceptance_count": 1},
    ],
    "dataset_coverage": [
        {"dataset": name, "settlement_date": "2026-11-15", "periods_expected": 48, "periods_complete": complete,
         "periods_known_absent": absent}
        for name, complete, absent in (("FREQ", 30, 8), ("BOALF", 48, 0))
    ],
}  # fmt: skip


@pytest.fixture
def served(tmp_path) -> Path:
    path = tmp_path / "home" / "served" / "warehouse.duckdb"
    path.parent.mkdir(parents=True)
    with duckdb.connect(str(path)) as db:
        for name in ROWS:
            model = yaml.safe_load(next(PROJECT.glob(f"models/*/{name}.yml")).read_text())["models"][0]
            kinds = {c["name"]: KINDS.get(c["data_type"], "double") for c in model["columns"]}
            db.execute(f"create table {name} ({', '.join(f'{column} {kind}' for column, kind in kinds.items())})")
    return path


def fill(path: Path) -> None:
    """Puts the rows in."""
    with duckdb.connect(str(path)) as db:
        for name, rows in ROWS.items():
            for row in rows:
                db.execute(f"insert into {name} by name select {', '.join(f'? as {c}' for c in row)}", [*row.values()])


def test_the_week_is_seven_days_and_no_name_is_markup(served):
    fill(served)
    title, text = weekly(served, date(2026, 11, 15))
    assert title == "GB power, 9 November 2026 to 15 November 2026"
    lines = text.splitlines()
    assert "| 2026-11-15 | 1,234.50 | — | — | — | — | 47 of 48 |" in lines
    assert "2026-11-08" not in text
    assert [line for line in lines if line.startswith(("| Wind", "| Gas", "| Pumped"))] == [
        "| Wind | 3.0 | 75.0% |", "| Gas | 1.0 | 25.0% |", "| Pumped | -0.5 | -12.5% |",
    ]  # fmt: skip
    assert "| A-1 | x\\|&lt;b> | — | 15 | — | — |" in lines
    assert lines.index("| all | 100 | — | — | 3 | — |") < lines.index("| WIND | 70 | — | — | 2 | — |")
    assert lines[lines.index("| all | 88.6% | 10 | 8 |") + 1] == "| FREQ | 75.0% | 10 | 8 |"
    assert "BOALF" not in text
    assert weekly(served, date(2026, 10, 1))[1].count(NOTHING) == 5


def test_it_is_sent_as_markdown_and_again_by_alert_if_nobody_took_it(served, tmp_path):
    fill(served)
    box = PostBox()
    env = os.environ | {"GB_POWER_HOME": str(tmp_path / "home"), "GB_POWER_ALERT_URLS": f"json://{box.place}"}

    def run(*args: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "loaders.cli", *args]
        return subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)

    box.down = True
    failed = run("weekly", "--to", "2026-11-15", "--send")
    assert (failed.returncode, box.got) == (1, [])
    assert "sends it again" in failed.stderr
    box.down = False
    run("alert")
    assert [m["title"] for m in box.got if m["title"].startswith("GB power,")] == [
        "GB power, 9 November 2026 to 15 November 2026"
    ]
    assert run("weekly", "--to", "2026-13-15").returncode == 2
    box.close()
