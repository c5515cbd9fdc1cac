"""Prices built load after load are those of one build of everything, and only the days with news are built again."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from loaders.config import RAW_BMRS, RAW_IRIS
from loaders.tests.lake import write_empty_lake, write_rows
from loaders.tests.pricing_lake import CATALOGUE, in_period, minutes, settlement, utc
from loaders.tests.warehouse import Warehouse

MODELS = [
    "int_acceptance_profiles",
    "int_bid_offer_bands",
    "int_balancing_slices",
    "int_acceptance_segments",
    "fct_acceptance_volumes",
    "bmrs_boalf_complete",
    "fct_bm_unit_balancing",
]
# Three settlement periods on either side of London's midnight, in summer: neither UTC's day nor this one's noon.
MIDNIGHT = minutes(datetime(2025, 6, 30, 23, tzinfo=UTC))
PERIODS = [MIDNIGHT + 30 * i for i in range(-3, 3)]
LATER_DAY = MIDNIGHT + 3 * 1440
UNITS = ["AAA-1", "BBB-1"]


def notification(unit: str, start: int, level: float) -> dict:
    return in_period(unit, start) | segment(start, 30, level, level)


def pair(unit: str, start: int, width: float, pair_id: int = 1, offer: float = 60.0) -> dict:
    prices = {"pairId": pair_id, "offer": offer, "bid": 50.0}
    return in_period(unit, start) | segment(start, 30, width, width) | prices


def acceptance(unit: str, number: int, start: int, length: int, level: float, amendment: str = "ORI") -> dict:
    named = {"nationalGridBmUnit": unit, "acceptanceNumber": number, "acceptanceTime": utc(MIDNIGHT - 120).isoformat()}
    said = {"settlementDate": settlement(start)[0].isoformat(), "amendmentFlag": amendment, "soFlag": True}
    return named | said | segment(start, length, level, level)


def segment(start: int, length: int, level_from: float, level_to: float) -> dict:
    times = {"timeFrom": utc(start).isoformat(), "timeTo": utc(start + length).isoformat()}
    return times | {"levelFrom": level_from, "levelTo": level_to}


class Lake:
    """A lake that grows by loads."""

    def __init__(self, home):
        self._home = home
        self._clock = datetime(2025, 7, 2, tzinfo=UTC)
        write_empty_lake(home, CATALOGUE)

    def load(self, schema: str = RAW_BMRS, **rows: list[dict]) -> None:
        """One load of some datasets."""
        self._clock += timedelta(minutes=5)
        for name, found in rows.items():
            if found:
                write_rows(self._home, schema, CATALOGUE[name], found, self._clock)


@pytest.fixture
def lake(tmp_path) -> Lake:
    return Lake(tmp_path)


@pytest.fixture
def warehouse(tmp_path, lake, monkeypatch) -> Warehouse:
    return Warehouse(tmp_path, monkeypatch)


def random_load(rng: random.Random) -> dict[str, list[dict]]:
    """Some rows of each kind, new or said again otherwise."""
    periods = [(unit, start) for unit in UNITS for start in [*PERIODS, LATER_DAY] if rng.random() < 0.4]
    acceptances = [
        acceptance(
            rng.choice(UNITS),
            number,
            rng.choice([*PERIODS, LATER_DAY]) + 5 * (number % 3),
            5 + 25 * (number % 7),
            rng.randrange(0, 150),
            rng.choice(["ORI", "ORI", "UPD", "DEL"]),
        )
        for number in rng.sample(range(1, 12), 3)
    ]
    return {
        "BOALF": acceptances if rng.random() < 0.7 else [],
        "BOD": [pair(*key, rng.randrange(10, 60), rng.choice([1, 2])) for key in periods] if rng.random() < 0.6 else [],
        "PN": [notification(*key, rng.randrange(100)) for key in periods] if rng.random() < 0.6 else [],
    }


def test_any_sequence_of_builds_holds_what_one_build_of_everything_would(lake, warehouse):
    done = warehouse.dbt("run", "--select", *(f"+{model}" for model in MODELS))
    queries = {result.node.name: result.node.compiled_code for result in done.result}
    rng = random.Random(4)
    for step in range(12):
        for _ in range(rng.randrange(1, 3)):
            lake.load(rng.choice([RAW_BMRS, RAW_BMRS, RAW_IRIS]), **random_load(rng))
        refresh = ["--full-refresh"] if step == 8 else []
        warehouse.dbt("run", *refresh, "--select", "bmrs_boalf_unified", "bmrs_bod_unified", "bmrs_pn_unified", *MODELS)
        for model in MODELS:
            built = warehouse.query(f"from {model} order by all")
            assert built == warehouse.query(f"from ({queries[model]}) order by all"), f"{model} after step {step}"
    flags = {flag for (flag,) in warehouse.query("select validation_flag from bmrs_boalf_complete")}
    assert {"PRICED", "NO_BOD", "NO_PN"} <= flags, "little was compared"


def two_priced_days(lake: Lake) -> None:
    """An acceptance that runs past midnight, and one three days later; each is worth 10 MW for its time."""
    starts = [*PERIODS, LATER_DAY]
    lake.load(
        PN=[notification("AAA-1", start, 0) for start in starts],
        BOD=[pair("AAA-1", start, 50) for start in starts],
        BOALF=[acceptance("AAA-1", 1, MIDNIGHT - 30, 60, 10), acceptance("AAA-1", 2, LATER_DAY, 30, 10)],
    )


def build(warehouse: Warehouse, select: str = "+fct_bm_unit_balancing") -> None:
    warehouse.dbt("run", "--select", select)


def offers(warehouse: Warehouse) -> dict[str, float]:
    rows = warehouse.query(
        "select cast(settlement_date as varchar), sum(offer_volume_mwh) from bmrs_boalf_complete group by 1"
    )
    return dict(rows)


def test_a_profile_that_runs_past_midnight_is_news_for_both_days(lake, warehouse):
    two_priced_days(lake)
    build(warehouse)
    assert offers(warehouse) == {"2025-06-30": 5.0, "2025-07-01": 5.0, "2025-07-04": 5.0}
    lake.load(BOALF=[acceptance("AAA-1", 1, MIDNIGHT - 30, 60, 20, "UPD")])
    build(warehouse)
    assert offers(warehouse) == {"2025-06-30": 10.0, "2025-07-01": 10.0, "2025-07-04": 5.0}
    lake.load(BOALF=[acceptance("AAA-1", 1, MIDNIGHT - 30, 60, 20, "DEL")])
    build(warehouse)
    assert offers(warehouse) == {"2025-07-04": 5.0}


@pytest.mark.parametrize("news", ["BOD", "PN"])
def test_only_the_days_with_news_are_built_again(lake, warehouse, news):
    two_priced_days(lake)
    build(warehouse)
    marked = ["bmrs_boalf_complete", "fct_bm_unit_balancing"]
    with warehouse.opened() as db:
        for model in marked:
            db.execute(f"update {model} set bm_unit = 'MARK'")  # which a rebuild removes
    lake.load(**{news: [pair("AAA-1", LATER_DAY, 40) if news == "BOD" else notification("AAA-1", LATER_DAY, 1)]})
    build(warehouse)
    for model in marked:
        rows = warehouse.query(f"select distinct cast(settlement_date as varchar), bm_unit from {model} order by 1")
        assert rows == [("2025-06-30", "MARK"), ("2025-07-01", "MARK"), ("2025-07-04", None)], model


def test_a_model_built_alone_is_built_again_when_its_parents_are(lake, warehouse):
    two_priced_days(lake)
    build(warehouse)
    lake.load(BOD=[pair("AAA-1", LATER_DAY, 50, offer=70.0)])
    warehouse.dbt("run", "--select", "bmrs_bod_unified")
    build(warehouse, "fct_acceptance_volumes")  # its parent, the bands, does not know the new price yet
    build(warehouse, "int_bid_offer_bands")
    build(warehouse, "fct_acceptance_volumes")
    sql = "select offer_price_gbp_per_mwh from fct_acceptance_volumes where settlement_date = date '2025-07-04'"
    assert warehouse.query(sql) == [(70.0,)]


def test_a_build_that_fails_leaves_the_table_and_what_is_known_of_it_as_they_were(lake, warehouse):
    two_priced_days(lake)
    build(warehouse)
    with warehouse.opened() as db:
        db.execute("alter table bmrs_boalf_complete drop column net_volume_mwh")  # so that nothing more can be inserted
    before = warehouse.query("from bmrs_boalf_complete order by all")
    known = warehouse.query("from built_days.bmrs_boalf_complete order by all")
    lake.load(PN=[notification("AAA-1", LATER_DAY, 1)])
    with pytest.raises(AssertionError, match="net_volume_mwh"):
        build(warehouse, "+bmrs_boalf_complete")
    assert warehouse.query("from bmrs_boalf_complete order by all") == before
    assert warehouse.query("from built_days.bmrs_boalf_complete order by all") == known
    warehouse.dbt("run", "--full-refresh", "--select", "bmrs_boalf_complete")
    assert offers(warehouse)["2025-07-04"] == 4.5
