"""The five-minute marts follow what changes in FUELINST, by settlement day, as a full refresh would."""

from datetime import UTC, datetime

from loaders.config import RAW_BMRS
from loaders.tests.lake import write_empty_lake, write_rows
from loaders.tests.pricing_lake import CATALOGUE
from loaders.tests.stand_ins import recorded
from loaders.tests.warehouse import Warehouse

DAYS = ("2025-10-25", "2025-10-26")
FUELINST = CATALOGUE["FUELINST"]
MARTS = ("fct_generation_mix", "fct_interconnector_flows", "fct_carbon_intensity")
BUILD = ("build", "--resource-type", "seed", "--resource-type", "model", "--select", "+fct_carbon_intensity")


def heard(home, hour: int, rows: list[dict]) -> None:
    kept = [{name: value for name, value in row.items() if name != "dataset"} for row in rows]
    write_rows(home, RAW_BMRS, FUELINST, kept, datetime(2026, 11, 1, hour, tzinfo=UTC))


def contents(warehouse: Warehouse) -> list[list[tuple]]:
    return [warehouse.query(f"select * from {mart} order by all") for mart in MARTS]


def test_what_is_published_anew_reaches_the_marts_and_nothing_else_moves(tmp_path, monkeypatch):
    write_empty_lake(tmp_path, CATALOGUE)
    days = {day: [row for row in recorded.rows("FUELINST") if row["settlementDate"] == day] for day in DAYS}
    heard(tmp_path, 1, days[DAYS[0]])
    warehouse = Warehouse(tmp_path, monkeypatch)
    warehouse.dbt(*BUILD)
    first = contents(warehouse)
    assert len(first[2]) == 288

    restated = [
        row for row in days[DAYS[0]] if row["startTime"] == "2025-10-25T12:00:00Z" and row["fuelType"] == "WIND"
    ]
    assert len(restated) == 1
    heard(tmp_path, 2, [restated[0] | {"generation": 1, "publishTime": "2025-10-25T13:00:00Z"}])
    heard(tmp_path, 3, days[DAYS[1]])
    warehouse.dbt(*BUILD)
    followed = contents(warehouse)
    noon = "where start_utc = timestamptz '2025-10-25 12:00:00+00'"
    assert warehouse.query(f"select generation_mw from fct_generation_mix {noon} and fuel_type = 'WIND'") == [(1,)]
    assert len(followed[2]) == 288 + 300
    assert len(set(first[2]) - set(followed[2])) == 1  # noon's carbon intensity, and no other

    warehouse.dbt(*BUILD, "--full-refresh")
    assert contents(warehouse) == followed
