"""The spool: what it was given is there after anything, once, and it says when it cannot."""

import os
import resource
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from loaders.iris.message import Message
from loaders.iris.spool import REMEMBERED, Spool, SpoolCorrupt, SpoolUnavailable

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def message(name: str, body: bytes = b"[]", seconds: int = 0) -> Message:
    return Message(name, "BOALF", body, NOW + timedelta(seconds=seconds), "QUEUE")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "iris" / "spool.db"


def ids(spool: Spool) -> list[str]:
    return [found.message_id for found in spool.waiting(1000, 1 << 30)]


def test_messages_come_back_as_they_were_oldest_first_in_another_process_too(path):
    sent = [message("b", b"\x00\xff"), message("a", b'"[{\\"x\\": 1}]"', 5)]
    with Spool(path) as spool:
        assert spool.add(sent) == 2
        with Spool(path) as other:
            assert other.waiting(10, 1 << 20) == sent
            assert other.backlog() == (2, 2 + 14, NOW)


def test_a_known_id_is_kept_once_and_other_bytes_under_it_raise_an_alarm(path, caplog):
    with Spool(path) as spool:
        assert spool.add([message("a", b"first"), message("a", b"first"), message("b")]) == 2
        assert (spool.duplicates, spool.conflicts) == (1, 0)
        assert not caplog.records
        assert spool.add([message("a", b"other")]) == 0
        assert (spool.duplicates, spool.conflicts) == (2, 1)
        assert "message a came again with other bytes" in caplog.text
        assert [found.body for found in spool.waiting(10, 1 << 20)] == [b"first", b"[]"]


def test_what_is_waiting_is_bounded_by_number_and_bytes_but_never_starves(path):
    with Spool(path) as spool:
        spool.add([message("big", bytes(1000)), message("b", bytes(10)), message("c", bytes(10))])
        assert [found.message_id for found in spool.waiting(2, 5000)] == ["big", "b"]
        assert [found.message_id for found in spool.waiting(9, 1010)] == ["big", "b"]
        assert [found.message_id for found in spool.waiting(9, 1)] == ["big"]


def test_what_landed_waits_no_more_and_is_remembered_for_fourteen_days(path):
    with Spool(path) as spool:
        spool.add([message("a", b"1"), message("b", b"22")])
        spool.landed(["a"])
        assert ids(spool) == ["b"]
        assert spool.backlog() == (1, 2, NOW)
        assert spool.add([message("a", b"1")]) == 0
        long_ago = (datetime.now(UTC) - REMEMBERED - timedelta(minutes=1)).timestamp()
        spool._db.execute("update known set landed_at = ? where message_id = 'a'", (long_ago,))
        spool.landed(["b"])
        assert spool.add([message("a", b"1"), message("b", b"22")]) == 1


def test_an_empty_spool_has_no_backlog(path):
    with Spool(path) as spool:
        assert spool.backlog() == (0, 0, None)
        assert spool.waiting(10, 10) == []


@pytest.mark.parametrize(("number", "size"), [(10, 10 << 20), (40_000, 2000)])
def test_room_of_landed_messages_goes_back_to_the_disk(path, number, size):
    with Spool(path) as spool:
        spool.add(message(str(n), bytes(size)) for n in range(number))
        assert spool.backlog().bytes == number * size
        spool.landed(map(str, range(number)))
    assert path.stat().st_size < 75 << 20  # the 64 MB that are kept for the next messages, and the ids


def test_a_disk_that_is_full_keeps_nothing_of_the_call_and_all_of_those_before(path):
    with Spool(path) as spool:
        spool.add([message("before")])
        (pages,) = spool._db.execute("pragma page_count").fetchone()
        spool._db.execute(f"pragma max_page_count = {pages + 5}")
        with pytest.raises(SpoolUnavailable, match="full"):
            spool.add([message("small"), message("big", bytes(1 << 20))])
        assert ids(spool) == ["before"]
        assert spool.add([message("small")]) == 1
        spool._db.execute("pragma max_page_count = 10000")
        assert spool.add([message("small"), message("big", bytes(1 << 20))]) == 1
    with Spool(path) as spool:
        assert ids(spool) == ["before", "small", "big"]


def test_a_file_that_may_not_grow_is_an_error_that_names_it(path):
    with Spool(path) as spool:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, hard))
        try:
            with pytest.raises(SpoolUnavailable, match=str(path)):
                spool.add([message("big", bytes(1 << 20))])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert ids(spool) == []
        assert spool.add([message("big", bytes(1 << 20))]) == 1


def test_a_folder_that_cannot_be_made_is_an_error_that_names_the_file(tmp_path):
    (tmp_path / "iris").write_text("in the way")
    with pytest.raises(SpoolUnavailable, match="spool.db"):
        Spool(tmp_path / "iris" / "spool.db")


ADDS = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from loaders.iris.message import Message
from loaders.iris.spool import Spool
spool = Spool(Path(sys.argv[1]))
for batch in range(10_000):
    batched = [Message(f"{batch}-{n}", "BOD", bytes(5000), datetime.now(UTC), "QUEUE") for n in range(20)]
    spool.add(batched)
    print(batch, flush=True)
"""


def test_a_killed_process_leaves_whole_batches_and_all_that_it_was_told_were_kept(path):
    adder = subprocess.Popen([sys.executable, "-c", ADDS, str(path)], stdout=subprocess.PIPE, text=True)
    for line in adder.stdout:
        if int(line) == 25:
            os.kill(adder.pid, signal.SIGKILL)
            break
    said = 25 + len(adder.stdout.readlines())
    adder.wait()
    with Spool(path) as spool:
        spool.check()
        kept = spool.backlog().messages
    assert kept % 20 == 0
    assert said + 1 <= kept // 20 <= said + 2


@pytest.mark.parametrize("where", [0, 3 * 8192])
def test_a_damaged_file_is_moved_aside_with_an_alarm_and_nothing_of_it_deleted(path, caplog, where):
    with Spool(path) as spool:
        spool.add([message(str(number), bytes(5000)) for number in range(100)])
        spool._db.execute("pragma wal_checkpoint(truncate)")
    damaged = bytearray(path.read_bytes())
    damaged[where : where + 4096] = b"\xa5" * 4096
    path.write_bytes(damaged)
    with pytest.raises(SpoolCorrupt, match="damaged"), Spool(path) as spool:
        spool.check()
    with Spool.opened(path) as spool:
        assert spool.add([message("new")]) == 1
    (aside,) = [found for found in path.parent.glob("spool.db.damaged-*") if found.suffix not in ("-wal", "-shm")]
    assert aside.read_bytes() == damaged
    assert "ALARM" in caplog.text
    assert str(aside) in caplog.text
    with Spool.opened(path) as spool:
        assert ids(spool) == ["new"]
