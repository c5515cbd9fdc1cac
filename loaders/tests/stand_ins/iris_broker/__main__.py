"""``python -m loaders.tests.stand_ins.iris_broker``: the broker alone; its first line says how to reach it."""

import argparse
import asyncio
import json
from pathlib import Path

from loaders.tests.stand_ins.iris_broker import certificates
from loaders.tests.stand_ins.iris_broker.broker import HOST, Broker
from loaders.tests.stand_ins.iris_broker.thread import connection_string


def main() -> None:
    """Serves one queue until it is stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="AMQP without TLS; 0 is any")
    parser.add_argument("--queue", default="iris")
    parser.add_argument("--lock-seconds", type=float, default=60.0)
    parser.add_argument("--round-trip-ms", type=float, default=0.0)
    parser.add_argument("--tls-folder", type=Path, help="also serve AMQP over TLS and the token endpoint")
    asyncio.run(_serve(parser.parse_args()))


async def _serve(args: argparse.Namespace) -> None:
    broker = Broker()
    tls, ca_file = certificates.make(args.tls_folder) if args.tls_folder else (None, None)
    await broker.start(tls, amqp=args.port)
    broker.do_create(args.queue, lock_seconds=args.lock_seconds)
    broker.do_faults(round_trip_ms=args.round_trip_ms)
    said = {"connection_string": connection_string(broker.ports["amqp"]), "ports": broker.ports}
    said |= {"control": f"http://{HOST}:{broker.ports['control']}/", "ca_file": ca_file and str(ca_file)}
    print(json.dumps(said), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    main()
