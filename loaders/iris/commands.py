"""``gb-power iris ...``"""

import sys

import click

from loaders.config import ConfigError, read_iris_settings, read_settings
from loaders.logs import LEVELS, log_to_stderr


@click.group()
def iris() -> None:
    """Real-time messages (IRIS): receive, land, backfill, check."""


@iris.command()
@click.option("--log-level", type=LEVELS, default="info", show_default=True)
def run(log_level: str) -> None:
    """Receive messages until stopped, and land them every few minutes.

    Each message is kept on disk before the queue is told to forget it, so this may be killed, restarted or left with
    a full disk: nothing is lost. The state is in iris/receiver.json of the home. scripts/deploy has a systemd unit.
    """
    from loaders.iris.run import (
        AlreadyRunning,
    )  # Azure's client takes a second to import, which --help need not wait for
    from loaders.iris.run import run as receive

    log_to_stderr(log_level)
    try:
        receive(read_settings(), read_iris_settings())
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    except AlreadyRunning as error:
        click.echo(f"gb-power iris run: {error}", err=True)
        sys.exit(75)  # EX_TEMPFAIL
