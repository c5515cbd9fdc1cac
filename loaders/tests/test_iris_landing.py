"""Messages to raw rows: every dataset typed, each message once, and one that is wrong stops no other."""

import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from msgspec import structs

from loaders.config import RAW_IRIS, read_settings
from loaders.iris import landing as iris_landing
from loaders.iris.landing import land_messages
from loaders.iris.retry import land_again
from loaders.landing import open_landing
from loaders.tests.messages import CATALOGUE, IRIS_NAMES, START, message, row

NAMED = """BOALF BOD MILS MELS FREQ FUELINST MID REMIT BEB BOAV DISEBSP DISPTAV EBOCF ISPSTACK SMSG CBS NDF TSDF SOSO
    INDO INDGEN INDDEM FUELHH AOBE DISBSAD NETBSAD NDZ ITSDO MELNGC IMBALNGC RURE SEL AGWS WINDFOR PN QPN"""
ALIASES = {"LOLPDM": "lolpdrm", "SYS_WARN": "syswarn", "E0361": "cdn", "mibm_mid": "mid"}
DERIVED = ["BOAV", "DISEBSP", "DISPTAV", "EBOCF", "ISPSTACK", "SMSG"]


@pytest.fixture
def land(home):
    """Lands messages in the lake of ``home``."""
    settings = replace(read_settings(), home=home.path)

    def landed(*messages):
        with open_landing(settings, CATALOGUE, RAW_IRIS) as landing:
            return land_messages(settings, CATALOGUE, landing, messages)

    return landed


def iris(home, table: str, query: str = "select * from raw") -> list[tuple]:
    return home.raw(table, query, RAW_IRIS)


def outcomes(home) -> dict[str, str]:
    return dict(iris(home, "_messages", "select message_id, outcome from raw"))


def typed(column, number: int):
    """What the lake must hold for the value of a generated row."""
    moment = datetime(2026, 8, 1, tzinfo=UTC) + number * timedelta(minutes=30)
    return {
        "string": f"text {number}", "integer": number, "number": number + 0.5, "boolean": True,
        "timestamp": moment, "date": moment.date(), "json": f'{{"a": [{number}]}}',
    }[column.type]  # fmt: skip


def test_every_dataset_of_iris_lands_typed(home, land):
    assert len(IRIS_NAMES) == 87
    assert set(NAMED.split()) <= set(IRIS_NAMES)
    total = land(*(message(name, number=number) for number, name in enumerate(IRIS_NAMES))).total()
    assert (total.messages, total.rows, total.quarantined, total.unmapped, total.new_fields) == (87, 87, 0, 0, set())
    for number, (name, entry) in enumerate(IRIS_NAMES.items()):
        fields = ", ".join(entry.raw_names[native] for native in entry.columns)
        lineage = "_message_id, _fetched_at_utc, _load_id is not null"
        rows = iris(
            home, entry.table, f"select {fields}, {lineage} from raw where _message_id like '{name}@_%' escape '@'"
        )
        values = [typed(column, number) for column in entry.columns.values()]
        assert rows == [(*values, f"{name}_{number:06}.json", START + timedelta(seconds=number), True)], name
    assert iris(home, "_messages", "select outcome, count(*), sum(rows) from raw group by all") == [("LANDED", 87, 87)]


@pytest.mark.parametrize("name", [*ALIASES, "MIBM_MID", "Mid", "mels", "lolpdrm"])
def test_a_dataset_is_known_under_each_of_its_names_in_any_case(home, land, name):
    table = ALIASES.get(name, {"MIBM_MID": "mid"}.get(name, name.lower()))
    entry = CATALOGUE[table.upper()]
    land(message("MELS", [{"dataset": name, **row(entry)}], dataset=name))
    assert iris(home, table, "select count(*) from raw") == [(1,)]


@pytest.mark.parametrize("name", DERIVED)
def test_where_no_message_was_seen_whatever_fields_come_land(home, land, name):
    tally = land(message(name, [{"settlementDate": "2026-08-01", "brandNewField": 5.5}]))
    assert tally.of(name).new_fields == {"brand_new_field"}
    table = IRIS_NAMES[name].table
    assert iris(home, table, "select settlement_date::text, brand_new_field from raw") == [("2026-08-01", 5.5)]


def test_what_rest_is_asked_for_lands_where_the_message_says_it(home, land):
    said = row(IRIS_NAMES["BOAV"], 1) | {"bidOffer": "bid"}
    land(message("BOAV", [said]), message("BOAV", number=2))
    rows = iris(home, "boav", "select acceptance_id, bid_offer from raw order by 1")
    assert rows == [(1, "bid"), (2, None)]


def test_a_message_lands_once_in_one_package_and_in_two(home, land):
    first, second = message("MELS", number=1), message("MELS", number=2)
    assert land(first, second, first).of("MELS").duplicates == 1
    again = land(second, first)
    assert (again.of("MELS").duplicates, again.of("MELS").rows) == (2, 0)
    assert iris(home, "mels", "select count(*) from raw") == [(2,)]
    assert iris(home, "_messages", "select count(*) from raw") == [(2,)]


def test_a_message_of_the_queue_that_the_archive_brought_before_lands_once(home, land):
    land(message("MELS", channel="ARCHIVE"))
    late = message("MELS", channel="QUEUE", received_at_utc=datetime.now(UTC))
    assert land(late).of("MELS").duplicates == 1


