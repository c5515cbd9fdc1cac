"""`gb-power migrate`: the lake comes to BigQuery whole and once, whatever happens on the way."""

import shutil
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.bigquery import Client

from loaders.bigquery.migrate import CannotMigrate, migrate
from loaders.catalogue import load_catalogue
from loaders.config import RAW_IRIS, read_settings
from loaders.iris.landing import land_messages
from loaders.landing import open_landing
from loaders.tests.conftest import Home
from loaders.tests.messages import message
from loaders.tests.stand_ins.bigquery import BigQuery
from loaders.tests.stand_ins.insights import InsightsStandIn
from loaders.tests.test_iris_kill import DYING

CATALOGUE = load_catalogue()


class Migration:
    """A lake, and an empty project of BigQuery to move it to."""

    def __init__(self, home: Home, bigquery: BigQuery, project: str, monkeypatch):
        self.home = home
        self.env = home.env | bigquery.environment | {"GB_POWER_BQ_PROJECT": project}
        for name in (*bigquery.environment, "GB_POWER_BQ_PROJECT", "GB_POWER_HOME"):
            monkeypatch.setenv(name, self.env[name])
        self.google = Client(project, AnonymousCredentials(), client_options={"api_endpoint": bigquery.url})

    def start(self, *args: str) -> subprocess.Popen:
        """``gb-power migrate ARGS``."""
        command = self.home.command("migrate", *args)
        return subprocess.Popen(command, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(self, *args: str, code: int = 0) -> str:
        """The same to its end, which must be ``code``; what it said."""
        with self.start(*args) as running:
            said, _ = running.communicate(timeout=600)
        assert running.returncode == code, said
        return said

    def move(self) -> dict[str, int]:
        """The same in this process, which is quicker; how many rows of which tables were moved."""
        return {
            moved.table: moved.rows_lacking for moved in migrate(read_settings(), dry_run=False) if moved.rows_lacking
        }

    def query(self, sql: str) -> list[tuple]:
        """Rows of a query in BigQuery."""
        return [tuple(row.values()) for row in self.google.query_and_wait(sql)]

    def assert_equal(self) -> None:
        """Every table has the columns, the rows and the values of the lake, each row as often as there."""
        for folder in (self.home.path / "lake").glob("raw_*/[!.]*/"):
            schema, table = folder.parent.name, folder.name
            if table.startswith("_dlt"):
                continue
            columns = sorted(name for name, *_ in self.home.raw(table, "from (describe raw)", schema))
            held = self.google.list_rows(f"{self.google.project}.{schema}.{table}")
            assert sorted(field.name for field in held.schema) == columns, table
            here = Counter(self.home.raw(table, f"select {', '.join(columns)} from raw", schema))
            assert Counter(tuple(row[name] for name in columns) for row in held) == here, table


@pytest.fixture(scope="module")
def lake(tmp_path_factory, prepared) -> Path:
    """Recorded rows, and messages good and bad. Without the empty tables, which take the emulator a minute."""
    with InsightsStandIn() as server:
        home = Home(tmp_path_factory.mktemp("lake") / "home", server.url)
        shutil.copytree(prepared, home.path)
        home.load("BOALF", "BMUNITS", "--from", "2022-01-01")
        home.load("FUELINST", "--from", "2025-10-26")
    settings = replace(read_settings(), home=home.path)
    with open_landing(settings, CATALOGUE, RAW_IRIS) as landing:
        fields = '[{"dataset":"FREQ","measurementTime":"2026-08-01T00:00:00Z","frequency":49.987,"unannounced":"é|="}]'
        sent = [message("FREQ", number=1), message("FREQ", number=2, body=fields.encode()),
                message("FREQ", number=3, body=b"not \xff JSON"), message("NEWS", number=4, body=b"[{}]")]  # fmt: skip
        land_messages(settings, CATALOGUE, landing, sent)
    for folder in (home.path / "lake").glob("raw_*/*/"):
        kept = home.raw(folder.name, "select 1 from raw limit 1", folder.parent.name) if folder.name[0] != "_" else True
        if not kept:
            shutil.rmtree(folder)
    return home.path


@pytest.fixture
def home(tmp_path, lake, server) -> Home:
    """A copy of the lake, and the loader that writes to it."""
    return Home(shutil.copytree(lake, tmp_path / "it's a home"), server.url)


def test_what_is_lacking_moves_and_only_that(home, bigquery, monkeypatch):
    moving = Migration(home, bigquery, "moved", monkeypatch)
    said = moving.run()
    assert "raw_bmrs.fuelinst: 6,000 rows of " in said
    assert "Nothing was moved yet: 'gb-power migrate --run' does it" in said
    assert [one.dataset_id for one in moving.google.list_datasets()] == []

    said = moving.run("--run")
    assert "raw_iris._quarantine: 1 rows of 1 days" in said
    moving.assert_equal()
    boalf = moving.google.get_table("raw_bmrs.boalf")
    assert boalf.time_partitioning.type_ == "DAY"
    assert boalf.clustering_fields == ["national_grid_bm_unit"]
    assert moving.query("select count(*) from raw_iris.freq where unannounced = 'é|='") == [(1,)]
    assert moving.move() == {}

    home.load("FUELINST", "--from", "2025-10-27")
    assert moving.move().keys() == {"raw_bmrs.fuelinst", "raw_bmrs._windows"}
    moving.assert_equal()


def test_rows_of_other_loads_stay_and_changed_ones_are_named(home, bigquery, monkeypatch):
    moving = Migration(home, bigquery, "changed", monkeypatch)
    assert moving.move()["raw_bmrs.boalf"] == 3722
    load = moving.query("select any_value(_load_id) from raw_bmrs.boalf")[0][0]
    moving.query("insert into raw_bmrs.boalf (settlement_date, time_from, _load_id) values "
                 "('2022-01-01', timestamp '2022-01-01 12:00:00+00', '20990101T000000.000000Z')")  # fmt: skip
    assert moving.move() == {}
    assert moving.query("select count(*) from raw_bmrs.boalf") == [(3723,)]

    moving.query("update raw_bmrs.boalf set level_to = level_to + 1 where acceptance_number = "
                 "(select min(acceptance_number) from raw_bmrs.boalf)")  # fmt: skip
    named = f"raw_bmrs.boalf of 2022-01-01: the lake holds 3,720 rows of load {load}, BigQuery 3,720, and they are not"
    with pytest.raises(CannotMigrate, match=named):
        moving.move()


BEFORE_THE_JOB = ("google.cloud.bigquery", "Client", "load_table_from_file")  # which is noted already
BEFORE_ITS_END = ("google.cloud.bigquery", "LoadJob", "result")  # while BigQuery takes the rows


def test_killed_in_the_middle_it_goes_on_and_nothing_is_there_twice(home, bigquery, monkeypatch):
    moving = Migration(home, bigquery, "killed", monkeypatch)
    note = home.path / "migrate" / "killed.job"
    for point in (BEFORE_ITS_END, BEFORE_THE_JOB):
        command = [sys.executable, "-c", DYING.replace('["iris", "land"]', '["migrate", "--run"]'), *point, "4"]
        done = subprocess.run(command, env=moving.env, capture_output=True, text=True, check=False)
        assert done.returncode == -signal.SIGKILL, done.stderr
        assert note.read_text()
    moving.run("--run")
    moving.assert_equal()
