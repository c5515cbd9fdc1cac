"""One history of two channels: where REST's answers end and IRIS begins there is no gap and no row twice.

The rows are made up. Each day has its own changeover, from its first moment to its last, with and without hours that
both channels tell; days of 46 and 50 settlement periods among them.
"""

from datetime import UTC, date, datetime, timedelta

import pytest

from loaders.catalogue import load_catalogue
from loaders.config import RAW_BMRS, RAW_IRIS
from loaders.tests.lake import write_empty_lake, write_rows
from loaders.tests.warehouse import Warehouse
from loaders.windows import day_start

CATALOGUE = load_catalogue()
SOURCES = {RAW_BMRS: "HISTORIC", RAW_IRIS: "IRIS"}
# day -> (share of the day at which IRIS begins, hours for which REST goes on)
CHANGEOVERS = {
    date(2023, 3, 26): (0.0, 0),
    date(2024, 3, 31): (0.3, 1),
    date(2025, 3, 30): (0.05, 3),
    date(2023, 10, 29): (0.04, 2),
    date(2024, 10, 27): (0.08, 0),
    date(2025, 10, 26): (0.7, 24),
    date(2025, 1, 15): (0.5, 0),
    date(2025, 6, 9): (0.97, 5),
    date(2025, 6, 10): (1.0, 0),
}
STEPS = {"FREQ": 60, "FUELINST": 300, "MID": 1800, "BOALF": 1200}  # seconds; of FREQ every fourth sample
KEYS = {  # and what is told of it
    "FREQ": "measured_at_utc, frequency_hz, settlement_date, settlement_period",
    "FUELINST": "start_utc, fuel_type, generation_mw, settlement_date, settlement_period",
    "MID": "start_utc, data_provider, price_gbp_per_mwh, settlement_date, settlement_period",
    "BOALF": "from_utc, acceptance_number, level_to_mw, settlement_date",
}


def row(name: str, day: date, moment: datetime) -> dict:
    """A row as either channel publishes it."""
    number = int((moment - day_start(day)).total_seconds() // 1800) + 1
    value = moment.timestamp() % 997
    if name == "FREQ":
        return {"measurementTime": str(moment), "frequency": 49 + value / 1000}
    settled = {"settlementDate": str(day), "settlementPeriod": number, "startTime": str(moment)}
    if name == "MID":
        return settled | {"dataProvider": "APXMIDP", "price": value, "volume": 1.0}
    if name == "FUELINST":
        return settled | {"fuelType": "CCGT", "generation": value, "publishTime": str(moment + timedelta(minutes=5))}
    return {
        "settlementDate": str(day),
        "nationalGridBmUnit": "AAA-1",
        "acceptanceNumber": number // 3,  # so that changeovers fall between segments of one acceptance
        "acceptanceTime": str(day_start(day)),
        "timeFrom": str(moment),
        "timeTo": str(moment + timedelta(seconds=STEPS[name])),
        "levelFrom": 0.0,
        "levelTo": value,
        "amendmentFlag": "ORI",
    }


def told(name: str, row: dict, source: str) -> tuple:
    """What unified should say of a row."""
    moment = datetime.fromisoformat(row.get("measurementTime") or row.get("timeFrom") or row["startTime"])
    day, period = london(moment)
    if name == "FREQ":
        return (moment, row["frequency"], day, period, source)
    if name == "MID":
        return (moment, "APXMIDP", row["price"], day, period, source)
    if name == "FUELINST":
        return (moment, "CCGT", row["generation"], day, period, source)
    return (moment, row["acceptanceNumber"], row["levelTo"], day, source)


def london(moment: datetime) -> tuple[date, int]:
    day = next(day for day in CHANGEOVERS if day_start(day) <= moment < day_start(day + timedelta(1)))
    return day, int((moment - day_start(day)).total_seconds() // 1800) + 1


def days_rows(name: str, day: date) -> tuple[list[dict], list[dict], list[tuple]]:
    """REST's rows of a day, IRIS's, and what should be told; restated rows of FUELINST reach IRIS alone."""
    start, end = day_start(day), day_start(day + timedelta(1))
    share, hours = CHANGEOVERS[day]
    begin = start + (end - start) * share
    rest, iris, wanted = [], [], []
    for n in range(int((end - start).total_seconds()) // STEPS[name]):
        moment = start + timedelta(seconds=n * STEPS[name])
        from_rest, from_iris = moment < begin + timedelta(hours=hours), moment >= begin
        published = row(name, day, moment)
        best = told(name, published, "HISTORIC" if from_rest else "IRIS")
        if from_rest:
            rest.append(published)
        if from_iris:
            if name == "FUELINST" and n % 7 == 0:
                published = published | {"generation": -1.0, "publishTime": str(moment + timedelta(hours=1))}
                best = told(name, published, "IRIS")
            iris.append(published)
        wanted.append(best)
    return rest, iris, wanted


@pytest.fixture(scope="module")
def days() -> dict[str, list[tuple]]:
    return {name: [days_rows(name, day) for day in CHANGEOVERS] for name in STEPS}


@pytest.mark.parametrize("first", [RAW_BMRS, RAW_IRIS])
def test_there_is_no_gap_and_no_row_twice_whichever_channel_came_first(first, days, tmp_path, monkeypatch):
    write_empty_lake(tmp_path, CATALOGUE)
    warehouse = Warehouse(tmp_path, monkeypatch)
    models = [f"bmrs_{name.lower()}_unified" for name in STEPS]
    for build, schema in enumerate([first, *(SOURCES.keys() - {first})]):
        for name in STEPS:
            rows = [published for day in days[name] for published in day[schema == RAW_IRIS]]
            write_rows(tmp_path, schema, CATALOGUE[name], rows, datetime(2026, 1, 1 + build, tzinfo=UTC))
        warehouse.dbt("run", "--select", *(f"+{model}" for model in models))
    for name, model in zip(STEPS, models, strict=True):
        built = warehouse.query(f"select {KEYS[name]}, source from {model} order by all")
        assert built == sorted(best for *_, several in days[name] for best in several), name
        counts = warehouse.query(f"select source, count(*) from {model} group by 1 order by 1")
        assert [source for source, count in counts if count > 30] == ["HISTORIC", "IRIS"]
    periods = "select settlement_date, count(distinct settlement_period) from bmrs_mid_unified group by 1"
    assert {day.month: count for day, count in warehouse.query(periods)} == {1: 48, 3: 46, 6: 48, 10: 50}
