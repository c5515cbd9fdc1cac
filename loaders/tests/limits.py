"""What is in force of export and import limits, worked out minute by minute: the reference for the SQL that does it by
windows over intervals. Written from Elexon's rule, and shares nothing with the models."""

from datetime import datetime, timedelta
from typing import NamedTuple

MINUTE = timedelta(minutes=1)


class Limit(NamedTuple):
    """A submission as IRIS sends it, or a piece of one as REST answers it; ``fetched`` orders REST's answers."""

    start: datetime
    end: datetime
    level_from: int
    level_to: int
    sequence: int
    notified: datetime
    source: str = "IRIS"
    fetched: int = 0


def in_force(limits: list[Limit]) -> dict[datetime, Limit]:
    """The winner of each minute that anything covers."""
    minutes: dict[datetime, Limit] = {}
    for limit in limits:
        moment = limit.start
        while moment < limit.end:
            if moment not in minutes or _standing(limit) > _standing(minutes[moment]):
                minutes[moment] = limit
            moment += MINUTE
    return minutes


def _standing(limit: Limit) -> tuple:
    """The greater wins: Elexon's order, then REST, its later answer; the rest only makes the order total."""
    rest = limit.source == "HISTORIC"
    fetched = limit.fetched if rest else 0
    ends_sooner = -limit.end.timestamp()
    return (limit.sequence, limit.notified, rest, fetched, limit.start, ends_sooner, -limit.level_from, -limit.level_to)


def pieces(minutes: dict[datetime, Limit]) -> list[Limit]:
    """Minutes in a row that are of one piece, as that piece."""
    found: list[Limit] = []
    before: tuple[datetime, Limit] | None = None
    for moment, winner in sorted(minutes.items()):
        if before and before[0] + MINUTE == moment and _of_one_piece(before[1], winner, moment):
            found[-1] = found[-1]._replace(end=moment + MINUTE)
        else:
            found.append(winner._replace(start=moment, end=moment + MINUTE, fetched=0))
        before = (moment, winner)
    return found


def _of_one_piece(one: Limit, next_one: Limit, moment: datetime) -> bool:
    if one[:7] == next_one[:7]:
        return True
    levels = {one.level_from, one.level_to, next_one.level_from, next_one.level_to}
    same = (one.sequence, one.notified, one.source) == (next_one.sequence, next_one.notified, next_one.source)
    return same and len(levels) == 1 and moment.minute % 30 != 0
