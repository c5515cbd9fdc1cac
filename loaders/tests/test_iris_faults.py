"""What goes wrong between the queue and the disk: nothing is missing, stored twice, put away, or left open."""

import logging
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from loaders.iris import receiver, service_bus
from loaders.iris.spool import Spool
from loaders.tests.iris_station import Station, names
from loaders.tests.stand_ins.iris_broker.thread import CLIENT_ID, SECRET, IrisBroker

LOCK_SECONDS = 4.0  # IRIS's is 60
DELIVERIES = 20  # a slow machine may need more than IRIS's 5
LOST = "com.microsoft:message-lock-lost"


@pytest.fixture(scope="module")
def tls_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module", autouse=True)
def short_waits():
    """Patience in proportion to the lock."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(service_bus, "OPEN_SECONDS", 12)
        patched.setattr(service_bus, "SETTLE_SECONDS", 6)
        patched.setattr(receiver, "LISTEN_SECONDS", 0.25)
        logging.getLogger("azure").setLevel(logging.CRITICAL)  # as log_to_stderr has it
        yield


@pytest.fixture
def broker(tls_folder):
    with IrisBroker(tls_folder) as stand_in:
        stand_in.create("iris", lock_seconds=LOCK_SECONDS, max_deliveries=DELIVERIES)
        yield stand_in


def assert_nothing_lost(station: Station, number: int) -> None:
    """All of it once in the spool, all of it gone from the queue by completion, every connection closed."""
    assert sorted(station.spooled()) == names(number)
    assert sorted(set(station.broker.completed(station.iris.queue))) == names(number)
    queue = station.queue()
    assert (queue["left"], queue["dead"], queue.get("abandoned", 0)) == (0, 0, 0)
    assert station.open_connections() == 0
    assert station.status.counts["stored"] == number


FAULTS = {
    "reset": {"drop_after_transfers": 70},
    "FIN": {"drop_after_transfers": 70, "drop_rst": False},
    "cut in a frame": {"drop_after_transfers": 70, "drop_mid_frame": True},
    "dropped before a completion is applied": {"drop_on_disposition": 30},
    "dropped after a completion is applied": {"drop_on_disposition": 30, "drop_disposition_applied": True},
    "the same, and locks die with the link": {
        "drop_on_disposition": 30, "drop_disposition_applied": True, "locks_die_with_link": True
    },
    "detached while receiving": {"detach_after_transfers": 70},
    "detached for being idle, locks die": {"detach_after_transfers": 170, "locks_die_with_link": True},
    "queue busy when attaching": {"refuse_attach": 2},
    "queue busy when completing": {"fail_dispositions": 5},
    "completion refused: lock lost": {"fail_dispositions": 5, "disposition_condition": LOST},
    "completions swallowed": {"ignore_dispositions": 5},
    "completions applied but never answered": {"mute_dispositions": 5},
    "tokens refused": {"refuse_tokens": 2},
    "dropped on the token": {"drop_on_token": 2},
    "token never answered": {"ignore_tokens": 1},
}  # fmt: skip
NEED_NO_NEW_CONNECTION = ("completion refused: lock lost",)


@pytest.fixture(scope="module")
def stations(tmp_path_factory, short_waits):
    """A receiver for each fault, some at a time, since they mostly wait."""

    def receive(station: Station) -> Station:
        station.run()
        assert_nothing_lost(station, 200)
        return station

    with ExitStack() as brokers, ThreadPoolExecutor(8) as threads:
        running = {}
        for fault, settings in FAULTS.items():
            broker = brokers.enter_context(IrisBroker())
            broker.create("iris", lock_seconds=LOCK_SECONDS, max_deliveries=DELIVERIES)
            broker.fill("iris", 200)
            broker.faults(**settings)
            running[fault] = threads.submit(receive, Station(broker, tmp_path_factory.mktemp("faults")))
        yield running


@pytest.mark.parametrize("fault", FAULTS)
def test_a_passing_fault_loses_nothing_and_leaves_no_connection_open(stations, fault):
    station = stations[fault].result()
    connections = station.broker.stats()["connections"]
    assert connections == station.status.counts["troubles"] + 1
    assert (connections > 1) == (fault not in NEED_NO_NEW_CONNECTION)


def test_a_network_that_cuts_every_connection_short_still_lets_everything_through(broker, tmp_path):
    broker.fill("iris", 120)
    station = Station(broker, tmp_path, IRIS_BACKOFF_SECONDS="0.01", IRIS_LONGEST_BACKOFF_SECONDS="0.02")

    def done() -> bool:
        if not broker.faults()["drop_after_transfers"]:
            broker.faults(drop_after_transfers=60)
        return station.queue_is_empty()

    station.run(done)
    assert_nothing_lost(station, 120)


def test_what_is_delivered_again_is_completed_without_waiting_for_more(broker, tmp_path):
    broker.fill("iris", 10)
    broker.faults(drop_after_transfers=10, locks_die_with_link=True)
    station = Station(broker, tmp_path, IRIS_BATCH_SECONDS="3600")
    station.run()
    assert_nothing_lost(station, 10)
    assert station.queue()["transfers"] == 20


def test_random_faults_lose_nothing(broker, tmp_path):
    chance = random.Random(20261121)
    broker.fill("iris", 800)
    passing = [FAULTS[name] for name in FAULTS if name != "token never answered"]
    upsets = [lambda: broker.faults(**chance.choice(passing)), broker.drop, broker.detach, broker.reset_faults]
    until = time.monotonic() + 2.5

    def done() -> bool:
        if time.monotonic() < until:
            time.sleep(0.3)
            chance.choice(upsets)()
            return False
        broker.reset_faults()
        return station.queue_is_empty()

    station = Station(broker, tmp_path)
    station.run(done)
    assert_nothing_lost(station, 800)
    assert broker.stats()["connections"] == station.status.counts["troubles"] + 1


def test_a_silent_connection_is_replaced(broker, tmp_path, caplog):
    broker.fill("iris", 10)
    station = Station(broker, tmp_path, IRIS_SILENCE_SECONDS="1")
    stalled = threading.Event()

    def done() -> bool:
        if station.status.counts["completed"] == 10 and not stalled.is_set():
            stalled.set()
            broker.stall()
            broker.fill("iris", 10, first=10)
        return station.queue_is_empty() and stalled.is_set()

    station.run(done)
    assert sorted(station.spooled()) == names(20)
    assert "no message for 1 s, so perhaps a dead connection" in caplog.text


def refusals(broker) -> dict[str, tuple[dict, str]]:
    """Environments that cannot work, and what should be said."""
    good = broker.production()
    nobody = "sb://localhost:1"
    return {
        "wrong secret": ({**good, "IRIS_CLIENT_SECRET": "wrong"}, "IRIS_CLIENT_SECRET is no secret of IRIS_CLIENT_ID"),
        "expired secret": (good, "the client secret has expired: make a new one at Elexon's IRIS portal"),
        "unknown queue": ({**good, "IRIS_QUEUE": "other"}, "there is no queue other of elexon-insights-iris"),
        "nobody listens": ({**good, "IRIS_ENDPOINT": nobody}, "cannot reach queue iris of elexon-insights-iris"),
        "no login": ({**good, "IRIS_AUTHORITY": "https://localhost:1"}, "cannot reach Microsoft's login"),
        "strange certificate": ({**good, "IRIS_CA_FILE": ""}, "certificate verify failed"),
    }


@pytest.mark.parametrize(
    "refusal", ["wrong secret", "expired secret", "unknown queue", "nobody listens", "no login", "strange certificate"]
)
def test_what_cannot_work_is_said_plainly_without_the_secret_and_tried_again(broker, tmp_path, caplog, refusal):
    environment, said = refusals(broker)[refusal]
    broker.client(CLIENT_ID, SECRET, expired=refusal == "expired secret")
    station = Station(broker, tmp_path, environment)
    station.run(lambda: station.status.counts["troubles"] >= 2)
    assert said in station.status.last_error
    assert caplog.text.count(said) >= 2
    assert SECRET not in caplog.text
    assert "Traceback" not in caplog.text


def test_a_secret_that_is_mended_at_the_portal_is_used_without_a_restart(broker, tmp_path):
    broker.fill("iris", 10)
    station = Station(broker, tmp_path, broker.production())
    broker.client(CLIENT_ID, SECRET, expired=True)

    def done() -> bool:
        if station.status.counts["troubles"] == 2:
            broker.client(CLIENT_ID, SECRET)
        return station.queue_is_empty()

    station.run(done)
    assert_nothing_lost(station, 10)


def test_a_disk_with_little_room_left_is_not_filled_up(broker, tmp_path, caplog):
    broker.fill("iris", 10)
    station = Station(broker, tmp_path, IRIS_FREE_MB="1e9")
    station.run(lambda: station.status.counts["troubles"] >= 3)
    assert "MB left; landing needs some to make room" in caplog.text
    assert station.queue().get("transfers", 0) == 0


def test_a_spool_that_landing_found_damaged_is_moved_aside_and_receiving_goes_on(broker, tmp_path, caplog):
    broker.fill("iris", 100)
    station, damaged = Station(broker, tmp_path), threading.Event()

    def done() -> bool:
        if station.status.counts["completed"] == 100 and not damaged.is_set():
            damaged.set()
            with Spool(station.path) as spool:
                spool._db.execute("pragma wal_checkpoint(truncate)")
            content = bytearray(station.path.read_bytes())
            content[8192:40960] = bytes(32768)
            station.path.write_bytes(content)
            station.receiver.look_again(suspect=True)
            broker.fill("iris", 50, first=100)
        return station.status.counts["completed"] == 150

    station.run(done)
    assert "ALARM" in caplog.text
    assert list(station.path.parent.glob("spool.db.damaged-*"))
    assert sorted(station.spooled()) == names(150)[100:]
