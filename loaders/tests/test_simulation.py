"""A short version of `scripts/bench simulation`: two days, the second of them of 50 settlement periods, and trouble."""

import shutil

from loaders.bench.simulation import Simulation

# What gaps are told from, prices and the balancing marts, with the tests that need nothing else.
BUILD = ["--quiet", "--select", "+data_gaps", "+load_reconciliation", "bmrs_costs", "fct_market_index"]
BUILD += ["--indirect-selection", "cautious", "--exclude-resource-type", "unit_test"]


def test_two_days_of_trouble_end_as_a_clean_load(tmp_path, prepared):
    for name in ("home", "clean"):
        shutil.copytree(prepared, tmp_path / name)
    figures = Simulation(tmp_path, days=2, build=BUILD, step_hours=12, build_days=1).run()
    assert figures.is_green, figures
    assert figures.differences == {}
    assert figures.rows_compared > 20_000
    kills = ("kills of load", "kills of the receiver", "kills of build")
    trouble = (*kills, "outages of REST", "messages delivered twice", "messages delivered never")
    assert [name for name in trouble if not figures.counts[name]] == []
    assert {code for _, code in figures.exit_codes} <= {0, 1, -9}
