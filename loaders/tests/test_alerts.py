"""``gb-power alert``: real apprise to a web server of our own, over a lake and a warehouse written by hand.

Prices, outages and windows are made up.
"""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from loaders.alerts.run import alert
from loaders.alerts.settings import AlertSettings
from loaders.alerts.state import open_state
from loaders.catalogue import load_catalogue
from loaders.config import ConfigError, read_settings
from loaders.status.check import Check
from loaders.tests.lake import write_empty_lake, write_windows
from loaders.tests.stand_ins.post_box import PostBox

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def box():
    """Where messages go."""
    box = PostBox()
    yield box
    box.close()


@pytest.fixture
def told(tmp_path, box):
    """A run of alert, so many minutes after NOW; the channel is ``box`` unless said otherwise."""
    settings = replace(read_settings(), home=tmp_path)

    def run(minutes: float = 0, metrics=None, **more):
        to = replace(AlertSettings(urls=(f"json://{box.place}",), ping_url=f"http://{box.place}/ping"), **more)
        return alert(settings, to, metrics, NOW + minutes * MINUTE)

    return run


def served(home, **now):
    """A served warehouse with the tables that rules read; each call replaces what was there."""
    path = home / "served" / "warehouse.duckdb"
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    values = {"price": 50.0, "hz": 50.0, "outages": [], "gaps": []} | now
    with duckdb.connect(str(path)) as db:
        db.execute(
            "create table mart_now as select timestamptz '2026-11-20 11:30:00+00' as system_price_as_of_utc,"
            " $1::double as system_price_gbp_per_mwh, 'LONG' as system_length, now() as frequency_as_of_utc,"
            " $2::double as frequency_hz",
            [values["price"], values["hz"]],
        )
        db.execute(
            "create table fct_outages (mrid text, bm_unit_name text, affected_unit text, asset_id text,"
            " unavailable_capacity_mw double, unavailability_type text, event_status text, event_start_utc timestamptz,"
            " event_end_utc timestamptz, cause text)"
        )
        for mrid, mw in values["outages"]:
            db.execute(
                "insert into fct_outages values (?, 'Drax 1', '', '', ?, 'Unplanned', 'Active', ?, null, ?)",
                [mrid, mw, NOW, "<b>no</b>\nwhat helps: x"],
            )
        db.execute(
            "create table data_gaps (dataset text, kind text, from_utc timestamptz, to_utc timestamptz,"
            " periods_missing bigint, command text)"
        )
        for dataset, first, last in values["gaps"]:
            span = [NOW + first * MINUTE, NOW + last * MINUTE]
            db.execute("insert into data_gaps values (?, 'never asked', ?, ?, 3, 'gb-power load')", [dataset, *span])


def window(dataset: str, asked: datetime, outcome: str = "landed", **more) -> dict:
    """A question of the ledger; what landed is five minutes older."""
    row = {"dataset": dataset, "asked_at_utc": asked, "outcome": outcome, "window_to_utc": asked}
    if outcome == "landed":
        row |= {"rows_landed": 10, "last_event_utc": asked - 5 * MINUTE, "lag_seconds": 300.0}
    return row | more


def test_each_change_of_state_is_told_once_with_what_since_when_and_what_helps(tmp_path, told, box):
    told()
    assert sorted(box.titles) == ["CRITICAL: lake", "CRITICAL: warehouse"]
    lake = next(message for message in box.got if "lake" in message["title"])
    assert lake["message"].splitlines()[0] == "nothing was loaded yet"
    assert "since 2026-11-20 12:00 UTC" in lake["message"]
    assert lake["message"].endswith("what helps: gb-power load")
    box.got.clear()
    told(15)  # the build, never there, is a warning for the second time
    told(30)
    assert box.titles == ["WARNING: build"]
    box.got.clear()
    write_empty_lake(tmp_path, load_catalogue())
    write_windows(tmp_path, [window("FREQ", NOW + 44 * MINUTE)], NOW + 44 * MINUTE)
    told(45)
    assert box.titles == [], "an all-clear must hold for two runs"
    told(50)
    told(55)
    assert box.titles == ["ok again: lake"]
    assert "was critical" in box.got[0]["message"]


