"""The folder that Elexon's sample client writes, ``DIR/<DATASET>/<file>.json``, landed and emptied.

The client writes files in place, so one may be half there, and a redelivery may replace one at any moment: a file
is removed only if it is still the very one that was read, and what does not parse is given time to become whole.
The file's name is the message's id, so what was landed but not removed before a kill is known by the next scan.
"""

import errno
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import msgspec

from loaders.catalogue import load_catalogue
from loaders.config import RAW_IRIS, Settings
from loaders.iris.decoding import BYTE_ORDER_MARK
from loaders.iris.held import landed_ids
from loaders.iris.landing import land_messages
from loaders.iris.message import Message
from loaders.iris.tally import Tally
from loaders.landing import open_landing

PACKAGE_FILES = 100_000
QUARANTINE = ".quarantine"
GONE = (errno.ENOENT, errno.ELOOP, errno.EISDIR)  # no longer there, or now a link or a folder
YOUNG_SECONDS = 60  # a file that does not parse and was written since may still grow

_syntax = msgspec.json.Decoder(msgspec.Raw)


@dataclass(frozen=True, slots=True)
class Found:
    """A file as it was when it was read: another one under its name has another ``mark``."""

    folder: str
    name: str
    mark: tuple[int, int, int]  # inode, time of the last write, size


@dataclass
class Folder:
    """The client's folder, and what becomes of its files."""

    root: Path
    keep: Path | None = None
    young_seconds: float = YOUNG_SECONDS
    tally: Tally = field(default_factory=Tally)
    half_written: int = 0
    others: int = 0

    def names(self) -> Iterator[tuple[str, str]]:
        """(folder, file) of everything that looks like a message; links and special files do not."""
        for folder in sorted(os.listdir(self.root)):
            path = self.root / folder
            if folder.startswith("."):
                continue
            if path.is_symlink() or not path.is_dir():
                self.others += 1
                continue
            files = []
            with os.scandir(path) as entries:
                for entry in entries:
                    if entry.name.endswith(".json") and entry.is_file(follow_symlinks=False):
                        files.append(entry.name)
                    else:
                        self.others += 1
            yield from ((folder, name) for name in sorted(files))

    def messages(self, names: Iterable[tuple[str, str]], read: list[Found]) -> Iterator[Message]:
        """The messages in files, one at a time; ``read`` is told what they came from."""
        for folder, name in names:
            found, body, why = self._read(folder, name)
            if found is None:
                continue  # gone, or replaced by a link, since it was listed
            if why:
                self._unreadable(found, why)
                continue
            read.append(found)
            written = datetime.fromtimestamp(found.mark[1] / 1e9, UTC)
            yield Message(_text(name), _text(folder), body, written, "FILES")

    def _read(self, folder: str, name: str) -> tuple[Found | None, bytes, str | None]:
        path = os.path.join(self.root, folder, name)
        try:
            with open(path, "rb", buffering=0, opener=_not_a_link) as file:
                found = Found(folder, name, _mark(os.fstat(file.fileno())))
                body = file.read()
            _syntax.decode(body.removeprefix(BYTE_ORDER_MARK))
        except PermissionError as error:
            return Found(folder, name, _mark(os.lstat(path))), b"", str(error)
        except OSError as error:
            if error.errno not in GONE:
                raise
            return None, b"", None
        except (msgspec.DecodeError, RecursionError) as error:
            return found, b"", f"not JSON, or not all of it: {error}"
        return found, body, None

    def _unreadable(self, found: Found, why: str) -> None:
        """Left for the next scan while it may still grow; then moved aside, with the reason beside it."""
        if time.time() - found.mark[1] / 1e9 < self.young_seconds:
            self.half_written += 1
        elif self._still(found):
            target = self.root / QUARANTINE / found.folder / found.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.with_name(_reason_name(found.name)).write_text(f"{why}\n")
            os.replace(self.root / found.folder / found.name, target)
            counts = self.tally.of(_text(found.folder))
            counts.messages += 1
            counts.quarantined += 1

    def landed(self, read: list[Found]) -> None:
        """Removes, or moves to ``keep``, what is safe in the lake; what changed meanwhile is for the next scan."""
        for found in read:
            if not self._still(found):
                continue
            path = os.path.join(self.root, found.folder, found.name)
            if self.keep:
                target = self.keep / found.folder / found.name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.move(path, target)
            else:
                os.unlink(path)

    def _still(self, found: Found) -> bool:
        try:
            return _mark(os.lstat(os.path.join(self.root, found.folder, found.name))) == found.mark
        except FileNotFoundError:
            return False


def land_files(settings: Settings, folder: Folder) -> Tally:
    """Lands and empties the client's folder, once.

    Raises:
        Locked: another process lands.
        CannotLand: the files that had not landed are where they were.
    """
    catalogue = load_catalogue()
    with open_landing(settings, catalogue, RAW_IRIS) as landing:
        names = folder.names()
        while package := list(islice(names, PACKAGE_FILES)):
            read: list[Found] = []
            held = landed_ids(settings, (_text(name) for _, name in package))
            messages = folder.messages(package, read)
            folder.tally += land_messages(settings, catalogue, landing, messages, held=held)
            folder.landed(read)
    if folder.half_written:
        folder.tally.notes.append(f"{folder.half_written:,} files are still being written: left for the next scan")
    if folder.others:
        folder.tally.notes.append(f"{folder.others:,} entries of {folder.root} are no messages: left alone")
    return folder.tally


def _not_a_link(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW)


def _mark(stat: os.stat_result) -> tuple[int, int, int]:
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def _text(name: str) -> str:
    """A name as text that can be stored, whatever bytes it is made of."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _reason_name(name: str) -> str:
    """The name of the file that says why, which may be no longer than a file system allows."""
    return os.fsdecode(os.fsencode(name)[:240]) + ".reason.txt"
