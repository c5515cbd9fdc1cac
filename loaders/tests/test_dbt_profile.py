"""Where dbt reads and writes when nobody says so, and what of it is served."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from loaders.build import serve
from loaders.config import read_settings
from loaders.tests.warehouse import ROOT


@pytest.mark.parametrize("started_in", [".", "dbt_project", "elsewhere"])
def test_without_a_home_of_its_own_dbt_works_in_the_repositorys_data_directory(tmp_path, started_in):
    repo = tmp_path / "it's a repo"
    shutil.copytree(ROOT / "profiles", repo / "profiles")
    for folder in ("dbt_project", "elsewhere", "data"):
        (repo / folder).mkdir()
    shutil.copy(ROOT / "dbt_project" / "dbt_project.yml", repo / "dbt_project")
    project, profiles = (os.path.relpath(repo / folder, repo / started_in) for folder in ("dbt_project", "profiles"))
    done = subprocess.run(
        [str(Path(sys.executable).with_name("dbt")), "debug", "--project-dir", project, "--profiles-dir", profiles],
        cwd=repo / started_in,
        env={key: value for key, value in os.environ.items() if not key.startswith("GB_POWER")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert [path.relative_to(repo) for path in repo.rglob("warehouse.duckdb")] == [Path("data/warehouse.duckdb")]


def test_what_duckdb_had_not_yet_moved_into_the_file_is_served_too(tmp_path):
    settings = replace(read_settings("duckdb"), home=tmp_path)
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as db:
        db.execute("pragma disable_checkpoint_on_shutdown")
        db.execute("create table prices as select 42 as price")
    assert (tmp_path / "warehouse.duckdb.wal").exists(), "or this test shows nothing"
    with duckdb.connect(str(serve(settings)), read_only=True) as db:
        assert db.execute("from prices").fetchall() == [(42,)]
