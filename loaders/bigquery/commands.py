"""``gb-power migrate``."""

import click

from loaders.config import read_settings
from loaders.logs import LEVELS, log_to_stderr
from loaders.show import OUT
from loaders.stopped import stopped_plainly


@click.command()
@click.option("--run", is_flag=True, help="Move it; without this, only say what would be moved.")
@click.option("--log-level", type=LEVELS, default="info", show_default=True)
def migrate(run: bool, log_level: str) -> None:
    """Move the Parquet lake to BigQuery: raw tables, ledgers, quarantine, notes of IRIS messages.

    By Parquet load jobs. Then each table is compared: for each day and load, as many rows as the lake holds, and the
    same ones. What BigQuery holds already is not sent again; so the command may be killed, repeated, and run once more
    after the last load into the lake. The lake is only read. Rows that BigQuery holds from other loads stay. Loads and
    builds wait for the table at hand, and this for them.

    \b
    GB_POWER_BQ_PROJECT=my-project gb-power migrate
    GB_POWER_BQ_PROJECT=my-project gb-power migrate --run
    """
    from loaders.bigquery.migrate import CannotMigrate
    from loaders.bigquery.migrate import migrate as moved_tables
    from loaders.landing import CannotLand

    log_to_stderr(log_level)
    rows = lacking = size = 0
    then = "What was moved stays; run the same command again" if run else "Nothing was moved"
    with stopped_plainly("migrate", CannotLand, CannotMigrate, then=then):
        for moved in moved_tables(read_settings("bigquery"), dry_run=not run):
            rows, lacking, size = rows + moved.rows, lacking + moved.rows_lacking, size + moved.bytes_lacking
            if moved.rows_lacking:
                what = f"{moved.rows_lacking:,} rows of {moved.days_lacking:,} days, {moved.bytes_lacking / 1e6:.1f} MB"
                OUT.print(f"{moved.table}: {what}")
    OUT.print(_summary(run, rows, lacking, size))


def _summary(run: bool, rows: int, lacking: int, size: int) -> str:
    if not run and lacking:
        what = f"{lacking:,} of {rows:,} rows, {size / 1e6:.1f} MB of Parquet"
        return f"To move: {what}. Nothing was moved yet: 'gb-power migrate --run' does it"
    return f"BigQuery holds all {rows:,} rows of the lake, compared by day and load; {lacking:,} of them were moved now"
