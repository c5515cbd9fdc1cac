"""Settings from environment variables or a ``.env`` file: where things are, and how politely Elexon is asked.

Those of one concern are beside it: ``loaders/iris/settings.py``, ``alerts/settings.py``, ``publish/settings.py``.
"""

import os
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import load_dotenv

TARGETS = ("duckdb", "bigquery")  # the same names as in profiles/profiles.yml
ROLES = ("builder", "receiver")
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
    dataset: str  # of dbt's marts
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
    role: str | None = None  # whose schedule of scripts/deploy this machine has; None: nobody said that it has one

    @property
    def lake(self) -> Path:
        """The Parquet lake of the embedded target."""
        return self.home / "lake"

    @property
    def served(self) -> Path:
        """The warehouse that people query: the last green build."""
        return self.home / "served" / "warehouse.duckdb"

    @property
    def dbt_target(self) -> Path:
        """What ``gb-power build`` has dbt write beside tables: its manifest, its results. Of one home, never shared."""
        return self.home / "target"

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


def read_env() -> None:
    """Lets ``.env`` in the working directory say what the environment leaves out."""
    load_dotenv(Path.cwd() / ".env")


def env_open_to_others() -> str | None:
    """What is wrong with the modes of ``.env``, which holds secrets, if it is there and something is."""
    path = Path.cwd() / ".env"
    mode = path.stat().st_mode & 0o777 if path.exists() else 0
    return f"others can read {path} (mode {mode:04o})" if mode & 0o077 else None


def number(name: str, default: float, lowest: float) -> float:
    """A variable that is a number.

    Raises:
        ConfigError: it is none, or too small.
    """
    text = os.environ.get(name) or str(default)
    try:
        value = float(text)
    except ValueError:
        raise ConfigError(f"{name}={text!r} is not a number") from None
    if value < lowest:
        raise ConfigError(f"{name}={text!r} must be at least {lowest:g}")
    return value


def day(name: str) -> date | None:
    """A variable that is a day.

    Raises:
        ConfigError: it is none.
    """
    text = os.environ.get(name)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ConfigError(f"{name}={text!r} is not a date such as 2028-11-20") from None


def url(name: str, default: str) -> str:
    """An address whose server must prove who it is; a stand-in on this machine need not."""
    url = (os.environ.get(name) or default).rstrip("/")
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise ConfigError(f"{name}={url!r} must begin with https://, since nobody vouches for what comes without")
    return url


def _limits() -> Limits:
    return Limits(
        requests_per_second=number("BMRS_REQUESTS_PER_SECOND", 5, 0.01),
        concurrency=int(number("BMRS_CONCURRENCY", 8, 1)),
        tries=int(number("BMRS_TRIES", 6, 1)),
        backoff_seconds=number("BMRS_BACKOFF_SECONDS", 1, 0),
        connect_seconds=number("BMRS_CONNECT_SECONDS", 10, 0.1),
        read_seconds=number("BMRS_READ_SECONDS", 60, 0.1),
        total_seconds=number("BMRS_TOTAL_SECONDS", 600, 0.1),
    )


def _bigquery() -> BigQuerySettings:
    project = os.environ.get("GB_POWER_BQ_PROJECT")
    if not project:
        raise ConfigError("GB_POWER_BQ_PROJECT is not set: the Google Cloud project that holds the datasets")
    return BigQuerySettings(
        project=project,
        location=os.environ.get("GB_POWER_BQ_LOCATION") or "EU",
        dataset=os.environ.get("GB_POWER_BQ_DATASET") or "gb_power",
        max_bytes_billed=int(number("GB_POWER_BQ_MAX_BYTES", 100_000_000_000, 1)),
    )


def read_settings(target: str | None = None) -> Settings:
    """Settings from the environment; what the environment leaves out, ``.env`` in the working directory may say.

    Raises:
        ConfigError: a variable that cannot be used.
    """
    read_env()
    target = target or os.environ.get("GB_POWER_TARGET") or "duckdb"
    if target not in TARGETS:
        raise ConfigError(f"target {target!r} is none of {', '.join(TARGETS)}")
    role = os.environ.get("GB_POWER_ROLE") or None
    if role not in (None, *ROLES):
        raise ConfigError(f"GB_POWER_ROLE={role!r} is none of {', '.join(ROLES)}")
    limits = _limits()
    return Settings(
        home=Path(os.environ.get("GB_POWER_HOME") or "data").expanduser().absolute(),
        target=target,
        base_url=url("BMRS_BASE_URL", "https://data.elexon.co.uk/bmrs/api/v1"),
        limits=limits,
        archive_url=url("IRIS_ARCHIVE_URL", "https://archive.data.elexon.co.uk/iris-archive"),
        archive_limits=replace(limits, requests_per_second=number("IRIS_ARCHIVE_REQUESTS_PER_SECOND", 20, 0.01)),
        lock_wait_seconds=number("GB_POWER_LOCK_WAIT_SECONDS", 60, 0),
        package_seconds=number("GB_POWER_PACKAGE_SECONDS", 60, 0),
        bigquery=_bigquery() if target == "bigquery" else None,
        role=role,
    )
