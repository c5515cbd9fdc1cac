"""Every model, test, snapshot and analysis is valid GoogleSQL, by Google's own analyzer: names, types and contracts,
from the raw tables that the loaders declare to the last test. And Google's reference implementation gives the rows that
DuckDB gives: for the query that BigQuery would get of each of some models, on what the DuckDB warehouse holds of its
parents, and for the unit tests that dbt has of them. And no query reads the whole history of a big table. Nothing is
asked of BigQuery."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from loaders.bench.bigquery_bill import NAMED_IN_FULL, Project
from loaders.bench.bigquery_cost import refreshed
from loaders.config import RAW_BMRS, RAW_IRIS
from loaders.gaps import absent, found, lost, messages
from loaders.landing import raw_tables
from loaders.status import lake as ledgers
from loaders.tests.googlesql.gate import analyse
from loaders.tests.googlesql.project import (
    AROUND,
    ARROW,
    Statement,
    compile_for_bigquery,
    relation,
    statements,
    typed_tables,
)
from loaders.tests.googlesql.reference import (
    by_reference,
    differences,
    held,
    model,
    query_of_example,
    query_of_model,
    typed,
)
from loaders.tests.lake import write_empty_lake, write_rows
from loaders.tests.pricing_lake import CATALOGUE, write_units
from loaders.tests.test_pricing_examples import EXAMPLES, unit_of
from loaders.tests.warehouse import Warehouse

MARTS_ASKED = [
    "data_gaps",
    "expected_periods",
    "asked_days",
    "period_coverage",
    "dim_settlement_periods",
    "fct_outages",
]
MOMENTS = ("@since", "@reach", "@began", "@late")
DEDUPLICATION = ["bmrs_boalf_unified", "bmrs_bod_unified", "bmrs_pn_unified"]
BY_EXAMPLE = ["bmrs_b1610_unified", "bmrs_disbsad_unified", "bmrs_fuelinst_unified"]
LIMITS = ["bmrs_mels_unified", "bmrs_mils_unified"]
PRICING = ["int_acceptance_profiles", "int_bid_offer_bands", "int_acceptance_segments", "int_balancing_slices",
           "fct_acceptance_volumes", "bmrs_boalf_complete"]  # fmt: skip
CALENDAR = "dim_settlement_periods"
COMPARED = [*DEDUPLICATION, *LIMITS, *PRICING, CALENDAR]
# The calendar from before a day of 50 settlement periods to after one of 46.
FIRST_DAY, LAST_DAY = "2024-10-26", "2025-03-31"
VARS = json.dumps({"calendar_from": FIRST_DAY, "calendar_to": LAST_DAY})

CALENDAR_ENDS = {"date '2015-01-01'": FIRST_DAY, "cast(date_add(current_date, interval 5 year) as date)": LAST_DAY}

# Unit, from, to, level from, level to, sequence, minute of its notice, and whether it is of REST. By turns: a limit cut
# in two by a greater sequence; of the same sequence the later notice wins; REST's piece meets IRIS; a slope; a limit
# through the night in which clocks go back; limits that touch and hold the same level.
SUBMITTED = [
    ("A", "2025-01-15T09:00", "2025-01-15T13:00", 100, 100, 1, 0, False),
    ("A", "2025-01-15T10:10", "2025-01-15T10:50", 60, 60, 2, 1, False),
    ("B", "2025-01-15T09:00", "2025-01-15T10:00", 50, 50, 7, 0, False),
    ("B", "2025-01-15T09:20", "2025-01-15T11:00", 40, 40, 7, 5, False),
    ("C", "2025-01-15T23:30", "2025-01-16T00:30", 10, 10, 3, 0, True),
    ("C", "2025-01-15T23:00", "2025-01-16T02:00", 10, 10, 3, 0, False),
    ("D", "2025-01-15T09:00", "2025-01-15T10:30", 0, 90, 1, 0, False),
    ("D", "2025-01-15T09:30", "2025-01-15T09:40", 5, 5, 4, 2, False),
    ("E", "2024-10-26T22:00", "2024-10-27T03:00", 80, 80, 1, 0, False),
    ("E", "2024-10-27T00:15", "2024-10-27T01:45", 20, 70, 2, 0, False),
    ("F", "2025-01-15T09:00", "2025-01-15T09:10", 30, 30, 5, 0, False),
    ("F", "2025-01-15T09:10", "2025-01-15T09:30", 30, 30, 5, 0, False),
]


def submission(unit, start, end, level_from, level_to, sequence, minute, _) -> dict:
    """A limit under its publisher's names."""
    return {
        "nationalGridBmUnit": unit,
        "bmUnit": f"T_{unit}",
        "timeFrom": f"{start}Z",
        "timeTo": f"{end}Z",
        "levelFrom": level_from,
        "levelTo": level_to,
        "notificationSequence": sequence,
        "notificationTime": f"2025-01-14T12:{minute:02}Z",
    }


