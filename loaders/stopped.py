"""What stops a command, said in a line, with an exit code that a program can tell apart."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from loaders.catalogue import CatalogueError
from loaders.config import ConfigError, Settings
from loaders.lock import LOCKED, Locked

UNREADABLE = 65  # EX_DATAERR: a message went to quarantine


@contextmanager
def stopped_plainly(command: str, *faults: type[Exception], then: str = "") -> Iterator[None]:
    """Runs the body of ``gb-power COMMAND``; ``then`` says what is left after one of ``faults``, and what to do."""
    try:
        yield
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    except CatalogueError as error:
        raise click.ClickException(str(error)) from None
    except Locked as error:
        click.echo(f"gb-power {command}: {error}", err=True)
        sys.exit(LOCKED)
    except faults as error:
        click.echo(f"gb-power {command}: {error}. {then}", err=True)
        sys.exit(1)


def served_warehouse(settings: Settings) -> Path:
    """The file that commands read.

    Raises:
        click.ClickException: nothing was served yet.
    """
    if not settings.served.exists():
        raise click.ClickException(f"{settings.served} does not exist yet: 'gb-power build' makes it")
    return settings.served
