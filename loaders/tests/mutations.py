"""Recorded rows with something wrong in them: bytes as a careless publisher, a proxy or an enemy might send."""

import copy
import json
import random

from loaders.tests.stand_ins import recorded

STRANGE = [
    None, True, 0, -1, 1 << 70, 1e400, float("nan"), 0.1, "", "a'; drop table raw; --", "../../x", "=1+1", "\x00",
    "<script>alert(1)</script>", "[/red]", "2025-02-30", "2025-10-26T01:30:00+01:00", "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00Z", "\ud800", "é" * 300, [], {}, [[1]], {"a": [None]}, [{"dataset": "X"}],
]  # fmt: skip
NAMES = ["new", "New", "_load_id", "_dlt_id", "_message_id", "", "a b", "a'b", 'a"b', "é", "a__b", "dataset", "DATASET"]
NAMES += ["select", "data", "x" * 200, "1", "../x", "levelFrom ", "time_from", "\ud800"]


def mutated(rows: list[dict], rng: random.Random) -> bytes:
    """The rows as JSON, with one to three things changed in what they say or how they are written."""
    rows = copy.deepcopy(rows)
    for _ in range(rng.randint(1, 3)):
        rng.choice([_value, _value, _new_field, _gone, _again, _no_row])(rows, rng)
    answer = rng.choice([rows] * 6 + [{"data": rows}, {"data": rows, "metadata": {}}, rows[:1], {"rows": rows}, {}, []])
    return _written(json.dumps(answer, ensure_ascii=rng.random() < 0.9).encode("utf-8", "surrogatepass"), rng)


def _value(rows: list, rng: random.Random) -> None:
    row = rng.choice(rows)
    if isinstance(row, dict) and row:
        row[rng.choice(sorted(row))] = rng.choice(STRANGE)


def _new_field(rows: list, rng: random.Random) -> None:
    name, value = rng.choice(NAMES), rng.choice(STRANGE)
    for row in rng.choice([rows, rows[:1]]):
        if isinstance(row, dict):
            row[name] = value


def _gone(rows: list, rng: random.Random) -> None:
    row = rng.choice(rows)
    if isinstance(row, dict) and row:
        del row[rng.choice(sorted(row))]


def _again(rows: list, rng: random.Random) -> None:
    rows.append(copy.deepcopy(rng.choice(rows)))


def _no_row(rows: list, rng: random.Random) -> None:
    rows.insert(rng.randrange(len(rows) + 1), rng.choice(STRANGE))


def _written(text: bytes, rng: random.Random) -> bytes:
    place, kind = rng.randrange(len(text)), rng.random()
    if kind < 0.7:
        return text
    if kind < 0.76:
        return text[:place]
    if kind < 0.82:
        return text[:place] + rng.randbytes(2) + text[place:]
    if kind < 0.88:
        return b"\xef\xbb\xbf " + text + b"\n"
    if kind < 0.94:
        return json.dumps(text.decode("utf-8", "replace")).encode()
    return rng.choice([b"", b"null", b'""', b"[" * 5000, b'"' + text, b"<html></html>", b"\x1f\x8b\x08", b"1e999"])


def some_rows(dataset: str, rng: random.Random, most: int = 4) -> list[dict]:
    """A few rows in a row of what was recorded."""
    rows = recorded.rows(dataset)
    start = rng.randrange(len(rows))
    return list(rows[start : start + rng.randint(1, most)])