def test_a_warning_that_flaps_is_not_told_and_a_critical_one_is_told_once(tmp_path):
    with open_state(tmp_path / "state.db") as state:

        def seen(*states):
            return [bool(state.observe(Check("x", None, s, ""), NOW)) for s in states]

        assert seen("warning", "ok", "warning", "ok", "ok") == [False] * 5
        assert seen("warning", "warning", "warning") == [False, True, False]
        assert seen("critical", "ok", "critical", "warning", "critical", "ok", "ok", "ok") == [
            True, False, False, False, False, False, True, False,
        ]  # fmt: skip


def test_what_a_channel_did_not_take_is_sent_again_to_that_one_and_no_ping_is_given(told, box):
    box.down = True
    first = told()
    assert not first.is_good
    assert list(first.unsent.values()) == [2]
    other = PostBox()
    both = (f"json://{box.place}", f"json://{other.place}")
    second = told(1, urls=both)
    assert (len(second.messages), box.got) == (1, []), "the build's warning, seen twice by now"
    assert other.titles == ["CRITICAL: lake", "CRITICAL: warehouse", "WARNING: build"]
    assert (box.pings, second.is_good) == (0, False)
    box.down = False
    assert told(2, urls=both).is_good is True
    assert box.titles == other.titles, "each of them once"
    assert len(other.titles) == 3
    assert box.pings == 1
    other.close()


