"""scripts/bench iris: the queue to the spool and a backlog of files to the lake, beside what one would do instead."""

import os
import tempfile
from pathlib import Path

from loaders.bench.generated import limits
from loaders.bench.iris_queue import queue
from loaders.bench.measure import OUT, Line, Run, measured, middle, show

WORK = "loaders.bench.iris_work"
FILES = 63_792  # of two thirds MELS and one third MILS, 6 or 7 rows each, as an operator once found them
SAMPLE = FILES // 48


def main() -> list[Line]:
    """Prints two tables; takes about four minutes."""
    repeats = int(os.environ.get("GB_POWER_BENCH_REPEATS", "3"))
    with tempfile.TemporaryDirectory(prefix="gb-power-bench-") as folder:
        OUT.print(f"{os.cpu_count()} cores; medians of {repeats} runs; generated messages\n")
        return [queue(Path(folder), repeats), _files(Path(folder), repeats)]


def _files(folder: Path, repeats: int) -> Line:
    runs: dict[str, list[Run]] = {"json.load and an INSERT a file*": [], "dlt, rows as dicts*": [], "gb-power": []}
    for number in range(repeats):
        home = folder / str(number)
        env = {**os.environ, "GB_POWER_HOME": str(home / "data")}
        measured("loaders.bench.work", "make_tables", env=env)
        rows = backlog(home / "iris")
        for name, work in zip(runs, ("inserted_one_by_one", "dlt_dict_rows"), strict=False):
            backlog(home / work, SAMPLE)
            run = measured(WORK, work, home / work, SAMPLE, env=env)
            runs[name].append(Run(run.wall * FILES / SAMPLE, run.cpu * FILES / SAMPLE, run.peak_mb, {}))
        runs["gb-power"].append(measured(WORK, "our_files", home / "iris", env=env))
    table = []
    slowest = middle(next(iter(runs.values()))).wall
    for name, several in runs.items():
        run = middle(several)
        speed = f"{slowest / run.wall:,.0f}x"
        table.append(
            [name, f"{run.wall:.1f}", f"{run.cpu:.1f}", f"{run.peak_mb:.0f}", f"{FILES / run.wall:,.0f}", speed]
        )
    title = f"A backlog of {FILES:,} files ({rows:,} rows) scanned, parsed, landed and removed on one core"
    show(title, ["", "wall s", "cpu s", "peak MB", "files/s", ""], table)
    OUT.print(f"* {SAMPLE:,} files, times {FILES / SAMPLE:.0f}")
    ours = middle(runs["gb-power"])
    beside = f"json.load and an INSERT a file: {slowest / ours.wall:,.0f} times as long"
    return Line(f"{FILES:,} IRIS files, landed", f"{ours.wall:.1f} s", beside, ours.peak_mb, "10 s, 300 MB")


def backlog(folder: Path, files: int = FILES) -> int:
    """Writes the files; returns how many rows are in them."""
    total = 0
    for dataset in ("MELS", "MILS"):
        (folder / dataset).mkdir(parents=True)
    for number in range(files):
        dataset, rows = "MILS" if number % 3 == 2 else "MELS", 6 + number % 2
        (folder / dataset / f"{dataset}_{number:08}_NGET-EMFIP.json").write_bytes(limits(dataset, number, rows))
        total += rows
    return total


if __name__ == "__main__":
    main()
