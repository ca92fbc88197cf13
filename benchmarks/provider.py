"""`python -m benchmarks.provider PORT`: takes replies as Twilio does and remembers when each came.

GET /count says how many replies came, GET /received gives [[number, time.monotonic()], ...].
"""

import asyncio
import json
import re
import sys
from time import monotonic
from urllib.parse import unquote_plus

LENGTH = re.compile(rb"content-length: *([0-9]+)", re.IGNORECASE)
TO = re.compile(rb"(?:^|&)To=([^&]*)")
# https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource
MESSAGE = {
    "account_sid": "AC" + "0" * 32,
    "api_version": "2010-04-01",
    "body": "",
    "date_created": "Fri, 20 Nov 2026 05:00:00 +0000",
    "date_sent": None,
    "date_updated": "Fri, 20 Nov 2026 05:00:00 +0000",
    "direction": "outbound-api",
    "error_code": None,
    "error_message": None,
    "from": "+6281170800001",
    "messaging_service_sid": None,
    "num_media": "0",
    "num_segments": "1",
    "price": None,
    "price_unit": "USD",
    "sid": "SID",
    "status": "queued",
    "subresource_uris": {"media": "/2010-04-01/Accounts/AC/Messages/SID/Media.json"},
    "to": "+6281200000000",
    "uri": "/2010-04-01/Accounts/AC/Messages/SID.json",
}
TEMPLATE = json.dumps(MESSAGE)


class Provider(asyncio.Protocol):
    """One keep-alive connection of the worker that sends replies."""

    received: list[tuple[str, float]] = []  # noqa: RUF012 - one list for all connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._buffer = transport, b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, blank, rest = self._buffer.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        size = int(length[1]) if length else 0
        if blank and len(rest) >= size:
            self._buffer = rest[size:]
            self._transport.write(self._answer(head, rest[:size]))

    def _answer(self, head: bytes, body: bytes) -> bytes:
        if head.startswith(b"GET /count "):
            return _json(200, str(len(self.received)))
        if head.startswith(b"GET /received "):
            return _json(200, json.dumps(self.received))
        if not (head.startswith(b"POST ") and (to := TO.search(body))):
            return _json(404, "{}")
        self.received.append((unquote_plus(to[1].decode()), monotonic()))
        return _json(201, TEMPLATE.replace("SID", f"SM{len(self.received):032x}"))


def _json(status: int, text: str) -> bytes:
    body = text.encode()
    head = f"HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Provider, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
