"""A web server that keeps what is posted to it: the far end of apprise's json:// and of the dead-man ping."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class PostBox:
    """``got`` has the JSON of each post that was taken; ``pings`` counts GETs; ``down`` answers 503 to everything."""

    def __init__(self):
        self.got: list[dict] = []
        self.pings = 0
        self.down = False
        box = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if not box.down:
                    box.got.append(body)
                self._answer()

            def do_GET(self):
                box.pings += not box.down
                self._answer()

            def _answer(self):
                self.send_response(503 if box.down else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.place = f"127.0.0.1:{self._server.server_port}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def titles(self) -> list[str]:
        """Of what was taken, without the name of the machine."""
        return [message["title"].split(" ", 1)[1] for message in self.got]

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()
