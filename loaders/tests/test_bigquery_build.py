"""The models on BigQuery, built twice: the same rows and types as on DuckDB, of the same lake, which moved there.

Of the project, how acceptances are priced and system prices get their version: the emulator takes a second a model.
"""

import json
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.bigquery import Client

from loaders.bigquery.migrate import migrate
from loaders.catalogue import load_catalogue
from loaders.config import RAW_IRIS, read_settings
from loaders.demo_iris import messages
from loaders.iris.landing import land_messages
from loaders.iris.message import Message
from loaders.landing import open_landing
from loaders.tests.conftest import Home
from loaders.tests.stand_ins.bigquery import PROJECT, BigQuery
from loaders.tests.stand_ins.insights import InsightsStandIn

ROOT = Path(__file__).resolve().parents[2]
DAY = ("2022-01-01", "2022-01-01")
MODELS = ["+fct_bm_unit_balancing", "+bmrs_costs"]
RAW = ("bmunits", "boalf", "bod", "disebsp", "pn", "_windows")
TYPES = {"FLOAT": "float64", "INTEGER": "int64", "BOOLEAN": "bool"}  # as the API calls them, and as SQL does
FIRST = ("--exclude", "resource_type:test", "resource_type:unit_test")
# Views are there already; that each test is valid for BigQuery, its analyzer says.
SECOND = ("--exclude", "config.materialized:view", "resource_type:seed", "resource_type:unit_test", "test_type:generic")
SECOND += ("--indirect-selection", "cautious")  # of the tests, those of models that are built here
VARIABLES = {"calendar_from": "2021-12-31", "calendar_to": "2025-10-31"}


