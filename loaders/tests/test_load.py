"""The REST loader against the stand-in over real HTTP: what lands, what does not, and what the ledger says."""

import gzip
import json

import pytest

from loaders.tests.stand_ins.recorded import rows as recorded_rows

DAY, NEXT = "2022-01-01", "2022-01-02"
WIND = [row for row in recorded_rows("BOALF") if row["timeFrom"] < "2023"]  # the two winter days: London is UTC
BOALF_KEY = "(national_grid_bm_unit, acceptance_number, acceptance_time, time_from)"


def boalf(first: str, last: str) -> int:
    """Recorded segments that start on the settlement days."""
    return sum(first <= row["timeFrom"][:10] <= last for row in WIND)


def outcomes(home) -> list[str]:
    return [
        outcome for (outcome,) in home.raw("_windows", "select outcome from raw order by asked_at_utc, window_from_utc")
    ]


def test_exactly_the_recorded_rows_land_and_the_same_answer_twice_lands_once(home):
    home.load("BOALF", "--from", DAY, "--to", NEXT)
    assert home.count("boalf") == boalf(DAY, NEXT)
    again = home.load("BOALF", "--from", DAY, "--to", NEXT, "--again")
    assert "0 rows landed" in again.stdout
    assert home.count("boalf") == boalf(DAY, NEXT)
    assert outcomes(home) == ["landed", "landed", "unchanged", "unchanged"]


def test_what_was_answered_is_not_asked_again_unless_told_to(home, server):
    home.load("BOALF", "--from", DAY)
    asked = len(server.requests)
    assert "Nothing to ask" in home.load("BOALF", "--from", DAY).stdout
    assert len(server.requests) == asked


def test_rows_on_the_boundary_of_two_windows_land_once_in_one_run(home):
    home.load("BOALF", "--from", DAY, "--to", NEXT)
    assert home.raw("boalf", f"select count(*), count(distinct {BOALF_KEY}) from raw") == [(boalf(DAY, NEXT),) * 2]
    answered = home.raw("_windows", "select sum(rows_answered) from raw")[0][0]
    assert answered > boalf(DAY, NEXT), "both windows must have returned the boundary, or this test shows nothing"


def test_rows_on_the_boundary_of_two_windows_land_once_in_two_runs(home):
    home.load("BOALF", "--from", NEXT)
    home.load("BOALF", "--from", DAY)
    assert home.raw("boalf", f"select count(*), count(distinct {BOALF_KEY}) from raw") == [(boalf(DAY, NEXT),) * 2]


def test_a_period_notification_touching_midnight_lands_once(home):
    home.load("PN", "--from", DAY, "--to", NEXT)
    expected = sum(row["settlementDate"] in (DAY, NEXT) for row in recorded_rows("PN"))
    key = "(national_grid_bm_unit, settlement_date, settlement_period, time_from)"
    assert home.raw("pn", f"select count(*), count(distinct {key}) from raw") == [(expected, expected)]


def test_a_changed_answer_adds_one_version_and_keeps_the_old_one(home, server):
    home.load("BOALF", "--from", DAY)
    changed = [dict(row) for row in WIND]
    row = next(row for row in changed if row["timeFrom"].startswith(DAY))
    row["levelTo"] += 7
    server.set_rows("BOALF", changed)
    home.load("BOALF", "--from", DAY, "--again")
    assert home.count("boalf") == boalf(DAY, DAY) + boalf_at(f"{NEXT}T00:00") + 1
    key = (row["nationalGridBmUnit"], row["acceptanceNumber"], row["timeFrom"])
    versions = home.raw("boalf", f"""
        select level_to from raw where national_grid_bm_unit = '{key[0]}' and acceptance_number = {key[1]}
            and time_from = '{key[2]}' order by _fetched_at_utc
    """)  # fmt: skip
    assert versions == [(row["levelTo"] - 7,), (row["levelTo"],)]


def boalf_at(moment: str) -> int:
    return sum(row["timeFrom"].startswith(moment) for row in WIND)


def test_a_value_that_returns_to_what_it_was_lands_again_or_the_latest_would_be_wrong(home, server):
    first = [dict(row) for row in WIND]
    second = [dict(row) for row in first]
    second[100]["levelTo"] += 1
    for rows in (first, second, first):
        server.set_rows("BOALF", rows)
        home.load("BOALF", "--from", DAY, "--to", NEXT, "--again")
    key = f"acceptance_number = {first[100]['acceptanceNumber']} and time_from = '{first[100]['timeFrom']}'"
    unit = f"national_grid_bm_unit = '{first[100]['nationalGridBmUnit']}'"
    levels = home.raw("boalf", f"select level_to from raw where {key} and {unit} order by _fetched_at_utc")
    assert [level for (level,) in levels] == [first[100]["levelTo"], second[100]["levelTo"], first[100]["levelTo"]]


