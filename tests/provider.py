"""A real local HTTP server that plays the providers: Twilio, Kannel, Telegram, any route.

In a test: `with Provider() as provider:`, then its `url`, `requests`, `routes` and `script(...)`.
For a benchmark: `python -m tests.provider --port 8099` answers and records nothing.
"""

import argparse
import asyncio
import json
import threading
from base64 import b64encode
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import count

from tests.bot_api import bot_api
from tests.content_api import CONTENT, TYPING, ContentApi, typing
from tests.provider_answers import (
    JSON,
    Answer,
    Close,
    Handler,
    Hang,
    Reaction,
    Request,
    created,
    refusal,
)

__all__ = ["Answer", "Close", "Handler", "Hang", "Provider", "Reaction", "Request", "refusal"]

MESSAGES = "/Messages.json"
SENDSMS = "/cgi-bin/sendsms"


class Provider:
    """Plays the providers unless a scripted answer waits or a route of the test matches."""

    def __init__(
        self,
        *,
        accounts: Mapping[str, str] | None = None,
        users: Mapping[str, str] | None = None,
    ) -> None:
        self.accounts = accounts  # Twilio account sid -> auth token; None: anyone may send
        self.users = users  # Kannel sendsms-user -> password; None: anyone may send
        self.routes: dict[tuple[str, str], Handler | Reaction] = {}
        self.requests: list[Request] = []
        self.content = ContentApi()
        self.connections = 0
        self._port = 0
        self._scripted: deque[Reaction] = deque()
        self._ids = count(1)
        self._open: set[asyncio.Transport] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def sendsms_url(self) -> str:
        return self.url + SENDSMS

    def script(self, *reactions: Reaction) -> None:
        """The next requests get these, one each; after them the normal answers again."""
        self._scripted.extend(reactions)

    def __enter__(self) -> "Provider":
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(5)
        return self

    def __exit__(self, *_: object) -> None:
        self.refuse()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def refuse(self) -> None:
        """From now on the port is closed: connections are refused, open ones dropped."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(5)

    def drop_idle(self) -> None:
        """Close the keep-alive connections, as a provider does after some idle time."""
        asyncio.run_coroutine_threadsafe(self._drop(), self._loop).result(5)

    async def _listen(self) -> None:
        protocol = partial(_Connection, self)
        self._server = await self._loop.create_server(protocol, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        await self._drop()

    async def _drop(self) -> None:
        for transport in list(self._open):
            transport.close()
        await asyncio.sleep(0)  # one turn of the loop, in which the sockets are really closed

    def react(self, request: Request) -> Reaction:
        self.requests.append(request)
        if self._scripted:
            return self._scripted.popleft()
        route = self.routes.get((request.method, request.path))
        if route is not None:
            return route(request) if callable(route) else route
        if request.path.endswith(MESSAGES):
            return self._create_message(request)
        if request.path.startswith("/2010-04-01/Accounts/"):
            return self._fetch_account(request)
        if request.path in (CONTENT, TYPING):
            return self._of_account(request)
        if request.path == SENDSMS:
            return self._sendsms(request)
        if request.path.startswith("/bot"):
            return bot_api(request)
        return Answer(404, "Unknown request.")

    def _create_message(self, request: Request) -> Answer:
        """https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource"""
        account = request.path.split("/")[3]
        if not self._authorised(request, account):
            return refusal(401, 20003, "Authenticate")
        form = request.form
        if fault := self.content.fault(form):
            return fault
        for name, code in (("To", 21604), ("Body", 21602)):
            if not (form.get(name) or (name == "Body" and "ContentSid" in form)):
                return refusal(400, code, f"A '{name}' is required.")
        if "From" not in form and "MessagingServiceSid" not in form:
            return refusal(400, 21603, "A 'From' phone number is required.")
        body = created(f"SM{next(self._ids):032x}", account, form)
        return Answer(201, json.dumps(body), JSON)

    def _of_account(self, request: Request) -> Answer:
        if self.accounts is not None and not any(
            self._authorised(request, account) for account in self.accounts
        ):
            return refusal(401, 20003, "Authenticate")
        return typing(request) if request.path == TYPING else self.content.react(request)

    def _fetch_account(self, request: Request) -> Answer:
        account = request.path.rsplit("/", 1)[1].removesuffix(".json")
        if not self._authorised(request, account):
            return refusal(401, 20003, "Authenticate")
        body = {"sid": account, "friendly_name": "1708", "status": "active", "type": "Full"}
        return Answer(200, json.dumps(body), JSON)

    def _authorised(self, request: Request, account: str) -> bool:
        if self.accounts is None:
            return True
        expected = f"{account}:{self.accounts.get(account)}".encode()
        return request.headers.get("authorization") == f"Basic {b64encode(expected).decode()}"

    def _sendsms(self, request: Request) -> Answer:
        """Kannel user guide, "Using the HTTP interface to send SMS messages"."""
        query = request.query
        user, password = query.get("username", ""), query.get("password", "")
        if self.users is not None and self.users.get(user) != password:
            return Answer(403, "Authorization failed for sendsms")
        if not query.get("to"):
            return Answer(400, "Missing receiver number, rejected")
        return Answer(202, "0: Accepted for delivery", {"Content-Type": "text/html"})

    def keep_media(self, account: str, number: int, sent: Reaction, *, onward: str = "") -> str:
        """Twilio's address of a file, which leads to `onward` or to our own CDN: `sent` is there.

        https://www.twilio.com/docs/messaging/api/media-resource
        """
        path = f"/2010-04-01/Accounts/{account}/Messages/MM{number:032x}/Media/ME{number:032x}"
        signed = f"/cdn/{account}/{number:032x}"
        there = {"Location": onward or f"{self.url}{signed}?Expires=1&Signature=made-up"}

        def media(request: Request) -> Answer:
            if not self._authorised(request, account):
                return refusal(401, 20003, "Authenticate")
            return Answer(307, "<TwilioResponse/>", there)

        def cdn(request: Request) -> Reaction:
            """S3 takes one proof of a right only, and ours is in the query."""
            return Answer(400, "InvalidArgument") if "authorization" in request.headers else sent

        self.routes |= {("GET", path): media, ("GET", signed): cdn}
        return self.url + path

    def keep_file(self, token: str, path: str, sent: Reaction) -> None:
        """A file of Telegram: https://core.telegram.org/bots/api#getfile"""
        found = {"file_id": "of-the-test", "file_unique_id": "u1", "file_path": path}
        told = Answer(200, json.dumps({"ok": True, "result": found}), JSON)
        self.routes |= {
            ("POST", f"/bot{token}/getFile"): told,
            ("GET", f"/file/bot{token}/{path}"): sent,
        }