def test_many_changes_at_once_go_out_together(tmp_path, told, box):
    write_empty_lake(tmp_path, load_catalogue())
    stale = NOW - timedelta(days=3)
    write_windows(tmp_path, [window(name, stale) for name in ("FREQ", "FUELINST", "BOALF", "INDO", "MID")], stale)
    run = told()
    assert len(run.messages) > 5
    assert len(box.got) == -(-len(run.messages) // 10)
    text = "\n".join(message["message"] for message in box.got)
    assert text.count("what helps: gb-power load FREQ") == 1


def test_a_dataset_that_nothing_is_known_of_any_more_is_an_alarm_until_it_is_forgotten(tmp_path, told, box):
    write_empty_lake(tmp_path, load_catalogue())
    kept = write_windows(tmp_path, [window("FREQ", NOW)], NOW)
    gone = write_windows(tmp_path, [window("FUELINST", NOW)], NOW + MINUTE)
    told(1)
    gone.unlink()
    box.got.clear()
    told(2)
    assert [title for title in box.titles if "CRITICAL" in title] == ["CRITICAL: FUELINST absent"]
    command = [sys.executable, "-m", "loaders.cli", "alert", "--forget", "fuelinst"]
    env = os.environ | {"GB_POWER_HOME": str(tmp_path)}
    subprocess.run(command, env=env, cwd=tmp_path, check=True, capture_output=True)
    box.got.clear()
    told(3)
    assert not any("FUELINST" in title for title in box.titles)
    assert kept.exists()


def test_a_receiver_that_vanishes_is_an_alarm(tmp_path, told, box):
    path = replace(read_settings(), home=tmp_path).receiver_state
    path.parent.mkdir()
    moment = NOW.isoformat()
    path.write_text(json.dumps({
        "state": "receiving", "written_at_utc": moment, "started_at_utc": moment, "last_message_at_utc": moment,
        "last_error": None,
    }))  # fmt: skip
    told(1)
    path.unlink()
    box.got.clear()
    told(2)
    assert "CRITICAL: absent_receiver_silence" in box.titles


def test_a_job_that_did_not_run_is_critical_and_one_that_fails_twice_a_warning(tmp_path, told, box):
    job = {
        "every_seconds": 900, "ended_utc": NOW.isoformat(), "first_run_utc": NOW.isoformat(), "failures": 0,
        "exit_code": 0, "command": "gb-power load",
    }  # fmt: skip
    (tmp_path / "jobs").mkdir()
    path = tmp_path / "jobs" / "load.json"
    path.write_text(json.dumps(job))
    told(1)
    assert not any("job_load" in title for title in box.titles)
    path.write_text(json.dumps(job | {"failures": 9, "exit_code": 1}))
    told(16)
    told(31)
    assert box.titles.count("WARNING: job_load") == 1, "it did its work, and says that something is missing"
    path.write_text(json.dumps(job | {"failures": 3, "exit_code": 124}))
    told(32)
    assert box.titles.count("CRITICAL: job_load") == 1
    box.got.clear()
    path.write_text(json.dumps(job))
    told(33)
    told(34)
    told(46)
    assert [title for title in box.titles if "job_load" in title] == ["ok again: job_load", "CRITICAL: job_load"]
    assert "every 15 min" in next(m for m in box.got if "CRITICAL: job_load" in m["title"])["message"]


def test_a_scheduled_job_that_never_ran_is_missed_after_three_intervals(tmp_path, box):
    settings = replace(read_settings(), home=tmp_path, role="receiver")
    to = AlertSettings(urls=(f"json://{box.place}",))

    def run(hours: float) -> list[str]:
        box.got.clear()
        alert(settings, to, now=NOW + timedelta(hours=hours))
        return [title for title in box.titles if "job" in title]

    assert (run(0), run(71)) == ([], [])
    assert run(73) == ["CRITICAL: job_compact", "CRITICAL: job_check"]
    assert "crontab installed" in next(message["message"] for message in box.got if "job" in message["title"])
    (tmp_path / "jobs").mkdir()
    ended = (NOW + timedelta(hours=74)).isoformat()
    note = {"every_seconds": 86_400, "ended_utc": ended, "failures": 0, "exit_code": 0, "command": "gb-power compact"}
    (tmp_path / "jobs" / "compact.json").write_text(json.dumps(note))
    assert (run(74), run(75)) == ([], ["ok again: job_compact"])


def test_thresholds_that_cannot_be_read_are_told_and_nothing_is_taken_for_gone(tmp_path, told, box, monkeypatch):
    write_empty_lake(tmp_path, load_catalogue())
    write_windows(tmp_path, [window("FREQ", NOW)], NOW)
    told(1)
    box.got.clear()
    (tmp_path / "own.yml").write_text("disk: 3")
    monkeypatch.setenv("GB_POWER_THRESHOLDS", str(tmp_path / "own.yml"))
    assert told(2).troubles
    assert box.titles == ["CRITICAL: thresholds"]


RULES = """
rules:
  dear: {column: system_price_gbp_per_mwh, above: 300}
  cheap: {column: system_price_gbp_per_mwh, below: 0}
  band: {column: frequency_hz, outside: [49.8, 50.2]}
  far: {column: system_price_gbp_per_mwh, beyond: 900}
  trip: {new_outage_mw: 400}
  hole: {gap_opened: true}
"""


def test_each_market_event_is_told_once(tmp_path, told, box):
    rules = tmp_path / "rules.yml"
    rules.write_text(RULES)
    names = ("dear", "cheap", "band", "far", "trip", "hole")

    def events(**now):
        box.got.clear()
        served(tmp_path, **now)
        assert told(rules=rules).troubles == []
        text = "\n".join(f"{message['title']}\n{message['message']}" for message in box.got)
        return [name for name in names for line in text.splitlines() if f" {name}: " in line]

    assert events(outages=[("A", 500)], gaps=[("FREQ", -60, -30)]) == [], "what was there at first is not new"
    assert events(price=301.0, hz=49.79) == ["dear", "band"]
    assert (
        "is 301, above 300\nas of 2026-11-20 11:30 UTC" in next(m for m in box.got if "dear" in m["title"])["message"]
    )
    assert events(price=350.0, hz=50.2) == [], "the same event; 50.2 is within the band"
    assert events(price=None) == [], "missing is neither"
    assert events(price=350.0) == [], "so the event goes on"
    assert events(price=-1000.0) == ["cheap", "far"]
    assert events(price=301.0) == ["dear"], "a new event"
    assert events(price=301.0, outages=[("A", 500), ("B", 400), ("C", 399)]) == ["trip"]
    assert "\ncause: <b>no</b> what helps: x" in next(m for m in box.got if "trip" in m["title"])["message"]
    assert events(price=301.0, outages=[("B", 401)], gaps=[("FREQ", -70, -20)]) == ["hole"], "it was closed between"
    assert events(price=301.0, gaps=[("FREQ", -60, -30), ("INDO", -60, -30)]) == ["hole"]
    assert "INDO" in box.titles[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules: {a: {column: system_prise, above: 1}}", "rule 'a': mart_now has no column 'system_prise'"),
        ("rules: {a: {column: system_length, above: 1}}", "rule 'a': system_length is no number"),
        ("rules: {a: {column: frequency_hz}}", "rule 'a': needs one of above, below, outside, beyond"),
        ("rules: {a: {column: frequency_hz, above: 1, below: 2}}", "it has ['above', 'below']"),
        ("rules: {a: {column: frequency_hz, outside: [50.2, 49.8]}}", "the first must be the lower"),
        ("rules: {a: {above: 1}}", "rule 'a': needs one of column, new_outage_mw, gap_opened"),
        ("rules: {a: {column: frequency_hz, over: 1}}", "unknown field `over`"),
        ("rules: {a: {column: frequency_hz, above: high}}", "$.rules[...].above"),
        ("rules: [", "rules.yml"),
    ],
)
def test_a_fault_in_the_rules_names_rule_and_column_and_stops_no_other_alert(tmp_path, told, box, text, said):
    rules = tmp_path / "rules.yml"
    rules.write_text(text)
    served(tmp_path)
    run = told(rules=rules)
    assert said in run.troubles[0]
    assert {"CRITICAL: lake", "CRITICAL: market_rules"} <= set(box.titles)
    assert box.pings == 0


