"""Which rows a request selects, by the publisher's rules and not by the catalogue's reading of them.

Both ends of every window belong to it. Rows are selected by the field that the window's parameters name;
``from`` and ``to`` by the start of the row, except that PN and QPN answer every row that touches the window.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from loaders.tests.stand_ins.endpoints import Endpoint

Query = dict[str, list[str]]
Span = tuple[datetime, datetime]

LONDON = ZoneInfo("Europe/London")
HALF_HOUR = timedelta(minutes=30)
INSTANTS = {  # window parameters -> the field they select by; none: see ``_span``
    ("publishDateTimeFrom", "publishDateTimeTo"): "publishTime",
    ("measurementDateTimeFrom", "measurementDateTimeTo"): "measurementTime",
    ("submissionDateTimeFrom", "submissionDateTimeTo"): "submissionDateTime",
    ("startTime", "endTime"): "startTime",
    ("from", "to"): None,
}
DATES = ("settlementDateFrom", "settlementDateTo")
EQUALS = {  # parameter -> the fields of which one must have one of the values given
    "settlementDate": ("settlementDate",),
    "settlementPeriod": ("settlementPeriod",),
    "settlementRunType": ("settlementRunType",),
    "bmUnit": ("bmUnit", "nationalGridBmUnit"),
    "fuelType": ("fuelType",),
    "dataProviders": ("dataProvider",),
    "boundary": ("boundary",),
}
TOUCHING = ("PN", "QPN")
UNITS = {"hour": timedelta(hours=1), "day": timedelta(days=1)}


class BadRequestError(ValueError):
    """What Elexon answers with 400: messages by parameter, or by "" where they concern several."""

    def __init__(self, parameter: str, message: str):
        super().__init__(message)
        self.errors = {parameter: [message]}


def moment(text: str) -> datetime:
    """A timestamp as Elexon writes and accepts it; without a zone it is UTC."""
    value = datetime.fromisoformat(text)
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def period_start(day: str, period: int) -> datetime:
    """Start of a settlement period, counted from London midnight in UTC."""
    midnight = datetime.combine(date.fromisoformat(day[:10]), time(), LONDON)
    return midnight.astimezone(UTC) + (int(period) - 1) * HALF_HOUR


class Rows(Sequence):
    """Rows of one dataset in the order they are served, with the times that windows select by."""

    def __init__(self, dataset: str, rows: Iterable[dict]):
        self.dataset = dataset
        self._rows = list(rows)
        self._spans: dict[str | None, list[Span]] = {}
        if dataset in TOUCHING:
            self._rows.sort(key=lambda row: row["timeFrom"], reverse=True)
        elif dataset == "B1610":
            self._rows.sort(key=lambda row: row["halfHourEndTime"])

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index):
        return self._rows[index]

    def spans(self, field: str | None) -> list[Span]:
        """For each row its first and last moment by a field, or as an event."""
        if field not in self._spans:
            self._spans[field] = [self._span(row, field) for row in self._rows]
        return self._spans[field]

    def _span(self, row: dict, field: str | None) -> Span:
        if field:
            return (moment(row[field]),) * 2
        if self.dataset in TOUCHING:
            return moment(row["timeFrom"]), moment(row["timeTo"])
        if self.dataset == "B1610":  # the row shows the end of its period, the window selects by the start
            return (moment(row["halfHourEndTime"]) - HALF_HOUR,) * 2
        for field in ("timeFrom", "time", "startTime", "publishTime"):
            if field in row:
                return (moment(row[field]),) * 2
        return (period_start(row["settlementDate"], row["settlementPeriod"]),) * 2


def check(endpoint: Endpoint, query: Query) -> None:
    """Refuse what Elexon refuses.

    Raises:
        BadRequestError: a date that is none, a period that cannot be, or a range over the endpoint's limit.
    """
    for name, values in query.items():
        if name in (*DATES, "settlementDate"):
            _parse(name, values[0], lambda text: datetime.strptime(text, "%Y-%m-%d"))
        elif any(name in pair for pair in INSTANTS):
            _parse(name, values[0], moment)
        elif name.startswith("settlementPeriod"):
            for value in values:
                _parse(name, value, lambda text: range(1, 51).index(int(text)))
    if DATES[0] in query and "publishDateTimeFrom" in query:
        raise BadRequestError("", "Settlement dates cannot be set when a publish date is set")
    if endpoint.longest:
        _check_range(endpoint.longest, query)


def _parse(name: str, value: str, parse) -> None:
    try:
        parse(value)
    except ValueError as error:
        raise BadRequestError(name, f"The value '{value}' is not valid.") from error


def _check_range(longest: str, query: Query) -> None:
    number, unit = longest.split()
    limit = int(number) * UNITS[unit.rstrip("s")]
    for start, end in (*INSTANTS, DATES):
        if start in query and end in query:
            asked = moment(query[end][0]) - moment(query[start][0])
            if asked + (UNITS["day"] if start == DATES[0] else timedelta()) > limit:  # dates count both ends
                names = " and ".join(name[0].upper() + name[1:] for name in (start, end))
                subject = "The date range between " + names
                raise BadRequestError("", f"{subject} inclusive must not exceed {longest}")


def select(endpoint: Endpoint, holes: dict[str, str], query: Query, rows: Rows) -> list[dict]:
    """The rows that a checked request selects, in the order of ``rows``."""
    chosen = _in_windows(endpoint, query, rows)
    equal = {name: query[name] for name in EQUALS if name in query}
    for name, values in (*equal.items(), *((name, [value]) for name, value in holes.items())):
        fields = EQUALS.get(name, (name,))
        chosen = [row for row in chosen if any(str(row.get(field)) in values for field in fields)]
    return chosen


def _in_windows(endpoint: Endpoint, query: Query, rows: Rows) -> Sequence[dict]:
    if all(name in query for name in DATES):
        return _between_dates(query, rows)
    for (start, end), field in INSTANTS.items():
        if start in query and end in query:
            low, high = _bounds(query, start, end, rows.dataset)
            spans = rows.spans(field)
            return [row for row, (first, last) in zip(rows, spans, strict=True) if first <= high and last >= low]
    windowed = any(name in endpoint.parameters for pair in (*INSTANTS, DATES) for name in pair)
    return _latest(rows) if windowed else rows


def _bounds(query: Query, start: str, end: str, dataset: str) -> Span:
    """Both ends; a settlement period turns its end into a settlement date, except on B1610, which ignores it."""
    low, high = moment(query[start][0]), moment(query[end][0])
    if dataset != "B1610" and "settlementPeriodFrom" in query:
        low = period_start(query[start][0], query["settlementPeriodFrom"][0])
    if dataset != "B1610" and "settlementPeriodTo" in query:
        high = period_start(query[end][0], int(query["settlementPeriodTo"][0]) + 1) - timedelta(seconds=1)
    return low, high


def _between_dates(query: Query, rows: Rows) -> list[dict]:
    low = query[DATES[0]][0], int(query.get("settlementPeriodFrom", ["1"])[0])
    high = query[DATES[1]][0], int(query.get("settlementPeriodTo", ["50"])[0])
    return [row for row in rows if low <= (row["settlementDate"], row.get("settlementPeriod", 1)) <= high]


def _latest(rows: Rows) -> Sequence[dict]:
    """What is answered when an optional window is left out: the latest publication, else the newest 24 hours."""
    if not rows:
        return rows
    published = "publishTime" in rows[0]
    field = "publishTime" if published else "measurementTime" if "measurementTime" in rows[0] else None
    spans = rows.spans(field)
    newest = max(last for _, last in spans)
    since = newest if published else newest - timedelta(days=1)
    return [row for row, (_, last) in zip(rows, spans, strict=True) if last >= since]


def current_vintage(rows: Iterable[dict], as_of: str | None) -> list[dict]:
    """System prices: of each period the copy created last, or created last by ``as_of``."""
    newest: dict[tuple[str, int], dict] = {}
    for row in rows:
        key = row["settlementDate"], row["settlementPeriod"]
        created = moment(row["createdDateTime"])
        if as_of and created > moment(as_of):
            continue
        if key not in newest or created >= moment(newest[key]["createdDateTime"]):
            newest[key] = row
    return list(newest.values())


def published_by(rows: Iterable[dict], as_of: str) -> list[dict]:
    """The rows that were there at a moment, as far as they say when they came."""
    now = moment(as_of)
    return [row for row in rows if moment(row.get("publishTime") or row.get("acceptanceTime") or as_of) <= now]
