"""The tests on the history: an empty lake is green, and each kind of hole makes the test of its own name fail.

The rows are made up. Settlement days are the three around 2025-03-30, which has 46 periods.
"""

import json
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from loaders.catalogue import load_catalogue
from loaders.config import RAW_BMRS, RAW_IRIS, read_settings
from loaders.status.collect import collect
from loaders.tests.lake import write_empty_lake, write_messages, write_rows, write_windows
from loaders.tests.warehouse import Warehouse
from loaders.windows import day_start

CATALOGUE = load_catalogue()
HALF_HOUR = timedelta(minutes=30)
DAYS = [date(2025, 3, 29), date(2025, 3, 30), date(2025, 3, 31)]
LOAD = datetime(2025, 4, 3, tzinfo=UTC)
QUALITY = ("--select", "+path:models/quality", "--indirect-selection", "buildable")
VARS = json.dumps({"history": {"default": {"from": "2025-03-29", "to": "2025-03-31"}}})


def periods(day: date) -> list[tuple[int, datetime]]:
    """Number and first instant of each settlement period of a day."""
    start, end = day_start(day), day_start(day + timedelta(1))
    return [(n + 1, start + n * HALF_HOUR) for n in range((end - start) // HALF_HOUR)]


def demand(day: date, number: int, start: datetime) -> dict:
    return {
        "settlementDate": str(day),
        "settlementPeriod": number,
        "startTime": str(start),
        "publishTime": str(start + HALF_HOUR),
        "demand": 1,
    }


class Lake:
    """A lake and its ledger, written by dataset."""

    def __init__(self, home):
        self.home = home
        write_empty_lake(home, CATALOGUE)
        self.windows: list[dict] = []

    def land(self, dataset: str, rows: list[dict], **window) -> None:
        """Rows, and a window of the three days that landed them, unless told otherwise."""
        if rows:
            write_rows(self.home, RAW_BMRS, CATALOGUE[dataset], rows, LOAD)
        span = {"settlement_date_from": DAYS[0], "settlement_date_to": DAYS[-1]}
        outcome = {"outcome": "landed" if rows else "empty", "rows_landed": len(rows)}
        self.windows.append({"dataset": dataset, **span, **outcome, **window})

    def close(self) -> None:
        """Writes the ledger."""
        write_windows(self.home, self.windows, LOAD)


@pytest.fixture
def home(tmp_path):
    return tmp_path / "it's a {home}"


def test_before_anything_is_loaded_everything_builds_and_passes(home, monkeypatch):
    write_empty_lake(home, CATALOGUE)
    warehouse = Warehouse(home, monkeypatch)
    built = warehouse.dbt("build", "--exclude-resource-type", "unit_test")
    ran = [result for result in built.result if result.node.resource_type != "exposure"]  # of which dbt runs nothing
    assert {result.status.value for result in ran} == {"success", "pass"}
    assert warehouse.query("select count(*) from data_gaps") == [(0,)]
    assert warehouse.query("select count(*) from dataset_coverage") == [(0,)]


def with_holes(home) -> None:
    """Complete histories and one of each kind of fault."""
    lake = Lake(home)
    halves = [(day, *period) for day in DAYS for period in periods(day)]
    lake.land("ITSDO", [demand(*half) for half in halves])  # complete
    lake.land("INDO", [demand(*half) for half in halves if half[:2] != (DAYS[1], 46)])
    lake.land("INDOD", [{"settlementDate": str(day), "publishTime": str(LOAD), "demand": 1} for day in DAYS[1:]])
    lake.land("MID", [], outcome="failed", error="time-out")
    lake.land("ATL", [])
    samples = [start + timedelta(seconds=15 * n) for _, _, start in halves for n in range(120)]
    faulty = day_start(DAYS[1]) + timedelta(hours=12, seconds=15)
    lake.land("FREQ", [{"measurementTime": str(t), "frequency": 50.0} for t in samples if t != faulty])
    lake.land("BOALF", [acceptance(day) for day in (DAYS[0], DAYS[2])], settlement_date_to=DAYS[0])
    lake.land("BOALF", [], outcome="unchanged", settlement_date_from=DAYS[2])  # nobody asked for the day between
    generation = [(day, *period) for n in range(-8, 3) for day in [DAYS[0] + timedelta(n)] for period in periods(day)]
    fuels = ["CCGT", "COAL", "OIL", "WIND"]
    lake.land("FUELHH", [outturn(*half, f) for half in generation for f in fuels if half[0] < DAYS[2] or f == "WIND"])
    lake.land("FUELINST", [outturn(*half, "WIND") for half in halves if half[0] == DAYS[0]])  # one reading of six
    day_by_iris(home, [demand(*half) for half in halves if half[0] == DAYS[0]])
    lake.windows[0]["rows_landed"] += 1  # a row of ITSDO that the lake no longer holds
    lake.close()


def day_by_iris(home, rows: list[dict]) -> None:
    """The first day of ITSDO once more, at the midnight that ends it, and a message that could not be read."""
    midnight = day_start(DAYS[1])
    write_rows(home, RAW_IRIS, CATALOGUE["ITSDO"], rows, midnight)
    noon = midnight - timedelta(hours=12)
    messages = [{"dataset": "ITSDO", "received_at_utc": noon, "outcome": what} for what in ("LANDED", "QUARANTINED")]
    write_messages(home, messages, midnight)


def acceptance(day: date) -> dict:
    start = day_start(day) + timedelta(hours=3)
    return {
        "settlementDate": str(day),
        "nationalGridBmUnit": "AAA-1",
        "acceptanceNumber": day.day,
        "acceptanceTime": str(start),
        "timeFrom": str(start),
        "timeTo": str(start + HALF_HOUR),
    }


def outturn(day: date, number: int, start: datetime, fuel: str) -> dict:
    return {
        "settlementDate": str(day),
        "settlementPeriod": number,
        "startTime": str(start),
        "publishTime": str(start + HALF_HOUR),
        "fuelType": fuel,
        "generation": 1,
    }


def test_each_hole_fails_the_test_of_its_own_name_and_no_other(home, monkeypatch):
    with_holes(home)
    warehouse = Warehouse(home, monkeypatch)
    failed = warehouse.failures("build", *QUALITY, "--exclude-resource-type", "unit_test", "--vars", VARS)
    assert {name.split(".")[0] for name in failed} == {
        "complete_history_data_gaps_ATL",
        "complete_history_data_gaps_BOALF",
        "complete_history_data_gaps_FREQ",
        "complete_history_data_gaps_FUELINST",
        "complete_history_data_gaps_INDO",
        "complete_history_data_gaps_INDOD",
        "complete_history_data_gaps_MID",
        "not_older_than_dataset_freshness_FUELINST__last_event_utc",
        "rows_per_day_against_history_quality_scorecard_FUELHH",
        "the_lake_reconciles_with_the_ledger",
    }
    gaps = warehouse.query("""
        select dataset, kind, settlement_date_from::varchar, settlement_period_from,
            settlement_date_to::varchar, settlement_period_to, periods_missing, readings_missing
        from data_gaps order by 1, 3
    """)
    whole = ("2025-03-29", 1, "2025-03-31", 48, 142, 142)  # 48 + 46 + 48 periods
    assert gaps == [
        ("ATL", "asked and empty", *whole),
        ("BOALF", "never asked", "2025-03-30", None, "2025-03-30", None, 1, 1),
        ("FREQ", "asked, period not in the answer", "2025-03-30", 25, "2025-03-30", 25, 1, 1),
        ("FUELINST", "asked, period not in the answer", "2025-03-29", 1, "2025-03-31", 48, 142, 48 * 5 + 94 * 6),
        ("INDO", "asked, period not in the answer", "2025-03-30", 46, "2025-03-30", 46, 1, 1),
        ("INDOD", "asked, period not in the answer", "2025-03-29", None, "2025-03-29", None, 1, 1),
        ("MID", "asked and failed", *whole),
    ]
    days = "select settlement_date::varchar, periods_expected, periods_complete, is_complete from dataset_coverage"
    assert warehouse.query(f"{days} where dataset = 'INDO' order by 1") == [
        ("2025-03-29", 48, 48, True),
        ("2025-03-30", 46, 45, False),
        ("2025-03-31", 48, 48, True),
    ]
    loads = "select rows_landed, rows_held from load_reconciliation where dataset = 'ITSDO'"
    assert warehouse.query(loads) == [(143, 142)]
    scores = """
        select settlement_date::varchar, is_over, completeness_percent, timeliness_minutes, slowest_minutes,
            duplication_percent, validity_percent
        from quality_scorecard where dataset = 'ITSDO' order by 1
    """
    # IRIS had the first day at its end: 24 h after its first period's start, 30 min after its last one's. REST came at
    # midnight on 3 April: 5,760 min after the first period of 30 March and 4,410 after the last of its 46.
    assert warehouse.query(scores) == [
        ("2025-03-29", True, 100.0, (1440 + 30) / 2, 1440, 50.0, pytest.approx(200 / 3)),
        ("2025-03-30", True, 100.0, (5760 + 4410) / 2, 5760, 0.0, 100.0),
        ("2025-03-31", True, 100.0, (4380 + 2970) / 2, 4380, 0.0, 100.0),
    ]
    of_a_day = "from quality_scorecard where settlement_date = '2025-03-30' and dataset"
    assert warehouse.query(f"select completeness_percent {of_a_day} = 'INDO'") == [(pytest.approx(100 * 45 / 46),)]
    assert warehouse.query(
        f"select completeness_percent, rows_landed, duplication_unknown_because {of_a_day} = 'MID'"
    ) == [(0.0, None, "no row was landed")]  # asked, and the question failed: nothing is there
    status_sees_it(home)


def status_sees_it(home) -> None:
    """``gb-power status`` three days later, on the same warehouse."""
    (home / "served").mkdir()
    shutil.copyfile(home / "warehouse.duckdb", home / "served" / "warehouse.duckdb")
    found = collect(replace(read_settings(), home=home), now=LOAD + HALF_HOUR)
    of = {(check.dataset, check.name): check for check in found}
    assert of["INDO", "complete_7_days"].value == pytest.approx(100 * 141 / 142, abs=0.001)
    assert of["INDO", "complete_today"].value is None, "nothing of this day is expected"
    missing = {
        name: (of[name, "missing"].state, of[name, "missing"].value) for name in ("INDO", "FREQ", "BOALF", "ITSDO")
    }
    assert missing == {
        "INDO": ("warning", 30.0),  # a settlement period
        "FREQ": ("ok", 0.25),  # a sample of 15 s
        "BOALF": ("critical", 23 * 60.0),  # the day on which the clocks went forward
        "ITSDO": ("ok", 0.0),
    }
    assert of["INDO", "missing"].since_utc == day_start(DAYS[2]) - HALF_HOUR
    assert of["MID", "errors"].message == "1 of 1 answers in 24 h; the last: time-out"
    assert of["ITSDO", "duplicates"].value == pytest.approx(100 * 48 / 190, abs=0.001), "a day came by both channels"
    assert of["ITSDO", "valid"].value == 80.0, "one of three days' answers and two messages"
