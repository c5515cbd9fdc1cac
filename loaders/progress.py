"""How far a run is: a bar on a terminal, plain lines in a log."""

import logging
import time
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from loaders.windows import Window

log = logging.getLogger(__name__)

SECONDS_BETWEEN_LINES = 30.0


class Progress(Protocol):
    """Told of each window that is done."""

    def __enter__(self) -> Self: ...
    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None: ...
    def advance(self, window: Window, rows: int) -> None: ...


class Bar:
    """A line that moves: dataset, windows, rows, rows a second, time left."""

    def __init__(self, total: int, console: Console):
        columns = (TextColumn("{task.description:<16}"), BarColumn(), MofNCompleteColumn(), TextColumn("windows"))
        rates = (TextColumn("{task.fields[rows]:>12,} rows {task.fields[rate]:>9,}/s"), TimeRemainingColumn())
        self._bar = RichProgress(*columns, *rates, console=console)
        self._task = self._bar.add_task("", total=total, rows=0, rate=0)
        self._rows, self._began = 0, time.monotonic()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_) -> None:
        self._bar.stop()

    def advance(self, window: Window, rows: int) -> None:
        """One window more."""
        self._rows += rows
        rate = round(self._rows / max(0.001, time.monotonic() - self._began))
        self._bar.update(self._task, advance=1, description=window.dataset, rows=self._rows, rate=rate)


class Lines:
    """A line now and then, for cron."""

    def __init__(self, total: int):
        self._total, self._done, self._rows = total, 0, 0
        self._said = self._began = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_) -> None:
        pass

    def advance(self, window: Window, rows: int) -> None:
        """One window more."""
        self._done += 1
        self._rows += rows
        now = time.monotonic()
        if now - self._said >= SECONDS_BETWEEN_LINES:
            left = (now - self._began) / self._done * (self._total - self._done)
            log.info("%d of %d windows, %d rows, %.0f s left; at %s", self._done, self._total, self._rows, left, window)
            self._said = now


def progress(total: int, console: Console) -> Progress:
    """A bar where somebody watches, lines elsewhere."""
    return Bar(total, console) if console.is_terminal else Lines(total)
