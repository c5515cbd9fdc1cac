"""One writer of a raw schema, and of the warehouse, at a time on this machine."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from loaders.config import Settings

LOCKED = 75  # the exit code of what did not get the lock: EX_TEMPFAIL
log = logging.getLogger(__name__)


class Locked(RuntimeError):
    """Another loader is at work; the message says which."""


@contextmanager
def only_writer(settings: Settings, schema: str) -> Iterator[None]:
    """Holds the lock of a raw schema or of the warehouse; the operating system frees it however the process ends.

    Raises:
        Locked: who holds it.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(settings.home / f"{schema}.lock")
    holder = settings.home / f"{schema}.holder"
    try:
        if not _acquired(lock, 0):
            log.warning("waiting for %s, which writes to %s", _who(holder), settings.home)
            lock.acquire(timeout=settings.lock_wait_seconds)
    except Timeout:
        raise Locked(
            f"{_who(holder)} is writing to {schema} in {settings.home}, and still was after "
            f"{settings.lock_wait_seconds:g} s; wait for it, or raise GB_POWER_LOCK_WAIT_SECONDS"
        ) from None
    with lock:
        lock.release()  # the context holds it once more
        holder.write_text(f"process {os.getpid()} (since {datetime.now(UTC):%Y-%m-%d %H:%M:%S}Z)")
        yield


def _who(holder: Path) -> str:
    return holder.read_text() if holder.exists() else "another process"  # that has not said so yet


def _acquired(lock: FileLock, timeout: float) -> bool:
    try:
        lock.acquire(timeout=timeout)
    except Timeout:
        return False
    return True
