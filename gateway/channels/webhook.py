"""Webhooks out: what happens to complaints, signed, to the programs of agencies.

The form is that of https://www.standardwebhooks.com: webhook-id, webhook-timestamp and
webhook-signature, which receivers check with a library of their language.
"""

import asyncio
import json
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address
from typing import Protocol

import httpx
from standardwebhooks import Webhook as Signer

from gateway.channel_settings import Webhook as WebhookSettings
from gateway.channels.base import Ack, SendError, SignatureInvalid, WebhookRequest
from gateway.channels.http import trusting
from gateway.download import LONGEST_WAIT, NotNow, addresses_of
from parsers.messages import Envelope, Failure, Outgoing

LATER = frozenset({408, 409, 425, 429})  # of the 4xx only these may end otherwise another time


@dataclass(frozen=True, slots=True)
class Target:
    """Where the notices of a subscription go, and what they are signed with."""

    url: str
    secrets: tuple[str, ...] = field(repr=False)  # two while the receiver changes over


class Subscribers(Protocol):
    """Who the recipients are, at the moment of sending."""

    def target(self, recipient: str) -> Target | None:
        """None for one that wants nothing any more."""

    def gone(self, recipient: str) -> None:
        """It said that it wants nothing any more."""


class Webhook:
    """One POST to one program; it knows a repeat by webhook-id, so in doubt we send again."""

    name = "webhook"
    ack = Ack()
    max_text = 100_000
    each_for_itself = True

    def __init__(
        self,
        settings: WebhookSettings,
        subscribers: Subscribers,
        *,
        private: bool,
        timeout: float,
    ) -> None:
        self.attempts = settings.attempts
        self._subscribers, self._timeout = subscribers, timeout
        self._private = private or settings.allow_private

    def verify(self, request: WebhookRequest) -> None:  # noqa: ARG002 - no request can be genuine
        raise SignatureInvalid("this channel goes out only")

    def parse(self, request: WebhookRequest) -> Envelope:  # noqa: ARG002 - the same
        raise ValueError("this channel goes out only")

    def send(self, reply: Outgoing) -> str:
        """The webhook-id, the same for every try and every replay."""
        target = self._subscribers.target(reply.recipient)
        if target is None:
            raise SendError(Failure.REJECTED, "switched_off")
        name = webhook_id(reply)
        answer = self._post(target, signed(target, name, reply.text), reply.text.encode())
        if answer.status_code == httpx.codes.GONE:
            self._subscribers.gone(reply.recipient)
            raise SendError(Failure.BLOCKED, "410")
        if not answer.is_success:
            raise _refused(answer)
        return name

    def check(self) -> str | None:
        """Nothing to check here: `lapor subscription list` says who takes what."""
        return None

    def close(self) -> None:
        """Nothing stays open."""

    def _post(self, target: Target, headers: Mapping[str, str], body: bytes) -> httpx.Response:
        """Whatever is not an answer may be tried again; the text of an error names the address."""
        try:
            return asyncio.run(self._in_time(target, headers, body))
        except TimeoutError:
            raise SendError(Failure.RETRY, "timeout") from None
        except socket.gaierror:
            raise SendError(Failure.RETRY, "no_address") from None
        except NotNow:
            raise SendError(Failure.REJECTED, "address") from None
        except httpx.InvalidURL:
            raise SendError(Failure.REJECTED, "url") from None
        except (httpx.HTTPError, OSError) as error:
            raise SendError(Failure.RETRY, type(error).__name__) from None

    async def _in_time(
        self, target: Target, headers: Mapping[str, str], body: bytes
    ) -> httpx.Response:
        url = httpx.URL(target.url)
        if url.scheme != "https" and not (self._private and url.scheme == "http"):
            raise NotNow("it is not https")
        # trust_env: a proxy of the environment would connect to an address that nobody looked at.
        async with (
            asyncio.timeout(self._timeout),
            httpx.AsyncClient(verify=trusting(), trust_env=False, timeout=None) as client,  # noqa: S113
        ):
            first, *_ = await addresses_of(url, allowed=_at_home if self._private else None)
            request = client.build_request(
                "POST",
                url.copy_with(host=first),
                headers={"Host": url.netloc.decode(), **headers},
                content=body,
                extensions={"sni_hostname": url.host},
            )
            answer = await client.send(request, stream=True)
            await answer.aclose()  # what it says is of no interest
            return answer


def webhook_id(reply: Outgoing) -> str:
    """Of an event and a subscription, so that a program knows what it has seen."""
    return f"event-{json.loads(reply.text)['data']['event']}-sub-{reply.recipient}"


def signed(target: Target, name: str, body: str) -> dict[str, str]:
    """The headers, made anew for each try: receivers refuse old timestamps."""
    now = datetime.now(UTC)
    signatures = (Signer(secret).sign(name, now, body) for secret in target.secrets)
    return {
        "Content-Type": "application/json",
        "User-Agent": "1708-webhooks/1",
        "webhook-id": name,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _refused(answer: httpx.Response) -> SendError:
    """A redirect too: nobody has looked at where it leads, and the signature is for this place."""
    status = answer.status_code
    if status in LATER or status >= 500:
        said = answer.headers.get("retry-after", "")
        wait = min(float(said), LONGEST_WAIT) if said.isdecimal() else None
        return SendError(Failure.RETRY, str(status), retry_after=wait)
    return SendError(Failure.REJECTED, str(status))


def _at_home(_scheme: str, addresses: Iterable[IPv4Address | IPv6Address]) -> bool:
    """Our own network too, but never where clouds keep their credentials (169.254.169.254)."""
    plain = [getattr(address, "ipv4_mapped", None) or address for address in addresses]
    return not any(each.is_link_local or each.is_multicast for each in plain)
