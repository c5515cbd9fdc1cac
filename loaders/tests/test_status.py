"""``gb-power status``: on a home where nothing is, on a lake written by hand, and while things are broken.

The clock stands at NOW. Rows, windows and messages are made up.
"""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from loaders.build import Built, remember
from loaders.catalogue import load_catalogue
from loaders.config import ConfigError, read_settings
from loaders.iris.message import Message
from loaders.iris.spool import Spool
from loaders.status.check import Check, as_json, worst
from loaders.status.collect import collect
from loaders.status.screen import WIDTH, show
from loaders.status.thresholds import read_thresholds
from loaders.tests.lake import write_empty_lake, write_messages, write_windows

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def disk(percent: float):
    """What a disk says of which so much is used, and that has as much again which is not for us."""
    return lambda path: (2000, int(10 * percent), 1000 - int(10 * percent))


def checks(home, used_percent: float = 10) -> dict[tuple[str | None, str], Check]:
    """By dataset and name."""
    found = collect(replace(read_settings(), home=home), now=NOW, disk_usage=disk(used_percent))
    by_name = {(check.dataset, check.name): check for check in found}
    assert len(by_name) == len(found), "name and dataset are unique"
    return by_name


def state(home, name: str, dataset: str | None = None, **more) -> tuple:
    """State and value of one check."""
    check = checks(home, **more)[dataset, name]
    return check.state, check.value


def window(dataset: str, ago: float, outcome: str = "landed", **more) -> dict:
    """A question that was asked so many minutes ago; what landed is five minutes older."""
    asked = NOW - ago * MINUTE
    entry = {"dataset": dataset, "asked_at_utc": asked, "outcome": outcome, "window_to_utc": asked}
    if outcome == "landed":
        entry |= {"rows_landed": 10, "last_event_utc": asked - 5 * MINUTE, "lag_seconds": 300.0}
    return entry | more


@pytest.fixture
def lake(tmp_path):
    """A home with an empty lake in it."""
    write_empty_lake(tmp_path, load_catalogue())
    return tmp_path


def test_a_home_that_is_not_there_yet_has_rows_that_say_so_and_exit_code_2(tmp_path):
    command = [sys.executable, "-m", "loaders.cli", "status"]
    env = {"GB_POWER_HOME": str(tmp_path / "nowhere"), "PATH": ""}
    said = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (said.returncode, said.stderr) == (2, "")
    assert "nothing was loaded yet" in said.stdout
    assert "→ gb-power build" in said.stdout
    assert not (tmp_path / "nowhere").exists(), "status writes nothing"
    done = subprocess.run([*command, "--json"], env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["exit_code"], answer["state"]) == (2, 2, "critical")
    by_name = {check["name"]: check["state"] for check in answer["checks"]}
    assert by_name["lake"] == by_name["warehouse"] == "critical"
    assert by_name["receiver"] == "ok", "IRIS is not received here"


def test_a_box_that_only_receives_misses_no_warehouse_but_its_messages(tmp_path):
    found = {c.name: c for c in collect(replace(read_settings(), home=tmp_path, role="receiver"), now=NOW)}
    assert (found["warehouse"].state, "build" in found) == ("ok", False)
    assert (found["receiver"].state, found["receiver"].message) == ("critical", "nothing was received yet")


@pytest.mark.parametrize(("mode", "expected"), [(0o600, None), (0o640, "warning"), (0o604, "warning")])
def test_an_env_that_others_can_read_is_a_warning(tmp_path, monkeypatch, mode, expected):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").touch(mode)
    (tmp_path / ".env").chmod(mode)
    env = checks(tmp_path).get((None, "env"))
    assert (env and env.state) == expected
    assert env is None or env.message == f"others can read {tmp_path}/.env (mode 0{mode:o})"


def test_a_check_has_the_keys_that_programs_read(lake):
    write_windows(lake, [window("FREQ", 60)], NOW)
    answer = json.loads(json.dumps(as_json(list(checks(lake).values()), NOW)))
    freshness = next(c for c in answer["checks"] if (c["dataset"], c["name"]) == ("FREQ", "freshness"))
    assert freshness == {
        "name": "freshness", "dataset": "FREQ", "state": "critical", "message": "newest row 2026-11-20 10:55 UTC",
        "value": 65.0, "unit": "min", "threshold": {"warning": 30.0, "critical": 60.0},
        "since_utc": "2026-11-20T10:55:00+00:00", "command": "gb-power load FREQ",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("dataset", "ago", "expected"),
    [
        ("FREQ", 24, "ok"), ("FREQ", 25, "warning"), ("FREQ", 55, "critical"),
        ("INDO", 54, "ok"), ("INDO", 55, "warning"), ("INDO", 115, "critical"),  # 60 and 120 in the catalogue
        ("DISEBSP", 1790, "ok"), ("DISEBSP", 1796, "warning"),
    ],
)  # fmt: skip
def test_a_dataset_is_late_by_its_own_measure(lake, dataset, ago, expected):
    write_windows(lake, [window(dataset, ago)], NOW)
    assert state(lake, "freshness", dataset) == (expected, ago + 5)


