"""The emulator of BigQuery as a process, and a front door to it at which things can go wrong."""

import json
import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

ROOT = Path(__file__).resolve().parents[3]
PROJECT = "gb-power-test"
NO_INTERPRETER = 3  # what scripts/bigquery.sh exits with where no Python is new enough


def emulator_python() -> Path | None:
    """The emulator's interpreter, made if need be; none where there is no Python that it runs on."""
    made = subprocess.run(
        ["sh", str(ROOT / "scripts" / "bigquery.sh"), "emulator"], stdout=subprocess.PIPE, text=True, check=False
    )
    if made.returncode == NO_INTERPRETER:
        return None
    made.check_returncode()
    return Path(made.stdout.strip().splitlines()[-1])


@contextmanager
def emulator(python: Path, folder: Path) -> Iterator[str]:
    """The emulator, empty; yields its URL. Its log is ``folder / "emulator.log"``."""
    folder.mkdir(parents=True, exist_ok=True)
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as data, (folder / "emulator.log").open("wb") as log:
        port, grpc_port = _free_ports(2)
        command = [str(python), str(Path(__file__).with_name("bigquery_server.py")), "serve", "--host", "127.0.0.1"]
        command += ["--port", str(port), "--grpc-port", str(grpc_port)]
        command += ["--data-dir", data, "--project", PROJECT, "--dataset", "unused"]
        home = {**os.environ, "HOME": str(python.parents[1] / "home")}
        with subprocess.Popen(command, env=home, stdout=log, stderr=log) as process:
            try:
                _wait_for(f"http://127.0.0.1:{port}/bigquery/v2/projects/{PROJECT}/datasets", process)
                yield f"http://127.0.0.1:{port}"
            finally:
                process.terminate()


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


def environment(url: str, key: Path) -> dict[str, str]:
    """What makes the project's commands talk to the emulator."""
    return {
        "GB_POWER_TARGET": "bigquery",
        "GB_POWER_BQ_PROJECT": PROJECT,
        "GB_POWER_BQ_LOCATION": "US",
        "BIGQUERY_EMULATOR_HOST": url,
        "GOOGLE_APPLICATION_CREDENTIALS": str(key),
    }


def _free_ports(number: int) -> list[int]:
    opened = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [one.getsockname()[1] for one in opened]
    for one in opened:
        one.close()
    return ports


def _wait_for(url: str, process: subprocess.Popen, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=seconds):
                return
        except (urllib.error.URLError, ConnectionError):
            if process.poll() is not None or time.monotonic() > until:
                raise
            time.sleep(0.1)
