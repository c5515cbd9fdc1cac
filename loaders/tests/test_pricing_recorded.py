"""The recorded day, 2022-01-01: every acceptance of a wind unit is priced, and as the reference prices it."""

from collections import defaultdict
from datetime import date, datetime
from fractions import Fraction

import pytest

from loaders.config import RAW_BMRS
from loaders.tests.lake import write_empty_lake, write_rows
from loaders.tests.pricing_lake import CATALOGUE, FIRST_HEARD, minutes
from loaders.tests.reference_pricing import Acceptance, Line, Pair, Priced, Unit, price
from loaders.tests.stand_ins import recorded
from loaders.tests.warehouse import Warehouse

DAY = date(2022, 1, 1)
MIDNIGHT = minutes(datetime.fromisoformat("2022-01-01T00:00Z"))  # London's too, in winter
FILES = {"BOALF": "BOALF__2022-01-01_02_wind", "BOD": "BOD__2022-01-01_wind", "PN": "PN__2022-01-01_02_wind"}


def read(dataset: str) -> list[dict]:
    rows = recorded.read(recorded.RECORDED / "reshaped" / f"{FILES[dataset]}.json.gz")
    return [{name: value for name, value in row.items() if name != "dataset"} for row in rows]


def line(row: dict) -> Line:
    times = [minutes(datetime.fromisoformat(row[name])) for name in ("timeFrom", "timeTo")]
    return Line(*times, Fraction(row["levelFrom"]), Fraction(row["levelTo"]))


def start_of(row: dict) -> int:
    day = date.fromisoformat(row["settlementDate"])
    return MIDNIGHT + (day - DAY).days * 1440 + (row["settlementPeriod"] - 1) * 30


@pytest.fixture(scope="module")
def units() -> dict[str, Unit]:
    """The recorded rows as the reference wants them."""
    found: dict[str, Unit] = defaultdict(lambda: Unit(defaultdict(list), defaultdict(list), []))
    for row in read("PN"):
        found[row["nationalGridBmUnit"]].notifications[start_of(row)].append(line(row))
    for row in read("BOD"):
        pair = Pair(row["pairId"], line(row), Fraction(str(row["offer"])), Fraction(str(row["bid"])))
        found[row["nationalGridBmUnit"]].pairs[start_of(row)].append(pair)
    profiles: dict[tuple, list[Line]] = defaultdict(list)
    for row in read("BOALF"):
        accepted_at = minutes(datetime.fromisoformat(row["acceptanceTime"]))
        profiles[row["nationalGridBmUnit"], row["acceptanceNumber"], accepted_at].append(line(row))
    for (name, number, accepted_at), profile in profiles.items():
        found[name].acceptances.append(Acceptance(number, accepted_at, tuple(profile)))
    return dict(found)


@pytest.fixture(scope="module")
def expected(units) -> dict[tuple, Priced]:
    """What the reference makes of the day, by unit, acceptance and settlement period."""
    return {
        (name, number, period): priced
        for name, unit in units.items()
        for period in range(1, 49)
        for number, priced in price(unit, MIDNIGHT + 30 * (period - 1), MIDNIGHT + 30 * period).items()
    }


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    home = tmp_path_factory.mktemp("recorded")
    write_empty_lake(home, CATALOGUE)
    for dataset in FILES:
        write_rows(home, RAW_BMRS, CATALOGUE[dataset], read(dataset), FIRST_HEARD)
    with pytest.MonkeyPatch.context() as monkeypatch:
        built = Warehouse(home, monkeypatch)
        built.dbt("run", "--select", "+fct_bm_unit_balancing", "+fct_settlement_period_stack")
        yield built


def test_every_acceptance_of_the_day_is_priced_as_the_reference_prices_it(warehouse, expected):
    rows = warehouse.query(
        "select national_grid_bm_unit, acceptance_number, settlement_period, validation_flag, offer_volume_mwh,"
        " bid_volume_mwh, unpriced_volume_mwh, cashflow_gbp from bmrs_boalf_complete"
        " where settlement_date = '2022-01-01'"
    )
    found = {tuple(row[:3]): row[3:] for row in rows}
    assert found.keys() == expected.keys()
    assert not any(priced.fault for priced in expected.values())
    for key, priced in expected.items():
        flag, *values = found[key]
        wanted = [sum(priced.offers.values()), sum(priced.bids.values()), priced.unpriced]
        assert flag == priced.flag, key
        assert values[:3] == pytest.approx([float(mwh) for mwh in wanted], abs=1e-6), key
        assert values[3] == pytest.approx(float(priced.cash), abs=0.005), key


def test_the_days_totals(warehouse, expected):
    # Pinned from the reference, which shares no code with the models, and met by both.
    count, accepted, offered, bid, unpriced, cash = 3821, 1825, 917.564311, -66574.191024, -187.092593, 4855172.149440
    assert len(expected) == count
    assert len({key[:2] for key in expected}) == accepted
    wanted = (offered, bid, unpriced, cash)
    priced = expected.values()
    sums = (
        sum(sum(p.offers.values()) for p in priced),
        sum(sum(p.bids.values()) for p in priced),
        sum(p.unpriced for p in priced),
        sum(p.cash for p in priced),
    )
    assert [float(total) for total in sums] == pytest.approx(wanted, abs=1e-6)
    day = "where settlement_date = '2022-01-01'"
    for model, columns in {
        "bmrs_boalf_complete": "offer_volume_mwh bid_volume_mwh unpriced_volume_mwh cashflow_gbp",
        "fct_bm_unit_balancing": "offer_volume_mwh bid_volume_mwh unpriced_volume_mwh cashflow_gbp",
    }.items():
        totals = ", ".join(f"sum({column})" for column in columns.split())
        assert warehouse.query(f"select {totals} from {model} {day}")[0] == pytest.approx(wanted, abs=1e-3), model
    stack = warehouse.query(
        f"select side, sum(volume_mwh) from fct_settlement_period_stack {day} group by side order by side"
    )
    assert [total for _, total in stack] == pytest.approx([bid, offered], abs=1e-3)


def test_days_without_pairs_or_notifications_say_so(warehouse):
    # Pairs were recorded for the first day only, and notifications for two; acceptances reach into a third.
    rows = warehouse.query(
        "select cast(settlement_date as varchar), validation_flag, count(*), count(net_volume_mwh), count(cashflow_gbp)"
        " from bmrs_boalf_complete where settlement_date > '2022-01-01' group by 1, 2 order by 1"
    )
    assert rows == [("2022-01-02", "NO_BOD", 2710, 0, 0), ("2022-01-03", "NO_PN", 44, 0, 0)]


def test_the_models_own_tests_pass_on_the_day(warehouse):
    built = ("+fct_bm_unit_balancing,path:models/balancing", "+fct_settlement_period_stack,path:models/balancing")
    only_those = ("--indirect-selection", "cautious", "--exclude", "resource_type:unit_test")
    warehouse.dbt("test", "--select", *built, *only_those)
