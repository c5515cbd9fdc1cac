"""The checks on one screen, 80 columns wide: what is wrong and what helps, then a line for each dataset."""

from collections.abc import Iterable
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from loaders.status.check import STATES, Check, worst

STYLES = {"ok": "green", "warning": "yellow", "critical": "bold red"}
NOTE = """age: of the newest row; today, 7 d, 30 d: % complete; gone: missing in 30 days
dup: % superseded or twice; err: % of the answers; p50, p95: response time, s
lag: from the event to the lake; load: since REST was asked; MB: in the lake"""
PROBLEMS_SHOWN = 8
DATASETS_SHOWN = 20  # those that are worst first
WIDTH = 80
LONGEST = 160  # characters of a message; all of it is in the JSON
COLUMNS = {  # heading -> the check that it shows
    "age": "freshness", "today": "complete_today", "7 d": "complete_7_days", "30 d": "complete_30_days",
    "gone": "missing", "dup": "duplicates", "err": "errors", "p50": "response_median", "p95": "response_p95",
    "lag": "delay", "load": "last_load", "MB": "stored",
}  # fmt: skip


def show(checks: list[Check], now: datetime, console: Console) -> None:
    """Prints everything; what somebody else wrote, such as an error, is not taken for markup."""
    state = worst(checks)
    console.print(Text.assemble(f"{now:%Y-%m-%d %H:%M} UTC  ", (state.upper(), STYLES[state])))
    console.print(_whole([check for check in checks if check.dataset is None]))
    problems = sorted((c for c in checks if c.state != "ok" and c.dataset), key=lambda c: -STATES.index(c.state))
    if problems:
        console.print()
        console.print(_problems(problems[:PROBLEMS_SHOWN]))
    if len(problems) > PROBLEMS_SHOWN:
        console.print(f"and {len(problems) - PROBLEMS_SHOWN} more: gb-power status --json")
    datasets = _datasets(checks)
    if datasets.row_count:
        console.print()
        console.print(datasets)
        left = len({check.dataset for check in checks if check.dataset}) - datasets.row_count
        if left:
            console.print(f"and {left} more, none of them worse: gb-power status --json")
        console.print(Text(NOTE, style="dim"))


def _whole(checks: Iterable[Check]) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column()
    for check in checks:
        table.add_row(_named(check.name, check), shown(check), _explained(check))
    return table


def _problems(checks: list[Check]) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column()
    for check in checks:
        table.add_row(_named(f"{check.dataset} {check.name}", check), shown(check), _explained(check))
    return table


def _named(name: str, check: Check) -> Text:
    return Text(name, style=STYLES[check.state])


def _explained(check: Check) -> Text:
    text = Text(check.message if len(check.message) <= LONGEST else f"{check.message[:LONGEST]}…")
    if check.state != "ok" and check.command:
        text.append(f"\n→ {check.command}", style="cyan")
    return text


def _datasets(checks: list[Check]) -> Table:
    table = Table("dataset", box=None, header_style="bold", padding=(0, 1, 0, 0))
    for heading in COLUMNS:
        table.add_column(heading, justify="right", no_wrap=True)
    found: dict[str, dict[str, Check]] = {}
    for check in checks:
        if check.dataset:
            found.setdefault(check.dataset, {})[check.name] = check
    shown = sorted(found, key=lambda name: (-STATES.index(worst(found[name].values())), name))[:DATASETS_SHOWN]
    for dataset in sorted(shown):
        by_name = found[dataset]
        state = worst(by_name.values())
        cells = (_cell(by_name.get(name)) for name in COLUMNS.values())
        table.add_row(Text(dataset, style=STYLES[state]), *cells)
    return table


def _cell(check: Check | None) -> Text:
    if check is None or check.value is None:
        return Text("—", style="dim")
    return Text(_number(check.value, check.unit), style=STYLES[check.state] if check.state != "ok" else "")


def shown(check: Check) -> str:
    """A value with its unit, as short as it is understood."""
    if check.value is None:
        return "—" if check.unit else ""
    unit = "" if check.unit in ("min", None) else f" {check.unit}"
    return _number(check.value, check.unit) + unit


def _number(value: float, unit: str | None) -> str:
    if unit == "min":
        return _time(value)
    if unit == "%":
        return f"{value:.0f}" if value in (0, 100) else f"{min(value, 99.9):.1f}"
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def _time(minutes: float) -> str:
    """Minutes in the unit that keeps them short; before its time is less than nothing."""
    size = abs(minutes)
    for unit, length in (("y", 525960), ("d", 2880), ("h", 120)):
        if size >= length:
            return f"{minutes / {'y': 525960, 'd': 1440, 'h': 60}[unit]:.0f}{unit}"
    return f"{minutes:.0f}m"
