"""What the docs say of the simple way of pricing is what it makes of the recorded day."""

import json
import re
from datetime import datetime

import pytest

from loaders.bench.picture import ASSET, FIRST, FPN, SECOND, area, picture
from loaders.bench.simple_pricing import error_of, recorded_day
from loaders.tests.stand_ins import recorded
from loaders.tests.warehouse import ROOT, Warehouse


@pytest.fixture(scope="module")
def error(tmp_path_factory):
    home = tmp_path_factory.mktemp("recorded")
    recorded_day(home)
    with pytest.MonkeyPatch.context() as monkeypatch:
        Warehouse(home, monkeypatch).dbt("run", "--select", "+bmrs_boalf_complete")
    return error_of(str(home), "2022-01-01")


def test_the_simple_total_is_the_changes_of_level_times_hours(error):
    rows = recorded.read(recorded.RECORDED / "reshaped" / "BOALF__2022-01-01_02_wind.json.gz")
    total = 0.0
    for row in rows:
        if row["settlementDate"] == "2022-01-01":
            lasts = datetime.fromisoformat(row["timeTo"]) - datetime.fromisoformat(row["timeFrom"])
            total += (row["levelTo"] - row["levelFrom"]) * lasts.total_seconds() / 3600
    assert error["simple_mwh"] == pytest.approx(total, abs=1e-6)


def test_the_documented_table_is_what_it_makes_of_the_recorded_day(error):
    page = (ROOT / "dbt_project" / "models" / "docs" / "pricing.md").read_text()
    table = dict(re.findall(r"^\| (MWh|GBP), .*\| \*\*([\d,]+) %\*\* \|$", page, re.MULTILINE))
    assert {name: int(share.replace(",", "")) for name, share in table.items()} == {
        "MWh": round(100 * error["wrong_mwh"]),
        "GBP": round(100 * error["wrong_gbp"]),
    }


def test_the_picture_shows_the_worked_example():
    """Volumes as worked out by hand in data/worked_examples.json, example B."""
    examples = json.loads((ROOT / "loaders" / "tests" / "data" / "worked_examples.json").read_text())
    example = next(e for e in (examples if isinstance(examples, list) else examples["examples"]) if e["name"][0] == "B")
    for expected in example["expected"]:
        before, after = (FPN, FIRST) if expected["acceptance"] == 1 else (FIRST, SECOND)
        mwh = area(before, after, expected["pair"])[1]
        assert mwh == pytest.approx(expected["qao_mwh"] + expected["qab_mwh"], abs=1e-6)
    assert ASSET.read_text(encoding="utf-8") == picture(), "python -m loaders.bench.picture draws it anew"
