"""gb-power probe and discover, over real HTTP against the stand-in."""

import json
from itertools import product

import pytest

from loaders.catalogue import load_catalogue
from loaders.tests.stand_ins.faults import Fault
from loaders.tests.stand_ins.recorded import rows as recorded_rows

DAY = "2022-01-01"


def probe(home, *args: str, code: int = 0) -> dict[str, dict]:
    done = home.run("probe", "--json", "--day", DAY, *args, code=code)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return {one["dataset"] + one["variant"]: one for one in found}


def test_every_endpoint_of_the_catalogue_is_asked_once_for_each_variant_and_nothing_is_landed(new_home, server):
    found = probe(new_home)
    entries = [entry for entry in load_catalogue().values() if entry.rest]
    variants = {e.dataset + "".join(v) for e in entries for v in product(*e.rest.each.values())}
    assert set(found) == variants
    assert len(server.requests) == len(variants)
    assert {one["verdict"] for one in found.values()} <= {"ok", "empty", "drift"}
    assert found["BOALF"]["verdict"] == "ok"
    assert not (new_home.path / "lake").exists()


def test_a_large_dataset_is_asked_for_an_hour_only(new_home):
    found = probe(new_home, "BOALF")["BOALF"]
    first_hour = [row for row in recorded_rows("BOALF") if f"{DAY}T00:00" <= row["timeFrom"][:16] <= f"{DAY}T01:00"]
    assert found["rows"] == len(first_hour) > 0


def test_fields_that_came_or_went_are_drift_and_what_a_load_would_lose_ends_with_1(new_home, server):
    rows = [dict(row) for row in recorded_rows("BOALF")]
    server.set_rows("BOALF", [{k: v for k, v in row.items() if k != "bmUnit"} | {"colour": "red"} for row in rows])
    found = probe(new_home, "BOALF")["BOALF"]
    assert (found["verdict"], found["new_fields"], found["unseen_fields"]) == ("drift", ["colour"], ["bmUnit"])
    server.set_rows("BOALF", [row | {"levelFrom": "much"} for row in rows])
    found = probe(new_home, "BOALF", code=1)["BOALF"]
    assert found["verdict"] == "unreadable"
    assert "levelFrom" in found["error"]


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [(Fault.status(404), "refused"), (Fault.status(400), "refused"), (Fault.status(500), "failed")],
)
def test_an_endpoint_that_does_not_answer_says_how(new_home, server, fault, verdict):
    server.fail("/datasets/BOD/stream", fault, times=None)
    found = probe(new_home, "BOD", "BOALF", code=1)
    assert found["BOD"]["verdict"] == verdict
    assert found["BOD"]["error"].startswith("HTTP ")
    assert found["BOALF"]["verdict"] == "ok"


def test_what_elexon_lists_is_shown_beside_the_catalogue(new_home, server):
    listed = ["BOALF", "LOLPDM", "IMBALANGC", "NEWDATA"]
    server.set_rows("METADATA_LATEST", [{"dataset": name, "lastUpdated": "2026-01-02T03:04:00Z"} for name in listed])
    done = new_home.run("discover", "--json")
    found = {one["name"]: (one["dataset"], one["like"]) for one in json.loads(done.stdout)}
    assert found["BOALF"] == ("BOALF", None)
    assert found["LOLPDM"] == ("LOLPDRM", None)
    assert found["IMBALANGC"] == (None, "IMBALNGC")
    assert found["NEWDATA"] == (None, None)
    assert found["BOD"] == ("BOD", None), "what Elexon does not list is shown too"
    assert json.loads(done.stdout)[0]["last_updated"] == "2026-01-02 03:04:00+00:00"
