"""One run of ``gb-power gaps --fill``: ask for what is missing, land it, look again, and write down what is not there.

REST is asked first, in whole windows: what is news in them is found by comparing rows, since the ledger cannot be
believed where the lake lost something. Messages come from IRIS's archive. Newest first, up to a number of requests; the
rest is for the next run.
"""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pyarrow as pa

from loaders import clock
from loaders.bmrs.source import Load
from loaders.catalogue import Dataset
from loaders.config import RAW_BMRS, RAW_IRIS, Settings
from loaders.gaps.absent import absences, refresh
from loaders.gaps.found import found_gaps
from loaders.gaps.gap import Gap
from loaders.gaps.messages import Restore, unreceived
from loaders.iris.archive import Blob
from loaders.iris.backfill import Span
from loaders.iris.held import seen_datasets
from loaders.iris.landing import datasets_by_name
from loaders.landing import WAREHOUSE, WINDOWS, ensure_tables, open_landing
from loaders.ledger import Ledger
from loaders.load_id import new_load_id
from loaders.lock import only_writer
from loaders.logs import ERR
from loaders.progress import progress
from loaders.windows import DAY, Window, settlement_day

log = logging.getLogger(__name__)

FILL = "gaps"  # the lock: a second run would ask for the same
GOOD = ("landed", "unchanged")


@dataclass
class Filled:
    """What came of a run."""

    gaps: list[Gap] = field(default_factory=list)  # that were worth asking for
    requests: int = 0
    rows: int = 0
    messages: int = 0
    failed: list[str] = field(default_factory=list)
    left: int = 0  # requests for the next run
    absent: int = 0  # periods that Elexon does not have
    missing: list[Gap] = field(default_factory=list)  # still, with those that are known to be absent


class Fill:
    """One run, on the warehouse as it was built last."""

    def __init__(self, settings: Settings, catalogue: dict[str, Dataset], max_requests: int, archive_days: int):
        self._settings = settings
        self._catalogue = catalogue
        self._left = max_requests
        self._archive_days = archive_days
        self._warehouse = settings.home / "warehouse.duckdb"
        self.filled = Filled()

    def run(self) -> Filled:
        """Asks, lands, looks again.

        Raises:
            Locked: another run, a loader or a build is at work.
            CannotLand: what was landed before stays.
        """
        for schema in (RAW_BMRS, RAW_IRIS):
            ensure_tables(self._settings, self._catalogue, schema)
        with only_writer(self._settings, FILL):
            began = clock.now()
            found = self._found()
            self.filled.missing = found
            self.filled.gaps = [gap for gap in found if gap.is_due(began)]
            self._ask_rest(self.filled.gaps)
            self._ask_archive([gap for gap in self.filled.gaps if gap.messages])
            self._look_again(began)
        return self.filled

    def _found(self) -> list[Gap]:
        with only_writer(self._settings, WAREHOUSE):
            return found_gaps(self._settings, self._catalogue, self._warehouse)

    def _ask_rest(self, gaps: list[Gap]) -> None:
        asked = self._within_bounds(dict.fromkeys(w for gap in gaps for w in gap.windows(self._catalogue)))
        if not asked:
            return
        asked.sort(key=lambda w: (w.dataset, w.variant, w.start.timestamp() if w.start else 0))
        with open_landing(self._settings, self._catalogue, RAW_BMRS) as landing:
            ledger = Ledger(self._settings, sorted({window.dataset for window in asked}))
            load = Load(self._settings, self._catalogue, landing, ledger, trusts=lambda window: False)
            with progress(len(asked), ERR) as bar:
                tallies = load.run(asked, bar)
            self.filled.rows += sum(tally.rows_landed for tally in tallies.values())
            self.filled.failed += [f"{w}: {why}" for tally in tallies.values() for w, why in tally.missing]
            self._write_off(landing, gaps, load.outcomes)

    def _within_bounds(self, wanted) -> list:
        """As many as may still be asked for, of what is newest first."""
        wanted = list(wanted)
        asked, self._left = wanted[: self._left], max(0, self._left - len(wanted))
        self.filled.requests += len(asked)
        self.filled.left += len(wanted) - len(asked)
        return asked

    def _write_off(self, landing, gaps: list[Gap], outcomes: dict[Window, str]) -> None:
        """Tells the ledger of rows that were lost and that Elexon was asked for again, so that the two agree."""
        entries = []
        for gap in gaps:
            if gap.load_id and all(outcomes.get(window) in GOOD for window in gap.windows(self._catalogue)):
                entries.append({
                    "dataset": gap.dataset, "variant": "", "outcome": "written off",
                    "window_from_utc": gap.start, "window_to_utc": gap.end,
                    "rows_landed": -gap.rows_lost, "_load_id": gap.load_id,
                })  # fmt: skip
        if entries:
            landing.land([("_windows", pa.Table.from_pylist(entries, schema=WINDOWS))])

    def _ask_archive(self, lost: list[Gap]) -> None:
        """Messages whose rows are gone, and those of the last days that never came."""
        last = settlement_day(clock.now())
        span = Span(last - self._archive_days * DAY, last)
        seen = seen_datasets(self._settings, span.start - timedelta(days=7))
        listings = [(name, day) for name in seen for day in range(self._archive_days + 1)] if self._archive_days else []
        if len(self._within_bounds(listings)) == len(listings) > 0:
            unknown = unreceived(self._settings, seen, span)
            self.filled.gaps += unknown
            self.filled.failed += [f"{gap.dataset}: {gap.why}" for gap in unknown if not gap.messages]
            lost = [*lost, *unknown]
        blobs = self._within_bounds(dict.fromkeys(Blob(gap.dataset, name) for gap in lost for name in gap.messages))
        restore = Restore(self._settings, self._catalogue)
        restore.run(blobs)
        self.filled.messages += restore.fetched
        self.filled.rows += restore.rows
        self.filled.failed += [f"{name}: {why}" for name, why in restore.failed.items()]

    def _look_again(self, began: datetime) -> None:
        """Builds again what gaps are told from, and notes what Elexon does not have.

        Raises:
            CannotLookAgain: what was landed stays.
        """
        if not self.filled.gaps:
            return
        by_name = datasets_by_name(self._catalogue)
        touched = {by_name[gap.dataset.upper()].dataset if gap.messages else gap.dataset for gap in self.filled.gaps}
        with only_writer(self._settings, WAREHOUSE):
            refresh(self._settings, touched)
            absent = absences(
                self._settings, self._warehouse, began, clock.now(), new_load_id(self._settings, RAW_BMRS)
            )
            self.filled.absent = absent.num_rows
            if absent.num_rows:
                with open_landing(self._settings, self._catalogue, RAW_BMRS) as landing:
                    landing.land([("_known_absent", absent)])
                refresh(self._settings, set())
            self.filled.missing = found_gaps(self._settings, self._catalogue, self._warehouse)
