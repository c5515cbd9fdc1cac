"""The checks as a text file for node_exporter's textfile collector."""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from loaders.status.check import STATES, Check


def write_metrics(path: Path, checks: list[Check], unsent: int, now: datetime) -> None:
    """Replaces the file whole: the collector never reads half of one."""
    half = path.with_name(f".{path.name}.{os.getpid()}.tmp")  # node_exporter reads *.prom only
    path.parent.mkdir(parents=True, exist_ok=True)
    half.write_text("\n".join(_lines(checks, unsent, now)) + "\n")
    half.chmod(0o644)
    os.replace(half, path)


def _lines(checks: list[Check], unsent: int, now: datetime) -> Iterator[str]:
    yield "# HELP gb_power_check_state State of a check: 0 ok, 1 warning, 2 critical."
    yield "# TYPE gb_power_check_state gauge"
    for check in checks:
        yield f"gb_power_check_state{{{_labels(check)}}} {STATES.index(check.state)}"
    yield "# HELP gb_power_check_value Value of a check, in its unit."
    yield "# TYPE gb_power_check_value gauge"
    for check in checks:
        if check.value is not None:
            yield f'gb_power_check_value{{{_labels(check)},unit="{_text(check.unit or "")}"}} {float(check.value)}'
    yield "# HELP gb_power_alert_messages_unsent Messages that a channel has not taken yet."
    yield "# TYPE gb_power_alert_messages_unsent gauge"
    yield f"gb_power_alert_messages_unsent {unsent}"
    yield "# HELP gb_power_alert_last_run_timestamp_seconds When the checks were taken."
    yield "# TYPE gb_power_alert_last_run_timestamp_seconds gauge"
    yield f"gb_power_alert_last_run_timestamp_seconds {now.timestamp():.0f}"


def _labels(check: Check) -> str:
    return f'name="{_text(check.name)}",dataset="{_text(check.dataset or "")}"'


def _text(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
