"""Marts with the columns of their contracts and made-up rows, and of dbt's manifest what is read of exposures."""

from datetime import date, datetime, timedelta
from functools import cache

import pyarrow as pa
import yaml

from loaders.build import PROJECT

UTC_TIME = pa.timestamp("us", "UTC")
KINDS = {  # by what is in the name of a type, which may be one for each target
    "float64": pa.float64(), "int64": pa.int64(), "string": pa.string(), "date": pa.date32(), "bool": pa.bool_(),
    "timestamp": UTC_TIME,
}  # fmt: skip


def columns(mart: str) -> dict[str, pa.DataType]:
    """Of a mart's contract."""
    model = yaml.safe_load(next(PROJECT.glob(f"models/*/{mart}.yml")).read_text())["models"][0]
    return {
        column["name"]: next(kind for name, kind in KINDS.items() if name in column["data_type"])
        for column in model["columns"]
    }


def mart_table(mart: str, days: list[date], own: list[dict] | None) -> pa.Table:
    """A row a day, or one where there are no days; or a test's own rows, with made-up values where they say nothing."""
    kinds = columns(mart)
    given = own if own is not None else [{"settlement_date": day} for day in days if "settlement_date" in kinds] or [{}]
    rows = [
        {name: _value(name, kind, number, row.get("settlement_date", days[-1])) for name, kind in kinds.items()} | row
        for number, row in enumerate(given)
    ]
    return pa.Table.from_pylist(rows, pa.schema(kinds))


def _value(name: str, kind: pa.DataType, number: int, day: date):
    moment = datetime.fromisoformat(f"{day} 09:00:00+00:00") - timedelta(minutes=30 * number)
    values = {pa.float64(): number + 0.25, pa.int64(): number + 1, pa.bool_(): True, pa.date32(): moment.date()}
    return {**values, UTC_TIME: moment, pa.string(): f"{name} {number}"}[kind]


@cache
def manifest() -> dict:
    """What dbt would make of the exposures and the models that they name."""
    exposures, nodes = {}, {}
    for path in sorted((PROJECT / "models" / "exposures").glob("*.yml")):
        for exposure in yaml.safe_load(path.read_text())["exposures"]:
            names = [reference.split("'")[1] for reference in exposure["depends_on"]]
            nodes |= {name: {"alias": name, "columns": dict.fromkeys(columns(name))} for name in names}
            exposures[exposure["name"]] = exposure | {"original_file_path": path.name, "depends_on": {"nodes": names}}
    return {"exposures": exposures, "nodes": nodes}
