"""Our volumes and cash beside Elexon's.

No answer of BOAV or EBOCF was recorded: these are synthetic, in the real shape, made from the reference and not from
the models.
"""

from datetime import UTC, datetime

import pytest
from dbt.artifacts.schemas.results import TestStatus

from loaders.config import RAW_BMRS
from loaders.tests.lake import write_empty_lake, write_rows
from loaders.tests.pricing_lake import CATALOGUE, FIRST_HEARD, minutes, settlement, utc, write_units
from loaders.tests.reference_pricing import Acceptance, Line, Pair, Priced, Unit, price
from loaders.tests.warehouse import Warehouse

NOON = minutes(datetime(2025, 1, 15, 12, tzinfo=UTC))
LOSS_MULTIPLIER = 0.985
NAMES = {"T_GOOD-1": "GOOD-1", "T_ALSO-1": "ALSO-1"}
TESTS = ["balancing_volumes_agree_with_elexon", "balancing_cashflows_agree_with_elexon"]


def unit(level: int) -> Unit:
    """An offer undone by half, then a bid; in two settlement periods."""
    starts = [NOON, NOON + 30]
    fpn = {s: [Line(s, s + 30, 100, 100)] for s in starts}
    pairs = {s: [Pair(1, Line(s, s + 30, 50, 50), 60, 50), Pair(-1, Line(s, s + 30, -50, -50), 35, 20)] for s in starts}
    acceptances = [
        Acceptance(1, NOON - 5, (Line(NOON, NOON + 60, level, level),)),
        Acceptance(2, NOON + 10, (Line(NOON + 15, NOON + 40, level - 20, 80),)),
    ]
    return Unit(fpn, pairs, acceptances)


UNITS = {"GOOD-1": unit(140), "ALSO-1": unit(125)}


def synthetic(side: str) -> tuple[list[dict], list[dict]]:
    """BOAV and EBOCF rows of one side for both periods: an object by pair, thousandths of a MWh, cash after losses."""
    boav, ebocf = [], []
    for bm_unit, name in NAMES.items():
        for start in (NOON, NOON + 30):
            day, period = settlement(start)
            row = {
                "settlementDate": day.isoformat(),
                "settlementPeriod": period,
                "startTime": utc(start).isoformat(),
                "createdDateTime": "2025-01-16T12:00:00Z",
                "bmUnit": bm_unit,
                "bmUnitType": "T",
                "nationalGridBmUnit": name,
                "leadPartyName": "Synthetic",
                "bidOffer": side,
            }
            found = price(UNITS[name], start, start + 30)
            volumes = {number: volume_of(priced, side) for number, priced in found.items()}
            boav += [
                row | {"acceptanceId": number, "totalVolumeAccepted": sum(v.values()), "pairVolumes": by_pair(v)}
                for number, v in volumes.items()
                if any(v.values())
            ]
            cash = cash_of(volumes.values(), UNITS[name].pairs[start], side)
            ebocf.append(row | {"totalCashflow": cash, "bidOfferPairCashflows": by_pair({})})
    return boav, ebocf


def volume_of(priced: Priced, side: str) -> dict[int, float]:
    volumes = priced.offers if side == "offer" else priced.bids
    return {pair: round(float(volume), 3) for pair, volume in volumes.items()}


def cash_of(volumes, pairs: list[Pair], side: str) -> float:
    rates = {pair.pair_id: pair.offer if side == "offer" else pair.bid for pair in pairs}
    return LOSS_MULTIPLIER * sum(mwh * rates[pair] for found in volumes for pair, mwh in found.items())


def by_pair(volumes: dict[int, float]) -> str:
    """JSON as the loaders land it, from negative6 to positive6."""
    names = {n: f"{'negative' if n < 0 else 'positive'}{abs(n)}" for n in [*range(-6, 0), *range(1, 7)]}
    return "{" + ", ".join(f'"{name}": {volumes.get(n, "null")}' for n, name in names.items()) + "}"


@pytest.fixture
def home(tmp_path):
    write_empty_lake(tmp_path, CATALOGUE)
    write_units(tmp_path, UNITS)
    return tmp_path


def built(home, monkeypatch, boav: list[dict], ebocf: list[dict]) -> Warehouse:
    for dataset, rows in {"BOAV": boav, "EBOCF": ebocf}.items():
        if rows:
            write_rows(home, RAW_BMRS, CATALOGUE[dataset], rows, FIRST_HEARD)
    warehouse = Warehouse(home, monkeypatch)
    warehouse.dbt("run", "--select", "+fct_acceptance_reconciliation")
    return warehouse


def test_what_elexon_computes_alike_reconciles(home, monkeypatch):
    (bids, bid_cash), (offers, offer_cash) = synthetic("bid"), synthetic("offer")
    warehouse = built(home, monkeypatch, bids + offers, bid_cash + offer_cash)
    rows = warehouse.query(
        "select is_volume_reconciled, is_cashflow_reconciled, count(*), max(abs(volume_residual_mwh)),"
        " max(abs(cashflow_residual_gbp)) from fct_acceptance_reconciliation group by 1, 2"
    )
    assert len(rows) == 1
    volumes_agree, cash_agrees, count, residual, cash_residual = rows[0]
    assert (volumes_agree, cash_agrees) == (True, True)
    assert count == 8  # two units, two periods, two sides
    assert 0 < residual <= 0.001, "thousandths were published"
    assert cash_residual > 1, "a loss multiplier was applied"
    warehouse.dbt("test", "--select", *TESTS)


def test_a_wrong_volume_and_a_missing_one_are_residuals_and_fail_the_test(home, monkeypatch):
    offers, cash = synthetic("offer")
    wrong = [row | {"totalVolumeAccepted": row["totalVolumeAccepted"] + 2} for row in offers[:1]]
    missing = [row for row in offers[1:] if row["nationalGridBmUnit"] != "ALSO-1" or row["settlementPeriod"] != 25]
    warehouse = built(home, monkeypatch, wrong + missing, cash)
    rows = warehouse.query(
        "select national_grid_bm_unit, settlement_period, round(volume_residual_mwh, 2)"
        " from fct_acceptance_reconciliation where not is_volume_reconciled order by 1"
    )
    assert [row[:2] for row in rows] == [("ALSO-1", 25), ("GOOD-1", 25)]
    assert rows[0][2] > 0
    assert rows[1][2] == -2
    results = warehouse.invoke("test", "--select", *TESTS).result
    status = {result.node.name: result.status for result in results}
    assert status == {TESTS[0]: TestStatus.Fail, TESTS[1]: TestStatus.Pass}


def test_nothing_is_compared_with_what_is_not_loaded(home, monkeypatch):
    offers, _ = synthetic("offer")
    only_one_period = [row for row in offers if row["settlementPeriod"] == 25]
    warehouse = built(home, monkeypatch, only_one_period, [])
    rows = warehouse.query(
        "select distinct settlement_period, side, elexon_cashflow_gbp, is_cashflow_reconciled"
        " from fct_acceptance_reconciliation"
    )
    assert rows == [(25, "offer", None, None)]
