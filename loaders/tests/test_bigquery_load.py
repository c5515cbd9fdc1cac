"""``gb-power load`` into BigQuery: what the lake gets, once, typed, cut into days, and asked for day by day."""

from collections import Counter
from datetime import date

import pytest

from loaders.tests.bigquery_project import Project
from loaders.tests.conftest import Home
from loaders.tests.stand_ins.insights import InsightsStandIn
from loaders.tests.stand_ins.recorded import rows as recorded_rows

pytestmark = pytest.mark.filterwarnings("ignore:Cannot create BigQuery Storage client")
RECORDED = [  # datasets, and the days of which answers were recorded
    ("BOALF", "--from", "2022-01-01", "--to", "2022-01-02"),
    ("DISEBSP", "--from", "2025-10-25", "--to", "2025-10-27"),
    ("BMUNITS",),
]
DATASETS = "BMUNITS BOALF DISEBSP"
WIND = [row for row in recorded_rows("BOALF") if row["timeFrom"] < "2023"]


@pytest.fixture(scope="module")
def server():
    """One for the module, since the first test loads what the next ones look at."""
    with InsightsStandIn() as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def project(bigquery, server, tmp_path_factory):
    """The recorded hours, loaded."""
    with pytest.MonkeyPatch.context() as patch:
        made = Project("loads", DATASETS, bigquery, tmp_path_factory.mktemp("loads"), patch, BMRS_BASE_URL=server.url)
        for args in RECORDED:
            made.run("load", *args)
        yield made


def test_the_recorded_hours_land_as_in_the_lake(project, server, tmp_path, monkeypatch):
    home = Home(tmp_path, server.url)
    monkeypatch.setenv("GB_POWER_TARGET", "duckdb")
    monkeypatch.setenv("GB_POWER_HOME", str(tmp_path))
    for args in RECORDED:
        project.run("load", *args)
    for table, fewest in {"boalf": 4000, "disebsp": 48 + 50 + 48, "bmunits": 2000}.items():
        columns = [name for (name,) in home.raw(table, "select column_name from (describe raw)")]
        names = ", ".join(name for name in columns if name not in ("_fetched_at_utc", "_load_id", "_dlt_load_id"))
        landed = project.rows(f"raw_bmrs.{table}", names)
        assert landed == Counter(home.raw(table, f"select {names} from raw")), table
        assert landed.total() >= fewest


def test_the_same_hours_again_land_nothing(project):
    before = [project.count(f"raw_bmrs.{table}") for table in ("boalf", "disebsp", "bmunits")]
    for args in RECORDED:
        again = ["--again"] if "--from" in args else []
        assert "\n0 rows landed" in project.run("load", *args, *again).output
    assert [project.count(f"raw_bmrs.{table}") for table in ("boalf", "disebsp", "bmunits")] == before


def test_another_machine_knows_what_was_answered(project, bigquery, server, tmp_path):
    asked = len(server.requests)
    with pytest.MonkeyPatch.context() as patch:
        other = Project(project.name, DATASETS, bigquery, tmp_path, patch, BMRS_BASE_URL=server.url)
        assert "Nothing to ask" in other.run("load", *RECORDED[0]).output
    assert len(server.requests) == asked


def test_columns_have_the_types_of_the_catalogue(project):
    columns = project.query("""
        select column_name, data_type from raw_bmrs.INFORMATION_SCHEMA.COLUMNS
        where table_name = 'boalf' and not starts_with(column_name, '_dlt')
    """)
    assert dict(columns) == {
        "settlement_date": "DATE", "settlement_period_from": "INT64", "settlement_period_to": "INT64",
        "time_from": "TIMESTAMP", "time_to": "TIMESTAMP", "level_from": "FLOAT64", "level_to": "FLOAT64",
        "acceptance_number": "INT64", "acceptance_time": "TIMESTAMP", "deemed_bo_flag": "BOOL", "so_flag": "BOOL",
        "amendment_flag": "STRING", "stor_flag": "BOOL", "rr_flag": "BOOL", "national_grid_bm_unit": "STRING",
        "bm_unit": "STRING", "_fetched_at_utc": "TIMESTAMP", "_load_id": "STRING",
        "_window_from_utc": "TIMESTAMP", "_window_to_utc": "TIMESTAMP",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("table", "day", "cluster"),
    [
        ("raw_bmrs.boalf", "time_from", ["national_grid_bm_unit"]),
        ("raw_bmrs.bmunits", None, None),
        ("raw_bmrs._windows", "window_from_utc", ["dataset", "variant"]),
        ("raw_bmrs._quarantine", "asked_at_utc", ["dataset"]),
        ("raw_iris.disebsp", "settlement_date", None),
        ("raw_iris._messages", "landed_at_utc", ["dataset", "message_id"]),
        ("raw_iris._quarantine", "landed_at_utc", ["dataset"]),
    ],
)
def test_tables_are_cut_into_days_and_clustered(project, table, day, cluster):
    made = project.google.get_table(table)
    partitions = made.time_partitioning
    assert (partitions.type_, partitions.field) == ("DAY", day) if day else partitions is None
    assert made.clustering_fields == cluster


def need_days(project, needed: bool) -> None:
    """Whether queries must be confined to some partitions."""
    for name in ("boalf", "_windows"):
        table = project.google.get_table(f"raw_bmrs.{name}")
        table.require_partition_filter = needed
        project.google.update_table(table, ["require_partition_filter"])


def days_asked(project) -> tuple[date, date]:
    """First and last day that the newest question about acceptances was confined to."""
    jobs = project.google.list_jobs(max_results=50)
    asked = next(job for job in jobs if "select * from `raw_bmrs.boalf`" in getattr(job, "query", ""))
    values = {one.name: one.value for one in asked.query_parameters}
    return values["first"].date(), values["last"].date()


def test_a_value_that_changes_and_returns_lands_as_three_versions(project, server):
    row = next(row for row in WIND if row["timeFrom"].startswith("2022-01-01T12"))
    before = project.count("raw_bmrs.boalf")
    need_days(project, True)  # what is held must be asked for by day, or the query is refused
    for level in (row["levelTo"] + 7, row["levelTo"]):
        server.set_rows("BOALF", [row | {"levelTo": level} if one is row else one for one in WIND])
        project.run("load", *RECORDED[0], "--again")
    need_days(project, False)
    assert date(2022, 1, 2) <= days_asked(project)[0] <= days_asked(project)[1] <= date(2022, 1, 3)
    assert project.count("raw_bmrs.boalf") == before + 2
    levels = project.query(f"""
        select level_to from raw_bmrs.boalf where national_grid_bm_unit = '{row["nationalGridBmUnit"]}'
            and acceptance_number = {row["acceptanceNumber"]} and time_from = '{row["timeFrom"]}'
        order by _fetched_at_utc
    """)
    assert levels == [(row["levelTo"],), (row["levelTo"] + 7,), (row["levelTo"],)]


def test_a_new_field_becomes_a_column(project, server):
    prices = [row for row in recorded_rows("DISEBSP") if row["settlementDate"] == "2025-10-26"]
    server.set_rows("DISEBSP", [row | {"brandNewFlag": True} for row in prices])
    output = project.run("load", "DISEBSP", "--from", "2025-10-26", "--again").output
    assert "DISEBSP has new fields, landed as columns: brand_new_flag" in output
    assert project.query("select count(*) from raw_bmrs.disebsp where brand_new_flag") == [(50,)]
