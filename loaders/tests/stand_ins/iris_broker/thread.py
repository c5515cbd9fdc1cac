"""The broker on a thread of its own, for tests: ``with IrisBroker() as broker: broker.fill("iris", 100)``."""

import asyncio
import threading
from pathlib import Path
from typing import Self

from loaders.tests.stand_ins.iris_broker import certificates
from loaders.tests.stand_ins.iris_broker.broker import HOST, Broker

CLIENT_ID, SECRET = "11111111-2222-3333-4444-555555555555", "the-secret-of-the-tests"


def connection_string(port: int) -> str:
    """What Service Bus's own emulator takes: no TLS, no login."""
    key = "SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=SAS_KEY_VALUE"
    return f"Endpoint=sb://localhost:{port};{key};UseDevelopmentEmulator=true;"


class IrisBroker:
    """Its attributes are the broker's commands: ``broker.stats()`` runs ``do_stats`` on the broker's loop."""

    def __init__(self, tls_folder: Path | None = None, idle_seconds: float = 120.0):
        self.broker = Broker(idle_seconds)
        self._tls, self.ca_file = certificates.make(tls_folder) if tls_folder else (None, None)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="iris-broker", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._on_loop(self.broker.start(self._tls))
        return self

    def __exit__(self, *_) -> None:
        self._on_loop(self.broker.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _on_loop(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(300)

    def __getattr__(self, name: str):
        command = getattr(self.broker, f"do_{name}")

        async def run(args, kwargs):
            return command(*args, **kwargs)

        return lambda *args, **kwargs: self._on_loop(run(args, kwargs))

    def plain(self, queue: str = "iris") -> dict[str, str]:
        """The environment of a receiver that connects without TLS."""
        return {"IRIS_CONNECTION_STRING": connection_string(self.broker.ports["amqp"]), "IRIS_QUEUE": queue}

    def production(self, queue: str = "iris") -> dict[str, str]:
        """The environment of a receiver on the production path: TLS, and a token for its secret."""
        self.client(CLIENT_ID, SECRET)
        return {
            "IRIS_CLIENT_ID": CLIENT_ID,
            "IRIS_CLIENT_SECRET": SECRET,
            "IRIS_QUEUE": queue,
            "IRIS_ENDPOINT": f"sb://localhost:{self.broker.ports['amqps']}",
            "IRIS_AUTHORITY": f"https://localhost:{self.broker.ports['token']}",
            "IRIS_CA_FILE": str(self.ca_file),
        }

    @property
    def control_url(self) -> str:
        """Where commands are taken over HTTP."""
        return f"http://{HOST}:{self.broker.ports['control']}/"
