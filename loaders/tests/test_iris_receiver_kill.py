"""The receiver as a process that is killed, or has no disk: every message is kept once, none is put away."""

import random
import resource
import signal
import time

import pytest

from loaders.tests.iris_station import Station, names, process, until
from loaders.tests.stand_ins.iris_broker.thread import SECRET, IrisBroker

LOCK_SECONDS = 3.0  # IRIS's is 60
UNLIMITED = resource.RLIM_INFINITY


@pytest.fixture
def broker(tmp_path):
    with IrisBroker(tmp_path / "tls") as stand_in:
        stand_in.create("iris", lock_seconds=LOCK_SECONDS, max_deliveries=20)  # a slow machine needs some
        yield stand_in


def test_a_receiver_killed_again_and_again_keeps_every_message_once(broker, tmp_path):
    number, station, chance = 2000, Station(broker, tmp_path), random.Random(20261121)
    broker.faults(messages_per_second=1500)
    broker.fill("iris", number)
    for _ in range(3):
        enough = len(broker.completed("iris")) + chance.randrange(1, 400)
        running = process(broker, tmp_path)
        until(lambda enough=enough: len(broker.completed("iris")) >= enough)
        running.send_signal(signal.SIGKILL)
        running.wait()
    running = process(broker, tmp_path)
    until(station.queue_is_empty)
    running.terminate()
    assert running.wait(300) == 0
    assert sorted(station.spooled()) == names(number)
    assert sorted(set(broker.completed("iris"))) == names(number)
    assert station.queue()["dead"] == 0


def test_a_full_disk_stops_the_receiver_cleanly_and_it_goes_on_when_there_is_room(broker, tmp_path):
    station, running = Station(broker, tmp_path), process(broker, tmp_path)
    until(lambda: broker.stats().get("attached"))
    resource.prlimit(running.pid, resource.RLIMIT_FSIZE, (200_000, UNLIMITED))  # no file may grow beyond that
    broker.fill("iris", 400)
    until(lambda: station.state().get("state") == "waiting for the disk")
    time.sleep(6)  # a receiver that abandoned, or came back for more, would have had them twice by now
    assert str(station.path) in station.state()["last_error"]
    queue = station.queue()
    assert queue["dead"] == 0
    assert queue["transfers"] <= 100 + 101 + 100  # a batch stored, one in hand, and what was fetched ahead
    assert station.open_connections() == 0
    resource.prlimit(running.pid, resource.RLIMIT_FSIZE, (UNLIMITED, UNLIMITED))
    until(station.queue_is_empty)
    running.terminate()
    assert running.wait(300) == 0
    assert sorted(station.spooled()) == names(400)
    assert station.queue()["dead"] == 0


def test_no_log_level_shows_the_secret(broker, tmp_path):
    station = Station(broker, tmp_path)
    running = process(broker, tmp_path, {**broker.production(), "IRIS_QUEUE": "other"}, log_level="debug")
    until(lambda: station.state().get("counts", {}).get("troubles"))
    running.terminate()
    said = running.communicate(timeout=300)[1]
    assert running.returncode == 0
    assert "there is no queue other of elexon-insights-iris: compare IRIS_QUEUE" in said
    assert SECRET not in said
    assert "Traceback" not in said
