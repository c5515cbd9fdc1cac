"""The models on BigQuery, built twice: the rows and types that DuckDB makes of the same lake, which moved there.

Of the project each layer, and each way in which a model is built: in partitions, of rows that last, of parents, from a
snapshot, of the newest days. All of it, seeds and quality marts included, takes three times as long:
WHOLE_PROJECT=1 scripts/test loaders/tests/test_bigquery_build.py
"""

import json
import os
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
from loaders.tests.marts_lake import made_frequency
from loaders.tests.stand_ins.bigquery import PROJECT, BigQuery
from loaders.tests.stand_ins.insights import InsightsStandIn
from loaders.tests.warehouse import Warehouse

ROOT = Path(__file__).resolve().parents[2]
DAY = ("2022-01-01", "2022-01-01")
WHOLE = bool(os.environ.get("WHOLE_PROJECT"))
MODELS = [
    "+bmrs_mels_unified",
    "+fct_carbon_intensity",
    "+fct_price_spread",
    "+fct_system_frequency",
    "+mart_top_units",
]
SELECTED = [] if WHOLE else ["--select", *MODELS]
RAW = ("bmunits", "boalf", "bod", "disebsp", "freq", "fuelinst", "mels", "mid", "pn")
CLOCK_CHANGE = ("2025-10-26", "2025-10-27")
TYPES = {"FLOAT": "float64", "INTEGER": "int64", "BOOLEAN": "bool"}  # as the API calls them, and as SQL does
NO_OTHERS = {"STRING", "INT64", "FLOAT64", "BOOL", "DATE", "TIMESTAMP"}
# BigQuery compares all loads of a dataset together (held_loads.sql).
BY_DATASET = "select dataset, cast(sum(rows_landed) as int64), cast(sum(rows_held) as int64) from {} group by 1"
FIRST = ("--exclude", "resource_type:test", "resource_type:unit_test")
# Views are there already; that each test is valid for BigQuery, its analyzer says.
SECOND = ("--exclude", "config.materialized:view", "resource_type:seed", "resource_type:unit_test", "test_type:generic")
SECOND += ("--indirect-selection", "cautious")  # of the tests, those of models that are built here
OPTIONS = ("--vars", json.dumps({"calendar_from": "2021-12-31", "calendar_to": "2026-08-31"}), "--threads", "1")
NOW = "2026-11-21T12:00:00+00:00"


def built(target: Path) -> dict[str, dict]:
    """What the last build made of the layers that people query, as dbt's manifest has it."""
    results = json.loads((target / "run_results.json").read_text())["results"]
    manifest = json.loads((target / "manifest.json").read_text())["nodes"]
    nodes = [manifest[name] for result in results if (name := result["unique_id"]) in manifest]
    kept = [node for node in nodes if node["resource_type"] in ("model", "seed", "snapshot")]
    return {node["unique_id"]: node for node in kept if "staging" not in node["fqn"]}


