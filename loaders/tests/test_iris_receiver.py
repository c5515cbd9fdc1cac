"""The receiver when nothing is wrong with the network: what it keeps, completes, says, and how it stops."""

import json
import re
import signal
from datetime import UTC, date, datetime, timedelta

import pytest

from loaders.build import ROOT
from loaders.config import ConfigError
from loaders.iris.spool import Spool
from loaders.tests.iris_station import Station, process, settings_of, until
from loaders.tests.stand_ins.iris_broker.thread import SECRET, IrisBroker

NAMES = [f"GENERATED_{number:08d}.json" for number in range(300)]


@pytest.fixture(scope="module")
def tls_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tls")


@pytest.fixture
def broker(tls_folder):
    with IrisBroker(tls_folder) as stand_in:
        stand_in.create("iris", lock_seconds=60)
        yield stand_in


@pytest.mark.parametrize("path", ["plain", "production"])
def test_every_message_is_kept_once_and_then_completed(broker, tmp_path, path):
    broker.fill("iris", len(NAMES))
    station = Station(broker, tmp_path, getattr(broker, path)())
    station.run()
    assert station.spooled() == NAMES
    assert sorted(broker.completed("iris")) == NAMES
    counts = station.status.counts
    assert (counts["received"], counts["stored"], counts["completed"], counts["connections"]) == (300, 300, 300, 1)
    assert station.queue()["transfers"] == 300
    assert station.open_connections() == 0


def test_bodies_ids_and_datasets_are_kept_as_they_came_whatever_they_are(broker, tmp_path):
    double = json.dumps(json.dumps([{"dataset": "FREQ", "measurementTime": "2026-11-20T03:00:00Z"}]))
    sent = [
        {"body": double, "message_id": "FREQ_1.json", "subject": "FREQ"},
        {"body": double, "message_id": "FREQ_2.json", "subject": "FREQ", "body_kind": "data2"},
        {"body": "text in a value section é", "message_id": "X_1.json", "subject": "X", "body_kind": "value"},
        {"body": b"\xff\x00not json", "message_id": "../../etc/passwd", "subject": "FREQ"},
        {"body": "no id, no subject"},
        {"body": "", "message_id": "EMPTY_1.json", "subject": "FREQ"},
    ]
    broker.enqueue("iris", sent)
    began = datetime.now(UTC)
    station = Station(broker, tmp_path)
    station.run()
    with Spool(station.path) as spool:
        kept = {message.message_id: message for message in spool.waiting(10, 1 << 20)}
    unnamed = "sha256-e4f45fefbea5617ead9b78766959215d13850c04732c3c38e8be41097b382af7"
    expected = {entry.get("message_id", unnamed): entry for entry in sent}
    assert len(kept) == 6
    for name, entry in expected.items():
        body = entry["body"].encode() if isinstance(entry["body"], str) else entry["body"]
        assert (kept[name].body, kept[name].dataset) == (body, entry.get("subject", ""))
        assert began <= kept[name].received_at_utc <= datetime.now(UTC)
        assert kept[name].channel == "QUEUE"
    assert station.queue()["dead"] == 0


def test_a_message_of_eleven_megabytes_comes_whole(broker, tmp_path):
    body = json.dumps([{"n": number, "text": "x" * 1000} for number in range(11_000)]).encode()
    assert len(body) > 11_000_000
    broker.enqueue("iris", [{"body": body, "message_id": "UOU2T3YW_1.json", "subject": "UOU2T3YW"}])
    broker.fill("iris", 50)
    station = Station(broker, tmp_path, broker.production())
    station.run()
    with Spool(station.path) as spool:
        assert {m.message_id: m.body for m in spool.waiting(100, 1 << 30)}["UOU2T3YW_1.json"] == body
    assert station.queue()["completed"] == 51


def test_a_batch_ends_at_so_many_bytes(broker, tmp_path):
    size = broker.fill("iris", 300, size=20_000)
    station = Station(broker, tmp_path, IRIS_BATCH_MESSAGES="300", IRIS_BATCH_MB=str(size * 120 / (1 << 20)))
    batches = []
    station_keep = Spool.add

    def add(spool, messages):
        batches.append(len(messages))
        return station_keep(spool, messages)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Spool, "add", add)
        station.run()
    assert max(batches) < 300
    assert sum(batches) == 300


