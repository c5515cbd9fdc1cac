"""Small Parquet files of a day become one, and nobody who reads meanwhile sees a row twice or misses one.

A load every few minutes leaves hundreds of files a day, which are slow to open. They are merged beside the table's
folder, in another that holds hard links to all other files, and then the two folders change names in one step. A
query that begins before sees the old files, one that begins after the new. What remains: a query that began before
and comes to open one of the old files only after it fails with "No such file", never with a wrong answer; run it
again. ``gb-power build``, whose queries take minutes, and this command exclude one another.
"""

import ctypes
import os
import re
import shutil
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb

from loaders import clock
from loaders.catalogue import load_catalogue
from loaders.config import RAW_BMRS, RAW_IRIS, Settings
from loaders.held import read_lake
from loaders.landing import WAREHOUSE, open_landing
from loaders.lock import only_writer

SMALL_BYTES = 64 << 20
NOTES_KEPT = timedelta(days=30)
_LOADED_AT = re.compile(r"(\d{9,11})\.")  # how dlt names files: the load's second, its fraction, a number


class CannotCompact(RuntimeError):
    """The table is as it was; the message says why."""


@dataclass(frozen=True)
class Compacted:
    """One table whose files were merged."""

    schema: str
    table: str
    files_before: int
    files_after: int
    bytes_before: int
    bytes_after: int


def compact(settings: Settings, before: date | None = None) -> list[Compacted]:
    """Merges the small files of each day before ``before``, by default today (UTC), in every raw table.

    Raises:
        CannotLand: a load that was killed could not be finished.
        Locked: a build or a loader is at work, and still was after the time to wait; the tables before it are done.
        CannotCompact: a table could not be merged; the tables before it are done.
    """
    before, catalogue = before or clock.now().date(), load_catalogue()
    done = []
    for schema in (RAW_BMRS, RAW_IRIS):
        for folder in sorted((settings.lake / schema).glob("[!.]*/")):
            if folder.name == "_dlt_loads":
                _forget(folder, before - NOTES_KEPT)
            if folder.name.startswith("_dlt"):
                continue
            table = _Table(folder, before)
            if table.idle:
                continue
            # Opened, not only locked: a load that was killed between two files is finished before they are merged.
            with only_writer(settings, WAREHOUSE), open_landing(settings, catalogue, schema):
                if compacted := table.compact():
                    done.append(compacted)
    return done


class _Table:
    def __init__(self, folder: Path, before: date):
        self._folder = folder
        self._beside = folder.with_name(f".{folder.name}.compact")  # no reader's pattern finds it
        self._before = before

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do, as far as one can see without the lock."""
        return not self._days() and not self._beside.exists()

    def compact(self) -> Compacted | None:
        """Merges what there is to merge; the locks are held by the caller."""
        self._clean()  # what a killed run left: new files before the swap, old ones after it
        days = self._days()
        if not days:
            return None
        before = _size(self._folder)
        merged = {path for files in days.values() for path in files}
        self._beside.mkdir()
        for files in days.values():
            _merge(files, self._beside / f"{files[0].stem.rsplit('.', 1)[0]}.{os.urandom(5).hex()}.parquet")
        for path in self._folder.iterdir():
            if path not in merged:
                os.link(path, self._beside / path.name)
        sync(self._beside)
        self._swap()
        after = _size(self._folder)
        self._clean()
        return Compacted(self._folder.parent.name, self._folder.name, before[0], after[0], before[1], after[1])

    def _days(self) -> dict[date, list[Path]]:
        """The days with several small files, each with them in the order of their loads."""
        days: dict[date, list[Path]] = {}
        for path in sorted(self._folder.glob("*.parquet")):
            loaded = _LOADED_AT.match(path.name)
            if loaded and path.stat().st_size < SMALL_BYTES:
                day = datetime.fromtimestamp(int(loaded[1]), UTC).date()
                days.setdefault(day, []).append(path)
        return {day: files for day, files in days.items() if day < self._before and len(files) > 1}

    def _swap(self) -> None:
        exchange(self._beside, self._folder)
        sync(self._folder.parent)

    def _clean(self) -> None:
        if self._beside.exists():
            shutil.rmtree(self._beside)


def _forget(folder: Path, before: date) -> None:
    """Removes dlt's notes of old loads, a file for each, which nothing reads: the ledgers tell what was landed."""
    for note in folder.glob("*.jsonl"):
        if datetime.fromtimestamp(note.stat().st_mtime, UTC).date() < before:
            note.unlink()


def _merge(files: list[Path], target: Path) -> None:
    """Writes the rows of several files to one, and reads it again to see that they are the same."""
    with read_lake() as db:
        _copy(db, files, target)
        sums = [db.execute(f"select count(*), sum(hash(r)::hugeint) from {_rows(p)} as r").fetchone()
                for p in (files, [target])]  # fmt: skip
    if sums[0] != sums[1]:
        raise CannotCompact(f"{target}: its rows are not those of the {len(files)} files that it was made of: {sums}")
    sync(target)


def _copy(db: duckdb.DuckDBPyConnection, files: list[Path], target: Path) -> None:
    db.execute(f"copy (from {_rows(files)}) to {quoted_path(target)} (format parquet, compression zstd)")


def _rows(files: list[Path]) -> str:
    return f"read_parquet([{', '.join(map(quoted_path, files))}], union_by_name = true)"


def quoted_path(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _size(folder: Path) -> tuple[int, int]:
    sizes = [path.stat().st_size for path in folder.glob("*.parquet")]
    return len(sizes), sum(sizes)


def sync(path: Path) -> None:
    """On the disk before what comes next, also if the power fails."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def exchange(one: Path, other: Path) -> None:
    """Two folders change names in one step, for which Python has no word."""
    libc = ctypes.CDLL(None, use_errno=True)
    paths = os.fsencode(one), os.fsencode(other)
    if sys.platform == "darwin":
        failed = libc.renamex_np(*paths, ctypes.c_uint(2))
    else:
        here = ctypes.c_int(-100)  # AT_FDCWD
        failed = libc.renameat2(here, paths[0], here, paths[1], ctypes.c_uint(2))
    if failed:
        why = os.strerror(ctypes.get_errno())
        raise CannotCompact(f"{other}: this file system cannot swap two folders in one step ({why}); nothing changed")
