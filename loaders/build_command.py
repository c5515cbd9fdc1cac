"""``gb-power build``."""

import sys

import click

from loaders import clock
from loaders.catalogue import load_catalogue
from loaders.config import RAW_BMRS, RAW_IRIS, TARGETS, read_settings
from loaders.stopped import stopped_plainly


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("args", metavar="[DBT OPTIONS]...", nargs=-1, type=click.UNPROCESSED)
@click.option("--target", type=click.Choice(TARGETS), help="What to build on; default: GB_POWER_TARGET, else duckdb.")
@click.option("--serve-only", is_flag=True, help="Serve what something else built, such as dbt Cloud.")
def build(args: tuple[str, ...], target: str | None, serve_only: bool) -> None:
    """Run dbt build, then swap the file that people and commands read.

    dbt writes warehouse.duckdb; when nothing in it is wrong, a copy of it becomes served/warehouse.duckdb.
    Open that one: no build ever waits for a reader of it, and no reader for a build. Gaps in the history are
    reported and end the command with exit code 1, but do not keep the rows that are there from being served.
    On BigQuery the file gets the few tables and days that now, status, alert, publish and weekly read.

    \b
    gb-power build
    gb-power build --select bmrs_costs+
    gb-power build --selector live
    """
    from loaders.build import remember, run_dbt, serve
    from loaders.landing import WAREHOUSE, CannotLand, ensure_tables
    from loaders.lock import only_writer
    from loaders.publish.exposures import CannotPublish

    if serve_only and args:
        raise click.UsageError("--serve-only builds nothing, so it takes no options of dbt")
    with stopped_plainly("build", CannotLand, CannotPublish, then="Run the same command again when that is mended"):
        settings = read_settings(target)
        for schema in () if serve_only else (RAW_BMRS, RAW_IRIS):  # who only reads may not be allowed to make any
            ensure_tables(settings, load_catalogue(), schema)
        with only_writer(settings, WAREHOUSE):
            began = clock.now()
            built = run_dbt(settings, ["parse"] if serve_only else ["build", *args])
            if not serve_only:
                remember(settings, built, began)
            if built.fit_to_serve:
                where = serve(settings)
                click.echo(f"Commands read {where}" if settings.bigquery else f"Query {where}")
    if built.gaps:
        what = f"{len(built.gaps)} tests found rows missing"
        click.echo(f"{what}: gb-power query 'select * from data_gaps' says which and what fills them")
    sys.exit(built.code)
