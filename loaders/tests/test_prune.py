"""``gb-power prune``: superseded rows go, and nothing that the unified models show; rows are made up."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from loaders.build import PROJECT
from loaders.catalogue import load_catalogue
from loaders.cli import main
from loaders.config import RAW_BMRS, RAW_IRIS, read_settings
from loaders.gaps.lost import lost_messages, lost_rows
from loaders.iris.tables import MESSAGES
from loaders.prune import EVERY_VERSION, prunable, prune
from loaders.tests.lake import write_rows, write_windows

CATALOGUE = load_catalogue()
FUELHH, BOALF, NDF = (CATALOGUE[name] for name in ("FUELHH", "BOALF", "NDF"))
OLD = datetime(2025, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
BEFORE = OLD + timedelta(days=100)
UNIFIED = """
    create view bmrs_fuelhh_unified as
    with published as (
        select start_time as start_utc, fuel_type, generation as generation_mw, _fetched_at_utc, _load_id as load_id,
            'HISTORIC' as source
        from read_parquet('{lake}/raw_bmrs/fuelhh/*.parquet', union_by_name = true)
        union all
        select start_time, fuel_type, generation, _fetched_at_utc, _load_id, 'IRIS'
        from read_parquet('{lake}/raw_iris/fuelhh/*.parquet', union_by_name = true)
    )
    from published
    qualify row_number() over (partition by start_utc, fuel_type order by source, _fetched_at_utc desc) = 1