@pytest.fixture(scope="module")
def manifest(tmp_path_factory) -> dict:
    """The project, compiled for BigQuery."""
    return compile_for_bigquery(tmp_path_factory.mktemp("compiled"))


def test_every_statement_is_valid_googlesql_and_keeps_its_contract(manifest):
    asked = statements(manifest)
    wrong, columns = analyse(typed_tables(manifest), asked)
    assert not wrong, "\n".join(wrong)
    nodes = [node for node in manifest["nodes"].values() if node["resource_type"] != "seed"]
    assert {node["name"] for node in nodes} - {AROUND} <= set(columns)


def test_what_the_commands_ask_of_ledgers_and_marts_is_valid_googlesql(manifest):
    tables = {
        f"{schema}.{name}": {column.name: ARROW[column.type] for column in columns}
        for schema in (RAW_BMRS, RAW_IRIS)
        for name, columns in raw_tables(schema, CATALOGUE).items()
    }
    for name in MARTS_ASKED:
        tables[name] = {c["name"]: c["data_type"].upper() for c in model(manifest, name)["columns"].values()}
    asked = [value.format(schema=RAW_BMRS, table="bod") for value in (lost.NOTED_ROWS, lost.ROWS)]
    asked += [value.format(schema=RAW_IRIS, table="bod") for value in (lost.NOTED_MESSAGES, lost.MESSAGES)]
    asked += [found.HISTORY, found.IN_VAIN, found.COUNTED, absent.STILL_MISSING, messages.RECEIVED]
    asked += [ledgers.WINDOWS_EVER, ledgers.WINDOWS_LAST, ledgers.MESSAGES_EVER, ledgers.MESSAGES_LAST]
    for exposure in manifest["exposures"].values():
        shown = exposure["config"]["meta"]["tables"].items()
        asked += [f"select * from {name} where {wanted['only']}" for name, wanted in shown if "only" in wanted]
    assert len(asked) == 15
    values = {"@dataset": "'BOD'", "@ids": "['x']"} | dict.fromkeys(MOMENTS, "timestamp '2026-01-01'")
    queries = [re.sub(r"@\w+", lambda name: values[name[0]], query).strip() for query in asked]
    wrong, columns = analyse(tables, [Statement(query, "loaders", query, tuple(tables)) for query in queries])
    assert not wrong, "\n".join(wrong)
    assert len(columns) == len(queries)


BREAKAGES = {
    "a wrong column": (
        "dim_parties",
        ("lead_party_id as party_id", "lead_party_nid as party_id"),
        "dim_parties (models/reference/dim_parties.sql): Unrecognized name: lead_party_nid",
    ),
    "a wrong type": (
        "dim_parties",
        ("count(*) as bm_unit_count", "cast(count(*) as string) as bm_unit_count"),
        "dim_parties (models/reference/dim_parties.sql): the contract says bm_unit_count INT64, the query gives STRING",
    ),
    "a function that only DuckDB has": (
        "dim_parties",
        ("max(lead_party_name)", "arg_max(lead_party_name, lead_party_id)"),
        "dim_parties (models/reference/dim_parties.sql): Function not found: arg_max",
    ),
}


