"""Made-up settlement days of a few datasets, with the moment at which each row is published, restatements included.

Prices, levels and volumes are invented; shapes, times and settlement periods are those of the real thing: clock change,
publication after the period or before it, a later version under the same key.
"""

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple

import msgspec

from loaders.tests.stand_ins.iris_messages import Sent
from loaders.windows import DAY, HALF_HOUR, day_start, periods_in_day

REST = ("BOALF", "BOD", "DISEBSP", "FREQ", "FUELINST", "INDO", "MID", "PN")
MESSAGES = ("BOALF", "BOD", "FREQ", "FUELINST", "INDO", "ITSDO", "MID", "PN")  # ITSDO comes by no other way
UNITS = {"AAAA-1": 100.0, "BBBB-1": 300.0}  # MW
FUELS = {"CCGT": 9000, "NUCLEAR": 4500, "WIND": 8000, "INTFR": 1500}
MINUTE = timedelta(minutes=1)


class Row(NamedTuple):
    """One published row; a later one of the same key takes its place in REST's answers."""

    at: datetime
    dataset: str
    key: tuple
    row: dict


def rows_of(day: date, chance: random.Random) -> Iterator[Row]:
    """All rows about a settlement day, in no order."""
    for period in range(1, periods_in_day(day) + 1):
        start = day_start(day) + (period - 1) * HALF_HOUR
        settled = {"settlementDate": str(day), "settlementPeriod": period}
        yield from _frequency(start, chance)
        yield from _fuels(start, settled, chance)
        yield from _demand(start, settled, chance)
        yield from _prices(start, settled, chance)
        for unit, level in UNITS.items():
            yield from _balancing(start, settled, unit, level, chance)


def _frequency(start: datetime, chance: random.Random) -> Iterator[Row]:
    for n in range(120):
        moment = start + n * 15 * MINUTE / 60
        row = {"measurementTime": _z(moment), "frequency": round(chance.uniform(49.9, 50.1), 3)}
        yield Row(start + (n // 20 + 1) * 5 * MINUTE, "FREQ", (moment,), row)


def _fuels(start: datetime, settled: dict, chance: random.Random) -> Iterator[Row]:
    for n in range(6):
        moment = start + n * 5 * MINUTE
        versions = [moment + 5 * MINUTE, *([moment + 3 * timedelta(hours=1)] if chance.random() < 0.03 else [])]
        for at in versions:
            for fuel, level in FUELS.items():
                row = settled | {"publishTime": _z(at), "startTime": _z(moment), "fuelType": fuel}
                yield Row(at, "FUELINST", (moment, fuel), row | {"generation": level + chance.randrange(500)})


def _demand(start: datetime, settled: dict, chance: random.Random) -> Iterator[Row]:
    versions = [start + HALF_HOUR, *([start + DAY] if chance.random() < 0.05 else [])]
    for dataset in ("INDO", "ITSDO"):
        for at in versions:
            row = settled | {"publishTime": _z(at), "startTime": _z(start), "demand": 25_000 + chance.randrange(9000)}
            yield Row(at, dataset, (start, at), row)


def _prices(start: datetime, settled: dict, chance: random.Random) -> Iterator[Row]:
    price = round(chance.uniform(20, 140), 2)
    mid = settled | {"startTime": _z(start), "dataProvider": "APXMIDP", "price": price, "volume": 1000.5}
    yield Row(start + HALF_HOUR, "MID", (start,), mid)
    versions = [start + HALF_HOUR + 20 * MINUTE, *([start + 2 * DAY] if chance.random() < 0.1 else [])]
    for at in versions:
        price = round(chance.uniform(20, 140), 2)
        row = settled | {
            "startTime": _z(start), "createdDateTime": _z(at), "systemSellPrice": price, "systemBuyPrice": price,
            "bsadDefaulted": False, "priceDerivationCode": "P", "reserveScarcityPrice": 0.0,
            "netImbalanceVolume": chance.uniform(-300, 300), "sellPriceAdjustment": 0.0, "buyPriceAdjustment": 0.0,
        }  # fmt: skip
        yield Row(at, "DISEBSP", (start,), row)


def _balancing(start: datetime, settled: dict, unit: str, level: float, chance: random.Random) -> Iterator[Row]:
    """Notified level and bands an hour ahead; now and then the unit is told to go down for a while, and back."""
    named = {"nationalGridBmUnit": unit, "bmUnit": f"T_{unit}"}
    span = {"timeFrom": _z(start), "timeTo": _z(start + HALF_HOUR)}
    ahead = start - 60 * MINUTE
    yield Row(ahead, "PN", (unit, start), settled | named | span | {"levelFrom": level, "levelTo": level})
    for pair, offer, bid in ((1, 120.0, 60.0), (-1, 80.0, 35.0)):
        band = {"pairId": pair, "offer": offer, "bid": bid, "levelFrom": pair * level, "levelTo": pair * level}
        yield Row(ahead, "BOD", (unit, start, pair), settled | named | span | band)
    if chance.random() < 0.3:
        lower, number = level - chance.randrange(10, 60), int(start.timestamp()) // 1800 % 100_000
        profile = [(5, level), (8, lower), (20, lower), (23, level)]  # minutes into the period
        accepted = start - 10 * MINUTE
        flags = {"deemedBoFlag": False, "soFlag": chance.random() < 0.5, "storFlag": False, "rrFlag": False}
        periods = {"settlementDate": settled["settlementDate"]}
        periods |= {f"settlementPeriod{end}": settled["settlementPeriod"] for end in ("From", "To")}
        for (begin, before), (until, after) in zip(profile, profile[1:], strict=False):
            piece = {"timeFrom": _z(start + begin * MINUTE), "timeTo": _z(start + until * MINUTE)}
            told = {"acceptanceNumber": number, "acceptanceTime": _z(accepted), "amendmentFlag": "ORI", **flags}
            row = periods | named | piece | told | {"levelFrom": before, "levelTo": after}
            yield Row(accepted, "BOALF", (unit, start, begin), row)


def messages_of(rows: list[Row]) -> list[Sent]:
    """The messages that IRIS would send of them, oldest first: one for each dataset and moment of publication."""
    together: dict[tuple, list[dict]] = {}
    for row in rows:
        if row.dataset in MESSAGES:
            together.setdefault((row.at, row.dataset), []).append(row.row | {"dataset": row.dataset})
    return [
        Sent(f"{name}_{at:%Y%m%d%H%M}_{n:08d}.json", name, msgspec.json.encode(said), at, at)
        for n, ((at, name), said) in enumerate(sorted(together.items(), key=lambda item: item[0]))
    ]


def _z(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
