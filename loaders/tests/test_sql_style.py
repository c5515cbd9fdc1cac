"""SQL looks alike: dbt_project/.sqlfluff says how."""

import shutil
import subprocess
import sys
from pathlib import Path

from loaders.tests.warehouse import ROOT

PROJECT = ROOT / "dbt_project"
LINT = [sys.executable, "-m", "sqlfluff", "lint", "--disable-progress-bar", "--format", "github-annotation-native"]


def faults(folder: Path, *paths: str) -> list[str]:
    """What sqlfluff has against files; each line names file and line."""
    run = subprocess.run([*LINT, *paths], cwd=folder, check=False, capture_output=True, text=True)
    assert run.returncode in (0, 1), run.stderr
    assert "does not exist" not in run.stderr
    return [line for line in run.stdout.splitlines() if line.startswith("::") and "group" not in line[:11]]


def is_a_copy(path: Path) -> bool:
    """Whether a staging model of IRIS is that of REST but for the names: then only that one is looked at."""
    if "iris" not in path.parent.name:
        return False
    of_rest = path.parent.with_name("bmrs") / path.name.replace("iris", "bmrs")
    text = path.read_text().replace("raw_iris", "raw_bmrs").replace("'IRIS'", "'HISTORIC'")
    return of_rest.exists() and of_rest.read_text() == text


def test_sql_is_written_as_dot_sqlfluff_says():
    staging = sorted((PROJECT / "models" / "staging").rglob("*.sql"))
    one_of_each = [str(path.relative_to(PROJECT)) for path in staging if not is_a_copy(path)]
    assert 50 < len(one_of_each) < len(staging)
    models = [f"models/{folder.name}" for folder in (PROJECT / "models").iterdir() if folder.name != "staging"]
    assert faults(PROJECT, *one_of_each, *models, "tests", "analyses") == []


def test_sql_that_looks_otherwise_is_named_with_file_and_line(tmp_path):
    for name in (".sqlfluff", "models/unified/bmrs_fuelinst_unified.sql"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / name, tmp_path / name)
    model = tmp_path / "models" / "unified" / "bmrs_fuelinst_unified.sql"
    model.write_text(model.read_text().replace("    from published", "  FROM published"))
    found = faults(tmp_path, "models")
    assert found
    assert [fault for fault in found if "bmrs_fuelinst_unified.sql,line=21," not in fault] == []
