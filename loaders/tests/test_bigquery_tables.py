"""The raw tables in BigQuery, made by Google's own client in the emulator."""

from google.cloud import bigquery as google

from loaders.bigquery.client import client
from loaders.bigquery.tables import Layout, make_tables
from loaders.config import BigQuerySettings
from loaders.landing import WINDOWS
from loaders.tests.stand_ins.bigquery import PROJECT


def test_a_table_is_cut_into_days_and_clustered(bigquery, monkeypatch):
    for name, value in bigquery.environment.items():
        monkeypatch.setenv(name, value)
    settings = BigQuerySettings(PROJECT, "US", 10**9)
    make_tables(settings, "layouts", {"_windows": WINDOWS}, {"_windows": Layout("window_from_utc", ("dataset",))})
    table = client(settings).get_table("layouts._windows")
    assert table.time_partitioning == google.TimePartitioning(type_="DAY", field="window_from_utc")
    assert table.clustering_fields == ["dataset"]
