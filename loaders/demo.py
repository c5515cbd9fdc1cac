"""The main job on recorded real data, as scripts/demo runs it: real loader, real HTTP, real dbt, no network."""

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from loaders.build import ROOT, Built, remember, run_dbt, serve
from loaders.config import Settings, read_settings
from loaders.demo_iris import BOTH_CHANNELS, messages, play
from loaders.demo_pictures import publish
from loaders.show import show_rows
from loaders.tests.stand_ins.insights import InsightsStandIn

OUT = Console(highlight=False, soft_wrap=True)

# What was recorded, by the settlement days it covers: a wind day with its bids, offers and acceptances, and the
# three days around the end of summer time in 2025, whose Sunday has 50 settlement periods.
BALANCING_DAY = ("2022-01-01", "2022-01-01")
CLOCK_CHANGE = ("2025-10-25", "2025-10-27")
STREAMED = ["FUELINST", "FUELHH", "INDO", "ITSDO", "MID"]
LOADS = [  # when it was asked, if not today; what, and for which days
    ("2022-12-31", ["DISEBSP"], BALANCING_DAY),  # prices that were to be republished
    ("2022-01-01T12:00Z", ["BOALF"], BALANCING_DAY),  # what came after noon, IRIS brings
    ("2025-10-26T12:00Z", ["FUELINST"], (CLOCK_CHANGE[0], "2025-10-26")),
    (None, ["DISEBSP", "--again"], BALANCING_DAY),
    (None, ["BOD", "PN"], BALANCING_DAY),
    (None, ["FUELHH", "INDO", "ITSDO", "MID", "DISEBSP"], CLOCK_CHANGE),
    (None, ["BMUNITS"], None),
]
HISTORY = {
    "default": {"from": CLOCK_CHANGE[0], "to": CLOCK_CHANGE[1]},
    **{name: {"from": BALANCING_DAY[0], "to": BALANCING_DAY[1]} for name in ("BOALF", "BOD", "PN")},
}
PRICED = f"""
    select validation_flag, count(*) as acceptance_periods, round(sum(offer_volume_mwh), 1) as offer_mwh,
        round(sum(bid_volume_mwh), 1) as bid_mwh, round(sum(cashflow_gbp)) as cash_to_units_gbp
    from bmrs_boalf_complete where settlement_date = '{BALANCING_DAY[0]}' group by all order by 2 desc
"""
LARGEST = f"""
    select national_grid_bm_unit, bm_unit_name, round(sum(bid_volume_mwh), 1) as bid_mwh,
        round(sum(cashflow_gbp)) as cash_to_unit_gbp
    from bmrs_boalf_complete left join dim_bm_units using (national_grid_bm_unit)
    where settlement_date = '{BALANCING_DAY[0]}' and cashflow_gbp is not null
    group by all order by 4 desc limit 5
"""


def main(home: Path = ROOT / "data" / "demo") -> None:
    """Loads, builds, tests and shows; exits with 1 when something is not right. Begins with an empty ``home``."""
    shutil.rmtree(home, ignore_errors=True)
    os.environ.update(GB_POWER_HOME=str(home), GB_POWER_TARGET="duckdb", BMRS_REQUESTS_PER_SECOND="50")
    settings = read_settings()
    OUT.print("[bold]1. Load[/]  recorded answers of Elexon's Insights API, over HTTP, into the Parquet lake")
    with InsightsStandIn() as elexon:
        for elexon.as_of, names, days in LOADS:
            load(elexon.url, names, days, f"   # as Elexon answered at {elexon.as_of}" if elexon.as_of else "")
    receive()
    OUT.print("\n[bold]3. Build and test[/]  dbt build: staging, unified, marts and every test")
    built = build(settings)
    serve(settings)
    OUT.print("\n[bold]4. The warehouse[/]")
    show(settings, built)
    with duckdb.connect(str(settings.served), read_only=True) as db:
        OUT.print("\n[bold]5. One history from two channels[/]  REST until noon, IRIS from then on, and no row twice")
        _show(db.sql(BOTH_CHANNELS))
        OUT.print(
            f"\n[bold]6. What the acceptances of {BALANCING_DAY[0]} were worth[/]  (wind units; recorded, re-shaped)"
        )
        for query in (PRICED, LARGEST):
            _show(db.sql(query))
    OUT.print("\n[bold]7. To look at[/]  the page, and the Sheet as a stand-in of Google's was filled")
    publish(home, OUT)
    OUT.print("\nNext:")
    for command in ("now", 'query "from bmrs_costs limit 5"', 'query "from fct_bm_unit_balancing limit 5"'):
        OUT.print(f"  GB_POWER_HOME={os.path.relpath(home, ROOT)} .venv/bin/gb-power {command}", soft_wrap=True)


def _show(found: duckdb.DuckDBPyRelation) -> None:
    show_rows(found.columns, found.fetchall())


def build(settings: Settings) -> Built:
    """``gb-power build``, in few words."""
    began = datetime.now(UTC)
    built = run_dbt(settings, ["build", "--vars", str({"history": HISTORY})], quiet=True)
    remember(settings, built, began)
    if not built.green:
        OUT.print("dbt build is not green: see above", style="red")
        sys.exit(1)
    return built


def receive() -> None:
    """The same days as messages: what REST was asked too early for, and once more what it answered."""
    played = [*messages(["BOALF"], *BALANCING_DAY), *messages(STREAMED, *CLOCK_CHANGE)]
    OUT.print(f"\n[bold]2. Receive[/]  {len(played):,} messages, over AMQP, into the same lake")
    OUT.print("Nobody recorded messages of IRIS: these are recorded rows, re-shaped. Every tenth is delivered twice.")
    play(played)


def load(url: str, names: list[str], days: tuple[str, str] | None, note: str) -> None:
    """``gb-power load``, as a user would type it."""
    command = [sys.executable, "-m", "loaders.cli", "load", *names]
    command += ["--from", days[0], "--to", days[1]] if days else []
    OUT.print(f"$ gb-power {' '.join(command[3:])}{note}")
    subprocess.run(command, cwd=ROOT, env={**os.environ, "BMRS_BASE_URL": url}, check=True)


def show(settings: Settings, built: Built) -> None:
    """Tables with rows and dates, and how the tests went."""
    table = Table("table", box=None, header_style="bold")
    for heading in ("rows", "first day", "last day"):
        table.add_column(heading, justify="right")
    with duckdb.connect(str(settings.served), read_only=True) as db:
        db.execute("set TimeZone = 'UTC'")
        for name, rows, first, last in contents(db):
            table.add_row(name, f"{rows:,}", str(first or ""), str(last or ""))
    OUT.print(table)
    tests = ", ".join(f"{number} {status}" for status, number in sorted(built.tests.items()))
    OUT.print(f"{built.models} models, seeds and snapshots built; tests: {tests}")


def contents(db: duckdb.DuckDBPyConnection) -> list[tuple]:
    """Name, rows, first and last settlement date of every unified model and mart that has rows."""
    dated = dict(db.execute("""
        select table_name, bool_or(column_name = 'settlement_date') from duckdb_columns()
        where database_name = current_database() and schema_name = 'main' and not starts_with(table_name, 'int_')
        group by table_name order by table_name
    """).fetchall())  # fmt: skip
    found: list[tuple] = []
    for name, has_date in dated.items():
        ends = "min(settlement_date), max(settlement_date)" if has_date else "null, null"
        found += db.execute(f"select '{name}', count(*), {ends} from main.\"{name}\" having count(*) > 0").fetchall()
    return found


if __name__ == "__main__":
    main()
