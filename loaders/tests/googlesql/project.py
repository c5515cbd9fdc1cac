"""The dbt project as BigQuery would get it: compiled without a connection, in the order of its DAG, with its types."""

import csv
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path

import pyarrow as pa
import yaml

from loaders.catalogue import load_catalogue
from loaders.landing import raw_tables

ROOT = Path(__file__).parents[3]
ARROW = {
    pa.string(): "STRING",
    pa.int64(): "INT64",
    pa.float64(): "FLOAT64",
    pa.bool_(): "BOOL",
    pa.date32(): "DATE",
    pa.binary(): "BYTES",
    pa.timestamp("us", "UTC"): "TIMESTAMP",
}
PARTITIONS = {"table_name": "STRING", "partition_id": "STRING", "total_rows": "INT64"}
BUILT_DAYS = {
    "settlement_date": "DATE",
    "rows_landed": "INT64",
    "last_landed_utc": "TIMESTAMP",
    "rows_built": "INT64",
    "last_built_utc": "TIMESTAMP",
    "is_due": "BOOL",
}
SNAPSHOT = {
    "dbt_scd_id": "STRING",
    "dbt_updated_at": "TIMESTAMP",
    "dbt_valid_from": "TIMESTAMP",
    "dbt_valid_to": "TIMESTAMP",
}
AROUND = "statements_of_models_built_by_day"
BY_DAY = ("settlement_days", "priced_days")


@dataclass(frozen=True)
class Statement:
    """One statement, what it reads and what it makes."""

    name: str
    path: str
    sql: str
    reads: tuple[str, ...]
    makes: str | None = None
    contract: dict[str, str] | None = None
    added: dict[str, str] = field(default_factory=dict)


