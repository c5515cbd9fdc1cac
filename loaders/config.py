"""The only module that knows the environment: settings from environment variables or a ``.env`` file."""

import os
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import load_dotenv

TARGETS = ("duckdb", "bigquery")  # the same names as in profiles/profiles.yml
LOOPBACK = ("localhost", "127.0.0.1", "::1")
RAW_BMRS = "raw_bmrs"
RAW_IRIS = "raw_iris"


class ConfigError(ValueError):
    """A setting that cannot be used; the message names the variable."""


@dataclass(frozen=True)
class Limits:
    """How politely a server is asked, and how patiently."""

    requests_per_second: float
    concurrency: int
    tries: int
    backoff_seconds: float
    connect_seconds: float
    read_seconds: float
    total_seconds: float


@dataclass(frozen=True)
class BigQuerySettings:
    """Which project is landed in. dbt's profile reads the same variables."""

    project: str
    location: str
    max_bytes_billed: int  # of one query


@dataclass(frozen=True)
class Settings:
    """Where things are and how politely Elexon is asked. README, "Settings", lists the variables."""

    home: Path
    target: str
    base_url: str
    limits: Limits
    archive_url: str
    archive_limits: Limits
    lock_wait_seconds: float
    package_seconds: float
    bigquery: BigQuerySettings | None = None  # there when it is the target

    @property
    def lake(self) -> Path:
        """The Parquet lake of the embedded target."""
        return self.home / "lake"

    @property
    def served(self) -> Path:
        """The warehouse that people query: the last green build."""
        return self.home / "served" / "warehouse.duckdb"

    @property
    def build_result(self) -> Path:
        """What came of the last ``gb-power build``, as JSON."""
        return self.home / "build.json"

    @property
    def receiver_state(self) -> Path:
        """How the receiver of IRIS is, as JSON, written by itself."""
        return self.home / "iris" / "receiver.json"

    @property
    def spool(self) -> Path:
        """The file of IRIS messages that were received and have not landed."""
        return self.home / "iris" / "spool.db"

    @property
    def alerts(self) -> Path:
        """What was told to whom, and what is still to be."""
        return self.home / "alerts" / "state.db"

    @property
    def jobs(self) -> Path:
        """A small file for each scheduled job: how its last run ended."""
        return self.home / "jobs"

    def raw_files(self, schema: str, table: str) -> Path:
        """The folder of one raw table in the lake."""
        return self.lake / schema / table


@dataclass(frozen=True)
class IrisSettings:
    """Which queue is received from, and how. README, "Settings", lists the variables."""

    queue: str
    client_id: str
    client_secret: str = field(repr=False)
    secret_expires: date | None
    namespace: str
    tenant_id: str
    endpoint: str | None  # this and the next three are for tests
    authority: str | None
    ca_file: str | None
    connection_string: str | None = field(repr=False)
    batch_messages: int
    batch_bytes: int
    batch_seconds: float
    prefetch: int
    silence_seconds: float
    backoff_seconds: float
    longest_backoff_seconds: float
    refused_backoff_seconds: float
    drain_seconds: float
    free_bytes: int
    land_seconds: float
    status_seconds: float

    @property
    def where(self) -> str:
        """Queue and namespace, for people."""
        return f"queue {self.queue} of {self.namespace}"

    def without_secrets(self, text: str) -> str:
        """``text`` as it may be shown."""
        for secret in (self.client_secret, self.connection_string):
            text = text.replace(secret, "***") if secret else text
        return text


def _number(name: str, default: float, lowest: float) -> float:
    text = os.environ.get(name) or str(default)
    try:
        value = float(text)
    except ValueError:
        raise ConfigError(f"{name}={text!r} is not a number") from None
    if value < lowest:
        raise ConfigError(f"{name}={text!r} must be at least {lowest:g}")
    return value


def _url(name: str, default: str) -> str:
    """An address whose server must prove who it is; a stand-in on this machine need not."""
    url = (os.environ.get(name) or default).rstrip("/")
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise ConfigError(f"{name}={url!r} must begin with https://, since nobody vouches for what comes without")
    return url


def _limits() -> Limits:
    return Limits(
        requests_per_second=_number("BMRS_REQUESTS_PER_SECOND", 5, 0.01),
        concurrency=int(_number("BMRS_CONCURRENCY", 8, 1)),
        tries=int(_number("BMRS_TRIES", 6, 1)),
        backoff_seconds=_number("BMRS_BACKOFF_SECONDS", 1, 0),
        connect_seconds=_number("BMRS_CONNECT_SECONDS", 10, 0.1),
        read_seconds=_number("BMRS_READ_SECONDS", 60, 0.1),
        total_seconds=_number("BMRS_TOTAL_SECONDS", 600, 0.1),
    )


def _bigquery() -> BigQuerySettings:
    project = os.environ.get("GB_POWER_BQ_PROJECT")
    if not project:
        raise ConfigError("GB_POWER_BQ_PROJECT is not set: the Google Cloud project that holds the datasets")
    return BigQuerySettings(
        project=project,
        location=os.environ.get("GB_POWER_BQ_LOCATION") or "EU",
        max_bytes_billed=int(_number("GB_POWER_BQ_MAX_BYTES", 100_000_000_000, 1)),
    )


