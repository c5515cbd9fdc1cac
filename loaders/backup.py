"""Copies of a home that fit together: lake, spool, warehouse and what was told, as of one moment.

A backup is a dated folder. Files of the lake never change, so they are hard links to those of the backup before, or of
the lake where both are on one disk: a daily backup takes the room of a day. What does change is copied: SQLite through
its own backup, DuckDB while no build runs. A folder that is not whole has another name and is swept away by the next.
"""

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from loaders import clock
from loaders.config import RAW_BMRS, RAW_IRIS, Settings
from loaders.landing import WAREHOUSE
from loaders.lock import only_writer

IMMUTABLE = ("lake", "served", "set_aside")  # folders whose files are replaced, never written to
DATABASES = ("iris/spool.db", "alerts/state.db")
FILES = ("warehouse.duckdb", "warehouse.duckdb.wal")
HOLDS_ROWS = ("lake", "warehouse.duckdb", "served/warehouse.duckdb", "iris/spool.db")
MANIFEST = "manifest.json"
PARTIAL = ".partial"


class CannotRestore(RuntimeError):
    """Nothing was changed; the message says why and what to do."""


@dataclass(frozen=True)
class Copied:
    """What a backup or a restore brought about."""

    path: Path
    files: int
    bytes: int


def backup(settings: Settings, folder: Path, keep: int) -> Copied:
    """Makes a new backup in ``folder`` and removes all but the last ``keep``.

    Raises:
        Locked: a loader or a build is at work, and still was after the time to wait.
        OSError: no room, or not allowed; what was copied is swept away by the next backup.
    """
    half = folder / PARTIAL
    if half.exists():
        shutil.rmtree(half)
    half.mkdir(parents=True)
    before = backups(folder)
    for file in _immutable(settings.home):  # most of the work, while others go on
        _link(file, settings.home, half, before[-1:])
    with ExitStack() as locks:
        for name in (WAREHOUSE, RAW_BMRS, RAW_IRIS):
            locks.enter_context(only_writer(settings, name))
        here = set(_immutable(settings.home))
        for file in here:
            _link(file, settings.home, half, before[-1:])
        for file in set(_immutable(half)) - here:  # merged meanwhile
            (half / file).unlink()
        _copy_what_changes(settings.home, half)
    manifest = {str(file): (half / file).stat().st_size for file in _all(half)}
    (half / MANIFEST).write_text(json.dumps(manifest, indent=0))
    whole = folder / f"{clock.now():%Y%m%dT%H%M%SZ}"
    half.rename(whole)
    for old in backups(folder)[:-keep]:
        shutil.rmtree(old)
    return Copied(whole, len(manifest), sum(manifest.values()))


def backups(folder: Path) -> list[Path]:
    """The whole backups of a folder, oldest first."""
    return sorted(path.parent for path in folder.glob(f"[0-9]*Z/{MANIFEST}"))


def restore(settings: Settings, folder: Path) -> Copied:
    """Makes the home what it was; ``folder`` is a backup, or holds some: then it is the newest.

    Raises:
        CannotRestore: the home is not empty, or the backup is not there or not whole.
    """
    source = folder if (folder / MANIFEST).exists() else next(reversed(backups(folder)), None)
    if source is None:
        raise CannotRestore(f"{folder} holds no backup that is whole: 'gb-power backup' makes them")
    if held := [name for name in HOLDS_ROWS if (settings.home / name).exists()]:
        raise CannotRestore(f"{settings.home} holds {', '.join(held)} already: move it away, or set GB_POWER_HOME")
    manifest = json.loads((source / MANIFEST).read_text())
    broken = [name for name, size in manifest.items() if _size(source / name) != size]
    if broken:
        raise CannotRestore(f"{source}: {len(broken)} files are missing or cut, such as {broken[0]}; use an older one")
    half = settings.home / PARTIAL  # inside, since what is around it may belong to root
    if half.exists():
        shutil.rmtree(half)
    for name in manifest:
        (half / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source / name, half / name)
    for part in half.iterdir():
        if (old := settings.home / part.name).is_dir():
            shutil.rmtree(old)  # such as notes of jobs that ran meanwhile; of rows there are none
        part.rename(old)
    half.rmdir()
    return Copied(source, len(manifest), sum(manifest.values()))


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.exists() else None


def _all(folder: Path) -> Iterator[Path]:
    return (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def _immutable(home: Path) -> Iterator[Path]:
    for name in IMMUTABLE:
        for path in (home / name).rglob("*"):
            inside = path.relative_to(home)
            hidden = any(part.startswith(".") for part in inside.parts)  # a merge at work
            if not hidden and path.suffix != ".tmp" and path.is_file():
                yield inside


def _link(file: Path, home: Path, half: Path, before: list[Path]) -> None:
    """One file of the lake into the backup, from the cheapest place."""
    target = half / file
    source = home / file
    try:
        size = source.stat().st_size
        if target.exists() and _is_same(source, target):
            return
        target.unlink(missing_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        older = before and before[0] / file
        if older and older.exists() and _is_same(source, older):
            os.link(older, target)
        elif source.stat().st_dev == half.stat().st_dev:
            os.link(source, target)
        else:
            shutil.copy2(source, target)
    except FileNotFoundError:
        return  # merged or replaced meanwhile; the second look, under the locks, sees what there is
    if target.stat().st_size != size and not source.exists():
        target.unlink()


def _is_same(one: Path, other: Path) -> bool:
    a, b = one.stat(), other.stat()
    return (a.st_size, a.st_mtime_ns) == (b.st_size, b.st_mtime_ns)


def _copy_what_changes(home: Path, half: Path) -> None:
    for name in DATABASES:
        if (home / name).exists():
            (half / name).parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(home / name, timeout=30)) as db, closing(sqlite3.connect(half / name)) as copy:
                db.backup(copy)
    files = [*(home / name for name in FILES), *(home / "jobs").glob("*.json")]
    for path in files:
        if path.exists():
            target = half / path.relative_to(home)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
