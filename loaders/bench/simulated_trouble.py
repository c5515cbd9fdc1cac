"""What goes wrong in a simulated life and when, and what its owner is to be told of that.

The messages follow from the plan and from what README says of alerts, not from the code that sends them. Time goes in
ticks. A tick is to the simulated schedule what a quarter of an hour is to the documented one, and so are the limits.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from loaders.status.check import State

DAY_HOURS = 24
LIVE = ("BOALF", "FREQ", "FUELINST")  # late after 30 minutes, badly after 60
HALF_HOURLY = ("INDO", "MID")  # after 60 and 120
AHEAD = ("BOD", "PN")  # as well, but counted from the newest row, which is about the next hour: a tick later
WITHHELD = "FUELINST"  # whose rows a gap lacks


class Kind(StrEnum):
    """Of trouble. What is over before the next alert, its owner is not to hear of."""

    OUTAGE = "outages of REST"
    STALL = "stalls of cron: nothing is loaded"
    DEAD = "stops of the receiver: nobody starts it again"
    GAP = "rows withheld on both channels"
    UNHEARD = "outages of the alerts' channel"
    LOAD_KILL = "kills of load"
    RECEIVER_KILL = "kills of the receiver"
    BUILD_KILL = "kills of build"
    FILL_KILL = "kills of gaps"
    CUT = "connections of IRIS cut"
    ARCHIVE = "outages of the archive"


@dataclass(frozen=True)
class Trouble:
    """From one tick on, for some ticks. A gap begins with the build that is the first to see it."""

    kind: Kind
    first: int
    ticks: int = 1


@dataclass(frozen=True)
class Plan:
    """The troubles of ``ticks`` ticks of so many hours; ``builds`` are the ticks of the builds."""

    troubles: tuple[Trouble, ...]
    ticks: int
    step_hours: int
    builds: tuple[int, ...]

    def has(self, kind: Kind, tick: int) -> bool:
        """Whether it goes wrong then."""
        return any(t.kind == kind and t.first <= tick < t.first + t.ticks for t in self.troubles)

    def until_built(self, tick: int) -> int:
        """The tick of the next build after a tick; the last build comes when all is over."""
        return min((build for build in self.builds if build > tick), default=self.ticks)


def dice(chance: random.Random, ticks: int, step_hours: int, builds: tuple[int, ...]) -> Plan:
    """Troubles at random; those that a build would see are over before it, but for gaps."""
    troubles, calm = [], Plan((), ticks, step_hours, builds)
    long = {Kind.OUTAGE: (0.15, 3), Kind.STALL: (0.05, 6), Kind.DEAD: (0.08, 5)}
    short = {Kind.LOAD_KILL: 0.25, Kind.RECEIVER_KILL: 0.3, Kind.CUT: 0.3, Kind.UNHEARD: 0.05, Kind.ARCHIVE: 0.3}
    for tick in (tick for tick in range(1, ticks) if tick not in builds):
        for kind, (often, longest) in long.items():
            if chance.random() < often:
                room = min(calm.until_built(tick), ticks) - tick
                troubles.append(Trouble(kind, tick, min(room, chance.randint(1, longest))))
        troubles += [Trouble(kind, tick) for kind, often in short.items() if chance.random() < often]
    for build in builds[1:]:
        often = {Kind.GAP: 0.4, Kind.BUILD_KILL: 0.5, Kind.FILL_KILL: 0.5}
        troubles += [Trouble(kind, build) for kind, chances in often.items() if chance.random() < chances]
    return Plan(tuple(troubles), ticks, step_hours, builds)


class Expected:
    """What is to be told at each tick, ``WARNING: loads`` and the like; two more come when all is over."""

    def __init__(self, plan: Plan, datasets: tuple[str, ...]):
        self._plan, self._datasets = plan, datasets
        self.pings = sum(not plan.has(Kind.UNHEARD, tick) for tick in range(plan.ticks + 2))

    def told(self) -> dict[int, Counter]:
        """By tick. What is critical at once; a warning or an all-clear when it holds for the second time."""
        told: dict[str, State] = {}
        before: dict[str, State] = {}
        found: dict[int, Counter] = {}
        waiting: Counter = Counter()
        for tick in range(self._plan.ticks + 2):
            states = dict(self._states(tick))
            for what, state in states.items():
                if state != told.get(what, "ok") and (state == "critical" or state == before.get(what, "ok")):
                    waiting[f"{'ok again' if state == 'ok' else state.upper()}: {what}"] += 1
                    told[what] = state
            before = states
            if waiting and not self._plan.has(Kind.UNHEARD, tick):
                found[tick], waiting = waiting, Counter()
        return found

    def _states(self, tick: int) -> Iterator[tuple[str, State]]:
        is_over = tick >= self._plan.ticks
        loaded, answered, heard = (0, 0, 0) if is_over else (self._since(tick, *kinds) for kinds in (
            (Kind.STALL,), (Kind.STALL, Kind.OUTAGE), (Kind.DEAD,),
        ))  # fmt: skip
        yield "loads", _state(loaded, 2, 4)
        yield from ((name, _state(heard, 1, 4)) for name in ("receiver", "receiver_silence"))
        for name in self._datasets:
            # of 24 hours' answers more than 5 % failed as soon as all those of one load did
            yield f"{name} errors", "critical" if not is_over and self._failed_within_a_day(tick) else "ok"
            if name in LIVE:
                yield f"{name} freshness", _state(answered, 2, 4)
            elif name in HALF_HOURLY:
                yield f"{name} freshness", _state(answered, 4, 8)
            elif name in AHEAD:
                yield f"{name} freshness", _state(answered, 5, 9)
        gap = not is_over and any(
            t.kind == Kind.GAP and t.first <= tick < self._plan.until_built(t.first) for t in self._plan.troubles
        )
        is_new = tick < self._plan.builds[0]
        yield "warehouse", "critical" if is_new else "ok"  # there is none yet
        yield f"{WITHHELD} missing", "critical" if gap else "ok"  # more than an hour of it
        yield "build", "warning" if gap or is_new else "ok"

    def _since(self, tick: int, *kinds: Kind) -> int:
        """Ticks since the last one without any of these."""
        return next(n for n in range(tick + 1) if not any(self._plan.has(kind, tick - n) for kind in kinds))

    def _failed_within_a_day(self, tick: int) -> bool:
        day = range(max(0, tick - DAY_HOURS // self._plan.step_hours + 1), tick + 1)
        return any(self._plan.has(Kind.OUTAGE, n) and not self._plan.has(Kind.STALL, n) for n in day)


def _state(age: int, warning: int, critical: int) -> State:
    return "critical" if age >= critical else "warning" if age >= warning else "ok"
