"""A short version of `scripts/bench simulation`: two days, the second of them of 50 settlement periods, and trouble.

Each command runs in this process but for the receiver and what is killed, and dbt with the project that it parsed once.
"""

import shutil

import pytest

from loaders import build, clock
from loaders.bench.simulated_trouble import Kind, Plan, Trouble
from loaders.bench.simulation import Life, Simulation
from loaders.config import Settings
from loaders.gaps import absent
from loaders.tests.warehouse import Warehouse

DATASETS = ("BOALF", "BOD", "DISEBSP", "FUELINST", "INDO", "PN")
# What gaps are told from and system prices, with the one test that is to fail meanwhile; then the tables among that,
# once more, with all their tests and those of what was loaded. The clean load begins with the views of the other.
FIRST_BUILD = ("--select", *(f"+path:models/quality,resource_type:{kind}" for kind in ("model", "seed")), "+bmrs_costs")
FIRST_BUILD += ("complete_history_data_gaps_FUELINST", "--indirect-selection", "empty")
LAST_BUILD = ("--select", "path:models/quality", "bmrs_costs", *(f"bmrs_{name.lower()}_unified" for name in DATASETS))
LAST_BUILD += ("--indirect-selection", "cautious", "--exclude-resource-type", "unit_test")
PLAN = Plan(
    (
        Trouble(Kind.OUTAGE, 1),
        Trouble(Kind.CUT, 1),
        Trouble(Kind.STALL, 2, ticks=4),
        Trouble(Kind.UNHEARD, 4),
        Trouble(Kind.LOAD_KILL, 6),
        Trouble(Kind.RECEIVER_KILL, 6),
        Trouble(Kind.DEAD, 7, ticks=2),
        Trouble(Kind.GAP, 9),
    ),
    ticks=12,
    step_hours=4,
    builds=(9,),
)


@pytest.fixture
def homes(tmp_path, prepared, monkeypatch):
    """Two of them, and the way to their warehouses: dbt in this process."""

    def run_dbt(settings: Settings, args: list[str], quiet: bool = False) -> build.Built:
        warehouse = Warehouse(settings.home, monkeypatch)
        monkeypatch.setenv("GB_POWER_NOW", clock.now().isoformat())
        if settings.home.name == "clean":
            shutil.copyfile(tmp_path / "home" / "warehouse.duckdb", warehouse.path)
            args += ["--full-refresh", "--exclude-resource-type", "test"]
        return warehouse.build(*args)

    for module in (build, absent):
        monkeypatch.setattr(module, "run_dbt", run_dbt)
    for name in ("home", "clean"):
        shutil.copytree(prepared, tmp_path / name)
    return lambda home: Warehouse(home, monkeypatch).opened()


def test_two_days_of_trouble_end_as_a_clean_load_and_were_told_as_they_should(tmp_path, homes):
    life = Life(2, PLAN, DATASETS, (), FIRST_BUILD, LAST_BUILD, in_process=True, opened=homes)
    figures = Simulation(tmp_path, life).run()
    assert figures.is_green, figures
    assert figures.differences == {}
    assert figures.rows_compared > 10_000
    assert figures.wrong_alerts() == {}
    assert figures.pings == figures.expected_pings
    happened = {trouble.kind for trouble in PLAN.troubles} | {"restatements", "messages delivered twice"}
    assert [name for name in happened if not figures.counts[name]] == []
    assert {code for _, code in figures.exit_codes} <= {0, 1, -9}
