"""``gb-power iris`` with BigQuery as the target: each message once, whichever way it comes and however often."""

import gzip
import json
from datetime import UTC, datetime

import pytest
from msgspec import structs

from loaders.iris import retry
from loaders.iris.landing import land_messages
from loaders.iris.message import Message
from loaders.tests.bigquery_project import CATALOGUE, Project
from loaders.tests.messages import message, row
from loaders.tests.stand_ins.iris_archive import ArchiveStandIn
from loaders.tests.stand_ins.iris_messages import sent

pytestmark = pytest.mark.filterwarnings("ignore:Cannot create BigQuery Storage client")
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def project(bigquery, tmp_path_factory):
    """Made once; each test has messages of its own numbers."""
    with pytest.MonkeyPatch.context() as patch:
        yield Project("iris", "FUELINST MELS", bigquery, tmp_path_factory.mktemp("iris"), patch)


def queued(*numbers: int) -> list:
    """Messages as the queue brings them now."""
    return [message("MELS", number=number, channel="QUEUE", received_at_utc=NOW) for number in numbers]


def landed(project, first: int) -> list[tuple]:
    """Id, outcome and rows in the table, of each note about a message from this number on."""
    return project.query(f"""
        select message_id, outcome, (select count(*) from raw_iris.mels where _message_id = message_id) as landed
        from raw_iris._messages where message_id >= 'MELS_{first:06}' and message_id < 'MELS_{first + 100:06}'
        order by message_id, landed_at_utc
    """)


def ids(*numbers: int) -> list[tuple]:
    """What ``landed`` must be of messages with one row each."""
    return [(f"MELS_{number:06}.json", "LANDED", 1) for number in numbers]


def test_what_the_queue_delivers_again_lands_once_also_when_the_spool_was_lost(project):
    project.spool(*queued(100, 101))
    project.run("iris", "land")
    (project.home / "iris" / "spool.db").unlink()
    project.spool(*queued(101, 102, 100))
    assert "2" in project.run("iris", "land").output
    assert landed(project, 100) == ids(100, 101, 102)


def test_a_file_of_what_the_queue_brought_lands_once(project, tmp_path):
    project.spool(*queued(200))
    project.run("iris", "land")
    (tmp_path / "MELS").mkdir()
    for known in queued(200, 201):
        (tmp_path / "MELS" / known.message_id).write_bytes(known.body)
    project.run("iris", "files", str(tmp_path))
    assert landed(project, 200) == ids(200, 201)
    assert list((tmp_path / "MELS").iterdir()) == []


def test_what_was_kept_as_it_came_lands_once_it_can_be_read(project, monkeypatch):
    body = json.dumps([{"dataset": "MELS", **row(CATALOGUE["MELS"], 300)}]).encode()
    cut = message("MELS", body=body[:-1], number=301)
    project.spool(cut, message("MELS", dataset="NEWSET", body=body, number=300))
    project.run("iris", "land", code=65)
    assert landed(project, 300) == [("MELS_000300.json", "UNMAPPED", 0), ("MELS_000301.json", "QUARANTINED", 0)]
    ((kept, why),) = project.query("select body_gz, error from raw_iris._quarantine")
    assert (gzip.decompress(kept), "truncated" in why) == (cut.body, True)
    monkeypatch.setattr(retry, "land_messages", _as_mels)
    for _ in range(2):  # the second time there is nothing left to land of it
        project.run("iris", "retry", code=65)
        known = [("MELS_000300.json", "UNMAPPED", 1), ("MELS_000300.json", "LANDED", 1)]
        assert landed(project, 300) == [*known, ("MELS_000301.json", "QUARANTINED", 0)]


def _as_mels(settings, catalogue, landing, messages, **more):
    """As if the catalogue had learnt a new name."""
    renamed = (structs.replace(kept, dataset="MELS") for kept in messages)
    return land_messages(settings, catalogue, landing, renamed, **more)


def test_the_archive_fills_what_is_missing_and_the_check_says_so(project, monkeypatch):
    day = [one for one in sent("FUELINST") if "202510261200" <= one.message_id.split("_")[1] < "202510261300"]
    assert len(day) == 12
    project.spool(*(Message(one.message_id, one.dataset, one.queue_body, one.sent_at, "QUEUE") for one in day[:5]))
    project.run("iris", "land")
    with ArchiveStandIn(day) as archive:
        monkeypatch.setenv("IRIS_ARCHIVE_URL", archive.url)
        args = ("--day", "2025-10-26", "--dataset", "FUELINST")
        assert "--fill" in project.run("iris", "check", *args, code=1).output
        project.run("iris", "archive", "--dataset", "FUELINST", "--from", "2025-10-26")
        assert sorted(archive.fetched()) == [one.message_id for one in day[5:]]
        project.run("iris", "check", *args)
    notes = project.query(
        "select channel, count(*), sum(rows) from raw_iris._messages where dataset = 'FUELINST' group by 1"
    )
    assert sorted(notes) == [("ARCHIVE", 7, 140), ("QUEUE", 5, 100)]
    assert project.count("raw_iris.fuelinst") == 240
