"""What the SMS and the WhatsApp channel of Twilio share: signature, receipts, REST, error codes.

Inbound: https://www.twilio.com/docs/messaging/guides/webhook-request
Receipts: https://www.twilio.com/docs/messaging/guides/track-outbound-message-status
Signature: https://www.twilio.com/docs/usage/security#validating-requests
"""

import hmac
import json
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import urllib3
from twilio.http import HttpClient  # type: ignore[import-untyped]  # the library has no types
from twilio.http.response import Response  # type: ignore[import-untyped]
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from gateway.channels.base import Ack, SendError, SignatureInvalid, WebhookRequest
from gateway.channels.http import Wire, outbox_id, refused, retry_after
from gateway.settings import Twilio
from parsers.messages import (
    Envelope,
    Failure,
    Ignored,
    Media,
    Outgoing,
    Receipt,
    ReceiptState,
)

LIBRARY_URL = "https://api.twilio.com"

# https://www.twilio.com/docs/api/errors ; a code that is not here is judged by its HTTP status.
FAILURES = {
    "20003": Failure.CONFIG,  # account SID or auth token is wrong
    "20005": Failure.CONFIG,  # the account is not active
    "20404": Failure.CONFIG,  # no such account, or a wrong api_url
    "20429": Failure.RETRY,  # too many requests at once
    "21211": Failure.REJECTED,  # To is not a phone number
    "21212": Failure.CONFIG,  # From is not a phone number
    "21214": Failure.REJECTED,  # To cannot be reached
    "21268": Failure.REJECTED,  # To is a premium number
    "21401": Failure.CONFIG,  # From cannot send SMS
    "21408": Failure.CONFIG,  # the country of To is switched off in the account's geo permissions
    "21601": Failure.CONFIG,  # From is not a number of the account
    "21602": Failure.REJECTED,  # no text
    "21603": Failure.CONFIG,  # no From
    "21604": Failure.REJECTED,  # no To
    "21606": Failure.CONFIG,  # From cannot send to this To, or is not ours
    "21608": Failure.CONFIG,  # a trial account sends to verified numbers only
    "21609": Failure.CONFIG,  # the status callback is no public URL: public_url is wrong
    "21610": Failure.BLOCKED,  # the person answered STOP
    "21611": Failure.RETRY,  # the queue of From is full for ten hours
    "21612": Failure.REJECTED,  # no route from this From to this To
    "21614": Failure.REJECTED,  # To is not a mobile number
    "21617": Failure.REJECTED,  # longer than 1,600 characters
    "21635": Failure.REJECTED,  # To is a landline
    "21659": Failure.CONFIG,  # From is not a Twilio number
    "21660": Failure.CONFIG,  # From belongs to another account
    "21661": Failure.CONFIG,  # From cannot send SMS
    "21701": Failure.CONFIG,  # no such messaging service
    "21703": Failure.CONFIG,  # the messaging service has no sender for this To
    "21705": Failure.CONFIG,  # the messaging service SID is malformed
    "21910": Failure.CONFIG,  # From and To are of different channels
    "30001": Failure.RETRY,  # queue overflow
    "30002": Failure.CONFIG,  # the account is suspended
    "30003": Failure.REJECTED,  # the phone is off or out of reach
    "30004": Failure.BLOCKED,  # the person or the operator blocks our messages
    "30005": Failure.REJECTED,  # unknown number
    "30006": Failure.REJECTED,  # landline, or an operator that cannot be reached
    "30007": Failure.REJECTED,  # filtered as spam
    "30008": Failure.REJECTED,  # the operator gives no reason
    "63001": Failure.CONFIG,  # WhatsApp refuses our sender's credentials
    "63002": Failure.CONFIG,  # WhatsApp does not know our sender
    "63003": Failure.REJECTED,  # the person is not on WhatsApp
    "63005": Failure.REJECTED,  # WhatsApp refuses the content
    "63007": Failure.CONFIG,  # From is not a WhatsApp sender of the account
    "63012": Failure.RETRY,  # an error inside WhatsApp
    "63013": Failure.REJECTED,  # breaks a policy of WhatsApp
    "63014": Failure.BLOCKED,  # the person has blocked us
    "63015": Failure.REJECTED,  # the person has not joined the sandbox
    "63016": Failure.REJECTED,  # outside the 24 hours after the person's last message
    "63018": Failure.RETRY,  # too many messages at once for WhatsApp
    "63020": Failure.CONFIG,  # the WhatsApp business account needs its owner
    "63024": Failure.REJECTED,  # To cannot receive
    "63032": Failure.REJECTED,  # WhatsApp withholds it from this person (an experiment of theirs)
    "63038": Failure.CONFIG,  # the account's daily limit is reached
}

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