@pytest.mark.parametrize("what", BREAKAGES)
def test_the_gate_names_the_model_the_line_and(what, manifest):
    model, (right, wrong), message = BREAKAGES[what]
    statement = next(statement for statement in statements(manifest) if statement.name == model)
    assert right in statement.sql
    broken = replace(statement, sql=statement.sql.replace(right, wrong))
    reads = manifest["nodes"]["model.gb_power.dim_bm_units"]["columns"].values()
    parent = {column["name"]: column["data_type"].upper() for column in reads}
    found, _ = analyse({statement.reads[0]: parent}, [broken])
    assert len(found) == 1
    assert found[0].startswith(message)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    """The worked examples of pricing and the limits above, built by DuckDB."""
    home = tmp_path_factory.mktemp("rows")
    write_empty_lake(home, CATALOGUE)
    write_units(home, {example["name"]: unit_of(example) for example in EXAMPLES})
    for name in ("MELS", "MILS"):
        for schema, of_rest in ((RAW_BMRS, True), (RAW_IRIS, False)):
            rows = [submission(*row) for row in SUBMITTED if row[-1] is of_rest]
            write_rows(home, schema, CATALOGUE[name], rows, datetime(2025, 4, 1, tzinfo=UTC))
    with pytest.MonkeyPatch.context() as patch:
        built = Warehouse(home, patch)
        wanted = ["+bmrs_boalf_complete", *(f"+{name}" for name in BY_EXAMPLE + LIMITS), CALENDAR]
        built.dbt("run", "--select", *wanted, "--vars", VARS)
        yield built


def test_the_models_give_the_rows_that_duckdb_gives(warehouse, manifest):
    queries = {name: query_of_model(warehouse, manifest, name) for name in COMPARED}
    for default, day in CALENDAR_ENDS.items():
        assert default in queries[CALENDAR]["sql"]
        queries[CALENDAR]["sql"] = queries[CALENDAR]["sql"].replace(default, f"date '{day}'")
    answers = by_reference(list(queries.values()))
    wrong = []
    for name, answer in zip(COMPARED, answers, strict=True):
        built = held(warehouse, model(manifest, name), answer["columns"])
        assert answer["rows"], f"{name} has no rows to compare"
        assert answer["columns"] == {column: built["columns"][column] for column in answer["columns"]}
        assert answer["columns"].keys() == built["columns"].keys()
        wrong += [f"{name}: {difference}" for difference in differences(answer["rows"], built["rows"])]
    assert not wrong, "\n".join(wrong)


def test_the_examples_of_dbt_hold(warehouse, manifest):
    examples = [
        example for example in manifest["unit_tests"].values() if example["model"] in DEDUPLICATION + BY_EXAMPLE
    ]
    assert {example["model"] for example in examples} == {"bmrs_boalf_unified", *BY_EXAMPLE}
    answers = by_reference([query_of_example(warehouse, manifest, example) for example in examples])
    wrong = []
    for example, answer in zip(examples, answers, strict=True):
        names = list(example["expect"]["rows"][0])
        wanted = [[typed(row[name], answer["columns"][name]) for name in names] for row in example["expect"]["rows"]]
        places = [list(answer["columns"]).index(name) for name in names]
        found = [[row[place] for place in places] for row in answer["rows"]]
        wrong += [f"{example['name']}: {difference}" for difference in differences(found, wanted)]
    assert not wrong, "\n".join(wrong)


@pytest.fixture(scope="module")
def project(manifest) -> Project:
    """The project, and what its statements read."""
    return Project(manifest, {})