def test_every_catalogued_table_exists_and_is_typed_after_the_first_load(new_home):
    home = new_home
    home.load("BMUNITS")
    assert (
        home.raw("bod", "select typeof(any_value(offer)), count(*) from raw") == [(None, 0)] or home.count("bod") == 0
    )
    assert dict(home.raw("bod", "select column_name, column_type from (describe raw)"))["offer"] == "DOUBLE"
    assert (
        dict(home.raw("freq", "select column_name, column_type from (describe raw)", "raw_iris"))["frequency"]
        == "DOUBLE"
    )


def test_a_snapshot_lands_whole_when_it_changed_and_not_at_all_when_it_did_not(home, server):
    units = recorded_rows("BMUNITS")
    home.load("BMUNITS")
    home.load("BMUNITS")
    assert home.count("bmunits") == len(units)
    server.set_rows("BMUNITS", [*units[:-1], units[-1] | {"leadPartyName": "Somebody Else"}])
    home.load("BMUNITS")
    assert home.count("bmunits") == 2 * len(units)


def test_an_empty_answer_is_no_gap_where_days_without_rows_are_normal(home):
    home.load("SYSWARN", "--from", DAY)
    assert outcomes(home) == ["empty"]


def test_an_empty_answer_is_missing_where_no_settlement_day_is_without_rows(home):
    done = home.load("BOALF", "--from", "2023-01-01", "--to", "2023-01-03", code=1)
    assert "Missing: 3 of 3 windows" in done.stdout
    assert "gb-power load BOALF --from 2023-01-01 --to 2023-01-03" in done.stdout
    home.load("BOALF", "--from", "2023-01-01", code=1)  # it stays missing until it is there


def test_a_new_field_lands_as_a_column_and_is_reported(home, server):
    server.set_rows("BOALF", [row | {"brandNewFlag": True} for row in WIND])
    assert "BOALF has new fields, landed as columns: brand_new_flag" in home.load("BOALF", "--from", DAY).stdout
    assert home.raw("boalf", "select distinct brand_new_flag from raw") == [(True,)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"levelTo": "fifty"}, "Expected `float`, got `str`"), ({"levelTo": None}, "Expected `float`, got `null`")],
)
def test_an_answer_of_a_wrong_type_is_quarantined_whole_and_the_others_land(home, server, change, reason):
    rows = [row | change if row["timeFrom"] == f"{DAY}T00:00:00Z" else row for row in WIND]
    server.set_rows("BOALF", rows)
    done = home.load("BOALF", "--from", DAY, "--to", NEXT, code=1)
    assert f"gb-power load BOALF --from {DAY} --to {DAY}" in done.stdout
    assert outcomes(home) == ["quarantined", "landed"]
    ((error, body),) = home.raw("_quarantine", "select error, body_gz from raw")
    assert reason in error
    assert [row for row in json.loads(gzip.decompress(body)) if row["timeFrom"] == f"{DAY}T00:00:00Z"][0] | change == (
        [row for row in rows if row["timeFrom"] == f"{DAY}T00:00:00Z"][0]
    )
    server.set_rows("BOALF", WIND)
    home.load("BOALF", "--from", DAY, "--to", NEXT)
    assert home.count("boalf") == boalf(DAY, NEXT)


def test_a_missing_field_is_named(home, server):
    server.set_rows("BOALF", [{k: v for k, v in row.items() if k != "timeTo"} for row in WIND])
    assert "missing required field `timeTo`" in home.load("BOALF", "--from", DAY, code=1).stderr


def test_a_sub_list_of_datasets_and_dates_that_make_no_sense_are_usage_errors(home):
    assert "no dataset 'BOALFF'; like it: BOALF, BOAV" in home.load("BOALFF", code=2).stderr
    assert "is after" in home.load("BOALF", "--from", NEXT, "--to", DAY, code=2).stderr
    assert "not a date" in home.load("BOALF", "--from", "01/02/2022", code=2).stderr
    assert "exclude one another" in home.load("BOALF", "--year", "2022", "--days", "3", code=2).stderr
    assert "BMRS_TRIES='many' is not a number" in home.load("BOALF", code=2, BMRS_TRIES="many").stderr
