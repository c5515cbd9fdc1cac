"""What goes wrong between Elexon and us: what is tried again, what is not, and that nothing wrong ever lands."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from loaders.tests.stand_ins.faults import Fault
from loaders.tests.stand_ins.recorded import rows as recorded_rows

PATH = "/datasets/BOALF/stream"
DAY, NEXT = "2022-01-01", "2022-01-02"
WIND = [row for row in recorded_rows("BOALF") if row["timeFrom"] < "2023"]
FIRST_DAY = {"from": DAY}


def first_window(home) -> tuple:
    """Outcome, tries and error of the first day's window."""
    query = f"select outcome, tries, error from raw where settlement_date_from = '{DAY}'"
    (entry,) = home.raw("_windows", query)
    return entry


@pytest.mark.parametrize(
    "fault",
    [
        Fault.status(429), Fault.status(429, retry_after=0), Fault.quota(), Fault.status(500), Fault.status(503),
        Fault.reset(), Fault.cut(), Fault.cut_chunked(), Fault.cut_gzip(), Fault.html(), Fault.no_body(),
    ],
    ids=lambda fault: fault.name,
)  # fmt: skip
def test_a_passing_fault_is_tried_again_and_leaves_no_trace_in_the_rows(home, server, fault):
    server.fail(PATH, fault, times=2, where=FIRST_DAY)
    home.load("BOALF", "--from", DAY, "--to", NEXT)
    assert first_window(home) == ("landed", 3, None)
    assert home.count("boalf") == len(WIND)
    assert not server.unused_faults()


@pytest.mark.parametrize(
    ("fault", "patience"),
    [(Fault.slow(600), {"BMRS_READ_SECONDS": "1"}), (Fault.dribble(600), {"BMRS_TOTAL_SECONDS": "2"})],
    ids=["slow", "dribble"],
)
def test_an_answer_that_takes_for_ever_is_given_up_and_asked_again(home, server, fault, patience):
    server.fail(PATH, fault, times=2, where=FIRST_DAY)
    home.load("BOALF", "--from", DAY, "--to", NEXT, **patience)
    outcome, tries, error = first_window(home)
    assert (outcome, error) == ("landed", None)
    assert tries >= 3, "on a machine that has much to do, a good answer may take as long"
    assert home.count("boalf") == len(WIND)
    assert not server.unused_faults()


@pytest.mark.parametrize("dated", [False, True])
def test_retry_after_holds_back_every_request_for_as_long_as_it_says(home, server, dated):
    until, ends = datetime.now(UTC) + timedelta(seconds=5), time.monotonic() + 5
    server.fail(PATH, Fault.status(429, retry_after=until if dated else 2))
    home.load("BOALF", "--from", DAY, "--to", NEXT, BMRS_CONCURRENCY="1")
    asked = [request.at for request in server.asked(PATH)]
    assert len(asked) == 3
    assert asked[1] >= (ends - 1 if dated else asked[0] + 2)  # a date is of whole seconds


@pytest.mark.parametrize(
    ("status", "body"),
    [(400, '{"errors":{"":["must not exceed 1 hour"]}}'), (404, "Resource not found"), (403, "Forbidden")],
)
def test_a_refusal_is_not_tried_again_and_its_body_is_shown(home, server, status, body):
    server.fail(PATH, Fault.status(status, body=body), times=None, where=FIRST_DAY)
    done = home.load("BOALF", "--from", DAY, "--to", NEXT, code=1)
    assert f"HTTP {status}: {body}" in done.stderr
    assert f"gb-power load BOALF --from {DAY} --to {DAY}" in done.stdout
    assert len(server.asked(PATH)) == 2
    assert first_window(home) == ("failed", 1, f"HTTP {status}: {body}")
    assert home.count("boalf") == sum(row["timeFrom"] >= NEXT for row in WIND)


def test_what_never_gets_well_is_missing_with_its_reason_and_the_next_run_fills_it(home, server):
    server.fail(PATH, Fault.status(500), times=None, where=FIRST_DAY)
    assert "HTTP 500" in home.load("BOALF", "--from", DAY, "--to", NEXT, code=1, BMRS_TRIES="3").stderr
    assert first_window(home)[:2] == ("failed", 3)
    server.clear_faults()
    home.load("BOALF", "--from", DAY, "--to", NEXT)
    assert home.count("boalf") == len(WIND)


def test_rows_from_outside_the_window_refuse_the_whole_answer(home, server):
    server.fail(PATH, Fault.outside_window(), times=None, where=FIRST_DAY)
    home.load("BOALF", "--from", DAY, code=1)
    outcome, _, error = first_window(home)
    assert outcome == "quarantined"
    assert error.startswith("1 of 3723 rows lie outside the asked window 2022-01-01 00:00:00+00:00 to 2022-01-02")
    assert home.count("boalf") == 0
    assert home.count("_quarantine") == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.missing_field("timeTo"), "missing required field `timeTo` - at `$[0]`"),
        (Fault.wrong_type("levelTo", "50"), "Expected `float`, got `str` - at `$[0].levelTo`"),
        (Fault.wrong_shape(), "neither an array nor an object with one in 'data'"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_an_answer_that_breaks_the_catalogues_promise_is_kept_in_quarantine(home, server, fault, error):
    server.fail(PATH, fault, times=None)
    home.load("BOALF", "--from", DAY, code=1)
    assert first_window(home)[0] == "quarantined"
    assert error in first_window(home)[2]
    assert home.raw("_quarantine", "select octet_length(body_gz) > 20 from raw") == [(True,)]


def test_a_misspelt_parameter_would_meet_the_404_that_elexon_gives(server):
    assert server.asked() == []
    import requests

    answer = requests.get(f"{server.url}{PATH}", {"settlementDate": DAY}, timeout=60)
    assert answer.status_code == 404


def test_requests_name_the_project_accept_gzip_and_keep_to_the_rate(home, server):
    home.load(
        "BOALF",
        "--from",
        "2021-12-27",
        "--to",
        "2022-01-02",
        code=1,
        BMRS_REQUESTS_PER_SECOND="10",
        BMRS_CONCURRENCY="4",
    )
    asked = server.asked(PATH)
    assert all(request.headers["user-agent"].startswith("gb-power-elt/") for request in asked)
    assert all("gzip" in request.headers["accept-encoding"] for request in asked)
    assert asked[-1].at - asked[0].at >= 0.1 * (len(asked) - 1) - 0.05
    assert server.peak_in_flight <= 4
