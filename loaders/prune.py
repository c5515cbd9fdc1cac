"""Old versions of rows leave the lake; what ``bmrs_*_unified`` shows stays exactly as it is.

A raw row may go if it came before a moment and the served warehouse shows its key from other loads, and nothing of
that key from its own: it was superseded, or came on both channels. All else stays: deleted acceptances, whose key is
not shown, and would be again, and what says that they are gone; datasets without a unified model, or of which another
model reads every version. A table is changed as ``compact`` does it, beside its folder and then in one step: readers
see every row that is left once.

The ledger is told after that. A run that is killed in between leaves rows that ``gb-power gaps`` calls lost; its --fill
asks for them again and puts the ledger right.
"""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from loaders.catalogue import Dataset, load_catalogue, raw_name
from loaders.compact import exchange, quoted_path, sync
from loaders.config import RAW_BMRS, RAW_IRIS, Settings
from loaders.held import quoted
from loaders.landing import WAREHOUSE, WHOLE_DAY, WINDOWS, open_landing
from loaders.lock import only_writer
from loaders.scaffold_names import staged_name
from loaders.whole_text import write_whole

EVERY_VERSION = {"NDF", "REMIT", "TSDF", "WINDFOR"}  # read by models besides their own unified one
MARK = "_pruned.json"  # in a raw schema's folder: up to when messages of a dataset were pruned


class CannotPrune(RuntimeError):
    """Nothing of this table was removed; the message says why."""


@dataclass
class Prunable:
    """One raw table: which of its rows may go, or why none may."""

    schema: str
    dataset: Dataset
    rows: int = 0
    superseded: dict[Path, int] = field(default_factory=dict)  # file -> how many of its rows
    kept_because: str | None = None

    @property
    def going(self) -> int:
        """How many rows may go."""
        return sum(self.superseded.values())


def prunable(settings: Settings, entries: list[Dataset], before: datetime) -> Iterator[Prunable]:
    """What may go, table by table. Nothing is changed.

    Raises:
        duckdb.Error: the served warehouse cannot be read, so nothing is known to be in it.
    """
    with _opened(settings) as db:
        for entry in entries:
            for schema, channel in ((RAW_BMRS, entry.rest), (RAW_IRIS, entry.iris)):
                if channel:
                    yield _looked_at(db, settings, schema, entry, before)


def prune(settings: Settings, entry: Dataset, schema: str, before: datetime) -> Prunable:
    """Removes what may go from one table, under the locks of builds and loads.

    Raises:
        Locked, CannotLand: another is at work, or the ledger cannot be written.
        CannotPrune: what is left is not what it should be; the table is as it was.
    """
    with only_writer(settings, WAREHOUSE), open_landing(settings, load_catalogue(), schema) as landing:
        with _opened(settings) as db:
            found = _looked_at(db, settings, schema, entry, before)
            if not found.going:
                return found
            gone = _windows(db, found)
            _rewrite(db, settings.raw_files(schema, entry.table), found)
        if schema == RAW_BMRS:
            landing.land([("_windows", _written_off(entry, gone))])
        else:
            _mark(settings, entry, before)
    return found


def pruned_before(settings: Settings) -> dict[str, datetime]:
    """By dataset, the moment before which messages were pruned, so that their rows are not taken for lost."""
    path = settings.lake / RAW_IRIS / MARK
    marks = json.loads(path.read_text()) if path.exists() else {}
    return {name: datetime.fromisoformat(text) for name, text in marks.items()}


def _opened(settings: Settings) -> duckdb.DuckDBPyConnection:
    options: dict[str, str | bool | int | float | list[str]]
    options = {"memory_limit": "1GB", "threads": 2, "temp_directory": str(settings.home / "prune.tmp")}
    db = duckdb.connect(
        str(settings.served), read_only=True, config=options
    )  # temporary tables may be made all the same
    db.execute("set TimeZone = 'UTC'")
    return db


