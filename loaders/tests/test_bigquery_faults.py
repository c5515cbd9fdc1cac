"""What goes wrong between the loaders and BigQuery loses no row, lands none twice, and is said in a line."""

import json
import re
import signal
import subprocess
import sys
from uuid import uuid4

import pytest

from loaders.config import RAW_BMRS, RAW_IRIS, read_settings
from loaders.landing import ensure_tables
from loaders.tests.bigquery_project import CATALOGUE, Project
from loaders.tests.messages import message
from loaders.tests.stand_ins.bigquery import write_key
from loaders.tests.stand_ins.insights import InsightsStandIn

pytestmark = pytest.mark.filterwarnings("ignore:Cannot create BigQuery Storage client")
UPLOAD = "PUT /upload/bigquery/v2/projects/[^/]+/jobs"
DATASETS = "DISEBSP MELS"
DAYS = [f"2025-10-{day}" for day in (25, 26, 27)]
PRICES = ("load", "DISEBSP", "--from")
BUSY = {"status": 403, "body": {"error": {"message": "no more", "errors": [{"reason": "quotaExceeded"}]}}, "times": 99}
WRONG = {"reason": "invalid", "message": "Provided Schema does not match Table: field x has changed type"}


@pytest.fixture(scope="module")
def server():
    """The Insights API."""
    with InsightsStandIn() as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def module_project(bigquery, server, tmp_path_factory):
    """One project and home for the module, since its tables take seconds to make."""
    with pytest.MonkeyPatch.context() as patch:
        made = Project("faults", DATASETS, bigquery, tmp_path_factory.mktemp("faults"), patch, BMRS_BASE_URL=server.url)
        for schema in (RAW_BMRS, RAW_IRIS):
            ensure_tables(read_settings(), {name: CATALOGUE[name] for name in DATASETS.split()}, schema)
        yield made


@pytest.fixture
def project(module_project):
    """Without rows that a test looks at, and without faults before and after it."""
    module_project.query("delete from raw_bmrs.disebsp where true")
    module_project.query("delete from raw_bmrs._windows where true")
    yield module_project
    module_project.bigquery.fail()


def prices(project) -> tuple[int, int]:
    """Rows of DISEBSP, and periods that they are of."""
    query = "select count(*), count(distinct concat(settlement_date, settlement_period)) from raw_bmrs.disebsp"
    return project.query(query)[0]


def test_a_load_job_that_fails_is_reported_and_the_next_run_lands_its_rows(project):
    project.bigquery.fail({"table": "disebsp", **WRONG})
    said = project.run(*PRICES, DAYS[0], code=1).output
    assert WRONG["message"] in said
    assert "disebsp" in said
    assert f"They wait in {project.home}" in said
    assert prices(project) == (0, 0)
    project.run(*PRICES, DAYS[0])
    assert prices(project) == (48, 48)


def test_an_error_that_passes_is_tried_again_in_the_same_run(project):
    later = {"reason": "backendError", "message": "try again"}
    project.bigquery.fail({"table": "disebsp", **later}, {"request": UPLOAD, "status": 503, "body": {"error": later}})
    project.run(*PRICES, DAYS[0])
    assert prices(project) == (48, 48)


def test_an_answer_that_is_lost_on_the_way_lands_nothing_twice(project):
    project.bigquery.fail({"request": UPLOAD, "cut": True, "times": 2})
    project.run(*PRICES, DAYS[0])
    assert prices(project) == (48, 48)


def test_what_is_refused_three_times_is_set_aside_blocks_nothing_and_lands_when_it_is_moved_back(project, caplog):
    project.bigquery.fail({"table": "disebsp", **WRONG, "times": 3})
    for _ in range(2):
        project.run(*PRICES, DAYS[0], code=1)
    project.run(*PRICES, DAYS[1])
    said = caplog.text
    assert prices(project) == (50, 50), "what is wrong with one day must not keep the others out"
    assert WRONG["message"] in said
    moved = re.search(r"(\S+) was refused 3 times and is set aside.* move it to (\S+) and run", said)
    assert moved, said
    project.bigquery.fail({"request": UPLOAD, **BUSY})
    project.run(*PRICES, DAYS[2], code=1)  # now a load of another day waits as well
    subprocess.run(["mv", moved[1], moved[2]], check=True)
    project.bigquery.fail({"table": "disebsp", **WRONG})
    project.run(*PRICES, DAYS[2])
    assert prices(project) == (98, 98)
    subprocess.run(["mv", moved[1], moved[2]], check=True)
    caplog.clear()
    project.run(*PRICES, DAYS[2])
    assert "set aside" not in caplog.text
    assert prices(project) == (146, 146)


