"""Settings of the alerts."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from loaders.config import read_env


@dataclass(frozen=True)
class AlertSettings:
    """Who is told when something changes. README, "Operations", lists the variables."""

    urls: tuple[str, ...] = field(default=(), repr=False)  # they hold tokens and passwords
    ping_url: str | None = field(default=None, repr=False)
    rules: Path | None = None


def read_alert_settings() -> AlertSettings:
    """Settings of the alerts, from where ``read_settings`` looks; without any, nobody is told."""
    read_env()
    rules = os.environ.get("GB_POWER_RULES")
    return AlertSettings(
        urls=tuple((os.environ.get("GB_POWER_ALERT_URLS") or "").split()),
        ping_url=os.environ.get("GB_POWER_PING_URL") or None,
        rules=Path(rules).expanduser() if rules else None,
    )
