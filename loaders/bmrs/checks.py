"""Is an answer about what was asked? A parameter that Elexon does not know is ignored, and other rows come back."""

from datetime import date, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from loaders.catalogue import Dataset, raw_name
from loaders.decode import Undecodable
from loaders.landing import WHOLE_DAY
from loaders.windows import Window, day_start


def _span(dataset: Dataset, rows: pa.Table) -> tuple[pa.ChunkedArray, pa.ChunkedArray] | None:
    """When each row begins and ends, as the window sees it: the same moment where the window selects by one field."""
    selects = dataset.window.selects if dataset.endpoint.window else []
    if not selects:
        return None
    return rows.column(raw_name(selects[0])), rows.column(raw_name(selects[-1]))


def _minutes(dataset: Dataset) -> tuple[timedelta, timedelta]:
    """What lies between a row's field and the time that the window selects by, and how far rows may stick out."""
    window = dataset.window
    return timedelta(minutes=window.selects_offset_minutes), timedelta(minutes=window.selects_margin_minutes)


def check_inside(dataset: Dataset, window: Window, rows: pa.Table) -> None:
    """Every row must lie in the window, ends included.

    Raises:
        Undecodable: how many rows do not, and one of them.
    """
    span = _span(dataset, rows)
    if span is None or not rows.num_rows:
        return
    begins, ends = span
    first: date  # which a datetime is too
    if pa.types.is_date(begins.type):
        first, last = window.days
    else:
        shift, margin = _minutes(dataset)
        start, end = window.ends
        first, last = start - shift - margin, end - shift + margin
    outside = pc.or_(pc.less(ends, pa.scalar(first, ends.type)), pc.greater(begins, pa.scalar(last, begins.type)))
    count = pc.sum(outside).as_py()
    if count:
        example = rows.filter(outside).slice(0, 1).to_pylist()[0]
        raise Undecodable(f"{count} of {rows.num_rows} rows lie outside the asked window {first} to {last}: {example}")


def touching(dataset: Dataset, rows: pa.Table, moment: datetime) -> pa.Array:
    """Which rows a window that only shares this moment would return too; all, where nobody knows."""
    span = _span(dataset, rows)
    if span is None:
        return pa.repeat(pa.scalar(True), rows.num_rows)
    begins, ends = span
    shift, margin = _minutes(dataset)
    latest, earliest = (pa.scalar(moment - shift + by, begins.type) for by in (margin, -margin))
    return pc.and_(pc.less_equal(begins, latest), pc.greater_equal(ends, earliest))


def with_whole_days(rows: pa.Table, window: Window) -> pa.Table:
    """Marked, but for those of the next day that an inclusive end brings: their answer holds all rows of their day."""
    first, last = (pa.scalar(day, pa.date32()) for day in window.days)
    day = rows.column("settlement_date")
    return rows.append_column(WHOLE_DAY[0], pc.and_(pc.greater_equal(day, first), pc.less_equal(day, last)))


def event_span(dataset: Dataset, rows: pa.Table) -> tuple[datetime | None, datetime | None]:
    """Time of the first and the last event in the rows, UTC.

    Where the window selects by settlement date, it is the moment that the lake is cut by; if that too is a date, its
    London midnight.
    """
    span = _span(dataset, rows)
    if span is None:
        return None, None
    if pa.types.is_date(span[0].type) and dataset.partition_by:
        span = (rows.column(raw_name(dataset.partition_by)),) * 2
    return _moment(pc.min(span[0]).as_py()), _moment(pc.max(span[1]).as_py())


def _moment(end: date | None) -> datetime | None:
    return end if end is None or isinstance(end, datetime) else day_start(end)
