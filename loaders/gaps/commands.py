"""``gb-power gaps``: what is missing."""

import json
import sys

import click
from rich.table import Table

from loaders.catalogue import CatalogueError, Dataset, load_catalogue
from loaders.config import ConfigError, Settings, read_settings
from loaders.logs import LEVELS, log_to_stderr
from loaders.show import OUT
from loaders.stopped import served_warehouse, stopped_plainly

LISTED = 50


@click.command()
@click.option("--fill", is_flag=True, help="Ask Elexon for it, land it, and look again.")
@click.option(
    "--max-requests", type=click.IntRange(1), default=1000, show_default=True, help="Of one --fill; the rest is left."
)
@click.option(
    "--archive-days", type=click.IntRange(0), default=3, show_default=True,
    help="So many days back --fill compares the messages of IRIS with Elexon's archive; 0: not at all.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs.")
@click.option("--log-level", type=LEVELS, default="info", show_default=True)
def gaps(fill: bool, max_requests: int, archive_days: int, as_json: bool, log_level: str) -> None:
    """List what is missing: where, since when, why we think so, and the command that brings it.

    From data_gaps, as of the last build; from the ledger: windows that were asked in vain, rows and messages that
    landed and are not held any more; from Elexon's own counts, where DATA_STATUS is loaded.
    Exit code 1 if anything is missing that is not known to be absent.

    With --fill: REST is asked for periods and rows, IRIS's archive for messages; gb-power build then shows the result.
    What Elexon does not have although it is a day late is noted as known absent, and asked for again after a delay that
    grows. It may be killed, repeated, and run by cron; exit code 75 if another one is at work.

    \b
    gb-power gaps
    gb-power gaps --json | jq -r .command
    gb-power gaps --fill --max-requests 200
    """
    log_to_stderr(log_level)
    try:
        settings, catalogue = read_settings(), load_catalogue()
    except (ConfigError, CatalogueError) as error:
        raise click.ClickException(str(error)) from None
    if not settings.bigquery:
        served_warehouse(settings)
    found, whole = _fill(settings, catalogue, max_requests, archive_days) if fill else _list(settings, catalogue)
    if as_json:
        for gap in found:
            click.echo(json.dumps(_facts(gap, catalogue), default=str))
    else:
        _show(found, catalogue)
    sys.exit(not whole or any(not gap.is_absent for gap in found))


def _list(settings: Settings, catalogue: dict[str, Dataset]) -> tuple[list, bool]:
    from loaders.gaps.found import found_gaps
    from loaders.held import CannotLand, held_by

    with stopped_plainly("gaps", CannotLand, then="Nothing was changed"):
        built = held_by(settings).built_at(settings.served)
        click.echo(f"As of the build of {built:%Y-%m-%d %H:%M} UTC", err=True)
        return found_gaps(settings, catalogue, settings.served), True


def _fill(settings: Settings, catalogue: dict[str, Dataset], max_requests: int, archive_days: int) -> tuple[list, bool]:
    """What is missing still, and whether all that was wanted was asked for and answered."""
    from loaders.gaps.absent import CannotLookAgain
    from loaders.gaps.fill import Fill
    from loaders.landing import CannotLand

    with stopped_plainly("gaps", CannotLand, CannotLookAgain, then="What has landed stays; run the same command again"):
        filled = Fill(settings, catalogue, max_requests, archive_days).run()
    for line in filled.failed[:LISTED]:
        click.echo(f"failed: {line}", err=True)
    counts = f"{filled.requests:,} requests, {filled.rows:,} rows and {filled.messages:,} messages landed"
    click.echo(f"{len(filled.gaps):,} gaps asked for: {counts}, {filled.absent:,} periods known to be absent", err=True)
    if filled.left:
        click.echo(f"{filled.left:,} requests are left for the next run: --max-requests", err=True)
    return filled.missing, not (filled.failed or filled.left)


def _facts(gap, catalogue: dict[str, Dataset]) -> dict:
    names = ("dataset", "why", "missing", "first", "first_period", "last", "last_period", "start", "end", "since")
    facts = {name: getattr(gap, name) for name in (*names, "is_absent", "ask_again")}
    return facts | {"messages": list(gap.messages), "command": gap.command(catalogue)}


def _show(found: list, catalogue: dict[str, Dataset]) -> None:
    from loaders.bmrs.source import commands  # which imports dlt, a second that --help need not wait for

    table = Table("dataset", "missing", "where", "since (UTC)", "why", box=None, header_style="bold")
    for gap in found[:LISTED]:
        since = f"{gap.since:%Y-%m-%d %H:%M}" if gap.since else ""
        table.add_row(gap.dataset, gap.missing, gap.where, since, gap.why)
    if found:
        OUT.print(table)
    if len(found) > LISTED:
        OUT.print(f"and {len(found) - LISTED:,} more: gb-power gaps --json lists all")
    missing = [gap for gap in found if not gap.is_absent]
    OUT.print(f"{len(missing):,} gaps, {len(found) - len(missing):,} known absent")
    if missing:
        OUT.print("gb-power gaps --fill asks for all of it; by hand:")
    for command in commands([window for gap in missing for window in gap.windows(catalogue)]):
        OUT.print(f"  {command} --again", soft_wrap=True)
