"""``gb-power iris run``: the receiver as a service, landing what it spools every few minutes."""

import asyncio
import logging
import os
import signal
import sys

from filelock import FileLock, Timeout

from loaders import clock
from loaders.config import Settings, read_settings
from loaders.iris.receiver import Receiver
from loaders.iris.settings import IrisSettings, read_iris_settings
from loaders.iris.spool import private_folder
from loaders.iris.status import Status
from loaders.lock import LOCKED
from loaders.logs import log_to_stderr

log = logging.getLogger(__name__)

ALARM_DAYS = 60  # before the secret expires
DAY_SECONDS = 86_400
CHILD_SECONDS = 5  # that a landing is given to end when we do; killed, the next one finishes its work
QUARANTINED = 65  # the exit code of a landing that put messages aside which it could not read


class AlreadyRunning(RuntimeError):
    """Another process receives into the same home."""


def run(settings: Settings, iris: IrisSettings) -> None:
    """Receives until SIGTERM or SIGINT.

    Raises:
        AlreadyRunning: as it says.
    """
    folder = settings.spool.parent
    private_folder(folder)
    holder = folder / "receiver.holder"
    try:
        with FileLock(folder / "receiver.lock", timeout=0):
            holder.write_text(f"process {os.getpid()}")
            asyncio.run(_serve(settings, iris))
    except Timeout:
        raise AlreadyRunning(f"{holder.read_text()} is receiving into {settings.home} already") from None


async def _serve(settings: Settings, iris: IrisSettings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    status = Status(settings.spool.with_name("receiver.json"))
    receiver = Receiver(iris, settings.spool, status, stop)
    log.info("receiving from %s into %s", iris.where, settings.spool)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_drained(receiver, iris, stop))
        tasks.create_task(_every(iris.status_seconds, stop, lambda: log.info("%s", status.line())))
        tasks.create_task(_every(DAY_SECONDS, stop, lambda: alarm(iris), at_once=True))
        if iris.land_seconds:
            tasks.create_task(_land(settings, iris, receiver, status, stop))
    log.info("%s", status.line())


async def _drained(receiver: Receiver, iris: IrisSettings, stop: asyncio.Event) -> None:
    """The receiver, which is given so long to finish what it has in hand when it is told to stop."""
    receiving = asyncio.create_task(receiver.run())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait((receiving, stopping), return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    stopping.cancel()
    if (await asyncio.wait((receiving,), timeout=iris.drain_seconds))[1]:
        log.warning("gave up on the connection after %g s; what was not completed comes again", iris.drain_seconds)
        receiving.cancel()
        await asyncio.wait((receiving,))
    if not receiving.cancelled():
        receiving.result()


async def _every(seconds: float, stop: asyncio.Event, work, at_once: bool = False) -> None:
    if at_once:
        work()
    while not await _stopped_within(seconds, stop):
        work()


async def _stopped_within(seconds: float, stop: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await stop.wait()
    except TimeoutError:
        return False


def alarm(iris: IrisSettings) -> None:
    """Says in good time that the client secret ends, which the queue never does."""
    if iris.secret_expires is None:
        return
    days = (iris.secret_expires - clock.now().date()).days
    if days <= ALARM_DAYS:
        log.error(
            "ALARM: the client secret %s; make a new one at Elexon's IRIS portal, and put it into IRIS_CLIENT_SECRET "
            "and its date into IRIS_SECRET_EXPIRES",
            f"expires in {days} days, on {iris.secret_expires}" if days >= 0 else f"expired on {iris.secret_expires}",
        )


async def _land(settings: Settings, iris: IrisSettings, receiver: Receiver, status: Status, stop: asyncio.Event):
    """In a process of its own, so that neither its memory nor its end touches the receiver."""
    command = (sys.executable, "-m", "loaders.cli", "iris", "land")
    while not await _stopped_within(iris.land_seconds, stop):
        if not status.backlog.messages:
            continue
        environment = {**os.environ, "GB_POWER_HOME": str(settings.home), "GB_POWER_TARGET": settings.target}
        child = await asyncio.create_subprocess_exec(*command, env=environment, stdin=asyncio.subprocess.DEVNULL)
        code = await _ended(child, stop)
        if code in (0, QUARANTINED):
            status.last_landing_at_utc = clock.now()
            receiver.look_again()
        elif not stop.is_set():
            why = "another process lands" if code == LOCKED else f"landing ended with exit code {code}, see above"
            log.warning("%s; trying again in %g s", why, iris.land_seconds)
            status.error(why)
            receiver.look_again(suspect=code != LOCKED)


async def _ended(child: asyncio.subprocess.Process, stop: asyncio.Event) -> int:
    """The exit code; a child that outlives us by more than some seconds is stopped."""
    ending, stopping = asyncio.create_task(child.wait()), asyncio.create_task(stop.wait())
    await asyncio.wait((ending, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not ending.done():
        child.terminate()
        if (await asyncio.wait((ending,), timeout=CHILD_SECONDS))[1]:
            child.kill()
    return await ending


def main(log_level: str) -> None:
    """``python -m loaders.iris.run LOG_LEVEL``, which ``gb-power iris run`` becomes."""
    log_to_stderr(log_level)
    try:
        run(read_settings(), read_iris_settings())
    except AlreadyRunning as error:
        print(f"gb-power iris run: {error}", file=sys.stderr)
        sys.exit(LOCKED)


if __name__ == "__main__":
    main(sys.argv[1])
