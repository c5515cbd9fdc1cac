"""All checks, from the lake, the served warehouse, the receiver and the disk. Nothing is written."""

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import duckdb

from loaders import clock
from loaders.catalogue import Dataset, load_catalogue
from loaders.config import Settings, env_open_to_others
from loaders.held import CannotLand, held_by
from loaders.status import lake
from loaders.status.check import Check, measured
from loaders.status.datasets import dataset_checks
from loaders.status.receiver import receiver_checks
from loaders.status.thresholds import Thresholds, read_thresholds
from loaders.status.warehouse import read_warehouse

DiskUsage = Callable[[Path], tuple[int, int, int]]  # bytes: total, used, free; as shutil.disk_usage


def collect(
    settings: Settings,
    limits: Thresholds | None = None,
    now: datetime | None = None,
    disk_usage: DiskUsage = shutil.disk_usage,
) -> list[Check]:
    """Every check: those of the whole first, then dataset by dataset.

    What is broken is a check of its own that says so; the others go on.

    Raises:
        ConfigError: the thresholds cannot be used.
    """
    limits, now = limits or read_thresholds(), now or clock.now()
    checks, facts = _lake(settings, limits, now)
    more, served = read_warehouse(settings, limits, now)
    checks += more
    checks += receiver_checks(settings, limits, now)
    checks += _disk(settings, limits, disk_usage)
    if fault := env_open_to_others():
        checks.append(Check("env", None, "warning", fault, command="chmod 600 .env"))
    for name, found in served.items():
        facts.setdefault(name, {}).update(found)
    catalogue = load_catalogue()
    for name in sorted(facts.keys() & catalogue.keys()):
        checks += dataset_checks(catalogue[name], facts[name], limits, now)
    return checks


def _lake(settings: Settings, limits: Thresholds, now: datetime) -> tuple[list[Check], dict[str, dict]]:
    """The checks of the lake as a whole, and what its ledgers say of each dataset."""
    try:
        asked = lake.asked(settings, now, limits.recent_hours)
        received = lake.received(settings, now, limits.recent_hours)
        sizes = held_by(settings).sizes() if asked or received else {}
    except (duckdb.Error, OSError, CannotLand) as error:
        reason = f"the ledger cannot be read: {str(error).splitlines()[0]}"
        return [Check("lake", None, "critical", reason, command="gb-power load")], {}
    if not asked and not received:
        return [Check("lake", None, "critical", "nothing was loaded yet", command="gb-power load")], {}
    size = f"{len(asked)} datasets asked for, {len(received)} received"
    checks = [measured("lake", None, sum(sizes.values()) / 1e6, "MB", size)]
    checks += _loads(asked, limits, now)
    names = {name: entry for entry in load_catalogue().values() if entry.iris for name in entry.iris.names}
    checks += _unmapped(received, names)
    facts: dict[str, dict] = {name: dict(found) for name, found in asked.items()}
    for name, found in received.items():
        if name in names:
            facts.setdefault(names[name].dataset, {}).update(found)
    for name in facts:
        facts[name]["bytes"] = sizes.get(name.lower(), 0)
    return checks, facts


def _loads(asked: dict[str, dict], limits: Thresholds, now: datetime) -> Iterator[Check]:
    if asked:
        last = max(found["last_asked_utc"] for found in asked.values())
        yield measured(
            "loads", None, (now - last).total_seconds() / 60, "min", f"REST was asked last {last:%Y-%m-%d %H:%M} UTC",
            threshold=limits.loads_minutes, since_utc=last, command="gb-power load",
        )  # fmt: skip


def _unmapped(received: dict[str, dict], names: dict[str, Dataset]) -> Iterator[Check]:
    unknown = sorted(str(name) for name, found in received.items() if name not in names and "messages" in found)
    if unknown:
        message = f"messages of datasets that the catalogue does not know: {', '.join(unknown)}"
        yield Check("unmapped", None, "warning", message, len(unknown), "datasets", command="gb-power iris retry")


def _disk(settings: Settings, limits: Thresholds, disk_usage: DiskUsage) -> Iterator[Check]:
    place = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    try:
        _, used, free = disk_usage(place)  # not all of the rest is ours: root keeps some, as df says too
    except OSError as error:
        yield Check("disk", None, "critical", f"{place} cannot be asked: {error}")
        return
    yield measured(
        "disk", None, 100 * used / (used + free), "%", f"{free / 1e9:.1f} GB free at {place}",
        threshold=limits.disk_percent, command="gb-power compact",
    )  # fmt: skip
