"""``gb-power init`` against the stand-ins: what works, what does not, what to do, and never a secret."""

import os
import stat
from unittest.mock import patch

import pytest
from click.testing import CliRunner
from dotenv import dotenv_values

from loaders.cli import main
from loaders.config import ConfigError
from loaders.init import FIELDS, write_env
from loaders.tests.stand_ins.insights import InsightsStandIn
from loaders.tests.stand_ins.iris_broker.thread import SECRET, IrisBroker
from loaders.tests.stand_ins.sheets import MAIL, SHEET_ID, SheetsStandIn

OURS = ("GB_POWER_", "BMRS_", "IRIS_", "SHEETS_", "GOOGLE_")


@pytest.fixture(scope="module")
def elexon():
    with InsightsStandIn() as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with IrisBroker(tmp_path_factory.mktemp("tls")) as stand_in:
        stand_in.create("iris", lock_seconds=5)
        yield stand_in


@pytest.fixture
def google():
    with SheetsStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def init(tmp_path, monkeypatch, elexon):
    """``gb-power init ARGS`` in an environment of its own: exit code and all it printed."""
    monkeypatch.chdir(tmp_path)
    others = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    base = {"GB_POWER_HOME": str(tmp_path / "home"), "BMRS_BASE_URL": elexon.url, "BMRS_BACKOFF_SECONDS": "0.01"}

    def run(*args: str, typed: str | None = None, **env: str) -> tuple[int, str]:
        with patch.dict(os.environ, others | base | env, clear=True):
            done = CliRunner().invoke(main, ["init", *args], input=typed)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.output + done.stderr

    return run


def test_what_is_typed_is_kept_for_the_owner_alone_and_tried(init, tmp_path, broker):
    (tmp_path / ".env").write_text("# mine\nBMRS_TRIES=3\nIRIS_QUEUE=old\n")
    iris = broker.production()
    typed = {**iris, "GB_POWER_ALERT_URLS": "json://user:pa$ss@127.0.0.1/a json://127.0.0.1/b"}
    lines = "".join(typed.get(field.name, "") + "\n" for field in FIELDS)
    more = {name: iris[name] for name in ("IRIS_ENDPOINT", "IRIS_AUTHORITY", "IRIS_CA_FILE")}
    code, said = init(typed=lines, **more)
    assert code == 0, said
    for what in ("home", "Insights API", "IRIS", "alert channels"):
        assert f"ok    {what}: " in said
    assert SECRET not in said
    assert "pa$ss" not in said
    path = tmp_path / ".env"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    kept = dotenv_values(path)
    assert path.read_text().startswith("# mine\nBMRS_TRIES=3\nIRIS_QUEUE=iris\n")
    assert (kept["IRIS_CLIENT_SECRET"], kept["GB_POWER_ALERT_URLS"]) == (SECRET, typed["GB_POWER_ALERT_URLS"])
    assert "SHEETS_ID" not in kept, "what was not said is not written"
    before = path.read_text()
    assert init("--check", **more)[0] == 0
    assert path.read_text() == before
    path.chmod(0o644)
    assert f"WARN  others can read {path} (mode 0644): chmod 600 .env" in init("--check", **more)[1]
    assert broker.stats()["queues"]["iris"].get("transfers", 0) == 0, "nothing was received"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"IRIS_CLIENT_SECRET": "this-secret-is-wrong"}, "IRIS_CLIENT_SECRET is no secret of IRIS_CLIENT_ID"),
        ({"IRIS_QUEUE": "no-such-queue"}, "compare IRIS_QUEUE with Elexon's IRIS portal"),
        ({"IRIS_CLIENT_SECRET": ""}, "IRIS_CLIENT_SECRET not set"),
        ({"IRIS_SECRET_EXPIRES": "soon"}, "IRIS_SECRET_EXPIRES='soon' is not a date"),
    ],
)
def test_a_wrong_iris_setting_is_named_and_the_secret_is_not_shown(init, broker, wrong, said):
    code, text = init("--no-input", **(broker.production() | wrong))
    assert code == 1
    fault = next(line for line in text.splitlines() if line.startswith("FAIL  IRIS: "))
    assert said in fault
    assert "ok    Insights API" in text, "the others are tried all the same"
    assert "this-secret-is-wrong" not in text
    assert SECRET not in text


def test_a_sheet_that_is_not_shared_says_with_whom_to_share_it(init, google, tmp_path):
    env = {"SHEETS_ID": SHEET_ID, "SHEETS_API_ENDPOINT": google.url}
    env["GOOGLE_APPLICATION_CREDENTIALS"] = str(google.key_file(tmp_path))
    assert "ok    Google Sheet: " in init("--check", **env)[1]
    google.is_shared = False
    code, said = init("--check", **env)
    assert (code, f"share it with {MAIL} as an editor" in said) == (1, True)
    assert "PRIVATE KEY" not in said


def test_what_cannot_be_reached_or_used_says_what_to_do(init, tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "rules.yml").write_text("rules: {a: {column: x}}")
    code, said = init(
        "--check",
        GB_POWER_HOME=str(tmp_path / "file" / "home"),
        BMRS_BASE_URL="http://127.0.0.1:1/key-in-url",
        GB_POWER_BQ_PROJECT="nowhere",
        GOOGLE_APPLICATION_CREDENTIALS=str(tmp_path / "no-key.json"),
        GB_POWER_ALERT_URLS="nonsense://token-of-mine@x",
        GB_POWER_RULES=str(tmp_path / "rules.yml"),
    )
    assert (code, said.count("FAIL")) == (1, 5)
    assert "GB_POWER_HOME must be a folder that user" in said
    assert "is there a way to the Internet" in said
    assert "no-key.json was not found" in said
    assert "apprise does not understand URL 1 of 1 (nonsense)" in said
    assert "token-of-mine" not in said
    assert "rule 'a': needs one of" in said


@pytest.mark.parametrize("value", ["it's", "a\nb", "${HOME}", "a\\b", "\x1b[0m"])
def test_what_env_cannot_hold_is_refused_and_the_file_stays(tmp_path, value):
    path = tmp_path / ".env"
    path.write_text("A=1\n")
    with pytest.raises(ConfigError, match="^B has a quote"):
        write_env(path, {"B": value})
    assert path.read_text() == "A=1\n"
    assert list(tmp_path.iterdir()) == [path]
