"""The command ``gb-power``."""

import sys
from datetime import date
from pathlib import Path

import click
import duckdb

from loaders import clock
from loaders.alerts.commands import alert, weekly
from loaders.bigquery.commands import migrate
from loaders.bmrs.commands import discover, probe
from loaders.catalogue import GROUPS, CatalogueError, Dataset, load_catalogue
from loaders.config import RAW_BMRS, RAW_IRIS, TARGETS, ConfigError, read_settings
from loaders.gaps.commands import gaps
from loaders.iris.commands import iris
from loaders.logs import ERR, LEVELS, log_to_stderr
from loaders.operations import backup, init, job, prune, restore
from loaders.publish.commands import publish
from loaders.show import OUT, show_dataset, show_datasets, show_load, show_rows
from loaders.status.command import status


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="gb-power-elt")
def main() -> None:
    """GB electricity market data from Elexon: landed raw, modelled and tested by dbt."""


for command in (
    alert,
    backup,
    discover,
    gaps,
    init,
    iris,
    job,
    migrate,
    probe,
    prune,
    publish,
    restore,
    status,
    weekly,
):
    main.add_command(command)


@main.command()
@click.argument("name", required=False)
def datasets(name: str | None) -> None:
    """List the datasets, or explain one.

    \b
    gb-power datasets
    gb-power datasets BOALF
    """
    catalogue = _catalogue()
    if name:
        show_dataset(_entry(catalogue, name))
        return
    show_datasets(catalogue)


@main.command()
@click.argument("names", metavar="[DATASET]...", nargs=-1)
@click.option("--from", "first", metavar="DATE", help="First settlement day (London), such as 2025-10-01.")
@click.option("--to", "last", metavar="DATE", help="Last settlement day, included; default: the first.")
@click.option("--year", type=click.IntRange(2000, 2100), help="All settlement days of a year.")
@click.option("--days", type=click.IntRange(1, 4000), help="The last so many settlement days, today included.")
@click.option("--group", type=click.Choice(["core", *GROUPS, "all"]), help="All datasets of a group.")
@click.option("--again", is_flag=True, help="Also ask what the ledger says was answered.")
@click.option("--target", type=click.Choice(TARGETS), help="Where to land; default: GB_POWER_TARGET, else duckdb.")
@click.option("--log-level", type=LEVELS, default="info", show_default=True)
def load(names, first, last, year, days, group, again, target, log_level) -> None:
    """Load datasets from the Insights API.

    Dates are settlement days, which are London days. Without dates, each dataset's look-back up to now is asked
    again, since Elexon restates: that is what cron runs. Without datasets, the group "core".

    \b
    gb-power load
    gb-power load BOALF BOD PN --from 2025-10-01 --to 2025-10-31
    gb-power load --group balancing --days 7
    gb-power load FUELINST --year 2025
    """
    log_to_stderr(log_level)
    catalogue = _catalogue()
    entries = _chosen(catalogue, names, group)
    span = _span(first, last, year, days)
    try:
        missing = _load(read_settings(target), catalogue, entries, span, again)
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    if missing:
        sys.exit(1)


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("args", metavar="[DBT OPTIONS]...", nargs=-1, type=click.UNPROCESSED)
@click.option("--target", type=click.Choice(TARGETS), help="What to build on; default: GB_POWER_TARGET, else duckdb.")
def build(args: tuple[str, ...], target: str | None) -> None:
    """Run dbt build, then swap the file that people query (on BigQuery, dbt swaps tables).

    dbt writes warehouse.duckdb; when nothing in it is wrong, a copy of it becomes served/warehouse.duckdb.
    Open that one: no build ever waits for a reader of it, and no reader for a build. Gaps in the history are
    reported and end the command with exit code 1, but do not keep the rows that are there from being served.

    \b
    gb-power build
    gb-power build --select bmrs_costs+
    """
    from loaders.build import remember, run_dbt, serve
    from loaders.landing import WAREHOUSE, CannotLand, ensure_tables
    from loaders.lock import Locked, only_writer

    try:
        settings = read_settings(target)
        for schema in (RAW_BMRS, RAW_IRIS):
            ensure_tables(settings, _catalogue(), schema)
        with only_writer(settings, WAREHOUSE):
            began = clock.now()
            built = run_dbt(settings, ["build", *args])
            remember(settings, built, began)
            if built.fit_to_serve:
                where = f"project {settings.bigquery.project}" if settings.bigquery else serve(settings)
                click.echo(f"Query {where}")
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    except Locked as error:
        click.echo(f"gb-power build: {error}", err=True)
        sys.exit(75)  # EX_TEMPFAIL
    except CannotLand as error:
        raise click.ClickException(f"{error}. Run the same command again when that is mended") from None
    if built.gaps:
        what = f"{len(built.gaps)} tests found rows missing"
        click.echo(f"{what}: gb-power query 'from data_gaps' says which and what fills them")
    sys.exit(built.code)


