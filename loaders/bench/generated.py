"""Generated BOD and PN answers of realistic size and shape, for the benches only: nothing in them was published."""

import random
from datetime import UTC, datetime, timedelta

HALF_HOUR = timedelta(minutes=30)
START = datetime(2025, 1, 1, tzinfo=UTC)
PAIRS = (-4, -3, -2, -1, 1, 2, 3, 4)


def bod(units: int) -> bytes:
    """Rows of one settlement period of bid-offer data, eight pairs a unit, with holes for the times."""
    rng = random.Random(units)
    rows = []
    for unit in range(units):
        for pair in PAIRS:
            offer, bid = rng.randint(2000, 40000) / 100, rng.randint(-10000, 10000) / 100
            rows.append(
                f'{{"dataset":"BOD",@HEAD@,"levelFrom":{pair * 17},@TAIL@,"levelTo":{pair * 17},"pairId":{pair},'
                f'"offer":{offer},'
                f'"bid":{bid},"nationalGridBmUnit":"UNIT{unit:04d}-1","bmUnit":"T_UNIT{unit:04d}-1"}}'
            )
    return ",".join(rows).encode()


def pn(units: int) -> bytes:
    """Rows of one settlement period of physical notifications, one a unit, with holes for the times."""
    rng = random.Random(units)
    rows = []
    for unit in range(units):
        first, last = rng.randint(-50, 600), rng.randint(-50, 600)
        rows.append(
            f'{{"dataset":"PN",@HEAD@,@TAIL@,"levelFrom":{first},"levelTo":{last},'
            f'"nationalGridBmUnit":"UNIT{unit:04d}-1","bmUnit":"T_UNIT{unit:04d}-1"}}'
        )
    return ",".join(rows).encode()


def answer(rows: bytes, start: datetime, periods: int) -> bytes:
    """A bare array with the same rows in each of some settlement periods, the first of which starts at ``start``."""
    parts = []
    for number in range(periods):
        begins = start + number * HALF_HOUR
        period = (begins.hour * 60 + begins.minute) // 30 + 1
        head = (
            f'"settlementDate":"{begins:%Y-%m-%d}","settlementPeriod":{period},"timeFrom":"{begins:%Y-%m-%dT%H:%M:%SZ}"'
        )
        tail = f'"timeTo":"{begins + HALF_HOUR:%Y-%m-%dT%H:%M:%SZ}"'
        parts.append(rows.replace(b"@HEAD@", head.encode()).replace(b"@TAIL@", tail.encode()))
    return b"[" + b",".join(parts) + b"]"


def limits(dataset: str, number: int, rows: int) -> bytes:
    """One IRIS message of MELS or MILS: a unit's submission, cut into pieces of half an hour."""
    rng = random.Random(number)
    unit, submitted, pieces = f"UNIT{number % 900:04d}-1", START + number * timedelta(seconds=2), []
    for piece in range(rows):
        begins = submitted + (piece + 2) * HALF_HOUR
        level = rng.randint(-50, 0) if dataset == "MILS" else rng.randint(0, 600)
        pieces.append(
            f'{{"dataset": "{dataset}", "settlementDate": "{begins:%Y-%m-%d}", "settlementPeriod": '
            f'{begins.hour * 2 + begins.minute // 30 + 1}, "timeFrom": "{begins:%Y-%m-%dT%H:%M:%SZ}", "timeTo": '
            f'"{begins + HALF_HOUR:%Y-%m-%dT%H:%M:%SZ}", "levelFrom": {level}, "levelTo": {level}, '
            f'"notificationTime": "{submitted:%Y-%m-%dT%H:%M:%SZ}", "notificationSequence": {number}, '
            f'"nationalGridBmUnit": "{unit}", "bmUnit": "T_{unit}"}}'
        )
    return f"[{', '.join(pieces)}]".encode()
