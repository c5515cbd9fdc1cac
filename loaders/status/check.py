"""One thing that is watched: what it is, how it is, and what helps."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

State = Literal["ok", "warning", "critical"]
STATES: tuple[State, ...] = ("ok", "warning", "critical")  # the place of a state is the exit code that it means


@dataclass(frozen=True)
class Limit:
    """The values from which on a figure is a warning or critical."""

    warning: float
    critical: float

    def state(self, value: float | None) -> State:
        """Of a figure; one that is not known is not judged."""
        if value is None or value < self.warning:
            return "ok"
        return "critical" if value >= self.critical else "warning"


@dataclass(frozen=True)
class Check:
    """A figure or a fact, of one dataset or (dataset None) of the whole.

    ``name`` and ``dataset`` together are unique and stay the same from one run to the next. ``since_utc`` is the moment
    from which on it is so: of the newest row, the first failure, the oldest message. ``command`` helps, if one does.
    """

    name: str
    dataset: str | None
    state: State
    message: str
    value: float | None = None
    unit: str | None = None
    threshold: Limit | None = None
    since_utc: datetime | None = None
    command: str | None = None


def measured(name: str, dataset: str | None, value: float | None, unit: str, message: str, **more) -> Check:
    """A check whose state is that of its value against ``threshold``, or ok where there is none."""
    threshold = more.get("threshold")
    state: State = threshold.state(value) if threshold else "ok"
    return Check(name, dataset, state, message, None if value is None else round(value, 3), unit, **more)


def worst(checks: Iterable[Check]) -> State:
    """The state of the whole."""
    return max((check.state for check in checks), key=STATES.index, default="ok")


def as_json(checks: list[Check], evaluated_at_utc: datetime) -> dict:
    """What ``gb-power status --json`` prints; keys are only ever added."""
    state = worst(checks)
    return {
        "state": state,
        "exit_code": STATES.index(state),
        "evaluated_at_utc": evaluated_at_utc.isoformat(),
        "checks": [asdict(check) | {"since_utc": check.since_utc and check.since_utc.isoformat()} for check in checks],
    }
