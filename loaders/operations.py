"""The commands of whoever runs this for years: init, job, backup, restore, compact, prune."""

import os
import re
import sys
from datetime import datetime, timedelta
from pathlib import Path

import click

from loaders import clock
from loaders.arguments import Duration, dataset_named
from loaders.config import ConfigError, env_open_to_others, read_settings
from loaders.logs import LEVELS, log_to_stderr
from loaders.show import OUT
from loaders.stopped import stopped_plainly


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.option("--every", type=Duration(), help="How often it should end well; alert tells when it does not.")
@click.option(
    "--limit", type=Duration(), default="1h", show_default=True, help="After that it is stopped: exit code 124."
)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def job(name: str, every: float | None, limit: float, command: tuple[str, ...]) -> None:
    """Run a scheduled command: once at a time, within a limit, with a note of how it ended for alert.

    Ends with the exit code of the command, 75 if the job is still running, 124 if it took too long.

    \b
    gb-power job load --every 15m --limit 14m -- gb-power load --log-level error
    """
    from loaders.jobs import run_job

    if not re.fullmatch(r"[A-Za-z0-9_-]{1,50}", name):
        raise click.BadParameter(f"{name!r}: letters, digits, - and _ only", param_hint="NAME")
    with stopped_plainly("job"):
        sys.exit(run_job(read_settings(), name, command, every, limit))


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--keep", type=click.IntRange(1), default=7, show_default=True, help="How many backups stay.")
def backup(folder: Path, keep: int) -> None:
    """Copy lake, spool and warehouse into a new dated folder in FOLDER, while loads and readers go on.

    Put FOLDER on another disk. Files that an earlier backup has are linked, not copied.

    \b
    gb-power backup /mnt/backup
    """
    from loaders.backup import backup as copy

    with stopped_plainly("backup", OSError, then="No backup was made, the earlier ones are as they were"):
        done = copy(read_settings(), folder, keep)
    click.echo(f"{done.path}: {done.files:,} files, {done.bytes / 1e6:,.1f} MB")


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def restore(folder: Path) -> None:
    """Make an empty home what it was when a backup was made; the newest of FOLDER, or FOLDER itself.

    Then 'gb-power build' once, if the home is in another place than it was: the warehouse names its files.

    \b
    gb-power restore /mnt/backup
    gb-power restore /mnt/backup/20261121T043000Z
    """
    from loaders.backup import CannotRestore
    from loaders.backup import restore as copy

    with stopped_plainly("restore", CannotRestore, OSError, then="Nothing was restored"):
        settings = read_settings()
        done = copy(settings, folder)
    click.echo(f"{settings.home} is as of {done.path}: {done.files:,} files, {done.bytes / 1e6:,.1f} MB")


@click.command()
@click.option("--log-level", type=LEVELS, default="info", show_default=True)
def compact(log_level: str) -> None:
    """Merge the small files of each past day, for once a day: a load every few minutes leaves hundreds.

    Readers go on meanwhile and see every row once; a query that is at work while its table's files are swapped may
    end with "No such file": run it again. Builds and loads wait for this, and this for them.

    \b
    gb-power compact
    """
    from loaders.compact import CannotCompact
    from loaders.compact import compact as merge
    from loaders.landing import CannotLand

    log_to_stderr(log_level)
    then = "Run the same command again: what is merged stays so"
    with stopped_plainly("compact", CannotLand, CannotCompact, then=then):
        done = merge(read_settings())
    for table in done:
        size = f"{table.bytes_before / 1e6:.1f} -> {table.bytes_after / 1e6:.1f} MB"
        OUT.print(f"{table.schema}.{table.table}: {table.files_before:,} -> {table.files_after:,} files, {size}")
    if not done:
        OUT.print("Nothing to merge: no past day has several small files in a table")


