"""What the commands of IRIS print."""

from rich.table import Table

from loaders.iris.backfill import Backfill
from loaders.iris.check import Checked
from loaders.iris.tally import Tally
from loaders.show import OUT

COUNTS = ("messages", "rows", "duplicates", "empty", "unmapped", "quarantined")

NAMED = 20  # failures of a dataset that are named; the rest are counted


def show_landed(tally: Tally, seconds: float) -> None:
    """What came of the messages of a run."""
    table = Table("dataset", box=None, header_style="bold")
    for heading in COUNTS:
        table.add_column(heading, justify="right")
    for name, counts in sorted(tally.datasets.items()):
        table.add_row(name, *(f"{getattr(counts, counter):,}" for counter in COUNTS))
    if tally.datasets:
        OUT.print(table)
    for name, counts in sorted(tally.datasets.items()):
        if counts.new_fields:
            OUT.print(f"{name} has new fields, landed as columns: {', '.join(sorted(counts.new_fields))}")
    total = tally.total()
    if total.unmapped:
        OUT.print("Messages of datasets that the catalogue does not know are kept whole in raw_iris._unmapped")
    if total.quarantined:
        OUT.print("What could not be read is in quarantine, with its bytes and the reason")
    for note in tally.notes:
        OUT.print(note, soft_wrap=True)
    OUT.print(f"{total.messages:,} messages, {total.rows:,} rows landed in {seconds:.1f} s")


def show_backfill(run: Backfill) -> None:
    """What a run found in the archive and what came of it."""
    table = Table("dataset", box=None, header_style="bold")
    for heading in ("in the archive", "held already", "fetched", "rows", "quarantined", "failed"):
        table.add_column(heading, justify="right")
    for name, asked in run.asked.items():
        landed = run.tally.of(name)
        counts = (asked.listed, asked.held, asked.fetched, landed.rows, landed.quarantined, len(asked.failed))
        table.add_row(name, *(f"{count:,}" for count in counts))
    OUT.print(table)
    for name, asked in run.asked.items():
        _show_failed(name, asked.failed)
    if run.has_given_up:
        OUT.print("The archive answered no more: what was not asked for is missing too")


def show_check(found: list[Checked]) -> None:
    """The archive beside ours."""
    table = Table("dataset", box=None, header_style="bold")
    for heading in ("in the archive", "missing", "not listed"):
        table.add_column(heading, justify="right")
    for one in found:
        table.add_row(one.dataset, f"{one.listed:,}", f"{len(one.missing):,}", f"{one.not_listed:,}")
    OUT.print(table)
    for one in found:
        _show_failed(one.dataset, dict.fromkeys(one.missing, "missing") | one.failed)


def _show_failed(dataset: str, failed: dict[str, str]) -> None:
    for what, why in list(failed.items())[:NAMED]:
        OUT.print(f"{dataset}: {what}: {why}", soft_wrap=True)
    if len(failed) > NAMED:
        OUT.print(f"{dataset}: and {len(failed) - NAMED:,} more")
