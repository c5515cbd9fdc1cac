"""What the IRIS bench times, each in a process of its own: ``python -m loaders.bench.iris_work NAME ..``."""

import json
import os
import sys
from pathlib import Path

from loaders.bench.measure import gb_power, report


def one_core() -> None:
    """Keeps this process, and what it starts, on one core, as on the small machine this is meant for."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def our_files(folder: str) -> dict:
    """``gb-power iris files FOLDER`` on one core."""
    one_core()
    gb_power("iris", "files", folder)
    left = sum(len(files) for _, _, files in os.walk(folder))
    if left:
        raise RuntimeError(f"{left} files were not landed")
    return {}


def inserted_one_by_one(folder: str, sample: str) -> dict:
    """What one writes first: json.load, an INSERT, a commit and an unlink for each file, on one core."""
    import duckdb

    one_core()
    paths = sorted(Path(folder).glob("*/*.json"))[: int(sample)]
    db = duckdb.connect(str(Path(folder).with_name("one_by_one.duckdb")))
    columns = list(json.loads(paths[0].read_bytes())[0])
    declared = ", ".join(f'"{name}" varchar' for name in columns)
    db.execute(f"create table messages ({declared})")
    insert = f"insert into messages values ({', '.join('?' * len(columns))})"
    for path in paths:
        with path.open() as file:
            db.executemany(insert, [list(row.values()) for row in json.load(file)])
        path.unlink()
    return {}


def dlt_dict_rows(folder: str, sample: str) -> dict:
    """dlt as its manual begins: rows as dicts, to Parquet files, on one core."""
    import dlt

    one_core()
    paths = sorted(Path(folder).glob("*/*.json"))[: int(sample)]

    def rows():
        for path in paths:
            yield json.loads(path.read_bytes())

    destination = dlt.destinations.filesystem(bucket_url=str(Path(folder).with_name("dicts")))
    pipeline = dlt.pipeline("dicts", destination=destination, pipelines_dir=str(Path(folder).with_name("work")))
    pipeline.run(dlt.resource(rows, name="mels"), loader_file_format="parquet")
    for path in paths:
        path.unlink()
    return {}


if __name__ == "__main__":
    works = {work.__name__: work for work in (our_files, inserted_one_by_one, dlt_dict_rows)}
    report(lambda: works[sys.argv[1]](*sys.argv[2:]))
