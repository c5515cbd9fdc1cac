"""The demo's second channel: messages through a broker that speaks AMQP, the receiver, its spool and the landing."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from rich.console import Console

from loaders.tests.stand_ins import recorded
from loaders.tests.stand_ins.iris_broker.thread import IrisBroker
from loaders.tests.stand_ins.iris_messages import Sent, sent
from loaders.windows import DAY, day_start

OUT = Console(highlight=False, soft_wrap=True)
PATIENCE_SECONDS = 60
BOTH_CHANNELS = """
    select 'bmrs_boalf_unified' as "table", source, count(*) as rows, count(distinct columns) as keys,
        strftime(min(at_utc), '%Y-%m-%d %H:%M') as first_utc, strftime(max(at_utc), '%Y-%m-%d %H:%M') as last_utc
    from (
        select source, accepted_at_utc as at_utc, (national_grid_bm_unit, acceptance_number, from_utc) as columns
        from bmrs_boalf_unified
    ) group by all
    union all
    select 'bmrs_fuelinst_unified', source, count(*), count(distinct (start_utc, fuel_type)),
        strftime(min(published_at_utc), '%Y-%m-%d %H:%M'), strftime(max(published_at_utc), '%Y-%m-%d %H:%M')
    from bmrs_fuelinst_unified group by all
    order by 1, 2
"""


def messages(datasets: Iterable[str], first: str, last: str) -> list[Sent]:
    """What IRIS would have sent of some settlement days, made of the rows that were recorded."""
    start, end = (
        f"{day_start(day):%Y-%m-%dT%H:%M:%SZ}" for day in (date.fromisoformat(first), date.fromisoformat(last) + DAY)
    )
    played: list[Sent] = []
    for dataset in datasets:
        field = "timeFrom" if dataset == "BOALF" else "startTime"
        played += sent(dataset, [row for row in recorded.rows(dataset) if start <= row[field] <= end])
    return played


def play(played: list[Sent]) -> None:
    """Puts the messages into a queue, every tenth of them twice, receives them and lands them."""
    environment = os.environ | {"IRIS_BATCH_SECONDS": "1", "IRIS_LAND_SECONDS": "0"}
    with IrisBroker() as broker:
        broker.create("iris")
        broker.enqueue("iris", [_queued(message) for message in [*played, *played[::10]]])
        OUT.print("$ gb-power iris run  (until the queue is empty)")
        with subprocess.Popen(_command("run"), env=environment | broker.plain()) as receiver:
            _wait_for(broker, receiver)
            receiver.terminate()
    counts = json.loads((Path(os.environ["GB_POWER_HOME"]) / "iris" / "receiver.json").read_text())["counts"]
    OUT.print("received {received:,}, kept {stored:,}, known already {duplicates:,}".format_map(counts))
    OUT.print("$ gb-power iris land")
    subprocess.run(_command("land"), env=environment, check=True)


def _wait_for(broker: IrisBroker, receiver: subprocess.Popen) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while broker.stats()["queues"]["iris"]["left"]:
        if receiver.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"the queue was not emptied: {broker.stats()}")
        time.sleep(0.1)


def _queued(message: Sent) -> dict:
    return {"body": message.queue_body, "message_id": message.message_id, "subject": message.dataset}


def _command(name: str) -> list[str]:
    return [sys.executable, "-m", "loaders.cli", "iris", name, "--log-level", "error"]
