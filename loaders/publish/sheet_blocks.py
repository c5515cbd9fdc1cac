"""What each rectangle of the Google Sheet holds, from the marts of its exposure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from loaders.now import age
from loaders.publish.exposures import CannotPublish, Exposure, Kpi, Rows
from loaders.publish.sheet_layout import (
    BATTERIES,
    BATTERY_ROOM,
    FRESHNESS,
    FRESHNESS_ROOM,
    FUEL_ROOM,
    FUELS,
    KPI_ROOM,
    KPIS,
    LINK_ROOM,
    LINKS,
    LIVE,
    PERIODS,
    SERIES_ROOM,
    TODAY,
)
from loaders.windows import LONDON

# The rows of Data_Hidden: table, the column that names the series (or none), the measure, and its label and unit.
SERIES = [
    ("fct_generation_mix_half_hours", "fuel_name", "generation_mw", "{} MW"),
    ("fct_interconnector_flows_half_hours", "interconnector_name", "flow_mw", "{} MW, import positive"),
    ("fct_price_spread", None, "system_price_gbp_per_mwh", "System price £/MWh"),
    ("fct_price_spread", None, "market_index_price_gbp_per_mwh", "Market index £/MWh"),
    ("fct_price_spread", None, "net_imbalance_volume_mwh", "Net imbalance MWh"),
    ("fct_demand", None, "national_demand_mw", "National demand MW"),
    ("fct_demand", None, "national_demand_forecast_mw", "National demand forecast MW"),
    ("fct_system_frequency", None, "mean_frequency_hz", "Mean frequency Hz"),
]


@dataclass(frozen=True)
class Block:
    """A rectangle that is written whole, from its top left cell."""

    tab: str
    row: int
    column: int
    rows: int
    columns: int
    values: list[list]

    def cells(self) -> list[list]:
        """All its cells; what is not there is an empty text, since null would leave the old value.

        Raises:
            CannotPublish: there is more than it has room for; nothing is cut off in silence.
        """
        if len(self.values) > self.rows:
            raise CannotPublish(f"{self.tab} has room for {self.rows} rows from row {self.row}, not {len(self.values)}")
        padded = self.values + [[]] * (self.rows - len(self.values))
        return [[_cell(value) for value in row] + [""] * (self.columns - len(row)) for row in padded]


def blocks(exposure: Exposure, tables: dict[str, Rows], published_at: datetime) -> list[Block]:
    """Everything that a refresh writes."""
    now = next(iter(tables["mart_now"]), {})
    mix = tables["mart_now_mix"]
    day, series = today(tables)
    return [
        Block(LIVE, 2, 1, 1, 2, [["Published, London", published_at]]),
        Block(LIVE, KPIS, 1, KPI_ROOM, 6, [_kpi(kpi, now, published_at) for kpi in exposure.meta.kpis]),
        Block(LIVE, FUELS, 1, FUEL_ROOM, 3, [_fuel(row) for row in mix if row["kind"] == "generation"]),
        Block(LIVE, LINKS, 1, LINK_ROOM, 4, [_link(row) for row in mix if row["kind"] == "interconnector"]),
        Block(LIVE, FRESHNESS, 1, FRESHNESS_ROOM, 5, [_fresh(r, published_at) for r in tables["dataset_freshness"]]),
        Block(TODAY, 2, 1, 1, 2, [["Settlement date", day]]),
        Block(TODAY, 4, 1, SERIES_ROOM, 1 + PERIODS, series),
        Block(BATTERIES, 3, 1, BATTERY_ROOM, 10, [_battery(row) for row in tables["fct_battery_leaderboard"]]),
    ]


def today(tables: dict[str, Rows]) -> tuple[date | None, list[list]]:
    """The newest settlement date with a price or generation, and its series by settlement period."""
    dated = (row["settlement_date"] for name in (SERIES[0][0], "fct_price_spread") for row in tables[name])
    day = max(dated, default=None)
    lines = []
    for table, by, measure, label in SERIES:
        rows = [row for row in tables[table] if row["settlement_date"] == day]
        for name in sorted({row[by] for row in rows}) if by else [None]:
            line: list = [None] * PERIODS
            for row in rows:
                if not by or row[by] == name:
                    line[row["settlement_period"] - 1] = row[measure]
            lines.append([label.format(name), *line])
    return day, lines


def _kpi(kpi: Kpi, now: dict, published_at: datetime) -> list:
    value, as_of = now.get(kpi.column), now.get(kpi.as_of)
    if value is None:
        return [kpi.label, None, kpi.unit, None, None, now.get(kpi.why or "") or "not held"]
    return [kpi.label, round(float(value) * kpi.scale, kpi.decimals), kpi.unit, as_of, _age(as_of, published_at)]


def _fuel(row: dict) -> list:
    return [row["name"], _gigawatts(row["power_mw"]), row["share_of_generation"]]


def _link(row: dict) -> list:
    return [row["name"], _gigawatts(row["power_mw"]), row["direction"], row["country"]]


def _fresh(row: dict, published_at: datetime) -> list:
    newest = row["last_event_utc"]
    return [row["dataset"], row["title"], newest, _age(newest, published_at), row["periods_missing"]]


def _battery(row: dict) -> list:
    names = (
        *("day_rank", "national_grid_bm_unit", "bm_unit_name", "settlement_date", "offer_volume_mwh", "bid_volume_mwh"),
        *("cashflow_gbp", "revenue_gbp_per_mwh", "cashflow_7_days_gbp", "cashflow_30_days_gbp"),
    )
    return [row[name] for name in names]


def _gigawatts(megawatts: float | None) -> float | None:
    return None if megawatts is None else round(megawatts / 1000, 3)


def _age(moment: datetime | None, published_at: datetime) -> str | None:
    return age(published_at - moment) if moment else "no event"


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC).astimezone(LONDON):%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return value if value == value else ""  # NaN is not a number to anybody
