"""Analyses statements in their order: ``python check.py < job.json > answers.json``, in the environment of ZetaSQL.

The columns that a statement gives are what later statements find in the table that it ``makes``, so types flow from
the raw tables to the marts and to the tests on them.
"""

import json
import sys

from analyzer import GoogleSQL, GoogleSQLError, output_columns
from planner import refusals


def check(engine: GoogleSQL, sql: str) -> dict:
    """What came of one statement: its columns, or what is wrong."""
    try:
        resolved = engine.analyze(sql)
    except GoogleSQLError as error:
        return {"errors": [str(error)], "columns": None}
    return {
        "errors": refusals(resolved) if "join" in sql or "limit" in sql else [],
        "columns": output_columns(resolved) or {},
    }


def answer(engine: GoogleSQL, tables: dict, statements: list[dict]) -> list[dict]:
    """Answers in order. What is wrong in a model is said once: what reads it sees the columns of its contract, or is
    passed over."""
    answers, known, broken = [], set(), set()
    for statement in statements:
        reads = set(statement["reads"])
        if broken & reads:
            answers.append({"errors": [], "columns": None})
            broken |= {statement["makes"]} - {None}
            continue
        if engine.known is None or not reads <= known:
            engine.know(tables)
            known = set(tables)
        answers.append(check(engine, statement["sql"]))
        if statement["makes"]:
            columns = answers[-1]["columns"] or statement["contract"]
            if columns:
                tables[statement["makes"]] = columns | statement["added"]
            else:
                broken.add(statement["makes"])
    return answers


def main() -> None:
    """One job from standard input, its answers to standard output."""
    job = json.load(sys.stdin)
    json.dump(answer(GoogleSQL(), job["tables"], job["statements"]), sys.stdout)


if __name__ == "__main__":
    main()
