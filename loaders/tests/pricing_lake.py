"""Units of the pricing reference, written into a lake as Elexon would have published them."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from loaders.catalogue import load_catalogue
from loaders.config import RAW_BMRS
from loaders.tests.lake import write_rows
from loaders.tests.reference_pricing import Line, Time, Unit

CATALOGUE = load_catalogue()
LONDON = ZoneInfo("Europe/London")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_HEARD = datetime(2030, 1, 1, tzinfo=UTC)


def utc(time: Time) -> datetime:
    """A time in minutes since 1970 as an instant."""
    return EPOCH + timedelta(minutes=int(time))


def minutes(moment: datetime) -> int:
    """An instant in minutes since 1970."""
    return int((moment - EPOCH) / timedelta(minutes=1))


def settlement(time: Time) -> tuple[date, int]:
    """Settlement date and period of a time: half hours of real time since London's midnight."""
    day = utc(time).astimezone(LONDON).date()
    midnight = datetime(day.year, day.month, day.day, tzinfo=LONDON).astimezone(UTC)
    return day, (utc(time) - midnight) // timedelta(minutes=30) + 1


def write_units(home: Path, units: dict[str, Unit], part: int = 0) -> None:
    """Everything that the units published, each row in the load in which it was heard."""
    loads: dict[tuple[str, int], list[dict]] = defaultdict(list)
    for name, unit in units.items():
        for start, lines in unit.notifications.items():
            for line in lines:
                loads["PN", line.heard].append(in_period(name, start) | straight(line))
        for start, pairs in unit.pairs.items():
            for pair in pairs:
                prices = {"pairId": pair.pair_id, "offer": float(pair.offer), "bid": float(pair.bid)}
                loads["BOD", pair.width.heard].append(in_period(name, start) | straight(pair.width) | prices)
        loads["BOALF", 0] += acceptance_rows(name, unit)
    for (dataset, heard), rows in loads.items():
        load = FIRST_HEARD + timedelta(hours=heard)
        write_rows(home, RAW_BMRS, CATALOGUE[dataset], rows, load, part)


def acceptance_rows(name: str, unit: Unit) -> list[dict]:
    """A unit's acceptances, a row a segment."""
    return [
        {
            "nationalGridBmUnit": name,
            "acceptanceNumber": acceptance.number,
            "acceptanceTime": utc(acceptance.accepted_at).isoformat(),
            "settlementDate": settlement(line.from_time)[0].isoformat(),
            "amendmentFlag": "ORI",
            "soFlag": acceptance.number % 2 == 0,
        }
        | straight(line)
        for acceptance in unit.acceptances
        for line in acceptance.profile
    ]


def in_period(name: str, start: Time) -> dict:
    """Unit and settlement period."""
    day, period = settlement(start)
    return {"nationalGridBmUnit": name, "settlementDate": day.isoformat(), "settlementPeriod": period}


def straight(line: Line) -> dict:
    """Times and levels."""
    return {
        "timeFrom": utc(line.from_time).isoformat(),
        "timeTo": utc(line.to_time).isoformat(),
        "levelFrom": float(line.level_from),
        "levelTo": float(line.level_to),
    }