def test_an_event_is_not_lost_when_another_rule_cannot_be_looked_up(tmp_path, told, box):
    rules = tmp_path / "rules.yml"
    rules.write_text("rules: {dear: {column: system_price_gbp_per_mwh, above: 300}, hole: {gap_opened: true}}")
    served(tmp_path, price=301.0)
    with duckdb.connect(str(tmp_path / "served/warehouse.duckdb")) as db:
        db.execute("drop table data_gaps")
    assert "data_gaps" in told(rules=rules).troubles[0]
    served(tmp_path, price=301.0)
    assert told(rules=rules).troubles == []
    assert "dear: 301" in box.titles


def test_the_rules_that_are_shipped_fit_the_mart():
    from loaders.alerts.rules import read_rules
    from loaders.build import PROJECT, ROOT

    mart = (PROJECT / "models" / "now" / "mart_now.yml").read_text()
    rules = read_rules(ROOT / "scripts" / "deploy" / "rules.yml")
    assert all(f"- name: {rule.column}\n" in mart for rule in rules.values() if rule.column)
    assert {"new_outage_mw", "gap_opened"} <= {n for r in rules.values() for n in r.__struct_fields__ if getattr(r, n)}


def test_prometheus_gets_a_whole_file(tmp_path, told):
    path = tmp_path / "gb_power.prom"
    told(metrics=path)
    lines = path.read_text().splitlines()
    assert 'gb_power_check_state{name="lake",dataset=""} 2' in lines
    assert f"gb_power_alert_last_run_timestamp_seconds {NOW.timestamp():.0f}" in lines
    assert list(tmp_path.glob(".gb_power*")) == []


def test_a_url_that_is_none_is_refused_without_being_shown(told):
    with pytest.raises(ConfigError, match="URL 1 of 1 \\(nonsense\\)") as refused:
        told(urls=("nonsense://user:verysecret@host",))
    assert "verysecret" not in str(refused.value)


def test_the_command_prints_without_a_channel_and_tries_channels_out(tmp_path, box):
    command = [sys.executable, "-m", "loaders.cli", "alert"]
    env = os.environ | {"GB_POWER_HOME": str(tmp_path / "home")}
    run = {"cwd": tmp_path, "capture_output": True, "text": True, "check": False}
    first = subprocess.run(command, env=env, **run)
    assert (first.returncode, first.stderr) == (0, "")
    assert "CRITICAL: lake" in first.stdout
    urls = f"json://{box.place} json://127.0.0.1:1/secret-token"
    test = subprocess.run([*command, "--test"], env=env | {"GB_POWER_ALERT_URLS": urls}, **run)
    assert (test.returncode, len(box.got)) == (1, 1)
    assert "1 of 2 channels" in test.stdout
    assert "secret-token" not in test.stdout + test.stderr
