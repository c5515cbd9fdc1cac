"""What was lost is listed, and one run of ``gaps --fill`` brings the same tables back; what is absent is noted.

Three recorded days around the end of summer time, of which the Sunday has 50 settlement periods: some datasets from
REST, others as messages, so that nothing but the archive can restore those.
"""

import json
import random
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from loaders.build import Built
from loaders.catalogue import load_catalogue
from loaders.cli import main
from loaders.config import RAW_BMRS, RAW_IRIS
from loaders.gaps import absent
from loaders.gaps.gap import delay
from loaders.iris.landing import land_messages
from loaders.iris.message import Message
from loaders.landing import open_landing
from loaders.tests.conftest import FAST, Home
from loaders.tests.lake import write_rows
from loaders.tests.stand_ins.insights import InsightsStandIn
from loaders.tests.stand_ins.iris_archive import ArchiveStandIn
from loaders.tests.stand_ins.iris_messages import sent
from loaders.tests.stand_ins.recorded import rows as recorded_rows
from loaders.tests.warehouse import Warehouse

DAYS = ("2025-10-25", "2025-10-26", "2025-10-27")
NOW = "2025-10-30T12:00:00+00:00"
FROM_REST = ("FUELINST", "FUELHH", "INDO", "DISEBSP")
AS_MESSAGES = ("MID", "ITSDO")
UNIFIED = [f"bmrs_{name.lower()}_unified" for name in (*FROM_REST, *AS_MESSAGES)]
HISTORY = json.dumps({"history": {"default": {"from": DAYS[0], "to": DAYS[-1]}}})
LINEAGE = "fetched_at_utc, load_id"
MESSAGES = [
    message
    for name in AS_MESSAGES
    for message in sent(name, [row for row in recorded_rows(name) if row["settlementDate"] in DAYS])
]


class Place:
    """A lake of REST's answers and of messages, the warehouse on it, and both far ends."""

    def __init__(self, path: Path, monkeypatch):
        self.elexon, self.archive = InsightsStandIn(), ArchiveStandIn(MESSAGES)
        self.home = Home(path, self.elexon.url)
        self.clock = path.with_name("clock")
        self.at(NOW)
        more = {"GB_POWER_CLOCK": str(self.clock), "IRIS_ARCHIVE_URL": self.archive.url, "BMRS_TRIES": "2"}
        more |= {"IRIS_ARCHIVE_REQUESTS_PER_SECOND": "1000", "GB_POWER_HOME": str(path), **FAST}
        self.home.env |= more | {"BMRS_BASE_URL": self.elexon.url}
        for name, value in self.home.env.items():
            monkeypatch.setenv(name, value)

    def at(self, moment: str) -> None:
        """Let it be that moment."""
        self.clock.write_text(moment)

    def gaps(self, *args: str, code: int = 0) -> str:
        """``gb-power gaps ARGS``, in this process."""
        done = CliRunner().invoke(main, ["gaps", *args], env=self.home.env)
        assert done.exit_code == code, done.output
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.output

    def dbt_in_this_process(self, settings, args: list[str], quiet: bool) -> Built:
        """What a process of its own would do, which takes ten seconds longer."""
        return self.warehouse.build(*args)

    def contents(self) -> dict[str, list[tuple]]:
        """The unified tables, but for when and by which load a row came."""
        with duckdb.connect(str(self.home.path / "warehouse.duckdb"), read_only=True) as db:
            db.execute("set TimeZone = 'UTC'")
            return {m: db.execute(f"select * exclude ({LINEAGE}) from {m} order by all").fetchall() for m in UNIFIED}

    def delete(self, schema: str, table: str, where: str) -> int:
        """Rows that are gone from a raw table, as no loader would take them; how many."""
        gone = 0
        for path in sorted((self.home.path / "lake" / schema / table).glob("*.parquet")):
            with duckdb.connect() as db:
                db.execute("set TimeZone = 'UTC'")
                db.read_parquet(str(path)).create("held")
                lost = db.execute(f"delete from held where {where}").fetchone()[0]
                if lost:
                    db.table("held").write_parquet(str(path), compression="zstd")
            gone += lost
        return gone


@pytest.fixture(scope="module")
def place(tmp_path_factory, prepared):
    path = tmp_path_factory.mktemp("gaps") / "it's a home"
    shutil.copytree(prepared, path)
    with pytest.MonkeyPatch.context() as monkeypatch:
        place = Place(path, monkeypatch)
        with place.elexon, place.archive:
            place.home.load(*FROM_REST, "--from", DAYS[0], "--to", DAYS[-1])
            receive(MESSAGES)
            place.warehouse = Warehouse(path, monkeypatch)
            monkeypatch.setattr(absent, "run_dbt", place.dbt_in_this_process)
            no_tests = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
            place.warehouse.dbt(
                "build", "--select", "+data_gaps", "load_reconciliation", "landed_loads", *no_tests, "--vars", HISTORY
            )
            serve(place)
            yield place


def receive(messages) -> None:
    from loaders.config import read_settings

    with open_landing(read_settings(), load_catalogue(), RAW_IRIS) as landing:
        came = [Message(m.message_id, m.dataset, m.queue_body, m.sent_at, "QUEUE") for m in messages]
        land_messages(read_settings(), load_catalogue(), landing, came)


