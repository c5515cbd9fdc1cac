"""Small files become few under readers and kills, and at no moment is a row missing or there twice."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, date, datetime

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from loaders import compact as compacting
from loaders.compact import CannotCompact, compact
from loaders.config import RAW_BMRS, RAW_IRIS, read_settings
from loaders.iris.landing import land_spool
from loaders.iris.spool import Spool
from loaders.landing import WAREHOUSE, raw_schema
from loaders.lock import Locked, only_writer
from loaders.tests.iris_station import until
from loaders.tests.messages import CATALOGUE, message
from loaders.tests.test_iris_kill import DYING, POINTS

DAYS = [datetime(2026, 8, day, tzinfo=UTC) for day in (1, 2)]
FILES = 40  # of each day
ROWS = 50  # of each file
TOTAL = len(DAYS) * FILES * ROWS


@pytest.fixture
def settings(home):
    return replace(read_settings(), home=home.path, lock_wait_seconds=0)


def write(home, schema: str = RAW_IRIS, name: str = "MELS", first: int = 0, days=DAYS) -> None:
    """Files as dlt names them, each row of all with a number of its own."""
    columns = raw_schema(schema, CATALOGUE[name])
    folder = home.path / "lake" / schema / name.lower()
    for d, day in enumerate(days):
        for n in range(FILES):
            numbers = range(first + (d * FILES + n) * ROWS, first + (d * FILES + n + 1) * ROWS)
            rows = pa.Table.from_pylist(
                [{"notification_sequence": number, "_load_id": str(n)} for number in numbers], columns
            )
            pq.write_table(rows, folder / f"{int(day.timestamp()) + n * 300}.25.{n:010x}.parquet")


def seen(home, table: str = "mels", schema: str = RAW_IRIS) -> tuple[int, int, int]:
    query = "select count(*), count(distinct notification_sequence), sum(notification_sequence)::bigint from raw"
    return home.raw(table, query, schema)[0]


WHOLE = (TOTAL, TOTAL, TOTAL * (TOTAL - 1) // 2)


def files(home, table: str = "mels", schema: str = RAW_IRIS) -> int:
    return len(list((home.path / "lake" / schema / table).iterdir()))


def test_the_files_of_each_past_day_become_one_with_the_same_rows_and_types(home, settings):
    write(home)
    write(home, RAW_BMRS, "MILS")
    types = "select column_name, column_type from (describe select * from raw)"
    before = home.raw("mels", types, RAW_IRIS)
    done = {(c.schema, c.table): (c.files_before, c.files_after) for c in compact(settings)}
    assert done == {(RAW_BMRS, "mils"): (81, 3), (RAW_IRIS, "mels"): (81, 3)}, "two days, and today's empty file"
    assert (files(home), seen(home)) == (3, WHOLE)
    assert seen(home, "mils", RAW_BMRS) == WHOLE
    assert home.raw("mels", types, RAW_IRIS) == before
    assert compact(settings) == []
    assert not list((home.path / "lake").glob("*/.*"))


def test_today_and_large_files_and_files_of_others_are_left_as_they_are(home, settings, monkeypatch):
    write(home)
    folder = home.path / "lake" / RAW_IRIS / "mels"
    names = {path.name for path in folder.iterdir()}
    assert compact(settings, before=date(2026, 8, 1)) == []
    monkeypatch.setattr(compacting, "SMALL_BYTES", 10)
    assert compact(settings) == []
    assert {path.name for path in folder.iterdir()} == names
    monkeypatch.undo()
    (folder / "mine.parquet").write_bytes(next(folder.glob("*.parquet")).read_bytes())
    compact(settings)
    assert (folder / "mine.parquet").exists()


class Reader(threading.Thread):
    """Counts the rows again and again, and keeps what it saw and what went wrong."""

    def __init__(self, home):
        super().__init__(daemon=True)
        self.home, self.seen, self.errors, self.reads, self.over = home, set(), [], 0, threading.Event()

    def run(self):
        while not self.over.is_set():
            try:
                self.seen.add(seen(self.home))
                self.reads += 1
            except duckdb.IOException as error:
                self.errors.append(str(error))


def test_readers_see_every_row_once_at_every_moment(home, settings):
    write(home)
    folder = home.path / "lake" / RAW_IRIS / "mels"
    empty = pq.read_table(next(folder.glob("*.parquet"))).slice(0, 0)
    reader = Reader(home)
    reader.start()
    for day in range(3, 15):
        compact(settings)
        for n in range(20):  # another day to be merged
            pq.write_table(empty, folder / "half.tmp")
            second = int(datetime(2026, 8, day, tzinfo=UTC).timestamp()) + n
            (folder / "half.tmp").rename(folder / f"{second}.5.{n:010x}.parquet")
    began = reader.reads
    until(lambda: reader.reads > began + 1)  # at least one began when nothing changed any more
    reader.over.set()
    reader.join()
    assert reader.seen == {WHOLE}
    assert all("No such file" in error for error in reader.errors), reader.errors


def test_a_query_that_began_before_fails_rather_than_miss_a_row(home, settings):
    write(home)
    folder = home.path / "lake" / RAW_IRIS / "mels"
    large = pa.table({"notification_sequence": pa.array(range(10**6, 2 * 10**6))})  # more than a query reads ahead
    pq.write_table(large, folder / f"{int(DAYS[0].timestamp()) - 1}.5.0000000000.parquet")
    pattern = str(folder / "*.parquet").replace("'", "''")
    with duckdb.connect(config={"threads": 1}) as db:
        rows = db.execute(f"select notification_sequence from read_parquet('{pattern}', union_by_name = true)")
        compact(settings)
        with pytest.raises(duckdb.Error, match="No such file"):
            rows.fetchall()
    assert seen(home)[0] == TOTAL + large.num_rows


@pytest.mark.parametrize(("method", "nth"), [("_swap", 1), ("_clean", 2)], ids=["before the swap", "after it"])
def test_a_killed_compaction_leaves_the_table_whole_and_the_next_one_finishes(home, settings, method, nth):
    write(home)
    write(home, name="MILS")
    command = [
        sys.executable,
        "-c",
        DYING.replace('["iris", "land"]', '["compact"]'),
        "loaders.compact",
        "_Table",
        method,
        str(nth),
    ]
    assert subprocess.run(command, env=home.env, capture_output=True, check=False).returncode == -signal.SIGKILL
    for table in ("mels", "mils"):
        assert seen(home, table) == WHOLE
    compact(settings)
    for table in ("mels", "mils"):
        assert (seen(home, table), files(home, table)) == (WHOLE, 3)
    assert not list((home.path / "lake").glob("*/.*"))


def test_a_compaction_killed_at_random_moments_loses_and_doubles_nothing(home):
    rng = random.Random()
    seed = rng.randrange(10**6)
    rng.seed(seed)
    for name in ("MELS", "MILS"):
        write(home, name=name)
    for _ in range(2):
        process = subprocess.Popen(home.command("compact"), env=home.env, stdout=subprocess.DEVNULL)
        time.sleep(rng.uniform(0.8, 1.8))
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert (seen(home), seen(home, "mils")) == (WHOLE, WHOLE), f"seed {seed}"
    done = subprocess.run(home.command("compact"), env=home.env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (files(home), seen(home), seen(home, "mils")) == (3, WHOLE, WHOLE), f"seed {seed}"


def test_a_compaction_gives_way_to_a_build_and_to_a_loader_and_says_so(home, settings):
    write(home)
    with only_writer(settings, RAW_IRIS), pytest.raises(Locked, match=f"process {os.getpid()}"):
        compact(settings)
    with only_writer(settings, WAREHOUSE):
        for command in ("compact", "build"):
            env = {**home.env, "GB_POWER_LOCK_WAIT_SECONDS": "0"}
            done = subprocess.run(home.command(command), env=env, capture_output=True, text=True, check=False)
            assert done.returncode == 75, done.stderr
            assert f"process {os.getpid()} (since " in done.stderr
    assert files(home) == 81


def test_a_merged_file_that_lacks_a_row_is_not_used(home, settings, monkeypatch):
    write(home)
    real = compacting._copy
    monkeypatch.setattr(compacting, "_copy", lambda db, files, target: real(db, files[:-1], target))
    with pytest.raises(CannotCompact, match="not those of the 40 files"):
        compact(settings)
    assert (files(home), seen(home)) == (81, WHOLE)


def test_a_load_that_was_killed_is_finished_before_its_files_are_merged(home, settings):
    messages = [message(name, number=n, channel="QUEUE") for n in range(20) for name in ("MELS", "MILS")]
    with Spool(settings.spool) as spool:
        spool.add(messages)
    command = [sys.executable, "-c", DYING, *map(str, POINTS["between two files of the package"])]
    subprocess.run(command, env=home.env, capture_output=True, check=False)
    compact(settings, before=date(2100, 1, 1))
    for table in ("mels", "mils"):
        assert home.raw(table, "select count(*), count(distinct _message_id) from raw", RAW_IRIS) == [(20, 20)]


def test_notes_of_old_loads_are_removed_and_the_next_load_does_not_miss_them(home, settings):
    notes = home.path / "lake" / RAW_IRIS / "_dlt_loads"
    (old,) = notes.iterdir()
    (notes / "new.jsonl").write_text("{}")
    os.utime(old, (0, 0))
    compact(settings)
    assert [note.name for note in notes.iterdir()] == ["new.jsonl"]
    with Spool(settings.spool) as spool:
        spool.add([message("MELS", channel="QUEUE")])
    assert land_spool(settings).total().rows == 1
