"""The models price hundreds of generated units as the reference does, pair by pair, to a millionth of a MWh."""

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from loaders.tests.lake import write_empty_lake
from loaders.tests.pricing_lake import CATALOGUE, EPOCH, minutes, write_units
from loaders.tests.reference_pricing import Acceptance, Line, Pair, Priced, Unit, price
from loaders.tests.warehouse import Warehouse

UNITS = 500
PERIODS = 3  # that a unit has notifications and pairs in; acceptances may begin earlier and end later
# A winter noon, midnights of winter and summer, the hour that is left out and the hour that is repeated.
ORIGINS = [
    minutes(datetime(*start, tzinfo=UTC))
    for start in [(2025, 1, 15, 12), (2025, 1, 14, 23), (2025, 6, 30, 22, 30), (2025, 3, 30, 0, 30), (2025, 10, 26, 0)]
]
# Most of the time what is usual, sometimes what is rare.
USUALLY = st.sampled_from([True] * 9 + [False])
PRICES = st.one_of(st.integers(-20000, 40000).map(lambda p: p / 100), st.sampled_from([-99999, -9999, 9999, 99999]))


@st.composite
def pieces(draw, start: int, end: int, levels: st.SearchStrategy, at_most: int = 3) -> list[Line]:
    """Lines one after another, straight or in steps, each beginning where the one before it ended or elsewhere."""
    cuts = draw(st.sets(st.integers(start + 1, end - 1), max_size=at_most - 1))
    times = [start, *sorted(cuts), end]
    found, level = [], draw(levels)
    for i in range(len(times) - 1):
        until = draw(levels)
        found.append(Line(times[i], times[i + 1], level, until))
        level = until if draw(USUALLY) else draw(levels)
    return found


def said_again(lines: list[Line], later: Line) -> list[Line]:
    """Lines of which a part was published again: a row replaces the one that began with it, and overlies others."""
    return [line for line in lines if line.from_time != later.from_time] + [later]


@st.composite
def notified(draw, start: int) -> list[Line]:
    """A period's notification: often flat; rarely none, with a hole, or said again for a part of the time."""
    level = draw(st.integers(0, 100))
    flat = st.just([Line(start, start + 30, level, level)])
    lines = draw(st.one_of(flat, pieces(start, start + 30, st.integers(0, 100))))
    if not draw(USUALLY):
        lines = lines[1:]
    if not draw(USUALLY):
        until = start + draw(st.integers(8, 30))
        lines = said_again(lines, Line(start + 7, until, draw(st.integers(0, 100)), level, heard=1))
    return lines


@st.composite
def offered(draw, start: int) -> list[Pair]:
    """A period's pairs: up to five each way, mostly of one width; rarely none, cut, or said again for a part."""
    found = []
    up, down = (draw(st.integers(1, 5)), draw(st.integers(0, 5))) if draw(USUALLY) else (0, 0)
    for pair_id in [*range(1, up + 1), *range(-1, -down - 1, -1)]:
        side = 1 if pair_id > 0 else -1
        width = draw(st.integers(0, 40)) * side
        lines = [Line(start, start + 30, width, width)]
        if not draw(USUALLY):
            lines = draw(pieces(start, start + 30, st.integers(0, 40).map(lambda w, side=side: w * side), 2))
        if not draw(USUALLY):
            until = start + draw(st.integers(4, 30))
            lines = said_again(lines, Line(start + 3, until, width, width + side, heard=1))
        offer, bid = draw(PRICES), draw(PRICES)
        found += [Pair(pair_id, line, offer, bid) for line in lines]
    return found


@st.composite
def units(draw) -> Unit:
    """A unit with up to six acceptances around three settlement periods."""
    origin = draw(st.sampled_from(ORIGINS))
    starts = [origin + 30 * i for i in range(PERIODS)]
    acceptances = []
    for number in range(draw(st.integers(1, 6))):
        start = origin + draw(st.integers(-20, 30 * PERIODS - 1))
        profile = draw(pieces(start, start + draw(st.integers(5, 90)), st.integers(-50, 180), 4))
        acceptances.append(Acceptance(number + 1, origin + draw(st.integers(-60, 60)), tuple(profile)))
    return Unit({s: draw(notified(s)) for s in starts}, {s: draw(offered(s)) for s in starts}, acceptances)


