"""The commands ``gb-power alert`` and ``gb-power weekly``."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from filelock import FileLock, Timeout

from loaders import clock
from loaders.alerts.settings import read_alert_settings
from loaders.arguments import day
from loaders.config import ConfigError, read_settings
from loaders.logs import LEVELS, log_to_stderr
from loaders.stopped import stopped_plainly


@click.command()
@click.option("--prometheus", type=click.Path(dir_okay=False, path_type=Path), help="Also write all checks there.")
@click.option("--check", "is_check", is_flag=True, help="Only check the market rules.")
@click.option("--test", "is_test", is_flag=True, help="Only send a message to every channel.")
@click.option("--forget", metavar="DATASET", help="Expect nothing of a dataset any more.")
@click.option("--log-level", type=LEVELS, default="warning", show_default=True)
def alert(prometheus: Path | None, is_check: bool, is_test: bool, forget: str | None, log_level: str) -> None:
    """Tell what changed since the last run; for cron, after each job.

    GB_POWER_ALERT_URLS holds the channels (apprise URLs, separated by spaces); without any, messages are printed. One
    message per change of state; a warning and an all-clear must hold for two runs. What a channel did not take is sent
    again by the next run. GB_POWER_PING_URL is asked when everything was looked at and told, so that its silence says
    that alerts are down. GB_POWER_RULES names a YAML of market rules; scripts/deploy/rules.yml shows them all.

    \b
    gb-power alert --prometheus /var/lib/node_exporter/gb_power.prom
    gb-power alert --test
    """
    log_to_stderr(log_level)
    with stopped_plainly("alert"):
        settings, to = read_settings(), read_alert_settings()
        with _only_one(settings):
            if is_check:
                _check(settings, to)
            elif is_test:
                _test(to)
            elif forget:
                _forget(settings, forget.upper())
            else:
                _alert(settings, to, prometheus)


@contextmanager
def _only_one(settings) -> Iterator[None]:
    """Ends the process with exit code 75 if another one tells, and still did after the time to wait."""
    settings.alerts.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(settings.alerts.with_suffix(".lock"), timeout=settings.lock_wait_seconds):
            yield
    except Timeout:
        click.echo("another gb-power alert is at work", err=True)
        sys.exit(75)  # EX_TEMPFAIL


def _alert(settings, to, prometheus: Path | None) -> None:
    from loaders.alerts.run import alert as tell

    told = tell(settings, to, prometheus)
    for message in told.messages if not to.urls else ():
        click.echo(f"{message.title}\n{message.body}\n")
    for channel, number in told.unsent.items():
        click.echo(f"gb-power alert: {number} messages wait for {channel}, which did not take them", err=True)
    for trouble in told.troubles:
        click.echo(f"gb-power alert: {trouble}", err=True)
    sys.exit(0 if told.is_good else 1)


def _check(settings, to) -> None:
    from loaders.alerts.run import check_rules

    if to.rules is None:
        raise ConfigError("GB_POWER_RULES is not set: the path of market rules such as scripts/deploy/rules.yml")
    click.echo(f"{check_rules(settings, to.rules)} rules in {to.rules} are right")


def _test(to) -> None:
    from loaders.alerts.send import channels, try_out

    refused = [name for name, channel in channels(to).items() if not try_out(channel)]
    for name in refused:
        click.echo(f"gb-power alert: {name} did not take the message; is its URL right?", err=True)
    _need_channel(to)
    click.echo(f"{len(to.urls) - len(refused)} of {len(to.urls)} channels took a message")
    sys.exit(1 if refused else 0)


def _forget(settings, dataset: str) -> None:
    from loaders.alerts.state import open_state

    with open_state(settings.alerts) as state:
        click.echo(f"{state.forget(dataset)} checks of {dataset} forgotten")


@click.command()
@click.option("--to", "last", metavar="DATE", help="Last settlement day of the seven; default: yesterday in London.")
@click.option("--send", "is_sent", is_flag=True, help="To the channels of GB_POWER_ALERT_URLS, not to stdout.")
def weekly(last: str | None, is_sent: bool) -> None:
    """The last seven settlement days in Markdown: prices, mix, top units, constraints, data quality.

    \b
    gb-power weekly > week.md
    gb-power weekly --to 2025-10-26 --send
    """
    import duckdb

    from loaders.alerts.weekly import weekly as summary
    from loaders.windows import DAY, settlement_day

    try:
        with stopped_plainly("weekly"):
            settings, to = read_settings(), read_alert_settings()
            if is_sent:
                _need_channel(to)
            until = day("--to", last) if last else settlement_day(clock.now()) - DAY
            title, text = summary(settings.served, until)
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise click.ClickException(f"{settings.served}: {reason}; 'gb-power build' makes it anew") from None
    if is_sent:
        _send(settings, to, title, text)
    else:
        click.echo(text, nl=False)


def _need_channel(to) -> None:
    if not to.urls:
        where = "where messages go, as apprise URLs, such as mailtos://user:password@example.org"
        raise ConfigError(f"GB_POWER_ALERT_URLS is not set: {where}")


def _send(settings, to, title: str, text: str) -> None:
    """Kept until it is taken, as every message."""
    from loaders.alerts.send import channels, send
    from loaders.alerts.state import Message, open_state

    ways = channels(to)
    with _only_one(settings), open_state(settings.alerts) as state:
        state.add(Message("info", title, text, "markdown"))
        state.commit()
        unsent = send(state, ways)
    for channel in unsent:
        click.echo(f"gb-power weekly: {channel} did not take it; 'gb-power alert' sends it again", err=True)
    sys.exit(1 if unsent else 0)