def unbounded(project: Project, sql: str, tables: set[str]) -> set[str]:
    """Those of the tables that a statement reads without saying, by constants, which days of them."""
    return {scan.table for scan in project.reads(sql) if scan.table in tables and scan.days is None}


def named(sql: str) -> set[str]:
    """The tables and views that a compiled statement names."""
    return {".".join(filter(None, match.groups())) for match in NAMED_IN_FULL.finditer(sql)}


def over(project: Project, tables: set[str]) -> set[str]:
    """The tables, and every view through which they are read."""
    found = set(tables)
    while more := {view for view, sql in project.views.items() if view not in found and named(sql) & found}:
        found |= more
    return found


def test_no_model_that_is_built_by_day_reads_a_whole_history(project):
    partitioned = set(project.partitioned_by)
    asked = {node["name"]: node["compiled_code"] for node in project.by_day.values()}
    asked |= {title: sql for title, sql in project.around.items() if "find" in title or "reach" in title}
    assert len(asked) > 100
    assert {title: found for title, sql in asked.items() if (found := unbounded(project, sql, partitioned))} == {}


def test_no_other_model_and_no_test_reads_the_whole_history_of_a_big_table(project):
    big = project.must_be_bounded()
    assert {"offline.gb_power.bmrs_bod_unified", "offline.raw_iris.bod", "offline.raw_bmrs.mels"} <= big
    kept = [node for node in project.nodes.values() if node["resource_type"] in ("model", "snapshot", "test")]
    others, through = [node for node in kept if relation(node) not in project.views], over(project, big)
    asked = [node for node in others if named(node["compiled_code"]) & through]
    assert len(asked) > 100
    assert {node["name"]: found for node in asked if (found := unbounded(project, node["compiled_code"], big))} == {}


UNBOUNDED = {
    "without a filter": "true",
    "by what another query finds": "settlement_date in (select settlement_date from `offline`.`gb_power`.`bmrs_costs`)",
    "by a column that partitions nothing": "from_utc >= timestamp '2026-01-01'",
    "or everything": "settlement_date = date '2026-01-01' or settlement_period = 1",
}


@pytest.mark.parametrize("how", UNBOUNDED)
def test_a_model_that_would_read_the_whole_history_is_found_out(how, project):
    right = project.by_day["offline.gb_power.bmrs_bod_unified"]["compiled_code"]
    held = "settlement_date between date '1900-01-01' and date '2999-12-31'"
    assert held in right
    found = unbounded(project, right.replace(held, UNBOUNDED[how]), set(project.partitioned_by))
    assert found == {"offline.raw_bmrs.bod", "offline.raw_iris.bod"}


def test_a_filter_counts_only_where_bigquery_can_ask_it_of_the_partitions(project):
    table, days = "offline.gb_power.bmrs_bod_unified", "settlement_date >= date '2026-01-01' - 7"
    ranked = "select *, row_number() over (partition by {}) as place from {}"
    by_day, by_unit = (ranked.format(key, f"`{table}`") for key in ("settlement_date", "national_grid_bm_unit"))
    assert unbounded(project, f"select * from ({by_day}) as ranked where {days}", {table}) == set()
    assert unbounded(project, f"select * from ({by_unit}) as ranked where {days}", {table}) == {table}
    both = f"with bod as (select * from `{table}`) select * from bod where {days} union all select * from bod"
    assert unbounded(project, both, {table}) == {table}


def test_a_refresh_builds_all_that_the_publishers_show_but_what_looks_at_the_whole_history(manifest):
    published = [exposure for exposure in manifest["exposures"].values() if exposure["type"] == "dashboard"]
    shown = {name for exposure in published for name in exposure["depends_on"]["nodes"]}
    left_out = {manifest["nodes"][name]["name"] for name in shown - refreshed(manifest)}
    assert left_out == {"dataset_freshness", "data_gaps", "fct_battery_leaderboard", "quality_scorecard"}
