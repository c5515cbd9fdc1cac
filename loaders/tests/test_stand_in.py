"""The stand-in of the Insights API answers as the API does, and serves what was recorded."""

from collections import Counter

import pytest
import requests

from loaders.catalogue import load_catalogue
from loaders.tests.stand_ins import recorded
from loaders.tests.stand_ins.endpoints import endpoints
from loaders.tests.stand_ins.insights import route

BOALF, FUELHH = "/datasets/BOALF/stream", "/datasets/FUELHH/stream"
PRICES = "/balancing/settlement/system-prices/2022-01-01"
DAY = {"from": "2022-01-01T00:00Z", "to": "2022-01-02T00:00Z"}
PUBLISHED = {"publishDateTimeFrom": DAY["from"], "publishDateTimeTo": DAY["to"]}


@pytest.fixture
def ask(server):
    """Asks the stand-in for a path, over one connection that is kept alive."""
    with requests.Session() as session:
        yield lambda path, params=None, **options: session.get(server.url + path, params=params, timeout=60, **options)


def test_a_dataset_of_which_nothing_was_recorded_answers_with_an_empty_list(ask):
    window = {"measurementDateTimeFrom": "2022-01-01", "measurementDateTimeTo": "2022-01-02"}
    assert ask("/datasets/FREQ/stream", window).json() == []
    assert ask("/reference/fueltypes/all").json() == []
    assert ask("/reference/interconnectors/all").json() == []
    assert ask("/datasets/metadata/latest").json() == {"data": []}
    assert ask("/data-status/BOALF").json()["data"] == []


@pytest.mark.parametrize("entry", load_catalogue().values(), ids=load_catalogue())
def test_every_catalogued_endpoint_is_answered_with_the_rows_of_its_own_dataset(server, ask, entry):
    rest = entry.rest
    asked = {name: values[0] for name, values in rest.each.items()}
    path = rest.path.format_map(asked | {"settlementDate": "2022-01-01", "settlementPeriod": "1"})
    params = (
        {rest.window.start: "2022-01-01", rest.window.end: "2022-01-01"} if rest.window and rest.window.start else {}
    )
    own = {"settlementDate": "2022-01-01", "settlementPeriod": 1, "createdDateTime": "2022-01-02T00:00:00Z", "mine": 1}
    times = dict.fromkeys(("timeFrom", "timeTo", "publishTime", "startTime", "measurementTime"), "2022-01-01T00:00:00Z")
    times |= dict.fromkeys(("submissionDateTime", "time"), "2022-01-01T00:00:00Z") | {
        "halfHourEndTime": "2022-01-01T00:30:00"
    }
    server.set_rows(entry.dataset, [own | times | asked])
    answer = ask(path, params | rest.params)
    assert answer.status_code == 200
    rows = answer.json() if isinstance(answer.json(), list) else answer.json()["data"]
    assert rows == [own | times]


# ---- the contract: shapes


def test_a_stream_is_a_bare_list_and_a_dataset_is_wrapped_in_data(ask):
    rows = ask("/datasets/BOALF/stream", DAY).json()
    assert isinstance(rows, list)
    assert ask("/datasets/BOALF", DAY).json() == {"data": rows}


def test_an_opinionated_endpoint_tells_its_datasets_beside_the_data(ask):
    assert ask(PRICES).json()["metadata"] == {"datasets": ["DISEBSP"]}
    assert set(ask(PRICES).json()) == {"metadata", "data"}


@pytest.mark.parametrize(
    "path", ["/reference/bmunits/all", "/generation/outturn/current", "/generation/outturn/summary"]
)
def test_reference_and_current_outturn_are_bare_lists(ask, path):
    assert isinstance(ask(path).json(), list)


def test_generation_per_type_is_nested_by_period(ask):
    rows = ask("/generation/actual/per-type", {"from": "2024-01-01", "to": "2024-01-01T23:30Z"}).json()["data"]
    assert [row["settlementPeriod"] for row in rows] == list(range(1, 49))
    assert {"businessType", "psrType", "quantity"} == set(rows[0]["data"][0])


