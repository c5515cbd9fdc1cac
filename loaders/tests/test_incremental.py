"""The big unified models and what counts their days, built load after load, hold what a full refresh would.

The lake grows as it may in life: versions of a row, late rows, deletions, two channels whose loads interleave, a load
of which dbt sees only a part. After each build every model is compared with its own query, run at once over the
whole lake.
"""

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from loaders.catalogue import load_catalogue
from loaders.config import RAW_BMRS, RAW_IRIS
from loaders.tests.lake import write_empty_lake, write_rows
from loaders.tests.warehouse import Warehouse

LONDON = ZoneInfo("Europe/London")
CATALOGUE = load_catalogue()
MODELS = {name: f"bmrs_{name.lower()}_unified" for name in ("BOALF", "BOD", "FREQ", "FUELINST", "B1610", "MELS")}
COUNTS = ("landed_days_by_day", "period_coverage_by_day")
# Around London midnight in summer, so that the UTC day is not the settlement day, and half a year later in winter.
MOMENTS = [datetime(2025, 6, 9, 22, 30, tzinfo=UTC) + timedelta(minutes=15 * i) for i in range(8)]
MOMENTS += [datetime(2025, 12, 31, 23, 45, tzinfo=UTC) + timedelta(minutes=15 * i) for i in range(3)]
EVERY_DAY = (
    "select range::date as settlement_date, true as is_due, "
    "date '2025-06-01' as reaches_from, date '2026-01-31' as reaches_to "
    "from range(timestamp '2025-06-01', timestamp '2026-02-01', interval 1 day)"
)


def acceptance(rng: random.Random) -> dict:
    start = rng.choice(MOMENTS)
    return {
        "nationalGridBmUnit": rng.choice(["AAA-1", "BBB-1"]),
        "acceptanceNumber": 7,
        "acceptanceTime": "2025-06-09T22:00Z",
        "timeFrom": start.isoformat(),
        "timeTo": (start + timedelta(minutes=15)).isoformat(),
        # sometimes the UTC day, which is wrong in summer: versions of a row must meet whatever is published here
        "settlementDate": rng.choice([start.date(), start.astimezone(LONDON).date()]).isoformat(),
        "levelFrom": rng.randrange(100),
        "levelTo": rng.randrange(100),
        "amendmentFlag": rng.choice(["ORI", "ORI", "INS", "UPD", "DEL", None]),
    }


def pair(rng: random.Random) -> dict:
    start = rng.choice(MOMENTS)
    return {
        "nationalGridBmUnit": rng.choice(["AAA-1", "BBB-1"]),
        "settlementDate": rng.choice(["2025-06-09", "2025-06-10", "2025-12-31"]),
        "settlementPeriod": rng.randrange(1, 3),
        "timeFrom": start.isoformat(),
        "pairId": 1,
        "offer": rng.random(),
    }


def sample(rng: random.Random) -> dict:
    return {"measurementTime": rng.choice(MOMENTS).isoformat(), "frequency": rng.choice([0.0, 49.9, 50.1])}


def generation(rng: random.Random) -> dict:
    start = rng.choice(MOMENTS)
    return {
        "startTime": start.isoformat(),
        "publishTime": (start + timedelta(minutes=rng.choice([5, 5, 10]))).isoformat(),
        "settlementDate": rng.choice([None, start.date().isoformat()]),
        "fuelType": "CCGT",
        "generation": rng.randrange(1000),
    }


def metered(rng: random.Random) -> dict:
    return {
        "nationalGridBmUnitId": rng.choice(["AAA-1", None]),
        "bmUnit": "T_AAA-1",
        "settlementDate": rng.choice(["2025-06-09", "2025-06-10"]),
        "settlementPeriod": rng.randrange(1, 4),
        "settlementRunType": rng.choice([None, "II", "SF", "R1"]),
        "quantity": rng.random(),
    }


