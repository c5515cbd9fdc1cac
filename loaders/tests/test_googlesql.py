"""Every model, test and snapshot is valid GoogleSQL, by Google's own analyzer: names, types and contracts, from the
raw tables that the loaders declare to the last test. Nothing is asked of BigQuery."""

from dataclasses import replace

import pytest

from loaders.tests.googlesql.gate import analyse
from loaders.tests.googlesql.project import compile_for_bigquery, statements, typed_tables


@pytest.fixture(scope="module")
def manifest(tmp_path_factory) -> dict:
    """The project, compiled for BigQuery."""
    return compile_for_bigquery(tmp_path_factory.mktemp("compiled"))


def test_every_statement_is_valid_googlesql_and_keeps_its_contract(manifest):
    asked = statements(manifest)
    wrong, columns = analyse(typed_tables(manifest), asked)
    assert not wrong, "\n".join(wrong)
    nodes = [node for node in manifest["nodes"].values() if node["resource_type"] in ("model", "snapshot", "test")]
    assert {node["name"] for node in nodes} <= set(columns)


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
