"""The seam between 1708 and a provider."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, runtime_checkable
from urllib.parse import parse_qsl

from parsers.messages import Envelope, Failure, Ignored, Outgoing, Receipt


class SignatureInvalid(Exception):
    """The request does not prove that the provider sent it; the message says what was wrong."""


class SendError(Exception):
    """A send that did not succeed, with what to do next and the provider's own code."""

    def __init__(
        self, failure: Failure, code: str = "", *, retry_after: float | None = None
    ) -> None:
        super().__init__(f"{failure}: {code}" if code else failure.value)
        self.failure, self.code, self.retry_after = failure, code, retry_after


@dataclass(frozen=True, kw_only=True)
class WebhookRequest:
    """An HTTP request as a value, so that a test or a poller can make one."""

    method: str = "POST"
    path: str = ""  # "/in/sms"; adapters put the public URL of the settings before it
    query: str = ""  # raw, still percent-encoded
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    body: bytes = b""
    remote_addr: str = ""

    @cached_property
    def form(self) -> dict[str, str]:
        """Fields of a urlencoded body; ValueError if it is not UTF-8."""
        pairs = parse_qsl(self.body.decode(), keep_blank_values=True, errors="strict")
        return dict(pairs)

    @cached_property
    def json(self) -> Any:  # noqa: ANN401 - untyped JSON dies in the adapter that asked for it
        """The body as JSON; ValueError if it is none."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Ack:
    """What a provider wants to hear when its request was taken."""

    body: str = ""
    status: int = 204
    content_type: str = "text/plain"


class ChannelAdapter(Protocol):
    """Everything the gateway may ask of a channel."""

    @property
    def name(self) -> str: ...

    @property
    def ack(self) -> Ack: ...

    @property
    def max_text(self) -> int:
        """Longest reply in characters that the provider takes in one piece."""

    def verify(self, request: WebhookRequest) -> None:
        """Raise SignatureInvalid unless the provider really sent this."""

    def parse(self, request: WebhookRequest) -> Envelope | Receipt | Ignored:
        """Translate; ValueError says what is wrong with a malformed request."""

    def send(self, reply: Outgoing) -> str:
        """Return the provider's id for the message ("" if it gives none), or raise SendError."""

    def check(self) -> str | None:
        """None if credentials work, else one sentence for `lapor doctor`; may use the network."""

    def close(self) -> None: ...


@runtime_checkable
class AcksEach(Protocol):
    """A channel whose answer to a request depends on what came in it."""

    def ack_to(self, request: WebhookRequest) -> Ack:
        """The answer to a request that was parsed and taken."""


@runtime_checkable
class AnswersInHttp(Protocol):
    """A channel whose provider takes the reply as the answer to its own request."""

    answer_wait: float  # seconds in which the reply must be there; 0: switched off

    def answer(self, text: str) -> Ack | None:
        """The reply as an answer, or None for a text that cannot go this way."""
