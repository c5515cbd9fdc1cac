"""Arrow through dlt into the raw tables: append-only, all or nothing, resumable, one writer at a time.

A run of dlt is a load package: it is either wholly there after a kill or finished by the next run. Data and the
ledger rows that speak of it travel in one package.
"""

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dlt
import pyarrow as pa
from dlt.destinations import filesystem
from dlt.pipeline.exceptions import PipelineStepFailed

from loaders.catalogue import Dataset
from loaders.config import RAW_BMRS, RAW_IRIS, Settings
from loaders.decode import arrow_schema
from loaders.held import CannotLand
from loaders.http import WrongClock
from loaders.iris.tables import TABLES as MESSAGE_TABLES
from loaders.lock import only_writer
from loaders.set_aside import report_set_aside, set_aside
from loaders.whole_files import write_whole_files

log = logging.getLogger(__name__)

pa.set_memory_pool(pa.system_memory_pool())  # it gives memory back, which Arrow's own keeps: 40 MB less at the peak

_UTC = pa.timestamp("us", "UTC")
LINEAGE = {
    RAW_BMRS: [
        ("_fetched_at_utc", _UTC),
        ("_load_id", pa.string()),
        ("_window_from_utc", _UTC),
        ("_window_to_utc", _UTC),
    ],
    RAW_IRIS: [("_fetched_at_utc", _UTC), ("_load_id", pa.string()), ("_message_id", pa.string())],
}
WHOLE_DAY = ("_is_whole_day", pa.bool_())  # it came with all other rows of its day: those fetched before are withdrawn
WINDOWS = pa.schema([
    ("dataset", pa.string()), ("variant", pa.string()),
    ("window_from_utc", _UTC), ("window_to_utc", _UTC),
    ("settlement_date_from", pa.date32()), ("settlement_date_to", pa.date32()),
    ("asked_at_utc", _UTC), ("url", pa.string()), ("outcome", pa.string()),
    ("rows_answered", pa.int64()), ("rows_landed", pa.int64()),
    ("first_event_utc", _UTC), ("last_event_utc", _UTC), ("lag_seconds", pa.float64()),
    ("content_hash", pa.string()), ("body_bytes", pa.int64()), ("tries", pa.int64()),
    ("response_seconds", pa.float64()), ("error", pa.string()), ("_load_id", pa.string()),
])  # fmt: skip
QUARANTINE = pa.schema([
    ("dataset", pa.string()), ("variant", pa.string()),
    ("window_from_utc", _UTC), ("window_to_utc", _UTC),
    ("asked_at_utc", _UTC), ("url", pa.string()), ("error", pa.string()),
    ("body_gz", pa.binary()), ("_load_id", pa.string()),
])  # fmt: skip
KNOWN_ABSENT = pa.schema([
    ("dataset", pa.string()), ("settlement_date", pa.date32()), ("settlement_period", pa.int64()),
    ("asked_at_utc", _UTC), ("answer", pa.string()),
    ("readings_held", pa.int64()), ("readings_expected", pa.int64()),
    ("ask_again_at_utc", _UTC), ("_load_id", pa.string()),
])  # fmt: skip
WAREHOUSE = "warehouse"  # the lock of what dbt builds
LEDGERS = {
    RAW_BMRS: {"_windows": WINDOWS, "_quarantine": QUARANTINE, "_known_absent": KNOWN_ABSENT},
    RAW_IRIS: MESSAGE_TABLES,
}

os.environ.update({
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "CRITICAL",  # what it has to say, CannotLand says in plainer words
    "RESTORE_FROM_DESTINATION": "false",  # the ledger, not dlt's state, knows what is there
    "LOAD__DELETE_COMPLETED_JOBS": "true",
    "DATA_WRITER__COMPRESSION": "zstd",
    "DATA_WRITER__BUFFER_MAX_ITEMS": "20000",  # few big row groups
    "DATA_WRITER__ARROW_CONCAT_PROMOTE_OPTIONS": "default",  # a new field may appear half-way
})  # fmt: skip


class Refused(CannotLand):
    """BigQuery will not have a file of the package; asking again is of little use."""


write_whole_files()


def raw_schema(schema: str, dataset: Dataset) -> pa.Schema:
    """The raw table of a dataset: what was published, then how we came to know it."""
    lineage = [*LINEAGE[schema], *([WHOLE_DAY] if schema == RAW_BMRS and dataset.has_whole_days else [])]
    return pa.schema([*arrow_schema(dataset), *(pa.field(*column) for column in lineage)])


def raw_tables(schema: str, catalogue: dict[str, Dataset]) -> dict[str, pa.Schema]:
    """Every table of a raw schema."""
    channel = "rest" if schema == RAW_BMRS else "iris"
    tables = {entry.table: raw_schema(schema, entry) for entry in catalogue.values() if getattr(entry, channel)}
    return tables | LEDGERS[schema]


