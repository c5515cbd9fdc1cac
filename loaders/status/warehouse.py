"""The checks of what people query and of the build that makes it."""

import json
from collections.abc import Iterator
from datetime import datetime

import duckdb

from loaders.config import Settings
from loaders.status.check import Check, measured
from loaders.status.served import warehouse, written_at
from loaders.status.thresholds import Thresholds

BUILD = "gb-power build"


def read_warehouse(settings: Settings, limits: Thresholds, now: datetime) -> tuple[list[Check], dict[str, dict]]:
    """The checks of the served warehouse and of what built it, and what it says of each dataset."""
    if settings.role == "receiver" and not settings.served.exists():
        return [Check("warehouse", None, "ok", "is built elsewhere: GB_POWER_ROLE is receiver")], {}
    checks, facts = _served(settings, limits, now)
    return [*checks, *build_checks(settings)], facts


def _served(settings: Settings, limits: Thresholds, now: datetime) -> tuple[list[Check], dict[str, dict]]:
    if not settings.served.exists():
        return [Check("warehouse", None, "critical", "there is none yet: nobody can query anything", command=BUILD)], {}
    try:
        facts, lacks = warehouse(settings.served, now)
        written = written_at(settings.served)
    except (duckdb.Error, OSError) as error:
        return [Check("warehouse", None, "critical", f"cannot be read: {_line(error)}", command=BUILD)], {}
    age = (now - written).total_seconds() / 60
    checks = [
        Check("warehouse", None, "warning", f"of an older version: {lacks[0]}", command=BUILD)
        if lacks
        else Check("warehouse", None, "ok", f"{len(facts)} datasets"),
        measured(
            "warehouse_age",
            None,
            age,
            "min",
            f"published {written:%Y-%m-%d %H:%M} UTC",
            threshold=limits.served_minutes,
            since_utc=written,
            command=BUILD,
        ),  # fmt: skip
    ]
    return checks, facts


def build_checks(settings: Settings) -> Iterator[Check]:
    """What came of the last ``gb-power build``."""
    try:
        text = settings.build_result.read_text()
    except FileNotFoundError:
        yield Check("build", None, "warning", "no build has ended yet", command=BUILD)
        return
    except OSError as error:
        yield Check("build", None, "critical", f"its result cannot be read: {_line(error)}", command=BUILD)
        return
    try:
        yield _build(json.loads(text))
    except (ValueError, KeyError, TypeError) as error:
        yield Check("build", None, "critical", f"{settings.build_result} is damaged: {error!r}", command=BUILD)


def _build(built: dict) -> Check:
    ended = datetime.fromisoformat(built["ended_at_utc"])
    tests = ", ".join(f"{number} {status}" for status, number in sorted(built["tests"].items()))
    message = f"{built['models']} models; tests: {tests or 'none'}"
    if built["failures"]:
        first = built["failures"][0]
        return Check(
            "build", None, "critical", f"{len(built['failures'])} failed, such as {first}", len(built["failures"]),
            "failures", None, ended, BUILD,
        )  # fmt: skip
    if built["gaps"]:
        more = f"{message}; rows are missing"
        return Check("build", None, "warning", more, len(built["gaps"]), "gaps", None, ended, "gb-power gaps --fill")
    if built["code"]:
        return Check("build", None, "critical", f"dbt ended with {built['code']}", None, None, None, ended, BUILD)
    return Check("build", None, "ok", message, 0, "failures", None, ended)


def _line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else repr(error)
