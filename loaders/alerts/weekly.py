"""The week in Markdown: prices, mix, top units, cost of constraints, quality of the data."""

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

import duckdb

from loaders.config import ConfigError

WEEK = timedelta(days=6)  # from its first day to its last
SECTIONS = {  # heading -> headings of the columns, which of them are numbers by their formats, and the query
    "System prices, GBP/MWh": (
        ("day", "mean", "lowest", "highest", "market index", "negative periods", "periods"),
        ("{}", "{:,.2f}", "{:,.2f}", "{:,.2f}", "{:,.2f}", "{}", "{}"),
        """
        select settlement_date, mean_price_gbp_per_mwh, lowest_price_gbp_per_mwh, highest_price_gbp_per_mwh,
            mean_market_index_gbp_per_mwh, negative_periods, priced_periods || ' of ' || periods_in_day
        from fct_daily_prices where settlement_date between $1 and $2 order by 1
        """,
    ),
    "Generation mix": (
        ("fuel", "GWh", "share"),
        ("{}", "{:,.1f}", "{:.1%}"),
        """
        select fuel_name, sum(energy_mwh) / 1000,
            sum(energy_mwh) / nullif(sum(sum(greatest(energy_mwh, 0))) over (), 0)
        from fct_generation_mix_half_hours
        where settlement_date between $1 and $2 and category != 'interconnector'
        group by 1 order by 2 desc
        """,
    ),
    "Units that earned most in the Balancing Mechanism": (
        ("unit", "name", "fuel", "GBP", "offers, MWh", "bids, MWh"),
        ("{}", "{}", "{}", "{:,.0f}", "{:,.0f}", "{:,.0f}"),
        """
        select national_grid_bm_unit, any_value(bm_unit_name), any_value(fuel_type),
            sum(cashflow_gbp), sum(offer_volume_mwh), sum(bid_volume_mwh)
        from fct_bm_unit_revenue where settlement_date between $1 and $2
        group by 1 order by 4 desc nulls last, 1 limit 10
        """,
    ),
    "Cost of constraints (acceptances that the system operator flagged)": (
        ("fuel", "GBP", "offers, MWh", "bids, MWh", "acceptances", "unpriced"),
        ("{}", "{:,.0f}", "{:,.0f}", "{:,.0f}", "{:,}", "{:,}"),
        """
        select coalesce(fuel_type, 'all'), sum(cashflow_gbp), sum(offer_volume_mwh), sum(bid_volume_mwh),
            sum(acceptance_count), sum(unknown_acceptance_count)
        from fct_constraint_totals where settlement_date between $1 and $2
        group by rollup (fuel_type) having count(*) > 0
        order by grouping(fuel_type) desc, 2 desc nulls last
        """,
    ),
    "Completeness of the data": (
        ("dataset", "complete", "periods missing", "known absent"),
        ("{}", "{:.1%}", "{:,}", "{:,}"),
        """
        select coalesce(dataset, 'all'),
            sum(periods_complete) / nullif(sum(periods_expected - periods_known_absent), 0),
            sum(periods_expected - periods_known_absent - periods_complete), sum(periods_known_absent)
        from dataset_coverage where settlement_date between $1 and $2
        group by rollup (dataset)
        having sum(periods_expected - periods_complete) > 0 or (grouping(dataset) = 1 and count(*) > 0)
        order by grouping(dataset) desc, 2 nulls last, 1
        """,
    ),
}
NOTHING = "Nothing is held of this week."


def weekly(served: Path, last: date) -> tuple[str, str]:
    """Title and Markdown of the seven settlement days that end with ``last``.

    Raises:
        duckdb.Error: the warehouse is of a version without one of the marts, or damaged.
        ConfigError: the week began before the days that the warehouse is a copy of.
    """
    first = last - WEEK
    with duckdb.connect(str(served), read_only=True, config={"memory_limit": "500MB", "threads": 2}) as db:
        db.execute("set TimeZone = 'UTC'")
        _check_held(db, first)
        parts = []
        for heading, (columns, formats, query) in SECTIONS.items():
            rows = db.execute(query, [first, last]).fetchall()
            parts.append(f"## {heading}\n\n" + (_table(columns, formats, rows) if rows else NOTHING))
    title = f"GB power, {first:%-d %B %Y} to {last:%-d %B %Y}"
    credit = f"Contains BMRS data © Elexon Limited copyright and database right {last.year}."
    return title, f"# {title}\n\n" + "\n\n".join(parts) + f"\n\n{credit}\n"


def _check_held(db: duckdb.DuckDBPyConnection, first: date) -> None:
    """A copy of what BigQuery holds says from which day on it is one."""
    if db.execute("from duckdb_tables() where table_name = 'served_from'").fetchone():
        query = "select settlement_date_from from served_from where table_name = 'fct_daily_prices'"
        held = db.execute(query).fetchone()
        if held and first < held[0]:
            raise ConfigError(f"what was copied from BigQuery begins on {held[0]}, and that week on {first}")


def _table(columns: Iterable[str], formats: tuple[str, ...], rows: list[tuple]) -> str:
    lines = [_line(columns), "|" + "|".join("---" if shape == "{}" else "---:" for shape in formats) + "|"]
    lines += [_line(_cell(*pair) for pair in zip(formats, row, strict=True)) for row in rows]
    return "\n".join(lines)


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(shape: str, value) -> str:
    """Names are other people's words: none of them is markup."""
    text = "—" if value is None else shape.format(value)
    for mark, harmless in {"\\": "\\\\", "|": "\\|", "<": "&lt;", "[": "\\[", "*": "\\*", "_": "\\_"}.items():
        text = text.replace(mark, harmless)
    return " ".join(text.split())