class Landing:
    """One raw schema, opened for writing. Use :func:`open_landing`."""

    def __init__(self, settings: Settings, schema: str, catalogue: dict[str, Dataset]):
        self.settings = settings
        self.schema = schema
        self._catalogue = catalogue
        self._mark = _tables_mark(settings, catalogue, schema)
        self._work = _work(settings)
        self._pipeline = dlt.pipeline(
            f"{schema}_{settings.target}",
            destination=_destination(settings),
            dataset_name=schema,
            pipelines_dir=str(self._work),
        )

    @property
    def _folder(self) -> Path:
        return self._work / self._pipeline.pipeline_name

    @property
    def _aside(self) -> Path:
        return self.settings.home / "set_aside" / self._folder.relative_to(self.settings.home / "pipelines")

    def recover(self) -> None:
        """Finishes what a killed run had committed, and removes what it had not."""
        self._finish_moves()
        for leftover in (self._folder / "normalize").glob("*/"):
            if leftover.name != "extracted":
                shutil.rmtree(leftover)
        for done in (self._folder / "load" / "loaded").glob("*"):
            shutil.rmtree(done)
        for half in self.settings.lake.glob(f"{self.schema}/*/*.tmp"):
            half.unlink()
        while self._pipeline.has_pending_data:
            log.warning("finishing the load that an earlier run left unfinished")
            try:
                self._run(None)
            except Refused:
                if not set_aside(self._folder, self._aside):
                    raise
        report_set_aside(self._folder, self._aside)

    def _finish_moves(self) -> None:
        """Ends the moves of a package between folders that dlt makes in two steps, and cannot go on from in between."""
        load = self._folder / "load"
        for package in (load / "normalized").glob("*"):
            shutil.rmtree(self._folder / "normalize" / "extracted" / package.name, ignore_errors=True)
            if (package / "package_completed.json").exists():
                package.rename(load / "loaded" / package.name)

    def ensure_tables(self) -> None:
        """Makes every raw table exist and hold every column, so that a model can read it before any row came."""
        if self._mark.exists():
            return
        tables = raw_tables(self.schema, self._catalogue)
        if self.settings.bigquery:
            from loaders.bigquery.landing import make_missing

            make_missing(self.settings.bigquery, self.schema, tables, self._catalogue)
        else:
            self.land((name, schema.empty_table()) for name, schema in tables.items())
        self._mark.touch()

    def land(self, items: Iterable[tuple[str, pa.Table]]) -> None:
        """Lands (table, rows) pairs as one load package.

        Raises:
            CannotLand: nothing, or a package that the next run finishes, is kept.
        """
        marked = (dlt.mark.with_table_name(rows, table) for table, rows in items)
        self._run(dlt.resource(marked, name="landed"))

    def _run(self, data) -> None:
        try:
            if data is not None and self._pipeline.has_pending_data:  # dlt would finish that, and forget the new
                raise CannotLand(f"an earlier load waits in {self._folder}")
            self._pipeline.run(data, loader_file_format="parquet")
            if self._pipeline.has_pending_data:  # so dlt ends when it is told to stop
                raise CannotLand(f"stopped half-way; the rest waits in {self._folder}")
        except PipelineStepFailed as error:
            cause = error
            while inner := cause.__cause__ or getattr(cause, "exception", None):
                cause = inner
            if self.settings.bigquery and error.step == "load":
                from loaders.bigquery.landing import explained

                self._mark.unlink(missing_ok=True)  # the next run looks whether a table is gone
                raise explained(self.settings.bigquery, self.schema, error, self._folder) from error
            if isinstance(cause, WrongClock):
                raise CannotLand(str(cause)) from error
            if not isinstance(cause, OSError):
                raise
            raise CannotLand(f"cannot write to {self.settings.home}: {cause}") from error


def _work(settings: Settings) -> Path:
    """Where dlt keeps packages: of one project never in the way of another's."""
    work = settings.home / "pipelines"
    return work / settings.bigquery.project if settings.bigquery else work


def _destination(settings: Settings):
    if not settings.bigquery:
        return filesystem(bucket_url=str(settings.lake))
    from loaders.bigquery.landing import destination  # Google's client takes a second to import

    return destination(settings.bigquery)


def _tables_mark(settings: Settings, catalogue: dict[str, Dataset], schema: str) -> Path:
    """A file that says that the tables of this very catalogue exist."""
    tables = {name: str(columns) for name, columns in raw_tables(schema, catalogue).items()}
    digest = hashlib.sha256(json.dumps(tables).encode()).hexdigest()
    name = f"_tables_{digest[:16]}"
    return _work(settings) / f"{schema}{name}" if settings.bigquery else settings.lake / schema / name


def ensure_tables(settings: Settings, catalogue: dict[str, Dataset], schema: str) -> None:
    """Makes the tables of a raw schema that this run does not write to, so that every model builds."""
    if not _tables_mark(settings, catalogue, schema).exists():
        with open_landing(settings, catalogue, schema):
            pass


@contextmanager
def open_landing(settings: Settings, catalogue: dict[str, Dataset], schema: str) -> Iterator[Landing]:
    """A raw schema, locked for this process, recovered, and with all its tables.

    Raises:
        Locked: another process holds it, and still did after the time to wait.
    """
    with only_writer(settings, schema):
        landing = Landing(settings, schema, catalogue)
        if settings.bigquery:  # rows that an earlier run left may lack a table that was dropped since
            landing.ensure_tables()
        landing.recover()
        landing.ensure_tables()
        yield landing
