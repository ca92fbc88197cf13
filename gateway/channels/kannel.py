"""SMS through Kannel: an operator's short code on our own SMSC bind.

User guide: https://www.kannel.org/download/1.4.5/userguide-1.4.5/userguide.html
The two groups that smsbox needs; post-url keeps number and text out of every URL:

    group = sms-service
    keyword = default
    post-url = "http://127.0.0.1:8000/in/kannel?secret=KANNEL_SECRET&id=%I&time=%T&udh=%u"
    send-sender = true
    omit-empty = true
    max-messages = 25
    concatenation = true

    group = sendsms-user
    username = lapor1708
    password = KANNEL_PASSWORD
    max-messages = 25
    concatenation = true

The same with get-url: "…/in/kannel?secret=KANNEL_SECRET&id=%I&from=%p&to=%P&text=%b&coding=%c
&charset=%C&time=%T&smsc=%i&udh=%u". Take %b, not %a: %a squeezes bytes that look like blanks, and
a blank with a curly quote is 00 20 20 19 in UTF-16. %a is understood as far as it is whole.
In group smsbox set http-request-retry, or a message that arrives while we restart is lost.
bearerbox joins an SMS that came in parts. It waits half an hour for a missing one
(sms-combine-concatenated-mo-timeout), then it hands on what it has, each part with its header.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from ipaddress import IPv6Address, ip_address
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlencode

import urllib3

from gateway import channel_settings
from gateway.channels.base import Ack, SendError, SignatureInvalid, WebhookRequest
from gateway.channels.gsm7 import LONGEST, is_gsm7
from gateway.channels.http import (
    Wire,
    is_early,
    outbox_id,
    refused,
    retry_after,
    send_in_turn,
)
from gateway.channels.rendering import as_sms, charged
from gateway.channels.udh import Part, part_of
from parsers.messages import Envelope, Failure, Ignored, Outgoing, Receipt, ReceiptState
from parsers.phone import e164

UCS2 = "2"  # %c: 0 is 7 bits, 1 is 8 bits, 2 is Unicode
CHARSETS = {  # %C, and the charset of post-url; other names say nothing about the bytes
    "UTF-8": "utf-8",
    "UTF-16BE": "utf-16-be",
    "UCS-2": "utf-16-be",
    "ISO-8859-1": "cp1252",  # as browsers read it: a superset
    "WINDOWS-1252": "cp1252",
}
CHARSET = re.compile(r'charset="?([\w-]+)')

# "Delivery reports": the bits of dlr-mask, one of them in %d.
DLR_MASK = "31"
STATES = {
    "1": ReceiptState.DELIVERED,  # to the phone
    "2": ReceiptState.UNDELIVERED,  # to the phone
    "8": ReceiptState.ACCEPTED,  # by the SMSC
    "16": ReceiptState.UNDELIVERED,  # refused by the SMSC
}

# What smsbox says when it took the message: gw/smsbox.c; "Sent." with immediate-sendsms-reply.
TAKEN = ("0: Accepted for delivery", "3: Queued for later delivery", "Sent.")


class Kannel:
    name = "kannel"
    # smsbox takes 200 and 202 for an answer, anything else for a fault that it tells the citizen.
    ack = Ack("", status=202)
    max_text = 16_000  # a reply of more than ten segments goes as several messages

    def __init__(
        self,
        config: channel_settings.Kannel,
        *,
        secret: str,
        password: str,
        public_url: str,
        timeout: float,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._config, self._secret, self._password = config, secret, password
        self._public_url, self._clock = public_url.rstrip("/"), clock
        self._longest = LONGEST if config.concatenates else 1  # segments of one message
        self._wire = Wire(config.sendsms_url, timeout=timeout) if config.sendsms_url else None
        self.answer_wait = config.answer_wait_seconds if config.answer_in_http else 0.0

    def verify(self, request: WebhookRequest) -> None:
        if not self._secret:
            raise SignatureInvalid("KANNEL_SECRET is not set: nothing can be verified")
        given = _Fields(request).text("secret")
        if not hmac.compare_digest(given.encode(), self._secret.encode()):
            raise SignatureInvalid("the secret is missing or wrong")
        if not self._allowed(request.remote_addr):
            raise SignatureInvalid("the address is not in channels.kannel.allowed_sources")

    def _allowed(self, remote: str) -> bool:
        try:
            address = ip_address(remote)
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return any(address in network for network in self._config.allowed_sources)

    def parse(self, request: WebhookRequest) -> Envelope | Receipt | Ignored:
        fields = _Fields(request)
        if "/receipt/" in request.path:
            return self._receipt(request, fields.text("type"))
        sender = e164(fields.text("from"))
        if not sender:
            raise ValueError("the sender is missing: from=%p in get-url, or send-sender = true")
        sent = _time(fields.text("time"))
        body, part = fields.message, fields.part
        return Envelope(
            channel=self.name,
            provider_id=fields.text("id") or _made_up_id(sender, fields.text("time"), body),
            sender=sender,
            text=body,
            received_at=min(sent, self._clock()) if sent else self._clock(),
            recipient=e164(fields.text("to")),
            part=(part.number, part.total) if part else None,
            series=part.series if part else "",
        )

    def _receipt(self, request: WebhookRequest, kind: str) -> Receipt | Ignored:
        if not kind.isdecimal():
            raise ValueError("a delivery report needs type=%d")
        if kind not in STATES:  # 4: waits at the SMSC; 32: intermediate
            return Ignored(f"receipt {kind[:4]}")
        state = STATES[kind]
        code = kind if state is ReceiptState.UNDELIVERED else ""
        row = outbox_id(request.path)
        receipt = Receipt(channel=self.name, state=state, outbox_id=row, code=code)
        if is_early(receipt, request.query):
            return Ignored(f"receipt {kind}, and the reply goes on")
        return receipt

    def answer(self, text: str) -> Ack | None:
        """The reply as the HTTP answer; None if that would spoil it, and `send` must be used."""
        texts = as_sms(text, longest=self._longest)
        # UCS-2 needs a header X-Kannel-Coding, which smsbox heeds only if told so.
        if len(texts) > 1 or not is_gsm7(texts[0]):
            return None
        return Ack(texts[0], status=200, content_type="text/plain; charset=UTF-8")

    def segments(self, text: str) -> int:
        """What the operator charges for a reply of this text; its choices must stand in it."""
        return charged(text, longest=self._longest)

    def send(self, reply: Outgoing) -> str:
        texts = as_sms(reply.text, reply.buttons, longest=self._longest)
        return send_in_turn(texts, lambda text, part: self._say(reply, text, part))

    def _say(self, reply: Outgoing, text: str, part: str) -> str:
        fields = {
            "from": self._config.sender or reply.origin,
            "to": reply.recipient,
            "text": text,
            "charset": "UTF-8",
            "dlr-mask": DLR_MASK,
            "dlr-url": self._dlr_url(reply.id, part),
        }
        if not is_gsm7(text):
            fields["coding"] = UCS2
        if self._config.smsc:
            fields["smsc"] = self._config.smsc
        response = self._sendsms(fields)
        if not 200 <= response.status < 300:
            raise _failed(response)
        if not response.data.startswith(tuple(words.encode() for words in TAKEN)):
            raise SendError(Failure.UNCERTAIN, "unexpected answer")
        return ""  # smsbox gives no id; receipts carry ours

    def _sendsms(self, fields: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        if self._wire is None or not self._password:
            raise SendError(Failure.CONFIG, "no sendsms_url or KANNEL_PASSWORD")
        login = {"username": self._config.username, "password": self._password}
        return self._wire.request("GET", f"?{urlencode({**login, **fields})}", headers={})

    def _dlr_url(self, outbox: int, part: str) -> str:
        """smsbox fills escape codes in here too, so only the %d may look like one."""
        secret = quote(self._secret, safe="")
        url = f"{self._public_url}/in/kannel/receipt/{outbox}?secret={secret}"
        url += f"&{part}" if part else ""
        return url.replace("%", "%%") + "&type=%d"

    def check(self) -> str | None:
        if not (self._secret and self._password):
            return "KANNEL_SECRET or KANNEL_PASSWORD is not set."
        try:
            response = self._sendsms({})  # nobody to send to: a good login gets 400, a bad one 403
        except SendError as error:
            return f"Kannel's smsbox does not answer at sendsms_url ({error.code})."
        if response.status == 403:
            return "Kannel refuses the username, the password or our address."
        if response.status != 400:
            return f"sendsms_url answers {response.status}: it is no sendsms of Kannel."
        return None

    def close(self) -> None:
        if self._wire is not None:
            self._wire.close()


class _Fields:
    """Parameters of get-url or post-url, else the X-Kannel headers of the same meaning."""

    def __init__(self, request: WebhookRequest) -> None:
        self._request = request
        # Latin-1 keeps every byte as it came: the bytes of the text may be UTF-16.
        pairs = parse_qsl(request.query, keep_blank_values=True, encoding="latin-1")
        self._query = dict(pairs)

    def text(self, name: str) -> str:
        value = self._query.get(name) or self._request.headers.get(f"x-kannel-{name}", "")
        return value.encode("latin-1", "replace").decode("utf-8", "replace").strip()

    @property
    def part(self) -> Part | None:
        """Which part of a longer SMS this is: %u, or the header that holds it percent-encoded."""
        header = self._request.headers.get("x-kannel-udh", "").replace("+", " ")
        return part_of(self._query.get("udh", "").encode("latin-1") or unquote_to_bytes(header))

    @cached_property
    def message(self) -> str:
        """Decoded as coding and charset say; a byte that fits neither shows as a replacement."""
        if "text" in self._query:
            raw = self._query["text"].encode("latin-1")
        elif self._request.method == "POST":
            raw = self._request.body
        else:
            raise ValueError("the text is missing: get-url needs text=%b")
        charset = self.text("charset") or self._charset_of_body()
        default = "utf-16-be" if self.text("coding") == UCS2 else "utf-8"
        return raw.decode(CHARSETS.get(charset.upper(), default), "replace")

    def _charset_of_body(self) -> str:
        found = CHARSET.search(self._request.headers.get("content-type", ""))
        return found[1] if found else ""


def _time(value: str) -> datetime | None:
    """%T is Unix time; %t and X-Kannel-Time are "2026-03-02 03:04:05" in UTC."""
    try:
        if value.isdecimal():
            return datetime.fromtimestamp(int(value), UTC)
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _made_up_id(sender: str, time: str, text: str) -> str:
    """Without %I: the same person, second and words are the same message delivered again."""
    if not time:
        raise ValueError("id=%I and time=%T are both missing: a repeat could not be told apart")
    seed = "\0".join((sender, time, text))
    return "made-" + hashlib.sha256(seed.encode()).hexdigest()[:40]


def _failed(response: urllib3.BaseHTTPResponse) -> SendError:
    failure = refused(response.status)
    if response.data.startswith(b"Not routable"):  # no SMSC takes this number; "do not try again"
        failure = Failure.REJECTED
    return SendError(failure, f"HTTP {response.status}", retry_after=retry_after(response))
