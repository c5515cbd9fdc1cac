"""Rows that Elexon no longer publishes leave the unified models, and nothing else does."""

import random
from datetime import UTC, date, datetime, timedelta

from loaders.tests.warehouse import Warehouse

DAYS = ("2025-10-25", "2025-10-26", "2025-10-27")
COLUMNS = {
    "boav": "settlement_date::varchar, settlement_period, bid_offer, acceptance_number, total_volume_accepted_mwh",
    "disbsad": "settlement_date::varchar, settlement_period, id, cost_gbp",
}


def volume(day: str, period: int, side: str, number: int, created: datetime, mwh: float) -> dict:
    """A row of BOAV."""
    return {
        "createdDateTime": created.isoformat(), "settlementDate": day, "settlementPeriod": period,
        "bidOffer": side, "bmUnit": "T_AAA-1", "nationalGridBmUnit": None if number % 2 else "AAA-1",
        "acceptanceId": number, "totalVolumeAccepted": mwh,
    }  # fmt: skip


def action(day: str, period: int, number: int, cost: float) -> dict:
    """A row of DISBSAD."""
    return {
        "settlementDate": day, "settlementPeriod": period, "id": number, "cost": cost, "volume": 1.0,
        "soFlag": False, "storFlag": False,
    }  # fmt: skip


class Elexon:
    """What it publishes, which changes at random: rows come, change, go and come back."""

    def __init__(self, seed: int):
        self._chance = random.Random(seed)
        self.volumes: dict[tuple, dict] = {}
        self.actions: dict[tuple, dict] = {}
        self._created = datetime(2025, 10, 28, tzinfo=UTC)

    def goes_on(self, stay: int = 6) -> None:
        """Some rows of some days change; most of each day stay, since an answer that lacks them is not believed."""
        self._created += timedelta(hours=1)
        for day in self._chance.sample(DAYS, 2) if stay else DAYS:
            for number in range(10):
                for side in ("bid", "offer"):
                    self._perhaps(stay, self.volumes, (day, 1 + number % 2, side, number), volume, self._created)
                self._perhaps(stay, self.actions, (day, 1 + number % 3, number), action)

    def _perhaps(self, stay: int, rows: dict, key: tuple, row, *more) -> None:
        match self._chance.choices(["stays", "goes", "is"], [stay, bool(stay), 2])[0]:
            case "goes":
                rows.pop(key, None)
            case "is":
                rows[key] = row(*key, *more, self._chance.choice([1.0, 2.0]))

    def publish(self, server) -> None:
        """So that it is answered."""
        server.set_rows("BOAV", self.volumes.values())
        server.set_rows("DISBSAD", self.actions.values())


def shown(warehouse: Warehouse) -> dict[str, set[tuple]]:
    """What the unified models hold, after a build of what is due."""
    warehouse.dbt("run", "--select", *(f"+bmrs_{name}_unified" for name in COLUMNS))
    return {name: set(warehouse.query(f"select {some} from bmrs_{name}_unified")) for name, some in COLUMNS.items()}


def test_the_unified_models_are_what_was_published_last(home, server, monkeypatch):
    elexon, warehouse = Elexon(1), Warehouse(home.path, monkeypatch)
    for step in range(6):
        elexon.goes_on(stay=6 if step else 0)
        elexon.publish(server)
        home.load("BOAV", "DISBSAD", "--from", DAYS[0], "--to", DAYS[2], "--again")
        if step % 3 < 2:
            continue
        found = shown(warehouse)
        assert found["boav"] == {(*key, row["totalVolumeAccepted"]) for key, row in elexon.volumes.items()}
        assert found["disbsad"] == {(*key, row["cost"]) for key, row in elexon.actions.items()}
    (whole,) = home.raw("boav", "select count(*) filter (_is_whole_day), count(*) from raw")
    assert 0 < whole[0] < whole[1], "rows must have gone, and also come alone, or this test shows nothing"


def test_an_answer_without_any_row_of_a_day_withdraws_nothing(home, server):
    server.set_rows("DISBSAD", [action(day, 1, number, 5.0) for day in DAYS for number in (1, 2)])
    home.load("DISBSAD", "--from", DAYS[0], "--to", DAYS[2])
    landed = home.count("disbsad")
    server.set_rows("DISBSAD", [action(DAYS[2], 1, number, 5.0) for number in (1, 2)])
    home.load("DISBSAD", "--from", DAYS[0], "--to", DAYS[2], "--again")
    assert home.count("disbsad") == landed == len(DAYS) * 2


def test_the_first_period_of_the_next_day_that_a_window_brings_withdraws_nothing_of_that_day(home, server):
    whole = [action(day, period, 1, 5.0) for day in DAYS for period in (1, 2)]
    server.set_rows("DISBSAD", whole)
    home.load("DISBSAD", "--from", DAYS[0], "--to", DAYS[2])
    server.set_rows(
        "DISBSAD", [row for row in whole if (row["settlementDate"], row["settlementPeriod"]) != (DAYS[0], 2)]
    )
    home.load("DISBSAD", "--from", DAYS[0], "--to", DAYS[0], "--again")
    marked = home.raw("disbsad", "select settlement_date, settlement_period from raw where _is_whole_day")
    assert marked == [(date.fromisoformat(DAYS[0]), 1)]


def test_an_answer_that_lacks_most_of_a_day_withdraws_nothing_and_is_reported(home, server):
    actions = [action(DAYS[0], 1 + number, 1, 5.0) for number in range(10)]
    server.set_rows("DISBSAD", actions)
    home.load("DISBSAD", "--from", DAYS[0])
    server.set_rows("DISBSAD", [*actions[:4], action(DAYS[0], 11, 1, 7.0)])
    done = home.load("DISBSAD", "--from", DAYS[0], "--again", code=1)
    assert "6 of 10 rows that are held are not in the answer: was it cut short?" in done.stderr
    assert home.raw("disbsad", "select count(*), count(_is_whole_day) from raw") == [(11, 0)]
    server.set_rows("DISBSAD", actions[:9])
    home.load("DISBSAD", "--from", DAYS[0], "--again")
    assert home.raw("disbsad", "select count(*), count(_is_whole_day) from raw") == [(20, 9)]