def test_an_answer_is_compressed_for_those_who_accept_it_only(ask):
    packed = ask(BOALF, DAY)
    plain = ask(BOALF, DAY, headers={"Accept-Encoding": "identity"})
    assert (packed.headers["Content-Encoding"], plain.headers.get("Content-Encoding")) == ("gzip", None)
    assert int(packed.headers["Content-Length"]) < int(plain.headers["Content-Length"]) == len(plain.content)
    assert packed.content == plain.content


# ---- the contract: what a window selects


def test_both_ends_of_a_window_belong_to_it(ask):
    edge = "2022-01-01T12:00:00Z"
    starts = [row["timeFrom"] for row in recorded.rows("BOALF")]
    for window in ({"from": "2022-01-01T11:00Z", "to": "2022-01-01T12:00Z"}, {"from": edge, "to": "2022-01-01T13:00Z"}):
        answered = Counter(row["timeFrom"] for row in ask(BOALF, window).json())
        assert answered[edge] == starts.count(edge) > 0


def test_an_acceptance_is_selected_by_the_start_of_its_segment(ask):
    rows = ask(BOALF, {"from": "2022-01-01T00:30Z", "to": "2022-01-01T01:00Z"}).json()
    begun_before = [row for row in recorded.rows("BOALF") if row["timeFrom"] < "2022-01-01T00:30:00Z" < row["timeTo"]]
    assert begun_before
    assert {row["timeFrom"] < "2022-01-01T00:30:00Z" for row in rows} == {False}
    assert max(row["timeTo"] for row in rows) > "2022-01-01T01:00:00Z"


@pytest.mark.parametrize(("dataset", "day"), [("PN", "2026-08-01"), ("QPN", "2026-08-18")])
def test_an_hour_of_notifications_answers_the_four_periods_that_touch_it_latest_first(ask, dataset, day):
    rows = ask(f"/datasets/{dataset}/stream", {"from": f"{day}T00:00Z", "to": f"{day}T01:00Z"}).json()
    assert [row["settlementPeriod"] for row in rows] == [5, 4, 3, 2]


def test_an_hour_of_metered_output_answers_the_three_periods_that_start_in_it_earliest_first(ask):
    rows = ask("/datasets/B1610/stream", {"from": "2026-08-01T00:00Z", "to": "2026-08-01T01:00Z"}).json()
    assert [row["settlementPeriod"] for row in rows] == [3, 4, 5]
    assert rows[0]["halfHourEndTime"] == "2026-08-01T00:30:00"


def test_half_an_hour_of_limits_answers_both_periods_at_its_ends(ask):
    rows = ask("/datasets/MELS/stream", {"from": "2026-08-01T00:00Z", "to": "2026-08-01T00:30Z"}).json()
    assert [row["settlementPeriod"] for row in rows] == [4, 3]


def test_a_publish_window_selects_by_publication_and_not_by_the_time_told_of(ask):
    window = {"publishDateTimeFrom": "2024-05-01T00:00Z", "publishDateTimeTo": "2024-05-01T00:30Z"}
    (row,) = ask("/datasets/ATL/stream", window).json()
    assert (row["publishTime"], row["startTime"]) == ("2024-05-01T00:25:09Z", "2024-04-30T22:30:00Z")


def test_a_settlement_day_of_fifty_periods_is_answered_whole_by_its_london_date(ask):
    window = {"settlementDateFrom": "2025-10-26", "settlementDateTo": "2025-10-26"}
    rows = ask(FUELHH, window).json()
    assert {row["settlementDate"] for row in rows} == {"2025-10-26"}
    assert {row["settlementPeriod"] for row in rows} == set(range(1, 51))


def test_settlement_periods_turn_the_window_into_settlement_dates_whatever_its_times(ask):
    periods = {
        "from": "2022-01-01T17:11Z",
        "to": "2022-01-01T03:00Z",
        "settlementPeriodFrom": 3,
        "settlementPeriodTo": 4,
    }
    starts = {row["timeFrom"] for row in ask(BOALF, periods).json()}
    expected = {row["timeFrom"] for row in recorded.rows("BOALF")}
    assert starts == {start for start in expected if "2022-01-01T01:00:00Z" <= start < "2022-01-01T02:00:00Z"}


