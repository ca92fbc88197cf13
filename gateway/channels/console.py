"""A channel without a provider: the simulator and `lapor chat` speak for the citizen."""

from gateway.channels.base import Ack, SignatureInvalid, WebhookRequest
from gateway.channels.rendering import charged
from parsers.messages import Envelope, Outgoing

CHARGED = ("sms", "kannel")


class Console:
    """Stands in for any channel that has no credentials; its replies are read from the outbox."""

    ack = Ack()

    def __init__(self, name: str, max_text: int) -> None:
        self.name, self.max_text = name, max_text

    def verify(self, request: WebhookRequest) -> None:  # noqa: ARG002 - no request can be genuine
        raise SignatureInvalid(f"{self.name} has no provider, so nothing comes in over HTTP")

    def parse(self, request: WebhookRequest) -> Envelope:  # noqa: ARG002 - the same
        raise ValueError(f"{self.name} has no provider, so nothing comes in over HTTP")

    def send(self, reply: Outgoing) -> str:
        return f"console-{reply.id}"

    def segments(self, text: str) -> int:
        """What the reply would cost on the channel that this stands in for."""
        return charged(text) if self.name in CHARGED else 0

    def check(self) -> str | None:
        return f"{self.name} has no credentials: it runs in the simulator only."

    def close(self) -> None:
        """Nothing is open."""
