"""Queries as BigQuery gets them, run by ZetaSQL's reference implementation on rows that a DuckDB warehouse holds."""

from collections.abc import Iterable
from datetime import date, datetime
from math import isclose

from loaders.tests.googlesql.gate import ask
from loaders.tests.googlesql.project import relation
from loaders.tests.warehouse import Warehouse

GOOGLESQL = {
    "VARCHAR": "STRING", "BIGINT": "INT64", "INTEGER": "INT64", "DOUBLE": "FLOAT64", "BOOLEAN": "BOOL", "DATE": "DATE",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP",
}  # fmt: skip


def model(manifest: dict, name: str) -> dict:
    """The node of a model."""
    return manifest["nodes"][f"model.gb_power.{name}"]


def parents(manifest: dict, name: str) -> list[dict]:
    """The models and seeds that a model reads."""
    return [manifest["nodes"][parent] for parent in model(manifest, name)["depends_on"]["nodes"]]


def held(warehouse: Warehouse, node: dict, order: Iterable[str] = ()) -> dict:
    """What the warehouse holds of a node: columns by GoogleSQL type, and rows."""
    name = f"{node['schema'].removeprefix('gb_power_').replace('gb_power', 'main')}.{node['alias']}"
    with warehouse.opened() as db:
        columns = {row[0]: GOOGLESQL[row[1]] for row in db.execute(f"describe {name}").fetchall()}
        rows = db.execute(f"select {', '.join(order or columns)} from {name}").fetchall()
    return {"columns": columns, "rows": [[plain(value) for value in row] for row in rows]}


def plain(value):
    """Dates and instants as ISO text."""
    return value.isoformat() if isinstance(value, date | datetime) else value


def by_reference(queries: list[dict]) -> list[dict]:
    """The answers of the reference implementation; it must run every query."""
    answers = ask("run.py", queries)
    errors = [
        f"{query['name']}: {answer['error']}"
        for query, answer in zip(queries, answers, strict=True)
        if "error" in answer
    ]
    assert not errors, "\n".join(errors)
    return answers


def query_of_model(warehouse: Warehouse, manifest: dict, name: str) -> dict:
    """A model's query, and what it reads as the warehouse holds it."""
    tables = {relation(node): held(warehouse, node) for node in parents(manifest, name)}
    return {"name": name, "sql": model(manifest, name)["compiled_code"], "tables": tables}


def query_of_example(warehouse: Warehouse, manifest: dict, example: dict) -> dict:
    """A model's query on the rows that one of dbt's unit tests gives it; what these leave out is null."""
    nodes = {node["name"]: node for node in parents(manifest, example["model"])}
    tables = {}
    for given in example["given"]:
        node = nodes[given["input"].split("'")[1]]
        columns = held(warehouse, node)["columns"]
        rows = [[typed(row.get(name), kind) for name, kind in columns.items()] for row in given["rows"]]
        tables[relation(node)] = {"columns": columns, "rows": rows}
    return {"name": example["name"], "sql": model(manifest, example["model"])["compiled_code"], "tables": tables}


def typed(value, kind: str):
    """A value of a unit test, as its column's type has it."""
    if value is None:
        return None
    if kind == "TIMESTAMP":
        return datetime.fromisoformat(str(value)).isoformat()
    return {"INT64": int, "FLOAT64": float, "BOOL": bool}.get(kind, str)(value)


def differences(found: list[list], wanted: list[list]) -> list[str]:
    """Rows that are on one side only, as text; sums may differ in the last digits, since they are of floats."""
    found, wanted = sorted(found, key=sortable), sorted(wanted, key=sortable)
    if len(found) != len(wanted):
        return [f"{len(found)} rows instead of {len(wanted)}"]
    return [f"{a} instead of {b}" for a, b in zip(found, wanted, strict=True) if not all(map(same, a, b))]


def sortable(row: list) -> str:
    """A row's place, which a float's last digits do not change."""
    return repr([f"{value:.6f}" if isinstance(value, float) else str(value) for value in row])


def same(a, b) -> bool:
    """Whether two values are the same."""
    if isinstance(a, float) and isinstance(b, float):
        return isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)
    return a == b and type(a) is type(b)
