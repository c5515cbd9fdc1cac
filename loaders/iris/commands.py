"""``gb-power iris ...``"""

import sys
import time
from collections.abc import Callable

import click

from loaders.config import ConfigError


@click.group()
def iris() -> None:
    """Real-time messages (IRIS): receive, land, backfill, check."""


@iris.command()
def land() -> None:
    """Land what waits in the spool; exit code 1 if some message could not be read, 75 if another process lands."""
    from loaders.iris.landing import land_spool

    _landed("land", land_spool)


def _landed(command: str, work: Callable) -> None:
    """Runs what lands messages, prints what came of them, and says what stopped it."""
    from loaders.config import read_settings
    from loaders.iris.show import show_landed
    from loaders.iris.spool import SpoolCorrupt, SpoolUnavailable
    from loaders.landing import CannotLand, Locked

    began = time.monotonic()
    try:
        tally = work(read_settings())
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    except Locked as error:
        click.echo(f"gb-power iris {command}: {error}", err=True)
        sys.exit(75)  # EX_TEMPFAIL
    except (CannotLand, SpoolUnavailable, SpoolCorrupt) as error:
        kept = "What had not landed is where it was; run the same command again when that is mended"
        click.echo(f"gb-power iris {command}: {error}. {kept}", err=True)
        sys.exit(1)
    show_landed(tally, time.monotonic() - began)
    if tally.total().quarantined:
        sys.exit(1)
