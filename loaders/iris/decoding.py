"""Messages to Arrow: many small ones in few tables, and what is wrong with one of them touches no other."""

import io
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa

from loaders.catalogue import Column, Dataset
from loaders.decode import BLOCK, UNREADABLE, UNTYPABLE, Decoder, Undecodable
from loaders.iris.message import Message

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Rows(NamedTuple):
    """What one message says, typed; ``more`` holds the fields of each row that the catalogue does not know."""

    message: Message
    typed: list
    more: list[dict]


class Table(NamedTuple):
    """The rows of some messages, in their order, and how many each has."""

    rows: pa.Table
    counts: list[tuple[Message, int]]


class Refused(NamedTuple):
    """A message that does not say what the catalogue promises."""

    message: Message
    why: str


def message_columns(dataset: Dataset) -> dict[str, Column]:
    """What the rows of a dataset's messages hold.

    REST is asked for some values in the path; a message may or may not say them. Where no message has been seen,
    any field may be absent: its column is null then, and what came under another name is a new column.
    """
    asked = dataset.all_columns.keys() - dataset.columns.keys()
    optional = asked if dataset.iris and dataset.iris.verified else dataset.all_columns.keys()
    return {
        name: msgspec.structs.replace(column, nullable=True) if name in optional else column
        for name, column in dataset.all_columns.items()
    }


class MessageDecoder:
    """Reads the messages of one dataset."""

    def __init__(self, dataset: Dataset):
        self._decoder = Decoder(dataset, message_columns(dataset))
        self.schema = self._decoder.schema

    def tables(self, messages: Iterable[Message]) -> Iterator[Table | Refused]:
        """All messages, as tables of bounded size; those that cannot be read, with the reason."""
        together, size = [], 0
        for message in messages:
            try:
                text = rows_text(message.body)
                if len(text) > BLOCK and text.startswith(b"["):
                    yield self._large(message, text)
                    continue
                together.append(self._rows(message, text))
            except (*UNREADABLE, Undecodable) as error:
                yield Refused(message, str(error))
            size += len(message.body)
            if size > BLOCK:
                yield from self._table(together)
                together, size = [], 0
        yield from self._table(together)

    def _large(self, message: Message, text: bytes) -> Table:
        rows = self._decoder.decode(io.BytesIO(text))
        return Table(rows, [(message, rows.num_rows)])

    def _rows(self, message: Message, text: bytes) -> Rows:
        try:
            typed = self._decoder.rows(text)
            return Rows(message, typed, [{}] * len(typed))
        except UNREADABLE:
            pass  # a new field, a lone object, or really wrong: the patient way finds out and says which
        return Rows(message, *self._decoder.rows_and_more(_listed(msgspec.json.decode(text))))

    def _table(self, several: list[Rows]) -> Iterator[Table | Refused]:
        """One table; or, where a value that JSON allows is not of its type, as many as keep that message apart."""
        if not several:
            return
        try:
            more = [fields for rows in several for fields in rows.more]
            table = self._decoder.table([row for rows in several for row in rows.typed], more)
            yield Table(table, [(rows.message, len(rows.typed)) for rows in several])
        except (*UNTYPABLE, Undecodable) as error:
            if len(several) == 1:
                yield Refused(several[0].message, str(error))
                return
            half = len(several) // 2
            yield from self._table(several[:half])
            yield from self._table(several[half:])


def rows_text(body: bytes) -> bytes:
    """The JSON of the rows: the queue wraps it in a JSON string, Elexon's clients and its archive do not.

    Raises:
        one of UNREADABLE
    """
    text = body.removeprefix(BYTE_ORDER_MARK).strip()
    while text.startswith(b'"'):
        text = msgspec.json.decode(text, type=str).encode().strip()
    return text


def _listed(answer: Any) -> list:
    """The rows of a message: an array, an object that holds one in ``data``, or a single row."""
    if isinstance(answer, dict):
        return answer["data"] if isinstance(answer.get("data"), list) else [answer]
    if isinstance(answer, list):
        return answer
    raise Undecodable(f"neither an array nor an object: {str(answer)[:200]}")
