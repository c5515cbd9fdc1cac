"""Where dbt reads and writes when nobody says so."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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
