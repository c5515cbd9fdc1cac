"""The shape of the dbt project, from its manifest: what may read what, what is described, what is under contract."""

import ast
import csv
import json
import re
from pathlib import Path

import pytest
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.nodes import GenericTestNode

from loaders.tests import warehouse
from loaders.tests.warehouse import ROOT

PROJECT = ROOT / "dbt_project"
MARTS = {"balancing", "prices", "generation", "system", "now", "reference"}
MAY_READ = {
    "staging": {"source"},
    "unified": {"staging"},
    "snapshots": {"unified"},
    **dict.fromkeys(MARTS, {"unified", "seeds", "snapshots", *MARTS}),
    "quality": {"source", "staging", "unified", "seeds", "snapshots", "quality", *MARTS},
}


@pytest.fixture(scope="module")
def manifest():
    return warehouse.parsed()


@pytest.fixture(scope="module")
def models(manifest):
    return [node for node in manifest.nodes.values() if node.resource_type == "model"]


def layer(manifest, unique_id: str) -> str:
    """The folder that a node lives in, which is its layer."""
    if unique_id.startswith("source."):
        return "source"
    path = Path(manifest.nodes[unique_id].original_file_path)
    return path.parts[1] if path.parts[0] == "models" else path.parts[0]


def generic_tests(manifest, name: str) -> list[GenericTestNode]:
    """The uses of a generic test."""
    nodes = manifest.nodes.values()
    return [node for node in nodes if isinstance(node, GenericTestNode) and node.test_metadata.name == name]


def test_a_layer_reads_only_the_one_before_it(manifest):
    builds = [node for node in manifest.nodes.values() if node.resource_type in ("model", "snapshot")]
    assert len(builds) > 150
    wrong = [
        f"{node.name} ({layer(manifest, node.unique_id)}) reads {parent}"
        for node in builds
        for parent in node.depends_on.nodes
        if layer(manifest, parent) not in MAY_READ[layer(manifest, node.unique_id)]
    ]
    assert wrong == []


def test_only_staging_and_quality_name_a_source(models, manifest):
    # load_reconciliation finds its sources in the graph, which the rule above cannot see
    named = {layer(manifest, node.unique_id) for node in models if re.search(r"\bsource\(", node.raw_code)}
    assert named <= {"staging", "quality"}


def test_every_unified_model_and_mart_has_a_yml_of_its_own_beside_it(models, manifest):
    for node in models:
        if layer(manifest, node.unique_id) == "staging":
            assert node.patch_path is None, f"{node.name}: documented in sources.yml and where it is used"
        else:
            beside = str(Path(node.original_file_path).with_suffix(".yml"))
            assert node.patch_path == f"gb_power://{beside}", node.name


def test_every_model_says_its_grain_in_its_first_line(models):
    silent = [node.name for node in models if not node.raw_code.startswith("-- One row per ")]
    assert silent == []


def test_every_mart_is_under_contract_with_a_description_of_itself_and_of_every_column(models, manifest):
    marts = [node for node in models if layer(manifest, node.unique_id) in MARTS | {"quality"}]
    assert len(marts) > 10
    for node in marts:
        assert node.config.contract.enforced, node.name
        assert node.description, node.name
        bare = [name for name, column in node.columns.items() if not (column.description and column.data_type)]
        assert bare == [], node.name


UNITS = {"mw": "MW", "mwh": "MWh", "gbp": "GBP", "gbp_per_mwh": "GBP/MWh", "hz": "Hz", "gco2_per_kwh": "CO2/kWh"}
EMPTY = "a an and are as at by for from in is it its of on or that the this to was were which with when unit utc"


def words(text: str) -> set[str]:
    """Of a name or a sentence, without plurals."""
    return {word.removesuffix("s") for word in re.findall(r"[a-z0-9]+", text.lower().replace("_", " "))}


def test_every_column_is_described_by_more_than_its_name_and_says_its_unit(models, manifest):
    described = [n for n in models if layer(manifest, n.unique_id) != "staging"]
    columns = [(f"{n.name}.{name}", name, c.description) for n in described for name, c in n.columns.items()]
    assert len(columns) > 1000
    said_by_nothing = words(EMPTY) | words(" ".join(UNITS.values()))
    assert [where for where, name, text in columns if not words(text) - words(name) - said_by_nothing] == []

    longest_first = "|".join(sorted(UNITS, key=len, reverse=True))
    measured = [(where, re.search(rf"_({longest_first})$", name), text) for where, name, text in columns]
    assert [where for where, suffix, text in measured if suffix and UNITS[suffix[1]] not in text] == []


def test_the_grain_of_every_model_is_tested(manifest, models):
    """By its key; a part of the key that may be null is said to be."""
    keys: dict[str, list[str]] = {}
    never_null: set[tuple[str, str]] = set()
    for name in ("unique_key", "unique", "not_null"):
        for test in generic_tests(manifest, name):
            asked = test.test_metadata.kwargs
            if name == "not_null":
                never_null.add((test.attached_node, asked["column_name"]))
            else:
                keys.setdefault(test.attached_node, asked.get("columns") or [asked["column_name"]])
    made = [node for node in models if layer(manifest, node.unique_id) != "staging"]
    assert [node.name for node in made if node.unique_id not in keys] == []

    marts = [n for n in made if layer(manifest, n.unique_id) in MARTS and not n.name.startswith("int_")]
    loose = [(n, part) for n in marts for part in keys[n.unique_id] if (n.unique_id, part) not in never_null]
    assert [f"{n.name}.{part}" for n, part in loose if "null" not in n.columns[part].description] == []


