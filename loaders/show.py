"""What the commands print."""

import sys
from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from loaders.catalogue import Dataset, raw_name

# What is printed is mostly other people's words, which must not be taken for markup: "[/x]" would be an error.
OUT = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 150)


def show_datasets(catalogue: dict[str, Dataset]) -> None:
    """The catalogue, a line each."""
    table = Table("dataset", "title", "group", "core", "REST", "IRIS", box=None, header_style="bold")
    for entry in catalogue.values():
        flags = ("yes" if flag else "" for flag in (entry.core, entry.rest))
        table.add_row(
            entry.dataset, entry.title, entry.group, *flags, ", ".join(entry.iris.names) if entry.iris else ""
        )
    OUT.print(table)


def show_dataset(entry: Dataset) -> None:
    """One dataset: where it comes from and every field."""
    OUT.print(f"[bold]{entry.dataset}[/]  {entry.title}\n{entry.page}", soft_wrap=True, markup=True)
    facts = {"group": entry.group, "key": ", ".join(entry.key), "newest by": ", ".join(entry.newest_by)}
    if entry.rest:
        window = f"{entry.rest.window.days} settlement day(s) a request" if entry.rest.window else "a snapshot"
        facts |= {
            "REST": f"{entry.rest.path} ({window})",
            "look-back": f"{entry.rest.look_back_days} days",
            "empty answer": entry.rest.empty,
        }
    if entry.iris:
        facts["IRIS"] = ", ".join(entry.iris.names)
    for name, fact in facts.items():
        OUT.print(f"  {name:<13} {fact}", soft_wrap=True)
    table = Table(box=None, header_style="bold")
    for heading in ("field", "raw column", "type", "unit", "null", "what"):
        table.add_column(heading, no_wrap=heading != "what")
    for native, column in entry.all_columns.items():
        table.add_row(
            native, raw_name(native), column.type, column.unit or "", "yes" if column.nullable else "", column.doc or ""
        )
    OUT.print(table)
    for note in entry.notes:
        OUT.print(f"Note: {note}", soft_wrap=True)


def show_load(tallies: dict, seconds: float) -> bool:
    """Prints what came of a run; true if something is missing."""
    from loaders.bmrs.source import commands  # which imports dlt, a second that the other commands need not wait for

    table = Table("dataset", box=None, header_style="bold")
    for heading in ("windows", "unchanged", "rows answered", "rows landed"):
        table.add_column(heading, justify="right")
    for name, tally in sorted(tallies.items()):
        table.add_row(
            name, *(f"{n:,}" for n in (tally.windows, tally.unchanged, tally.rows_answered, tally.rows_landed))
        )
    if tallies:
        OUT.print(table)
    for name, tally in sorted(tallies.items()):
        if tally.new_fields:
            OUT.print(f"{name} has new fields, landed as columns: {', '.join(sorted(tally.new_fields))}")
    missing = [(window, reason) for _, tally in sorted(tallies.items()) for window, reason in tally.missing]
    if missing:
        OUT.print(f"\nMissing: {len(missing)} of {sum(t.windows for t in tallies.values())} windows. To ask again:")
    for command in commands([window for window, _ in missing]):
        OUT.print(f"  {command}", soft_wrap=True)
    OUT.print(f"{sum(t.rows_landed for t in tallies.values()):,} rows landed in {seconds:.1f} s")
    return bool(missing)


def _text(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def show_rows(headings: list[str], rows: Iterable[Iterable]) -> None:
    """The answer to a query, on its side where it has many columns; times are UTC."""
    lines = [[_text(value) for value in row] for row in rows]
    if len(headings) > 10:
        numbers = [f"row {n + 1}" for n in range(len(lines))]
        headings, lines = ["", *numbers], [list(line) for line in zip(headings, *lines, strict=True)]
    table = Table(*headings, box=None, header_style="bold")
    for line in lines:
        table.add_row(*line)
    OUT.print(table)
