"""The channel of programs that poll: what we would say to them, they ask for themselves."""

from gateway.channels.base import Ack, SignatureInvalid, WebhookRequest
from parsers.messages import Envelope, Outgoing

LONGEST = 100_000  # nothing is sent, so nothing is cut


class Polled:
    """Replies and notices count as sent when they are there to be asked for."""

    ack = Ack()
    max_text = LONGEST

    def __init__(self, name: str) -> None:
        self.name = name

    def verify(self, request: WebhookRequest) -> None:  # noqa: ARG002 - no request can be genuine
        raise SignatureInvalid(f"{self.name} has an interface of its own, not a webhook")

    def parse(self, request: WebhookRequest) -> Envelope:  # noqa: ARG002 - the same
        raise ValueError(f"{self.name} has an interface of its own, not a webhook")

    def send(self, reply: Outgoing) -> str:
        return f"polled-{reply.id}"

    def check(self) -> str | None:
        """There are no credentials that could be wrong."""
        return None

    def close(self) -> None:
        """Nothing is open."""
