"""What the provider double hears and says, as values."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from urllib.parse import parse_qsl

JSON = {"Content-Type": "application/json"}
REASONS = {int(status): status.phrase for status in HTTPStatus}


@dataclass(frozen=True)
class Request:
    """What a client really sent."""

    method: str
    path: str
    query_string: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    @cached_property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.query_string, keep_blank_values=True))

    @cached_property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass(frozen=True)
class Answer:
    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        head = [f"HTTP/1.1 {self.status} {REASONS.get(self.status, '')}"]
        head += [f"{name}: {value}" for name, value in self.headers.items()]
        body = self.body.encode()
        return "\r\n".join([*head, f"Content-Length: {len(body)}", "", ""]).encode() + body


@dataclass(frozen=True)
class Close:
    """The connection is lost after the request was read; `sent` bytes of an answer got through."""

    sent: bytes = b""


@dataclass(frozen=True)
class Hang:
    """The request is read and never answered."""


Reaction = Answer | Close | Hang
Handler = Callable[[Request], Reaction]


def refusal(status: int, code: int, message: str = "refused", **headers: str) -> Answer:
    """Twilio's error body: https://www.twilio.com/docs/usage/twilios-response#response-formats-exceptions"""
    more_info = f"https://www.twilio.com/docs/errors/{code}"
    body = {"code": code, "message": message, "more_info": more_info, "status": status}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, json.dumps(body), {**JSON, **named})


def created(sid: str, account: str, form: Mapping[str, str]) -> dict[str, object]:
    """https://www.twilio.com/docs/messaging/api/message-resource#response"""
    uri = f"/2010-04-01/Accounts/{account}/Messages/{sid}"
    return {
        "account_sid": account,
        "api_version": "2010-04-01",
        "body": form.get("Body", ""),
        "date_created": "Mon, 02 Mar 2026 03:04:05 +0000",
        "date_sent": None,
        "date_updated": "Mon, 02 Mar 2026 03:04:05 +0000",
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": form.get("From"),
        "messaging_service_sid": form.get("MessagingServiceSid"),
        "num_media": "0",
        "num_segments": "1",
        "price": None,
        "price_unit": "USD",
        "sid": sid,
        "status": "queued",
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": form["To"],
        "uri": f"{uri}.json",
    }