def compile_for_bigquery(folder: Path) -> dict:
    """The manifest of the project compiled for BigQuery, for which nothing is asked of it: the token is none and the
    endpoint, was it asked, would refuse."""
    profile = yaml.safe_load((ROOT / "profiles" / "profiles.yml").read_text())["gb_power"]["outputs"]["bigquery"]
    offline = {
        "method": "oauth-secrets",
        "token": "none",
        "project": "offline",
        "dataset": "gb_power",
        "location": "EU",
    }
    unasked = {"api_endpoint": "http://127.0.0.1:9", "job_retries": 0, "threads": 1, "maximum_bytes_billed": 1}
    profiles = {"gb_power": {"target": "bigquery", "outputs": {"bigquery": {**profile, **offline, **unasked}}}}
    (folder / "profiles.yml").write_text(yaml.safe_dump(profiles))
    dbt = [str(Path(sys.executable).with_name("dbt")), "--quiet", "compile", "--no-introspect", "--no-populate-cache"]
    where = ["--project-dir", str(ROOT / "dbt_project"), "--profiles-dir", str(folder)]
    kept = ["--target-path", str(folder / "target"), "--log-path", str(folder / "logs"), "--no-partial-parse"]
    done = subprocess.run(
        [*dbt, *where, *kept], env={**os.environ, "GB_POWER_HOME": str(folder)},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((folder / "target" / "manifest.json").read_text())


def relation(node: dict) -> str:
    """The full name of what a node makes, or of a source."""
    return f"{node['database']}.{node['schema']}.{node.get('alias') or node['identifier']}"


def typed_sources(manifest: dict) -> dict[str, dict[str, str]]:
    """The raw tables as the loaders declare them, and BigQuery's own record of their partitions."""
    found = {}
    for source in manifest["sources"].values():
        schema = raw_tables(source["source_name"], load_catalogue())[source["identifier"]]
        found[relation(source)] = {column.name: ARROW[column.type] for column in schema}
        found[f"{source['database']}.{source['schema']}.INFORMATION_SCHEMA.PARTITIONS"] = PARTITIONS
    return found


def typed_seed(node: dict) -> dict[str, str]:
    """A seed's columns: the types it declares, else what its values look like, as dbt reads them."""
    with (ROOT / "dbt_project" / node["original_file_path"]).open() as file:
        rows = list(csv.DictReader(file))
    declared = node["config"]["column_types"]
    return {
        name: declared.get(name, "").upper() or _guess([row[name] for row in rows if row[name]]) for name in rows[0]
    }


def _guess(values: list[str]) -> str:
    for kind, parse in (("INT64", int), ("FLOAT64", float), ("DATE", date.fromisoformat)):
        try:
            return kind if [parse(value) for value in values] else "STRING"
        except ValueError:
            continue
    return "BOOL" if {value.lower() for value in values} <= {"true", "false"} else "STRING"


def in_order(manifest: dict) -> list[dict]:
    """Models, seeds, snapshots, data tests and analyses, each after what it depends on; few steps with many in each."""
    kinds = ("model", "seed", "snapshot", "test", "analysis")
    nodes = {name: node for name, node in manifest["nodes"].items() if node["resource_type"] in kinds}
    nodes.pop(f"analysis.gb_power.{AROUND}")  # is many statements: _around

    @cache
    def step(name: str) -> int:
        return 1 + max(
            (step(parent) for parent in nodes[name]["depends_on"].get("nodes", []) if parent in nodes), default=0
        )

    return [nodes[name] for name in sorted(nodes, key=step)]


def statements(manifest: dict) -> list[Statement]:
    """Every statement that BigQuery would be sent, in the order of the DAG."""
    known = manifest["nodes"] | manifest["sources"]
    return [_of_node(node, known) for node in in_order(manifest) if node["resource_type"] != "seed"] + _around(manifest)


def _of_node(node: dict, known: dict) -> Statement:
    kind = node["resource_type"]
    contract = {name: column["data_type"] for name, column in node["columns"].items() if column["data_type"]}
    return Statement(
        name=node["name"],
        path=node["original_file_path"],
        sql=node["compiled_code"].strip().rstrip(";"),
        reads=tuple(relation(known[name]) for name in _read_by(node, known)),
        makes=relation(node) if kind in ("model", "snapshot") else None,
        contract={name: kind.upper() for name, kind in contract.items()}
        if kind == "model" and node["config"]["contract"]["enforced"]
        else None,
        added=SNAPSHOT if kind == "snapshot" else {},
    )


def _read_by(node: dict, known: dict) -> list[str]:
    """What a node says it depends on; one that reads every raw table finds them when it is compiled."""
    if "graph.sources" in (node["raw_code"] or ""):
        return [*node["depends_on"]["nodes"], *(name for name in known if name.startswith("source."))]
    return [name for name in node["depends_on"]["nodes"] if name in known]


def _around(manifest: dict) -> list[Statement]:
    """What comes before and after the query of a model that is built by settlement day."""
    analysis = next(node for node in manifest["nodes"].values() if node["name"] == AROUND)
    parts = analysis["compiled_code"].split("-- statement: ")[1:]
    remembered = tuple(days_tables(manifest))
    everything = (*remembered, *(name for name in typed_sources(manifest) if name.endswith(".PARTITIONS")))
    known = manifest["nodes"] | manifest["sources"]
    models = {node["name"]: node for node in by_day(manifest)}
    found = []
    for title, _, sql in (part.partition("\n") for part in parts):
        model = models[title.split(":")[0]]
        reads = (relation(model), *(relation(known[name]) for name in _read_by(model, known)), *everything)
        found.append(Statement(title, analysis["original_file_path"], sql, reads))
    return found


def by_day(manifest: dict) -> list[dict]:
    """The models that are built by settlement day."""
    return [node for node in manifest["nodes"].values() if node["config"].get("materialized") in BY_DAY]


def days_tables(manifest: dict) -> dict[str, dict[str, str]]:
    """The tables that remember what each day was built from."""
    reach = {"reaches_from": "DATE", "reaches_to": "DATE"}
    return {
        f"{node['database']}.gb_power_built_days.{node['alias']}": BUILT_DAYS
        | (reach if node["config"]["meta"].get("day_until") else {})
        for node in by_day(manifest)
    }


def typed_tables(manifest: dict) -> dict[str, dict[str, str]]:
    """What is there before any model: raw tables, seeds and remembered days."""
    seeds = [node for node in manifest["nodes"].values() if node["resource_type"] == "seed"]
    return typed_sources(manifest) | days_tables(manifest) | {relation(node): typed_seed(node) for node in seeds}