class TwilioChannel(ABC):
    """One channel of one Twilio account; a subclass says how its messages look."""

    name: str
    prefix = ""  # of an address, in Twilio's words: "whatsapp:"
    ack = Ack("<Response/>", status=200, content_type="text/xml")  # TwiML for "do nothing"
    max_text = 1600  # of Body: https://www.twilio.com/docs/messaging/api/message-resource

    def __init__(
        self,
        config: Twilio,
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
        self._http = _Http(config.api_url, timeout)
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
            return self._receipt(request.path, form)
        return self._envelope(form)

    @abstractmethod
    def _envelope(self, form: Mapping[str, str]) -> Envelope:
        """Read an inbound message; ValueError if a documented field is missing."""

    def _receipt(self, path: str, form: Mapping[str, str]) -> Receipt | Ignored:
        status = required(form, "MessageStatus")
        if status not in STATES:  # queued, sending, accepted, scheduled, and what comes next year
            return Ignored(f"receipt {status[:20]}")
        return Receipt(
            channel=self.name,
            state=STATES[status],
            outbox_id=outbox_id(path) if "/receipt/" in path else None,
            provider_id=required(form, "MessageSid", "SmsSid"),
            code=form.get("ErrorCode", ""),
        )

    def send(self, reply: Outgoing) -> str:
        if not self._configured:
            raise SendError(Failure.CONFIG, "no credentials")
        return self._create(
            to=self.prefix + reply.recipient,
            body=reply.text,
            status_callback=f"{self._public_url}/in/{self.name}/receipt/{reply.id}",
            **self._sender(reply),
        )

    def _sender(self, reply: Outgoing) -> dict[str, str]:
        if self._config.messaging_service_sid:
            return {"messaging_service_sid": self._config.messaging_service_sid}
        number = self._config.number or reply.origin
        if not number:
            raise SendError(Failure.CONFIG, "no sender")
        return {"from_": self.prefix + number}

    def _create(self, **fields: str) -> str:
        try:
            sid = self._client.messages.create(**fields).sid
        except (ValueError, AttributeError):  # a success whose body is no message
            sid = None
        if not sid:
            raise SendError(Failure.UNCERTAIN, "unexpected answer")
        return str(sid)

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
        self._http.wire.close()


class _Http(HttpClient):  # type: ignore[misc]  # untyped base
    """The library's extension point for HTTP: its own client costs three times the CPU per send."""

    def __init__(self, api_url: str, timeout: float) -> None:
        super().__init__(logging.getLogger(__name__), is_async=False, timeout=timeout)
        self.wire = Wire(api_url, timeout=timeout)

    def request(
        self,
        method: str,
        uri: str,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ARG002 - ours is set once
        allow_redirects: bool = False,  # noqa: ARG002
    ) -> Response:
        """Answers below 300; everything else is a SendError, where Retry-After is still at hand."""
        login = urllib3.make_headers(basic_auth=":".join(auth)) if auth else {}
        answer = self.wire.request(
            method,
            uri.removeprefix(LIBRARY_URL) + (f"?{urlencode(params)}" if params else ""),
            headers={**(headers or {}), **login},
            body=urlencode(data) if data else None,
        )
        if answer.status >= 300:
            raise _failed(answer)
        return Response(answer.status, answer.data.decode(errors="replace"), answer.headers)


def _failed(answer: urllib3.BaseHTTPResponse) -> SendError:
    match _json(answer.data):
        case {"code": int(number)}:
            code = str(number)
        case _:
            code = f"HTTP {answer.status}"
    failure = FAILURES.get(code) or refused(answer.status)
    return SendError(failure, code, retry_after=retry_after(answer))


def _json(body: bytes) -> Any:  # noqa: ANN401 - dies in the match above
    try:
        return json.loads(body)
    except ValueError:
        return None