def limit(rng: random.Random) -> dict:
    start = rng.choice(MOMENTS) + timedelta(days=rng.randrange(3))
    return {
        "nationalGridBmUnit": "AAA-1",
        "timeFrom": start.isoformat(),
        "timeTo": (start + timedelta(minutes=rng.choice([15, 30, 60, 60 * 30, 60 * 70]))).isoformat(),
        "levelFrom": rng.randrange(100),
        "levelTo": rng.randrange(100),
        "notificationTime": "2025-06-09T22:00Z",
        "notificationSequence": rng.randrange(40),
    }


ROWS = {"BOALF": acceptance, "BOD": pair, "FREQ": sample, "FUELINST": generation, "B1610": metered, "MELS": limit}


class Lake:
    """A lake to which loads of both channels are added; each channel has its own clock, and the clocks interleave."""

    def __init__(self, home, rng: random.Random):
        self._home = home
        self._rng = rng
        self._clocks = {
            RAW_BMRS: datetime(2026, 1, 1, tzinfo=UTC),
            RAW_IRIS: datetime(2026, 1, 1, 0, 0, 30, tzinfo=UTC),
        }
        self._unseen: list = []
        self.files: list = []

    def load(self, schema: str, partly: bool = False) -> None:
        """One load of every dataset that the channel has; of a partial one dbt sees the rest at the next load."""
        rest, self._unseen = self._unseen, []
        for late in rest:
            self.files.append(late())
        self._clocks[schema] += timedelta(seconds=self._rng.randrange(1, 120))
        for name, row in ROWS.items():
            dataset = CATALOGUE[name]
            if not (dataset.rest if schema == RAW_BMRS else dataset.iris):
                continue
            for part in range(2):
                rows = {tuple(r[k] for k in dataset.key): r for r in (row(self._rng) for _ in range(2))}
                args = (
                    self._home,
                    schema,
                    dataset,
                    list(rows.values()),
                    self._clocks[schema] + timedelta(seconds=part),
                    part,
                )
                if partly and part:
                    self._unseen.append(lambda args=args: write_rows(*args))
                else:
                    self.files.append(write_rows(*args))

    def lose(self) -> None:
        """Takes a file away, as somebody might who wants to load it again."""
        self.files.pop(self._rng.randrange(len(self.files))).unlink()

    def empty(self) -> None:
        """Takes every row away."""
        for file in self.files:
            file.unlink()


def build_all(warehouse: Warehouse, parents: str = "") -> dict[str, str]:
    """A full refresh; returns each model's query."""
    wanted = [parents + model for model in (*MODELS.values(), *COUNTS)]
    done = warehouse.dbt("run", "--full-refresh", "--select", *wanted)
    return {result.node.name: result.node.compiled_code for result in done.result}


def check(warehouse: Warehouse, queries: dict[str, str], when: str) -> None:
    """Compares each model with its query run in one go, as if every day were due."""
    for model in (*MODELS.values(), *COUNTS):
        with warehouse.opened() as db:
            built = db.execute(f"from {model} order by all").fetchall()
            db.execute("begin")
            db.execute(f"create or replace table built_days.{model} as {EVERY_DAY}")
            wanted = db.execute(f"from ({queries[model]}) order by all").fetchall()
            db.execute("rollback")
        assert built == wanted, f"{model} {when}"


def test_every_build_holds_what_a_full_refresh_would(tmp_path, monkeypatch):
    write_empty_lake(tmp_path, CATALOGUE)
    warehouse = Warehouse(tmp_path, monkeypatch)
    build_all(warehouse, "+")
    for seed in range(2):
        rng = random.Random(seed)
        lake = Lake(tmp_path, rng)
        queries = build_all(warehouse)
        for step in range(5):
            for _ in range(rng.randrange(1, 3)):
                lake.load(rng.choice([RAW_BMRS, RAW_IRIS]), partly=rng.random() < 0.4)
            if rng.random() < 0.2:
                lake.lose()
            warehouse.dbt("run", "--select", *MODELS.values(), *COUNTS)
            check(warehouse, queries, f"after step {step} of seed {seed}")
        assert all(warehouse.query(f"from {model}") for model in queries), "nothing was compared"
        build_all(warehouse)
        check(warehouse, queries, "after a full refresh")
        lake.empty()


