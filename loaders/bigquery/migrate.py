"""The embedded lake moves to BigQuery, by Parquet load jobs; what is there afterwards is compared with the lake.

Both sides are asked the same: of each table, day and load, how many rows there are and what their fingerprints add up
to. What BigQuery lacks is sent, whole days at a time, and then both sides must be equal. So a run that was stopped is
simply repeated, and rows that the loaders landed in BigQuery itself are in nobody's way.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from loaders.bigquery.client import REFUSED
from loaders.bigquery.jobs import LoadJobs
from loaders.bigquery.raw_table import Part, RawTable, Sums
from loaders.bigquery.tables import Layout, layouts, make_tables
from loaders.catalogue import Dataset, load_catalogue
from loaders.config import RAW_BMRS, RAW_IRIS, BigQuerySettings, Settings
from loaders.landing import WAREHOUSE, open_landing, raw_tables
from loaders.lock import only_writer

ROWS_PER_JOB = 1_000_000
DAYS_PER_JOB = 1_000  # BigQuery writes to no more than 4,000 partitions in one job


class CannotMigrate(RuntimeError):
    """The message says why. What was moved stays, and the next run goes on from there."""


@dataclass(frozen=True)
class Moved:
    """What the lake holds of one table, and what of that BigQuery lacked."""

    table: str
    rows: int
    days_lacking: int
    rows_lacking: int
    bytes_lacking: int  # of the lake's compressed Parquet


def migrate(settings: Settings, dry_run: bool) -> Iterator[Moved]:
    """Moves what BigQuery lacks, table after table, the ledgers last: they must not speak of rows that are not there.

    Args:
        settings: of the target BigQuery; the lake is that of the same home.
        dry_run: only says what would be moved.

    Raises:
        CannotMigrate: BigQuery refused, or holds other rows than the lake.
        Locked: a build or a loader is at work, and still was after the time to wait.
    """
    target = settings.bigquery
    if target is None:
        raise ValueError("these settings are of another target than BigQuery")
    if not settings.lake.exists():
        raise CannotMigrate(f"there is no lake in {settings.home}; GB_POWER_HOME says where it is")
    lake, catalogue = replace(settings, target="duckdb", bigquery=None), load_catalogue()
    with only_writer(lake, "migrate"), _refusals(target):
        mover = _Mover(target, settings.home / "migrate", dry_run)
        for schema in (RAW_BMRS, RAW_IRIS):
            tables = _tables(settings.lake / schema, catalogue)
            if not dry_run:
                laid_out = {table.name: table.layout for table in tables}
                make_tables(target, schema, {table.name: table.columns for table in tables}, laid_out)
            for table in tables:
                # Opened, not only locked: a load that was killed between two files is finished before they are read.
                with only_writer(lake, WAREHOUSE), open_landing(lake, catalogue, schema):
                    yield mover.move(table)


def _tables(folder: Path, catalogue: dict[str, Dataset]) -> list[RawTable]:
    wanted, laid_out = raw_tables(folder.name, catalogue), layouts(folder.name, catalogue)
    folders = [path for path in folder.glob("[!.]*/") if not path.name.startswith("_dlt")]
    folders.sort(key=lambda path: (path.name.startswith("_"), path.name))
    return [RawTable(path, wanted.get(path.name), laid_out.get(path.name, Layout())) for path in folders]


@contextmanager
def _refusals(settings: BigQuerySettings) -> Iterator[None]:
    try:
        yield
    except REFUSED as error:
        raise CannotMigrate(f"project {settings.project}: {error}") from error


class _Mover:
    def __init__(self, settings: BigQuerySettings, work: Path, dry_run: bool):
        self._settings = settings
        self._work = work
        self._dry_run = dry_run
        self._jobs = LoadJobs(settings, work)
        self._jobs.finish()

    def move(self, table: RawTable) -> Moved:
        """Sends what is lacking, if this is not a dry run."""
        lake, files = table.in_lake()
        lacking = _lacking(table, lake, table.in_bigquery(self._settings) if lake else {})
        if lacking and not self._dry_run:
            for parts in _packs(lacking):
                self._send(table, parts, set().union(*(files[day] for day, _ in parts)))
            if left := _lacking(table, lake, table.in_bigquery(self._settings)):
                raise CannotMigrate(f"{table}: BigQuery took the rows of {_days(left)} and does not hold them")
        rows, rows_lacking = (sum(rows for rows, _ in parts.values()) for parts in (lake, lacking))
        size = table.bytes * rows_lacking // max(rows, 1)
        return Moved(str(table), rows, len({day for day, _ in lacking}), rows_lacking, size)

    def _send(self, table: RawTable, parts: list[Part], files: set[str]) -> None:
        path = self._work / "rows.parquet"
        table.write(parts, files, path)
        self._jobs.load(table, path)
        path.unlink()


def _lacking(table: RawTable, lake: dict[Part, Sums], held: dict[Part, Sums]) -> dict[Part, Sums]:
    for (day, load), sums in lake.items():
        if (day, load) in held and held[day, load] != sums:
            raise CannotMigrate(
                f"{table} of {day or 'no day'}: the lake holds {sums[0]:,} rows of load {load}, BigQuery "
                f"{held[day, load][0]:,}, and they are not the same. If the lake is right, delete those in BigQuery "
                f"(_load_id = '{load}')"
            )
    return {part: sums for part, sums in lake.items() if part not in held}


def _packs(lacking: dict[Part, Sums]) -> Iterator[list[Part]]:
    """Whole days, oldest first, about so many rows at a time."""
    by_day: dict[date, list[Part]] = {}
    for part in lacking:
        by_day.setdefault(part[0] or date.min, []).append(part)
    pack, rows, days = [], 0, 0
    for day in sorted(by_day):
        pack += by_day[day]
        rows, days = rows + sum(lacking[part][0] for part in by_day[day]), days + 1
        if rows >= ROWS_PER_JOB or days == DAYS_PER_JOB:
            yield pack
            pack, rows, days = [], 0, 0
    if pack:
        yield pack


def _days(parts: dict[Part, Sums]) -> str:
    return ", ".join(sorted({str(day or "no day") for day, _ in parts}))
