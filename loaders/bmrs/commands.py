"""``gb-power probe`` and ``gb-power discover``: what Elexon's API answers today, beside the catalogue."""

import json
import sys
from dataclasses import asdict

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from loaders import clock
from loaders.arguments import dataset_named, day
from loaders.catalogue import CatalogueError, Dataset, load_catalogue
from loaders.config import ConfigError, read_settings
from loaders.show import OUT

ERR = Console(stderr=True)
COLOURS = {"ok": "green", "empty": "", "drift": "yellow", "unreadable": "red", "refused": "red", "failed": "red"}


@click.command()
@click.argument("names", metavar="[DATASET]...", nargs=-1)
@click.option("--day", "text", metavar="DATE", help="Settlement day to ask for; default: the day before yesterday.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs.")
def probe(names: tuple[str, ...], text: str | None, as_json: bool) -> None:
    """Ask each endpoint one small question and compare the answer with the catalogue.

    Nothing is landed. The first thing to run against the live API: it shows within minutes which endpoints answer,
    how fast, and whether fields were added or are gone. Exit code 1 if a load would miss something.

    \b
    gb-power probe
    gb-power probe BOALF BOD --day 2025-10-26
    """
    from loaders.bmrs.probe import probe as ask  # Arrow takes its time to import
    from loaders.windows import DAY, settlement_day

    settings, catalogue = _settled()
    asked_day = day("--day", text) if text else settlement_day(clock.now()) - 2 * DAY
    found = []
    with ERR.status("asking"):
        for one in ask(settings, _asked(catalogue, names), asked_day):
            found.append(one)
            if as_json:
                click.echo(json.dumps(asdict(one)))
    if not as_json:
        _show(found)
    sys.exit(any(one.is_wrong for one in found))


@click.command()
@click.option("--json", "as_json", is_flag=True, help="The manifest as JSON.")
def discover(as_json: bool) -> None:
    """List what Elexon says it publishes, beside the catalogue.

    \b
    gb-power discover
    gb-power discover --json > manifest.json
    """
    from loaders.bmrs.probe import discover as ask
    from loaders.decode import Undecodable
    from loaders.http import RequestFailed

    settings, catalogue = _settled()
    try:
        offered = ask(settings, catalogue)
    except (RequestFailed, Undecodable) as error:
        raise click.ClickException(f"{settings.base_url}/datasets/metadata/latest: {error}") from None
    if as_json:
        click.echo(json.dumps([asdict(one) for one in offered], default=str, indent=1))
        return
    table = Table("Elexon lists", "last updated (UTC)", "catalogue", box=None, header_style="bold")
    for one in offered:
        listed = "not listed" if one.last_updated is None and one.name == one.dataset else one.name
        updated = f"{one.last_updated:%Y-%m-%d %H:%M}" if one.last_updated else ""
        table.add_row(listed, updated, one.dataset or f"not there{f'; is it {one.like}?' if one.like else ''}")
    OUT.print(table)
    OUT.print(f"{sum(not one.dataset for one in offered)} of {len(offered)} are not in the catalogue under that name")


def _settled() -> tuple:
    try:
        return read_settings(), load_catalogue()
    except (ConfigError, CatalogueError) as error:
        raise click.ClickException(str(error)) from None


def _asked(catalogue: dict[str, Dataset], names: tuple[str, ...]) -> list[Dataset]:
    entries = [dataset_named(catalogue, name) for name in names] or [e for e in catalogue.values() if e.rest]
    for entry in entries:
        if not entry.rest:
            raise click.UsageError(f"{entry.dataset} has no endpoint: it is on IRIS only")
    return entries


def _show(found: list) -> None:
    table = Table("dataset", "", "verdict", box=None, header_style="bold")
    for heading in ("rows", "seconds"):
        table.add_column(heading, justify="right")
    table.add_column("what", overflow="fold")
    for one in found:
        notes = [f"new: {', '.join(one.new_fields)}"] if one.new_fields else []
        notes += [f"unseen: {', '.join(one.unseen_fields)}"] if one.unseen_fields else []
        verdict = Text(one.verdict, style=COLOURS[one.verdict])
        seconds = f"{one.seconds:.2f}" if one.seconds is not None else ""
        table.add_row(one.dataset, one.variant, verdict, f"{one.rows:,}", seconds, one.error or "; ".join(notes))
    OUT.print(table)
    counts = {verdict: sum(one.verdict == verdict for one in found) for verdict in COLOURS}
    OUT.print(f"{len(found)} endpoints asked: " + ", ".join(f"{n} {verdict}" for verdict, n in counts.items() if n))
