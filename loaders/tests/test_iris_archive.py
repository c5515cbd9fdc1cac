"""The client of the archive: listing, paging and fetching, and what goes wrong with them."""

from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import pytest

from loaders.config import Limits, read_settings
from loaders.http import RequestFailed
from loaders.iris.archive import Archive, Blob, blob_of
from loaders.tests.stand_ins import recorded
from loaders.tests.stand_ins.faults import Fault
from loaders.tests.stand_ins.iris_archive import CONTAINER, ArchiveStandIn, empty_page, malformed_xml
from loaders.tests.stand_ins.iris_messages import sent

DAY = datetime(2025, 10, 26, tzinfo=UTC), datetime(2025, 10, 27, tzinfo=UTC)
FUELINST = [message for message in sent("FUELINST") if DAY[0] <= message.sent_at < DAY[1]]
LIMITS = Limits(1000, 4, tries=3, backoff_seconds=0.01, connect_seconds=60, read_seconds=60, total_seconds=600)


@pytest.fixture
def far_end():
    """The archive of a day of FUELINST and of the messages of MID, in pages of 100 names."""
    with ArchiveStandIn([*sent("FUELINST"), *sent("MID")], page_size=100) as archive:
        yield archive


@pytest.fixture
def archive(far_end) -> Archive:
    """Our client of it."""
    return Archive(replace(read_settings(), archive_url=far_end.url, archive_limits=LIMITS))


def listed(archive, dataset="FUELINST") -> list[str]:
    """All names of the day."""
    return [name for names in archive.pages(dataset, *DAY) for name in names]


def test_a_day_is_288_publications_and_every_page_of_them_is_listed(archive, far_end):
    assert listed(archive) == [f"data/FUELINST/{message.message_id}" for message in FUELINST]
    assert len(FUELINST) == 288
    assert [len(request.query.get("marker", [])) for request in far_end.listings()] == [0, 1, 1]


def test_the_start_belongs_to_a_listing_and_the_end_does_not(archive, far_end):
    moments = {name.split("_")[1] for name in listed(archive)}
    assert "202510260000" in moments
    assert "202510270000" not in moments


def test_an_empty_page_with_a_marker_is_not_the_end(archive, far_end):
    far_end.fail(CONTAINER, empty_page())
    assert len(listed(archive)) == 288


def test_a_listing_that_goes_round_in_circles_is_left(archive, far_end):
    far_end.fail(CONTAINER, empty_page(), times=None)
    with pytest.raises(RequestFailed, match="goes round in circles"):
        listed(archive)


@pytest.mark.parametrize(
    "fault",
    [
        Fault.status(429), Fault.status(500), Fault.status(503), Fault.reset(), Fault.cut(), Fault.cut_chunked(),
        Fault.cut_gzip(), Fault.html(), Fault.no_body(), malformed_xml(),
    ],
    ids=lambda fault: fault.name,
)  # fmt: skip
def test_a_passing_fault_in_the_second_page_is_tried_again(archive, far_end, fault):
    far_end.fail(CONTAINER, fault, times=2, where={"marker": "2!"})
    assert len(set(listed(archive))) == 288
    assert not far_end.unused_faults()


def test_a_listing_that_stays_malformed_is_an_error_that_says_where(archive, far_end):
    far_end.fail(CONTAINER, malformed_xml(), times=None)
    with pytest.raises(
        RequestFailed, match=r"not well-formed XML \(mismatched tag: line 2, column \d+\), after 3 tries"
    ):
        listed(archive)


def test_a_refusal_is_shown_as_azure_words_it(archive):
    with pytest.raises(RequestFailed, match="HTTP 400: .*InvalidQueryParameterValue") as refused:
        listed(archive, dataset="it's")
    assert refused.value.tries == 1


