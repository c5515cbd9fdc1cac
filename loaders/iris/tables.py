"""What ``raw_iris`` holds besides the datasets: every message that ever landed, and those that no table took whole."""

import pyarrow as pa

LANDED = ("LANDED", "EMPTY")  # outcomes of messages whose rows, if any, are in the dataset's table
OUTCOMES = (*LANDED, "QUARANTINED", "UNMAPPED")

_UTC = pa.timestamp("us", "UTC")
_MESSAGE = [("message_id", pa.string()), ("dataset", pa.string()), ("received_at_utc", _UTC), ("landed_at_utc", _UTC)]

MESSAGES = pa.schema([
    *_MESSAGE,
    ("rows", pa.int64()), ("bytes", pa.int64()), ("channel", pa.string()),
    ("outcome", pa.string()), ("error", pa.string()), ("_load_id", pa.string()),
])  # fmt: skip
UNMAPPED = pa.schema([*_MESSAGE, ("channel", pa.string()), ("body_gz", pa.binary()), ("_load_id", pa.string())])
QUARANTINE = pa.schema([
    *_MESSAGE,
    ("channel", pa.string()), ("error", pa.string()), ("body_gz", pa.binary()), ("_load_id", pa.string()),
])  # fmt: skip
TABLES = {"_messages": MESSAGES, "_unmapped": UNMAPPED, "_quarantine": QUARANTINE}
