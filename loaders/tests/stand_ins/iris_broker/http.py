"""Two HTTP services: commands for the broker, and just enough of Microsoft's login for a client secret."""

import asyncio
import json
import uuid
from urllib.parse import parse_qs

TOKEN_SECONDS = 3599
WRONG = (7000215, "AADSTS7000215: Invalid client secret provided.")
EXPIRED = (7000222, "AADSTS7000222: The provided client secret keys for app are expired.")


def answering(broker, service):
    """A connection handler: one request, one JSON answer."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin1").split("\r\n")
            method, path, _ = head[0].split(" ", 2)
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            code, answer = service(broker, method, path, headers, body)
            content = json.dumps(answer).encode()
            start = f"HTTP/1.1 {code} X\r\nContent-Type: application/json\r\nConnection: close\r\n"
            writer.write(f"{start}Content-Length: {len(content)}\r\n\r\n".encode() + content)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client went away, which is its right
        finally:
            writer.close()

    return handle


def control(broker, method: str, path: str, headers: dict, body: bytes) -> tuple[int, dict]:
    """``POST {"do": "fill", "queue": "iris", "n": 1000}`` runs a command of the broker."""
    request = json.loads(body or b"{}")
    command = getattr(broker, f"do_{request.pop('do', 'stats')}", None)
    if command is None:
        return 404, {"error": "no such command"}
    try:
        return 200, {"answer": command(**request)}
    except (TypeError, KeyError) as error:
        return 400, {"error": repr(error)}


def token(broker, method: str, path: str, headers: dict, body: bytes) -> tuple[int, dict]:
    """What azure-identity asks with a client id and its secret."""
    base = f"https://{headers.get('host')}/{path.strip('/').split('/')[0]}"
    if method == "GET" and "openid-configuration" in path:
        return 200, {
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "issuer": f"{base}/v2.0",
        }
    if method != "POST" or not path.split("?")[0].endswith("/token"):
        return 404, {"error": "not_found"}
    broker.stats["token_requests"] += 1
    asked = {name: values[0] for name, values in parse_qs(body.decode()).items()}
    client = broker.clients.get(asked.get("client_id"))
    if client is None or client["secret"] != asked.get("client_secret"):
        return _refused(*WRONG)
    if client["expired"]:
        return _refused(*EXPIRED)
    lifetime = {"expires_in": TOKEN_SECONDS, "ext_expires_in": TOKEN_SECONDS}
    return 200, {"token_type": "Bearer", "access_token": f"loopback.{uuid.uuid4().hex}", **lifetime}


def _refused(number: int, description: str) -> tuple[int, dict]:
    return 401, {"error": "invalid_client", "error_codes": [number], "error_description": description}