def test_rows_about_the_future_are_as_old_as_their_coming(lake):
    write_windows(lake, [window("NDF", 200, last_event_utc=NOW + timedelta(days=1))], NOW)
    assert state(lake, "freshness", "NDF")[1] == 200


def test_a_snapshot_is_as_old_as_its_last_good_answer(lake):
    write_windows(lake, [window("BMUNITS", 3000, "unchanged"), window("BMUNITS", 10, "failed", error="500")], NOW)
    assert state(lake, "freshness", "BMUNITS") == ("warning", 3000)


@pytest.mark.parametrize(("failed", "expected"), [(1, "ok"), (2, "warning"), (4, "warning"), (5, "critical")])
def test_errors_of_the_last_day_are_counted_against_all_answers(lake, failed, expected):
    bad = [window("FREQ", 20 + n, "failed", error=f"time-out {n}") for n in range(failed)]
    long_ago = [window("FREQ", 3000, "failed", error="500")] * 50
    write_windows(lake, [window("FREQ", 10)] * (100 - failed) + bad + long_ago, NOW)
    check = checks(lake)["FREQ", "errors"]
    assert (check.state, check.value) == (expected, failed)
    assert check.message == f"{failed} of 100 answers in 24 h; the last: time-out 0"
    assert check.since_utc == NOW - (19 + failed) * MINUTE, "the first failure of the day"


def test_an_answer_without_rows_that_should_have_some_is_an_error(lake):
    write_windows(lake, [window("FREQ", 10, "empty", error="no rows"), window("INDO", 10, "empty")], NOW)
    assert state(lake, "errors", "FREQ") == ("critical", 100)
    assert state(lake, "errors", "INDO") == ("ok", 0)


def test_response_times_and_delay(lake):
    seconds = [window("FREQ", 10, response_seconds=float(n)) for n in range(1, 102)]
    write_windows(lake, [*seconds, window("FREQ", 10, lag_seconds=1e6, window_to_utc=NOW - timedelta(days=9))], NOW)
    found = checks(lake)
    assert (found["FREQ", "response_median"].value, found["FREQ", "response_p95"].value) == (51, 96)
    assert found["FREQ", "delay"].value == 5, "a question about last week says nothing of the delay"


@pytest.mark.parametrize(("messages", "expected"), [(99, "ok"), (100, "warning"), (999, "warning"), (1000, "critical")])
def test_messages_that_wait_are_counted(tmp_path, messages, expected):
    with Spool(tmp_path / "iris" / "spool.db") as spool:
        spool.add(Message(f"m{n}", "FREQ", b"[]", NOW, "QUEUE") for n in range(messages))
        assert state(tmp_path, "spool_messages") == (expected, messages), "while the receiver has it open"
    assert state(tmp_path, "spool_messages") == (expected, messages)
    assert {path.name for path in (tmp_path / "iris").iterdir()} == {"spool.db"}, "status writes nothing"


@pytest.mark.parametrize(("minutes", "expected"), [(14, "ok"), (15, "warning"), (59, "warning"), (60, "critical")])
def test_the_oldest_message_that_waits_is_timed(tmp_path, minutes, expected):
    with Spool(tmp_path / "iris" / "spool.db") as spool:
        spool.add([Message("old", "FREQ", b"[]", NOW - minutes * MINUTE, "QUEUE")])
    assert state(tmp_path, "spool_age") == (expected, minutes)


@pytest.mark.parametrize(("written", "message", "expected"), [
    (1, 14, ("ok", "ok")), (15, 15, ("warning", "warning")), (60, 70, ("critical", "critical")),
    (1, 60, ("ok", "critical")),
])  # fmt: skip
def test_a_dead_receiver_and_a_silent_one_are_told_apart(tmp_path, written, message, expected):
    said = {
        "state": "receiving",
        "started_at_utc": str(NOW - timedelta(days=1)),
        "written_at_utc": str(NOW - written * MINUTE),
        "last_message_at_utc": str(NOW - message * MINUTE),
        "last_error": None,
    }
    (tmp_path / "iris").mkdir()
    (tmp_path / "iris" / "receiver.json").write_text(json.dumps(said))
    found = checks(tmp_path)
    assert (found[None, "receiver"].state, found[None, "receiver_silence"].state) == expected


@pytest.mark.parametrize(("used", "expected"), [(79.9, "ok"), (80, "warning"), (89.9, "warning"), (90, "critical")])
def test_a_disk_that_fills_up(tmp_path, used, expected):
    assert state(tmp_path, "disk", used_percent=used) == (expected, used)


