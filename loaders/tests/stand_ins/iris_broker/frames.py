"""The little of AMQP 1.0's encoding that Proton leaves to us: whole messages, and trailing nulls."""

import struct

from proton import Condition, symbol

NULL = b"\x40"
TRUE = b"\x41"
HEADER, ANNOTATIONS, PROPERTIES, APPLICATION, DATA, VALUE = 0x70, 0x72, 0x73, 0x74, 0x75, 0x77

# Fields of each performative. Proton leaves trailing nulls out, as AMQP allows; Service Bus does not, and the client
# indexes the third field of an error, so they are put back.
FIELDS = {0x10: 10, 0x11: 8, 0x12: 14, 0x13: 11, 0x14: 11, 0x15: 6, 0x16: 3, 0x17: 1, 0x18: 1}
DETACH_AND_LATER = (0x17, 0x18)  # END and CLOSE: their only field is an error
ERROR = b"\x00\x53\x1d\xc0"


def sym(text: str) -> bytes:
    """A symbol."""
    raw = text.encode()
    return b"\xa3" + bytes((len(raw),)) + raw


def string(text: str) -> bytes:
    """A string of any length."""
    raw = text.encode()
    return b"\xa1" + bytes((len(raw),)) + raw if len(raw) < 256 else b"\xb1" + struct.pack(">I", len(raw)) + raw


def binary(raw: bytes) -> bytes:
    """Bytes of any length."""
    return b"\xa0" + bytes((len(raw),)) + raw if len(raw) < 256 else b"\xb0" + struct.pack(">I", len(raw)) + raw


def long(number: int) -> bytes:
    """A signed 64-bit number."""
    return b"\x81" + struct.pack(">q", number)


def uint(number: int) -> bytes:
    """An unsigned 32-bit number."""
    return b"\x70" + struct.pack(">I", number)


def milliseconds(number: int) -> bytes:
    """A timestamp."""
    return b"\x83" + struct.pack(">q", number)


def listed(items: list[bytes]) -> bytes:
    """A list."""
    body = b"".join(items)
    return b"\xd0" + struct.pack(">II", len(body) + 4, len(items)) + body


def mapped(pairs: list[bytes]) -> bytes:
    """A map: key, value, key, value."""
    body = b"".join(pairs)
    return b"\xd1" + struct.pack(">II", len(body) + 4, len(pairs)) + body


def section(code: int, payload: bytes) -> bytes:
    """A section of a message."""
    return b"\x00\x53" + bytes((code,)) + payload


def condition(name: str, description: str) -> Condition:
    """An error with all three of its fields."""
    return Condition(name, description, {symbol("x-tracking-id"): "loopback"})


def padded(frame: bytes) -> bytes:
    """One whole AMQP frame, with its performative's list filled up with nulls."""
    if len(frame) <= 8 or frame[5] != 0:  # a heartbeat or a SASL frame
        return frame
    at = frame[4] * 4
    if frame[at : at + 2] != b"\x00\x53" or frame[at + 2] not in FIELDS:
        return frame
    want, listing = FIELDS[frame[at + 2]], _listing(frame, at)
    if listing is None:
        return frame
    count, items, rest = listing
    is_error = bool(frame[at + 2] in DETACH_AND_LATER and count)
    if count >= want and not is_error:
        return frame
    items = (_padded_error(items) if is_error else items) + NULL * max(0, want - count)
    if len(items) < 254:
        fields = bytes((0xC0, len(items) + 1, want)) + items
    else:
        fields = b"\xd0" + struct.pack(">II", len(items) + 4, want) + items
    body = frame[4 : at + 3] + fields + rest
    return struct.pack(">I", len(body) + 4) + body


def _listing(frame: bytes, at: int) -> tuple[int, bytes, bytes] | None:
    """How many fields, the fields, and what follows them."""
    kind = frame[at + 3]
    if kind == 0x45:
        return 0, b"", frame[at + 4 :]
    if kind == 0xC0:
        size, count = frame[at + 4], frame[at + 5]
        return count, frame[at + 6 : at + 5 + size], frame[at + 5 + size :]
    if kind == 0xD0:
        size, count = struct.unpack_from(">II", frame, at + 4)
        return count, frame[at + 12 : at + 8 + size], frame[at + 8 + size :]
    return None


def _padded_error(items: bytes) -> bytes:
    if items[:4] != ERROR or items[5] >= 3:
        return items
    size, count = items[4], items[5]
    inner = items[6 : 5 + size] + NULL * (3 - count)
    return b"\x00\x53\x1d\xd0" + struct.pack(">II", len(inner) + 4, 3) + inner + items[5 + size :]
