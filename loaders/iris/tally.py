"""What came of the messages of a run."""

from dataclasses import dataclass, field, fields
from typing import Self

COUNTERS = {"EMPTY": "empty", "QUARANTINED": "quarantined", "UNMAPPED": "unmapped"}


@dataclass
class Counts:
    """Of one dataset. Duplicates are messages that had landed before."""

    messages: int = 0
    rows: int = 0
    empty: int = 0
    quarantined: int = 0
    unmapped: int = 0
    duplicates: int = 0
    new_fields: set[str] = field(default_factory=set)

    def add(self, outcome: str, rows: int) -> None:
        """Counts one message that was not known."""
        self.rows += rows
        if counter := COUNTERS.get(outcome):
            setattr(self, counter, getattr(self, counter) + 1)

    def __iadd__(self, other: Self) -> Self:
        self.new_fields |= other.new_fields
        for counter in fields(self)[:-1]:
            setattr(self, counter.name, getattr(self, counter.name) + getattr(other, counter.name))
        return self


@dataclass
class Tally:
    """Of all datasets, under the names that IRIS gives them."""

    datasets: dict[str, Counts] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)  # what else the user should know

    def of(self, dataset: str) -> Counts:
        """The counts of one dataset, to be added to."""
        return self.datasets.setdefault(dataset, Counts())

    def total(self) -> Counts:
        """Over all datasets."""
        total = Counts()
        for counts in self.datasets.values():
            total += counts
        return total

    def __iadd__(self, other: Self) -> Self:
        for dataset, counts in other.datasets.items():
            mine = self.of(dataset)
            mine += counts
        self.notes += other.notes
        return self