@main.command()
@click.option("--log-level", type=LEVELS, default="info", show_default=True)
def compact(log_level: str) -> None:
    """Merge the small files of each past day, for once a day: a load every few minutes leaves hundreds.

    Readers go on meanwhile and see every row once; a query that is at work while its table's files are swapped may
    end with "No such file": run it again. Builds and loads wait for this, and this for them.
    """
    from loaders.compact import CannotCompact
    from loaders.compact import compact as merge
    from loaders.landing import CannotLand
    from loaders.lock import Locked

    log_to_stderr(log_level)
    try:
        done = merge(read_settings())
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    except (Locked, CannotLand, CannotCompact) as error:
        click.echo(f"gb-power compact: {error}. Run the same command again: what is merged stays so", err=True)
        sys.exit(75 if isinstance(error, Locked) else 1)
    for table in done:
        size = f"{table.bytes_before / 1e6:.1f} -> {table.bytes_after / 1e6:.1f} MB"
        OUT.print(f"{table.schema}.{table.table}: {table.files_before:,} -> {table.files_after:,} files, {size}")
    if not done:
        OUT.print("Nothing to merge: no past day has several small files in a table")


@main.command()
@click.argument("sql")
def query(sql: str) -> None:
    """Query what was built; times are UTC.

    \b
    gb-power query "from bmrs_costs order by settlement_date desc, settlement_period desc limit 5"
    gb-power query "summarize bmrs_boalf_unified"
    """
    with duckdb.connect(str(_served()), read_only=True) as db:
        db.execute("set TimeZone = 'UTC'")
        try:
            show_rows(db.sql(sql))
        except duckdb.Error as error:
            raise click.ClickException(str(error)) from None


@main.command()
def now() -> None:
    """The newest of everything: mix, links, demand, price, frequency, each with its age.

    From the served warehouse, so it is as new as the last load and build; what is old says so.
    """
    from loaders.now import show_now

    try:
        show_now(_served(), OUT)
    except duckdb.CatalogException:
        raise click.ClickException("the warehouse has no mart_now yet: 'gb-power build' makes it") from None


def _served() -> Path:
    settings = read_settings()
    if settings.bigquery:
        raise click.ClickException(
            f"this reads the embedded warehouse; query project {settings.bigquery.project} instead"
        )
    if not settings.served.exists():
        raise click.ClickException(f"{settings.served} does not exist yet: 'gb-power build' makes it")
    return settings.served


def _load(settings, catalogue: dict[str, Dataset], entries: list[Dataset], span, again: bool) -> bool:
    # dlt and Arrow take a second to import, which --help need not wait for
    from loaders.bmrs.source import Load, needed_since, plan
    from loaders.landing import CannotLand, ensure_tables, open_landing
    from loaders.ledger import Ledger
    from loaders.lock import Locked
    from loaders.progress import progress

    began = clock.now()
    try:
        ensure_tables(settings, catalogue, RAW_IRIS)
        with open_landing(settings, catalogue, RAW_BMRS) as landing:
            ledger = Ledger(settings, [entry.dataset for entry in entries], needed_since(entries, span))
            asked = plan(entries, span, again, ledger)
            # --again fills what data_gaps names: rows that the lake lost are found by comparing rows, not answers
            run = Load(settings, catalogue, landing, ledger, lambda window: not again or window.start is None)
            with progress(len(asked), ERR) as bar:
                tallies = run.run(asked, bar)
    except Locked as error:
        click.echo(f"gb-power load: {error}", err=True)
        sys.exit(75)  # EX_TEMPFAIL
    except CannotLand as error:
        click.echo(
            f"gb-power load: {error}. What was landed stays; run the same command again when that is mended", err=True
        )
        sys.exit(1)
    if not asked:
        OUT.print("Nothing to ask: all of it was answered before. --again asks once more.")
    return show_load(tallies, (clock.now() - began).total_seconds())


def _chosen(catalogue: dict[str, Dataset], names: tuple[str, ...], group: str | None) -> list[Dataset]:
    chosen = [_entry(catalogue, name) for name in names]
    if group or not names:
        wanted = group or "core"
        chosen += [
            e for e in catalogue.values() if e.rest and (wanted in (e.group, "all") or (wanted == "core" and e.core))
        ]
    unasked = [entry.dataset for entry in chosen if not entry.rest]
    if unasked:
        raise click.UsageError(f"{', '.join(unasked)} is on IRIS only")
    return list({entry.dataset: entry for entry in chosen}.values())


def _span(first: str | None, last: str | None, year: int | None, days: int | None) -> tuple[date, date] | None:
    from loaders.windows import DAY, settlement_day

    if sum(given is not None for given in (first or last, year, days)) > 1:
        raise click.UsageError("--from/--to, --year and --days exclude one another")
    today = settlement_day(clock.now())
    if year:
        return date(year, 1, 1), min(date(year, 12, 31), today)
    if days:
        return today - (days - 1) * DAY, today
    if not (first or last):
        return None
    if not first:
        raise click.UsageError("--to needs --from")
    span = _day("--from", first), _day("--to", last or first)
    if span[0] > span[1]:
        raise click.UsageError(f"--from {first} is after --to {last}")
    return span


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"{option} {text!r} is not a date such as 2025-10-01") from None


def _catalogue() -> dict[str, Dataset]:
    try:
        return load_catalogue()
    except CatalogueError as error:
        raise click.ClickException(str(error)) from None


def _entry(catalogue: dict[str, Dataset], name: str) -> Dataset:
    if name.upper() in catalogue:
        return catalogue[name.upper()]
    near = [known for known in catalogue if name.upper()[:3] in known]
    hint = f"; like it: {', '.join(near)}" if near else ""
    raise click.UsageError(f"no dataset {name!r}{hint}. 'gb-power datasets' lists them")


if __name__ == "__main__":
    main()