def test_every_exposure_says_whose_it_is_and_reads_marts(manifest):
    assert len(manifest.exposures) > 1
    for exposure in manifest.exposures.values():
        assert exposure.owner.name
        assert exposure.description
        read = {layer(manifest, parent) for parent in exposure.depends_on.nodes}
        assert read
        assert read <= MARTS | {"quality"}, exposure.name


def covered() -> dict[str, dict]:
    """The list in the macro covered_datasets()."""
    entries = re.findall(r"^ +(\{.*\}),$", (PROJECT / "macros" / "covered_datasets.sql").read_text(), re.MULTILINE)
    parsed = [ast.literal_eval(entry.replace(": none", ": None").replace(": true", ": True")) for entry in entries]
    return {entry["dataset"]: entry for entry in parsed}


def test_the_coverage_counts_every_unified_model_that_has_a_settlement_date(models, manifest):
    dated = {
        node.name.removeprefix("bmrs_").removesuffix("_unified").upper()
        for node in models
        if node.name.endswith("_unified") and "settlement_date" in node.columns
    }
    assert covered().keys() == dated


def test_the_coverage_counts_by_day_what_is_built_by_day(models):
    by_day = {node.name for node in models if node.config.materialized == "settlement_days"}
    counted = {f"bmrs_{name.lower()}_unified" for name, entry in covered().items() if "by_day" in entry}
    assert counted == {name for name in by_day if name.endswith("_unified")}


def test_the_coverage_counts_readings_as_often_as_the_catalogue_says(manifest):
    with (PROJECT / "seeds" / "dataset_catalogue.csv").open() as file:
        cadences = {line["dataset"]: line["cadence"] for line in csv.DictReader(file)}
    seconds = {"15 seconds": 15, "5 minutes": 300}
    for dataset, entry in covered().items():
        assert entry.get("every_seconds") == seconds.get(cadences[dataset]), dataset
        if cadences[dataset]:
            assert ("period" in entry) == (cadences[dataset] == "day"), dataset

    tested = {test.test_metadata.kwargs["dataset"] for test in generic_tests(manifest, "complete_history")}
    assert tested == {dataset for dataset in covered() if cadences[dataset]}


def test_the_scorecard_counts_the_rows_that_a_model_is_made_of(models):
    """Which channels, and by which day: as the unified model itself says."""
    by_name = {node.name: node for node in models}
    counting = ("landed_days", "landed_days_by_day")
    parents = [name for model in counting for name in by_name[model].depends_on.nodes]
    counted = {name.split(".")[-1] for name in parents if ".stg_" in name}
    for dataset, entry in covered().items():
        model = by_name[f"bmrs_{dataset.lower()}_unified"]
        read = {name.split(".")[-1] for name in model.depends_on.nodes}
        assert read - counted == set(), dataset
        by_moment = re.search(r"rebuild_by_settlement_day\((of=)?", model.raw_code)
        assert ("day_of_time" in entry) == bool(by_moment and by_moment[1]), dataset
        assert ("pieces" in entry) == ("effective_position(" in model.raw_code), dataset


def test_no_model_reads_one_whose_tests_fail_when_data_are_late_or_missing(manifest, models):
    """dbt would not build it, and who looks at the health of the data would see that of days ago."""
    late = ("complete_history", "not_older_than", "rows_per_day_against_history")
    named = [test.test_metadata.kwargs["model"] for name in late for test in generic_tests(manifest, name)]
    tested = {re.search(r"ref\('(\w+)'\)", model)[1] for model in named}
    assert tested == {"data_gaps", "dataset_freshness", "quality_scorecard"}
    read = {parent.split(".")[-1] for node in models for parent in node.depends_on.nodes}
    assert tested & read == set()


def selected(manifest, folder: Path, selector: str) -> dict[str, list[str]]:
    """What a selector of selectors.yml selects: names by kind of node."""
    keys = ["--selector", selector, "--output", "json", "--output-keys", "name", "resource_type"]
    where = [*warehouse.PROJECT, "--target-path", str(folder), "--log-path", str(folder)]
    listed = dbtRunner(manifest=manifest).invoke(["ls", "--no-write-json", *where, *keys])
    assert listed.success, listed.exception
    found: dict[str, list[str]] = {}
    for line in listed.result:
        node = json.loads(line)
        found.setdefault(node["resource_type"], []).append(node["name"])
    return found


def test_live_is_all_that_is_shown_daily_is_everything_and_the_gate_is_every_test_of_rows(manifest, models, tmp_path):
    live, daily, gate = (selected(manifest, tmp_path, name) for name in ("live", "daily", "gate"))
    published = [exposure for exposure in manifest.exposures.values() if exposure.type == "dashboard"]
    shown = {name for exposure in published for name in exposure.depends_on.nodes}
    assert shown
    not_live = {name.split(".")[-1] for name in shown} - {*live["model"], *live.get("seed", [])}
    assert not_live == {"quality_scorecard"}  # about days: daily
    assert "unit_test" not in live
    assert set(daily["model"]) == {node.name for node in models} > set(live["model"])
    assert gate.keys() == {"test"}
    assert set(gate["test"]) == set(daily["test"])
