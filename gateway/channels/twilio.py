"""What the SMS and the WhatsApp channel of Twilio share: signature, receipts, REST.

Inbound: https://www.twilio.com/docs/messaging/guides/webhook-request
Receipts: https://www.twilio.com/docs/messaging/guides/track-outbound-message-status
Signature: https://www.twilio.com/docs/usage/security#validating-requests
"""

import hmac
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Generic, TypeVar

import urllib3
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]  # the library has no types

from gateway.channel_settings import Twilio
from gateway.channels.base import Ack, SendError, SignatureInvalid, WebhookRequest
from gateway.channels.http import is_early, outbox_id, send_in_turn
from gateway.channels.media import Source
from gateway.channels.twilio_errors import FAILURES
from gateway.channels.twilio_http import TwilioHttp
from parsers.messages import (
    Envelope,
    Failure,
    Ignored,
    Media,
    Outgoing,
    Receipt,
    ReceiptState,
)

LONGEST_BODY = 1600  # https://www.twilio.com/docs/messaging/api/message-resource
Config = TypeVar("Config", bound=Twilio)

STATES = {
    "sent": ReceiptState.ACCEPTED,  # the nearest operator has it
    "delivered": ReceiptState.DELIVERED,
    "read": ReceiptState.READ,
    "undelivered": ReceiptState.UNDELIVERED,
    "failed": ReceiptState.UNDELIVERED,
    "canceled": ReceiptState.UNDELIVERED,
}


def now() -> datetime:
    return datetime.now(UTC)


def required(form: Mapping[str, str], *names: str) -> str:
    """The first of the names that has a value; older accounts still send the older names."""
    for name in names:
        if form.get(name):
            return form[name]
    raise ValueError(f"{names[0]} is missing; the webhook must be set to HTTP POST")


def media(form: Mapping[str, str]) -> tuple[Media, ...]:
    """MediaUrl0, MediaUrl1, … as far as they go: NumMedia only counts them."""
    found: list[Media] = []
    while url := form.get(f"MediaUrl{len(found)}"):
        content_type = form.get(f"MediaContentType{len(found)}", "")
        found.append(Media(ref=url, content_type=content_type))
    return tuple(found)


class _Form(dict[str, str]):
    """The validator asks a form for all values of a name; without getall that costs it double."""

    def getall(self, name: str) -> tuple[str]:
        return (self[name],)


