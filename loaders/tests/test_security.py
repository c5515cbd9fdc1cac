"""What others say stays a text; nobody answers in Elexon's name; secrets are nobody else's; licences allow the use."""

import re
import stat
import threading
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import duckdb
import pytest

from loaders.config import RAW_BMRS, RAW_IRIS, ConfigError, read_settings
from loaders.http import Client, RequestFailed
from loaders.iris.landing import land_messages
from loaders.iris.spool import Spool
from loaders.landing import open_landing
from loaders.show import show_rows
from loaders.tests.iris_station import process, until
from loaders.tests.lake import write_empty_lake, write_rows
from loaders.tests.messages import CATALOGUE, IRIS_NAMES, START, message, row
from loaders.tests.stand_ins.iris_broker import certificates
from loaders.tests.stand_ins.iris_broker.thread import SECRET, IrisBroker
from loaders.tests.warehouse import Warehouse

ROOT = Path(__file__).resolve().parents[2]
HARMFUL = [
    "../../x", "/etc/passwd", "..", "a'; drop table raw; --", 'a"; drop table raw; --', "=HYPERLINK(1)", "[/red]",
    "<script>alert(1)</script>", "{{ 1 / 0 }}", "$(touch x)", "a\nb", "x" * 300,
]  # fmt: skip


def files(folder: Path) -> set[str]:
    """Everything below a folder but the data directory."""
    found = {str(path.relative_to(folder)) for path in folder.rglob("*")}
    return {name for name in found if "home" not in name}


def test_names_in_messages_neither_leave_the_data_directory_nor_become_anything_else(home, tmp_path):
    before = files(tmp_path)
    sent = [message("MELS", message_id=text) for text in HARMFUL]
    sent += [message("MELS", message_id=f"{n}", dataset=text) for n, text in enumerate(HARMFUL)]
    sent += [message("MELS", rows=[row(IRIS_NAMES["MELS"]) | {text: 1}], number=n) for n, text in enumerate(HARMFUL)]
    place = replace(read_settings(), home=home.path)
    with Spool(place.spool) as spool:
        assert spool.add(sent) == len(sent)
        with open_landing(place, CATALOGUE, RAW_IRIS) as landing:
            tally = land_messages(place, CATALOGUE, landing, spool.waiting(1000, 1 << 30)).total()
    assert tally.unmapped == len(HARMFUL)
    assert tally.rows + tally.quarantined == 2 * len(HARMFUL)
    tables = {path.name for path in (home.path / "lake" / RAW_IRIS).iterdir() if path.is_dir()}
    ours = {entry.table for entry in CATALOGUE.values() if entry.iris} | {"_messages", "_unmapped", "_quarantine"}
    assert {name for name in tables if not name.startswith("_dlt_")} == ours
    kept = {name for (name,) in home.raw("_messages", "select message_id from raw", RAW_IRIS)}
    assert kept >= set(HARMFUL)
    assert files(tmp_path) == before
    columns = {name for name, *_ in home.raw("mels", "select column_name from (describe raw)", RAW_IRIS)}
    assert all(re.fullmatch(r"\w+", name) for name in columns)


def test_values_stay_texts_from_the_raw_layer_to_the_warehouse_and_on_the_screen(tmp_path, monkeypatch, capsys):
    write_empty_lake(tmp_path, CATALOGUE)
    plain = {name: value for name, value in row(CATALOGUE["REMIT"]).items() if not isinstance(value, dict)}
    rows = [plain | {"mrid": f"{n}-{text}", "affectedUnit": text, "assetId": text} for n, text in enumerate(HARMFUL)]
    write_rows(tmp_path, RAW_BMRS, CATALOGUE["REMIT"], rows, START)
    warehouse = Warehouse(tmp_path, monkeypatch)
    warehouse.dbt("run", "--select", "+bmrs_remit_unified")
    columns = "affected_unit, asset_id"
    assert sorted(warehouse.query(f"select {columns} from bmrs_remit_unified")) == sorted((t, t) for t in HARMFUL)
    with duckdb.connect(str(warehouse.path)) as db:
        found = db.sql(f"select {columns} from bmrs_remit_unified")
        show_rows(found.columns, found.fetchall())
    assert "[/red]" in capsys.readouterr().out


