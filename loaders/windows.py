"""Settlement days, settlement periods and the windows that a range of days is asked in.

A settlement day is a London day: 46, 48 or 50 half hours. All arithmetic is done in UTC, since two datetimes of
one zone are subtracted by the clock on the wall, which is wrong twice a year.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from zoneinfo import ZoneInfo

from loaders.catalogue import Dataset

LONDON = ZoneInfo("Europe/London")
HALF_HOUR = timedelta(minutes=30)
DAY = timedelta(days=1)


def day_start(day: date) -> datetime:
    """London midnight at the start of a settlement day, in UTC."""
    return datetime.combine(day, time(), LONDON).astimezone(UTC)


def periods_in_day(day: date) -> int:
    """46, 48 or 50."""
    return (day_start(day + DAY) - day_start(day)) // HALF_HOUR


def period_start(day: date, period: int) -> datetime:
    """Start of a settlement period in UTC.

    Raises:
        ValueError: the day has no such period.
    """
    if not 1 <= period <= periods_in_day(day):
        raise ValueError(f"{day} has {periods_in_day(day)} settlement periods, not {period}")
    return day_start(day) + (period - 1) * HALF_HOUR


def settlement_day(moment: datetime) -> date:
    """The London day of a moment."""
    return moment.astimezone(LONDON).date()


@dataclass(frozen=True)
class Window:
    """What one request asks for: some settlement days, or one period of one, in one variant.

    ``start`` and ``end`` are UTC and both belong to the window; a snapshot has neither.
    """

    dataset: str
    first: date | None = None
    last: date | None = None
    start: datetime | None = None
    end: datetime | None = None
    period: int | None = None
    variant: tuple[tuple[str, str], ...] = ()

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last settlement day.

        Raises:
            ValueError: a snapshot has none.
        """
        if self.first is None or self.last is None:
            raise ValueError(f"{self.dataset}: a snapshot has no days")
        return self.first, self.last

    @property
    def ends(self) -> tuple[datetime, datetime]:
        """Start and end.

        Raises:
            ValueError: a snapshot has neither.
        """
        if self.start is None or self.end is None:
            raise ValueError(f"{self.dataset}: a snapshot has no start and no end")
        return self.start, self.end

    @property
    def variant_name(self) -> str:
        """The values asked for, as the ledger writes them: ``bid``, or empty."""
        return ",".join(value for _, value in self.variant)

    def __str__(self) -> str:
        days = (
            "now"
            if self.first is None
            else f"{self.first}"
            if self.first == self.last
            else f"{self.first}..{self.last}"
        )
        period = f" period {self.period}" if self.period else ""
        return " ".join(filter(None, (self.dataset, self.variant_name, days + period)))


def windows(dataset: Dataset, first: date, last: date) -> Iterator[Window]:
    """The windows, oldest first, that together ask for the settlement days ``first`` to ``last``."""
    rest = dataset.endpoint
    variants = [tuple(zip(rest.each, values, strict=True)) for values in product(*rest.each.values())]
    if rest.window is None:
        yield from (Window(dataset.dataset, variant=variant) for variant in variants)
        return
    day = first
    while day <= last:
        until = min(day + (rest.window.days - 1) * DAY, last)
        for variant in variants:
            yield from _day_windows(dataset, day, until, variant)
        day = until + DAY


def _day_windows(dataset: Dataset, first: date, last: date, variant) -> Iterator[Window]:
    if "{settlementPeriod}" in dataset.endpoint.path:
        for period in range(1, periods_in_day(first) + 1):
            start = period_start(first, period)
            yield Window(dataset.dataset, first, last, start, start + HALF_HOUR, period, variant)
        return
    end = day_start(last + DAY) - timedelta(minutes=dataset.window.end_before_minutes)
    yield Window(dataset.dataset, first, last, day_start(first), end, None, variant)


def request_of(dataset: Dataset, window: Window) -> tuple[str, dict[str, str]]:
    """The path and the query parameters that ask for a window."""
    rest = dataset.endpoint
    asked = dict(window.variant) | {"settlementDate": str(window.first), "settlementPeriod": str(window.period)}
    params = dict(rest.params)
    if rest.window and rest.window.start and rest.window.end:
        if rest.window.format == "date":
            ends = (str(window.first), str(window.last))
        else:
            ends = (f"{window.start:%Y-%m-%dT%H:%MZ}", f"{window.end:%Y-%m-%dT%H:%MZ}")
        params |= {rest.window.start: ends[0], rest.window.end: ends[1]}
    return rest.path.format_map(asked), params