def test_one_wrong_message_among_many_is_kept_with_its_bytes_and_the_others_land(home, land):
    good = [message("MELS", number=number) for number in range(40)]
    wrong = {
        "type": [row(IRIS_NAMES["MELS"]) | {"levelFrom": "60"}],
        "time": [row(IRIS_NAMES["MELS"]) | {"timeFrom": "yesterday"}],
        "huge": [row(IRIS_NAMES["MELS"]) | {"notificationSequence": 2**70}],
        "name": [row(IRIS_NAMES["MELS"]) | {"_message_id": "mine"}],
        "missing": [{"timeFrom": "2026-08-01T00:00:00Z"}],
    }
    bad = {f"bad {why}": json.dumps(rows).encode() for why, rows in wrong.items()} | {"bad JSON": b'[{"timeFrom'}
    tally = land(*good[:20], *(message("MELS", body=body, message_id=name) for name, body in bad.items()), *good[20:])
    assert (tally.of("MELS").rows, tally.of("MELS").quarantined) == (40, len(bad))
    assert iris(home, "mels", "select count(distinct _message_id) from raw") == [(40,)]
    kept = iris(home, "_quarantine", "select message_id, body_gz, dataset, error from raw")
    assert {name: gzip.decompress(body) for name, body, *_ in kept} == bad
    errors = {name: error for name, *_, error in kept}
    assert "levelFrom" in errors["bad type"]
    assert "yesterday" in errors["bad time"]
    assert "_message_id" in errors["bad name"]
    assert "missing required field" in errors["bad missing"]
    assert all(outcomes(home)[name] == "QUARANTINED" for name in bad)


def test_an_unknown_dataset_is_kept_whole(home, land):
    body = b'{"anything": [1, 2'
    assert land(message("NEWSET", body=body)).of("NEWSET").unmapped == 1
    assert [gzip.decompress(kept) for (kept,) in iris(home, "_unmapped", "select body_gz from raw")] == [body]
    assert outcomes(home) == {"NEWSET_000000.json": "UNMAPPED"}


def test_an_empty_message_is_remembered_as_empty(home, land):
    assert land(message("BOALF", [])).of("BOALF").empty == 1
    assert iris(home, "_messages", "select outcome, rows, bytes from raw") == [("EMPTY", 0, 2)]
    assert land(message("BOALF", [])).of("BOALF").duplicates == 1


def test_a_new_field_becomes_a_column_and_is_reported_whatever_type_it_has_later(home, land):
    rows = [[row(IRIS_NAMES["MELS"], n) | {"brandNew": value}] for n, value in enumerate((1, "two", None, True))]
    tally = land(
        *(message("MELS", content, number) for number, content in enumerate(rows[:2])), message("MELS", number=9)
    )
    assert tally.of("MELS").new_fields == {"brand_new"}
    for number, content in enumerate(rows[2:], 2):
        land(message("MELS", content, number))
    values = iris(home, "mels", "select brand_new from raw where _message_id < 'MELS_000004' order by _message_id")
    assert [value for (value,) in values] == ["1", "two", None, "true"]


def test_memory_holds_a_block_of_messages_and_the_package_is_still_one(home, land, monkeypatch):
    monkeypatch.setattr(iris_landing, "BLOCK_MESSAGES", 7)
    messages = [message(name, number=number) for number in range(30) for name in ("MELS", "MILS")]
    assert land(*messages, *messages).total().duplicates == 60
    assert iris(home, "_messages", "select count(*), count(distinct _load_id) from raw") == [(60, 1)]
    assert len(list((home.path / "lake/raw_iris/mels").glob("*.parquet"))) == 2, "the empty one and one of this load"


def test_what_was_kept_lands_once_the_catalogue_knows_it_and_is_not_kept_twice(home, land):
    settings = replace(read_settings(), home=home.path)
    late, broken = message("NEWSET", [row(CATALOGUE["MELS"])]), message("MELS", body=b"[{", number=1)
    land(late, broken, message("MELS", number=2))
    assert land_again(settings, CATALOGUE).total().rows == 0
    mels = CATALOGUE["MELS"]
    knowing = CATALOGUE | {"MELS": structs.replace(mels, iris=structs.replace(mels.iris, names=["MELS", "NEWSET"]))}
    again = land_again(settings, knowing)
    assert (again.of("NEWSET").rows, again.of("MELS").quarantined) == (1, 1)
    assert land_again(settings, knowing).total().messages == 1, "the broken one, which stays broken"
    assert iris(home, "mels", "select _message_id from raw order by 1") == [
        ("MELS_000002.json",),
        ("NEWSET_000000.json",),
    ]
    noted = iris(home, "_messages", "select message_id, outcome from raw order by message_id, landed_at_utc")
    assert noted == [
        ("MELS_000001.json", "QUARANTINED"), ("MELS_000002.json", "LANDED"),
        ("NEWSET_000000.json", "UNMAPPED"), ("NEWSET_000000.json", "LANDED"),
    ]  # fmt: skip
    assert iris(home, "_quarantine", "select count(*) from raw") == [(1,)]
    assert land(late).of("NEWSET").duplicates == 1