def test_what_is_broken_says_so_and_the_rest_goes_on(lake):
    write_windows(lake, [window("FREQ", 10)], NOW)
    for damaged in ("served/warehouse.duckdb", "iris/spool.db", "iris/receiver.json", "build.json"):
        path = lake / damaged
        path.parent.mkdir(exist_ok=True)
        path.write_text("this is [not/] it " * 1000)
    found = checks(lake)
    for name in ("warehouse", "spool_messages", "receiver", "build"):
        assert found[None, name].state == "critical", name
        assert found[None, name].command, name
    assert found["FREQ", "freshness"].state == "ok"
    (lake / "lake" / "raw_bmrs" / "_windows" / "torn.parquet").write_bytes(b"PAR1")
    found = checks(lake)
    assert found[None, "lake"].state == "critical"
    assert "torn.parquet" in found[None, "lake"].message
    assert found[None, "disk"].state == "ok"


def test_a_warehouse_that_somebody_writes_to_or_of_an_older_version_says_so(tmp_path):
    (tmp_path / "served").mkdir()
    path = tmp_path / "served" / "warehouse.duckdb"
    hold = f"import duckdb; db = duckdb.connect({str(path)!r}); print('held', flush=True); input()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", hold], **pipes) as holder:
        assert holder.stdout.readline() == "held\n"
        check = checks(tmp_path)[None, "warehouse"]
        holder.communicate("\n")
    assert check.state == "critical"
    assert "lock" in check.message
    check = checks(tmp_path)[None, "warehouse"]
    assert (check.state, check.command) == ("warning", "gb-power build")
    assert "dataset_freshness" in check.message


@pytest.mark.parametrize(
    ("built", "expected", "says"),
    [
        (Built(0, 3, Counter({"pass": 2})), "ok", "3 models; tests: 2 pass"),
        (Built(1, 3, Counter(fail=1), gaps=["complete_history_X: 3"]), "warning", "rows are missing"),
        (Built(1, 3, Counter(fail=2), ["not_null_y: 1"], ["complete_history_X: 3"]), "critical", "not_null_y"),
        (Built(2), "critical", "dbt ended with 2"),
    ],
)
def test_what_came_of_the_last_build(tmp_path, built, expected, says):
    remember(replace(read_settings(), home=tmp_path), built, NOW)
    check = checks(tmp_path)[None, "build"]
    assert check.state == expected
    assert says in check.message


def test_messages_that_no_table_took(lake):
    recent = {"received_at_utc": NOW - MINUTE, "landed_at_utc": NOW}
    names = [("SYS_WARN", "LANDED"), ("SYS_WARN", "QUARANTINED"), ("NEWSET", "UNMAPPED")]
    write_messages(lake, [recent | {"dataset": name, "outcome": outcome} for name, outcome in names], NOW)
    found = checks(lake)
    assert (found["SYSWARN", "message_errors"].state, found["SYSWARN", "message_errors"].value) == ("critical", 50)
    assert found["SYSWARN", "message_delay"].value == 1
    assert found[None, "unmapped"].state == "warning"
    assert "NEWSET" in found[None, "unmapped"].message


def test_the_screen_fits_into_80_columns_whatever_an_error_says(lake):
    error = "[bold]500[/oops] " + "a very long line " * 20
    write_windows(lake, [window(name, 100, "failed", error=error) for name in ("FREQ", "DEMAND_OUTTURN")], NOW)
    console = Console(width=WIDTH, record=True, file=None, quiet=False)
    with console.capture() as shown:
        show(list(checks(lake).values()), NOW, console)
    lines = shown.get().splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert any("[bold]500[/oops]" in line for line in lines)
    assert any(line.startswith("DEMAND_OUTTURN ") for line in lines)


def test_the_worst_state_is_the_exit_code():
    def of(*states):
        return worst([Check("x", None, state, "") for state in states])

    assert [of(), of("ok"), of("ok", "warning"), of("critical", "ok", "warning")] == ["ok", "ok", "warning", "critical"]


def test_own_thresholds_replace_those_they_name(tmp_path, monkeypatch):
    own = tmp_path / "mine.yml"
    own.write_text("disk_percent: {warning: 5, critical: 50}\ndatasets: {INDO: {warning: 1, critical: 2}}\n")
    monkeypatch.setenv("GB_POWER_THRESHOLDS", str(own))
    assert state(tmp_path, "disk", used_percent=10) == ("warning", 10)
    limits = read_thresholds()
    assert limits.freshness_minutes(load_catalogue()["INDO"]).critical == 2
    assert limits.spool_messages.critical == 1000


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("disk_percnt: {warning: 5, critical: 50}", "disk_percnt"),
        ("disk_percent: {warning: 95, critical: 90}", "disk_percent"),
        ("disk_percent: full", "disk_percent"),
        ("datasets: {INDX: {warning: 1, critical: 2}}", "INDX"),
        ("- 1", "names and values"),
        ("recent_hours: 0", "recent_hours"),
    ],
)
def test_thresholds_that_cannot_be_used_are_refused_by_name(tmp_path, text, names):
    (tmp_path / "mine.yml").write_text(text)
    with pytest.raises(ConfigError, match=names) as refused:
        read_thresholds(tmp_path / "mine.yml")
    assert "mine.yml" in str(refused.value)