def test_settlement_periods_do_nothing_to_metered_output(ask):
    window = {
        "from": "2026-08-01T00:00Z",
        "to": "2026-08-01T01:00Z",
        "settlementPeriodFrom": 48,
        "settlementPeriodTo": 48,
    }
    assert len(ask("/datasets/B1610/stream", window).json()) == 3


def test_units_and_fuels_may_be_asked_for_several_at_a_time(ask):
    rows = ask("/datasets/BOD/stream", DAY | {"bmUnit": ["BEATO-1", "T_BEATO-2"]}).json()
    assert {row["nationalGridBmUnit"] for row in rows} == {"BEATO-1", "BEATO-2"}
    rows = ask(
        "/datasets/FUELHH", {"settlementDateFrom": "2025-10-26", "settlementDateTo": "2025-10-26", "fuelType": "OIL"}
    )
    assert {row["fuelType"] for row in rows.json()["data"]} == {"OIL"}


def test_without_its_optional_window_an_endpoint_answers_the_latest_publication(ask):
    rows = ask("/datasets/FUELINST/stream").json()
    assert {row["publishTime"] for row in rows} == {max(row["publishTime"] for row in recorded.rows("FUELINST"))}


def test_an_unknown_optional_parameter_is_ignored_and_other_data_come_back(ask):
    asked_for = {"settlementDate": "2022-01-01", "page": 2}
    assert ask(FUELHH, asked_for).json() == ask(FUELHH).json()


def test_what_was_never_published_is_an_empty_list_and_no_error(ask):
    answer = ask(BOALF, {"from": "2019-01-01T00:00Z", "to": "2019-01-02T00:00Z"})
    assert (answer.status_code, answer.json()) == (200, [])
    assert ask(f"{PRICES}/49").json()["data"] == []


def test_system_prices_are_those_of_the_day_or_of_one_of_its_periods(ask):
    assert [row["settlementPeriod"] for row in ask(PRICES).json()["data"]] == list(range(1, 49))
    (row,) = ask(f"{PRICES}/25").json()["data"]
    assert (row["settlementDate"], row["settlementPeriod"]) == ("2022-01-01", 25)


def test_of_two_vintages_of_a_price_only_the_latest_at_the_time_of_asking_is_there(server, ask):
    def price():
        (row,) = ask(f"{PRICES}/25").json()["data"]
        return row["createdDateTime"][:4], row["systemSellPrice"]

    assert price() == ("2026", 145.0)
    server.as_of = "2022-12-31"
    assert price() == ("2022", 47.76)
    server.as_of = "2022-01-01"
    assert ask(f"{PRICES}/25").json()["data"] == []


def test_what_was_published_or_accepted_after_the_time_of_asking_is_not_there_yet(server, ask):
    whole = {path: ask(path, DAY | PUBLISHED).json() for path in (BOALF, "/datasets/FUELINST/stream")}
    server.as_of = "2022-01-01T12:00Z"
    for (path, rows), time in zip(whole.items(), ("acceptanceTime", "publishTime"), strict=True):
        early = [row for row in rows if row[time] <= "2022-01-01T12:00:00Z"]
        assert ask(path, DAY | PUBLISHED).json() == early
        assert 0 < len(early) < len(rows)


# ---- the contract: refusals


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/datasets/NOSUCH", DAY),
        ("/datasets/BOALF/stream", {"from": DAY["from"]}),
        ("/datasets/BOALF/stream", {"From": DAY["from"], "to": DAY["to"]}),
        ("/datasets/PN/stream", {"settlementDate": "2022-01-01", "settlementPeriod": 1}),
        ("/datasets/PN", DAY),
        ("/datasets/INDO/stream", DAY),  # there is none
        ("/datasets/REMIT/stream", DAY),
    ],
)
def test_a_wrong_path_or_a_missing_or_misspelt_required_parameter_is_not_found(ask, path, params):
    answer = ask(path, params)
    assert (answer.status_code, answer.json()) == (404, {"statusCode": 404, "message": "Resource not found"})


