"""``gb-power now``: the newest of everything in the terminal, each value with its time and its age."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
from rich.console import Console, Group, JustifyMethod
from rich.table import Table
from rich.text import Text

LONDON = ZoneInfo("Europe/London")
# A value is called old when this is past: the minutes in which its dataset is published (the catalogue says so) and two
# runs of the 15-minute job.
OLD_AFTER_MINUTES = {"FUELINST": 90, "FREQ": 90, "INDO": 90, "DISEBSP": 1590, "MID": 90, "BOALF": 90, "REMIT": 90}
BAR = 24  # characters of a share of 100 %


@dataclass(frozen=True)
class Value:
    """A line of the top: what mart_now calls it, and how it is shown."""

    name: str
    group: str  # prefix of mart_now's <group>_as_of_utc and <group>_missing_because
    column: str
    shown: str  # format of the number and its unit
    dataset: str  # how late it may be, see OLD_AFTER_MINUTES


VALUES = (
    Value("System demand", "net_import", "system_demand_mw", "{:,.0f} MW", "FUELINST"),
    Value("Generation", "generation", "generation_mw", "{:,.0f} MW", "FUELINST"),
    Value("Net import", "net_import", "net_import_mw", "{:+,.0f} MW", "FUELINST"),
    Value("Wind share", "generation", "wind_share", "{:.1%} of generation", "FUELINST"),
    Value("Carbon intensity", "carbon", "carbon_intensity_gco2_per_kwh", "{:.0f} gCO2/kWh", "FUELINST"),
    Value("Frequency", "frequency", "frequency_hz", "{:.3f} Hz", "FREQ"),
    Value("National demand (INDO)", "demand", "national_demand_mw", "{:,.0f} MW", "INDO"),
    Value("System price", "system_price", "system_price_gbp_per_mwh", "{:,.2f} GBP/MWh", "DISEBSP"),
    Value("Net imbalance volume", "system_price", "net_imbalance_volume_mwh", "{:+,.1f} MWh", "DISEBSP"),
    Value("Market index", "market_index", "market_index_price_gbp_per_mwh", "{:,.2f} GBP/MWh", "MID"),
    Value("Acceptances", "acceptances", "acceptances_in_hour", "{:,} in an hour", "BOALF"),
    Value("Out of service", "outages", "unavailable_mw", "{:,.0f} MW", "REMIT"),
)


def show_now(served: Path, console: Console, clock: datetime | None = None) -> None:
    """Prints the top of the dashboard from the warehouse that is served. ``clock`` is the moment ages are taken at.

    A warehouse of an older version, without mart_now, raises duckdb.CatalogException.
    """
    clock = clock or datetime.now(UTC)
    with duckdb.connect(str(served), read_only=True) as db:
        db.execute("set TimeZone = 'UTC'")
        top = db.sql("select * from mart_now")
        (values,) = top.fetchall()
        now = dict(zip(top.columns, values, strict=True))
        mix = db.execute("""
            select kind, name, country, power_mw, share_of_generation
            from mart_now_mix order by kind, category = 'storage', power_mw desc
        """).fetchall()
    built = now["built_at_utc"]
    title = Text.assemble(("GB power now", "bold"), f"   built {built:%Y-%m-%d %H:%M} UTC, {age(clock - built)} ago")
    console.print(Group(title, Text(), _top(now, clock), Text(), _fuels(mix, now), Text(), _links(mix, now)))


def age(of: timedelta) -> str:
    """An age in words, in its largest unit, rounded down; the future says so."""
    seconds = int(of.total_seconds())
    if seconds < 0:
        return "less than nothing (in the future)"
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= 2 * length or (seconds >= length and unit == "minute"):
            number = seconds // length
            return f"{number:,} {unit}{'' if number == 1 else 's'}"
    return "less than a minute"


def _top(now: dict, clock: datetime) -> Table:
    table = Table(box=None, header_style="bold")
    for heading in ("", "value", "London time", "age"):
        justify: JustifyMethod = "right" if heading == "value" else "left"
        table.add_column(heading, justify=justify, no_wrap=heading != "London time")
    for line in VALUES:
        value, as_of = now[line.column], now[f"{line.group}_as_of_utc"]
        if value is None:
            why = now[f"{line.group}_missing_because"] or "not published with the rest"
            table.add_row(line.name, "—", Text(why, style="dim"), "")
            continue
        old = clock - as_of > timedelta(minutes=OLD_AFTER_MINUTES[line.dataset])
        words = Text(age(clock - as_of) + (", old" if old else ""), style="yellow" if old else "")
        table.add_row(line.name, line.shown.format(value), f"{as_of.astimezone(LONDON):%Y-%m-%d %H:%M}", words)
    return table


def _fuels(mix: list[tuple], now: dict) -> Table | Text:
    fuels = [row for row in mix if row[0] == "generation"]
    if not fuels:
        return Text(f"Generation  —  {now['generation_missing_because']}")
    table = Table("generation", box=None, header_style="bold")
    table.add_column("MW", justify="right")
    table.add_column("share", justify="right")
    table.add_column(no_wrap=True)
    for _, name, _, power, share in fuels:
        bar = "" if share is None else "█" * round(share * BAR) or ("▏" if share > 0 else "")
        part = "—" if share is None or power is None else "pumping" if power < 0 else f"{share:.1%}"
        table.add_row(name, "—" if power is None else f"{power:,.0f}", part, Text(bar, style="green"))
    return table


def _links(mix: list[tuple], now: dict) -> Table | Text:
    links = [row for row in mix if row[0] == "interconnector"]
    if not links:
        return Text(f"Interconnectors  —  {now['net_import_missing_because']}")
    table = Table("interconnector", box=None, header_style="bold")
    table.add_column("MW", justify="right")
    table.add_column("flow", no_wrap=True)
    for _, name, country, power, _ in links:
        there = country or "?"
        flow = "—" if power is None else f"{there} → GB" if power > 0 else f"GB → {there}" if power < 0 else "idle"
        table.add_row(name, "—" if power is None else f"{power:+,.0f}" if power else "0", flow)
    return table
