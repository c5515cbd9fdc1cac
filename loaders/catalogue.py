"""The catalogue: one YAML file per dataset says where it comes from, what a row is and what makes it unique.

It drives the loaders, the raw tables, the dbt sources and the dataset table of the README, so a dataset is
described once. A file that is wrong is refused with its path and key: see ``load_catalogue``.
"""

import re
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import yaml
from dlt.common.normalizers.naming.snake_case import NamingConvention

DATASETS = Path(__file__).with_name("datasets")
GROUPS = ("balancing", "settlement", "generation", "demand", "forecast", "transparency", "system", "reference")

_TIMES = ("timestamp", "date")
_naming = NamingConvention()


class CatalogueError(ValueError):
    """A dataset file that cannot be used; the message names the file and the key."""


class Strict(msgspec.Struct, forbid_unknown_fields=True, frozen=True, dict=True):
    """A part of a dataset file; an unknown key is an error, since a misspelt one would be ignored in silence."""


class Column(Strict, frozen=True):
    """One published field, under the publisher's own name."""

    type: Literal["string", "integer", "number", "boolean", "timestamp", "date", "json"]
    unit: str | None = None
    nullable: bool = False  # a nullable field may also be left out of a row altogether
    naive: bool = False  # a timestamp that is published without its zone, which is UTC
    values: list[str] | None = None  # the known values, lowest version first where they order versions
    doc: str | None = None


class Window(Strict, frozen=True):
    """How a range of settlement days is asked for. Elexon's windows include both ends."""

    start: str | None = msgspec.field(default=None, name="from")  # query parameter; none where the path holds the day
    end: str | None = msgspec.field(default=None, name="to")
    format: Literal["datetime", "date"] = "datetime"  # datetime: London midnights in UTC; date: settlement dates
    days: Annotated[int, msgspec.Meta(ge=1)] = 1  # settlement days per request
    end_before_minutes: int = 0  # the window closes this long before the last day's end
    selects: list[str] = []  # row fields that the window selects by; two fields: every row touching the window
    selects_offset_minutes: int = 0  # what to add to the row's field to get the time that the window selects by
    selects_margin_minutes: int = 0  # how far beyond the window's ends its rows may reach


class Rest(Strict, frozen=True):
    """One endpoint of the Insights API."""

    path: str  # may hold {settlementDate}, {settlementPeriod} and the names in ``each``
    window: Window | None = None  # none: a snapshot, always asked whole
    params: dict[str, str] = {}  # constant query parameters
    each: dict[str, list[str]] = {}  # one request for each value; the value becomes a column of the row
    rows: str | None = None  # the field of each row that holds the real rows; its siblings are repeated on each
    look_back_days: Annotated[int, msgspec.Meta(ge=0)] = 3  # Elexon restates: what a run without dates asks again
    look_ahead_days: Annotated[int, msgspec.Meta(ge=0)] = 0  # rows that are published before their time
    empty: Literal["failure", "normal"] = "normal"  # failure: no settlement day is without rows
    whole_days: bool = False  # a day's answer is all there is of it: rows that it lacks any more were withdrawn
    published_after_hours: float = 1  # an empty answer means nothing until this long after the window's end


class Iris(Strict, frozen=True):
    """The same rows as messages."""

    names: list[str]  # the dataset's names on IRIS, which differ from REST's in four cases
    verified: bool = True  # false: no message has been seen, so a row may lack any field and hold others


class Freshness(Strict, frozen=True):
    """Age of the newest row at which a source is late."""

    warn_minutes: int
    error_minutes: int


class Cadence(Strict, frozen=True):
    """What a complete history of the dataset holds, for the gap tests."""

    every: Literal["15 seconds", "5 minutes", "settlement period", "day"]
    first_day: date | None = None  # nothing is expected before it


class Dataset(Strict, kw_only=True, frozen=True):
    """One dataset of the catalogue."""

    dataset: str
    title: str
    page: str
    group: str
    core: bool = False  # loaded when nobody says what to load
    rest: Rest | None = None
    iris: Iris | None = None
    key: list[str]  # the fields that make a row unique among the current ones
    newest_by: list[str]  # the publisher's version order, oldest first; ``fetched_at`` is when we heard it
    freshness: Freshness | None = None
    cadence: Cadence | None = None
    partition_by: str | None = None
    cluster_by: list[str] = []
    notes: list[str] = []
    columns: dict[str, Column]

    @cached_property
    def table(self) -> str:
        """The raw table's name: the publisher's acronym in lower case."""
        return self.dataset.lower()

    @property
    def endpoint(self) -> Rest:
        """Its endpoint.

        Raises:
            CatalogueError: REST lacks it.
        """
        if self.rest is None:
            raise CatalogueError(f"{self.dataset} has no endpoint: it is on IRIS only")
        return self.rest

    @property
    def window(self) -> Window:
        """How its endpoint is asked for days.

        Raises:
            CatalogueError: it is a snapshot, which knows no days, or REST lacks it.
        """
        if self.endpoint.window is None:
            raise CatalogueError(f"{self.dataset} is a snapshot, which cannot be asked for days")
        return self.endpoint.window

    @property
    def has_whole_days(self) -> bool:
        """Whether an answer about a day is all there is of it."""
        return self.rest is not None and self.rest.whole_days

    @property
    def iris_names(self) -> list[str]:
        """What IRIS calls it; nothing where IRIS lacks it."""
        return self.iris.names if self.iris else []

    @cached_property
    def all_columns(self) -> dict[str, Column]:
        """The published fields and the values asked for (``each``), by native name."""
        asked = {
            name: Column(type="string", values=values) for name, values in (self.rest.each if self.rest else {}).items()
        }
        return {**self.columns, **asked}

    @cached_property
    def raw_names(self) -> dict[str, str]:
        """Native field name -> column name in the raw table."""
        return {name: raw_name(name) for name in self.all_columns}