@pytest.fixture(scope="module")
def generated() -> dict[str, Unit]:
    found: list[Unit] = []

    @settings(
        max_examples=UNITS,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(units())
    def collect(unit: Unit) -> None:
        found.append(unit)

    collect()
    return {f"UNIT-{i}": unit for i, unit in enumerate(found)}


@pytest.fixture(scope="module")
def warehouse(generated, tmp_path_factory):
    home = tmp_path_factory.mktemp("generated")
    write_empty_lake(home, CATALOGUE)
    write_units(home, generated)
    with pytest.MonkeyPatch.context() as monkeypatch:
        built = Warehouse(home, monkeypatch)
        built.dbt("run", "--select", "+bmrs_boalf_complete")
        yield built


@pytest.fixture(scope="module")
def expected(generated) -> dict[tuple, Priced]:
    """What the reference makes of every acceptance in every period."""
    found = {}
    for name, unit in generated.items():
        first = min(line.from_time for a in unit.acceptances for line in a.profile) // 30 * 30
        last = max(line.to_time for a in unit.acceptances for line in a.profile)
        for start in range(first, last, 30):
            for number, priced in price(unit, start, start + 30).items():
                found[name, number, start] = priced
    return found


def minute(start_utc: datetime) -> int:
    return int((start_utc - EPOCH).total_seconds() // 60)


def test_enough_was_generated_and_of_every_kind(generated, expected):
    assert len(generated) >= UNITS
    assert len(expected) > 3 * UNITS
    flags = {priced.flag for priced in expected.values()}
    assert flags == {"PRICED", "PARTLY_PRICED", "NO_BOD", "NO_PN", "NO_VOLUME"}
    assert max(len(unit.acceptances) for unit in generated.values()) == 6
    assert any(priced.offers.keys() & priced.bids.keys() for priced in expected.values()), "no pair has both"
    assert any(p > 0 for priced in expected.values() for p in priced.bids), "no offer is undone"


def test_volumes_agree_pair_by_pair(warehouse, expected):
    rows = warehouse.query(
        "select national_grid_bm_unit, acceptance_number, start_utc, pair_id, offer_volume_mwh, bid_volume_mwh"
        " from fct_acceptance_volumes"
    )
    found = {(unit, number, minute(start), pair): (offer, bid) for unit, number, start, pair, offer, bid in rows}
    wanted = {
        (*key, pair): (float(priced.offers.get(pair, 0)), float(priced.bids.get(pair, 0)))
        for key, priced in expected.items()
        if not priced.fault
        for pair in priced.offers.keys() | priced.bids.keys()
    }
    assert len(wanted) > 1000
    for key in found.keys() | wanted.keys():
        assert found.get(key, (0, 0)) == pytest.approx(wanted.get(key, (0, 0)), abs=1e-6), key


def test_acceptances_agree_in_volume_cash_and_flag(warehouse, expected):
    rows = warehouse.query(
        "select national_grid_bm_unit, acceptance_number, start_utc, validation_flag, offer_volume_mwh, bid_volume_mwh,"
        " unpriced_volume_mwh, cashflow_gbp from bmrs_boalf_complete"
    )
    found = {(unit, number, minute(start)): values for unit, number, start, *values in rows}
    assert found.keys() == expected.keys()
    for key, priced in expected.items():
        flag, offers, bids, unpriced, cash = found[key]
        assert flag == priced.flag, key
        if priced.fault:
            assert (offers, bids, unpriced, cash) == (None, None, None, None), key
        else:
            wanted = (sum(priced.offers.values()), sum(priced.bids.values()), priced.unpriced)
            assert (offers, bids, unpriced) == pytest.approx([float(mwh) for mwh in wanted], abs=1e-6), key
            assert cash == pytest.approx(float(priced.cash), abs=0.005), key


def test_the_models_own_tests_pass_on_them(warehouse):
    warehouse.dbt(
        "test", "--select", "models/balancing", "balancing_*", "--exclude", "fct_*", "resource_type:unit_test"
    )
