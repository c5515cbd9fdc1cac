"""What is in scripts/deploy parses, says the same thing everywhere, and names commands that there are."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from dotenv import dotenv_values

from loaders.build import ROOT
from loaders.cli import main
from loaders.config import ROLES
from loaders.jobs import SCHEDULE

DEPLOY = ROOT / "scripts" / "deploy"
JOBS = {"live", "daily", "night", "week"}
FILES = [path for path in DEPLOY.iterdir() if path.is_file()]
STEP = r"^    gb-power job ([a-z-]+) --every ([0-9]+)([mhd])"  # not what begins with a condition
UNITS = {"m": 60, "h": 3600, "d": 86_400}
DIRECTIVE = re.compile(r"[A-Z][A-Za-z]+=")


def commands() -> set[tuple[str, ...]]:
    """Every gb-power command line in the files, comments left out."""
    found = set()
    for path in FILES:
        text = path.read_text().replace("\\\n", " ")
        for line in text.splitlines():
            if line.lstrip().startswith("#"):
                continue
            for said in re.findall(r"gb-power ((?:[a-z-]+ ?)+(?:--[a-z-]+(?: [a-z0-9]+)? ?)*)", line):
                found.add(tuple(shlex.split(said)))
    return {words for words in found if words[0] not in ("gb-power",)}


@pytest.mark.parametrize("words", sorted(commands()), ids=" ".join)
def test_every_command_exists_with_its_options(words):
    command: click.Command = main
    rest = list(words)
    while rest and isinstance(command, click.Group):
        command = command.commands.get(rest.pop(0))
        assert command, f"no command {' '.join(words)}"
    options = {option for parameter in command.params for option in parameter.opts}
    if not command.context_settings.get("ignore_unknown_options"):  # which go to dbt
        assert {word for word in rest if word.startswith("--") and word != "--"} <= options
    with click.Context(command) as context:
        assert command.get_help(context).startswith("Usage:")


def test_the_commands_were_found():
    names = {words[0] for words in commands()}
    assert {"load", "build", "job", "alert", "compact", "gaps", "backup", "weekly", "publish", "iris"} <= names


def test_crontab_starts_every_job_at_a_minute_of_its_own():
    lines = [line for line in (DEPLOY / "crontab").read_text().splitlines() if line and line[0] in "*0123456789"]
    minutes = []
    for line in lines:
        *when, command = line.split(maxsplit=5)
        assert len(when) == 5
        assert all(re.fullmatch(r"(\*|\d+(-\d+)?)(/\d+)?", part) for part in when)
        assert command.split()[0].endswith("scripts/deploy/run-job")
        minutes.append(int(re.match(r"\d+", when[0])[0]))
    assert {line.split()[6] for line in lines} == JOBS
    live = set(range(2, 60, 15))
    assert not live & set(minutes[1:])
    assert not any(minute % 15 == 0 for minute in minutes)


def test_there_is_a_timer_for_every_job_and_systemd_understands_it(tmp_path):
    timers = {path.stem.split("@")[1]: path.read_text() for path in DEPLOY.glob("*.timer")}
    assert timers.keys() == {*JOBS, "watch"}
    for text in timers.values():
        assert "Persistent=true" in text
        assert "WantedBy=timers.target" in text
    for path in (*DEPLOY.glob("*.timer"), *DEPLOY.glob("*.service")):
        sections = re.split(r"^\[(Unit|Service|Timer|Install)\]$", path.read_text(), flags=re.M)
        assert len(sections) >= 5
        lines = [line for text in sections[2::2] for line in text.splitlines() if line and not line.startswith("#")]
        assert all(DIRECTIVE.match(line) for line in lines)
    if analyze := shutil.which("systemd-analyze"):
        assert verified(analyze, tmp_path) == ""


def verified(analyze: str, folder: Path) -> str:
    """What systemd-analyze has against the units, their programs put where they are on this machine."""
    for path in (*DEPLOY.glob("*.timer"), *DEPLOY.glob("*.service")):
        text = path.read_text().replace("/opt/gb-power-elt/.venv/bin/gb-power", "/bin/true")
        (folder / path.name).write_text(text.replace("/opt/gb-power-elt", str(ROOT)))
    shutil.copy(folder / "gb-power@.service", folder / "gb-power@live.service")
    units = [str(folder / name) for name in ("gb-power-iris.service", "gb-power@live.service", "gb-power@live.timer")]
    done = subprocess.run([analyze, "verify", "--man=no", *units], capture_output=True, text=True, check=False)
    return "\n".join(line for line in done.stderr.splitlines() if "gb-power" in line)


def test_run_job_runs_each_step_once_and_goes_on_after_one_that_fails(tmp_path):
    """With a gb-power that only writes down how it was called."""
    bench = tmp_path / "it's a repo"
    (bench / ".venv/bin").mkdir(parents=True)
    (bench / "scripts").mkdir()
    shutil.copytree(DEPLOY, bench / "scripts/deploy")
    fake = bench / ".venv/bin/gb-power"
    fake.write_text(f'#!/bin/sh\necho "said by $1"\necho "$@" >>"{tmp_path}/calls"\ncase "$2" in load) exit 1;; esac\n')
    fake.chmod(0o755)
    (bench / ".venv/bin/dotenv").symlink_to(Path(sys.executable).with_name("dotenv"))
    (bench / ".env").write_text(
        f"BACKUP='{tmp_path}/my backup'\nPROMETHEUS_FILE=/x.prom\nGB_POWER_ALERT_URLS='a&b $(c)'\n"
    )

    def calls(job: str) -> list[str]:
        (tmp_path / "calls").write_text("")
        subprocess.run([bench / "scripts/deploy/run-job", job], check=True, env={"PATH": os.environ["PATH"]})
        return (tmp_path / "calls").read_text().splitlines()

    live = calls("live")
    assert [line.split()[1] for line in live] == ["load", "build", "page", "--prometheus"]
    assert live[-1] == "alert --prometheus /x.prom"
    night = calls("night")
    assert night[1].endswith(f"-- gb-power backup {tmp_path}/my backup")
    env = {"PATH": os.environ["PATH"], "LOGS": str(tmp_path)}
    mailed = subprocess.run(
        [bench / "scripts/deploy/run-job", "live"], check=True, env=env, capture_output=True, text=True
    )
    assert (mailed.stdout, mailed.stderr) == ("said by alert\n", "")
    assert (tmp_path / "live.log").read_text() == "said by job\n" * 3
    assert calls("watch") == ["alert --prometheus /x.prom"]
    assert calls("week")[0].endswith("-- gb-power weekly --send")
    assert subprocess.run([bench / "scripts/deploy/run-job", "x"], check=False, capture_output=True).returncode == 2


def test_alert_expects_the_jobs_that_run_job_starts():
    """Of a builder those of the crontab, of a receiver those of the line that says what it has instead; each always."""
    steps = (DEPLOY / "run-job").read_text().split("\ncase $1 in\n")[1]
    started = {
        case: {(name, int(n) * UNITS[unit]) for name, n, unit in re.findall(STEP, text, re.M)}
        for case, text in re.findall(r"^([a-z]+)\)(.*?);;", steps, re.M | re.S)
    }
    expected = {role: set(jobs.items()) for role, jobs in SCHEDULE.items()}
    assert expected["builder"] == set().union(*(started[job] for job in JOBS))
    of_receivers = re.findall(STEP.replace("    ", r'    \[ "\$GB_POWER_ROLE" != receiver \] \|\| '), steps, re.M)
    assert [name for name, *_ in of_receivers] == ["check"]
    of_receivers = {(name, int(n) * UNITS[unit]) for name, n, unit in of_receivers}
    assert expected["receiver"] == started["watch"] | started["night"] | of_receivers
    assert expected.keys() == {None, *ROLES}


def test_env_example_holds_only_variables_that_something_reads():
    values = dotenv_values(DEPLOY / ".env.example", interpolate=False)
    settings = (ROOT / "loaders").glob("*/settings.py")
    code = "".join(path.read_text() for path in (ROOT / "loaders" / "config.py", *settings, DEPLOY / "run-job"))
    assert {name for name in values if name not in code} == set()
    assert all(not value or value.startswith("/") for value in values.values()), "no secret, not even a made-up one"


def test_logrotate_has_one_block_whose_braces_match():
    text = (DEPLOY / "logrotate").read_text()
    assert re.search(r"^/var/log/gb-power/\*\.log \{\n(    [a-z]+.*\n)+\}\n$", text, re.M)
    assert "\nLOGS=/var/log/gb-power\n" in (DEPLOY / "crontab").read_text()