def serve(place: Place) -> None:
    place.home.path.joinpath("served").mkdir(exist_ok=True)
    shutil.copy(place.home.path / "warehouse.duckdb", place.home.path / "served" / "warehouse.duckdb")


def rebuild(place: Place) -> None:
    quality = ("asked_days", "period_coverage", "expected_periods", "data_gaps", "landed_loads", "load_reconciliation")
    place.warehouse.dbt("run", "--select", *UNIFIED, *quality)
    serve(place)


def lose_at_random(place: Place, rng: random.Random) -> dict[str, int]:
    """Periods, a day, a whole dataset, messages whole and in part, and single rows that no count of periods misses."""
    periods = ", ".join(str(n) for n in rng.sample(range(1, 47), 5))
    day, message_days = rng.choice(DAYS), f"hash(_message_id) % 7 = {rng.randrange(7)}"
    lost = {
        "INDO": place.delete(RAW_BMRS, "indo", f"settlement_period in ({periods})"),
        "FUELINST": place.delete(RAW_BMRS, "fuelinst", f"settlement_date = date '{day}'"),
        "FUELHH": place.delete(RAW_BMRS, "fuelhh", f"hash(start_time, fuel_type) % 11 = {rng.randrange(11)}"),
        "DISEBSP": place.delete(RAW_BMRS, "disebsp", "true"),
        "ITSDO": place.delete(RAW_IRIS, "itsdo", message_days),
        "MID": place.delete(RAW_IRIS, "mid", message_days),
    }
    place.delete(RAW_IRIS, "_messages", message_days.replace("_message_id", "message_id") + " and dataset = 'MID'")
    return lost


@pytest.mark.parametrize("seed", [1])
def test_one_run_restores_what_was_lost_at_random(place, seed):
    intact = place.contents()
    assert all(len(rows) > 100 for rows in intact.values())
    lost = lose_at_random(place, random.Random(seed))
    assert all(lost.values()), lost
    rebuild(place)
    assert all(len(rows) < len(intact[model]) for model, rows in place.contents().items())
    listed = place.gaps(code=1)
    assert all(name in listed for name in (*FROM_REST, "ITSDO"))  # of MID nothing is left to tell
    place.gaps("--fill", "--archive-days", "6")
    rebuild(place)
    assert place.contents() == intact
    assert place.warehouse.query("from load_reconciliation where rows_held != rows_landed") == []
    assert "0 gaps" in place.gaps()


def test_with_nothing_missing_nobody_is_asked_and_nothing_is_written(place):
    before = sorted(place.home.path.rglob("*.parquet"))
    place.elexon.requests.clear()
    assert "0 requests" in place.gaps("--fill", "--archive-days", "0")
    assert place.elexon.requests == []
    assert sorted(place.home.path.rglob("*.parquet")) == before


def test_what_elexon_does_not_have_is_known_absent_and_asked_for_again_later(place):
    place.elexon.set_rows("INDO", [row for row in recorded_rows("INDO") if row.get("settlementPeriod") != 5])
    place.delete(RAW_BMRS, "indo", "settlement_period = 5")
    place.delete(RAW_BMRS, "_windows", "dataset = 'INDO'")  # else the ledger would know that it was there
    rebuild(place)
    assert "0 gaps, 3 known absent" in place.gaps("--fill", "--archive-days", "0")
    noted = (
        "select settlement_period, (asked_at_utc::varchar)[:13], (ask_again_at_utc - asked_at_utc)::varchar from raw"
    )
    assert place.home.raw("_known_absent", noted) == [(5, NOW.replace("T", " ")[:13], "01:00:00")] * 3
    rebuild(place)
    assert place.gaps().count("known absent: Elexon's answer was without it") == 3
    asked = len(place.elexon.asked())
    place.gaps("--fill", "--archive-days", "0")
    assert len(place.elexon.asked()) == asked  # an hour has not gone by
    place.elexon.set_rows("INDO", recorded_rows("INDO"))  # it was late
    place.at("2025-10-30T18:00:00+00:00")
    assert "0 gaps, 0 known absent" in place.gaps("--fill", "--archive-days", "0")


def test_the_longer_something_is_absent_the_less_often_it_is_asked_for():
    hours = [delay(timedelta(hours=absent)) / timedelta(hours=1) for absent in (0, 1, 5, 48, 10_000)]
    assert hours == [1, 1, 5, 48, 720]


def test_what_elexon_counts_and_we_do_not_hold_is_a_gap_and_requests_are_bounded(place):
    days = ("2025-10-28", "2025-10-29")
    counted = [{"settlementDate": day, "settlementPeriod": 7, "dataPointCount": 3} for day in days]
    status = [row | {"dataset": "DISEBSP"} for row in counted]
    load = datetime(2025, 10, 30, 19, tzinfo=UTC)
    write_rows(place.home.path, RAW_BMRS, load_catalogue()["DATA_STATUS"], status, load)
    listed = place.gaps(code=1)
    assert listed.count("Elexon counts 3 rows and we hold none") == 2
    assert "gb-power load DISEBSP --from 2025-10-28 --to 2025-10-29 --again" in listed
    place.elexon.requests.clear()
    assert "1 requests are left" in place.gaps("--fill", "--archive-days", "0", "--max-requests", "1", code=1)
    assert [request.path.rpartition("/")[2] for request in place.elexon.requests] == ["2025-10-29"]  # the newest first
