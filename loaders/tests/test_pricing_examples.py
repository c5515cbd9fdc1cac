"""The worked examples A to F, through lake and models, to a millionth of a MWh and to the penny."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from loaders.tests.lake import write_empty_lake
from loaders.tests.pricing_lake import CATALOGUE, minutes, utc, write_units
from loaders.tests.reference_pricing import Acceptance, Line, Pair, Unit, price
from loaders.tests.warehouse import Warehouse

EXAMPLES = json.loads((Path(__file__).parent / "data" / "worked_examples.json").read_text())
PERIOD_25 = minutes(datetime(2025, 1, 15, 12, tzinfo=UTC))
NAMES = [example["name"] for example in EXAMPLES]


def line(segment: list) -> Line:
    start, end, *levels = segment
    return Line(PERIOD_25 + start, PERIOD_25 + end, *levels)


def unit_of(example: dict) -> Unit:
    """The example's unit, with the same notification and pairs in both settlement periods that it knows."""
    spans = [(start, start + 30) for start in (0, 30) if start < example["fpn"][-1][1]]
    fpn = line(example["fpn"][0])
    prices = example["prices_offer_bid"]
    return Unit(
        {
            PERIOD_25 + a: [
                Line(PERIOD_25 + a, PERIOD_25 + b, fpn.at(PERIOD_25 + a), fpn.at(PERIOD_25 + b)),
            ]
            for a, b in spans
        },
        {
            PERIOD_25 + a: [Pair(int(p), line([a, b, w, w]), *prices[p]) for p, w in example["bod_widths"].items()]
            for a, b in spans
        },
        [
            Acceptance(number, PERIOD_25 + 2 + 14 * (number - 1), tuple(line(segment) for segment in profile))
            for number, profile in enumerate(example["acceptances"], 1)
        ],
    )


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    home = tmp_path_factory.mktemp("examples")
    write_empty_lake(home, CATALOGUE)
    write_units(home, {example["name"]: unit_of(example) for example in EXAMPLES})
    with pytest.MonkeyPatch.context() as monkeypatch:
        built = Warehouse(home, monkeypatch)
        built.dbt("run", "--select", "+bmrs_boalf_complete")
        yield built


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_the_models_find_what_was_worked_out_by_hand(warehouse, example):
    start = utc(PERIOD_25 + example["window_min"][0]).isoformat()
    where = f"where national_grid_bm_unit = '{example['name']}' and start_utc = '{start}'"
    rows = warehouse.query(
        "select acceptance_number, pair_id, offer_volume_mwh, bid_volume_mwh, cashflow_gbp"
        f" from fct_acceptance_volumes {where}"
    )
    found = {(number, pair): values for number, pair, *values in rows}
    expected = {(e["acceptance"], e["pair"]): e for e in example["expected"]}
    assert found.keys() == expected.keys()
    for key, wanted in expected.items():
        offer, bid, cash = found[key]
        assert (offer, bid) == pytest.approx((wanted["qao_mwh"], wanted["qab_mwh"]), abs=1e-6)
        assert cash == pytest.approx(wanted["cash_gbp_tlm1"], abs=0.005)
    totals = warehouse.query(f"select sum(net_volume_mwh), sum(cashflow_gbp) from bmrs_boalf_complete {where}")
    assert totals[0][0] == pytest.approx(example["total_mwh"], abs=1e-6)
    assert totals[0][1] == pytest.approx(example["total_cash_gbp"], abs=0.005)


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_so_does_the_reference(example):
    start, end = (PERIOD_25 + minute for minute in example["window_min"])
    found = price(unit_of(example), start, end)
    for wanted in example["expected"]:
        priced = found[wanted["acceptance"]]
        values = (priced.offers.get(wanted["pair"], 0), priced.bids.get(wanted["pair"], 0))
        assert [float(mwh) for mwh in values] == pytest.approx([wanted["qao_mwh"], wanted["qab_mwh"]], abs=1e-6)
    assert float(sum(p.cash for p in found.values())) == pytest.approx(example["total_cash_gbp"], abs=0.005)
