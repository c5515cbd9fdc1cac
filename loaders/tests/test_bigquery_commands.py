"""The commands on BigQuery say what they say on DuckDB of the same, made-up rows; and in a line what is wrong.

The clock stands at NOW. dbt builds nothing here: marts are written by hand, in both places.
"""

import io
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from google.cloud import bigquery as google
from rich.console import Console

from loaders import build, clock
from loaders.bigquery import serve as bigquery_serve
from loaders.build import Built, serve
from loaders.config import RAW_BMRS, RAW_IRIS, read_settings
from loaders.gaps import absent
from loaders.held import held_by
from loaders.landing import ensure_tables, raw_schema
from loaders.now import show_now
from loaders.publish.exposures import read_exposure, read_tables
from loaders.tests.bigquery_project import CATALOGUE, Project
from loaders.tests.hand_made_marts import manifest, mart_table
from loaders.tests.lake import write_empty_lake, write_messages, write_rows, write_windows
from loaders.tests.messages import row
from loaders.tests.stand_ins.insights import InsightsStandIn
from loaders.tests.stand_ins.iris_archive import ArchiveStandIn
from loaders.tests.stand_ins.iris_messages import Sent
from loaders.tests.stand_ins.recorded import rows as recorded_rows

pytestmark = pytest.mark.filterwarnings("ignore:Cannot create BigQuery Storage client")
NOW = datetime(2025, 10, 30, 12, tzinfo=UTC)
TODAY = NOW.date()
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ROWS = [{"dataset": "MELS", **row(CATALOGUE["MELS"], number)} for number in (1, 2)]
LOST = Sent("MELS_0.json", "MELS", json.dumps(ROWS).encode(), NOW - HOUR, NOW - HOUR)
DATASETS = "INDO DATA_STATUS MELS"
DAYS = [TODAY - days * DAY for days in (400, 100, 30, 8, 1, 0)]
HOLE = {"start_utc": datetime(2025, 10, 26, 2, tzinfo=UTC), "end_utc": datetime(2025, 10, 26, 2, 30, tzinfo=UTC)}
OF_HOLE = {"dataset": "INDO", "settlement_date": date(2025, 10, 26), "settlement_period": 5}
OWN = {
    "data_gaps": [{
        "dataset": "INDO", "kind": "never asked", "from_utc": HOLE["start_utc"], "to_utc": HOLE["end_utc"],
        "settlement_date_from": date(2025, 10, 26), "settlement_date_to": date(2025, 10, 26),
        "settlement_period_from": 5, "settlement_period_to": 5, "periods_missing": 1, "known_absent_because": None,
        "ask_again_at_utc": None, "readings_missing": 1,
    }],
    "fct_outages": [
        {"mrid": "to come", "event_status": "Active", "event_end_utc": None, "is_active_now": False},
        {"mrid": "dismissed", "event_status": "Dismissed", "event_end_utc": None, "is_active_now": False},
        {"mrid": "over", "event_status": "Active", "event_end_utc": NOW - 9 * DAY, "is_active_now": False},
    ],
    "fct_battery_leaderboard": [{"settlement_date": day} for day in DAYS[:2]],  # old, so that it is shown as old
    "dataset_freshness": [{"dataset": "INDO", "last_event_utc": NOW - HOUR}],
    "dataset_history": [{"dataset": "INDO", "readings_expected": 1}],
    "dim_settlement_periods": [
        {"settlement_date": date(2025, 10, 28), "settlement_period": 7, "start_utc": NOW - 2 * DAY, "end_utc": NOW}
    ],
    "period_coverage": [{"dataset": "DISEBSP", "settlement_date": date(2025, 10, 28), "settlement_period": 6}],
    "expected_periods": [
        OF_HOLE | HOLE | {"published_by_utc": HOLE["end_utc"], "readings_expected": 1, "readings_held": 0,
                          "known_absent_because": None, "known_absent_at_utc": None},
    ],
    "asked_days": [OF_HOLE | {"asked_at_utc": NOW, "outcome": "answered"}],
}  # fmt: skip


