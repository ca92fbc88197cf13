"""Signed webhooks of Twilio over keep-alive sockets; all work but the sending is done before."""

import json
import re
import selectors
import socket
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from time import monotonic
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

ACCOUNT_SID = "AC" + "0" * 32
AUTH_TOKEN = "twilio-token-of-the-benchmark"
NUMBER = "+6281170800001"
PUBLIC_URL = "https://1708.example"
PATH = "/in/sms"
CONNECTIONS = 16  # what a provider keeps open to one webhook
ANSWER_SECONDS = 30.0  # a server that is silent for longer has failed
LENGTH = re.compile(rb"content-length: *([0-9]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Post:
    """One request, ready to be written to a socket."""

    sender: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Shot:
    """One request and its answer; times are those of time.monotonic()."""

    sender: str
    began: float  # when it was due, so that a server that falls behind cannot hide it
    ended: float
    status: int

    @property
    def seconds(self) -> float:
        return self.ended - self.began


def texts(count: int) -> list[str]:
    """Invented messages; a running number keeps any two of them from being quite the same."""
    lines = (Path(__file__).parent / "messages.txt").read_text("utf-8").splitlines()
    turns = enumerate(islice(cycle(lines), count), start=1)
    return [line.replace("{n}", str(number)) for number, line in turns]


def corpus() -> list[str]:
    """The labelled messages, each once; without them the invented ones."""
    files = sorted((Path(__file__).parent / "corpus").glob("*.jsonl"))
    lines = [line for file in files for line in file.read_text("utf-8").splitlines()]
    return [json.loads(line)["text"] for line in lines] or texts(1000)


def posts(count: int, *, first: int, path: str = PATH) -> list[Post]:
    """Messages of senders number `first` and on, signed as Twilio signs them."""
    validator = RequestValidator(AUTH_TOKEN)
    return [
        _post(validator, path, number, words)
        for number, words in enumerate(texts(count), start=first)
    ]


def _post(validator: RequestValidator, path: str, number: int, words: str) -> Post:
    """https://www.twilio.com/docs/messaging/guides/webhook-request#parameters"""
    sender, sid = f"+62812{number:08d}", f"SM{number:032x}"
    form = {
        "ToCountry": "ID",
        "ToState": "",
        "SmsMessageSid": sid,
        "NumMedia": "0",
        "ToCity": "",
        "FromZip": "",
        "SmsSid": sid,
        "FromState": "",
        "SmsStatus": "received",
        "FromCity": "",
        "Body": words,
        "FromCountry": "ID",
        "To": NUMBER,
        "ToZip": "",
        "NumSegments": "1",
        "MessageSid": sid,
        "AccountSid": ACCOUNT_SID,
        "From": sender,
        "ApiVersion": "2010-04-01",
    }
    body = urlencode(form).encode()
    head = (
        f"POST {path} HTTP/1.1",
        "Host: 1708.example",
        "User-Agent: TwilioProxy/1.1",
        "Content-Type: application/x-www-form-urlencoded; charset=UTF-8",
        f"X-Twilio-Signature: {validator.compute_signature(PUBLIC_URL + path, form)}",
        f"Content-Length: {len(body)}",
    )
    return Post(sender, "\r\n".join([*head, "", ""]).encode() + body)


def fire(
    port: int, posts: Sequence[Post], *, rate: float | None = None, connections: int = CONNECTIONS
) -> list[Shot]:
    """Send all: so many a second, or (no rate) the next on each connection after its answer."""
    waiting, shots = deque(posts), list[Shot]()
    with ExitStack() as stack:
        selector = stack.enter_context(selectors.SelectSelector())  # waits to the microsecond
        idle = [stack.enter_context(_connect(port)) for _ in range(connections)]
        due = monotonic()
        while waiting or len(idle) < connections:
            now = monotonic()
            while waiting and idle and (rate is None or due <= now):
                line, post = idle.pop(), waiting.popleft()
                line.sendall(post.raw)
                selector.register(line, selectors.EVENT_READ, (post, due if rate else now))
                due += 1 / rate if rate else 0
            pause = due - monotonic() if rate and waiting and idle else ANSWER_SECONDS
            ready = selector.select(max(0.0, pause))
            if not ready and pause == ANSWER_SECONDS:
                raise TimeoutError(f"no answer for {ANSWER_SECONDS:.0f} seconds")
            for key, _ in ready:
                assert isinstance(key.fileobj, socket.socket)
                post, began = key.data
                shots.append(Shot(post.sender, began, monotonic(), _answer(key.fileobj)))
                selector.unregister(key.fileobj)
                idle.append(key.fileobj)
    return shots


def _connect(port: int) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return line


def _answer(line: socket.socket) -> int:
    """Read one whole answer; returns its status."""
    answer = b""
    while True:
        part = line.recv(4096)
        if not part:
            raise ConnectionError("the server closed a connection that it had promised to keep")
        answer += part
        head, blank, body = answer.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if blank and len(body) >= (int(length[1]) if length else 0):
            return int(answer[9:12])
