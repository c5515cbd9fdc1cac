"""The marts on recorded rows, against values worked out by hand; and their readers: gb-power now, ready queries."""

import io
import shutil
from datetime import UTC, datetime, timedelta

import duckdb
import pytest
from click.testing import CliRunner
from rich.console import Console

from loaders.cli import main
from loaders.now import OLD_AFTER_MINUTES, VALUES, age, show_now
from loaders.tests.marts_lake import HEARD, write_marts_lake
from loaders.tests.pricing_lake import CATALOGUE
from loaders.tests.warehouse import ROOT, Warehouse

FOR_BIGQUERY = "statements_of_models_built_by_day"  # empty here; test_googlesql.py reads it
ANALYSES = sorted({path.stem for path in (ROOT / "dbt_project" / "analyses").glob("*.sql")} - {FOR_BIGQUERY})
MARTS = [
    *("mart_now", "fct_daily_prices", "fct_daily_arbitrage", "fct_daily_balancing", "fct_battery_leaderboard"),
    *("fct_lead_party_revenue", "fct_generation_mix_half_hours", "fct_frequency_events", "fct_wind_forecast_error"),
]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    home = tmp_path_factory.mktemp("marts")
    write_marts_lake(home)
    with pytest.MonkeyPatch.context() as monkeypatch:
        built = Warehouse(home, monkeypatch)
        kinds = [part for kind in ("seed", "snapshot", "model") for part in ("--resource-type", kind)]
        built.dbt("build", *kinds, "--select", *(f"+{mart}" for mart in MARTS))
        built.dbt("compile", "--select", "path:analyses")
        yield built


def test_five_minutes_before_the_clocks_went_back(warehouse):
    at = "where start_utc = timestamptz '2025-10-26 00:55:00+00'"
    generated = 914 + 3420 + 118 + 3675 + 414 + 15520  # biomass, CCGT, hydro, nuclear, other, wind; coal, OCGT, oil: 0
    mix = dict(warehouse.query(f"select fuel_type, share_of_generation from fct_generation_mix {at}"))
    assert len(mix) == 10
    assert mix["WIND"] == pytest.approx(15520 / generated, abs=1e-6)
    assert mix["PS"] == 0  # it pumped 1,071 MW
    assert warehouse.query(
        f"select energy_mwh, settlement_period from fct_generation_mix {at} and fuel_type = 'PS'"
    ) == [(-89.25, 4)]
    flows = (
        f"select country, flow_mw, direction, net_import_mw from fct_interconnector_flows {at} and fuel_type = 'INTNSL'"
    )
    assert warehouse.query(flows) == [("Norway", -835, "EXPORT", -1075)]
    grams = 914 * 120 + 3420 * 394 + 414 * 300 + 258 * 53 + 418 * 474 + 246 * 179 + 279 * 474
    imported = 258 + 418 + 246 + 279  # France, Netherlands, Belgium, Denmark
    carbon = (
        f"select carbon_intensity_gco2_per_kwh, imported_mw, share_of_assumed_factors from fct_carbon_intensity {at}"
    )
    assert warehouse.query(carbon)[0] == pytest.approx(
        (grams / (generated + imported), imported, 279 / (generated + imported)), abs=1e-5
    )


def test_the_day_of_50_periods_has_all_of_them_in_every_mart(warehouse):
    day = "where settlement_date = date '2025-10-26'"
    assert warehouse.query(
        f"select count(distinct start_utc), max(settlement_period) from fct_generation_mix {day}"
    ) == [(300, 50)]
    half_hours = f"select count(*), count(distinct fuel_type) from fct_generation_mix_half_hours {day}"
    assert warehouse.query(half_hours) == [(500, 10)]
    assert warehouse.query(f"select priced_periods, periods_in_day from fct_daily_prices {day}") == [(50, 50)]
    wind = f"select sum(energy_mwh) from fct_generation_mix{{}} {day} and fuel_type = 'WIND'"
    five_minutes, half_hours = (warehouse.query(wind.format(of))[0][0] for of in ("", "_half_hours"))
    assert five_minutes == pytest.approx(half_hours, rel=1e-4)  # two datasets of the same meters


def test_a_price_is_compared_with_the_market_of_its_own_period(warehouse):
    period = "where settlement_date = date '2025-10-26' and settlement_period = 38"
    columns = (
        "system_price_gbp_per_mwh, market_index_price_gbp_per_mwh, spread_gbp_per_mwh, system_length, price_regime"
    )
    assert warehouse.query(f"select {columns} from fct_price_spread {period}") == [
        (107.0, 70.05, pytest.approx(36.95), "SHORT", "80 to 150")
    ]
    revised = (
        "select revised_by_gbp_per_mwh from fct_price_spread where start_utc = timestamptz '2022-01-01 12:00:00+00'"
    )
    assert warehouse.query(revised) == [(pytest.approx(145.00 - 47.76),)]


def test_a_forecast_is_paired_with_the_outturn_of_its_period(warehouse):
    rows = warehouse.query("""
        select settlement_period, national_demand_mw, national_demand_forecast_mw, national_demand_forecast_error_mw,
            strftime(national_demand_forecast_published_at_utc, '%H:%M')
        from fct_demand where settlement_date = date '2026-08-19' and settlement_period between 23 and 25 order by 1
    """)
    assert rows == [
        (23, 23134, None, None, None),
        (24, 22748, 22939, 191, "10:16"),
        (25, None, 22700, None, "10:49"),  # the later of two that were published before 11:00
    ]


