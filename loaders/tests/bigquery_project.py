"""A project in the emulator of BigQuery, the loaders that land in it, and what they landed as Google's client reads it.

The loaders know a few datasets only here: each project would begin with two hundred tables, which take the emulator
a minute. dlt, Google's client and the socket between them and the emulator are the real ones.
"""

import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from google.auth.credentials import AnonymousCredentials
from google.cloud.bigquery import Client

from loaders import build_command, cli
from loaders.bmrs import load_command
from loaders.catalogue import load_catalogue
from loaders.config import read_settings
from loaders.gaps import commands as gaps_commands
from loaders.iris import archive_commands, commands, files, landing
from loaders.iris.message import Message
from loaders.iris.spool import Spool
from loaders.tests.conftest import FAST
from loaders.tests.stand_ins.bigquery import BigQuery

CATALOGUE = load_catalogue()


def know_only(datasets: str, patch: pytest.MonkeyPatch) -> None:
    """The catalogue of the loaders in this process."""
    for module in (load_command, build_command, gaps_commands, archive_commands, commands, files, landing):
        patch.setattr(module, "load_catalogue", lambda: {name: CATALOGUE[name] for name in datasets.split()})


class Project:
    """Commands run in this process with the environment of a machine of its own, ``home``."""

    def __init__(self, name: str, datasets: str, bigquery: BigQuery, home: Path, patch: pytest.MonkeyPatch, **env: str):
        self.name, self.bigquery, self.home = name, bigquery, home
        self.google = Client(name, AnonymousCredentials(), client_options={"api_endpoint": bigquery.url})
        env |= bigquery.environment | FAST | {"GB_POWER_BQ_PROJECT": name, "GB_POWER_HOME": str(home)}
        for variable, value in env.items():
            patch.setenv(variable, value)
        know_only(datasets, patch)

    def run(self, *args: str, code: int = 0) -> Result:
        """``gb-power ARGS``, which must exit with ``code``."""
        done = CliRunner().invoke(cli.main, args, catch_exceptions=False)
        assert done.exit_code == code, done.output
        return done

    def spool(self, *messages: Message) -> None:
        """As the receiver does."""
        settings = read_settings()
        settings.spool.parent.mkdir(parents=True, exist_ok=True)
        with closing(Spool(settings.spool)) as spool:
            spool.add(messages)

    def waiting(self) -> int:
        """Messages in the spool."""
        with closing(Spool(read_settings().spool)) as spool:
            return spool.backlog().messages

    def query(self, sql: str) -> list[tuple]:
        """Rows of a query."""
        return [row.values() for row in self.google.query_and_wait(sql)]

    def count(self, table: str) -> int:
        """Rows of ``raw_bmrs.table`` or whichever dataset is named."""
        ((number,),) = self.query(f"select count(*) from `{table}`")
        return number

    def rows(self, table: str, columns: str) -> Counter:
        """Each row, and how often it is there."""
        return Counter(self.query(f"select {columns} from `{table}`"))


if __name__ == "__main__":  # a process of its own, to be killed
    know_only(sys.argv.pop(1), pytest.MonkeyPatch())
    cli.main()
