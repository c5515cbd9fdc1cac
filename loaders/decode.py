"""JSON becomes Arrow at the door: typed, checked, with bounded memory.

The decoder is strict: a missing field or one of another type refuses the whole answer, whose bytes are then kept
in quarantine. A field that the catalogue does not know is not lost: it becomes a column and is reported.
"""

import json
from collections.abc import Iterator, Sequence
from operator import attrgetter
from types import GenericAlias
from typing import IO, Any

import msgspec
import pyarrow as pa
import pyarrow.compute

from loaders.catalogue import Column, Dataset, raw_name

BLOCK = 1 << 18  # bytes of JSON that are Python objects at one time: few enough to stay in the cache

_PYTHON = {"string": str, "integer": int, "number": float, "boolean": bool, "timestamp": str, "date": str, "json": Any}
_ARROW = {
    "string": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us", "UTC"),
    "date": pa.date32(),
    "json": pa.string(),
}


# What msgspec and Arrow raise for bytes that are not what they should be.
UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)
UNTYPABLE = (pa.ArrowInvalid, OverflowError, UnicodeError)


class Undecodable(ValueError):
    """An answer that does not say what the catalogue promises; the message says where."""


def arrow_schema(dataset: Dataset) -> pa.Schema:
    """The published fields and the values asked for, as the raw table has them."""
    return pa.schema([(raw_name(name), _ARROW[column.type]) for name, column in dataset.all_columns.items()])


class Decoder:
    """Reads the answers or messages of one dataset.

    Args:
        dataset: whose table the rows are for.
        columns: what a row may hold and must hold; by default the fields that the catalogue says REST publishes.
    """

    def __init__(self, dataset: Dataset, columns: dict[str, Column] | None = None):
        self.dataset = dataset
        self.schema = arrow_schema(dataset)
        self._columns = dataset.columns if columns is None else columns
        self._list = GenericAlias(list, (_row_type(self._columns),))
        self._rows: msgspec.json.Decoder[list] = msgspec.json.Decoder(self._list)
        self._nested = dataset.rest.rows if dataset.rest else None

    def decode(self, body: IO[bytes], asked: dict[str, str] | None = None) -> pa.Table:
        """An answer as a table of the catalogue's types, with one more column for each field it does not know.

        Args:
            body: the whole JSON text: a bare array, or an object with the array in ``data``.
            asked: values of the request that are columns of the row (``each`` in the catalogue).

        Raises:
            Undecodable: malformed JSON, a missing field, a field of another type.
        """
        asked = asked or {}
        body.seek(0)
        try:
            if not self._nested and body.read(64).lstrip().startswith(b"["):
                return self._flat(body, asked)
        except (*UNREADABLE, *UNTYPABLE):
            pass  # an unknown field, odd spacing, or really wrong: the patient way finds out and says which
        body.seek(0)
        try:
            return self._patient(msgspec.json.decode(body.read()), asked)
        except (*UNREADABLE, *UNTYPABLE) as error:
            raise Undecodable(str(error)) from error

    def rows(self, text: bytes) -> list:
        """The typed rows of a JSON array that holds what the catalogue promises and nothing else.

        Raises:
            one of UNREADABLE
        """
        return self._rows.decode(text)

    def rows_and_more(self, rows: list) -> tuple[list, list[dict]]:
        """The typed rows of plain objects, and of each row the fields that the catalogue does not know.

        Raises:
            one of UNREADABLE
        """
        known = self._columns.keys() | {"dataset"}
        plain = [{k: v for k, v in row.items() if k in known} if isinstance(row, dict) else row for row in rows]
        more = [{k: v for k, v in row.items() if k not in known} if isinstance(row, dict) else {} for row in rows]
        return msgspec.convert(plain, self._list), more

    def table(self, rows: list, more: Sequence[dict] = (), asked: dict[str, str] | None = None) -> pa.Table:
        """Typed rows as a table, with one more column for each field in ``more``.

        Raises:
            Undecodable: an unknown field that has the column name of another one.
            or one of UNTYPABLE
        """
        table = self._table(rows, asked or {})
        for field in sorted({field for fields in more for field in fields}):
            name = raw_name(field) if field else ""
            if not name or name in table.column_names or name.startswith("_"):
                raise Undecodable(f"the unknown field {field!r} cannot become the column {name!r}, which is another's")
            table = table.append_column(name, _guessed([fields.get(field) for fields in more]))
        return table

    def _flat(self, body: IO[bytes], asked: dict[str, str]) -> pa.Table:
        tables = [self._table(self._rows.decode(text), asked) for text in _blocks(body)]
        return pa.concat_tables(tables).combine_chunks()

    def _patient(self, answer: Any, asked: dict[str, str]) -> pa.Table:
        """Any shape the contract knows, through plain objects: slower, and only for small or odd answers."""
        rows = answer.get("data") if isinstance(answer, dict) else answer
        if not isinstance(rows, list):
            raise Undecodable(f"neither an array nor an object with one in 'data': {str(answer)[:200]}")
        rows = list(self._unnested(rows))
        return self.table(*self.rows_and_more(rows), asked)

    def _unnested(self, rows: list) -> Iterator:
        only = next(iter(self.dataset.columns)) if len(self.dataset.columns) == 1 else None
        for row in rows:
            if only and isinstance(row, str):  # a bare array of names
                yield {only: row}
            elif self._nested and isinstance(row, dict) and isinstance(row.get(self._nested), list):
                outer = {k: v for k, v in row.items() if k != self._nested}
                yield from (outer | inner for inner in row[self._nested])
            else:
                yield row

    def _table(self, rows: list, asked: dict[str, str]) -> pa.Table:
        arrays = []
        for native, column in self.dataset.all_columns.items():
            name, type_ = raw_name(native), _ARROW[column.type]
            if native in asked:
                arrays.append(pa.repeat(pa.scalar(asked[native], type_), len(rows)))
                continue
            values = list(map(attrgetter(name), rows))
            if column.type == "json":
                values = [None if value is None else json.dumps(value, ensure_ascii=False) for value in values]
            arrays.append(_array(values, type_, column))
        return pa.Table.from_arrays(arrays, schema=self.schema)


