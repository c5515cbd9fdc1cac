"""The command ``gb-power``."""

import click

from loaders.alerts.commands import alert, weekly
from loaders.arguments import dataset_named
from loaders.bigquery.commands import migrate
from loaders.bmrs.commands import discover, probe
from loaders.bmrs.load_command import load
from loaders.build_command import build
from loaders.catalogue import CatalogueError, load_catalogue
from loaders.gaps.commands import gaps
from loaders.iris.commands import iris
from loaders.operations import backup, compact, init, job, prune, restore
from loaders.publish.commands import publish
from loaders.query import now, query
from loaders.show import show_dataset, show_datasets
from loaders.status.command import status


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="gb-power-elt")
def main() -> None:
    """GB electricity market data from Elexon: landed raw, modelled and tested by dbt.

    \b
    gb-power load --days 7        the last week of the core datasets
    gb-power build                what was loaded becomes tables, and is tested
    gb-power now                  the newest of everything
    gb-power query "from bmrs_costs limit 5"
    gb-power load --help          what a command does, with examples
    """


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
    now,
    probe,
    prune,
    publish,
    query,
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


if __name__ == "__main__":
    main()