def write_lake(home: Path) -> None:
    """A ledger that speaks of more rows and messages than there are, a question in vain, and a count of Elexon's."""
    write_empty_lake(home, {name: CATALOGUE[name] for name in DATASETS.split()})
    day = {"settlement_date_from": date(2025, 10, 25), "settlement_date_to": date(2025, 10, 25)}
    span = {"window_from_utc": NOW - 5 * DAY, "window_to_utc": NOW - 4 * DAY}
    landed = {"outcome": "landed", "rows_landed": 3, "last_event_utc": NOW - HOUR, "lag_seconds": 600.0}
    failed = {"outcome": "failed", "error": "time-out", "window_from_utc": NOW - 2 * DAY, "window_to_utc": NOW - DAY}
    load = NOW - HOUR
    write_windows(home, [
        {"dataset": "INDO", "response_seconds": 0.5} | span | day | landed,
        {"dataset": "INDO", "response_seconds": 1.5, "asked_at_utc": NOW - 2 * HOUR} | day | failed,
    ], load)  # fmt: skip
    columns = raw_schema(RAW_BMRS, CATALOGUE["INDO"])
    of = {"_load_id": f"{load:%Y%m%dT%H%M%S.%f}Z", "_window_from_utc": NOW - 5 * DAY, "_window_to_utc": NOW - 4 * DAY}
    held = pa.Table.from_pylist([{"settlement_period": 1} | of], columns)
    pq.write_table(held, home / "lake" / RAW_BMRS / "indo" / "held.parquet")
    count = {"dataset": "DISEBSP", "settlementDate": "2025-10-28", "settlementPeriod": 7, "dataPointCount": 3}
    write_rows(home, RAW_BMRS, CATALOGUE["DATA_STATUS"], [count], load)
    messages = [(LOST.message_id, "MELS", "LANDED", 2), ("1", "MELS", "QUARANTINED", 0), ("2", "NEWSET", "UNMAPPED", 0)]
    names = ("message_id", "dataset", "outcome", "rows")
    came = {"received_at_utc": load - HOUR}
    write_messages(home, [dict(zip(names, one, strict=True)) | came for one in messages], load)


class Both:
    """The same rows twice, and the commands on either."""

    def __init__(self, project: Project, embedded: Path):
        self.project, self.embedded = project, embedded

    def fill(self) -> None:
        """Writes the lake and the marts, and loads the same files into BigQuery."""
        write_lake(self.embedded)
        small = {name: CATALOGUE[name] for name in DATASETS.split()}
        for schema in (RAW_BMRS, RAW_IRIS):
            ensure_tables(read_settings(), small, schema)
        for path in sorted((self.embedded / "lake").glob("raw_*/*/*.parquet")):
            if pq.read_metadata(path).num_rows:
                self.load(path, f"{path.parent.parent.name}.{path.parent.name}")
        self.project.google.create_dataset("gb_power")
        with duckdb.connect(str(self.embedded / "warehouse.duckdb")) as db:
            for name in {*OWN, *manifest()["nodes"]}:
                path = self.embedded / f"{name}.parquet"
                pq.write_table(mart_table(name, DAYS, OWN.get(name)), path)
                db.from_parquet(str(path)).create(name)
                self.load(path, f"gb_power.{name}")

    def load(self, path: Path, table: str) -> None:
        config = google.LoadJobConfig(source_format="PARQUET", write_disposition="WRITE_APPEND")
        with path.open("rb") as file:
            self.project.google.load_table_from_file(file, f"{self.project.name}.{table}", job_config=config).result()

    def on_duckdb(self, patch: pytest.MonkeyPatch) -> None:
        """From now on in this context."""
        patch.setenv("GB_POWER_TARGET", "duckdb")
        patch.setenv("GB_POWER_HOME", str(self.embedded))

    def run(self, *args: str, code: int = 0) -> tuple[str, str]:
        """What a command says on DuckDB, and on BigQuery."""
        with pytest.MonkeyPatch.context() as patch:
            self.on_duckdb(patch)
            embedded = self.project.run(*args, code=code).output
        return embedded, self.project.run(*args, code=code).output