def _row_type(columns: dict[str, Column]) -> type:
    """A struct with the raw names as attributes and the published names in JSON; required fields come first."""
    required: list[tuple] = []
    optional: list[tuple] = []
    names = {}
    for native, column in columns.items():
        name = raw_name(native)
        names[name] = native
        if column.nullable:
            optional.append((name, _PYTHON[column.type] | None if column.type != "json" else Any, None))
        else:
            required.append((name, _PYTHON[column.type]))
    if "dataset" not in columns:  # every row repeats the dataset's name; nothing is lost by leaving it out
        optional.append(("dataset", Any, None))
    return msgspec.defstruct("Row", required + optional, gc=False, forbid_unknown_fields=True, rename=names)


def _array(values: list, type_: pa.DataType, column: Column) -> pa.Array:
    if column.type not in ("timestamp", "date"):
        return pa.array(values, type_)
    text = pa.array(values, pa.string())  # Arrow parses text far faster than Python makes datetimes
    try:
        return _moments(text, type_, column)
    except pa.ArrowInvalid:  # perhaps finer than the microseconds that are kept: .NET writes seven digits
        return _moments(pa.compute.replace_substring_regex(text, r"([.]\d{6})\d+", r"\1"), type_, column)


def _moments(text: pa.Array, type_: pa.DataType, column: Column) -> pa.Array:
    if column.naive:
        return pa.compute.replace_substring_regex(text, "(Z|[+]00:00)$", "").cast(pa.timestamp("us")).cast(type_)
    return text.cast(type_)


def _guessed(values: list) -> pa.Array:
    """The column of a field that the catalogue does not know: a type that no later value can contradict much."""
    present = [value for value in values if value is not None]
    if present and all(isinstance(value, bool) for value in present):
        return pa.array(values, pa.bool_())
    if present and all(isinstance(value, int | float) and not isinstance(value, bool) for value in present):
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    texts = [v if v is None or isinstance(v, str) else json.dumps(v, ensure_ascii=False) for v in values]
    return pa.array(texts, pa.string())


def _blocks(body: IO[bytes]) -> Iterator[bytes]:
    """A bare array as smaller arrays, cut between rows.

    A cut inside a nested value or a string leaves text that cannot parse, so a wrong cut is always noticed.
    """
    body.seek(0)
    text = body.read(BLOCK)
    while more := body.read(BLOCK):
        cut = text.rfind(b"},")
        if cut > 0:
            yield text[: cut + 1] + b"]"
            text = b"[" + text[cut + 2 :]
        text += more
    yield text
