"""Filling from the archive and checking against it: nothing twice, nothing forgotten, and failures by name."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from loaders.catalogue import load_catalogue
from loaders.cli import main
from loaders.config import RAW_IRIS, Limits, read_settings
from loaders.iris import backfill
from loaders.iris.backfill import Backfill, Span
from loaders.iris.check import check
from loaders.iris.landing import land_messages
from loaders.iris.message import Message
from loaders.iris.spool import Spool
from loaders.landing import open_landing
from loaders.tests.stand_ins.faults import Fault
from loaders.tests.stand_ins.iris_archive import CONTAINER, ArchiveStandIn
from loaders.tests.stand_ins.iris_messages import sent

DAY = date(2025, 10, 26)  # 25 hours long, from 23:00Z
OF_DAY = [m for m in sent("FUELINST") if "202510252300" <= m.message_id.split("_")[1] < "202510270000"]
NEAR_DAY = [m for m in sent("FUELINST") if "202510252245" <= m.message_id.split("_")[1] < "202510270015"]
IDS = [message.message_id for message in NEAR_DAY]
ROWS = "select count(*), count(distinct (start_time, fuel_type)) from raw"
LIMITS = Limits(1000, 4, tries=2, backoff_seconds=0.01, connect_seconds=2, read_seconds=2, total_seconds=5)


@pytest.fixture
def far_end():
    with ArchiveStandIn(sent("FUELINST"), page_size=100) as archive:
        yield archive


@pytest.fixture
def settings(home, far_end):
    return replace(read_settings(), home=home.path, archive_url=far_end.url, archive_limits=LIMITS)


@pytest.fixture
def fill(settings):
    """Fetches what we lack of a day, or of some."""

    def filled(*datasets, last=DAY) -> Backfill:
        run = Backfill(settings, load_catalogue())
        run.run(datasets or ["FUELINST"], Span(DAY, last))
        return run

    return filled


@pytest.fixture
def gb_power(home, far_end):
    """``gb-power iris ARGS``, in this process: what it prints."""
    env = home.env | {"IRIS_ARCHIVE_URL": far_end.url, "IRIS_ARCHIVE_REQUESTS_PER_SECOND": "1000", "BMRS_TRIES": "2"}

    def run(*args, code=0) -> str:
        done = CliRunner().invoke(main, ["iris", *args], env=env)
        assert done.exit_code == code, done.output
        return done.output

    return run


def from_queue(messages) -> list[Message]:
    """The messages as the receiver would have spooled them: the body encoded twice."""
    return [Message(m.message_id, m.dataset, m.queue_body, m.sent_at, "QUEUE") for m in messages]


def land(settings, messages) -> None:
    with open_landing(settings, load_catalogue(), RAW_IRIS) as landing:
        land_messages(settings, load_catalogue(), landing, from_queue(messages))


def landed(home, query="select message_id from raw order by all", table="_messages") -> list:
    rows = home.raw(table, query, RAW_IRIS)
    return [row[0] if len(row) == 1 else row for row in rows]


def test_a_london_day_lands_with_its_margin_under_the_ids_of_iris(home, fill, far_end):
    run = fill()
    assert (len(OF_DAY), len(NEAR_DAY)) == (300, 306)  # 25 hours, and a quarter of an hour on either side
    assert landed(home) == IDS
    assert landed(home, "select distinct channel, outcome, dataset from raw") == [("ARCHIVE", "LANDED", "FUELINST")]
    assert run.is_whole
    assert (run.asked["FUELINST"].listed, run.asked["FUELINST"].fetched) == (306, 306)
    rows = landed(home, ROWS, "fuelinst")
    assert rows == [(306 * 20, 306 * 20)]


def test_what_landed_by_the_queue_is_not_fetched_and_lands_nothing_twice(home, fill, far_end, settings):
    land(settings, NEAR_DAY[100:200])
    run = fill()
    assert (run.asked["FUELINST"].held, run.asked["FUELINST"].fetched) == (100, 206)
    assert sorted(far_end.fetched()) == sorted(set(IDS) - set(IDS[100:200]))
    assert landed(home) == IDS
    assert landed(home, ROWS, "fuelinst") == [(6120, 6120)]
    again = fill()
    assert (again.asked["FUELINST"].held, again.asked["FUELINST"].fetched) == (306, 0)


def test_what_waits_in_the_spool_is_ours_and_what_landed_from_it_counts_only_by_the_lake(home, fill, settings):
    with Spool(settings.spool) as spool:
        spool.add(from_queue(NEAR_DAY[:50]))
        spool.landed(IDS[:10])  # though the lake, in this test, lost them
    (found,) = check(settings, ["FUELINST"], Span(DAY, DAY))
    assert found.missing == IDS[:10] + IDS[50:]
    run = fill()
    assert (run.asked["FUELINST"].held, run.asked["FUELINST"].fetched) == (40, 266)
    assert landed(home) == IDS[:10] + IDS[50:]


def test_what_an_interrupted_run_landed_is_not_fetched_again(home, fill, monkeypatch):
    packages = iter([land_messages, land_messages])
    monkeypatch.setattr(backfill, "BATCH_MESSAGES", 50)
    monkeypatch.setattr(backfill, "land_messages", lambda *args, **more: next(packages)(*args, **more))
    with pytest.raises(StopIteration):
        fill()
    monkeypatch.undo()
    assert landed(home) == IDS[:100]
    assert fill().asked["FUELINST"].fetched == 206
    assert landed(home) == IDS


def test_a_blob_that_cannot_be_fetched_is_named_the_rest_lands_and_the_command_asks_again(home, gb_power, far_end):
    far_end.fail(f"{CONTAINER}/data/FUELINST/{IDS[7]}", Fault.cut(), times=None)
    far_end.delete(NEAR_DAY[9])
    far_end.put(NEAR_DAY[9], "data/FUELINST/../../etc/passwd")
    said = gb_power("archive", "--dataset", "fuelinst", "--from", "2025-10-26", code=1)
    assert f"FUELINST: {IDS[7]}: ProtocolError" in said
    assert "FUELINST: 'data/FUELINST/../../etc/passwd': refused" in said
    assert "gb-power iris archive --dataset FUELINST --from 2025-10-26 --to 2025-10-26" in said
    assert landed(home) == IDS[:7] + IDS[8:9] + IDS[10:]
    assert not any("passwd" in request.path for request in far_end.asked())
    far_end.clear_faults()
    gb_power("archive", "--dataset", "fuelinst", "--from", "2025-10-26", code=1)  # for the name that is refused
    assert landed(home) == IDS[:9] + IDS[10:]


def test_a_listing_that_fails_is_named_and_the_next_day_lands(home, fill, far_end):
    far_end.fail(CONTAINER, Fault.status(500), times=2)
    run = fill(last=date(2025, 10, 27))
    assert list(run.asked["FUELINST"].failed) == ["the listing from 2025-10-25 22:45Z"]
    assert not run.is_whole
    assert landed(home)[0].startswith("FUELINST_202510270000_")


def test_an_archive_that_is_away_is_not_asked_for_every_blob(home, fill, far_end):
    far_end.fail(f"{CONTAINER}/data", Fault.status(503), times=None, after=30)
    run = fill()
    assert run.has_given_up
    assert not run.is_whole
    assert len(landed(home)) == 30
    assert len(far_end.fetched()) <= 30 + LIMITS.tries * (backfill.GIVE_UP + LIMITS.concurrency + 3)


def test_blobs_that_are_gone_do_not_make_the_archive_one_that_is_away(home, fill, far_end):
    for message in NEAR_DAY[:40]:
        far_end.fail(f"{CONTAINER}/data/FUELINST/{message.message_id}", Fault.status(404), times=None)
    run = fill()
    assert not run.has_given_up
    assert sorted(run.asked["FUELINST"].failed) == IDS[:40]
    assert landed(home) == IDS[40:]


def test_requests_keep_to_the_rate(settings, far_end):
    slow = replace(settings, archive_limits=replace(LIMITS, requests_per_second=100))
    Backfill(slow, load_catalogue()).run(["FUELINST"], Span(DAY, DAY))
    times = [request.at for request in far_end.asked()]
    assert times[-1] - times[0] >= 0.01 * (len(times) - 1) - 0.05
    assert far_end.peak_in_flight <= LIMITS.concurrency


def test_check_names_exactly_what_is_gone_and_fill_brings_it_back(home, gb_power, settings):
    land(settings, NEAR_DAY)
    gone = [IDS[3], IDS[150], IDS[299]]
    for table, column in (("_messages", "message_id"), ("fuelinst", "_message_id")):
        for path in (home.path / "lake" / "raw_iris" / table).glob("*.parquet"):
            rows = pq.read_table(path)
            pq.write_table(rows.filter(pc.invert(pc.is_in(rows[column], pc.cast(gone, "string")))), path)
    said = gb_power("check", "--day", "2025-10-26", code=1)
    assert [line.split()[1].rstrip(":") for line in said.splitlines() if line.endswith(": missing")] == gone
    assert "gb-power iris check --day 2025-10-26 --dataset FUELINST --fill" in said
    gb_power("check", "--day", "2025-10-26", "--fill")
    assert landed(home) == IDS
    assert landed(home, "select message_id from raw where channel = 'ARCHIVE' order by all") == gone
    assert landed(home, ROWS, "fuelinst") == [(6120, 6120)]
    assert "missing" not in [line.split()[-1] for line in gb_power("check", "--day", "2025-10-26").splitlines()]


def test_what_the_queue_brought_and_the_archive_does_not_list_is_counted_and_no_fault(settings):
    extra = [replace(NEAR_DAY[20], message_id=f"FUELINST_202510260100_ONLY-HERE-{n}.json") for n in range(2)]
    land(settings, [*NEAR_DAY, *extra])
    (found,) = check(settings, ["FUELINST"], Span(DAY, DAY))
    assert (found.listed, found.missing, found.not_listed, found.is_whole) == (306, [], 2, True)


def test_a_check_that_could_not_be_made_is_not_passed(settings, far_end):
    land(settings, NEAR_DAY)
    far_end.fail(CONTAINER, Fault.status(500), times=None, after=1)
    (found,) = check(settings, ["FUELINST"], Span(DAY, DAY))
    assert not found.is_whole
    assert "HTTP 500" in found.failed["the listing"]


def test_a_message_of_the_archive_that_cannot_be_read_is_kept_and_told_apart(home, gb_power, far_end):
    far_end.put(replace(NEAR_DAY[5], content=b'[{"startTime": "not a time"}]'))
    gb_power("archive", "--dataset", "FUELINST", "--from", "2025-10-26", code=65)
    assert landed(home, "select message_id from raw", "_quarantine") == [IDS[5]]
    assert landed(home) == IDS


def test_a_message_that_came_without_a_dataset_does_not_disturb_the_check(settings, gb_power, far_end):
    nameless = [replace(NEAR_DAY[0], message_id=f"odd {name}", dataset=name) for name in ("", "it's")]
    land(settings, [*NEAR_DAY, *nameless])
    gb_power("check", "--day", "2025-10-26")
    assert len(far_end.listings()) == 4  # pages of FUELINST alone


def test_a_dataset_is_asked_for_under_each_of_the_names_it_has_on_iris(gb_power, far_end):
    far_end.put(next(sent("FUELINST")), "data/MID/x.json")  # whose tags are not MID's
    gb_power("archive", "--dataset", "mid", "--from", "2025-10-26")
    asked = [request.query["where"][0].split(" AND ")[0] for request in far_end.listings()]
    assert asked == ["\"Dataset\" = 'MID'", "\"Dataset\" = 'mibm_mid'"]


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (("archive", "--dataset", "FUELINTS", "--from", "2025-10-26"), "IRIS has no dataset 'FUELINTS'"),
        (("archive", "--dataset", "MID", "--from", "2025-10-26", "--to", "2025-10-25"), "is after --to"),
        (("check", "--dataset", "MID", "--day", "26/10/2025"), "--day '26/10/2025' is neither a date"),
        (("check", "--day", "2025-10-26"), "no message was received since 2025-10-18; say which with --dataset"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(gb_power, args, why):
    assert why in gb_power(*args, code=2)


def test_yesterday_is_a_london_day(gb_power, far_end):
    gb_power("check", "--dataset", "FUELINST")
    (asked,) = far_end.listings()
    start = datetime.fromisoformat(asked.query["where"][0].split("'")[3])
    assert start.tzinfo is not None
    assert (start.hour, start.minute) in ((22, 45), (23, 45))  # British time, then UTC
    assert 0 < (datetime.now(UTC) - start).total_seconds() < 50 * 3600
