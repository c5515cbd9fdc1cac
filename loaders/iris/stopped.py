"""What stops a command that lands messages, said in a line, with an exit code that a program can tell apart."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from loaders.config import ConfigError

LOCKED = 75  # EX_TEMPFAIL: another process lands
UNREADABLE = 65  # EX_DATAERR: a message went to quarantine


@contextmanager
def stopped_plainly(command: str) -> Iterator[None]:
    """Runs the body of ``gb-power iris COMMAND``."""
    from loaders.iris.spool import SpoolCorrupt, SpoolUnavailable
    from loaders.landing import CannotLand
    from loaders.lock import Locked

    try:
        yield
    except ConfigError as error:
        raise click.UsageError(str(error)) from None
    except Locked as error:
        click.echo(f"gb-power iris {command}: {error}", err=True)
        sys.exit(LOCKED)
    except (CannotLand, SpoolUnavailable, SpoolCorrupt) as error:
        kept = "What had not landed is where it was; run the same command again when that is mended"
        click.echo(f"gb-power iris {command}: {error}. {kept}", err=True)
        sys.exit(1)