class Both:
    """One lake and both targets."""

    def __init__(self, home: Home, bigquery: BigQuery, patch: pytest.MonkeyPatch):
        self.home = home
        self._settings = replace(read_settings("bigquery"), home=home.path)
        self._env = {**home.env, **bigquery.environment, "GB_POWER_NOW": NOW}
        self._on_bigquery, self._on_duckdb = home.path / "on_bigquery", home.path / "target"
        self._warehouse = Warehouse(home.path, patch)
        self.google = Client(PROJECT, AnonymousCredentials(), client_options={"api_endpoint": bigquery.url})

    def build(self, *args: str) -> None:
        """The lake moves to BigQuery; then both are built, at the same time, BigQuery with ``args``."""
        assert sum(moved.rows_lacking for moved in migrate(self._settings, dry_run=False)) > 0
        command = [str(Path(sys.executable).with_name("dbt")), "--quiet", "build", *SELECTED, *args, *OPTIONS]
        command += ["--project-dir", str(ROOT / "dbt_project"), "--profiles-dir", str(ROOT / "profiles")]
        command += ["--target-path", str(self._on_bigquery), "--log-path", str(self._on_bigquery)]
        there = subprocess.Popen(command, env=self._env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self._warehouse.dbt("build", *SELECTED, *FIRST, *OPTIONS, "--write-json")
        said, _ = there.communicate(timeout=800)
        assert there.returncode == 0, said

    def built(self) -> dict[str, dict]:
        """See above; on BigQuery."""
        return built(self._on_bigquery)

    def receive(self, *datasets: str, days: tuple[str, str]) -> None:
        """What IRIS would have sent of some days."""
        settings, catalogue = replace(self._settings, target="duckdb", bigquery=None), load_catalogue()
        sent = [Message(m.message_id, m.dataset, m.content, m.sent_at, "FILES") for m in messages(datasets, *days)]
        with open_landing(settings, catalogue, RAW_IRIS) as landing:
            land_messages(settings, catalogue, landing, sent)

    def compare(self) -> tuple[int, list[str]]:
        """How many rows were compared, of every model, seed and snapshot, and what is not the same on both targets."""
        compared, differing = 0, []
        with duckdb.connect(str(self.home.path / "warehouse.duckdb"), read_only=True) as db:
            db.execute("set TimeZone = 'UTC'")
            for node in built(self._on_duckdb).values():
                table = f"{node['schema']}.{node['name']}"
                columns = [name for name, *_ in db.execute(f"describe {table}").fetchall()]
                query = f"select {', '.join(columns)} from {{}}"
                if "settlement_date" in columns:  # without a filter BigQuery refuses big tables
                    query += " where settlement_date is not null"
                if node["name"] == "dim_settlement_periods":  # a year of the five, with both changes of the clocks
                    query += " and extract(year from settlement_date) = 2025"
                query = BY_DATASET if node["name"] == "load_reconciliation" else query
                here = Counter(db.execute(query.format(table)).fetchall())
                rows = self.google.query_and_wait(query.format(f"gb_power_{table}".replace("_main.", ".")))
                there = Counter(tuple(row.values()) for row in rows)
                compared += sum(here.values())
                if here != there:
                    differing.append(f"{table}: {_difference(here, there)}")
        return compared, differing


def _difference(here: Counter, there: Counter) -> str:
    lacking, more = here - there, there - here
    such = f"{list(lacking)[:1]}; in their place {len(more)} others, such as {list(more)[:1]}"
    return f"of {sum(here.values())} rows BigQuery lacks {len(lacking)}, such as {such}"


@pytest.fixture(scope="module")
def both(tmp_path_factory, prepared, bigquery) -> Both:
    """Both targets, built twice: of a first load, and after some more of everything."""
    home = Home(shutil.copytree(prepared, tmp_path_factory.mktemp("build") / "home"), "")
    for folder in [] if WHOLE else (home.path / "lake").glob("raw_*/[!_]*/"):
        if folder.name not in RAW:
            shutil.rmtree(folder)
    with pytest.MonkeyPatch.context() as patch, InsightsStandIn({"FREQ": made_frequency()}) as server:
        for name, value in bigquery.environment.items():
            patch.setenv(name, value)
        patch.setenv("GB_POWER_NOW", NOW)
        home.env["BMRS_BASE_URL"] = server.url
        server.as_of = "2022-01-01T12:00Z"
        home.load("BOALF", "BOD", "PN", "BMUNITS", "--from", DAY[0])
        server.as_of = "2022-12-31"  # prices that were republished later
        home.load("DISEBSP", "--from", DAY[0])
        server.as_of = None
        home.load("FREQ", "FUELHH", "INDO", "MID", "DISEBSP", "--from", CLOCK_CHANGE[1])
        home.load("MELS", "MILS", "--from", "2026-08-01")
        home.load("NDF", "REMIT", "--from", "2026-08-19")
        targets = Both(home, bigquery, patch)
        targets.receive("FUELINST", days=CLOCK_CHANGE[:1] * 2)
        targets.build(*FIRST)
        targets.receive("BOALF", days=DAY)
        home.load("FUELINST", "--from", CLOCK_CHANGE[1])
        home.load("DISEBSP", "--from", DAY[0], "--again")
        targets.build(*SECOND)
        yield targets


def test_twice_built_every_model_holds_the_rows_that_duckdb_has(both):
    compared, differing = both.compare()
    assert not differing, "\n".join(differing)
    assert compared > 50_000


def test_columns_have_the_types_that_their_contracts_say(both):
    checked = 0
    for node in both.built().values():
        if node["resource_type"] == "model":
            held = {field.name: field for field in both.google.get_table(f"gb_power.{node['name']}").schema}
            for name, column in node["columns"].items():
                if column["data_type"]:
                    assert TYPES.get(held[name].field_type, held[name].field_type.lower()) == column["data_type"], name
                    checked += 1
    assert checked > 100


def test_numbers_are_floats_as_published_and_times_are_instants_everywhere(both):
    for dataset in ("raw_bmrs", "raw_iris", "gb_power"):
        asked = f"select distinct data_type from {dataset}.INFORMATION_SCHEMA.COLUMNS"
        assert {kind for (kind,) in both.google.query_and_wait(asked)} - {"BYTES"} == NO_OTHERS
    price = {field.name: field.field_type for field in both.google.get_table("raw_bmrs.bod").schema}
    assert (price["offer"], price["time_from"], price["settlement_date"]) == ("FLOAT", "TIMESTAMP", "DATE")