@dataclass(frozen=True)
class Stall:
    """A part of an answer, after which the connection stays open in silence."""

    sent: bytes


def file_of(content: bytes, content_type: str = "image/jpeg", *, length: bool = True) -> Close:
    """A file as an answer; without its length it ends where the connection ends."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nConnection: close\r\n"
    head += f"Content-Length: {len(content)}\r\n" if length else ""
    return Close(f"{head}\r\n".encode() + content)


class _Connection(asyncio.Protocol):
    """HTTP/1.1 with keep-alive and Content-Length, one request at a time."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._buffer = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._provider._open.add(transport)
        self._provider.connections += 1

    def connection_lost(self, _: Exception | None) -> None:
        self._provider._open.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (request := self._next()) is not None:
            match self._provider.react(request):
                case Answer() as answer:
                    self._transport.write(answer.encoded())
                case Close(sent):
                    self._transport.write(sent)
                    self._transport.close()
                case Hang():
                    self._transport.pause_reading()
                case Stall(sent):
                    self._transport.write(sent)

    def _next(self) -> Request | None:
        head, blank, rest = self._buffer.partition(b"\r\n\r\n")
        if not blank:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        length = int(headers.get("content-length", "0"))
        if len(rest) < length:
            return None
        self._buffer = rest[length:]
        method, target, _ = first.split(" ")
        path, _, query = target.partition("?")
        return Request(method, path, query, headers, rest[:length])


FIRST = f"SM{0:032x}"
CREATED = created(FIRST, f"AC{0:032x}", {"To": "+6281200000101", "From": "1708", "Body": "Halo"})
TOLD = {"message_id": 1, "date": 1772420645, "chat": {"id": 812000001, "type": "private"}}
QUICK = {  # by the path's end; one Content-Length fits every id
    b"/Messages.json ": Answer(201, json.dumps(CREATED), JSON).encoded(),
    b"/sendsms?": Answer(202, "0: Accepted for delivery").encoded(),
    b"/sendMessage ": Answer(200, json.dumps({"ok": True, "result": TOLD}), JSON).encoded(),
}


class _Quick(asyncio.Protocol):
    """For benchmarks: looks for the end of a request, keeps nothing, answers from a template."""

    ids = count(1)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._buffer = transport, b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            at = head.find(b"\r\ncontent-length:")
            length = int(head[at + 17 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self._buffer) < end + 4 + length:
                return
            target = self._buffer[: self._buffer.find(b"\r\n")]
            self._buffer = self._buffer[end + 4 + length :]
            self._transport.write(self._answer(target))

    def _answer(self, target: bytes) -> bytes:
        for path, answer in QUICK.items():
            if path in target:
                return answer.replace(FIRST.encode(), b"SM%032x" % next(self.ids))
        return Answer(404).encoded()


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Quick, "127.0.0.1", port)
    print(f"provider double at http://127.0.0.1:{port}; Ctrl-C stops it", flush=True)  # noqa: T201
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