@click.command()
@click.option("--file", "path", type=click.Path(dir_okay=False, path_type=Path), default=".env", help="Not .env.")
@click.option("--no-input", is_flag=True, help="Ask nothing: take what the environment and the file say.")
@click.option("--check", "is_check", is_flag=True, help="Write nothing: only try the connections.")
def init(path: Path, no_input: bool, is_check: bool) -> None:
    """Write a .env that only its owner can read, and try each connection it speaks of.

    Asks for each setting; Enter keeps what is there, and secrets are not shown. Other lines of the file stay. Then the
    home, the Insights API and, where set, IRIS, the Google Sheet and BigQuery are tried. Exit code 1 if one fails.

    \b
    gb-power init
    gb-power init --check
    IRIS_QUEUE=... IRIS_CLIENT_ID=... IRIS_CLIENT_SECRET=... gb-power init --no-input
    """
    from loaders.init import FIELDS, held, secrets, try_all, without, write_env

    log_to_stderr("error")
    here = held(path)
    values = {field.name: os.environ.get(field.name) or here.get(field.name, "") for field in FIELDS}
    values["GB_POWER_HOME"] = values["GB_POWER_HOME"] or str(Path("data").resolve())  # for cron, dbt and units alike
    try:
        if not is_check:
            values = values if no_input else {field.name: _asked(field, values[field.name]) for field in FIELDS}
            write_env(path, {name: value for name, value in values.items() if value or name in here})
            click.echo(f"{path} is written; only its owner can read it")
    except (ConfigError, OSError) as error:
        raise click.ClickException(f"{path} was not written: {error}") from None
    os.environ.update({name: value for name, value in (here | values).items() if value})
    if fault := env_open_to_others():
        click.echo(f"WARN  {fault}: chmod 600 .env")
    hidden, tried = secrets(values), try_all()
    for one in tried:
        mark = "ok  " if one.fault is None else "FAIL"
        click.echo(without(hidden, f"{mark}  {one.what}: {one.fault or one.detail}"))
    sys.exit(1 if any(one.fault for one in tried) else 0)


def _asked(field, value: str) -> str:
    hidden = field.is_secret
    suffix = " [kept]: " if hidden and value else ": "
    answer = click.prompt(field.question, value, hide_input=hidden, show_default=not hidden, prompt_suffix=suffix)
    return answer.strip()


@click.command()
@click.option(
    "--older-than", type=Duration(), required=True, help="Of rows that came before that, such as 400d; at least 7d."
)
@click.option("--dataset", "names", multiple=True, metavar="NAME", help="May be repeated; default: all.")
@click.option("--yes", is_flag=True, help="Do it; without, only say what would go.")
def prune(older_than: float, names: tuple[str, ...], yes: bool) -> None:
    """Remove old versions of rows from the lake; never what bmrs_*_unified shows, which stays as it is.

    A row goes if the served warehouse shows its key from another load: it was superseded, or came from REST and IRIS.
    The last version of a row never goes, nor any row of a dataset without a unified model.

    \b
    gb-power prune --older-than 400d
    gb-power prune --older-than 400d --dataset FUELINST --yes
    """
    import duckdb

    from loaders.landing import CannotLand
    from loaders.prune import CannotPrune

    if older_than < 7 * Duration.units["d"]:
        raise click.UsageError("--older-than: at least 7d, since loads ask for the last days again")
    then = "What is pruned stays so; run the same command again"
    with stopped_plainly("prune", CannotLand, CannotPrune, duckdb.Error, then=then):
        _prune(read_settings(), names, clock.now() - timedelta(seconds=older_than), yes)


def _prune(settings, names: tuple[str, ...], before: datetime, yes: bool) -> None:
    from loaders.catalogue import load_catalogue
    from loaders.config import RAW_BMRS, RAW_IRIS
    from loaders.landing import ensure_tables
    from loaders.prune import prunable
    from loaders.prune import prune as remove

    catalogue = load_catalogue()
    if settings.bigquery:
        raise ConfigError("BigQuery's tables are not pruned here: give their partitions an expiry")
    if not settings.served.exists():
        raise ConfigError(
            f"{settings.served} does not exist: only what is in the warehouse may go; 'gb-power build' first"
        )
    chosen = [dataset_named(catalogue, name) for name in names] or list(catalogue.values())
    for schema in (RAW_BMRS, RAW_IRIS):  # an older lake may lack a column
        ensure_tables(settings, catalogue, schema)
    rows = 0
    for found in prunable(settings, chosen, before):
        table = f"{found.schema}.{found.dataset.table}"
        if names and found.kept_because:
            click.echo(f"{table}: all {found.rows:,} rows stay: {found.kept_because}")
        elif found.going or names:
            done = remove(settings, found.dataset, found.schema, before) if yes and found.going else found
            rows += done.going
            click.echo(f"{table}: {done.going:,} of {done.rows:,} rows")
    said = "went" if yes else "would go; nothing was removed. --yes removes them"
    click.echo(f"{rows:,} superseded rows from before {before:%Y-%m-%d %H:%M} UTC {said}")
