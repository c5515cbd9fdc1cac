"""One run of ``gb-power alert``: look, note what changed, tell, and give a sign of life."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb

from loaders import clock
from loaders.alerts.absence import absent, job_checks
from loaders.alerts.prometheus import write_metrics
from loaders.alerts.rules import check_columns, market_messages, read_rules
from loaders.alerts.send import channels, ping, send
from loaders.alerts.settings import AlertSettings
from loaders.alerts.state import AlertState, Change, Message, open_state
from loaders.config import ConfigError, Settings
from loaders.now import age
from loaders.status.check import Check, State
from loaders.status.collect import collect
from loaders.status.screen import shown

KINDS = {"ok": "success", "warning": "warning", "critical": "failure"}


@dataclass
class Told:
    """What came of a run."""

    messages: list[Message] = field(default_factory=list)  # new ones
    unsent: dict[str, int] = field(default_factory=dict)  # channel -> messages that it did not take
    troubles: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether all was looked at and all was told."""
        return not (self.unsent or self.troubles)


def alert(settings: Settings, to: AlertSettings, metrics: Path | None = None, now: datetime | None = None) -> Told:
    """Tells every change since the last run, and what an earlier run could not send.

    Raises:
        ConfigError: a channel's URL; nothing was looked at.
    """
    now, told, ways = now or clock.now(), Told(), channels(to)
    with open_state(settings.alerts) as state:
        checks = _checks(settings, now, told)
        is_blind = bool(told.troubles)  # then nothing is known of what is not there
        told.messages += _rules(settings, to.rules, state, checks, told, now)
        checks += job_checks(settings, now, state)
        checks += [] if is_blind else absent(checks, state.known())
        changes = [change for check in checks if (change := state.observe(check, now))]
        changes += [] if is_blind else _over(state, checks, now)
        told.messages += [_message(change, now) for change in changes]
        for message in told.messages if ways else ():
            state.add(message)
        state.commit()  # from here on nothing is forgotten
        told.unsent = send(state, ways)
    if metrics:
        try:
            write_metrics(metrics, checks, sum(told.unsent.values()), now)
        except OSError as error:
            told.troubles.append(f"no metrics: {error}")
    if told.is_good and to.ping_url and (why := ping(to.ping_url)):
        told.troubles.append(f"GB_POWER_PING_URL did not take the sign of life: {why}")
    return told


def _checks(settings: Settings, now: datetime, told: Told) -> list[Check]:
    try:
        found, text = collect(settings, now=now), None
    except ConfigError as error:
        found, text = [], str(error)
        told.troubles.append(text)
    state: State = "critical" if text else "ok"
    return [*found, Check("thresholds", None, state, text or "read", command="gb-power status")]


def _rules(
    settings: Settings, path: Path | None, state: AlertState, checks: list[Check], told: Told, now: datetime
) -> list[Message]:
    """Market messages; a fault in the rules is a check of its own, and stops nothing else."""
    if path is None:
        return []
    try:
        rules = read_rules(path)
        messages = _looked_up(settings, rules, path, state, now) if settings.served.exists() else []
        text = None
    except (ConfigError, duckdb.Error) as error:
        state.undo()  # events whose messages are not sent did not begin
        messages, text = [], str(error).splitlines()[0] if isinstance(error, duckdb.Error) else str(error)
        told.troubles.append(text)
    verdict: State = "critical" if text else "ok"
    checks.append(Check("market_rules", None, verdict, text or "read", command="gb-power alert --check"))
    return [_with_host(message) for message in messages]


def _looked_up(settings: Settings, rules: dict, path: Path, state: AlertState, now: datetime) -> list[Message]:
    with duckdb.connect(str(settings.served), read_only=True, config={"memory_limit": "500MB", "threads": 1}) as db:
        db.execute("set TimeZone = 'UTC'")
        check_columns(db, rules, path)
        return market_messages(db, rules, state, now)


def check_rules(settings: Settings, path: Path) -> int:
    """How many rules a file has, each of which is right.

    Raises:
        ConfigError: the rule that is not.
    """
    rules = read_rules(path)
    if settings.served.exists():
        with duckdb.connect(str(settings.served), read_only=True) as db:
            check_columns(db, rules, path)
    return len(rules)


def _over(state: AlertState, checks: list[Check], now: datetime) -> Iterator[Change]:
    """What was wrong and is not listed any more, as some checks are listed only while something is."""
    here = {(check.name, check.dataset) for check in checks}
    reporting = {None, *(check.dataset for check in checks if check.name != "absent")}
    for name, dataset in state.told().keys() - here:
        if dataset in reporting and (change := state.observe(Check(name, dataset, "ok", "is over"), now)):
            yield change


def _message(change: Change, now: datetime) -> Message:
    check = change.check
    what = f"{check.dataset} {check.name}" if check.dataset else check.name
    lines = [check.message + (f" ({shown(check)})" if check.value is not None else "")]
    lines.append(f"since {change.since_utc:%Y-%m-%d %H:%M} UTC, {age(now - change.since_utc)}")
    if check.state == "ok":
        lines[1] = f"was {change.was}"
    elif check.command:
        lines.append(f"what helps: {check.command}")
    state = "ok again" if check.state == "ok" else check.state.upper()
    return _with_host(Message(KINDS[check.state], f"{state}: {what}", "\n".join(lines)))


def _with_host(message: Message) -> Message:
    title = f"gb-power@{socket.gethostname()} {message.title}"
    return Message(message.kind, " ".join(title.split()), message.body)  # units' names are other people's words
