"""The command ``gb-power``."""

from pathlib import Path

import click
import duckdb

from loaders.alerts.commands import alert, weekly
from loaders.arguments import dataset_named
from loaders.bigquery.commands import migrate
from loaders.bmrs.commands import discover, probe
from loaders.bmrs.load_command import load
from loaders.build_command import build
from loaders.catalogue import CatalogueError, load_catalogue
from loaders.config import ConfigError, read_settings
from loaders.gaps.commands import gaps
from loaders.iris.commands import iris
from loaders.operations import backup, compact, init, job, prune, restore
from loaders.publish.commands import publish
from loaders.show import OUT, show_dataset, show_datasets, show_rows
from loaders.status.command import status


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="gb-power-elt")
def main() -> None:
    """GB electricity market data from Elexon: landed raw, modelled and tested by dbt."""


for command in (
    alert,
    backup,
    build,
    compact,
    discover,
    gaps,
    init,
    iris,
    job,
    load,
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
    try:
        catalogue = load_catalogue()
    except CatalogueError as error:
        raise click.ClickException(str(error)) from None
    if name:
        show_dataset(dataset_named(catalogue, name))
        return
    show_datasets(catalogue)


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
    try:
        settings = read_settings()
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    if settings.bigquery:
        raise click.ClickException(
            f"this reads the embedded warehouse; query project {settings.bigquery.project} instead"
        )
    if not settings.served.exists():
        raise click.ClickException(f"{settings.served} does not exist yet: 'gb-power build' makes it")
    return settings.served


if __name__ == "__main__":
    main()
