"""The bodies of messages: every shape that has been seen or that the contract allows, small and large."""

import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loaders.decode import BLOCK
from loaders.iris.decoding import MessageDecoder, Refused, Table
from loaders.tests.messages import IRIS_NAMES, message, row, wrapped

ROWS = [row(IRIS_NAMES["MELS"], number) for number in range(3)]
PLAIN = json.dumps(ROWS).encode()
INDENTED = json.dumps(ROWS, indent=2).encode()


def results(*bodies: bytes, name: str = "MELS") -> list[Table | Refused]:
    decoder = MessageDecoder(IRIS_NAMES[name])
    return list(decoder.tables(message(name, number=n, body=body) for n, body in enumerate(bodies)))


def rows(body: bytes) -> pa.Table:
    (result,) = results(body)
    assert isinstance(result, Table), result
    assert result.counts == [(message("MELS", body=body), result.rows.num_rows)]
    return result.rows


def why(body: bytes) -> str:
    (result,) = results(body)
    assert isinstance(result, Refused), result
    return result.why


@pytest.mark.parametrize(
    "body",
    [
        PLAIN, INDENTED, wrapped(PLAIN), wrapped(INDENTED), wrapped(wrapped(PLAIN)), b" \r\n" + PLAIN + b"\n",
        b"\xef\xbb\xbf" + PLAIN, json.dumps({"data": ROWS}).encode(), wrapped(json.dumps({"data": ROWS}).encode()),
        json.dumps({"metadata": {"datasets": ["MELS"]}, "data": ROWS}).encode(),
    ],
)  # fmt: skip
def test_every_shape_of_body_gives_the_same_rows(body):
    assert rows(body).column("notification_sequence").to_pylist() == [0, 1, 2]
    assert rows(body).equals(rows(PLAIN))


@pytest.mark.parametrize("body", [json.dumps(ROWS[1]).encode(), wrapped(json.dumps(ROWS[1]).encode())])
def test_a_single_object_is_a_row(body):
    assert rows(body).equals(rows(json.dumps([ROWS[1]]).encode()))


@pytest.mark.parametrize("body", [b"[]", wrapped(b"[]"), b'{"data": []}', b"[ ]"])
def test_a_message_may_have_no_rows(body):
    assert rows(body).num_rows == 0


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "truncated"), (b'"', "truncated"), (PLAIN[:-1], "truncated"), (wrapped(PLAIN)[:-1], "truncated"),
        (wrapped(PLAIN[:-1]), "truncated"), (b"null", "neither an array nor an object: None"), (b'"text"', "malformed"),
        (b"[1]", "Expected `object`"), (b"<html>", "malformed"),
        (b"[" * 100_000, "recursion"), (b'{"data": [' * 50_000, "recursion"),
        (PLAIN.replace(b"text 1", b"\xff\xfe"), "utf-8"), (b'[{"":1}]', "missing required field"),
        (json.dumps([ROWS[0] | {"": 1}]).encode(), "unknown field ''"),
        (json.dumps([ROWS[0] | {"level_from": 1}]).encode(), "unknown field 'level_from'"),
        (json.dumps([ROWS[0] | {"a b": 1, "aB": 1}]).encode(), "another's"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_why(body, reason):
    assert reason in why(body)


@pytest.mark.parametrize(
    ("published", "kept"),
    [
        ("2026-08-01T10:00:00.000Z", "2026-08-01T10:00:00+00:00"),
        ("2026-08-01T10:00:00.1234567Z", "2026-08-01T10:00:00.123456+00:00"),
        ("2026-08-01T11:00:00+01:00", "2026-08-01T10:00:00+00:00"),
    ],
)
def test_a_moment_may_have_a_fraction_of_a_second_or_an_offset(published, kept):
    (got,) = rows(json.dumps([ROWS[0] | {"timeFrom": published}]).encode()).column("time_from").to_pylist()
    assert got.isoformat() == kept


@pytest.mark.parametrize("shape", [lambda text: text, wrapped])
def test_a_large_message_is_read_in_pieces_and_keeps_new_fields(shape):
    many = [row(IRIS_NAMES["MELS"], number % 1000) | {"notificationSequence": number} for number in range(8000)]
    many[7000]["brandNew"] = "x"
    body = shape(json.dumps(many).encode())
    assert len(body) > 4 * BLOCK
    table = rows(body)
    assert table.column("notification_sequence").to_pylist() == list(range(8000))
    assert table.column("brand_new").null_count == 7999
    many[7000]["levelFrom"] = "high"
    assert "levelFrom" in why(shape(json.dumps(many).encode()))


@given(st.lists(st.sampled_from(["good", "cut", "type", "time", "new", "empty", "large"]), max_size=40))
def test_whatever_comes_together_each_message_is_told_once_and_only_the_wrong_ones_are_refused(kinds):
    large = json.dumps([ROWS[0]] * (BLOCK // 200)).encode()
    bodies = {
        "good": PLAIN, "cut": PLAIN[:-1], "empty": b"[]", "large": large,
        "type": json.dumps([ROWS[0] | {"levelFrom": "high"}]).encode(),
        "time": json.dumps([ROWS[0] | {"timeFrom": "soon"}]).encode(),
        "new": json.dumps([ROWS[0] | {"brandNew": 1}]).encode(),
    }  # fmt: skip
    got = results(*(bodies[kind] for kind in kinds))
    told = {}
    for result in got:
        if isinstance(result, Table):
            assert result.rows.num_rows == sum(count for _, count in result.counts)
            told |= {m.message_id: count for m, count in result.counts}
        else:
            told[result.message.message_id] = None
    expected = {"good": 3, "empty": 0, "new": 1, "large": BLOCK // 200, "cut": None, "type": None, "time": None}
    assert told == {f"MELS_{n:06}.json": expected[kind] for n, kind in enumerate(kinds)}
    assert sum(len(r.counts) if isinstance(r, Table) else 1 for r in got) == len(kinds)
