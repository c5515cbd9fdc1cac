"""Every command explains itself, and ends in words where a setting is wrong."""

import click
import pytest
from click.testing import CliRunner

from loaders.cli import main


def commands(command: click.Command, path: str = "gb-power") -> dict[str, click.Command]:
    """A command and those below it, by what one types."""
    below = command.commands.items() if isinstance(command, click.Group) else ()
    return {path: command} | {at: one for name, child in below for at, one in commands(child, f"{path} {name}").items()}


@pytest.mark.parametrize(("typed", "command"), commands(main).items(), ids=commands(main))
def test_the_help_of_every_command_has_an_example_and_every_option_says_what_it_does(typed, command):
    examples = [line.strip() for line in command.help.splitlines() if typed in line]
    assert examples, "an example, as one types it"
    options = [option for option in command.params if isinstance(option, click.Option)]
    assert [option.name for option in options if not option.help and option.name != "log_level"] == []


WITH_SETTINGS = ["query x", "now", "status", "load", "build", "compact", "gaps", "weekly", "iris land"]


@pytest.mark.parametrize("typed", WITH_SETTINGS)
def test_a_setting_that_is_wrong_is_named(typed, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GB_POWER_TARGET", "bigqery")
    result = CliRunner().invoke(main, typed.split(" "))
    assert result.exit_code in (1, 2)
    assert "target 'bigqery' is none of duckdb, bigquery" in result.stderr
