"""The emulator of BigQuery as a process, and what makes the project's commands talk to it."""

import json
import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

ROOT = Path(__file__).resolve().parents[3]
PROJECT = "gb-power-test"
NO_INTERPRETER = 3  # what scripts/bigquery.sh exits with where no Python is new enough


class BigQuery:
    """An empty BigQuery, for as long as the ``with`` lasts."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.url = ""

    @property
    def environment(self) -> dict[str, str]:
        """For commands, and for dbt's target ``bigquery``; every project that is named exists."""
        return {
            "GB_POWER_TARGET": "bigquery",
            "GB_POWER_BQ_PROJECT": PROJECT,
            "GB_POWER_BQ_LOCATION": "US",
            "BIGQUERY_EMULATOR_HOST": self.url,
            "GOOGLE_APPLICATION_CREDENTIALS": str(self.folder / "key.json"),
        }

    def fail(self, *faults: dict) -> None:
        """What goes wrong from now on; nothing without arguments. See bigquery_server.py."""
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/faults", json.dumps(faults).encode(), headers)
        with urllib.request.urlopen(request, timeout=300):
            pass

    def __enter__(self) -> "BigQuery":
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self._data = tempfile.TemporaryDirectory(dir=memory)
        self._process, self.url = _start(_python(), self.folder, self._data.name)
        write_key(self.folder / "key.json", self.url)
        return self

    def __exit__(self, *error) -> None:
        self._process.terminate()
        self._process.wait()
        self._data.cleanup()


@cache
def can_run() -> bool:
    """Whether there is a Python that the emulator runs on; that its environment can be made from it, a test shows."""
    return _script("emulator", "--find", stderr=subprocess.DEVNULL).returncode != NO_INTERPRETER


def write_key(path: Path, url: str) -> Path:
    """A service account's key as Google hands them out, but whose tokens come from ``url``."""
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_text(json.dumps({
        "type": "service_account", "project_id": PROJECT, "private_key_id": "1", "private_key": key.decode(),
        "client_email": f"loader@{PROJECT}.iam.gserviceaccount.com", "client_id": "1", "token_uri": f"{url}/token",
    }))  # fmt: skip
    return path


def _script(*args: str, **options) -> subprocess.CompletedProcess:
    command = ["sh", str(ROOT / "scripts" / "bigquery.sh"), *args]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, **options)


def _python() -> Path:
    """The emulator's interpreter, in an environment that is made if need be."""
    made = _script("emulator")
    made.check_returncode()
    return Path(made.stdout.strip().splitlines()[-1])


def _start(python: Path, folder: Path, data: str) -> tuple[subprocess.Popen, str]:
    port, grpc_port = _free_ports(2)
    command = [str(python), str(Path(__file__).with_name("bigquery_server.py")), "serve", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--grpc-port", str(grpc_port)]
    command += ["--data-dir", data, "--project", PROJECT, "--dataset", "unused"]
    home = {**os.environ, "HOME": str(python.parents[1] / "home")}
    with (folder / "emulator.log").open("wb") as log:
        process = subprocess.Popen(command, env=home, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    _wait_for(f"{url}/bigquery/v2/projects/{PROJECT}/datasets", process)
    return process, url


def _free_ports(number: int) -> list[int]:
    opened = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [one.getsockname()[1] for one in opened]
    for one in opened:
        one.close()
    return ports


def _wait_for(url: str, process: subprocess.Popen, seconds: float = 300) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=seconds):
                return
        except (urllib.error.URLError, ConnectionError):
            if process.poll() is not None or time.monotonic() > until:
                raise
            time.sleep(0.1)