@pytest.mark.parametrize(
    ("dataset", "parameters", "ends", "limit"),
    [
        ("BOD", "from to", "2022-01-01T00:00Z 2022-01-01T01:00Z 2022-01-01T01:01Z", "1 hour"),
        ("BOALF", "from to", "2022-01-01 2022-01-02 2022-01-02T00:30Z", "1 day"),
        ("MID", "from to", "2022-01-01 2022-01-08 2022-01-09", "7 days"),
        ("FUELHH", "settlementDateFrom settlementDateTo", "2022-01-01 2022-01-07 2022-01-08", "7 days"),
        ("NDF", "publishDateTimeFrom publishDateTimeTo", "2022-01-01 2022-01-02 2022-01-03", "1 day"),
        ("FREQ", "measurementDateTimeFrom measurementDateTimeTo", "2022-01-01 2022-01-02 2022-01-03", "24 hours"),
    ],
)
def test_a_range_over_the_limit_is_refused_but_never_of_a_stream(ask, dataset, parameters, ends, limit):
    (start, end), (first, good, bad) = parameters.split(), ends.split()
    assert ask(f"/datasets/{dataset}", {start: first, end: good}).status_code == 200
    refused = ask(f"/datasets/{dataset}", {start: first, end: bad})
    named = {"from": "From and To", "settlementDateFrom": "SettlementDateFrom and SettlementDateTo"}.get(start, "")
    (message,) = refused.json()["errors"][""]
    assert refused.status_code == 400
    assert message.startswith(f"The date range between {named}")
    assert message.endswith(f" inclusive must not exceed {limit}")
    assert ask(f"/datasets/{dataset}/stream", {start: first, end: bad}).status_code == 200


@pytest.mark.parametrize(
    ("path", "params", "name"),
    [
        (BOALF, {"from": "2022-02-30", "to": "2022-03-01"}, "from"),
        (BOALF, {"from": "2022-01-01", "to": "yesterday"}, "to"),
        (BOALF, DAY | {"settlementPeriodFrom": 51}, "settlementPeriodFrom"),
        (FUELHH, {"settlementDateFrom": "2022-01-01T00:00Z", "settlementDateTo": "2022-01-02"}, "settlementDateFrom"),
        ("/balancing/settlement/system-prices/01-02-2022", {}, "settlementDate"),
    ],
)  # fmt: skip
def test_a_date_or_period_that_is_none_is_refused_by_its_name(ask, path, params, name):
    answer = ask(path, params)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [name])


def test_publish_times_and_settlement_dates_cannot_be_asked_for_together(ask):
    both = {"publishDateTimeFrom": "2022-01-01", "publishDateTimeTo": "2022-01-02"}
    both |= {"settlementDateFrom": "2022-01-01", "settlementDateTo": "2022-01-02"}
    assert ask(FUELHH, both).status_code == 400


@pytest.mark.parametrize("entry", load_catalogue().values(), ids=load_catalogue())
def test_the_catalogue_asks_every_endpoint_for_what_elexon_requires_and_nothing_it_ignores(entry):
    rest = entry.rest
    holes = {name: values[0] for name, values in rest.each.items()}
    found = route(rest.path.format_map(holes | dict.fromkeys(("settlementDate", "settlementPeriod"), "1")))
    asked = set(rest.params) | ({rest.window.start, rest.window.end} - {None} if rest.window else set())
    assert set(found.endpoint.required) <= asked <= set(found.endpoint.parameters)


def test_the_table_of_endpoints_holds_all_of_elexons_datasets():
    names = {path.split("/")[2] for path in endpoints() if path.startswith("/datasets/")} - {"metadata"}
    streams = [path for path in endpoints() if path.startswith("/datasets/") and path.endswith("/stream")]
    assert (len(names), len(streams)) == (84, 77)
    assert {endpoints()[path].answer for path in streams} == {"array"}
