"""The gate: every statement of the project through Google's analyzer, and its columns against its contract."""

import json
import subprocess
from dataclasses import asdict
from functools import cache
from pathlib import Path

from loaders.tests.googlesql.project import ROOT, Statement

HERE = Path(__file__).parent


@cache
def analyzer_python() -> str:
    """The Python of the analyzer's environment, which is made if need be.

    Raises:
        AssertionError: if it cannot be made; without it nothing about BigQuery is proven.
    """
    done = subprocess.run(
        ["sh", str(ROOT / "scripts" / "bigquery.sh"), "gsql"], capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def ask(script: str, job: dict) -> list:
    """What a script of this package answers in the analyzer's environment."""
    done = subprocess.run(
        [analyzer_python(), str(HERE / script)],
        input=json.dumps(job), capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def analyse(tables: dict, statements: list[Statement]) -> tuple[list[str], dict[str, dict[str, str]]]:
    """What is wrong, a line for each; and the columns that each statement gives."""
    answers = ask("check.py", {"tables": tables, "statements": [asdict(statement) for statement in statements]})
    wrong, columns = [], {}
    for statement, answer in zip(statements, answers, strict=True):
        wrong += [
            f"{statement.name} ({statement.path}): {_with_line(error, statement.sql)}" for error in answer["errors"]
        ]
        if answer["columns"] is not None:
            columns[statement.name] = answer["columns"]
            wrong += [
                f"{statement.name} ({statement.path}): {breach}" for breach in breaches(statement, answer["columns"])
            ]
    return wrong, columns


def _with_line(error: str, sql: str) -> str:
    """The error with the line that it speaks of, as compiled."""
    _, _, place = error.rpartition("[at ")
    number = place.partition(":")[0]
    return f"{error}: {sql.splitlines()[int(number) - 1].strip()}" if number.isdigit() else error


def breaches(statement: Statement, given: dict[str, str]) -> list[str]:
    """Where the columns that a model gives are not those of its contract."""
    if statement.contract is None:
        return []
    found = [
        f"the contract says {name} {kind}, the query gives {given.get(name, 'no such column')}"
        for name, kind in statement.contract.items()
        if given.get(name) != kind
    ]
    return found + [f"{name} is not in the contract" for name in given if name not in statement.contract]
