"""The stand-in goes wrong as told, and otherwise serves many at a time and ends cleanly."""

import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest
import requests

from loaders.tests.iris_station import until
from loaders.tests.stand_ins import recorded
from loaders.tests.stand_ins.faults import Fault
from loaders.tests.stand_ins.insights import InsightsStandIn
from loaders.tests.stand_ins.server import Server

BOALF, PRICES = "/datasets/BOALF/stream", "/balancing/settlement/system-prices/2022-01-01"
DAY = {"from": "2022-01-01T00:00Z", "to": "2022-01-02T00:00Z"}


def get(server, path=BOALF, params=DAY, **options) -> requests.Response:
    """A day of acceptances, unless told."""
    return requests.get(server.url + path, params, timeout=60, **options)


@pytest.mark.parametrize("code", [429, 500, 503])
def test_an_error_status_comes_as_often_as_armed_and_then_the_answer(server, code):
    server.fail("/datasets/BOALF", Fault.status(code), times=2)
    answers = [get(server) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [code, code, 200]
    assert "Retry-After" not in answers[0].headers
    assert server.unused_faults() == []


def test_retry_after_comes_in_seconds_or_as_a_date(server):
    until = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    server.fail("/", Fault.status(429, retry_after=7))
    server.fail("/", Fault.status(429, retry_after=until))
    assert get(server).headers["Retry-After"] == "7"
    assert parsedate_to_datetime(get(server).headers["Retry-After"]) == until


def test_a_used_up_quota_is_forbidden_in_the_gateways_words(server):
    server.fail("/", Fault.quota())
    answer = get(server)
    assert (answer.status_code, answer.json()["message"]) == (403, "Out of call volume quota")


def test_a_slow_answer_keeps_the_headers_waiting(server):
    server.fail("/", Fault.slow(0.3))
    began = time.monotonic()
    assert get(server, stream=True).status_code == 200
    assert time.monotonic() - began >= 0.3


def test_a_dribbling_answer_starts_at_once_and_is_whole_in_the_end(server, monkeypatch):
    begun, pauses = threading.Event(), []

    def pause(_, seconds: float) -> None:
        pauses.append(seconds)
        assert not seconds or begun.wait(60)

    monkeypatch.setattr(Server, "pause", pause)
    server.fail("/", Fault.dribble(0.4))
    answer = get(server, stream=True)  # while the server waits after the first piece
    begun.set()
    assert answer.json() == get(server).json()
    assert sum(pauses) == pytest.approx(0.4, rel=0.1)
    assert max(pauses) == 0.4 / 20


def test_a_reset_connection_gives_no_answer_at_all(server):
    server.fail("/", Fault.reset())
    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        get(server)
    assert get(server).status_code == 200


@pytest.mark.parametrize("fault", [Fault.cut(), Fault.cut_chunked()], ids=lambda fault: fault.name)
def test_a_cut_body_ends_before_its_end(server, fault):
    server.fail("/", fault)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        get(server)
    assert len(get(server).json()) > 3000


def test_half_a_compressed_body_has_a_right_length_and_no_end(server):
    server.fail("/", Fault.cut_gzip())
    answer = get(server)
    assert answer.status_code == 200
    whole = get(server)
    assert int(answer.headers["Content-Length"]) == int(whole.headers["Content-Length"]) // 2
    assert whole.content.startswith(answer.content)
    assert len(answer.content) < len(whole.content)


@pytest.mark.parametrize(
    ("fault", "content", "kind"),
    [
        (Fault.html(), b"<!DOCTYPE html>", "text/html"),
        (Fault.wrong_shape(), b'{"message":', "application/json"),
        (Fault.no_body(), b"", "application/json"),
        (Fault.empty(), b"[]", "application/json"),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_a_wrong_answer_looks_like_success(server, fault, content, kind):
    server.fail("/", fault)
    answer = get(server)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith(kind)
    assert answer.content[: len(content) or None] == content


def test_spoilt_rows_are_spoilt_once_and_leave_the_recorded_ones_alone(server):
    good = get(server).json()
    server.fail("/", Fault.outside_window(days=-30))
    server.fail("/", Fault.missing_field("levelTo"))
    server.fail("/", Fault.wrong_type("levelTo"))
    server.fail("/", Fault.new_field("brandNew", 1))
    server.fail("/", Fault.changed(lambda rows: rows[:1]))
    outside, missing, wrong, new, changed, last = (get(server).json() for _ in range(6))
    assert outside[:-1] == good
    assert outside[-1]["timeFrom"] == "2021-12-02T00:00:00Z"
    assert outside[-1]["settlementDate"] == "2021-12-02"
    assert outside[-1]["nationalGridBmUnit"] == good[0]["nationalGridBmUnit"]
    assert missing[0] == {name: value for name, value in good[0].items() if name != "levelTo"}
    assert wrong[0] == good[0] | {"levelTo": "not a number"}
    assert (missing[1:], wrong[1:]) == (good[1:], good[1:])
    assert new == [row | {"brandNew": 1} for row in good]
    assert (changed, last) == (good[:1], good)


def test_a_fault_waits_for_the_requests_it_was_armed_for(server):
    server.fail("/datasets/BOALF", Fault.status(500), where={"from": "2022-01-02"})
    server.fail("/datasets/BOALF", Fault.status(503), after=1)
    server.fail("/datasets/PN", Fault.status(429))
    next_day = {"from": "2022-01-02T00:00Z", "to": "2022-01-03T00:00Z"}
    assert [get(server, params=window).status_code for window in (DAY, next_day, DAY, DAY)] == [200, 500, 503, 200]
    assert server.unused_faults() == ["/datasets/PN: status 429"]
    server.clear_faults()
    assert get(server, "/datasets/PN/stream").status_code == 200


def test_a_fault_that_cannot_happen_is_an_error_of_the_test_and_not_passed_over():
    stand_in = InsightsStandIn(rows={"BOALF": []})
    stand_in.__enter__()
    stand_in.fail("/", Fault.missing_field("levelTo"))
    with pytest.raises(requests.ConnectionError):
        requests.get(stand_in.url + BOALF, DAY, timeout=60)
    with pytest.raises(IndexError):
        stand_in.__exit__(None, None, None)


# ---- the server itself


def test_a_test_may_bring_rows_of_its_own_and_change_them_while_it_serves(server):
    own = {"settlementDate": "2022-01-01", "settlementPeriodFrom": 1, "timeFrom": "2022-01-01T00:00:00Z", "mine": True}
    recorded_rows = get(server).json()
    server.add_rows("BOALF", [own])
    assert get(server).json() == [*recorded_rows, own]
    server.set_rows("BOALF", [own])
    assert get(server).json() == [own]
    with InsightsStandIn(rows={"BOALF": []}) as other:
        assert requests.get(other.url + BOALF, DAY, timeout=60).json() == []
    assert own not in recorded.rows("BOALF")


def test_every_request_is_kept_with_what_it_asked_and_what_it_got(server):
    server.fail("/", Fault.status(503))
    get(server, headers={"User-Agent": "me"})
    get(server, PRICES)
    first, second = server.requests
    assert (first.path, first.query["from"], first.headers["user-agent"]) == (BOALF, [DAY["from"]], "me")
    assert (first.fault, first.status, second.fault, second.status) == ("status 503", 503, None, 200)
    assert first.at < second.at
    assert server.asked("/datasets/BOALF") == [first]


def test_requests_in_flight_are_counted_and_latency_is_that_of_each_and_not_their_sum(server, monkeypatch):
    all_wait, pauses = threading.Barrier(8, timeout=60), []

    def pause(_, seconds: float) -> None:
        pauses.append(seconds)
        all_wait.wait()

    monkeypatch.setattr(Server, "pause", pause)
    server.latency = 0.5
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: requests.get(server.url + PRICES, timeout=60), range(8)))
    assert [answer.status_code for answer in answers] == [200] * 8
    assert pauses == [0.5] * 8
    assert server.peak_in_flight == 8
    until(lambda: server.in_flight == 0)


def test_a_connection_is_kept_alive_and_ends_with_the_server():
    with requests.Session() as session:
        with InsightsStandIn() as stand_in:
            sockets = set()
            for _ in range(3):
                with session.get(stand_in.url + PRICES, stream=True, timeout=60) as answer:
                    sockets.add(answer.raw.connection.sock.getsockname())
                    assert len(answer.json()["data"]) == 48
            assert len(sockets) == 1  # and the session still holds it: an end that waited for that would never come
        with pytest.raises(requests.ConnectionError):
            session.get(stand_in.url + PRICES, timeout=60)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_as_a_process_it_says_where_it_listens_and_ends_when_told(number):
    command = [sys.executable, "-m", "loaders.tests.stand_ins.insights", "--port", "0", "--as-of", "2022-12-31"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().removeprefix("listening on ").strip()
        assert url.endswith("/bmrs/api/v1")
        (row,) = requests.get(f"{url}{PRICES}/25", timeout=60).json()["data"]
        process.send_signal(number)
        assert process.wait(60) == 0
    assert row["systemSellPrice"] == 47.76
