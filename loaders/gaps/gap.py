"""A hole: what is missing, since when, why we think so, and what asks for it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from loaders.catalogue import Dataset
from loaders.windows import Window, settlement_day, windows

LATE = timedelta(hours=1)  # rows that a window selects by the time of publication are published up to this long after
SHORTEST_DELAY, LONGEST_DELAY = timedelta(hours=1), timedelta(days=30)


def delay(absent_for: timedelta) -> timedelta:
    """How long not to ask for what was not there: as long again as it has been known to be absent, within bounds."""
    return min(max(absent_for, SHORTEST_DELAY), LONGEST_DELAY)


@dataclass(frozen=True)
class Gap:
    """One row of ``gb-power gaps``.

    ``start`` and ``end`` (UTC, the end excluded) are none for a register, which has no days, and for messages.
    ``since`` is when it should have been there; none where nobody knows. ``ask_again`` is set for what Elexon lacked.
    """

    dataset: str
    why: str
    missing: str  # how much of what: "3 periods"
    start: datetime | None = None
    end: datetime | None = None
    first: date | None = None
    last: date | None = None
    first_period: int | None = None
    last_period: int | None = None
    since: datetime | None = None
    ask_again: datetime | None = None
    is_absent: bool = False
    messages: tuple[str, ...] = ()  # of IRIS, under the dataset's name there
    load_id: str | None = None  # of the load whose rows the lake lost
    rows_lost: int = 0

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last settlement day.

        Raises:
            ValueError: a register and messages have none.
        """
        if self.first is None or self.last is None:
            raise ValueError(f"{self.dataset}, {self.why}: no days are known")
        return self.first, self.last

    @property
    def ends(self) -> tuple[datetime, datetime]:
        """Start and end.

        Raises:
            ValueError: a register and messages have neither.
        """
        if self.start is None or self.end is None:
            raise ValueError(f"{self.dataset}, {self.why}: no start and end are known")
        return self.start, self.end

    def is_due(self, now: datetime) -> bool:
        """Whether it is worth asking: late data may come for what was not there."""
        if self.ask_again is None:
            return not self.is_absent  # what a seed says is absent for good
        return self.ask_again <= now

    def windows(self, catalogue: dict[str, Dataset]) -> Iterator[Window]:
        """The requests to REST that together ask for it; none for messages, and where REST lacks the dataset."""
        entry = catalogue.get(self.dataset)
        if self.messages or not (entry and entry.rest):
            return
        if entry.rest.window is None:
            yield from windows(entry, date.max, date.max)
            return
        (first, last), (start, end) = self.days, self.ends
        if "publishTime" in entry.rest.window.selects and not self.load_id:
            end += LATE
        for window in windows(entry, first, max(last, settlement_day(end))):
            asked_start, asked_end = window.ends
            if asked_end > start and asked_start < end:
                yield window

    def command(self, catalogue: dict[str, Dataset]) -> str | None:
        """What a person may type instead of ``gb-power gaps --fill``."""
        if self.messages:
            return "gb-power gaps --fill"
        asked = list(self.windows(catalogue))
        if self.is_absent or not asked:
            return None
        if asked[0].first is None:
            return f"gb-power load {self.dataset} --again"
        return f"gb-power load {self.dataset} --from {asked[0].first} --to {asked[-1].last} --again"

    @property
    def where(self) -> str:
        """Days and periods, for people: ``2025-10-26 period 3 to 2025-10-26 period 7``."""
        if self.first is None:
            return ", ".join(self.messages[:3]) + (", .." if len(self.messages) > 3 else "")
        ends = [
            f"{day}{f' period {period}' if period else ''}"
            for day, period in ((self.first, self.first_period), (self.last, self.last_period))
        ]
        return ends[0] if ends[0] == ends[1] else " to ".join(ends)