"""


def row(fuel: str, mw: float) -> dict:
    return {"startTime": "2025-01-01T11:00:00+00:00", "fuelType": fuel, "generation": mw}


@pytest.fixture
def settings(tmp_path, prepared):
    """FUELHH in three loads, on both channels; an acceptance that was deleted; a forecast in two versions."""
    settings = replace(read_settings("duckdb"), home=tmp_path / "it's a home")
    shutil.copytree(prepared, settings.home)

    def land(schema, entry, rows, load):
        write_rows(settings.home, schema, entry, rows, load)
        span = {"window_from_utc": None, "window_to_utc": None}
        write_windows(
            settings.home, [span | {"dataset": entry.dataset, "outcome": "landed", "rows_landed": len(rows)}], load
        )

    land(RAW_BMRS, FUELHH, [row("WIND", 1), row("CCGT", 1)], OLD)
    land(RAW_BMRS, FUELHH, [row("WIND", 2)], OLD + HOUR)
    land(RAW_BMRS, FUELHH, [row("WIND", 3)], BEFORE + HOUR)
    write_rows(settings.home, RAW_IRIS, FUELHH, [row("WIND", 2), row("COAL", 5)], OLD + 2 * HOUR)
    message = {
        "message_id": "FUELHH_1.json",
        "dataset": "FUELHH",
        "received_at_utc": OLD,
        "outcome": "LANDED",
        "rows": 3,  # one of them is gone
    }
    noted = settings.raw_files(RAW_IRIS, "_messages") / "written.parquet"
    pq.write_table(pa.Table.from_pylist([message], MESSAGES), noted)
    land(RAW_BMRS, BOALF, [{"acceptanceNumber": 1}], OLD + 3 * HOUR)
    land(RAW_BMRS, NDF, [{"demand": 1}], OLD + 4 * HOUR)
    settings.served.parent.mkdir()
    with duckdb.connect(str(settings.served)) as db:
        db.execute(UNIFIED.format(lake=str(settings.lake).replace("'", "''")))
        db.execute("create table bmrs_boalf_unified (bm_unit text)")
        db.execute("create table bmrs_ndf_unified (load_id text)")
    return settings


def shown(settings) -> list[tuple]:
    with duckdb.connect(str(settings.served), read_only=True) as db:
        return db.execute("select fuel_type, generation_mw, source from bmrs_fuelhh_unified order by all").fetchall()


def held(settings, schema: str) -> list[tuple]:
    files = str(settings.raw_files(schema, "fuelhh") / "*.parquet").replace("'", "''")
    with duckdb.connect() as db:
        return db.execute(f"select fuel_type, generation from read_parquet('{files}') order by all").fetchall()


def test_superseded_rows_go_and_what_is_shown_stays(settings):
    before = shown(settings)
    assert before == [("CCGT", 1, "HISTORIC"), ("COAL", 5, "IRIS"), ("WIND", 3, "HISTORIC")]
    looked = {found.schema: found.going for found in prunable(settings, [FUELHH], BEFORE)}
    assert looked == {RAW_BMRS: 2, RAW_IRIS: 1}
    assert (len(held(settings, RAW_BMRS)), len(held(settings, RAW_IRIS))) == (4, 2), "looking removes nothing"
    for schema in (RAW_BMRS, RAW_IRIS):
        prune(settings, FUELHH, schema, BEFORE)
    assert held(settings, RAW_BMRS) == [("CCGT", 1), ("WIND", 3)]
    assert held(settings, RAW_IRIS) == [("COAL", 5)]
    assert shown(settings) == before
    assert [found.going for found in prunable(settings, [FUELHH], BEFORE)] == [0, 0]


def test_what_was_pruned_is_not_taken_for_lost(settings):
    for schema in (RAW_BMRS, RAW_IRIS):
        assert len(list(lost_messages(settings))) == 1
        prune(settings, FUELHH, schema, BEFORE)
    assert [gap.dataset for gap in lost_rows(settings, CATALOGUE)] == []
    assert list(lost_messages(settings)) == []
    next(settings.raw_files(RAW_BMRS, "fuelhh").glob(f"{BEFORE + HOUR:%Y%m%dT%H}*")).unlink()
    assert [gap.rows_lost for gap in lost_rows(settings, CATALOGUE)] == [1]


def test_nothing_goes_that_is_young_not_shown_or_read_in_every_version(settings):
    assert [f.going for f in prunable(settings, [FUELHH], OLD)] == [0, 0]
    reasons = {f.dataset.dataset: f.kept_because for f in prunable(settings, [BOALF, NDF, CATALOGUE["ABUC"]], BEFORE)}
    assert "bmrs_boalf_unified has no " in reasons["BOALF"]
    assert reasons["NDF"] == "a model reads every version"
    assert reasons["ABUC"] == "the served warehouse has no bmrs_abuc_unified"


def test_a_row_whose_key_is_not_shown_stays(settings):
    with duckdb.connect(str(settings.served)) as db:
        db.execute("create table kept as from bmrs_fuelhh_unified where fuel_type != 'WIND'")
        db.execute("drop view bmrs_fuelhh_unified; alter table kept rename to bmrs_fuelhh_unified")
    assert [found.going for found in prunable(settings, [FUELHH], BEFORE)] == [0, 0], "as of a deleted acceptance"


def test_a_row_that_says_that_others_were_withdrawn_stays(settings):
    """Without it they would be shown again."""
    disbsad = CATALOGUE["DISBSAD"]
    actions = [{"settlementDate": "2025-01-01", "settlementPeriod": 1, "id": number} for number in (1, 2)]
    path = write_rows(settings.home, RAW_BMRS, disbsad, actions, OLD)
    rows = pq.read_table(path)
    marked = rows.drop_columns("_is_whole_day").append_column("_is_whole_day", pa.array([True, None]))
    pq.write_table(marked, path)
    with duckdb.connect(str(settings.served)) as db:
        columns = "settlement_date, settlement_period, id, 'a later load' as load_id"
        db.from_arrow(rows).project(columns).create("bmrs_disbsad_unified")
    assert {found.schema: found.going for found in prunable(settings, [disbsad], BEFORE)} == {RAW_BMRS: 1, RAW_IRIS: 0}


def test_the_datasets_of_which_all_versions_are_read_are_those_in_the_models():
    found = set()
    for path in PROJECT.glob("models/*/*.sql"):
        for table in re.findall(r"ref\('stg_(?:bmrs|iris)__([a-z0-9_]+)'\)", path.read_text()):
            if table.upper() in CATALOGUE and path.name != f"bmrs_{table}_unified.sql":
                found.add(table.upper())
    assert found == EVERY_VERSION


def test_the_command_only_says_what_would_go_until_it_is_told_yes(settings, monkeypatch):
    monkeypatch.setenv("GB_POWER_HOME", str(settings.home))
    days = f"{(datetime.now(UTC) - BEFORE).days}d"

    def run(*args: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, ["prune", *args])
        return done.exit_code, done.output

    code, said = run("--older-than", days)
    assert (code, "3 superseded rows" in said, "would go; nothing was removed" in said) == (0, True, True)
    assert len(held(settings, RAW_BMRS)) == 4
    code, said = run("--older-than", days, "--dataset", "fuelhh", "--dataset", "NDF", "--yes")
    assert (code, "raw_bmrs.fuelhh: 2 of 4 rows" in said, "raw_bmrs.ndf: all 1 rows stay" in said) == (0, True, True)
    assert len(held(settings, RAW_BMRS)) == 2
    assert run("--older-than", "6d")[0] == 2
    assert run("--older-than", "400d", "--dataset", "NOPE")[0] == 2


def test_a_prune_that_is_killed_leaves_the_table_whole(settings):
    beside = settings.lake / RAW_BMRS / ".fuelhh.compact"
    beside.mkdir()
    (beside / "half.parquet").write_bytes(b"PAR1")
    prune(settings, FUELHH, RAW_BMRS, BEFORE)
    assert not beside.exists()
    settings.served.unlink()
    env = os.environ | {"GB_POWER_HOME": str(settings.home)}
    command = [sys.executable, "-m", "loaders.cli", "prune", "--older-than", "400d"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, "'gb-power build' first" in done.stderr) == (2, True)