@pytest.fixture(scope="module")
def both(bigquery, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: NOW)
        patch.setattr(clock, "is_moved", lambda: True)
        patch.setattr(build, "run_dbt", lambda *args, **more: Built(0))
        built_at = {"gb_power.mart_now": NOW - MINUTE}  # where the emulator says of every table: just now
        facts = lambda _, name: SimpleNamespace(modified=built_at.get(name, NOW - DAY))  # noqa: E731
        patch.setattr(bigquery_serve, "table_facts", facts)
        project = Project("commands", DATASETS, bigquery, tmp_path_factory.mktemp("bigquery"), patch)
        both = Both(project, tmp_path_factory.mktemp("it's embedded"))
        both.fill()
        for home in (read_settings().home, both.embedded):
            (home / "target").mkdir()
            (home / "target" / "manifest.json").write_text(json.dumps(manifest()))
        with pytest.MonkeyPatch.context() as embedded:
            both.on_duckdb(embedded)
            serve(read_settings())
        assert str(read_settings().served) in project.run("build", "--serve-only").output
        yield both


def rows_of(path: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(path), read_only=True) as db:
        db.execute("set TimeZone = 'UTC'")
        return db.execute(query).fetchall()


def test_the_file_that_is_served_holds_the_days_that_are_shown(both):
    served = read_settings().served
    copied = dict(rows_of(served, "from served_from"))
    assert copied.keys() == manifest()["nodes"].keys()
    for name, since in copied.items():
        of_days = f" where settlement_date >= date '{since}'" if since else ""
        if name == "fct_outages":
            of_days = " where mrid = 'to come'"
        held = rows_of(both.embedded / "warehouse.duckdb", f"from {name}{of_days} order by all")
        assert rows_of(served, f"from {name} order by all") == held, name
        assert held, name
    assert copied["fct_daily_prices"] == TODAY - 42 * DAY
    assert rows_of(served, "select settlement_date from fct_daily_prices order by 1") == [(day,) for day in DAYS[2:]]
    assert rows_of(served, "select settlement_date from fct_battery_leaderboard") == [(DAYS[1],)]
    assert datetime.fromtimestamp(served.stat().st_mtime, UTC) == NOW - MINUTE, "the newest table's age is the copy's"


def test_now_page_and_sheet_are_the_same(both):
    screens, shown = [], []
    for home in (both.embedded, both.project.home):
        screens.append(io.StringIO())
        show_now(home / "served" / "warehouse.duckdb", Console(file=screens[-1], width=120), NOW)
    assert screens[0].getvalue() == screens[1].getvalue()
    assert "system_demand" not in screens[0].getvalue()
    both.project.run("now")
    both.project.run("publish", "page")
    for home in (both.embedded, both.project.home):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("GB_POWER_HOME", str(home))
            shown.append(
                {
                    name: read_tables(read_settings(), read_exposure(read_settings(), name))
                    for name in ("page", "google_sheet")
                }
            )
    assert shown[0] == shown[1]
    assert all(shown[0]["google_sheet"].values())
    data = json.loads((both.project.home / "page" / "data.json").read_text())
    assert data["tables"]["data_gaps"]["dataset"] == ["INDO"]


def test_status_and_alert_say_the_same(both, tmp_path, monkeypatch):
    found = []
    for output in both.run("status", "--json", code=2):
        checks = {(c["dataset"], c["name"]): c for c in json.loads(output)["checks"]}
        of_storage = {"lake", "stored", "warehouse_age", "disk"}
        found.append({name: check for name, check in checks.items() if name[1] not in of_storage})
    assert found[0] == found[1]
    assert held_by(read_settings()).sizes()["indo"] > 0
    assert found[1]["INDO", "errors"]["value"] == 50
    assert found[1]["INDO", "response_median"]["value"] == 1
    assert found[1]["INDO", "freshness"]["value"] == 60
    assert found[1]["MELS", "message_errors"]["value"] == 50
    assert "NEWSET" in found[1][None, "unmapped"]["message"]
    rules = tmp_path / "rules.yml"
    rules.write_text("rules: {dear: {column: system_price_gbp_per_mwh, above: 0.1}, out: {new_outage_mw: 0}}")
    monkeypatch.setenv("GB_POWER_RULES", str(rules))
    told = both.run("alert")
    assert told[0] == told[1]
    assert "dear: 0.25" in told[1]
    assert "CRITICAL: INDO errors" in told[1]


def test_the_week_is_the_same_and_one_before_the_copy_is_refused(both):
    week = both.run("weekly")
    assert week[0] == week[1]
    assert "2025-10-29" in week[1]
    said = both.project.run("weekly", "--to", "2025-07-22", code=2).output
    assert "what was copied from BigQuery begins on 2025-09-18, and that week on 2025-07-16" in said


