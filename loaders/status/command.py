"""The command ``gb-power status``."""

import json
import sys

import click
from rich.console import Console

from loaders import clock
from loaders.config import read_settings
from loaders.status.check import STATES, as_json, worst
from loaders.stopped import stopped_plainly


@click.command()
@click.option("--json", "is_json", is_flag=True, help="Every check with its value, threshold and state, for programs.")
def status(is_json: bool) -> None:
    """How everything is: freshness, gaps, errors, delays, spool, disk, last build.

    The exit code is 0 if all is well, 1 for a warning and 2 if something is critical. Nothing is written, and nobody
    but BigQuery asked: it reads the ledgers (there, of 35 days), the served warehouse and the receiver's files.

    \b
    gb-power status
    gb-power status --json | jq '.checks[] | select(.state != "ok")'
    """
    from loaders.status.collect import collect
    from loaders.status.screen import WIDTH, show

    now = clock.now()
    with stopped_plainly("status"):
        checks = collect(read_settings(), now=now)
    if is_json:
        click.echo(json.dumps(as_json(checks, now), indent=1))
    else:
        show(checks, now, Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH))
    sys.exit(STATES.index(worst(checks)))
