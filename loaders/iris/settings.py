"""Settings of the receiver."""

import os
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from loaders.config import ConfigError, day, number, read_env


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


def read_iris_settings() -> IrisSettings:
    """Settings of the queue, from where ``read_settings`` looks.

    Raises:
        ConfigError: a variable that is missing or cannot be used.
    """
    read_env()
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
        secret_expires=day("IRIS_SECRET_EXPIRES"),
        namespace=os.environ.get("IRIS_NAMESPACE") or "elexon-insights-iris",
        tenant_id=os.environ.get("IRIS_TENANT_ID") or "4203b7a0-7773-4de5-b830-8b263a20426e",
        endpoint=os.environ.get("IRIS_ENDPOINT") or None,
        authority=os.environ.get("IRIS_AUTHORITY") or None,
        ca_file=os.environ.get("IRIS_CA_FILE") or None,
        connection_string=connection_string,
        **_iris_pace(),
    )


def _iris_pace() -> dict[str, Any]:
    """How much at a time, and how patiently."""
    return dict(
        batch_messages=int(number("IRIS_BATCH_MESSAGES", 1000, 1)),
        batch_bytes=int(number("IRIS_BATCH_MB", 64, 0.001) * (1 << 20)),
        batch_seconds=number("IRIS_BATCH_SECONDS", 2, 0),
        prefetch=int(number("IRIS_PREFETCH", 200, 1)),
        silence_seconds=number("IRIS_SILENCE_SECONDS", 900, 0.1),
        backoff_seconds=number("IRIS_BACKOFF_SECONDS", 1, 0.01),
        longest_backoff_seconds=number("IRIS_LONGEST_BACKOFF_SECONDS", 60, 0.01),
        refused_backoff_seconds=number("IRIS_REFUSED_BACKOFF_SECONDS", 30, 0.01),
        drain_seconds=number("IRIS_DRAIN_SECONDS", 10, 0),
        free_bytes=int(number("IRIS_FREE_MB", 200, 0) * (1 << 20)),
        land_seconds=number("IRIS_LAND_SECONDS", 300, 0),
        status_seconds=number("IRIS_STATUS_SECONDS", 60, 0.1),
    )
