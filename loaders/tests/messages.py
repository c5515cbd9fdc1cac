"""Messages made from the catalogue: every published field has a value of its type, and none of it was published."""

import json
from datetime import UTC, datetime, timedelta

from loaders.catalogue import Column, Dataset, load_catalogue
from loaders.iris.message import Channel, Message

CATALOGUE = load_catalogue()
IRIS_NAMES = {name: entry for entry in CATALOGUE.values() if entry.iris for name in entry.iris.names}
START = datetime(2026, 8, 1, tzinfo=UTC)


def row(dataset: Dataset, number: int = 0) -> dict:
    """A row with the publisher's field names; rows of different numbers differ in every field but flags."""
    return {name: value(column, number) for name, column in dataset.columns.items()}


def value(column: Column, number: int):
    """A value of the column's type."""
    moment = START + timedelta(minutes=30 * number)
    return {
        "string": f"text {number}",
        "integer": number,
        "number": number + 0.5,
        "boolean": True,
        "timestamp": f"{moment:%Y-%m-%dT%H:%M:%S}{'' if column.naive else 'Z'}",
        "date": f"{moment:%Y-%m-%d}",
        "json": {"a": [number]},
    }[column.type]


def message(
    name: str, rows=None, number: int = 0, body: bytes | None = None, channel: Channel = "FILES", **more
) -> Message:
    """The message of a dataset, named as IRIS names it; one row of its own unless told otherwise."""
    if body is None:
        content = [{"dataset": name, **row(IRIS_NAMES[name], number)}] if rows is None else rows
        body = json.dumps(content).encode()
    received = START + timedelta(seconds=number)
    return Message(**{"message_id": f"{name}_{number:06}.json", "dataset": name, "body": body,
                      "received_at_utc": received, "channel": channel, **more})  # fmt: skip


def wrapped(body: bytes) -> bytes:
    """A body as the queue delivers it: a JSON string that holds the JSON."""
    return json.dumps(body.decode()).encode()
