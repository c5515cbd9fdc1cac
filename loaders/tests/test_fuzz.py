"""Answers and messages with anything wrong in them: no crash, and every one is landed, kept or counted."""

import gzip
import json
import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loaders.bmrs.source import Load
from loaders.config import RAW_BMRS, RAW_IRIS, read_settings
from loaders.iris.landing import land_messages
from loaders.iris.message import Message
from loaders.iris.show import show_landed
from loaders.landing import open_landing
from loaders.ledger import Ledger
from loaders.logs import ERR
from loaders.progress import progress
from loaders.show import show_load
from loaders.tests.messages import CATALOGUE
from loaders.tests.mutations import mutated, some_rows
from loaders.tests.stand_ins.faults import Answer, Fault
from loaders.windows import Window, settlement_day, windows

NAMES = ["BOALF", "MELS", "REMIT", "FUELINST", "DISBSAD", "MID", "PN", "INDO"]
STRANGE_DATASETS = ["../../x", "a'; drop table raw; --", "[/red]", "", "=cmd()", "\x00", "BOALF/..", "<b>", "x" * 300]
DAYS = (date(2016, 1, 1) + timedelta(days=61 * n) for n in count())
STRANGE_IDS = ["../../{}", "a'; drop table {}; --", "[/{}]", "{}\n"]
once = settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def messages(seed: int, count: int = 60) -> list[Message]:
    """Mutated recorded rows as messages; some under a strange dataset or id, some sent twice."""
    rng, found = random.Random(seed), []
    for number in range(count):
        name = rng.choice(NAMES)
        dataset = rng.choice(STRANGE_DATASETS) if rng.random() < 0.1 else name
        message_id = (
            rng.choice(["../../{}", "a'; drop table {}; --", "[/{}]", "{}\n"]) if rng.random() < 0.1 else "{}.json"
        )
        body = mutated(some_rows(name, rng), rng)
        found.append(Message(message_id.format(f"{seed}-{number}"), dataset, body, datetime.now(UTC), "FILES"))
        if rng.random() < 0.1:
            found.append(rng.choice(found))
    return found


def rows_said(body: bytes) -> int:
    """How many rows a body that could be read holds, by Python's own JSON: an array, `data`, or a lone row."""
    answer = body.decode("utf-8-sig").strip()
    while isinstance(answer, str):
        answer = json.loads(answer)
    if isinstance(answer, dict):
        answer = answer["data"] if isinstance(answer.get("data"), list) else [answer]
    return len(answer)


@once
@given(seed=st.integers(0, 1 << 32))
def test_every_message_is_landed_or_kept_whole_whatever_it_holds(home, seed):
    sent = messages(seed)
    place = replace(read_settings(), home=home.path)
    with open_landing(place, CATALOGUE, RAW_IRIS) as landing:
        tally = land_messages(place, CATALOGUE, landing, sent)
    total = tally.total()
    bodies = {message.message_id: message.body for message in sent}
    assert (total.messages, total.duplicates) == (len(sent), len(sent) - len(bodies))
    query = "select message_id, outcome, rows from raw where message_id like '%" + str(seed) + "-%'"
    told = {message_id: (outcome, rows) for message_id, outcome, rows in home.raw("_messages", query, RAW_IRIS)}
    assert told.keys() == bodies.keys()
    held: Counter = Counter()
    for name in NAMES:
        held.update(dict(home.raw(name.lower(), "select _message_id, count(*) from raw group by 1", RAW_IRIS)))
    kept = {}
    for table in ("_quarantine", "_unmapped"):
        kept |= dict(home.raw(table, "select message_id, body_gz from raw", RAW_IRIS))
    for message_id, (outcome, rows) in told.items():
        body = bodies[message_id]
        if outcome in ("QUARANTINED", "UNMAPPED"):
            assert gzip.decompress(kept[message_id]) == body
            assert held[message_id] == 0
        else:
            assert held[message_id] == rows == rows_said(body)
            assert (outcome == "EMPTY") == (rows == 0)
    show_landed(tally, 1)


@once
@given(seed=st.integers(0, 1 << 32))
def test_every_answer_is_landed_or_kept_whole_or_missing_whatever_it_holds(home, server, seed):
    rng, day = random.Random(seed), next(DAYS)
    asked = list(windows(CATALOGUE["FUELINST"], day, day + timedelta(days=59)))[::2]  # so that none touches another
    bodies = {window.start: mutated(inside(window, rng), rng) for window in asked}
    for start, body in bodies.items():
        where = {"settlementDateFrom": str(settlement_day(start))}
        server.fail("/datasets/FUELINST/stream", Fault("fuzzed", Answer(200, body)), times=None, where=where)
    place = replace(read_settings(), home=home.path, base_url=home.env["BMRS_BASE_URL"])
    place = replace(place, limits=replace(place.limits, tries=1, requests_per_second=1e4))
    with open_landing(place, CATALOGUE, RAW_BMRS) as landing:
        load = Load(place, CATALOGUE, landing, Ledger(place, ["FUELINST"]))
        tally = load.run(asked, progress(len(asked), ERR))["FUELINST"]
    assert tally.windows == len(asked)
    said = "select window_from_utc, outcome, rows_answered, rows_landed from raw"
    told = {start: rest for start, *rest in home.raw("_windows", said) if start in bodies}
    assert told.keys() == bodies.keys()
    good = ("landed", "unchanged")
    assert len(tally.missing) == sum(outcome not in good for outcome, *_ in told.values())
    landed = dict(home.raw("fuelinst", "select _window_from_utc, count(*) from raw group by 1"))
    kept = dict(home.raw("_quarantine", "select window_from_utc, body_gz from raw"))
    for start, (outcome, answered, rows) in told.items():
        assert landed.get(start, 0) == rows == answered
        if outcome == "quarantined":
            assert gzip.decompress(kept[start]) == bodies[start]
        elif outcome != "failed":
            assert answered == rows_said(bodies[start])
            assert (outcome == "empty") == (answered == 0)
    show_load(load.tallies, 1)


def inside(window: Window, rng: random.Random) -> list[dict]:
    """Recorded rows, moved into a window."""
    return [{**row, "settlementDate": str(window.first)} for row in some_rows("FUELINST", rng)]
