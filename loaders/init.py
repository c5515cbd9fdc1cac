"""A first .env, and whether what it says works: every connection is tried, and what fails says what to do."""

import asyncio
import os
import re
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from dotenv import dotenv_values

from loaders.alerts.settings import read_alert_settings
from loaders.config import ConfigError, Settings, read_settings
from loaders.iris.settings import read_iris_settings
from loaders.publish.settings import read_sheets_settings

TRIES = 2  # it is meant to show what is wrong, not to get over it
_PLAIN = re.compile(r"[\w@%+=:,./~-]*", re.ASCII)


@dataclass(frozen=True)
class Field:
    """One line of .env that is asked for."""

    name: str
    question: str
    is_secret: bool = False


FIELDS = (
    Field("GB_POWER_HOME", "Folder of lake and warehouse (with the systemd units: /var/lib/gb-power)"),
    Field("GB_POWER_ROLE", "Whose schedule it has: builder (loads and builds), receiver (IRIS only), empty: none"),
    Field("IRIS_CLIENT_ID", "IRIS client id (Elexon's portal; leave empty without IRIS)"),
    Field("IRIS_CLIENT_SECRET", "IRIS client secret", is_secret=True),
    Field("IRIS_QUEUE", "IRIS queue"),
    Field("IRIS_SECRET_EXPIRES", "Last day of the secret, such as 2028-11-20"),
    Field("GB_POWER_ALERT_URLS", "Alert channels (apprise URLs, a space between them)", is_secret=True),
    Field("GB_POWER_PING_URL", "Dead-man ping URL", is_secret=True),
    Field("GB_POWER_RULES", "File of market rules"),
    Field("SHEETS_ID", "Google Sheet (the part of its address between /d/ and /edit)"),
    Field("GOOGLE_APPLICATION_CREDENTIALS", "Key file of the service account"),
    Field("BACKUP", "Folder on another disk for the nightly backup, empty: none"),
    Field("GB_POWER_TARGET", "Target: duckdb or bigquery"),
    Field("GB_POWER_BQ_PROJECT", "BigQuery project"),
)


@dataclass(frozen=True)
class Tried:
    """One connection: ``fault`` is None if it works."""

    what: str
    fault: str | None
    detail: str = ""


def held(path: Path) -> dict[str, str]:
    """What a .env says now."""
    return {name: value or "" for name, value in dotenv_values(path, interpolate=False).items()}


def write_env(path: Path, values: dict[str, str]) -> None:
    """Sets these lines, keeps all others, and leaves the file to its owner alone (mode 0600); whole or not at all.

    Raises:
        ConfigError: a value that the readers of the file (this, systemd) would each read differently.
    """
    lines = {name: _line(name, value) for name, value in values.items()}
    kept = path.read_text().splitlines() if path.exists() else []
    written = []
    for line in kept:
        name = line.split("=", 1)[0].removeprefix("export ").strip()
        written.append(lines.pop(name) if name in lines else line)
    descriptor, half = tempfile.mkstemp(dir=path.parent, prefix=".env.")  # mkstemp: mode 0600 from the start
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write("\n".join([*written, *lines.values()]) + "\n")
        os.replace(half, path)
    except OSError:
        os.unlink(half)
        raise


def _line(name: str, value: str) -> str:
    if any(mark in value for mark in ("\n", "'", "\\", "${")) or not value.isprintable():
        raise ConfigError(f"{name} has a quote, a backslash, ${{ or a line break in it, which .env cannot hold")
    return f"{name}={value}" if _PLAIN.fullmatch(value) else f"{name}='{value}'"


def secrets(values: dict[str, str]) -> list[str]:
    """The parts of the values that nobody may see, the longest first."""
    found = [values[field.name] for field in FIELDS if field.is_secret and values.get(field.name)]
    return sorted({part for value in found for part in (value, *value.split())}, key=len, reverse=True)


def without(hidden: Iterable[str], text: str) -> str:
    """``text`` as it may be shown."""
    for secret in hidden:
        text = text.replace(secret, "***")
    return text


def try_all() -> list[Tried]:
    """Tries everything that the environment has settings for."""
    try:
        settings = read_settings()
    except ConfigError as error:
        return [Tried("settings", str(error))]
    tried = [_tried("home", _home, settings), _tried("Insights API", _insights, settings)]
    optional: list[tuple[str, str, Callable[[Settings], str]]] = [
        ("IRIS", "IRIS_QUEUE", _iris),
        ("Google Sheet", "SHEETS_ID", _sheet),
        ("BigQuery", "GB_POWER_BQ_PROJECT", _bigquery),
        ("alert channels", "GB_POWER_ALERT_URLS", _channels),
        ("market rules", "GB_POWER_RULES", _rules),
    ]
    tried += [_tried(what, work, settings) for what, variable, work in optional if os.environ.get(variable)]
    return tried


def _tried(what: str, work: Callable[[Settings], str], settings: Settings) -> Tried:
    from loaders.http import RequestFailed
    from loaders.iris.service_bus import Trouble
    from loaders.landing import CannotLand
    from loaders.publish.exposures import CannotPublish

    try:
        return Tried(what, None, work(settings))
    except (ConfigError, RequestFailed, Trouble, CannotPublish, CannotLand, OSError) as error:
        return Tried(what, str(error))


def _home(settings: Settings) -> str:
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.home):
            return str(settings.home)
    except OSError as error:
        who = f"GB_POWER_HOME must be a folder that user {os.getuid()} may write to"
        raise ConfigError(f"{settings.home}: {error.strerror}; {who}") from None


def _insights(settings: Settings) -> str:
    from loaders.http import Client, RequestFailed

    client = Client(settings.base_url, replace(settings.limits, tries=TRIES))
    try:
        answer = client.get("/datasets/metadata/latest", {})
    except RequestFailed as error:
        help = "is there a way to the Internet (a proxy: HTTPS_PROXY), and is BMRS_BASE_URL right?"
        raise ConfigError(f"{settings.base_url} does not answer as it should: {error}; {help}") from None
    answer.body.close()
    return f"{settings.base_url}, {answer.seconds:.1f} s"


def _iris(_: Settings) -> str:
    from loaders.iris.service_bus import Connection

    iris = read_iris_settings()

    async def connect() -> None:
        async with Connection(iris, prefetch=0) as connection:  # nothing is received, nothing is locked
            await connection.verify()

    asyncio.run(connect())
    return iris.where


def _sheet(_: Settings) -> str:
    from loaders.publish.google import open_sheet

    return open_sheet(read_sheets_settings()).title


def _bigquery(settings: Settings) -> str:
    from loaders.bigquery.client import rows

    bigquery = settings.bigquery or read_settings("bigquery").bigquery
    assert bigquery, "read_settings makes it for this target, or raises"
    list(rows(bigquery, "select 1"))
    return bigquery.project


def _channels(_: Settings) -> str:
    from loaders.alerts.send import channels

    return f"{len(channels(read_alert_settings()))} understood; 'gb-power alert --test' sends a message to each"


def _rules(settings: Settings) -> str:
    from loaders.alerts.run import check_rules

    path = read_alert_settings().rules
    assert path, "it was asked for since it is set"
    return f"{check_rules(settings, path)} rules in {path}"
