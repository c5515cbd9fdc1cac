"""``gb-power backup`` and ``restore``: what comes back is what was there."""

import os
import shutil
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from loaders.alerts.state import open_state
from loaders.backup import PARTIAL, CannotRestore, backup, backups, restore
from loaders.catalogue import load_catalogue
from loaders.compact import compact
from loaders.config import read_settings
from loaders.iris.message import Message
from loaders.iris.spool import Spool
from loaders.lock import Locked, only_writer
from loaders.status.check import Check
from loaders.tests.lake import write_rows

DAY = datetime(2026, 11, 18, tzinfo=UTC)
COMMAND = [sys.executable, "-m", "loaders.cli"]
LATER = timedelta(minutes=5)


def frequencies(home: Path, load: datetime, part: int = 0) -> Path:
    """A file of one load, made up, under a name such as dlt gives."""
    entry = load_catalogue()["FREQ"]
    path = write_rows(home, "raw_bmrs", entry, [{"measurementTime": load.isoformat(), "frequency": 50.0}], load, part)
    return path.rename(path.with_name(f"{int(load.timestamp())}.{part}.{part}.parquet"))


def contents(home: Path) -> dict:
    """All that a home holds, as rows."""
    files = str(home / "lake/raw_bmrs/freq/*.parquet").replace("'", "''")
    with duckdb.connect() as db:
        raw = db.execute(f"from read_parquet('{files}') order by all").fetchall()
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as db:
        built = db.execute("from prices order by all").fetchall()
    with duckdb.connect(str(home / "served/warehouse.duckdb"), read_only=True) as db:
        served = db.execute("from prices order by all").fetchall()
    with Spool(home / "iris/spool.db") as spool:
        waiting = spool.waiting(100, 1 << 20)
    with open_state(home / "alerts/state.db") as state:
        told = state.told()
    return {"raw": raw, "built": built, "served": served, "waiting": waiting, "told": told}


@pytest.fixture
def settings(tmp_path, prepared):
    """A home with rows in all its parts, in a path with a space and a quote."""
    settings = replace(read_settings("duckdb"), home=tmp_path / "it's a home", lock_wait_seconds=0)
    shutil.copytree(prepared, settings.home)
    for part in range(3):
        frequencies(settings.home, DAY + part * LATER, part)
    with duckdb.connect(str(settings.home / "warehouse.duckdb")) as db:
        db.execute("create table prices as select range as period, range * 1.5 as price from range(1, 49)")
    settings.served.parent.mkdir()
    shutil.copyfile(settings.home / "warehouse.duckdb", settings.served)
    with Spool(settings.spool) as spool:
        spool.add([Message(f"FREQ_{n}.json", "FREQ", b"[]", DAY, "QUEUE") for n in range(5)])
    with open_state(settings.alerts) as state:
        state.observe(Check("x", None, "critical", ""), DAY)
    return settings


def test_what_is_restored_is_what_was_there(settings, tmp_path):
    before = contents(settings.home)
    assert [len(before[name]) for name in before] == [3, 48, 48, 5, 1]
    with Spool(settings.spool):  # somebody has the file open, with its journal beside it
        done = backup(settings, tmp_path / "backup", 7)
    assert done.files > 200
    settings.home.rename(tmp_path / "lost")
    (settings.home / "iris").mkdir(parents=True)  # where something ran before the restore
    restore(settings, tmp_path / "backup")
    assert contents(settings.home) == before
    frequencies(settings.home, DAY + timedelta(days=1))
    elsewhere = replace(settings, home=tmp_path / "elsewhere")
    restore(elsewhere, done.path)
    assert contents(elsewhere.home) == before, "what came after the backup is not in it"


def test_a_second_backup_links_what_it_has_and_holds_what_compact_made(settings, tmp_path):
    first = backup(settings, tmp_path / "backup", 7).path
    compact(settings)
    frequencies(settings.home, datetime.now(UTC))
    now = contents(settings.home)
    first.rename(first := first.with_name("20261101T000000Z"))
    second = backup(settings, tmp_path / "backup", 7).path
    old, new = (sorted(path.name for path in (b / "lake/raw_bmrs/freq").glob("[0-9]*")) for b in (first, second))
    assert len(new) == len(old) - 2 + 1, "three of a day became one, and another came"
    tables = "lake/raw_bmrs/boalf"
    kept = next((second / tables).iterdir())
    assert kept.samefile(first / tables / kept.name)
    assert not (first / "warehouse.duckdb").samefile(second / "warehouse.duckdb")
    home = replace(settings, home=tmp_path / "again")
    restore(home, tmp_path / "backup")
    assert contents(home.home) == now


def test_only_the_last_ones_are_kept_and_a_half_one_is_swept_away(settings, tmp_path):
    folder = tmp_path / "backup"
    (folder / PARTIAL / "lake").mkdir(parents=True)
    for name in ("20261101T000000Z", "20261102T000000Z"):
        backup(settings, folder, 7).path.rename(folder / name)
    last = backup(settings, folder, 2).path
    assert backups(folder) == [folder / "20261102T000000Z", last]
    assert not (folder / PARTIAL).exists()


def test_nothing_is_restored_over_a_home_or_from_a_backup_that_is_not_whole(settings, tmp_path):
    folder = tmp_path / "backup"
    made = backup(settings, folder, 7).path
    with pytest.raises(CannotRestore, match="holds lake, .*, iris/spool.db already"):
        restore(settings, folder)
    empty = replace(settings, home=tmp_path / "new")
    with open(made / "warehouse.duckdb", "r+b") as file:
        file.truncate(100)
    with pytest.raises(CannotRestore, match="1 files are missing or cut, such as warehouse.duckdb"):
        restore(empty, folder)
    assert not empty.home.exists()
    (empty.home / "jobs").mkdir(parents=True)  # as of a schedule that goes on
    (empty.home / "jobs" / "load.json").write_text("{}")
    assert [path.name for path in empty.home.iterdir()] == ["jobs"]
    with pytest.raises(CannotRestore, match="holds no backup"):
        restore(empty, tmp_path / "nowhere")


def test_a_backup_waits_for_a_build_and_leaves_nothing_when_it_cannot(settings, tmp_path):
    with only_writer(settings, "warehouse"), pytest.raises(Locked, match="is writing to warehouse"):
        backup(replace(settings, lock_wait_seconds=0.1), tmp_path / "backup", 7)
    assert backups(tmp_path / "backup") == []


def test_the_three_commands(settings, tmp_path):
    env = os.environ | {"GB_POWER_HOME": str(settings.home)}

    def run(*args: str) -> subprocess.CompletedProcess:
        return subprocess.run([*COMMAND, *args], env=env, capture_output=True, text=True, check=False, cwd=tmp_path)

    assert run("backup", str(tmp_path / "backup")).returncode == 0
    refused = run("restore", str(tmp_path / "backup"))
    assert (refused.returncode, "already: move it away" in refused.stderr) == (1, True)
    os.rename(settings.home, tmp_path / "lost")
    assert "files" in run("restore", str(tmp_path / "backup")).stdout
    with closing(duckdb.connect(str(settings.served), read_only=True)) as db:
        assert db.execute("select count(*) from prices").fetchone() == (48,)