class Build:
    """dbt on one of the targets."""

    def __init__(self, target: str, home: Path, env: dict[str, str]):
        self.target = target
        self._env = {**env, "GB_POWER_TARGET": target, "GB_POWER_HOME": str(home)}
        self._work = home / f"dbt_{target}"

    def start(self, *args: str) -> subprocess.Popen:
        """``dbt build`` of the models, with options."""
        command = [str(Path(sys.executable).with_name("dbt")), "--quiet", "build", "--select", *MODELS, *args]
        command += ["--project-dir", str(ROOT / "dbt_project"), "--profiles-dir", str(ROOT / "profiles")]
        command += ["--target", self.target, "--target-path", str(self._work), "--log-path", str(self._work)]
        command += ["--vars", json.dumps(VARIABLES), "--threads", "1"]
        return subprocess.Popen(command, env=self._env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def finish(self, running: subprocess.Popen) -> None:
        """It must succeed."""
        said, _ = running.communicate(timeout=500)
        assert running.returncode == 0, said

    def models(self) -> list[dict]:
        """What the last build made of the layers that people query, as dbt's manifest has it."""
        results = json.loads((self._work / "run_results.json").read_text())["results"]
        manifest = json.loads((self._work / "manifest.json").read_text())["nodes"]
        built = [manifest[result["unique_id"]] for result in results]
        return [node for node in built if node["resource_type"] == "model" and "staging" not in node["fqn"]]


class Both:
    """One lake and both targets."""

    def __init__(self, home: Home, bigquery: BigQuery):
        self.home = home
        self._settings = replace(read_settings("bigquery"), home=home.path)
        self.on_duckdb = Build("duckdb", home.path, home.env)
        self.on_bigquery = Build("bigquery", home.path, home.env | bigquery.environment)
        self.google = Client(PROJECT, AnonymousCredentials(), client_options={"api_endpoint": bigquery.url})

    def build(self, *args: str) -> None:
        """The lake moves to BigQuery; then both are built, at the same time, BigQuery with ``args``."""
        assert sum(moved.rows_lacking for moved in migrate(self._settings, dry_run=False)) > 0
        started = [(self.on_bigquery, self.on_bigquery.start(*args)), (self.on_duckdb, self.on_duckdb.start(*FIRST))]
        for build, running in started:
            build.finish(running)

    def receive(self, *datasets: str, days: tuple[str, str]) -> None:
        """What IRIS would have sent of some days."""
        settings, catalogue = replace(self._settings, target="duckdb", bigquery=None), load_catalogue()
        sent = [Message(m.message_id, m.dataset, m.content, m.sent_at, "FILES") for m in messages(datasets, *days)]
        with open_landing(settings, catalogue, RAW_IRIS) as landing:
            land_messages(settings, catalogue, landing, sent)

    def in_duckdb(self, table: str, columns: list[str]) -> Counter:
        """Rows, each with how often it is there."""
        with duckdb.connect(str(self.home.path / "warehouse.duckdb"), read_only=True) as db:
            db.execute("set TimeZone = 'UTC'")
            return Counter(db.execute(f"select {', '.join(columns)} from {table}").fetchall())

    def in_bigquery(self, table: str, columns: list[str]) -> Counter:
        """The same."""
        asked = "where settlement_date is not null" if "settlement_date" in columns else ""  # big tables want a filter
        rows = self.google.query_and_wait(f"select {', '.join(columns)} from gb_power.{table} {asked}")
        return Counter(tuple(row.values()) for row in rows)

    def compare(self) -> tuple[int, list[str]]:
        """How many rows were compared, of every model, and what is not the same on both targets."""
        compared, differing = 0, []
        for node in self.on_duckdb.models():
            with duckdb.connect(str(self.home.path / "warehouse.duckdb"), read_only=True) as db:
                columns = [name for name, *_ in db.execute(f"describe {node['name']}").fetchall()]
            here, there = self.in_duckdb(node["name"], columns), self.in_bigquery(node["name"], columns)
            compared += sum(here.values())
            if here != there:
                differing.append(f"{node['name']}: {_difference(here, there)}")
        return compared, differing


def _difference(here: Counter, there: Counter) -> str:
    lacking, more = here - there, there - here
    such = f"{list(lacking)[:1]}; in their place {len(more)} others, such as {list(more)[:1]}"
    return f"of {sum(here.values())} rows BigQuery lacks {len(lacking)}, such as {such}"


@pytest.fixture(scope="module")
def both(tmp_path_factory, prepared, bigquery) -> Both:
    """Both targets, built twice: of a first load, and after some more of everything."""
    home = Home(shutil.copytree(prepared, tmp_path_factory.mktemp("build") / "home"), "")
    for folder in (home.path / "lake").glob("raw_*/[!_]*/"):
        if folder.name not in RAW:
            shutil.rmtree(folder)
    with pytest.MonkeyPatch.context() as patch, InsightsStandIn() as server:
        for name, value in bigquery.environment.items():
            patch.setenv(name, value)
        home.env["BMRS_BASE_URL"] = server.url
        server.as_of = "2022-01-01T12:00Z"
        home.load("BOALF", "BOD", "PN", "BMUNITS", "--from", DAY[0])
        server.as_of = "2022-12-31"  # prices that were republished later
        home.load("DISEBSP", "--from", DAY[0])
        built = Both(home, bigquery)
        built.build(*FIRST)
        built.receive("BOALF", days=DAY)
        server.as_of = None
        home.load("DISEBSP", "--from", DAY[0], "--again")
        built.build(*SECOND)
        yield built


def test_twice_built_every_model_holds_the_rows_that_duckdb_has(both):
    compared, differing = both.compare()
    assert not differing
    assert compared > 50_000


def test_columns_have_the_types_that_their_contracts_say(both):
    checked = 0
    for node in both.on_bigquery.models():
        held = {field.name: field for field in both.google.get_table(f"gb_power.{node['name']}").schema}
        for name, column in node["columns"].items():
            if column["data_type"]:
                assert TYPES.get(held[name].field_type, held[name].field_type.lower()) == column["data_type"], name
                checked += 1
    assert checked > 100
