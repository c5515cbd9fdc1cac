"""A lake for the marts: recorded rows, and made ones of what is not recorded.

Of FREQ nothing is recorded, and of virtual lead parties no acceptance: those rows are made here.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from loaders.config import RAW_BMRS
from loaders.tests.lake import write_empty_lake, write_rows
from loaders.tests.pricing_lake import CATALOGUE
from loaders.tests.stand_ins import recorded

HEARD = datetime(2026, 11, 1, tzinfo=UTC)
CLOCK_CHANGE = ("2025-10-25", "2025-10-26", "2025-10-27")
BEFORE_IT_WAS_DISMISSED = "2026-08-19T01:16"  # one recorded outage was called off then
RECORDED = ("FUELINST", "FUELHH", "INDO", "ITSDO", "NDF", "MID", "DISEBSP", "REMIT", "BMUNITS")


def write_marts_lake(home: Path) -> None:
    """Every raw table; rows in those that the marts read."""
    write_empty_lake(home, CATALOGUE)
    rows = {name: recorded_rows(name) for name in RECORDED}
    for name, landed in {**rows, **made_acceptance(), "FREQ": made_frequency()}.items():
        write_rows(home, RAW_BMRS, CATALOGUE[name], landed, HEARD)


def recorded_rows(dataset: str) -> list[dict]:
    rows = recorded.rows(dataset)
    if dataset in ("FUELINST", "FUELHH", "MID"):
        rows = [row for row in rows if row["settlementDate"] in CLOCK_CHANGE]
    if dataset == "REMIT":
        rows = [row for row in rows if row["publishTime"] < BEFORE_IT_WAS_DISMISSED]
    return [{name: value for name, value in row.items() if name != "dataset"} for row in rows]


def made_frequency() -> list[dict]:
    """An hour of samples at 50 Hz, of which one is a fault and three in a row are low."""
    start = datetime(2025, 10, 27, 23, tzinfo=UTC)
    levels = {40: 0.0, 100: 49.79, 101: 49.75, 102: 49.78}
    return [
        {"measurementTime": (start + timedelta(seconds=15 * n)).isoformat(), "frequency": levels.get(n, 50.0)}
        for n in range(240)
    ]


def made_acceptance() -> dict[str, list[dict]]:
    """A virtual lead party's battery is taken from 0 to 20 MW for a period, at 120 GBP/MWh: 10 MWh, 1,200 GBP."""
    unit = {"nationalGridBmUnit": "AG-CBS08M", "bmUnit": "V__MCEND001", "settlementDate": "2022-01-01"}
    period = {"settlementPeriod": 30, "timeFrom": "2022-01-01T14:30:00Z", "timeTo": "2022-01-01T15:00:00Z"}
    acceptance = {
        "acceptanceNumber": 7,
        "acceptanceTime": "2022-01-01T14:20:00Z",
        "amendmentFlag": "ORI",
        "soFlag": False,
    }
    times = {name: period[name] for name in ("timeFrom", "timeTo")}
    return {
        "PN": [unit | period | {"levelFrom": 0, "levelTo": 0}],
        "BOD": [unit | period | {"levelFrom": 20, "levelTo": 20, "pairId": 1, "offer": 120.0, "bid": 100.0}],
        "BOALF": [unit | times | acceptance | {"levelFrom": 20, "levelTo": 20}],
    }
