"""Staging is written once and then owned by hand; these tests keep it in step with the catalogue and with itself."""

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from loaders.catalogue import load_catalogue
from loaders.scaffold import refresh
from loaders.scaffold_models import channels
from loaders.tests.lake import write_empty_lake
from loaders.tests.warehouse import ROOT, Warehouse

CATALOGUE = load_catalogue()
MODELS = ROOT / "dbt_project" / "models"
STAGED = [entry for entry in CATALOGUE.values() if (MODELS / f"staging/bmrs/stg_bmrs__{entry.table}.sql").exists()]
MODELLED = """
    BOALF BOD PN QPN MELS MILS FUELINST FUELHH INDO ITSDO INDOD INDGEN INDDEM FREQ MID DISEBSP DISBSAD NETBSAD B1610
    AGPT AGWS ATL WINDFOR NDF TSDF IMBALNGC MELNGC REMIT BOAV EBOCF DISPTAV ISPSTACK FOU2T14D NONBM SOSO SYSWARN
    SEL SIL RURE RURI RDRE RDRI NDZ NTB NTO MZT MNZT MDV MDP BMUNITS FUELTYPES INTERCONNECTORS
    BEB SMSG CBS AOBE
"""
LINEAGE = {"source", "is_whole_day", "fetched_at_utc", "load_id"}


def staging(entry, channel: str) -> Path:
    return MODELS / "staging" / channel / f"stg_{channel}__{entry.table}.sql"


def selected(path: Path) -> dict[str, str]:
    """Expression -> column, in the order of the select list."""
    select_list = path.read_text().split("    select\n")[1].split("    from source\n")[0]
    fields = [line.strip().removesuffix(",") for line in select_list.splitlines() if line.strip()]
    fields = [field for field in fields if not field.startswith("--")]
    return {field.split(" as ")[0]: field.split(" as ")[-1] for field in fields}


def not_staged(path: Path) -> set[str]:
    """Columns that a staging file leaves out, each on a line ``-- not staged: column: why``."""
    return set(re.findall(r"^\s*-- not staged: (\w+): \S+", path.read_text(), re.MULTILINE))


def test_the_datasets_that_marts_stand_on_have_models():
    assert {entry.dataset for entry in STAGED} >= set(MODELLED.split())


@pytest.mark.parametrize("entry", STAGED, ids=lambda entry: entry.dataset)
def test_every_channel_of_a_dataset_selects_every_published_column_under_the_same_names_in_the_same_order(entry):
    outputs = []
    for channel in channels(entry):
        path = staging(entry, channel)
        columns = selected(path)
        published = {expression for expression, name in columns.items() if name not in LINEAGE}
        assert published | not_staged(path) == set(entry.raw_names.values()), path.name
        assert not published & not_staged(path), path.name
        outputs.append(list(columns.values()))
    assert all(output == outputs[0] for output in outputs)
    assert list(outputs[0][-3:]) == ["source", "fetched_at_utc", "load_id"]


@pytest.mark.parametrize("entry", STAGED, ids=lambda entry: entry.dataset)
def test_a_staging_file_reads_the_table_and_names_the_channel_that_its_own_name_says(entry):
    for channel, source in (("bmrs", "'HISTORIC' as source"), ("iris", "'IRIS' as source")):
        path = staging(entry, channel)
        assert path.exists() == (channel in channels(entry))
        if path.exists():
            text = path.read_text()
            assert f"{{{{ source('raw_{channel}', '{entry.table}') }}}}" in text
            assert source in text
            assert text.startswith("-- One row per ")


def test_rows_that_were_withdrawn_are_left_out_where_the_catalogue_says_that_an_answer_is_whole():
    whole = {f"bmrs_{entry.table}_unified" for entry in STAGED if entry.has_whole_days}
    assert whole == {path.stem for path in MODELS.glob("unified/*.sql") if "is_still_published(" in path.read_text()}


def test_sources_and_readme_say_what_the_catalogue_says():
    assert refresh(ROOT, CATALOGUE, write=False) == ""


def add_a_field(file: Path) -> None:
    """As when IRIS says more than the catalogue knows: the loader lands it as a column, of that channel alone."""
    rows = pq.read_table(file).append_column("brand_new_flag", pa.array([], pa.bool_()))
    pq.write_table(rows, file.with_name("new.parquet"))


def test_every_model_builds_on_an_empty_lake_and_documents_its_columns_in_their_order(tmp_path, monkeypatch):
    home = tmp_path / "it's a {home}"
    write_empty_lake(home, CATALOGUE)
    add_a_field(home / "lake/raw_iris/boalf/empty.parquet")
    warehouse = Warehouse(home, monkeypatch)
    built = warehouse.dbt("run", "--select", "staging", "unified").result
    assert len(built) > 150
    described = """
        select table_name, list(column_name order by ordinal_position)
        from information_schema.columns where table_schema = 'main' group by 1
    """
    columns = dict(warehouse.query(described))
    unified = [result.node for result in built if "unified" in result.node.path]
    assert len(unified) > 50
    for node in unified:
        assert list(node.columns) == columns[node.name], node.name
        assert all(column.description for column in node.columns.values()), node.name