def test_what_the_queue_delivers_again_is_known_also_after_a_restart_and_after_landing(broker, tmp_path):
    broker.fill("iris", 50)
    broker.fill("iris", 50)  # the same messages once more: Elexon's true duplicates
    Station(broker, tmp_path).run()
    again = Station(broker, tmp_path)
    with Spool(again.path) as spool:
        spool.landed(NAMES[:25])
    broker.fill("iris", 60)
    again.run()
    assert again.spooled() == NAMES[25:60]
    assert (again.status.counts["stored"], again.status.counts["duplicates"]) == (10, 50)
    assert again.queue()["completed"] == 160


def test_the_process_stops_within_seconds_of_being_told_and_leaves_its_state(broker, tmp_path):
    broker.fill("iris", 100)
    running = process(broker, tmp_path, broker.production(), IRIS_STATUS_SECONDS="0.2", IRIS_DRAIN_SECONDS="300")
    until(lambda: len(broker.completed("iris")) == 100)
    until(lambda: json.loads((tmp_path / "iris/receiver.json").read_text())["state"] == "receiving")
    second = process(broker, tmp_path)
    assert second.wait(300) == 75
    assert f"process {running.pid} is receiving into {tmp_path} already" in second.stderr.read()
    running.send_signal(signal.SIGTERM)
    said = running.communicate(timeout=200)[1]  # and not when it has drained for as long as it may
    assert running.returncode == 0
    assert "INFO receiving: 100 received, 100 stored, 0 duplicates, 100 completed" in said
    assert SECRET not in said
    state = json.loads((tmp_path / "iris/receiver.json").read_text())
    assert state["state"] == "stopped"
    assert state["counts"]["stored"] == state["backlog"]["messages"] == 100
    assert datetime.fromisoformat(state["last_message_at_utc"]) <= datetime.now(UTC)


def test_a_process_that_was_told_to_stop_does_not_wait_for_a_dead_connection(broker, tmp_path):
    running = process(broker, tmp_path, IRIS_DRAIN_SECONDS="1")
    until(lambda: broker.stats().get("attached"))
    broker.stall()
    running.send_signal(signal.SIGINT)
    assert running.wait(40) == 0  # less than the library would wait for


def test_missing_settings_are_named_and_the_secret_is_never_shown(broker):
    with pytest.raises(ConfigError, match="IRIS_QUEUE, IRIS_CLIENT_ID, IRIS_CLIENT_SECRET not set"):
        settings_of({})
    assert SECRET not in repr(settings_of(broker.production()))
    assert "SAS_KEY_VALUE" not in repr(settings_of(broker.plain()))
    with pytest.raises(ConfigError, match="IRIS_SECRET_EXPIRES='soon' is not a date"):
        settings_of({**broker.plain(), "IRIS_SECRET_EXPIRES": "soon"})


@pytest.mark.parametrize(
    ("days", "said"), [(61, None), (60, "expires in 60 days"), (0, "expires in 0 days"), (-1, "expired on")]
)
def test_the_alarm_for_the_secret_begins_sixty_days_before_its_end(broker, caplog, days, said):
    from loaders.iris.run import alarm

    expires: date = datetime.now(UTC).date() + timedelta(days=days)
    alarm(settings_of({**broker.plain(), "IRIS_SECRET_EXPIRES": expires.isoformat()}))
    assert (said in caplog.text) if said else not caplog.records


def test_every_setting_is_in_the_readme_and_the_examples_are_settings():
    def names(path: str) -> set[str]:
        return set(re.findall(r"\b(?:BMRS|GB_POWER|IRIS|SHEETS)_[A-Z_]+\b", (ROOT / path).read_text()))

    known = set().union(*map(names, ["loaders/config.py", *map(str, (ROOT / "loaders").glob("*/settings.py"))]))
    for_tests = {"IRIS_ENDPOINT", "IRIS_AUTHORITY", "IRIS_CA_FILE", "IRIS_CONNECTION_STRING"}
    assert known - for_tests <= names("README.md")
    assert names("scripts/deploy/.env.example") <= known
