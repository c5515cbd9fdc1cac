"""What the landing bench times, each in a process of its own: ``python -m loaders.bench.work NAME ..``."""

import hashlib
import io
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from loaders.bench.measure import gb_power, report

COLUMNS = {
    "settlementDate": "DATE", "settlementPeriod": "BIGINT", "timeFrom": "TIMESTAMPTZ", "levelFrom": "DOUBLE",
    "timeTo": "TIMESTAMPTZ", "levelTo": "DOUBLE", "pairId": "BIGINT", "offer": "DOUBLE", "bid": "DOUBLE",
    "nationalGridBmUnit": "VARCHAR", "bmUnit": "VARCHAR",
}  # fmt: skip


def duckdb_by_hand(folder: str, times: str, threads: str) -> dict:
    """DuckDB's read_json to Parquet: the floor, without checks, ledger or versions."""
    import duckdb

    files = sorted(map(str, Path(folder).glob("*.json"))) * int(times)
    out = Path(folder) / "floor.parquet"
    db = duckdb.connect(config={"threads": int(threads)})
    query = f"select * from read_json({files}, columns = {COLUMNS}, format = 'array')"
    (rows,) = db.execute(f"copy ({query}) to '{out}' (format parquet, compression zstd)").fetchone()
    return {"rows": rows}


def our_landing(folder: str, times: str) -> dict:
    """The loader from bytes to lake: decode, check, dlt, ledger. Only HTTP is left out."""
    from loaders.bmrs import source
    from loaders.catalogue import load_catalogue
    from loaders.config import RAW_BMRS, read_settings
    from loaders.http import Answer
    from loaders.landing import open_landing
    from loaders.ledger import Ledger
    from loaders.progress import Lines
    from loaders.windows import Window

    files = sorted(Path(folder).glob("*.json")) * int(times)

    class Files:
        def __init__(self, base_url, limits):
            pass

        def get_all(self, asks):
            for path, _ in zip(files, asks, strict=True):
                body = path.read_bytes()
                digest = hashlib.sha256(body).hexdigest()
                answer = Answer(path.name, io.BytesIO(body), len(body), digest, datetime.now(UTC), 0.0, 1)
                yield lambda answer=answer: answer

    def window(path: Path) -> Window:
        start = datetime.fromisoformat(path.stem)
        return Window("BOD", start.date(), start.date(), start, start + timedelta(minutes=29))

    source.Client = Files
    settings, catalogue = read_settings(), load_catalogue()
    asked = [window(path) for path in files]
    with open_landing(settings, catalogue, RAW_BMRS) as landing:
        tallies = source.Load(settings, catalogue, landing, Ledger(settings, ["BOD"])).run(asked, Lines(len(asked)))
    return {"rows": tallies["BOD"].rows_landed}


def make_tables() -> dict:
    """The two hundred empty tables that the first run of all makes."""
    from loaders.catalogue import load_catalogue
    from loaders.config import RAW_BMRS, RAW_IRIS, read_settings
    from loaders.landing import ensure_tables

    for schema in (RAW_BMRS, RAW_IRIS):
        ensure_tables(read_settings(), load_catalogue(), schema)
    return {}


def dlt_dict_rows(folder: str, files: str) -> dict:
    """What a dlt user writes first: rows as dicts, to Parquet files."""
    import dlt

    def rows():
        for path in sorted(Path(folder).glob("*.json"))[: int(files)]:
            yield json.loads(path.read_bytes())

    destination = dlt.destinations.filesystem(bucket_url=str(Path(folder) / "dicts"))
    pipeline = dlt.pipeline(
        "dicts", destination=destination, dataset_name="dicts", pipelines_dir=str(Path(folder) / "work")
    )
    pipeline.run(dlt.resource(rows, name="bod", max_table_nesting=0), loader_file_format="parquet")
    return {"rows": pipeline.last_trace.last_normalize_info.row_counts["bod"]}


def our_load(*args: str) -> dict:
    """``gb-power load ARGS``."""
    gb_power("load", *args)
    return {}


def one_by_one(url: str, path: str, days: str) -> dict:
    """A requests.Session, one request after the other, nothing done with the bodies."""
    import requests

    size = 0
    with requests.Session() as session:
        for number in range(int(days)):
            start = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(number)
            size += len(
                session.get(
                    url + path, params={"from": _minute(start), "to": _minute(start + timedelta(1))}, timeout=60
                ).content
            )
    return {"bytes": size}


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%MZ}"


if __name__ == "__main__":
    works = {
        work.__name__: work for work in (duckdb_by_hand, our_landing, make_tables, dlt_dict_rows, our_load, one_by_one)
    }
    report(lambda: works[sys.argv[1]](*sys.argv[2:]))
