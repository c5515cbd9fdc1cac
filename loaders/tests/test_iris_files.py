"""The sample client's folder: landed and emptied while the client writes, and no file is lost or landed twice."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest

from loaders.config import RAW_IRIS, read_settings
from loaders.iris.files import Folder, land_files
from loaders.tests.messages import IRIS_NAMES, message, row
from loaders.tests.test_iris_kill import DYING, POINTS

OLD = time.time() - 3600


@pytest.fixture
def client(tmp_path):
    """The sample client: writes a message as a file, in place, and returns its path."""

    def write(name: str, number: int = 0, body: bytes | None = None, file: str | None = None, age: float = 3600):
        path = tmp_path / "iris data" / name / (file or f"{name}_{number:06}.json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(message(name, number=number).body if body is None else body)
        os.utime(path, (time.time() - age,) * 2)
        return path

    return write


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "iris data"
    path.mkdir()
    return path


@pytest.fixture
def land(home, folder):
    """Lands the folder in this process."""
    settings = replace(read_settings(), home=home.path)
    return lambda **options: land_files(settings, Folder(folder, **options))


def iris_files(home, folder, *options: str, code: int = 0) -> str:
    return home.run("iris", "files", str(folder), *options, code=code).stdout


def ids(home, table: str) -> list[str]:
    return [name for (name,) in home.raw(table, "select _message_id from raw order by 1", RAW_IRIS)]


def left(folder) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def test_the_folder_is_landed_and_emptied(home, folder, client):
    for number in range(3):
        client("MELS", number)
    client("SYS_WARN")
    written = client("NEWSET", body=b'{"a": 1}', age=100).stat().st_mtime
    assert "5 messages, 4 rows landed" in iris_files(home, folder)
    assert left(folder) == []
    assert ids(home, "mels") == [f"MELS_{number:06}.json" for number in range(3)]
    assert ids(home, "syswarn") == ["SYS_WARN_000000.json"]
    query = "select dataset, channel, epoch(received_at_utc) from raw where outcome = 'UNMAPPED'"
    assert home.raw("_messages", query, RAW_IRIS) == [("NEWSET", "FILES", pytest.approx(written, abs=1e-3))]


def test_landed_files_are_kept_elsewhere_if_asked(home, folder, client, tmp_path):
    body = client("MELS").read_bytes()
    iris_files(home, folder, "--keep", str(tmp_path / "kept"))
    assert left(folder) == []
    assert (tmp_path / "kept/MELS/MELS_000000.json").read_bytes() == body


@pytest.mark.parametrize("cut", [0, 1, 40, -1])
def test_a_half_written_file_waits_until_it_is_whole(home, folder, client, land, cut):
    whole = message("MELS").body
    client("MELS", body=whole[:cut], age=5)
    tally = land()
    assert tally.notes == ["1 files are still being written: left for the next scan"]
    assert (tally.total().messages, left(folder)) == (0, ["MELS/MELS_000000.json"])
    client("MELS", body=whole, age=0)
    land()
    assert (ids(home, "mels"), left(folder)) == (["MELS_000000.json"], [])


def test_what_stays_unreadable_is_moved_aside_with_the_reason_and_the_others_land(home, folder, client, land):
    client("MELS", 1, body=b'[{"timeFrom": "2026')
    client("MELS", 2, body=b"")
    client("MELS", 3, file="x" * 250 + ".json", body=b"<html>")
    client("MELS", 4)
    assert "quarantine" in iris_files(home, folder, code=65)
    assert ids(home, "mels") == ["MELS_000004.json"]
    aside = folder / ".quarantine" / "MELS"
    assert len(left(folder)) == 6
    assert (aside / "MELS_000001.json").read_bytes() == b'[{"timeFrom": "2026'
    assert "not all of it" in (aside / "MELS_000001.json.reason.txt").read_text()
    client("MELS", 1)  # the client gets it once more, whole
    land()
    assert ids(home, "mels") == ["MELS_000001.json", "MELS_000004.json"]


def test_a_file_that_may_not_be_read_is_moved_aside_and_stops_no_other(home, folder, client, land, monkeypatch):
    client("MELS", 1)
    client("MELS", 2)
    real = os.open

    def refusing(path, flags, *more, **named):
        if str(path).endswith("MELS_000001.json"):
            raise PermissionError(13, "Permission denied", path)
        return real(path, flags, *more, **named)

    monkeypatch.setattr(os, "open", refusing)
    assert land().of("MELS").quarantined == 1
    assert ids(home, "mels") == ["MELS_000002.json"]
    assert "Permission denied" in (folder / ".quarantine/MELS/MELS_000001.json.reason.txt").read_text()


def test_valid_json_of_a_wrong_type_is_kept_in_the_lake_and_leaves_the_folder(home, folder, client, land):
    client("MELS", body=json.dumps([row(IRIS_NAMES["MELS"]) | {"levelTo": "high"}]).encode())
    assert land().of("MELS").quarantined == 1
    assert home.raw("_quarantine", "select message_id from raw", RAW_IRIS) == [("MELS_000000.json",)]
    assert left(folder) == []


def test_names_that_mean_harm_do_none(home, folder, client, land, tmp_path):
    outside = tmp_path / "outside.json"
    outside.write_bytes(message("MELS").body)
    (folder / "MELS").mkdir()
    (folder / "MELS" / "link.json").symlink_to(outside)
    (folder / "LINKED").symlink_to(tmp_path)
    (folder / "MELS" / "folder.json").mkdir()
    os.mkfifo(folder / "MELS" / "fifo.json")
    client("MELS", file="notes.txt")
    client("MELS", file="..json")
    client("MELS", file="a'b\n;drop table.json", number=1)
    odd = os.path.join(os.fsencode(folder), b"MELS", b"\xff.json")
    with open(odd, "wb") as file:
        file.write(message("MELS", number=2).body)
    tally = land()
    assert tally.total().rows == 3
    assert ids(home, "mels") == ["..json", "\\xff.json", "a'b\n;drop table.json"]
    assert outside.exists()
    assert (folder / "LINKED").is_symlink()
    assert left(folder) == ["MELS/fifo.json", "MELS/link.json", "MELS/notes.txt"]
    assert tally.notes == [f"5 entries of {folder} are no messages: left alone"]


def test_a_file_replaced_between_reading_and_removal_stays_and_is_no_second_message(
    home, folder, client, land, monkeypatch
):
    path = client("MELS")
    real = Folder.landed

    def replaced_meanwhile(self, read):
        client("MELS", body=message("MELS").body + b" ", age=0)
        real(self, read)

    monkeypatch.setattr(Folder, "landed", replaced_meanwhile)
    land()
    assert path.exists()
    monkeypatch.undo()
    assert land().of("MELS").duplicates == 1
    assert not path.exists()
    assert ids(home, "mels") == ["MELS_000000.json"]


def test_nothing_is_lost_or_doubled_while_the_client_writes_and_writes_again(home, folder, client, land):
    def write():
        for number in range(400):
            client("MELS", number, age=0)
            if number % 3 == 0:
                client("MELS", number // 2, age=0)  # a redelivery

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        land()
    writer.join()
    land()
    assert ids(home, "mels") == [f"MELS_{number:06}.json" for number in range(400)]
    assert left(folder) == []


@pytest.mark.parametrize("point", ["before the package is loaded", "before files are removed"])
def test_a_killed_scan_is_completed_by_the_next(home, folder, client, land, point):
    for number in range(50):
        client("MELS", number)
        client("MILS", number)
    dying = DYING.replace('["iris", "land"]', f'["iris", "files", {str(folder)!r}]')
    points = POINTS | {"before files are removed": ("loaders.iris.files", "Folder", "landed", 1)}
    command = [sys.executable, "-c", dying, *map(str, points[point])]
    assert subprocess.run(command, env=home.env, capture_output=True, check=False).returncode == -signal.SIGKILL
    assert len(left(folder)) == 100
    land()
    assert left(folder) == []
    for name in ("mels", "mils"):
        assert home.raw(name, "select count(*), count(distinct _message_id) from raw", RAW_IRIS) == [(50, 50)]
