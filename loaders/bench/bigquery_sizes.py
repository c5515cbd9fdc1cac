"""How much BigQuery would hold: logical bytes of a row, by column, and rows a day, of every table.

BigQuery bills logical bytes, however well they compress: INT64, FLOAT64, TIMESTAMP and DATE 8, NUMERIC 16, BOOL 1,
STRING 2 and its UTF-8 bytes, NULL nothing (https://cloud.google.com/bigquery/pricing, "Data size calculation"). The
generated days of ``scripts/bench pricing`` are as large as real ones; what is made of them is measured in DuckDB.
Other tables are small: their columns are sized by type, their rows a day are those that Elexon publishes.
"""

from pathlib import Path

import duckdb
import pytest

from loaders.bench.pricing_lake import FIRST, write_days
from loaders.bench.pricing_work import new_lake
from loaders.tests.warehouse import Warehouse

DAYS = 1600  # of 250,000 rows of BOD: 400 million
FIXED = {"BOOL": 1, "NUMERIC": 16, "STRING": 2 + 12}  # of a string that was not measured, twelve characters; others 8

# Rows that a channel lands in a day, as Elexon publishes them; of datasets that are not named, one a settlement period.
RAW_ROWS = {
    "bod": 250_000, "pn": 126_000, "boalf": 27_000, "qpn": 113_000, "mels": 126_000, "mils": 126_000, "b1610": 440_000,
    "indgen": 47_500, "inddem": 47_500, "tsdf": 47_500, "imbalngc": 47_500, "melngc": 47_500, "ndf": 2_640,
    "freq": 5_760, "fuelinst": 5_760, "fuelhh": 960, "agpt": 528, "agws": 144, "remit": 139, "mid": 96, "bmunits": 440,
    "ispstack": 10_000, "boav": 20_000, "ebocf": 20_000, "disptav": 20_000, "windfor": 400,
    "_windows": 2_000,  # twenty datasets asked every fifteen minutes
    "_messages": 60_000,
}  # fmt: skip
# Rows of a day of a model for which nothing was generated; of models that are not named, one a settlement period.
MODEL_ROWS = {
    "landed_days_by_day": 19, "landed_days": 60, "answered_days": 60, "quality_scorecard": 60,
    "bmrs_fuelinst_unified": 5_760, "bmrs_freq_unified": 5_760, "bmrs_qpn_unified": 113_000,
    "bmrs_b1610_unified": 440_000, "bmrs_boav_unified": 20_000, "bmrs_ebocf_unified": 20_000,
    "bmrs_disptav_unified": 20_000, "bmrs_ispstack_unified": 10_000, "fct_acceptance_reconciliation": 27_000,
    "bmrs_mels_unified": 126_000, "bmrs_mils_unified": 126_000, "bmrs_indgen_unified": 864,
    "bmrs_inddem_unified": 864, "bmrs_tsdf_unified": 864, "bmrs_imbalngc_unified": 864, "bmrs_melngc_unified": 864,
    "fct_generation_mix": 2_880, "fct_interconnector_flows": 2_880, "fct_carbon_intensity": 288,
    "fct_generation_mix_half_hours": 480, "fct_interconnector_flows_half_hours": 480, "fct_outages": 40,
    "fct_frequency_events": 5, "fct_battery_leaderboard": 50, "period_coverage_by_day": 350,
    "period_coverage": 2_000, "expected_periods": 1_200, "data_gaps": 1, "asked_days": 60, "dataset_coverage": 60,
    "dataset_history": 0.05, "dataset_freshness": 0.05, "mart_now": 0.001, "mart_now_mix": 0.02,
    "mart_top_units": 0.02, "dim_bm_units": 2, "dim_bm_units_history": 3, "dim_parties": 0.5,
    "bm_units_snapshot": 3, "fct_daily_balancing": 1, "fct_daily_prices": 1, "fct_daily_arbitrage": 2,
    "landed_loads": 1_900, "load_reconciliation": 0.05,
}  # fmt: skip


class Sizes:
    """Bytes a row by column and rows a day, by the table's name without its project."""

    def __init__(self, types: dict[str, dict[str, str]], seeds: set[str], measured: dict[str, tuple[float, dict]]):
        self.types = {_short(table): columns for table, columns in types.items()}
        self._measured = measured
        self._seeds = seeds

    def rows(self, table: str) -> float:
        """Rows a day; a seed's and a remembering table's are too few to count."""
        dataset, name = table.split(".")
        if dataset.startswith("raw_"):
            return RAW_ROWS.get(name, 48)
        if dataset.endswith("built_days") or name in self._seeds:
            return 1
        return self._measured[name][0] if name in self._measured else MODEL_ROWS.get(name, 48)

    def a_day(self, table: str, columns: set[str] | None = None) -> float:
        """Logical bytes of a day's rows: of some columns, or of all."""
        widths = self._measured.get(table.split(".")[1], (0, {}))[1]
        types = self.types[table]
        wanted = types.keys() if columns is None else columns & types.keys()
        return self.rows(table) * sum(widths.get(name, FIXED.get(types[name], 8)) for name in wanted)


def type_of(column: str) -> str:
    """The type of a unified model's column, which its name tells: units stand last."""
    if column.startswith(("is_", "has_")):
        return "BOOL"
    words = ("unit", "_type", "_flag", "_name", "_id", "_code", "_provider", "boundary", "source")
    return "STRING" if column.endswith(words) else "FLOAT64"


def _short(table: str) -> str:
    return table.split(".", 1)[1]


def measure(home: Path) -> dict[str, tuple[float, dict[str, float]]]:
    """Of each table that a generated day fills: rows of that day, and mean logical bytes of each column."""
    new_lake(home)
    write_days(home, 0, 1)
    with pytest.MonkeyPatch.context() as monkeypatch:
        Warehouse(home, monkeypatch).dbt("run", "--select", "+fct_bm_unit_balancing")
    found = {}
    with duckdb.connect(str(home / "warehouse.duckdb")) as db:
        for schema, table in db.execute(
            "select table_schema, table_name from information_schema.columns where column_name = 'settlement_date' "
            "and table_schema = 'main'"
        ).fetchall():
            found |= _measured(db, f'"{schema}"."{table}"', table)
        for name in ("bod", "pn", "boalf"):
            raw = f"read_parquet('{home}/lake/raw_bmrs/{name}/*.parquet', union_by_name = true)"
            found |= _measured(db, raw, name)
    return found


def _measured(db: duckdb.DuckDBPyConnection, relation: str, name: str) -> dict[str, tuple[float, dict[str, float]]]:
    columns = db.execute(f"describe select * from {relation}").fetchall()
    widths = ", ".join(_width(column, kind) for column, kind, *_ in columns)
    one_day = f"select count(*), {widths} from {relation} where settlement_date = date '{FIRST}'"
    count, *means = db.execute(one_day).fetchone()
    if not count:
        return {}
    return {name: (count, {column[0]: mean for column, mean in zip(columns, means, strict=True)})}


def _width(column: str, kind: str) -> str:
    size = f'2 + strlen("{column}")' if kind == "VARCHAR" else "1" if kind == "BOOLEAN" else "8"
    return f'avg(case when "{column}" is null then 0 else {size} end)'