@cache
def raw_name(native: str) -> str:
    """The raw column's name for a published field: dlt's snake case, so that dlt need not rename anything."""
    return _naming.normalize_identifier(native)


def _check(entry: Dataset, path: Path) -> None:
    def refuse(key: str, why: str) -> None:
        raise CatalogueError(f"{path}: {key}: {why}")

    if entry.table != path.stem:
        refuse("dataset", f"{entry.dataset!r} must be in a file named {entry.table}.yml")
    if entry.group not in GROUPS:
        refuse("group", f"{entry.group!r} is none of {', '.join(GROUPS)}")
    if not (entry.rest or entry.iris):
        refuse("rest", "a dataset needs rest or iris")
    if not entry.key:
        refuse("key", "a row needs something that makes it unique")
    known = entry.all_columns
    for key, names in (("key", entry.key), ("cluster_by", entry.cluster_by), ("newest_by", entry.newest_by)):
        for name in names:
            if name not in known and not (key == "newest_by" and name == "fetched_at"):
                refuse(key, f"{name!r} is not among columns")
    if entry.partition_by and (entry.partition_by not in known or known[entry.partition_by].type not in _TIMES):
        refuse("partition_by", f"{entry.partition_by!r} is not a timestamp or date column")
    if len(set(entry.raw_names.values())) != len(known):
        refuse("columns", "two fields get the same column name in the raw table")
    if entry.rest:
        _check_rest(entry.rest, known, refuse)


def _check_rest(rest: Rest, known: dict[str, Column], refuse) -> None:
    if not rest.path.startswith("/"):
        refuse("rest.path", f"{rest.path!r} must start with '/'")
    holes = set(re.findall(r"{(\w+)}", rest.path))
    unknown = holes - set(rest.each) - {"settlementDate", "settlementPeriod"}
    if unknown:
        refuse("rest.path", f"nothing fills {', '.join(sorted(unknown))}")
    if rest.window is None:
        if holes & {"settlementDate", "settlementPeriod"}:
            refuse("rest.window", "the path holds a day, so a window is needed")
        return
    if (rest.window.start is None) != (rest.window.end is None):
        refuse("rest.window", "from and to go together")
    if rest.window.start is None and "settlementDate" not in holes:
        refuse("rest.window", "neither from/to nor {settlementDate} in the path")
    if rest.whole_days and ("settlementDate" not in known or "settlementPeriod" in holes):
        refuse("rest.whole_days", "the rows need a settlementDate, and an answer all of it")
    if len(rest.window.selects) > 2:
        refuse("rest.window.selects", "one field, or the two that bound a row")
    for name in rest.window.selects:
        if name not in known or known[name].type not in _TIMES:
            refuse("rest.window.selects", f"{name!r} is not a timestamp or date column")


def read_dataset(path: Path) -> Dataset:
    """One dataset file, checked.

    Raises:
        CatalogueError: with the file and the key that is wrong.
    """
    try:
        raw = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise CatalogueError(f"{path}: {error}") from error
    try:
        entry = msgspec.convert(raw, Dataset)
    except msgspec.ValidationError as error:
        raise CatalogueError(f"{path}: {_wrong_column(raw) or error}") from error
    _check(entry, path)
    return entry


def _wrong_column(raw: dict) -> str | None:
    """The column that cannot be read and why; msgspec says ``$.columns[...]``, whichever it is."""
    columns = raw.get("columns") if isinstance(raw, dict) else None
    for name, column in columns.items() if isinstance(columns, dict) else ():
        try:
            msgspec.convert(column, Column)
        except msgspec.ValidationError as error:
            return f"columns.{name}: {error}"
    return None


@cache
def load_catalogue(folder: Path = DATASETS) -> dict[str, Dataset]:
    """All datasets by name, in alphabetical order.

    Raises:
        CatalogueError: with the file and the key that is wrong.
    """
    return {entry.dataset: entry for entry in (read_dataset(path) for path in sorted(folder.glob("*.yml")))}
