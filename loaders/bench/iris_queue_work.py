"""What the bench of the queue times, a process each: ``python -m loaders.bench.iris_queue_work NAME ..``."""

import asyncio
import json
import os
import sys
import time
from pathlib import Path

from loaders.bench.measure import report


def our_receiver(messages: str) -> dict:
    """Our receiver, until it has stored and completed so many; from its start to the last completion."""
    import loaders.iris.run  # noqa: F401  all that the service imports, for its memory
    from loaders.config import read_settings
    from loaders.iris.receiver import Receiver
    from loaders.iris.settings import read_iris_settings
    from loaders.iris.status import Status

    settings, number = read_settings(), int(messages)

    async def receive() -> float:
        stop, began = asyncio.Event(), time.perf_counter()
        status = Status(settings.spool.with_name("receiver.json"))
        running = asyncio.create_task(Receiver(read_iris_settings(), settings.spool, status, stop).run())
        while status.counts["completed"] < number:
            await asyncio.sleep(0.02)
        seconds = time.perf_counter() - began
        stop.set()
        await running
        return seconds

    return {"seconds": asyncio.run(receive()), "messages": number}


def sample_loop(messages: str) -> dict:
    """The loop of Elexon's sample client: iterate, write a file, complete, one message after the other."""
    from azure.servicebus import ServiceBusClient

    number, folder = int(messages), Path(os.environ["GB_POWER_HOME"])
    folder.mkdir(parents=True)
    began, done = time.perf_counter(), 0
    with (
        ServiceBusClient.from_connection_string(os.environ["IRIS_CONNECTION_STRING"]) as client,
        client.get_queue_receiver(os.environ["IRIS_QUEUE"], max_wait_time=5) as receiver,
    ):
        for message in receiver:
            body = json.loads(json.loads(b"".join(message.body)))  # the sample's own way is slower
            (folder / message.message_id).write_text(json.dumps(body))
            receiver.complete_message(message)
            done += 1
            if done == number:
                return {"seconds": time.perf_counter() - began, "messages": number}
    raise RuntimeError(f"only {done} of {number} messages came")


if __name__ == "__main__":
    works = {work.__name__: work for work in (our_receiver, sample_loop)}
    report(lambda: works[sys.argv[1]](*sys.argv[2:]))