def _looked_at(db, settings: Settings, schema: str, entry: Dataset, before: datetime) -> Prunable:
    found, model = Prunable(schema, entry), f"bmrs_{entry.table}_unified"
    shown = db.execute(
        "select column_name from duckdb_columns() where schema_name = 'main' and table_name = $1", [model]
    )
    columns = {name for (name,) in shown.fetchall()}
    keys = {raw_name(name): staged_name(name, entry.all_columns[name]) for name in entry.key}
    if entry.dataset in EVERY_VERSION:
        found.kept_because = "a model reads every version"
    elif not columns:
        found.kept_because = f"the served warehouse has no {model}"
    elif unknown := {*keys.values(), "load_id"} - columns:
        found.kept_because = f"{model} has no {', '.join(sorted(unknown))}"
    if files := sorted(settings.raw_files(schema, entry.table).glob("*.parquet")):
        found.rows = db.execute(f"select count(*) from {_rows(files)}").fetchone()[0]
    if found.rows and not found.kept_because:
        is_marked = schema == RAW_BMRS and entry.has_whole_days
        _find(db, files, model, keys, before, f"not coalesce({WHOLE_DAY[0]}, false)" if is_marked else "true")
        counted = db.execute("select filename, count(*) from going group by 1 order by 1").fetchall()
        found.superseded = {Path(name): number for name, number in counted}
    return found


def _find(db, files: list[Path], model: str, keys: dict[str, str], before: datetime, may_go: str) -> None:
    """Makes ``going``: file and place of each row whose key is shown from other loads and from its own not at all."""
    same = " and ".join(f"shown.{quoted(b)} is not distinct from old.{quoted(a)}" for a, b in keys.items())
    db.execute(f"""
        create or replace temp table going as
        select old.filename, old.file_row_number, any_value(old._load_id) as _load_id
        from {_rows(files)} as old
        inner join (select distinct {", ".join(map(quoted, keys.values()))}, load_id from main.{model}) as shown
            on {same}
        where old._fetched_at_utc < $1 and {may_go}
        group by all
        having bool_and(shown.load_id != old._load_id)
    """, [before])  # fmt: skip


def _rows(files: list[Path]) -> str:
    names = ", ".join(map(quoted_path, files))
    return f"read_parquet([{names}], union_by_name = true, filename = true, file_row_number = true)"


def _rewrite(db, folder: Path, found: Prunable) -> None:
    """The table without these rows, beside it and then in its place; other files are linked."""
    beside = folder.with_name(f".{folder.name}.compact")  # as compact's, so that each sweeps away what the other left
    if beside.exists():
        shutil.rmtree(beside)
    beside.mkdir()
    for path in folder.iterdir():
        if path not in found.superseded:
            os.link(path, beside / path.name)
            continue
        left = f"from {_rows([path])} anti join going using (filename, file_row_number)"
        target = f"{quoted_path(beside / path.name)} (format parquet, compression zstd)"
        db.execute(f"copy (select * exclude (filename, file_row_number) {left}) to {target}")
        sync(beside / path.name)
    files = sorted(beside.glob("*.parquet"))
    rows = db.execute(f"select count(*) from {_rows(files)}").fetchone()[0]
    if rows != found.rows - found.going:
        shutil.rmtree(beside)
        raise CannotPrune(
            f"{folder}: {rows:,} rows would be left, not {found.rows - found.going:,}; nothing was removed"
        )
    sync(beside)
    exchange(beside, folder)
    sync(folder.parent)
    shutil.rmtree(beside)


def _windows(db, found: Prunable) -> list[tuple]:
    """How many rows go of each load and window."""
    if found.schema != RAW_BMRS:
        return []
    return db.execute(f"""
        select old._load_id, old._window_from_utc, old._window_to_utc, count(*)
        from {_rows(sorted(found.superseded))} as old
        semi join going using (filename, file_row_number)
        group by all order by all
    """).fetchall()


def _written_off(entry: Dataset, gone: list[tuple]) -> pa.Table:
    """Rows of the ledger after which it and the lake agree."""
    rows = [
        {"dataset": entry.dataset, "variant": "", "outcome": "written off", "window_from_utc": start,
         "window_to_utc": end, "rows_landed": -number, "_load_id": load_id}
        for load_id, start, end, number in gone
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, WINDOWS)


def _mark(settings: Settings, entry: Dataset, before: datetime) -> None:
    marks = pruned_before(settings)
    marks[entry.dataset] = max(before, marks.get(entry.dataset, before))
    text = json.dumps({name: moment.isoformat() for name, moment in sorted(marks.items())}, indent=1)
    write_whole(settings.lake / RAW_IRIS / MARK, text + "\n")
