"""Serves generated days of BOD and PN, or nothing: ``python -m loaders.bench.server ROWS_A_DAY LATENCY_SECONDS``."""

import sys
import time
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from loaders.bench.generated import HALF_HOUR, PAIRS, answer, bod, pn

PERIODS = 48


class Days(BaseHTTPRequestHandler):
    """One settlement day for every request."""

    protocol_version = "HTTP/1.1"
    rows: dict[str, bytes] = {}
    latency = 0.0

    def do_GET(self):
        url = urlsplit(self.path)
        rows = self.rows.get(url.path.split("/")[-2])
        body = b"[]"
        if rows:
            query = parse_qs(url.query)
            start, end = (datetime.fromisoformat(query[name][0]) for name in ("from", "to"))
            body = answer(rows, start, (end - start) // HALF_HOUR)
        time.sleep(self.latency)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main() -> None:
    """Prints its address and serves until it is ended."""
    rows, Days.latency = int(sys.argv[1]), float(sys.argv[2])
    if rows:  # else every answer is empty
        Days.rows = {"BOD": bod(rows // PERIODS // len(PAIRS)), "PN": pn(rows // PERIODS)}
    server = ThreadingHTTPServer(("127.0.0.1", 0), Days)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
