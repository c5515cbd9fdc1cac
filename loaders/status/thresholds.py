"""What counts as late, wrong or full: thresholds.yml, and the file that GB_POWER_THRESHOLDS names."""

import os
from pathlib import Path

import msgspec
import yaml

from loaders.catalogue import Dataset, load_catalogue
from loaders.config import ConfigError
from loaders.status.check import Limit

DEFAULTS = Path(__file__).with_name("thresholds.yml")


class Thresholds(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The keys of thresholds.yml, which explains them."""

    missing_minutes: Limit
    errors_percent: Limit
    delay_minutes: Limit
    live_freshness_minutes: Limit
    live_datasets: list[str]
    loads_minutes: Limit
    served_minutes: Limit
    receiver_minutes: Limit
    silence_minutes: Limit
    spool_messages: Limit
    spool_minutes: Limit
    disk_percent: Limit
    recent_hours: float
    datasets: dict[str, Limit]

    def freshness_minutes(self, entry: Dataset) -> Limit | None:
        """How old the newest row of a dataset may be; None where nobody said."""
        if entry.dataset in self.datasets:
            return self.datasets[entry.dataset]
        if entry.dataset in self.live_datasets:
            return self.live_freshness_minutes
        return Limit(entry.freshness.warn_minutes, entry.freshness.error_minutes) if entry.freshness else None


def read_thresholds(own: Path | None = None) -> Thresholds:
    """The defaults, with what the user's own file says instead.

    Raises:
        ConfigError: the file and the key that is wrong.
    """
    named = os.environ.get("GB_POWER_THRESHOLDS")
    own = own or (Path(named).expanduser() if named else None)
    values = _read(DEFAULTS) | (_read(own) if own else {})
    path = own or DEFAULTS
    try:
        thresholds = msgspec.convert(values, Thresholds)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {error}") from None
    _check(thresholds, path)
    return thresholds


def _read(path: Path) -> dict:
    try:
        values = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"GB_POWER_THRESHOLDS: {path} cannot be read: {error}") from None
    if not isinstance(values, dict | None):
        raise ConfigError(f"{path}: expected names and values, such as disk_percent: {{warning: 80, critical: 90}}")
    return values or {}


def _check(thresholds: Thresholds, path: Path) -> None:
    limits = {name: value for name, value in msgspec.structs.asdict(thresholds).items() if isinstance(value, Limit)}
    for name, limit in (limits | thresholds.datasets).items():
        if not 0 <= limit.warning <= limit.critical:
            raise ConfigError(f"{path}: {name}: warning must be 0 or more, and critical at least as much")
    if thresholds.recent_hours <= 0:
        raise ConfigError(f"{path}: recent_hours must be more than 0")
    unknown = {*thresholds.live_datasets, *thresholds.datasets} - load_catalogue().keys()
    if unknown:
        raise ConfigError(f"{path}: no dataset {', '.join(sorted(unknown))}; 'gb-power datasets' lists them")
