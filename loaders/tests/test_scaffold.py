"""What scripts/scaffold writes, and what it leaves alone."""

import re

import duckdb
import pytest
import yaml
from click.testing import CliRunner

from loaders import scaffold
from loaders.catalogue import Column, load_catalogue
from loaders.config import RAW_BMRS, RAW_IRIS
from loaders.landing import raw_tables
from loaders.scaffold_models import channels, staging_sql, unified_sql, unified_yml
from loaders.scaffold_names import staged_name
from loaders.scaffold_sources import sources_yml

CATALOGUE = load_catalogue()
MACROS = {"is_still_published()": "row_number() over () > 0", "all_but('is_whole_day')": "* exclude (is_whole_day)"}


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A repository without any models."""
    monkeypatch.setattr(scaffold, "ROOT", tmp_path)
    return tmp_path


def run(*args: str, code: int = 0) -> str:
    done = CliRunner().invoke(scaffold.main, args)
    assert done.exit_code == code, done.output
    return done.output


@pytest.mark.parametrize(
    ("native", "kind", "unit", "name"),
    [
        ("publishTime", "timestamp", None, "published_at_utc"),
        ("createdDateTime", "timestamp", None, "created_at_utc"),
        ("createdTime", "timestamp", None, "created_at_utc"),
        ("acceptanceTime", "timestamp", None, "accepted_at_utc"),
        ("notificationTime", "timestamp", None, "notified_at_utc"),
        ("startTime", "timestamp", None, "start_utc"),
        ("endTime", "timestamp", None, "end_utc"),
        ("timeFrom", "timestamp", None, "from_utc"),
        ("timeTo", "timestamp", None, "to_utc"),
        ("measurementTime", "timestamp", None, "measured_at_utc"),
        ("halfHourEndTime", "timestamp", None, "end_utc"),
        ("eventStartTime", "timestamp", None, "event_start_utc"),
        ("messageReceivedDateTime", "timestamp", None, "message_received_utc"),
        ("settlementDate", "date", None, "settlement_date"),
        ("levelFrom", "number", "MW", "level_from_mw"),
        ("volume", "number", "MWh", "volume_mwh"),
        ("systemSellPrice", "number", "GBP/MWh", "system_sell_price_gbp_per_mwh"),
        ("offer", "number", "GBP/MWh", "offer_price_gbp_per_mwh"),
        ("cost", "number", "GBP", "cost_gbp"),
        ("frequency", "number", "Hz", "frequency_hz"),
        ("notice", "number", "minutes", "notice_minutes"),
        ("rate1", "number", "MW/minute", "rate1_mw_per_minute"),
        ("temperature", "number", "degC", "temperature_celsius"),
        ("currentPercentage", "number", "%", "current_percentage"),
        ("soFlag", "boolean", None, "is_so_flagged"),
        ("storFlag", "boolean", None, "is_stor_flagged"),
        ("rrFlag", "boolean", None, "is_rr_flagged"),
        ("deemedBoFlag", "boolean", None, "is_deemed"),
        ("bsadDefaulted", "boolean", None, "is_bsad_defaulted"),
        ("isTendered", "boolean", None, "is_tendered"),
        ("interconnector", "boolean", None, "is_interconnector"),
        ("amendmentFlag", "string", None, "amendment_flag"),
        ("mRID", "string", None, "mrid"),
        ("nationalGridBmUnitId", "string", None, "national_grid_bm_unit"),
    ],
)
def test_a_column_says_its_unit_and_keeps_one_name_over_all_datasets(native, kind, unit, name):
    assert staged_name(native, Column(type=kind, unit=unit)) == name


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=lambda entry: entry.dataset)
def test_no_two_fields_of_a_dataset_get_the_same_name(entry):
    names = [staged_name(native, column) for native, column in entry.all_columns.items()]
    assert len(set(names)) == len(names)


def test_the_drafts_of_every_dataset_run_as_they_are():
    """Those of datasets that have no models in the repository too."""
    with duckdb.connect() as db:
        for schema in (RAW_BMRS, RAW_IRIS):
            db.execute(f"create schema {schema}")
            for table, columns in raw_tables(schema, CATALOGUE).items():
                db.register("empty", columns.empty_table())
                db.execute(f'create table {schema}."{table}" as from empty')
        for entry in CATALOGUE.values():
            for channel in channels(entry):
                query = re.sub(r"{{ source\('(\w+)', '(\w+)'\) }}", r"\1.\2", staging_sql(entry, channel))
                db.execute(f"create view stg_{channel}__{entry.table} as {query}")
            query = re.sub(r"{{ ref\('(\w+)'\) }}", r"\1", unified_sql(entry))
            query = re.sub(r"{{ (.*?) }}", lambda macro: MACROS[macro[1]], query)
            columns = [name for name, *_ in db.execute(f"describe {query}").fetchall()]
            model = yaml.safe_load(unified_yml(entry))["models"][0]
            assert [column["name"] for column in model["columns"]] == columns


def test_models_are_drafted_once_and_what_exists_wins(root):
    output = run("lolpdrm")
    draft = root / "dbt_project/models/unified/bmrs_lolpdrm_unified.sql"
    assert "wrote  dbt_project/models/staging/iris/stg_iris__lolpdrm.sql" in output
    draft.write_text("-- mine")
    assert "kept   dbt_project/models/unified/bmrs_lolpdrm_unified.sql: it exists, and it wins" in run("LOLPDRM")
    assert draft.read_text() == "-- mine"


def test_an_unknown_dataset_is_refused(root):
    assert "not in the catalogue: BOALFF" in run("BOALFF", code=2)


def test_check_is_silent_when_all_is_in_step_and_shows_the_difference_when_not(root):
    run()
    assert run("--check") == ""
    sources = root / "dbt_project/models/staging/sources.yml"
    sources.write_text(sources.read_text().replace("name: boalf", "name: boolf"))
    output = run("--check", code=1)
    assert "-      - name: boolf" in output
    assert "+      - name: boalf" in output
    assert "name: boolf" in sources.read_text(), "--check must not write"


def test_the_readme_gets_its_table_between_the_marks_and_nowhere_else(root):
    readme = root / "README.md"
    readme.write_text("before\n<!-- datasets:begin -->\nold\n<!-- datasets:end -->\nafter\n")
    run("boalf")
    lines = readme.read_text().splitlines()
    assert (lines[0], lines[-1]) == ("before", "after")
    assert "old" not in lines
    page = "https://bmrs.elexon.co.uk/api-documentation/endpoint/datasets/BOALF"
    assert f"| [BOALF]({page}) | Bid Offer Acceptance Level Flagged | yes | yes | `bmrs_boalf_unified` |" in lines
    assert len([line for line in lines if line.startswith("| [")]) == len(CATALOGUE)


def test_a_readme_without_marks_is_left_alone(root):
    (root / "README.md").write_text("no marks\n")
    run()
    assert (root / "README.md").read_text() == "no marks\n"


def test_sources_tell_each_columns_unit_and_native_name():
    sources = {source["name"]: source for source in yaml.safe_load(sources_yml(CATALOGUE))["sources"]}
    for name in (RAW_BMRS, RAW_IRIS):
        tables = {table["name"]: table for table in sources[name]["tables"]}
        assert set(tables) == set(raw_tables(name, CATALOGUE))
        level = {column["name"]: column for column in tables["boalf"]["columns"]}["level_from"]
        assert level["config"]["meta"] == {"native": "levelFrom", "unit": "MW"}


@pytest.mark.parametrize(
    ("dataset", "setting", "moment"),
    [
        ("BOALF", "loaded_at_field", "acceptance_time"),  # not time_from, which runs ahead
        ("NDF", "loaded_at_field", "publish_time"),  # not start_time, which is in the future
        ("DISEBSP", "loaded_at_field", "created_date_time"),
        ("FREQ", "loaded_at_field", "measurement_time"),
        ("MID", "loaded_at_field", "start_time"),
        ("DISBSAD", "loaded_at_field", "cast(settlement_date as timestamp) + interval 1 day"),
    ],
)
def test_freshness_is_the_age_of_what_was_published_not_of_our_load(dataset, setting, moment):
    bmrs = yaml.safe_load(sources_yml(CATALOGUE))["sources"][0]
    table = {table["name"]: table for table in bmrs["tables"]}[dataset.lower()]
    assert table["config"][setting] == moment