def test_a_fault_of_the_frequency_meter_is_no_event(warehouse):
    events = "select side, duration_seconds, extreme_frequency_hz, settlement_period from fct_frequency_events"
    assert warehouse.query(events) == [("LOW", 45, 49.75, 47)]
    period = (
        "select sample_count, set_aside_count, min_frequency_hz from fct_system_frequency where settlement_period = 47"
    )
    assert warehouse.query(period) == [(119, 1, 49.75)]


def test_a_batterys_day_is_ranked_and_rolled_up_to_its_party(warehouse):
    board = "select bm_unit_name, offer_volume_mwh, cashflow_gbp, day_rank, revenue_gbp_per_mw_day from"
    assert warehouse.query(f"{board} fct_battery_leaderboard") == [("Brigg Battery", 10, 1200, 1, None)]
    party = "select lead_party_name, is_virtual_lead_party, revenue_gbp_per_mwh from fct_lead_party_revenue"
    assert warehouse.query(party) == [("Centrica Business Solutions UK", True, 120)]


EXPECTED = {  # the first row, in the columns that can be worked out by hand
    "latest_acceptances": {"national_grid_bm_unit": "AG-CBS08M", "level_to_mw": 20, "source": "HISTORIC"},
    "acceptances_by_day_and_source": {"row_count": 1, "unit_count": 1},
    "last_hours_frequency_by_minute": {"mean_hz": 50, "sample_count": 4},
    "todays_generation_mix": {"fuel_name": "Wind"},
    "coverage_by_source_and_period": {"periods_held": 48, "five_minutes_held": 288, "five_minutes_in_day": 288},
    "vlp_high_price_acceptances": {"revenue_gbp": 1200, "acceptance_price_gbp_per_mwh": 120, "cycles": None},
    "wide_spread_days": {"spread_gbp_per_mwh": pytest.approx(145 + 77.55), "peak_period": 25},
    "imbalance_against_market_index": {"system_length": "LONG"},
    "outages_above_a_threshold": {"affected_unit": "ROCK-1", "unavailable_capacity_mw": 388, "revision_number": 5},
}


@pytest.mark.parametrize("analysis", ANALYSES)
def test_a_ready_query_answers(warehouse, analysis):
    compiled = next(warehouse.path.parent.glob(f"target/compiled/gb_power/analyses/{analysis}.sql"))
    with warehouse.opened() as db:
        answer = db.sql(compiled.read_text())
        first = dict(zip(answer.columns, answer.fetchone(), strict=True))
    assert {name: first[name] for name in EXPECTED[analysis]} == EXPECTED[analysis]


def printed(path, clock: datetime) -> list[str]:
    out = io.StringIO()
    show_now(path, Console(width=110, file=out), clock)
    return [" ".join(line.split()) for line in out.getvalue().splitlines()]


def test_now_says_how_old_everything_is(warehouse):
    lines = printed(warehouse.path, datetime(2026, 8, 19, 11, 10, tzinfo=UTC))
    assert "National demand (INDO) 22,748 MW 2026-08-19 12:00 10 minutes" in lines  # London time
    generation = next(line for line in lines if line.startswith("Generation "))
    assert generation.endswith("2025-10-28 00:00 295 days, old")
    assert "Frequency 50.000 Hz 2025-10-27 23:59 295 days, old" in lines
    assert "Pumped storage -1,121 pumping" in lines
    assert "BritNed -885 GB → Netherlands" in lines
    assert "IFA +1,250 France → GB" in lines


def test_now_says_why_a_value_is_missing(warehouse, tmp_path):
    path = shutil.copy(warehouse.path, tmp_path)
    with duckdb.connect(path) as db:
        db.execute("""
            update mart_now set
                frequency_hz = null, frequency_as_of_utc = null, frequency_missing_because = 'no FREQ row is held',
                generation_mw = null, wind_share = null, generation_missing_because = 'no FUELINST row is held'
        """)
        db.execute("delete from mart_now_mix")
    lines = printed(path, HEARD)
    assert "Frequency — no FREQ row is held" in lines
    assert "Generation — no FUELINST row is held" in lines


def test_old_means_later_than_the_catalogue_promises_and_two_runs():
    assert {line.dataset for line in VALUES} == OLD_AFTER_MINUTES.keys()
    promised = {name: CATALOGUE[name].rest.published_after_hours * 60 for name in OLD_AFTER_MINUTES}
    assert {name: minutes + 30 for name, minutes in promised.items()} == OLD_AFTER_MINUTES


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (59, "less than a minute"),
        (60, "1 minute"),
        (7199, "119 minutes"),
        (7200, "2 hours"),
        (172799, "47 hours"),
        (172800, "2 days"),
        (-1, "less than nothing (in the future)"),
    ],
)
def test_an_age_in_words(seconds, words):
    assert age(timedelta(seconds=seconds)) == words


def test_now_without_a_warehouse_says_what_makes_it(tmp_path, monkeypatch):
    monkeypatch.setenv("GB_POWER_HOME", str(tmp_path))
    asked = CliRunner().invoke(main, ["now"])
    assert (asked.exit_code, asked.output.splitlines()[-1].endswith("'gb-power build' makes it")) == (1, True)
    (tmp_path / "served").mkdir()
    duckdb.connect(str(tmp_path / "served" / "warehouse.duckdb")).close()
    assert "the warehouse has no mart_now yet" in CliRunner().invoke(main, ["now"]).output