class TwilioChannel(ABC, Generic[Config]):
    """One channel of one Twilio account; a subclass says how its messages look."""

    name: str
    prefix = ""  # of an address, in Twilio's words: "whatsapp:"
    ack = Ack("<Response/>", status=200, content_type="text/xml")  # TwiML for "do nothing"
    max_text = 10 * LONGEST_BODY  # a longer reply goes as several messages
    failures: Mapping[str, Failure] = FAILURES

    def __init__(
        self,
        config: Config,
        *,
        account_sid: str,
        auth_token: str,
        public_url: str,
        timeout: float,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._config, self._sid, self._clock = config, account_sid, clock
        self._public_url = public_url.rstrip("/")
        self._configured = bool(account_sid and auth_token)
        self._validator = RequestValidator(auth_token)
        self._http = TwilioHttp(config.api_url, timeout)
        # Without `environment` the library would take a region from variables that are not ours.
        login = (account_sid, auth_token) if self._configured else ("-", "-")
        self._client = Client(*login, http_client=self._http, environment={})

    def verify(self, request: WebhookRequest) -> None:
        if not self._configured:
            raise SignatureInvalid("no Twilio credentials: nothing can be verified")
        signature = request.headers.get("x-twilio-signature")
        if not signature:
            raise SignatureInvalid("X-Twilio-Signature is missing")
        if not self._signed(request, signature):
            raise SignatureInvalid("X-Twilio-Signature does not match; is public_url right?")
        if request.form.get("AccountSid") != self._sid:  # no secret
            raise SignatureInvalid("AccountSid is not ours")

    def _signed(self, request: WebhookRequest, signature: str) -> bool:
        """Our exact URL first; `validate` tries it with and without a port, at 6 times the cost."""
        url = self._public_url + request.path + (f"?{request.query}" if request.query else "")
        form = _Form(request.form)
        computed = self._validator.compute_signature(url, form)
        if hmac.compare_digest(computed.encode(), signature.encode()):
            return True
        return bool(self._validator.validate(url, form, signature))

    def parse(self, request: WebhookRequest) -> Envelope | Receipt | Ignored:
        form = request.form
        # A status callback that was set up in Twilio's console comes without our id in the path.
        if "/receipt/" in request.path or "MessageStatus" in form:
            return self._receipt(request)
        return self._envelope(form)

    @abstractmethod
    def _envelope(self, form: Mapping[str, str]) -> Envelope:
        """Read an inbound message; ValueError if a documented field is missing."""

    def _receipt(self, request: WebhookRequest) -> Receipt | Ignored:
        status = required(request.form, "MessageStatus")
        if status not in STATES:  # queued, sending, accepted, scheduled, and what comes next year
            return Ignored(f"receipt {status[:20]}")
        receipt = Receipt(
            channel=self.name,
            state=STATES[status],
            outbox_id=outbox_id(request.path) if "/receipt/" in request.path else None,
            provider_id=required(request.form, "MessageSid", "SmsSid"),
            code=request.form.get("ErrorCode", ""),
        )
        if is_early(receipt, request.query):
            return Ignored(f"receipt {status}, and the reply goes on")
        return receipt

    def send(self, reply: Outgoing) -> str:
        if not self._configured:
            raise SendError(Failure.CONFIG, "no credentials")
        return self._say(reply)

    @abstractmethod
    def _say(self, reply: Outgoing) -> str:
        """Send the reply as this channel shows it best; the id of its last message."""

    def _say_in_turn(self, reply: Outgoing, texts: Sequence[str]) -> str:
        return send_in_turn(texts, lambda text, part: self._create(reply, part, body=text))

    def _create(self, reply: Outgoing, part: str = "", **fields: str) -> str:
        callback = f"{self._public_url}/in/{self.name}/receipt/{reply.id}"
        try:
            sid = self._client.messages.create(
                to=self.prefix + reply.recipient,
                status_callback=callback + (f"?{part}" if part else ""),
                **self._sender(reply),
                **fields,
            ).sid
        except (ValueError, AttributeError):  # a success whose body is no message
            sid = None
        if not sid:
            raise SendError(Failure.UNCERTAIN, "unexpected answer")
        return str(sid)

    def _sender(self, reply: Outgoing) -> dict[str, str]:
        if self._config.messaging_service_sid:
            return {"messaging_service_sid": self._config.messaging_service_sid}
        number = self._config.number or reply.origin
        if not number:
            raise SendError(Failure.CONFIG, "no sender")
        return {"from_": self.prefix + number}

    def check(self) -> str | None:
        if not self._configured:
            return "TWILIO_ACCOUNT_SID or TWILIO_AUTH_TOKEN is not set."
        if not (self._config.number or self._config.messaging_service_sid):
            return f"channels.{self.name}: set number or messaging_service_sid to send replies."
        try:
            status = self._client.api.v2010.accounts(self._sid).fetch().status
        except SendError as error:
            if error.failure is Failure.CONFIG:
                return f"Twilio refuses the account SID or the auth token ({error.code})."
            return f"Twilio does not answer at {self._config.api_url} ({error.code})."
        except (ValueError, AttributeError):
            return f"What answers at {self._config.api_url} is not Twilio."
        return None if status == "active" else f"The Twilio account is {status}."

    def close(self) -> None:
        self._http.close()

    def open_media(self, ref: str) -> Source:
        """Only media of our own account; it is answered with a redirect to a signed address.

        https://www.twilio.com/docs/messaging/api/media-resource
        """
        login = urllib3.make_headers(basic_auth=":".join(self._client.auth))
        account = f"{self._config.api_url.rstrip('/')}/2010-04-01/Accounts/{self._sid}/"
        return Source(url=ref, within=account, headers=login)
