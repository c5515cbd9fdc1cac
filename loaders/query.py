"""The commands ``gb-power query`` and ``gb-power now``: what was built, read."""

import click
import duckdb

from loaders.config import BigQuerySettings, read_settings
from loaders.show import OUT, show_rows
from loaders.stopped import served_warehouse, stopped_plainly


@click.command()
@click.argument("sql")
def query(sql: str) -> None:
    """Query what was built, in the SQL of DuckDB or, on that target, of BigQuery; times are UTC.

    On BigQuery GB_POWER_BQ_MAX_BYTES is the most that it may be billed, and GB_POWER_BQ_DATASET where it looks first.

    \b
    gb-power query "select * from bmrs_costs order by settlement_date desc, settlement_period desc limit 5"
    gb-power query "summarize bmrs_boalf_unified"
    """
    with stopped_plainly("query"):
        settings = read_settings()
    if settings.bigquery:
        _query_bigquery(settings.bigquery, sql)
        return
    with duckdb.connect(str(served_warehouse(settings)), read_only=True) as db:
        db.execute("set TimeZone = 'UTC'")
        try:
            found = db.sql(sql)
            show_rows(found.columns, found.fetchall())
        except duckdb.Error as error:
            raise click.ClickException(str(error)) from None


def _query_bigquery(settings: BigQuerySettings, sql: str) -> None:
    from loaders.bigquery.client import REFUSED, rows, why
    from loaders.held import CannotLand

    try:
        found = rows(settings, sql, dataset=settings.dataset)
        lines = [row.values() for row in found]
    except (CannotLand, *REFUSED) as error:
        raise click.ClickException(why(error.__cause__ or error)) from None
    show_rows([field.name for field in found.schema], lines)


@click.command()
def now() -> None:
    """The newest of everything: mix, links, demand, price, frequency, each with its age.

    From the served warehouse, so it is as new as the last load and build; what is old says so.

    \b
    gb-power now
    """
    from loaders.now import show_now

    try:
        with stopped_plainly("now"):
            show_now(served_warehouse(read_settings()), OUT)
    except duckdb.CatalogException:
        raise click.ClickException("the warehouse has no mart_now yet: 'gb-power build' makes it") from None