def read_settings(target: str | None = None) -> Settings:
    """Settings from the environment; what the environment leaves out, ``.env`` in the working directory may say.

    Raises:
        ConfigError: a variable that cannot be used.
    """
    load_dotenv(Path.cwd() / ".env")
    target = target or os.environ.get("GB_POWER_TARGET") or "duckdb"
    if target not in TARGETS:
        raise ConfigError(f"target {target!r} is none of {', '.join(TARGETS)}")
    limits = _limits()
    return Settings(
        home=Path(os.environ.get("GB_POWER_HOME") or "data").expanduser().absolute(),
        target=target,
        base_url=_url("BMRS_BASE_URL", "https://data.elexon.co.uk/bmrs/api/v1"),
        limits=limits,
        archive_url=_url("IRIS_ARCHIVE_URL", "https://archive.data.elexon.co.uk/iris-archive"),
        archive_limits=replace(limits, requests_per_second=_number("IRIS_ARCHIVE_REQUESTS_PER_SECOND", 20, 0.01)),
        lock_wait_seconds=_number("GB_POWER_LOCK_WAIT_SECONDS", 60, 0),
        package_seconds=_number("GB_POWER_PACKAGE_SECONDS", 60, 0),
        bigquery=_bigquery() if target == "bigquery" else None,
    )


@dataclass(frozen=True)
class SheetsSettings:
    """Which spreadsheet is filled, and as whom."""

    sheet_id: str
    key_file: Path
    endpoint: str | None  # another than Google's, for tests


def read_sheets_settings() -> SheetsSettings:
    """Settings of the Google Sheet.

    Raises:
        ConfigError: a variable that is missing.
    """
    load_dotenv(Path.cwd() / ".env")
    for name, what in {
        "SHEETS_ID": "the part of the sheet's address between /d/ and /edit",
        "GOOGLE_APPLICATION_CREDENTIALS": "the path of a service account's key file",
    }.items():
        if not os.environ.get(name):
            raise ConfigError(f"{name} is not set: {what}")
    return SheetsSettings(
        sheet_id=os.environ["SHEETS_ID"],
        key_file=Path(os.environ["GOOGLE_APPLICATION_CREDENTIALS"]).expanduser(),
        endpoint=(os.environ.get("SHEETS_API_ENDPOINT") or "").rstrip("/") or None,
    )


@dataclass(frozen=True)
class AlertSettings:
    """Who is told when something changes. README, "Operations", lists the variables."""

    urls: tuple[str, ...] = field(default=(), repr=False)  # they hold tokens and passwords
    ping_url: str | None = field(default=None, repr=False)
    rules: Path | None = None


def read_alert_settings() -> AlertSettings:
    """Settings of the alerts, from where ``read_settings`` looks; without any, nobody is told."""
    load_dotenv(Path.cwd() / ".env")
    rules = os.environ.get("GB_POWER_RULES")
    return AlertSettings(
        urls=tuple((os.environ.get("GB_POWER_ALERT_URLS") or "").split()),
        ping_url=os.environ.get("GB_POWER_PING_URL") or None,
        rules=Path(rules).expanduser() if rules else None,
    )


def read_iris_settings() -> IrisSettings:
    """Settings of the queue, from where ``read_settings`` looks.

    Raises:
        ConfigError: a variable that is missing or cannot be used.
    """
    load_dotenv(Path.cwd() / ".env")
    connection_string = os.environ.get("IRIS_CONNECTION_STRING") or None
    needed = ["IRIS_QUEUE"] if connection_string else ["IRIS_QUEUE", "IRIS_CLIENT_ID", "IRIS_CLIENT_SECRET"]
    missing = [name for name in needed if not os.environ.get(name)]
    if missing:
        raise ConfigError(
            f"{', '.join(missing)} not set: Elexon's IRIS portal shows the values; they go into .env or the environment"
        )
    return IrisSettings(
        queue=os.environ["IRIS_QUEUE"],
        client_id=os.environ.get("IRIS_CLIENT_ID") or "",
        client_secret=os.environ.get("IRIS_CLIENT_SECRET") or "",
        secret_expires=_date("IRIS_SECRET_EXPIRES"),
        namespace=os.environ.get("IRIS_NAMESPACE") or "elexon-insights-iris",
        tenant_id=os.environ.get("IRIS_TENANT_ID") or "4203b7a0-7773-4de5-b830-8b263a20426e",
        endpoint=os.environ.get("IRIS_ENDPOINT") or None,
        authority=os.environ.get("IRIS_AUTHORITY") or None,
        ca_file=os.environ.get("IRIS_CA_FILE") or None,
        connection_string=connection_string,
        **_iris_pace(),
    )


def _iris_pace() -> dict[str, float]:
    """How much at a time, and how patiently."""
    return dict(
        batch_messages=int(_number("IRIS_BATCH_MESSAGES", 1000, 1)),
        batch_bytes=int(_number("IRIS_BATCH_MB", 64, 0.001) * (1 << 20)),
        batch_seconds=_number("IRIS_BATCH_SECONDS", 2, 0),
        prefetch=int(_number("IRIS_PREFETCH", 200, 1)),
        silence_seconds=_number("IRIS_SILENCE_SECONDS", 900, 0.1),
        backoff_seconds=_number("IRIS_BACKOFF_SECONDS", 1, 0.01),
        longest_backoff_seconds=_number("IRIS_LONGEST_BACKOFF_SECONDS", 60, 0.01),
        refused_backoff_seconds=_number("IRIS_REFUSED_BACKOFF_SECONDS", 30, 0.01),
        drain_seconds=_number("IRIS_DRAIN_SECONDS", 10, 0),
        free_bytes=int(_number("IRIS_FREE_MB", 200, 0) * (1 << 20)),
        land_seconds=_number("IRIS_LAND_SECONDS", 300, 0),
        status_seconds=_number("IRIS_STATUS_SECONDS", 60, 0.1),
    )


def _date(name: str) -> date | None:
    text = os.environ.get(name)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ConfigError(f"{name}={text!r} is not a date such as 2028-11-20") from None
