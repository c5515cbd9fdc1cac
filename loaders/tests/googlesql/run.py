"""Runs queries on small tables: ``python run.py < job.json > answers.json``, in the environment of ZetaSQL.

A table is {"columns": {name: type}, "rows": [[value]]}; dates and instants are ISO text.
"""

import json
import re
import sys
from datetime import UTC, date, datetime, timedelta

from analyzer import GoogleSQL, GoogleSQLError, type_name
from zetasql.wasi._pb2.zetasql.public.value_pb2 import ValueProto

DAY_0 = date(1970, 1, 1)
INSTANT_0 = datetime(1970, 1, 1, tzinfo=UTC)
FIELDS = {"INT64": "int64_value", "FLOAT64": "double_value", "BOOL": "bool_value", "STRING": "string_value"}


def encode(value, kind: str) -> ValueProto:
    """A value as a cell; a cell with nothing in it is null."""
    cell = ValueProto()
    if value is None:
        return cell
    if kind == "DATE":
        cell.date_value = (date.fromisoformat(value) - DAY_0).days
    elif kind == "TIMESTAMP":
        passed = datetime.fromisoformat(value) - INSTANT_0
        cell.timestamp_value.seconds = passed.days * 86400 + passed.seconds
        cell.timestamp_value.nanos = passed.microseconds * 1000
    else:
        setattr(cell, FIELDS[kind], value)
    return cell


def decode(cell, kind: str):
    """The value of a cell."""
    if cell.WhichOneof("value") is None:
        return None
    if kind == "DATE":
        return (DAY_0 + timedelta(days=cell.date_value)).isoformat()
    if kind == "TIMESTAMP":
        stamp = cell.timestamp_value
        return (INSTANT_0 + timedelta(seconds=stamp.seconds, microseconds=stamp.nanos // 1000)).isoformat()
    return getattr(cell, FIELDS[kind])


def runnable(sql: str) -> str:
    """The same query with max_by and min_by as BigQuery documents them: ZetaSQL cannot run them by these names."""
    return re.sub(r"\b(max|min)_by\(([^(),]+),([^(),]+)\)", r"any_value(\2 having \1 \3)", sql)


def run(engine: GoogleSQL, sql: str, tables: dict) -> dict:
    """The columns and rows of a query, or what is wrong."""
    columns = {name: table["columns"] for name, table in tables.items()}
    rows = {
        name: [[encode(*cell) for cell in zip(row, table["columns"].values(), strict=True)] for row in table["rows"]]
        for name, table in tables.items()
    }
    try:
        answer = engine.evaluate(runnable(sql), columns, rows)
    except GoogleSQLError as error:
        return {"error": str(error)}
    kinds = {column.name: type_name(column.type) for column in answer.prepared.columns}
    given = answer.content.table_data.row
    found = [[decode(*cell) for cell in zip(row.cell, kinds.values(), strict=True)] for row in given]
    return {"columns": kinds, "rows": found}


def main() -> None:
    """One job from standard input, its answers to standard output."""
    engine = GoogleSQL()
    json.dump([run(engine, query["sql"], query["tables"]) for query in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    main()