def test_messages_come_whole_and_in_order_with_the_rows_that_were_recorded(archive, far_end):
    blobs = [blob_of(name, "FUELINST") for name in listed(archive)]
    got = [result() for _, result in archive.messages(iter(blobs))]
    assert [(message.message_id, message.channel) for message in got] == [(m.message_id, "ARCHIVE") for m in FUELINST]
    rows = [row for message in got for row in msgspec.json.decode(message.body)]
    published = [row for row in recorded.rows("FUELINST") if row["publishTime"].startswith("2025-10-26T")]
    assert sorted(rows, key=str) == sorted(published, key=str)
    assert far_end.peak_in_flight <= LIMITS.concurrency


@pytest.mark.parametrize(
    "fault",
    [Fault.status(503), Fault.reset(), Fault.cut(), Fault.cut_chunked(), Fault.cut_gzip(), Fault.html()],
    ids=lambda fault: fault.name,
)
def test_a_blob_that_is_cut_is_fetched_again_and_half_of_it_never_believed(archive, far_end, fault):
    blob = Blob("FUELINST", FUELINST[0].message_id)
    far_end.fail(f"{CONTAINER}{blob.path}", fault, times=2)
    ((_, result),) = archive.messages([blob])
    assert result().body == FUELINST[0].content
    assert not far_end.unused_faults()


def test_an_answer_that_takes_for_ever_is_given_up_and_asked_again(far_end):
    limits = replace(LIMITS, read_seconds=1, tries=20)
    impatient = Archive(replace(read_settings(), archive_url=far_end.url, archive_limits=limits))
    blob = Blob("FUELINST", FUELINST[0].message_id)
    far_end.fail(CONTAINER, Fault.slow(600), times=2, where={"marker": "2!"})
    far_end.fail(f"{CONTAINER}{blob.path}", Fault.slow(600), times=2)
    assert len(set(listed(impatient))) == 288
    ((_, result),) = impatient.messages([blob])
    assert result().body == FUELINST[0].content
    assert not far_end.unused_faults()


@pytest.mark.parametrize(
    "encoded", [b"\xef\xbb\xbf" + FUELINST[0].content, FUELINST[0].queue_body, b' {"a": 1}\n', b"[]"]
)
def test_a_blob_may_hold_its_json_in_any_of_the_ways_that_a_message_may(archive, far_end, encoded):
    far_end.put(replace(FUELINST[0], content=encoded))
    ((_, result),) = archive.messages([Blob("FUELINST", FUELINST[0].message_id)])
    assert result().body == encoded


def test_a_blob_that_is_gone_fails_alone(archive, far_end):
    far_end.delete(FUELINST[1])
    results = [result for _, result in archive.messages([Blob("FUELINST", m.message_id) for m in FUELINST[:3]])]
    with pytest.raises(RequestFailed, match="HTTP 404: .*BlobNotFound"):
        results[1]()
    assert [results[n]().body for n in (0, 2)] == [FUELINST[0].content, FUELINST[2].content]


@pytest.mark.parametrize(
    "name",
    [
        "data/FUELINST/..", "data/FUELINST/.", "data/FUELINST/../../x.json", "../FUELINST/x.json", "data/../x.json",
        "data/MID/x.json", "data/FUELINST/", "data/FUELINST/a/b.json", "data/FUELINST/a\\b.json", "/etc/passwd", "",
        "data/FUELINST/a\nb.json",
    ],
)  # fmt: skip
def test_a_listed_name_that_tries_to_leave_is_refused(name):
    assert blob_of(name, "FUELINST") is None


def test_an_odd_name_is_fetched_under_that_very_name(archive, far_end):
    odd = "FUEL INST_%2e%2e_?a=b&c#d+é.json"
    far_end.put(FUELINST[0], f"data/FUELINST/{odd}")
    blob = blob_of(next(name for name in listed(archive) if "é" in name), "FUELINST")
    ((_, result),) = archive.messages([blob])
    message = result()
    assert (message.message_id, message.body) == (odd, FUELINST[0].content)
