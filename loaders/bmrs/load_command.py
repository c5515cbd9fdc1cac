"""``gb-power load``."""

import sys
from datetime import date

import click

from loaders import clock
from loaders.arguments import dataset_named, day
from loaders.catalogue import GROUPS, Dataset, load_catalogue
from loaders.config import RAW_BMRS, RAW_IRIS, TARGETS, Settings, read_settings
from loaders.logs import ERR, LEVELS, log_to_stderr
from loaders.show import OUT, show_load
from loaders.stopped import stopped_plainly


@click.command()
@click.argument("names", metavar="[DATASET]...", nargs=-1)
@click.option("--from", "first", metavar="DATE", help="First settlement day (London), such as 2025-10-01.")
@click.option("--to", "last", metavar="DATE", help="Last settlement day, included; default: the first.")
@click.option("--year", type=click.IntRange(2000, 2100), help="All settlement days of a year.")
@click.option("--days", type=click.IntRange(1, 4000), help="The last so many settlement days, today included.")
@click.option("--group", type=click.Choice(["core", *GROUPS, "all"]), help="All datasets of a group.")
@click.option("--again", is_flag=True, help="Also ask what the ledger says was answered.")
@click.option("--target", type=click.Choice(TARGETS), help="Where to land; default: GB_POWER_TARGET, else duckdb.")
@click.option("--log-level", type=LEVELS, default="info", show_default=True)
def load(names, first, last, year, days, group, again, target, log_level) -> None:
    """Load datasets from the Insights API.

    Dates are settlement days, which are London days. Without dates, each dataset's look-back up to now is asked
    again, since Elexon restates: that is what cron runs. Without datasets, the group "core".

    \b
    gb-power load
    gb-power load BOALF BOD PN --from 2025-10-01 --to 2025-10-31
    gb-power load --group balancing --days 7
    gb-power load FUELINST --year 2025
    """
    from loaders.landing import CannotLand  # dlt and Arrow take a second to import, which --help need not wait for

    log_to_stderr(log_level)
    then = "What was landed stays; run the same command again when that is mended"
    with stopped_plainly("load", CannotLand, then=then):
        catalogue = load_catalogue()
        entries = _chosen(catalogue, names, group)
        missing = _load(read_settings(target), catalogue, entries, _span(first, last, year, days), again)
    sys.exit(missing)


def _load(settings: Settings, catalogue: dict[str, Dataset], entries: list[Dataset], span, again: bool) -> bool:
    from loaders.bmrs.source import Load, needed_since, plan
    from loaders.landing import ensure_tables, open_landing
    from loaders.ledger import Ledger
    from loaders.progress import progress

    began = clock.now()
    ensure_tables(settings, catalogue, RAW_IRIS)
    with open_landing(settings, catalogue, RAW_BMRS) as landing:
        ledger = Ledger(settings, [entry.dataset for entry in entries], needed_since(entries, span))
        asked = plan(entries, span, again, ledger)
        # --again fills what data_gaps names: rows that the lake lost are found by comparing rows, not answers
        run = Load(settings, catalogue, landing, ledger, lambda window: not again or window.start is None)
        with progress(len(asked), ERR) as bar:
            tallies = run.run(asked, bar)
    if not asked:
        OUT.print("Nothing to ask: all of it was answered before. --again asks once more.")
    return show_load(tallies, (clock.now() - began).total_seconds())


def _chosen(catalogue: dict[str, Dataset], names: tuple[str, ...], group: str | None) -> list[Dataset]:
    chosen = [dataset_named(catalogue, name) for name in names]
    if group or not names:
        wanted = group or "core"
        chosen += [
            e for e in catalogue.values() if e.rest and (wanted in (e.group, "all") or (wanted == "core" and e.core))
        ]
    unasked = [entry.dataset for entry in chosen if not entry.rest]
    if unasked:
        raise click.UsageError(f"{', '.join(unasked)}: on IRIS only; 'gb-power iris run' receives it")
    return list({entry.dataset: entry for entry in chosen}.values())


def _span(first: str | None, last: str | None, year: int | None, days: int | None) -> tuple[date, date] | None:
    from loaders.windows import DAY, settlement_day

    if sum(given is not None for given in (first or last, year, days)) > 1:
        raise click.UsageError("--from/--to, --year and --days exclude one another: give one of them")
    today = settlement_day(clock.now())
    if year:
        return date(year, 1, 1), min(date(year, 12, 31), today)
    if days:
        return today - (days - 1) * DAY, today
    if not (first or last):
        return None
    if not first:
        raise click.UsageError("--to needs --from")
    span = day("--from", first), day("--to", last or first)
    if span[0] > span[1]:
        raise click.UsageError(f"--from {first} is after --to {last}")
    return span
