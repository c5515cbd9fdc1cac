"""``gb-power publish ...``"""

import sys
from pathlib import Path

import click

from loaders.config import ConfigError, read_settings
from loaders.publish.settings import read_sheets_settings


@click.group()
def publish() -> None:
    """Fill what people look at from the marts: a page, a Google Sheet.

    \b
    gb-power publish page
    gb-power publish sheets
    """


@publish.command()
@click.option("--to", "folder", metavar="DIR", help="Where to write; default: the folder page in GB_POWER_HOME.")
def page(folder: str | None) -> None:
    """Write one self-contained HTML file, and its numbers as data.json.

    \b
    gb-power publish page
    gb-power publish page --to /var/www/gb-power
    """
    from loaders.publish.exposures import CannotPublish
    from loaders.publish.page import publish_page

    try:
        settings = read_settings()
        path = publish_page(settings, Path(folder) if folder else settings.home / "page")
    except (ConfigError, CannotPublish) as error:
        raise click.ClickException(f"{error}. The page is as it was") from None
    except OSError as error:
        click.echo(f"gb-power publish page: cannot write: {error}. The page is as it was", err=True)
        sys.exit(1)
    click.echo(f"Open {path}")


@publish.command()
def sheets() -> None:
    """Fill the Google Sheet named by SHEETS_ID, as the service account of GOOGLE_APPLICATION_CREDENTIALS.

    Share the sheet with the service account's address as an editor first; the tabs are made by the first run.

    \b
    gb-power publish sheets
    """
    from loaders.publish.exposures import CannotPublish
    from loaders.publish.sheets import publish_sheets

    try:
        address = publish_sheets(read_settings(), read_sheets_settings())
    except (ConfigError, CannotPublish) as error:
        raise click.ClickException(f"{error}. The sheet is as it was") from None
    click.echo(f"Filled {address}")