def test_a_table_that_somebody_dropped_is_made_again(project):
    project.google.delete_table("raw_bmrs.disebsp")
    assert "disebsp" in project.run(*PRICES, DAYS[0], code=1).output
    project.run(*PRICES, DAYS[0])
    assert prices(project) == (48, 48)
    assert project.google.get_table("raw_bmrs.disebsp").time_partitioning.field == "settlement_date"


# Runs the loader and kills its own process before it learns that BigQuery has taken rows of DISEBSP.
DYING = """
import os, runpy, signal, time
from google.cloud.bigquery import LoadJob
known = LoadJob.done
def done(job, **options):
    while job.destination.table_id == "disebsp":
        if known(job, **options):
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.1)
    return known(job, **options)
LoadJob.done = done
runpy.run_module("loaders.tests.bigquery_project", run_name="__main__")
"""


def test_a_loader_killed_while_its_jobs_run_is_finished_by_the_next(project):
    command = [sys.executable, "-c", DYING, DATASETS, *PRICES, *DAYS[:1], "--to", DAYS[2]]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert prices(project)[0] > 0, "what it did not know"
    project.run(*PRICES, DAYS[0], "--to", DAYS[2])
    assert prices(project) == (146, 146)


JWT = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}


def refused(reason: str, message: str) -> dict:
    """The body of an answer of BigQuery."""
    return {"error": {"message": message, "errors": [{"reason": reason, "message": message}]}}


@pytest.mark.parametrize(
    ("request_", "status", "body", "why"),
    [
        ("POST /token", 400, JWT, "Invalid JWT Signature"),
        (".*/datasets.*", 404, refused("notFound", "Not found: Project p"), "Not found: Project p"),
        (".*/datasets.*", 403, refused("accessDenied", "Access Denied: Dataset p"), "Access Denied: Dataset p"),
        ("POST .*/queries", 403, refused("accessDenied", "bigquery.jobs.create"), "bigquery.jobs.create"),
    ],
)
def test_what_is_wrong_with_the_key_or_the_project_is_said_before_elexon_is_asked(
    bigquery, server, tmp_path, monkeypatch, request_, status, body, why
):
    project = Project(f"wrong-{uuid4().hex}", DATASETS, bigquery, tmp_path, monkeypatch, BMRS_BASE_URL=server.url)
    bigquery.fail({"request": request_, "status": status, "body": body, "times": 99})
    asked = len(server.requests)
    said = project.run(*PRICES, DAYS[0], code=1).output
    bigquery.fail()
    assert why in said
    assert f"project {project.name}" in said
    assert len(said.splitlines()) == 1
    assert len(server.requests) == asked


def test_a_key_that_is_not_there_or_is_none_is_named(bigquery, server, tmp_path, monkeypatch):
    project = Project(f"wrong-{uuid4().hex}", DATASETS, bigquery, tmp_path, monkeypatch, BMRS_BASE_URL=server.url)
    key = tmp_path / "key.json"
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key))
    assert str(key) in project.run(*PRICES, DAYS[0], code=1).output
    write_key(key, bigquery.url)
    key.write_text(json.dumps(json.loads(key.read_text()) | {"private_key": "none"}))
    assert str(key) in project.run(*PRICES, DAYS[0], code=1).output


def test_without_a_project_it_says_which_variable(project, monkeypatch):
    monkeypatch.delenv("GB_POWER_BQ_PROJECT")
    assert "GB_POWER_BQ_PROJECT is not set" in project.run(*PRICES, DAYS[0], code=2).output


def test_an_outage_leaves_messages_in_the_spool(project):
    project.spool(*(message("MELS", number=number) for number in range(3)))
    project.bigquery.fail({"request": ".*/bigquery/.*", **BUSY})
    for _ in range(2):
        assert "no more" in project.run("iris", "land", code=1).output
    project.spool(message("MELS", number=3))
    assert project.waiting() == 4
    project.bigquery.fail()
    project.run("iris", "land")
    assert project.waiting() == 0
    assert project.query("select count(*), count(distinct _message_id) from raw_iris.mels") == [(4, 4)]
