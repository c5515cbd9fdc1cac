"""JSON to Arrow: strict about what the catalogue promises, and nothing unknown is lost."""

import io
import json
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loaders import decode
from loaders.catalogue import load_catalogue
from loaders.decode import Decoder, Undecodable

CATALOGUE = load_catalogue()
ROW = {
    "dataset": "BOALF", "settlementDate": "2022-01-01", "settlementPeriodFrom": 1, "settlementPeriodTo": 2,
    "timeFrom": "2022-01-01T00:00:00Z", "timeTo": "2022-01-01T00:45:00Z", "levelFrom": 1, "levelTo": 1.5,
    "acceptanceNumber": 32397, "acceptanceTime": "2021-12-31T23:57:00Z", "deemedBoFlag": False, "soFlag": True,
    "amendmentFlag": "ORI", "storFlag": False, "rrFlag": None, "nationalGridBmUnit": "CGTHW-1", "bmUnit": None,
}  # fmt: skip


def decoded(answer, dataset="BOALF", asked=None) -> pa.Table:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return Decoder(CATALOGUE[dataset]).decode(io.BytesIO(body), asked)


def test_a_row_gets_the_catalogues_types_and_missing_values_stay_null():
    (row,) = decoded([ROW]).to_pylist()
    assert row["settlement_date"] == date(2022, 1, 1)
    assert row["time_to"] == datetime(2022, 1, 1, 0, 45, tzinfo=UTC)
    assert (row["level_from"], row["so_flag"], row["rr_flag"], row["bm_unit"]) == (1.0, True, None, None)


@pytest.mark.parametrize("answer", [[ROW], {"data": [ROW]}, {"metadata": {"datasets": ["BOALF"]}, "data": [ROW]}])
def test_every_shape_of_answer_gives_the_same_rows(answer):
    assert decoded(answer).equals(decoded([ROW]))


def test_an_optional_field_may_be_left_out():
    assert decoded([{k: v for k, v in ROW.items() if k != "rrFlag"}]).equals(decoded([ROW]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"levelFrom": "60"}, r"Expected `float`, got `str` - at `\$\[1\]\.levelFrom`"),
        ({"settlementPeriodFrom": 2.5}, r"Expected `int`, got `float`"),
        ({"soFlag": "true"}, r"Expected `bool`, got `str`"),
        ({"acceptanceNumber": None}, r"Expected `int`, got `null`"),
        ({"timeFrom": "yesterday"}, r"yesterday"),
        ({"settlementDate": "01/02/2022"}, r"01/02/2022"),
    ],
)
def test_a_wrong_type_refuses_the_answer_and_says_where(change, message):
    with pytest.raises(Undecodable, match=message):
        decoded([ROW, ROW | change])


def test_a_missing_field_refuses_the_answer_by_name():
    with pytest.raises(Undecodable, match="missing required field `timeFrom`"):
        decoded([{k: v for k, v in ROW.items() if k != "timeFrom"}])


@pytest.mark.parametrize(
    "body", [b'[{"a":1', b"", b"<html></html>", b'{"errors": {}}', b'{"data": 1}', b'"text"', b"[1]"]
)
def test_what_is_not_an_answer_is_refused(body):
    with pytest.raises(Undecodable):
        decoded(body)


@pytest.mark.parametrize(
    ("value", "type_"),
    [(3, pa.float64()), (True, pa.bool_()), ("x", pa.string()), ({"a": [1]}, pa.string()), (None, pa.string())],
)
def test_a_new_field_becomes_a_column(value, type_):
    rows = decoded([ROW, ROW | {"brandNew": value}])
    assert rows.schema.field("brand_new").type == type_
    kept = rows.column("brand_new").to_pylist()
    assert kept == [None, json.dumps(value) if isinstance(value, dict) else value]


def test_a_nested_answer_gives_one_row_per_inner_row():
    outer = {"startTime": "2024-01-01T00:00:00Z", "settlementPeriod": 1}
    inner = [{"businessType": "Production", "psrType": psr, "quantity": 1} for psr in ("Biomass", "Nuclear")]
    rows = decoded({"metadata": None, "data": [outer | {"data": inner}]}, "ACTUAL_PER_TYPE")
    assert rows.column("psr_type").to_pylist() == ["Biomass", "Nuclear"]
    assert rows.column("settlement_period").to_pylist() == [1, 1]


def test_a_time_without_a_zone_is_utc_where_the_catalogue_says_so():
    row = {
        "psrType": "Generation", "bmUnit": "T_DRAXX-1", "nationalGridBmUnitId": "DRAXX-1", "quantity": 0,
        "settlementDate": "2026-08-01", "settlementPeriod": 3, "halfHourEndTime": "2026-08-01T00:30:00",
    }  # fmt: skip
    (got,) = decoded([row], "B1610").column("half_hour_end_time").to_pylist()
    assert got == datetime(2026, 8, 1, 0, 30, tzinfo=UTC)
    with pytest.raises(Undecodable, match="zone"):
        decoded([ROW | {"timeFrom": "2022-01-01T00:00:00"}])


def test_what_was_asked_becomes_a_column():
    assert "bid_offer" in Decoder(CATALOGUE["BOAV"]).schema.names
    assert decoded([], "BOAV", {"bidOffer": "bid"}).schema.names[-1] == "bid_offer"


@given(
    units=st.lists(st.text(st.characters(codec="utf-8"), max_size=12), min_size=1, max_size=60),
    block=st.integers(60, 3000),
    spaces=st.booleans(),
)
def test_an_answer_cut_into_blocks_gives_the_rows_of_the_whole(units, block, spaces):
    rows = [ROW | {"nationalGridBmUnit": unit, "acceptanceNumber": n} for n, unit in enumerate(units)]
    body = json.dumps(rows, separators=(", ", ": ") if spaces else (",", ":")).encode()
    whole, decode.BLOCK = decode.BLOCK, block
    try:
        got = decoded(body)
    finally:
        decode.BLOCK = whole
    assert got.column("national_grid_bm_unit").to_pylist() == units
    assert got.column("acceptance_number").to_pylist() == list(range(len(units)))
