"""scripts/bench pricing: acceptances priced a second, in days, after one new day, and beside the simple method."""

import os
import shutil
import tempfile
from pathlib import Path

from loaders.bench.measure import OUT, Line, Run, measured, show
from loaders.bench.pricing_lake import write_days
from loaders.bench.pricing_work import UNIFIED, new_lake
from loaders.bench.simple_pricing import error_of, recorded_day

WORK = "loaders.bench.pricing_work"
FEW, MANY = 10, int(os.environ.get("GB_POWER_BENCH_DAYS", "100"))


def main() -> list[Line]:
    """Prints two tables; takes about ten minutes."""
    with tempfile.TemporaryDirectory(prefix="gb-power-bench-") as folder:
        env = {**os.environ, "GB_POWER_MEMORY": "2GB"}
        OUT.print(f"{os.cpu_count()} cores, DuckDB held to 2 GB; generated days, side by side in one run\n")
        one, few, many = (_lake(Path(folder), days) for days in (1, FEW, MANY))
        runs = {f"{days} days": measured(WORK, "build", home, env=env) for days, home in ((FEW, few), (MANY, many))}
        simple = measured(WORK, "simple", many, env=env)
        write_days(many, MANY, 1)
        after = measured(WORK, "build", many, env=env)
        alone = measured(WORK, "build", one, env=env)
        rows = [_row(name, run) for name, run in runs.items()]
        rows.append(
            _row(f"1 new day after {MANY}", after, after.said["acceptances"] - runs[f"{MANY} days"].said["acceptances"])
        )
        rows.append(_row("1 day alone", alone))
        rows.append(
            [f"the simple method, {MANY} days", "", f"{simple.said['seconds']:.1f}", "", "", f"{simple.peak_mb:.0f}"]
        )
        headings = ["", "acceptances", "pricing s", "a second", "with unified s", "peak MB"]
        show("Acceptances priced (BOD, PN and BOALF in the lake to bmrs_boalf_complete)", headings, rows)
        OUT.print(f"One new day among {MANY} takes {_priced(after) / _priced(alone):.1f}x that day alone.\n")
        _show_error(Path(folder) / "recorded")
        return _lines(runs[f"{MANY} days"], after, alone)


def _lines(many: Run, after: Run, alone: Run) -> list[Line]:
    rate = f"{many.said['acceptances'] / _priced(many):,.0f} a second"
    beside = f"that day alone, {_priced(alone):.1f} s: {_priced(after) / _priced(alone):.1f} times as long"
    return [
        Line(f"pricing the acceptances of {MANY} days, 2 GB for DuckDB", rate, "", many.peak_mb, "40,000 a second"),
        Line(f"pricing one new day after {MANY}", f"{_priced(after):.1f} s", beside, after.peak_mb, "2 times"),
    ]


def _lake(folder: Path, days: int) -> Path:
    home = folder / f"{days} days"
    new_lake(home)
    write_days(home, 0, days)
    return home


def _priced(run: Run) -> float:
    """Seconds in the models that price, by dbt's clock."""
    return sum(
        s for model, s in run.said["seconds"].items() if model.startswith(("int_", "fct_", "bmrs_boalf_complete"))
    )


def _row(name: str, run: Run, acceptances: int | None = None) -> list[str]:
    count, seconds = acceptances or run.said["acceptances"], _priced(run)
    unified = sum(run.said["seconds"][model] for model in UNIFIED)
    return [
        name,
        f"{count:,}",
        f"{seconds:.1f}",
        f"{count / seconds:,.0f}",
        f"{seconds + unified:.1f}",
        f"{run.peak_mb:.0f}",
    ]


def _show_error(home: Path) -> None:
    recorded_day(home)
    measured(WORK, "build", home, env=os.environ.copy())
    error = error_of(str(home), "2022-01-01")
    show(
        "What the simple method makes of 2022-01-01 (recorded wind units)",
        ["", "simple", "as settled", "wrong, as a share"],
        [
            ["net MWh", f"{error['simple_mwh']:,.1f}", f"{error['mwh']:,.1f}", f"{error['wrong_mwh']:.0%}"],
            ["cash to units, GBP", f"{error['simple_gbp']:,.0f}", f"{error['gbp']:,.0f}", f"{error['wrong_gbp']:.0%}"],
            ["acceptance-periods more than 1 % out in cash", "", "", f"{error['wrong_rows']:.0%}"],
        ],
    )
    shutil.rmtree(home)


if __name__ == "__main__":
    main()