def test_only_the_days_with_news_are_built_again(tmp_path, monkeypatch):
    dataset = CATALOGUE["FREQ"]
    write_empty_lake(tmp_path, CATALOGUE)
    old, new = "2025-06-09T12:00Z", "2025-06-10T12:00Z"
    rows = [{"measurementTime": moment, "frequency": 50.0} for moment in (old, new)]
    write_rows(tmp_path, RAW_BMRS, dataset, rows, datetime(2026, 1, 1, tzinfo=UTC))
    warehouse = Warehouse(tmp_path, monkeypatch)
    warehouse.dbt("run", "--select", "+bmrs_freq_unified")
    with warehouse.opened() as db:
        db.execute("update bmrs_freq_unified set frequency_hz = 51")  # a mark that a rebuild removes
    news = [{"measurementTime": new, "frequency": 50.2}]
    write_rows(tmp_path, RAW_BMRS, dataset, news, datetime(2026, 1, 2, tzinfo=UTC))
    warehouse.dbt("run", "--select", "bmrs_freq_unified")
    found = warehouse.query("select cast(settlement_date as varchar), frequency_hz from bmrs_freq_unified order by 1")
    assert found == [("2025-06-09", 51.0), ("2025-06-10", 50.2)]


def test_a_day_whose_acceptances_are_all_deleted_is_emptied(tmp_path, monkeypatch):
    dataset = CATALOGUE["BOALF"]
    write_empty_lake(tmp_path, CATALOGUE)
    row = acceptance(random.Random(0))
    write_rows(tmp_path, RAW_BMRS, dataset, [row | {"amendmentFlag": "ORI"}], datetime(2026, 1, 1, tzinfo=UTC))
    warehouse = Warehouse(tmp_path, monkeypatch)
    warehouse.dbt("run", "--select", "+bmrs_boalf_unified")
    assert len(warehouse.query("from bmrs_boalf_unified")) == 1
    write_rows(tmp_path, RAW_IRIS, dataset, [row | {"amendmentFlag": "DEL"}], datetime(2025, 1, 1, tzinfo=UTC))
    warehouse.dbt("run", "--select", "bmrs_boalf_unified")
    assert warehouse.query("from bmrs_boalf_unified") == []


def test_a_build_that_fails_leaves_the_table_and_what_is_known_of_it_as_they_were(tmp_path, monkeypatch):
    dataset = CATALOGUE["FREQ"]
    write_empty_lake(tmp_path, CATALOGUE)
    rows = [{"measurementTime": "2025-06-09T12:00Z", "frequency": 50.0}]
    write_rows(tmp_path, RAW_BMRS, dataset, rows, datetime(2026, 1, 1, tzinfo=UTC))
    warehouse = Warehouse(tmp_path, monkeypatch)
    warehouse.dbt("run", "--select", "+bmrs_freq_unified")
    with warehouse.opened() as db:
        db.execute("alter table bmrs_freq_unified drop column is_plausible")  # so that nothing more can be inserted
    known = warehouse.query("from built_days.bmrs_freq_unified")
    news = [{"measurementTime": "2025-06-09T12:00Z", "frequency": 50.2}]
    write_rows(tmp_path, RAW_BMRS, dataset, news, datetime(2026, 1, 2, tzinfo=UTC))
    with pytest.raises(AssertionError, match="is_plausible"):
        warehouse.dbt("run", "--select", "bmrs_freq_unified")
    assert warehouse.query("from built_days.bmrs_freq_unified") == known
    assert warehouse.query("select frequency_hz from bmrs_freq_unified") == [(50.0,)]
    warehouse.dbt("run", "--full-refresh", "--select", "bmrs_freq_unified")
    assert warehouse.query("select frequency_hz, is_plausible from bmrs_freq_unified") == [(50.2, True)]
