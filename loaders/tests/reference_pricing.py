"""Acceptance volumes by the rule's own words, in exact fractions: what the SQL models are checked against.

Written apart from them and by another method. The models chain acceptances with a window function and integrate
clipped trapezoids by one closed formula. Here the profile after acceptance k is what the rule says it is: its own level
where it has one, else the profile after acceptance k-1, and before the first the notification. Every instant at which
two of the lines meet is found, and between two such instants, where all is straight, the value in the middle counts for
the piece.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

Time = int | Fraction  # minutes from any origin
Number = int | Fraction


@dataclass(frozen=True)
class Line:
    """A straight line from one time to a later one."""

    from_time: Time
    to_time: Time
    level_from: Number
    level_to: Number
    heard: int = 0  # of two that hold at a time, the one heard last is in force, then the one that began last

    def at(self, time: Time) -> Fraction:
        """The level, also beyond the ends."""
        share = Fraction(time - self.from_time, self.to_time - self.from_time)
        return self.level_from + share * (self.level_to - self.level_from)


@dataclass(frozen=True)
class Pair:
    """A row of bid-offer data: the width of a pair's band, and its prices."""

    pair_id: int
    width: Line
    offer: Number
    bid: Number


@dataclass(frozen=True)
class Acceptance:
    """An acceptance: its place in the order, and its profile."""

    number: int
    accepted_at: Time
    profile: tuple[Line, ...]


@dataclass(frozen=True)
class Unit:
    """What is known of a unit. Notifications and pairs count in the period that they were given for."""

    notifications: dict[Time, list[Line]]  # by start of the settlement period
    pairs: dict[Time, list[Pair]]
    acceptances: list[Acceptance]


@dataclass
class Priced:
    """What an acceptance is worth in a settlement period; why not, if it cannot be said."""

    fault: str | None = None
    offers: dict[int, Fraction] = field(default_factory=dict)  # MWh by pair
    bids: dict[int, Fraction] = field(default_factory=dict)
    cash: Fraction = Fraction(0)
    unpriced: Fraction = Fraction(0)
    unpriced_size: Fraction = Fraction(0)

    @property
    def flag(self) -> str:
        """The validation flag."""
        if self.fault:
            return self.fault
        if self.unpriced_size:
            return "PARTLY_PRICED"
        return "PRICED" if any(self.offers.values()) or any(self.bids.values()) else "NO_VOLUME"


def price(unit: Unit, start: Time, end: Time) -> dict[int, Priced]:
    """Every acceptance that reaches into a settlement period, by number."""
    reaching = [a for a in unit.acceptances if any(line.from_time < end and line.to_time > start for line in a.profile)]
    order = sorted(reaching, key=lambda a: (a.accepted_at, a.number))
    notifications, pairs = unit.notifications.get(start, []), unit.pairs.get(start, [])
    lines = [*notifications, *(pair.width for pair in pairs), *(line for a in order for line in a.profile)]
    knots = {time for line in lines for time in (line.from_time, line.to_time) if start < time < end}
    found: dict[int, Priced] = {}
    for begin, finish in pairwise(sorted({start, end, *knots})):
        middle = Fraction(begin + finish, 2)
        fpn = in_force(notifications, middle)
        bands = bands_at(pairs, fpn, middle) if fpn else []
        before = fpn
        for acceptance in order:
            after = in_force(acceptance.profile, middle)
            if after is None:
                continue
            priced = found.setdefault(acceptance.number, Priced())
            if fpn is None:
                priced.fault = "NO_PN"
            elif not bands:
                priced.fault = priced.fault or "NO_BOD"
            else:
                add_piece(priced, before, after, bands, begin, finish)
            before = after
    return found


def in_force(lines: Iterable[Line], time: Time) -> Line | None:
    """The line that holds at a time."""
    holding = [line for line in lines if line.from_time < time < line.to_time]
    return max(holding, key=lambda line: (line.heard, line.from_time), default=None)


@dataclass(frozen=True)
class Band:
    """A pair's band: two edges, each the sum of some lines. Without a pair it is what lies beyond the outermost."""

    pair: Pair | None
    inner: tuple[Line, ...] | None  # nearer to the notification; None is infinitely far
    outer: tuple[Line, ...] | None
    side: int

    def clamp(self, level: Fraction, time: Time) -> Fraction:
        """How far a level reaches into the band from the notification: negative downward."""
        inner = level_of(self.inner, time)
        beyond = max(self.side * (level - inner), 0)
        if self.outer is not None:
            beyond = min(beyond, self.side * (level_of(self.outer, time) - inner))
        return self.side * beyond


def level_of(edge: tuple[Line, ...], time: Time) -> Fraction:
    """An edge's level."""
    return sum((line.at(time) for line in edge), Fraction(0))


def bands_at(pairs: list[Pair], fpn: Line, time: Time) -> list[Band]:
    """The bands that stack up and down from the notification; none without pairs."""
    holding: dict[int, Pair] = {}
    for pair_id in {pair.pair_id for pair in pairs}:
        width = in_force([pair.width for pair in pairs if pair.pair_id == pair_id], time)
        if width:
            holding[pair_id] = next(p for p in pairs if p.pair_id == pair_id and p.width is width)
    bands = []
    for side in (1, -1) if holding else ():
        edge: tuple[Line, ...] = (fpn,)
        for pair_id in sorted((p for p in holding if p * side > 0), key=abs):
            further = (*edge, holding[pair_id].width)
            bands.append(Band(holding[pair_id], edge, further, side))
            edge = further
        bands.append(Band(None, edge, None, side))
    return bands


def add_piece(priced: Priced, before: Line, after: Line, bands: list[Band], begin: Time, finish: Time) -> None:
    """Adds what an acceptance changed between two knots."""
    edges = [band.inner for band in bands]
    curves = [((before,), (after,)), *((line, edge) for line in ((before,), (after,)) for edge in edges)]
    meetings = {meeting(one, other, begin, finish) for one, other in curves} - {None}
    for left, right in pairwise(sorted({begin, finish, *meetings})):
        middle, hours = Fraction(left + right, 2), Fraction(right - left, 60)
        low, high = before.at(middle), after.at(middle)
        for band in bands:
            volume = hours * (band.clamp(high, middle) - band.clamp(low, middle))
            if volume:
                add_volume(priced, band.pair, volume)


def meeting(one: tuple[Line, ...], other: tuple[Line, ...], begin: Time, finish: Time) -> Fraction | None:
    """When two edges meet between two times, if they cross there."""
    left = level_of(one, begin) - level_of(other, begin)
    right = level_of(one, finish) - level_of(other, finish)
    if left * right >= 0:
        return None
    return begin + (finish - begin) * left / (left - right)


def add_volume(priced: Priced, pair: Pair | None, volume: Fraction) -> None:
    """Adds volume of one sign: above zero at the offer price, below it at the bid price, without a pair at none."""
    if pair is None:
        priced.unpriced += volume
        priced.unpriced_size += abs(volume)
        return
    side, rate = (priced.offers, pair.offer) if volume > 0 else (priced.bids, pair.bid)
    side[pair.pair_id] = side.get(pair.pair_id, Fraction(0)) + volume
    priced.cash += volume * rate
