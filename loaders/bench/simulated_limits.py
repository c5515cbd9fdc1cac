"""The documented limits, for an installation whose quarter of an hour lasts some hours."""

from pathlib import Path

import yaml

from loaders.bench.simulated_trouble import AHEAD, HALF_HOURLY, Plan
from loaders.catalogue import load_catalogue
from loaders.status.thresholds import DEFAULTS

OF_THE_SCHEDULE = (
    "delay_minutes", "live_freshness_minutes", "loads_minutes", "receiver_minutes", "silence_minutes", "spool_minutes",
)  # fmt: skip


def write_limits(path: Path, plan: Plan) -> Path:
    """A file for GB_POWER_THRESHOLDS: what is measured by the schedule, longer by as much as that is slower."""
    slower = plan.step_hours * 4
    limits = yaml.safe_load(DEFAULTS.read_text())
    own = {name: _times(slower, limits[name]) for name in OF_THE_SCHEDULE}
    # the receiver may have given its last sign of life at a tick's alert, half an hour after the tick
    own["receiver_minutes"] = {name: minutes - 60 for name, minutes in own["receiver_minutes"].items()}
    builds = [*plan.builds, plan.ticks]
    between = max(after - before for before, after in zip(builds, builds[1:], strict=False)) * plan.step_hours * 60
    own["served_minutes"] = {"warning": 2 * between, "critical": 4 * between}
    catalogue = load_catalogue()
    ages = {name: catalogue[name].freshness for name in (*HALF_HOURLY, *AHEAD, "DISEBSP")}
    own["datasets"] = {
        name: _times(slower, {"warning": age.warn_minutes, "critical": age.error_minutes}) for name, age in ages.items()
    }
    own["datasets"]["ITSDO"] = own["served_minutes"]  # on IRIS only: its newest row is that of the last build
    own["disk_percent"] = {"warning": 101, "critical": 101}  # the disk is not simulated
    path.write_text(yaml.safe_dump(own))
    return path


def _times(factor: float, limit: dict[str, float]) -> dict[str, float]:
    return {name: minutes * factor for name, minutes in limit.items()}
