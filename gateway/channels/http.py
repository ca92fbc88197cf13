"""What channels over HTTP share: requests that know whether they arrived, receipt paths."""

import logging
import re
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from http.client import HTTPException

import certifi
import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, InvalidHeader, NewConnectionError

from gateway.channels.base import SendError
from parsers.messages import Failure, Receipt, ReceiptState

CONNECTIONS = 32  # kept open at most per provider; more threads than this only reconnect
LONGEST_WAIT = 3600.0  # seconds; a provider's clock or finger may slip
RECEIPT = re.compile(r"/receipt/([0-9]{1,18})")
PART = re.compile(r"(?:^|&)part=([0-9]+)-([0-9]+)(?:&|$)")

# urllib3 logs the target of each request at DEBUG; Kannel's holds a number, a text, a password.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)


def outbox_id(path: str) -> int:
    """Our row id, which travels in the path of the receipt's URL."""
    found = RECEIPT.search(path)
    if found is None or found.end() != len(path):
        raise ValueError("the path of a receipt must end in /receipt/ and the number of the reply")
    return int(found[1])


def send_in_turn(texts: Sequence[str], send: Callable[[str, str], str]) -> str:
    """The id of the last message; UNCERTAIN once only a part of the reply has gone out.

    `send` gets each text with the query that names it in the address of its receipts.
    """
    sent, total = "", len(texts)
    for number, text in enumerate(texts, 1):
        try:
            sent = send(text, f"part={number}-{total}" if total > 1 else "")
        except SendError as error:
            if number == 1:
                raise
            code = f"part_{number}_of_{total}:{error.code}"
            raise SendError(Failure.UNCERTAIN, code) from None
    return sent


def is_early(receipt: Receipt, query: str) -> bool:
    """Whether good news is about a message after which the reply went on: it settles nothing."""
    found = PART.search(query)
    bad = receipt.state is ReceiptState.UNDELIVERED
    return found is not None and found[1] != found[2] and not bad


def refused(status: int) -> Failure:
    """What an HTTP status means for a send when the provider gives no better reason."""
    if status == 504:  # the provider's own edge waited in vain: the message may be on its way
        return Failure.UNCERTAIN
    if status == 429 or status >= 500:
        return Failure.RETRY
    if status in (401, 403, 404, 405) or status < 400:
        return Failure.CONFIG
    return Failure.REJECTED


def retry_after(response: urllib3.BaseHTTPResponse) -> float | None:
    """Seconds until the provider wants to hear from us again, from either form of the header."""
    try:
        seconds = urllib3.Retry().get_retry_after(response)
    except InvalidHeader:
        return None
    return None if seconds is None else min(seconds, LONGEST_WAIT)


class Wire:
    """Keep-alive connections to one provider, for any number of threads."""

    def __init__(self, url: str, *, timeout: float) -> None:
        parts = urllib3.util.parse_url(url)
        self.path = (parts.path or "").rstrip("/")
        secure = {"ssl_context": trusting()} if parts.scheme == "https" else {}
        self._pool = urllib3.connection_from_url(
            url,
            maxsize=CONNECTIONS,
            timeout=urllib3.Timeout(total=timeout),
            retries=False,
            **secure,
        )
        self._pool.ConnectionCls = _Tls if parts.scheme == "https" else _Plain

    def request(
        self, method: str, target: str, *, headers: Mapping[str, str], body: str | None = None
    ) -> urllib3.BaseHTTPResponse:
        """The answer, whatever its status; SendError: it never arrived, or it may have arrived."""
        try:
            return self._pool.urlopen(
                method, self.path + target, body=body, headers=headers, redirect=False
            )
        except (NewConnectionError, ConnectTimeoutError) as error:
            reason = type(error.__cause__ or error).__name__
            raise SendError(Failure.RETRY, reason) from None
        except HTTPError as error:
            raise SendError(Failure.UNCERTAIN, type(error).__name__) from None

    def close(self) -> None:
        self._pool.close()


@cache
def trusting() -> ssl.SSLContext:
    """The machine's certificate authorities and certifi's: a small image may have none itself."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


@contextmanager
def _nothing_written(connection: HTTPConnection) -> Iterator[None]:
    """What fails in here, the TLS handshake included, failed before the request went out."""
    try:
        yield
    except (OSError, ValueError, HTTPException) as error:
        raise NewConnectionError(connection, "cannot connect") from error


class _Plain(HTTPConnection):
    def connect(self) -> None:
        with _nothing_written(self):
            super().connect()


class _Tls(HTTPSConnection):
    def connect(self) -> None:
        with _nothing_written(self):
            super().connect()
