"""From the queue to the lake in one service, whose receiver never waits for its landing."""

import os
from dataclasses import replace

from loaders.config import RAW_IRIS, read_settings
from loaders.lock import only_writer
from loaders.tests.iris_station import Station, process, until
from loaders.tests.messages import message, wrapped
from loaders.tests.stand_ins.iris_broker.thread import IrisBroker

QUICK = {"IRIS_LAND_SECONDS": "0.5", "GB_POWER_LOCK_WAIT_SECONDS": "0"}


def send(broker: IrisBroker, numbers: range) -> None:
    """Messages as the queue holds them."""
    several = [message("FREQ", number=number) for number in numbers]
    broker.enqueue("iris", [
        {"body": wrapped(one.body), "message_id": one.message_id, "subject": one.dataset} for one in several
    ])  # fmt: skip


def test_messages_land_while_more_are_received_and_a_landing_that_cannot_is_tried_again(home):
    with IrisBroker() as broker:
        broker.create("iris", lock_seconds=60)
        station = Station(broker, home.path)
        running = process(broker, home.path, **QUICK)
        with only_writer(replace(read_settings(), home=home.path), RAW_IRIS):  # as a long landing of somebody else
            send(broker, range(50))
            until(lambda: station.state().get("last_error") == "another process lands")
            send(broker, range(50, 100))
            until(station.queue_is_empty)
        until(lambda: station.state()["backlog"]["messages"] == 0 and station.state()["counts"]["stored"] == 100)
        running.terminate()
        said = running.communicate(timeout=300)[1]
    assert running.returncode == 0, said
    assert f"process {os.getpid()} (since" in said
    assert home.raw("freq", "select count(*), count(distinct _message_id) from raw", RAW_IRIS) == [(100, 100)]
    assert home.raw("_messages", "select distinct channel, outcome from raw", RAW_IRIS) == [("QUEUE", "LANDED")]
    assert station.state()["last_landing_at_utc"] is not None
