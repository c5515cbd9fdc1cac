"""``gb-power iris archive`` and ``gb-power iris check``."""

import sys
from datetime import date, timedelta

import click

from loaders import clock
from loaders.catalogue import load_catalogue
from loaders.config import RAW_IRIS, Settings, read_settings
from loaders.iris.stopped import landing_messages
from loaders.logs import LEVELS, log_to_stderr
from loaders.stopped import UNREADABLE

SEEN_DAYS = 7
DATASET = click.option(
    "--dataset", "names", multiple=True, metavar="NAME", help="May be repeated; default: those received lately."
)
LOG_LEVEL = click.option("--log-level", type=LEVELS, default="info", show_default=True)


@click.command()
@DATASET
@click.option("--from", "first", required=True, metavar="DATE", help="First day (London) of upload to IRIS.")
@click.option("--to", "last", metavar="DATE", help="Last day, included; default: the first.")
@LOG_LEVEL
def archive(names: tuple[str, ...], first: str, last: str | None, log_level: str) -> None:
    """Fetch from Elexon's public archive the messages that we lack, and land them.

    Days are London days by the time of upload to IRIS, with a quarter of an hour on either side. A message that landed
    before, or waits in the spool, is not fetched; so the command may be killed, repeated, and run beside the receiver.
    Without --dataset: those received since a week before the first day. Exit code 1 if anything could not be fetched,
    65 if a message could not be read and went to quarantine.

    \b
    gb-power iris archive --dataset MILS --dataset MELS --from 2025-10-01 --to 2025-10-03
    """
    from loaders.iris.backfill import Backfill, Span
    from loaders.iris.show import show_backfill

    log_to_stderr(log_level)
    with landing_messages("archive"):
        span = Span(_day("--from", first), _day("--to", last or first))
        if span.first > span.last:
            raise click.UsageError(f"--from {first} is after --to {last}")
        settings = read_settings()
        run = Backfill(settings, load_catalogue())
        run.run(_datasets(settings, names, span), span)
    show_backfill(run)
    if not run.is_whole:
        again = "".join(f" --dataset {name}" for name in sorted(run.asked))
        click.echo(f"To ask again: gb-power iris archive{again} --from {span.first} --to {span.last}")
        sys.exit(1)
    if run.tally.total().quarantined:
        sys.exit(UNREADABLE)


@click.command()
@DATASET
@click.option("--day", default="yesterday", show_default=True, metavar="DATE", help="London day of upload to IRIS.")
@click.option("--fill", is_flag=True, help="Fetch what is missing, land it, and compare again.")
@LOG_LEVEL
def check(names: tuple[str, ...], day: str, fill: bool, log_level: str) -> None:
    """Compare the archive's list of a day's messages with those that we hold.

    Without --dataset: those received since a week before the day, since a queue has only what it is subscribed to.
    Exit code 1 if a message of the archive is missing. "Not listed" counts what the queue brought on that day and the
    archive does not list for it, such as messages delivered late: it is no fault.

    \b
    gb-power iris check
    gb-power iris check --day 2025-10-26 --dataset BOALF --fill
    """
    from loaders.iris.backfill import Backfill, Span
    from loaders.iris.show import show_backfill

    log_to_stderr(log_level)
    with landing_messages("check"):
        span = Span(_day("--day", day), _day("--day", day))
        settings = read_settings()
        chosen = _datasets(settings, names, span)
        lacking = _compared(settings, chosen, span)
        if fill and lacking:
            run = Backfill(settings, load_catalogue())
            run.run(lacking, span)
            show_backfill(run)
            lacking = _compared(settings, lacking, span)
    if lacking:
        only = "".join(f" --dataset {name}" for name in lacking)
        click.echo(f"To fetch what is missing: gb-power iris check --day {span.first}{only} --fill")
        sys.exit(1)


def _compared(settings: Settings, datasets: list[str], span) -> list[str]:
    """Prints the archive beside ours; returns the datasets of which something is missing."""
    from loaders.iris.check import check as compare
    from loaders.iris.show import show_check

    found = list(compare(settings, datasets, span))
    show_check(found)
    return [one.dataset for one in found if not one.is_whole]


def _day(option: str, text: str) -> date:
    from loaders.windows import DAY, settlement_day

    today = settlement_day(clock.now())
    named = {"today": today, "yesterday": today - DAY}
    try:
        return named.get(text) or date.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"{option} {text!r} is neither a date such as 2025-10-01 nor yesterday") from None


def _datasets(settings: Settings, names: tuple[str, ...], span) -> list[str]:
    """The names that IRIS gives the datasets asked for, or those seen lately."""
    from loaders.iris.held import seen_datasets
    from loaders.iris.landing import datasets_by_name
    from loaders.landing import ensure_tables

    ensure_tables(settings, load_catalogue(), RAW_IRIS)
    if not names:
        since = span.start - timedelta(days=SEEN_DAYS)
        seen = seen_datasets(settings, since)
        if not seen:
            raise click.UsageError(f"no message was received since {since:%Y-%m-%d}; say which with --dataset")
        return seen
    known = datasets_by_name(load_catalogue())
    chosen: dict[str, None] = {}
    for name in names:
        if name.upper() not in known:
            raise click.UsageError(f"IRIS has no dataset {name!r}. 'gb-power datasets' lists them")
        chosen |= dict.fromkeys(known[name.upper()].iris_names)
    return list(chosen)
