"""``gb-power iris ...``"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click

from loaders.catalogue import load_catalogue
from loaders.config import read_settings
from loaders.iris.archive_commands import archive, check
from loaders.iris.settings import read_iris_settings
from loaders.iris.stopped import landing_messages
from loaders.logs import LEVELS, log_to_stderr
from loaders.stopped import UNREADABLE, stopped_plainly


@click.group()
def iris() -> None:
    """Real-time messages (IRIS): receive, land, backfill, check.

    \b
    gb-power iris run
    gb-power iris check --day yesterday --fill
    """


iris.add_command(archive)
iris.add_command(check)


@iris.command()
@click.option("--log-level", type=LEVELS, default="info", show_default=True)
def run(log_level: str) -> None:
    """Receive messages until stopped, and land them every few minutes.

    Each message is kept on disk before the queue is told to forget it, so this may be killed, restarted or left with
    a full disk: nothing is lost. The state is in iris/receiver.json of the home. scripts/deploy has a systemd unit.

    \b
    gb-power iris run
    """
    with stopped_plainly("iris run"):
        read_settings(), read_iris_settings()
    # The receiver is to run for years on a small machine: a new program in this process, without what the command
    # line has imported, needs half the memory.
    os.execv(sys.executable, [sys.executable, "-m", "loaders.iris.run", log_level])


@iris.command()
@click.option("--log-level", type=LEVELS, default="info", show_default=True)
def land(log_level: str) -> None:
    """Land what waits in the spool; exit code 65 if a message could not be read and went to quarantine.

    The receiver does so by itself every few minutes, unless IRIS_LAND_SECONDS is 0.

    \b
    gb-power iris land
    """
    from loaders.iris.landing import land_spool

    log_to_stderr(log_level)
    _landed("land", land_spool)


@iris.command()
@click.option("--log-level", type=LEVELS, default="info", show_default=True)
def retry(log_level: str) -> None:
    """Land what is in quarantine or had no table, once the catalogue says how; exit code 65 if some still cannot.

    \b
    gb-power iris retry
    """
    from loaders.iris.retry import land_again

    log_to_stderr(log_level)
    _landed("retry", lambda settings: land_again(settings, load_catalogue()))


@iris.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--keep", type=click.Path(file_okay=False, path_type=Path), help="Move landed files there; default: remove them."
)
@click.option("--log-level", type=LEVELS, default="info", show_default=True)
def files(folder: Path, keep: Path | None, log_level: str) -> None:
    """Land and empty the folder that Elexon's sample client writes: FOLDER/DATASET/FILE.json.

    The client may go on writing. Files that are still being written wait for the next scan; what cannot be read goes
    to FOLDER/.quarantine, with the reason beside it, and ends the command with exit code 65.

    \b
    gb-power iris files /var/iris/data
    gb-power iris files /var/iris/data --keep /var/iris/landed
    """
    from loaders.iris.files import Folder, land_files

    log_to_stderr(log_level)
    _landed("files", lambda settings: land_files(settings, Folder(folder, keep)))


def _landed(command: str, work: Callable) -> None:
    """Runs what lands messages, prints what came of them, and says what stopped it."""
    from loaders.iris.show import show_landed

    began = time.monotonic()
    with landing_messages(command):
        tally = work(read_settings())
    show_landed(tally, time.monotonic() - began)
    if tally.total().quarantined:
        sys.exit(UNREADABLE)
