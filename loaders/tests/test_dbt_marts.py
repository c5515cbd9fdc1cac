"""Marts whose rows depend on what was heard when: the register of BM units, and the vintages of system prices."""

import json
from datetime import UTC, datetime

import pytest

from loaders.catalogue import load_catalogue
from loaders.config import RAW_BMRS
from loaders.tests.lake import write_empty_lake, write_rows
from loaders.tests.stand_ins.recorded import rows as recorded_rows
from loaders.tests.warehouse import Warehouse

CATALOGUE = load_catalogue()
REGISTER = ("build", "--select", "+dim_parties", "--vars", json.dumps({"bm_units_floor": 4}))


@pytest.fixture
def home(tmp_path):
    write_empty_lake(tmp_path, CATALOGUE)
    return tmp_path


def unit(name: str, **known) -> dict:
    """A unit as the register has it; without ``known`` one that only NESO knows."""
    return {"nationalGridBmUnit": name, **known}


def plant(name: str, **known) -> dict:
    plain = {"elexonBmUnit": f"T_{name}", "bmUnitType": "T", "leadPartyId": "AAA", "generationCapacity": "99.500"}
    return unit(name, **(plain | known))


def publish(home, day: int, *units: dict) -> None:
    """The whole register, as heard on a day of January 2025."""
    write_rows(home, RAW_BMRS, CATALOGUE["BMUNITS"], list(units), datetime(2025, 1, day, tzinfo=UTC))


def history(warehouse: Warehouse) -> list[tuple]:
    return warehouse.query("""
        select national_grid_bm_unit, lead_party_id, date(valid_from_utc)::varchar, valid_to_utc is null
        from dim_bm_units_history order by 1, 3
    """)


def test_bm_units_keep_their_history_and_parties_their_current_units(home, monkeypatch):
    two_codes = [plant("TWIN-1", eic=eic) for eic in ("48W00001", "48W00000")]
    steady = [unit("NESO-1"), *two_codes, plant("SOLD-1", generationCapacity="10.000"), plant("STAY-1")]
    publish(home, 1, *steady, plant("GONE-1"))
    warehouse = Warehouse(home, monkeypatch)
    assert warehouse.failures(*REGISTER) == set()
    twins = "select bm_unit, eic, generation_capacity_mw from dim_bm_units where national_grid_bm_unit = 'TWIN-1'"
    assert warehouse.query(twins) == [("T_TWIN-1", "48W00000, 48W00001", 99.5)]
    first_day = history(warehouse)

    assert warehouse.failures(*REGISTER) == set()
    assert history(warehouse) == first_day  # nothing new was heard

    steady[3] = plant("SOLD-1", generationCapacity="10.000", leadPartyId="BBB")
    publish(home, 2, *steady, plant("NEW-1"))
    assert warehouse.failures(*REGISTER) == set()
    assert history(warehouse) == [
        ("GONE-1", "AAA", "2025-01-01", False),
        ("NESO-1", None, "2025-01-01", True),
        ("NEW-1", "AAA", "2025-01-02", True),
        ("SOLD-1", "AAA", "2025-01-01", False),
        ("SOLD-1", "BBB", "2025-01-02", True),
        ("STAY-1", "AAA", "2025-01-01", True),
        ("TWIN-1", "AAA", "2025-01-01", True),
    ]
    units = "select national_grid_bm_unit, lead_party_id, is_registered from dim_bm_units order by 1"
    assert warehouse.query(units)[0] == ("GONE-1", "AAA", False)
    assert len(warehouse.query(units)) == 6
    parties = "select party_id, bm_unit_count, generation_capacity_mw from dim_parties order by 1"
    assert warehouse.query(parties) == [("AAA", 3, 298.5), ("BBB", 1, 10)]


@pytest.mark.parametrize(
    ("left", "failing"),
    [
        (18, "the_register_of_bm_units_has_not_shrunk_by_a_twentieth"),
        (3, "the_register_of_bm_units_is_whole"),
    ],
)
def test_an_answer_that_cannot_be_the_whole_register_does_not_close_any_history(home, monkeypatch, left, failing):
    units = [plant(f"UNIT-{n}") for n in range(20)]
    publish(home, 1, *units)
    warehouse = Warehouse(home, monkeypatch)
    assert warehouse.failures(*REGISTER) == set()
    publish(home, 2, *units[:left])
    assert failing in warehouse.failures(*REGISTER)
    assert all(lasts for *_, lasts in history(warehouse))
    publish(home, 3, *units[:19])  # one unit of twenty may leave
    assert warehouse.failures(*REGISTER) == set()
    assert [name for name, *_, lasts in history(warehouse) if not lasts] == ["UNIT-19"]


def test_the_price_is_the_latest_vintage_whichever_came_in_last(home, monkeypatch):
    recorded = [row for row in recorded_rows("DISEBSP") if row["settlementDate"] == "2022-01-01"]
    vintages = sorted({row["createdDateTime"] for row in recorded}, reverse=True)
    assert len(vintages) == 2
    for day, created in enumerate(vintages, 1):  # the newest is heard first
        rows = [row for row in recorded if row["createdDateTime"] == created]
        write_rows(home, RAW_BMRS, CATALOGUE["DISEBSP"], rows, datetime(2026, 6, day, tzinfo=UTC))
    warehouse = Warehouse(home, monkeypatch)
    assert warehouse.failures("build", "--select", "+bmrs_costs", "--indirect-selection", "buildable") == set()
    price = "select count(*), sum(system_buy_price_gbp_per_mwh) filter (settlement_period = 25) from"
    assert warehouse.query(f"{price} bmrs_costs") == [(48, 145.00)]
    assert warehouse.query(f"{price} fct_system_price_vintages") == [(96, 145.00 + 47.76)]
    change = "select price_change_gbp_per_mwh from fct_system_price_vintages where settlement_period = 25 and is_latest"
    assert warehouse.query(change) == [(97.24,)]


def test_a_stack_that_was_calculated_again_is_the_latest_one_whole(home, monkeypatch):
    place = {"settlementDate": "2025-01-02", "settlementPeriod": 1, "bidOffer": "offer"}
    for day, places in ((3, 3), (8, 2)):  # made up: the second calculation needed one action less
        stack = [place | {"sequenceNumber": n + 1, "volume": float(day)} for n in range(places)]
        stack = [row | {"createdDateTime": f"2025-01-0{day}T01:00:0{n}Z"} for n, row in enumerate(stack)]
        write_rows(home, RAW_BMRS, CATALOGUE["ISPSTACK"], stack, datetime(2025, 1, day, 2, tzinfo=UTC))
    warehouse = Warehouse(home, monkeypatch)
    warehouse.dbt("run", "--select", "+bmrs_ispstack_unified")
    built = warehouse.query("select sequence_number, volume_mwh from bmrs_ispstack_unified order by 1")
    assert built == [(1, 8.0), (2, 8.0)]