@contextmanager
def https_server(folder: Path, location: str | None = None):
    """A server with a certificate of nobody known, which redirects to ``location`` or answers ``[]``."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):  # noqa: N802
            self.send_response(302 if location else 200)
            if location:
                self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(b"" if location else b"[]")

        def log_message(self, *_):
            pass

    context, authority = certificates.make(folder)
    with ThreadingHTTPServer(("localhost", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"https://localhost:{server.server_port}", authority
        server.shutdown()
        thread.join()


@pytest.fixture
def impatient():
    return replace(read_settings().limits, tries=1)


def test_a_server_that_cannot_prove_who_it_is_is_not_believed(tmp_path, impatient, monkeypatch):
    with https_server(tmp_path) as (url, authority):
        with pytest.raises(RequestFailed, match="certificate verify failed"):
            Client(url, impatient).get("/x", {})
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority))
        assert Client(url, impatient).get("/x", {}).body.read() == b"[]"


def test_no_redirection_leads_to_an_unencrypted_answer(tmp_path, impatient, monkeypatch, server):
    with https_server(tmp_path, f"{server.url}/datasets/FREQ") as (url, authority):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority))
        with pytest.raises(RequestFailed, match="No connection adapters were found"):
            Client(url, impatient).get("/x", {})
    assert server.asked() == []


@pytest.mark.parametrize("name", ["BMRS_BASE_URL", "IRIS_ARCHIVE_URL"])
@pytest.mark.parametrize("url", ["http://data.elexon.co.uk", "http://localhost.evil.example", "file:///etc/passwd"])
def test_an_address_without_encryption_is_refused_unless_it_is_this_machine(monkeypatch, name, url):
    monkeypatch.setenv(name, url)
    with pytest.raises(ConfigError, match=f"{name}=.* must begin with https://"):
        read_settings()
    monkeypatch.setenv(name, "http://localhost:1/x")
    read_settings()


def test_what_waits_is_for_its_owner_alone_and_the_secret_is_in_no_file_log_or_process_list(tmp_path):
    home = tmp_path / "home"
    with IrisBroker(tmp_path / "tls") as broker:
        broker.create("iris")
        broker.fill("iris", 10)
        running = process(broker, home, broker.production(), log_level="debug")
        until(lambda: broker.stats()["queues"]["iris"]["left"] == 0)
        command = Path(f"/proc/{running.pid}/cmdline").read_bytes()
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (home / "iris").glob("spool.db*")}
        running.terminate()
        said = running.communicate(timeout=300)[1]
    assert stat.S_IMODE((home / "iris").stat().st_mode) == 0o700
    assert set(modes.values()) == {0o600}
    assert SECRET not in said
    assert SECRET.encode() not in command
    assert not [path for path in home.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]


ALLOWED = re.compile(
    r"(MIT|MIT-0|MIT License|0BSD|BSD|BSD License|BSD-[23]-Clause|3-Clause BSD License|Apache([ -]2\.0|-2\.0)|Zlib|"
    r"Apache Software License|Apache License 2\.0|Apache 2\.0|PSF-2\.0|Python Software Foundation License|CC0-1\.0|"
    r"Mozilla Public License 2\.0 \(MPL 2\.0\)|MPL-2\.0|CNRI-Python|AFL-2\.1|Artistic License|Unlicense)"
)


def test_every_locked_dependency_has_a_licence_that_allows_the_use():
    names = re.findall(r"^([\w.-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    looked_at, refused = 0, {}
    for name in names:
        try:
            licences = licences_of(name)
        except PackageNotFoundError:  # locked for another system or Python
            continue
        looked_at += 1
        if not any(all(ALLOWED.fullmatch(part) for part in re.split(r" AND ", choice)) for choice in licences):
            refused[name] = licences
    assert refused == {}
    assert looked_at > 0.9 * len(names)


def licences_of(name: str) -> list[str]:
    """The licences among which the user of an installed package may choose."""
    data = distribution(name).metadata
    listed = [entry.rsplit(" :: ", 1)[-1] for entry in data.get_all("Classifier") or [] if entry.startswith("License")]
    text = data.get("License-Expression") or ("" if listed else data.get("License") or "none")
    return re.sub(r"[()]", "", text).split(" OR ") if text else listed


def test_every_dependency_is_pinned_with_its_hashes():
    lines = (ROOT / "requirements.lock").read_text().split("\n")
    pinned = [n for n, line in enumerate(lines) if re.match(r"[\w.\[\]-]+==", line)]
    assert len(pinned) > 100
    assert all(lines[n].endswith("\\") and "--hash=sha256:" in lines[n + 1] for n in pinned)
