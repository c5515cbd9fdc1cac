"""scripts/bench landing: JSON to the lake, and HTTP to the lake, beside what one would do instead."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loaders.bench.generated import HALF_HOUR, START, answer, bod
from loaders.bench.measure import OUT, Line, Run, measured, middle, show

WORK = "loaders.bench.work"
ANSWERS = 144  # of 6,960 BOD rows and 1.8 MB: 1.0M rows
DICTS = "dlt, rows as dicts (a tenth, times ten)"


def main() -> list[Line]:
    """Prints four tables; takes about five minutes."""
    repeats = int(os.environ.get("GB_POWER_BENCH_REPEATS", "3"))
    with tempfile.TemporaryDirectory(prefix="gb-power-bench-") as folder:
        env = {
            **os.environ,
            "GB_POWER_HOME": f"{folder}/home",
            "BMRS_REQUESTS_PER_SECOND": "200",
            "BMRS_CONCURRENCY": "16",
        }
        OUT.print(f"{os.cpu_count()} cores; medians of {repeats} runs side by side; generated data\n")
        return [
            *_files(Path(folder) / "json", repeats, env),
            _backfill(env),
            _requests(repeats, env),
            _nothing_new(repeats, env),
        ]


def _files(folder: Path, repeats: int, env: dict[str, str]) -> list[Line]:
    folder.mkdir()
    rows = bod(870)
    for number in range(ANSWERS):
        start = START + number * HALF_HOUR
        (folder / f"{start:%Y-%m-%dT%H:%M}+00:00.json").write_bytes(answer(rows, start, 1))
    table, lines = [], []
    for times, wanted in ((1, "1.8 times"), (16, "1.3 times")):
        runs = _side_by_side(folder, times, repeats if times == 1 else 1, env)
        million, floor = f"{times * ANSWERS * 6960 / 1e6:.1f}M", runs["DuckDB, 1 thread"]
        for name, run in runs.items():
            ratios = [f"{run.wall / floor.wall:.2f}x", f"{run.cpu / floor.cpu:.2f}x"]
            table.append([million, name, *_figures(run), *ratios])
        ours, work = runs["gb-power"], f"{million} rows of BOD from JSON to the lake"
        beside = f"{ours.wall / floor.wall:.1f} times as long as DuckDB's read_json on one thread, which checks nothing"
        lines.append(Line(work, f"{ours.wall:.1f} s", beside, ours.peak_mb, wanted))
        if slow := runs.get(DICTS):
            beside = f"dlt with rows as dicts takes {slow.wall / ours.wall:.1f} times as long"
            lines.append(Line(work, f"{ours.wall:.1f} s", beside, ours.peak_mb, "12 times"))
    show("BOD rows from JSON to Parquet", ["rows", "way", "wall s", "cpu s", "peak MB", "wall", "cpu"], table)
    return lines


def _side_by_side(folder: Path, times: int, repeats: int, env: dict[str, str]) -> dict[str, Run]:
    """By way, the medians of runs that take turns."""
    runs: dict[str, list[Run]] = {"DuckDB, 1 thread": [], "DuckDB, 2 threads": [], "gb-power": []}
    for number in range(repeats):
        home = _new_home(env, f"{times}-{number}")
        runs["DuckDB, 1 thread"].append(measured(WORK, "duckdb_by_hand", folder, times, 1, env=env))
        runs["DuckDB, 2 threads"].append(measured(WORK, "duckdb_by_hand", folder, times, 2, env=env))
        runs["gb-power"].append(measured(WORK, "our_landing", folder, times, env=home))
    if times == 1:
        runs[DICTS] = [_tenfold(measured(WORK, "dlt_dict_rows", folder, ANSWERS // 10, env=env))]
    return {name: middle(several) for name, several in runs.items()}


def _new_home(env: dict[str, str], name: str) -> dict[str, str]:
    """A data directory as the first run of all leaves it, but without rows."""
    home = env | {"GB_POWER_HOME": f"{env['GB_POWER_HOME']}-{name}"}
    measured(WORK, "make_tables", env=home)
    return home


def _tenfold(run: Run) -> Run:
    return Run(run.wall * 10, run.cpu * 10, run.peak_mb, run.said)


def _figures(run: Run) -> list[str]:
    return [f"{run.wall:.2f}", f"{run.cpu:.2f}", f"{run.peak_mb:.0f}"]


def _backfill(env: dict[str, str]) -> Line:
    with _server(43_824, 0.0) as url:
        run = measured(WORK, "our_load", "PN", "--year", "2025", env=_new_home(env, "year") | {"BMRS_BASE_URL": url})
    rows = [["gb-power load PN --year 2025", *_figures(run), f"{365 * 43_824 / run.wall:,.0f} rows/s"]]
    show("A PN year over HTTP: 365 answers, 16.0M rows", ["", "wall s", "cpu s", "peak MB", ""], rows)
    return Line("a year of PN over HTTP, 16.0M rows", f"{run.wall:.1f} s", "", run.peak_mb, "at most 250 MB")


def _requests(repeats: int, env: dict[str, str]) -> Line:
    ours, sequential = [], []
    with _server(6_960, 0.1) as url:
        for number in range(repeats):
            home = _new_home(env, f"requests-{number}") | {"BMRS_BASE_URL": url}
            ours.append(measured(WORK, "our_load", "BOD", "--from", "2025-01-01", "--to", "2026-05-15", env=home))
            sequential.append(_tenfold(measured(WORK, "one_by_one", url, "/datasets/BOD/stream", 50, env=env)))
    fast, slow = middle(ours), middle(sequential)
    rows = [
        ["one at a time, bodies thrown away (50, times ten)", *_figures(slow), "1.0x"],
        ["gb-power, 16 at a time, landed", *_figures(fast), f"{slow.wall / fast.wall:.1f}x faster"],
    ]
    show("500 BOD answers of 1.8 MB at 100 ms, at most 200 requests/s", ["", "wall s", "cpu s", "peak MB", ""], rows)
    beside = f"one request at a time, bodies thrown away: {slow.wall / fast.wall:.1f} times as long"
    return Line("500 answers of 1.8 MB at 100 ms, landed", f"{fast.wall:.1f} s", beside, fast.peak_mb, "10 times")


def _nothing_new(repeats: int, env: dict[str, str]) -> Line:
    from loaders.catalogue import load_catalogue

    names = [name for name, entry in load_catalogue().items() if entry.rest and entry.rest.empty == "normal"][:35]
    span = ["--from", "2025-01-01", "--to", "2025-01-01"]
    with _server(0, 0.0) as url:
        env = env | {"BMRS_BASE_URL": url, "BMRS_TRIES": "1"}
        runs = [measured(WORK, "our_load", *names, *span, "--again", env=env) for _ in range(repeats + 1)][1:]
    run, title = middle(runs), "A run over 35 datasets with nothing new"
    show(title, ["", "wall s", "cpu s", "peak MB"], [["gb-power load", *_figures(run)]])
    return Line(title.lower(), f"{run.wall:.1f} s", "", run.peak_mb, "at most 2 s and the requests")


@contextmanager
def _server(rows_a_day: int, latency: float) -> Iterator[str]:
    command = [sys.executable, "-m", "loaders.bench.server", str(rows_a_day), str(latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