def test_a_query_is_googles_sql_and_looks_the_same(both):
    query = "select dataset, last_event_utc, age_minutes from dataset_freshness order by dataset"
    embedded, answered = both.run("query", query)
    assert embedded == answered
    assert "2025-10-30 11:00:00+00:00" in answered
    assert both.project.run("query", "select count(*) as n from raw_bmrs.indo").output.split() == ["n", "1"]


def test_gaps_are_the_same(both):
    listed = [output.splitlines() for output in both.run("gaps", code=1)]
    assert listed[0][1:] == listed[1][1:]  # but for when that was built
    assert listed[1][0].startswith("As of the build of ")
    text = "\n".join(listed[1])
    for why in (
        "never asked", "Elexon counts 3 rows and we hold none", "asked and failed", "landed them and they are gone",
        "they landed and are gone, wholly or in part",
    ):  # fmt: skip
        assert text.count(why) == 1, why
    assert "2 rows" in text
    assert "1 messages" in text


def test_rows_whose_partition_expired_are_not_lost(both):
    table = both.project.google.get_table("raw_bmrs.indo")
    for days, listed in ((11, 0), (0, 1)):
        table.time_partitioning.expiration_ms = days * 86_400_000 or None
        table = both.project.google.update_table(table, ["time_partitioning"])
        assert both.project.run("gaps", "--json", code=1).output.count("landed them and they are gone") == listed


LIMIT = "Query exceeded limit for bytes billed: 1. 10485760 or higher required."
NO_JOBS = "Access Denied: Project commands: User does not have bigquery.jobs.create permission in project commands."


def refusal(status: int, message: str, reason: str) -> dict:
    error = {"code": status, "message": message, "errors": [{"reason": reason, "message": message}]}
    return {"request": "POST .*/(queries|jobs)", "status": status, "body": {"error": error}, "times": 99}


@pytest.fixture
def faults(both):
    yield both.project.bigquery.fail
    both.project.bigquery.fail()


def test_what_google_refuses_is_said_in_a_line(both, faults):
    said = both.project.run("query", "select * from nope", code=1).output
    assert said.startswith("Error: Not found: Table commands:gb_power.nope")
    said += both.project.run("query", "selec 1", code=1).output
    assert "Syntax error: " in said
    faults(refusal(400, LIMIT, "bytesBilledLimitExceeded"))
    said += both.project.run("query", "select * from mart_now", code=1).output
    assert LIMIT.rstrip(".") in said
    faults()
    faults(refusal(403, NO_JOBS, "accessDenied"))
    served = read_settings().served.stat()
    for args in (("query", "select 1"), ("gaps",), ("build", "--serve-only")):
        refused = both.project.run(*args, code=1).output
        assert NO_JOBS.rstrip(".") in refused, args
        said += refused
    assert read_settings().served.stat() == served, "what was served before stays"
    checks = json.loads(both.project.run("status", "--json", code=2).output)["checks"]
    lake = next(check for check in checks if check["name"] == "lake")
    assert lake["state"] == "critical"
    assert NO_JOBS.rstrip(".") in lake["message"]
    assert len([line for line in said.splitlines() if not line.startswith("As of")]) == 6


def test_what_was_lost_comes_back_and_what_elexon_does_not_have_is_known_absent(both, monkeypatch):
    """The last test: it changes what BigQuery holds."""
    monkeypatch.setattr(absent, "run_dbt", lambda *args, **more: Built(0))
    with InsightsStandIn() as elexon, ArchiveStandIn([LOST]) as archive:
        elexon.set_rows("INDO", [row for row in recorded_rows("INDO") if row.get("settlementPeriod") != 5])
        monkeypatch.setenv("BMRS_BASE_URL", elexon.url)
        monkeypatch.setenv("IRIS_ARCHIVE_URL", archive.url)
        both.project.run("gaps", "--fill", "--archive-days", "0", code=1)
    landed = both.project.query("select count(*), countif(settlement_period = 5) from raw_bmrs.indo")
    assert landed[0][0] > 40
    assert landed[0][1] == 0
    assert both.project.query("select count(*), count(distinct _load_id) from raw_iris.mels") == [(2, 1)]
    noted = both.project.query("select dataset, settlement_date, settlement_period, answer from raw_bmrs._known_absent")
    assert noted == [("INDO", date(2025, 10, 26), 5, "Elexon's answer was without it")]
