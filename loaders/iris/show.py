"""What the commands of IRIS print."""

from rich.table import Table

from loaders.iris.tally import Tally
from loaders.show import OUT

COUNTS = ("messages", "rows", "duplicates", "empty", "unmapped", "quarantined")


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
