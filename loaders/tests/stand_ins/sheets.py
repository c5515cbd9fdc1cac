"""A stand-in of Google's Sheets API, version 4, with its token endpoint: what gspread calls, over real HTTP.

    with SheetsStandIn() as google:
        google.book.values("GB_Live")

It holds one spreadsheet in memory, keeps to the grid's limits and the quota of writes a minute, and fails when told.
``python -m loaders.tests.stand_ins.sheets_picture`` draws what it holds.
"""

import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from loaders.tests.stand_ins.sheets_book import ApiError, Book

SHEET_ID = "stand-in-sheet"
MAIL = "gb-power@stand-in.iam.gserviceaccount.com"
WRITES_A_MINUTE = 60


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        google: SheetsStandIn = self.server.google
        try:
            answer = google.answer(self.command, unquote(url.path), parse_qsl(url.query), body, self.headers)
            code, extra = 200, {}
        except ApiError as error:
            code, extra = error.code, {"Retry-After": "1"} if error.code == 429 else {}
            answer = {"error": {"code": code, "message": str(error), "status": error.status}}
        content = json.dumps(answer).encode()
        self.send_response(code)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(content)), **extra}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = _serve

    def log_message(self, *_) -> None:
        """Calls are kept by the stand-in, not printed."""


class SheetsStandIn:
    """The server; a context manager."""

    def __init__(self):
        self.book = Book()
        self.calls: list[tuple[str, str]] = []  # method and path of each call to the API
        self.tokens = 0  # access tokens given out
        self.failures: list[int] = []  # status codes that the next calls are answered with
        self.is_shared = True  # with the service account
        self._writes: list[float] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.google = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "SheetsStandIn":
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def writes(self) -> list[str]:
        """Paths of the calls that write."""
        return [path for method, path in self.calls if method != "GET"]

    def key_file(self, folder: Path) -> Path:
        """A service account's key file that gets its tokens here."""
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        key = {
            "type": "service_account", "project_id": "stand-in", "private_key_id": "1", "client_id": "1",
            "private_key": private.private_bytes(*form).decode(), "client_email": MAIL,
            "token_uri": f"{self.url}/token",
        }  # fmt: skip
        path = folder / "service-account.json"
        path.write_text(json.dumps(key))
        return path

    def answer(self, method: str, path: str, query: list, body: bytes, headers) -> dict:
        """What one request is answered with."""
        with self._lock:
            if path == "/token":
                if b"assertion=" not in body:
                    raise ApiError(400, "INVALID_ARGUMENT", "invalid_grant")
                self.tokens += 1
                return {"access_token": "stand-in-token", "expires_in": 3600, "token_type": "Bearer"}
            self.calls.append((method, path))
            self._refuse(method, headers)
            found = re.fullmatch(r"/v4/spreadsheets/([^/:]+)(.*)", path)
            if not found or found[1] != SHEET_ID:
                raise ApiError(404, "NOT_FOUND", "Requested entity was not found.")
            given = json.loads(body, parse_constant=_refuse_constant) if body else {}
            return self._route(method, found[2], query, given)

    def _refuse(self, method: str, headers) -> None:
        if self.failures:
            code = self.failures.pop(0)
            quota = "Quota exceeded for quota metric 'Write requests' and limit 'Write requests per minute per user'"
            raise ApiError(
                code, "RESOURCE_EXHAUSTED" if code == 429 else "UNAVAILABLE", quota if code == 429 else "Down"
            )
        if headers.get("Authorization") != "Bearer stand-in-token":
            raise ApiError(401, "UNAUTHENTICATED", "Request is missing required authentication credential.")
        if not self.is_shared:
            raise ApiError(403, "PERMISSION_DENIED", "The caller does not have permission")
        if method != "GET":
            now = time.monotonic()
            self._writes = [at for at in self._writes if now - at < 60]
            if len(self._writes) >= WRITES_A_MINUTE:
                raise ApiError(429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric 'Write requests'")
            self._writes.append(now)

    def _route(self, method: str, rest: str, query: list, given: dict) -> dict:
        known = {"spreadsheetId": SHEET_ID}
        if rest == "" and method == "GET":
            properties = {"title": "Dashboard", "locale": "en_GB", "timeZone": "Europe/London"}
            return known | {"properties": properties, "sheets": [{"properties": tab} for tab in self.book.tabs]}
        if rest == "/values:batchUpdate":
            raw = given["valueInputOption"] == "RAW"
            for one in given["data"]:
                self.book.check(one["range"], one["values"])  # all or nothing
            return known | {
                "totalUpdatedCells": sum(self.book.put(o["range"], o["values"], raw) for o in given["data"])
            }
        if rest == "/values:batchGet":
            ranges = [value for name, value in query if name == "ranges"]
            return known | {"valueRanges": [{"range": where, "values": self.book.get(where)} for where in ranges]}
        if rest.startswith("/values/") and method == "GET":
            return {"range": rest[8:], "values": self.book.get(rest[8:])}
        if rest == ":batchUpdate":
            return known | {"replies": [self.book.change(request) for request in given["requests"]]}
        raise ApiError(404, "NOT_FOUND", "Requested entity was not found.")


def _refuse_constant(text: str) -> float:
    raise ApiError(400, "INVALID_ARGUMENT", f"Invalid JSON payload received. Unexpected token. {text}")
