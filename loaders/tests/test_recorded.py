"""What the stand-in serves is what was recorded: every row, unchanged, and nothing besides."""

import gzip
import json
from collections import Counter

import msgspec
import pytest
import requests

from loaders.catalogue import load_catalogue
from loaders.tests.stand_ins import recorded

PRICES = "/balancing/settlement/system-prices/"
README = recorded.RECORDED / "README.md"


def ask(server, path, params=None):
    """The answer's JSON."""
    return requests.get(server.url + path, params, timeout=60).json()


def held(dataset: str) -> list[dict]:
    """The rows of the files themselves."""
    answers = [
        json.loads(gzip.decompress(path.read_bytes())) for path in recorded.RECORDED.glob(f"*/{dataset}__*.json.gz")
    ]
    return [row for answer in answers for row in (answer["data"] if isinstance(answer, dict) else answer)]


def counted(rows) -> Counter:
    return Counter(msgspec.json.encode(row, order="deterministic") for row in rows)


@pytest.mark.parametrize("dataset", recorded.datasets())
def test_a_window_over_all_time_answers_exactly_the_recorded_rows(server, dataset):
    if dataset == "DISEBSP":  # asked day by day, and one vintage at a time
        days = sorted({row["settlementDate"] for row in held(dataset)})
        rows = [row for day in days for row in ask(server, PRICES + day)["data"]]
        copies = [row for row in held(dataset) if not row["createdDateTime"].startswith("2022-05-25")]
        assert counted(rows) == counted(copies)
        return
    rest = load_catalogue()[dataset].rest
    ends = ("2000-01-01", "2030-01-01")
    params = dict(zip((rest.window.start, rest.window.end), ends, strict=True)) if rest.window else {}
    answer = ask(server, rest.path, params | rest.params)
    rows = answer["data"] if isinstance(answer, dict) else answer
    assert counted(rows) == counted(held(dataset))


def test_the_days_that_the_demo_shows_are_all_there():
    sizes = {"BOALF": 7401, "BOD": 14964, "PN": 18224, "FUELINST": 38532, "FUELHH": 6434, "MID": 146, "BMUNITS": 2733}
    assert {dataset: len(recorded.rows(dataset)) for dataset in sizes} == sizes


@pytest.mark.parametrize(("dataset", "day"), [("B1610", "2026-08-01"), ("QPN", "2026-08-18")])
def test_a_genuine_answer_comes_out_as_it_went_in(server, dataset, day):
    recorder_asked = {"from": f"{day}T00:00Z", "to": f"{day}T01:00Z"}
    assert ask(server, f"/datasets/{dataset}/stream", recorder_asked) == held(dataset)


def test_elexons_statement_goes_with_the_data():
    assert "Contains BMRS data © Elexon Limited copyright and database right 2026." in README.read_text()


def test_every_recorded_dataset_has_its_provenance_and_what_was_reshaped_is_called_so():
    _, genuine, reshaped = README.read_text().split("\n## ")
    assert genuine.startswith("`insights/`: genuine answers, as recorded\n")
    assert reshaped.startswith("`reshaped/`: recorded values, re-shaped\n")
    for folder, text in (("insights", genuine), ("reshaped", reshaped)):
        names = {path.name.split("__")[0] for path in recorded.RECORDED.glob(f"{folder}/*")}
        assert [name for name in names if name not in text] == []
