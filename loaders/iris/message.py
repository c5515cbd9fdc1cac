"""What every channel of IRIS yields: one message, as it came."""

from datetime import datetime
from typing import Literal

import msgspec

Channel = Literal["QUEUE", "FILES", "ARCHIVE"]


class Message(msgspec.Struct, frozen=True):
    """One IRIS message. Its id is its file's name in every channel, so it is known wherever it came from."""

    message_id: str
    dataset: str  # IRIS's own name, which differs from the catalogue's in four cases
    body: bytes  # untouched
    received_at_utc: datetime
    channel: Channel
