"""Twilio SMS and WhatsApp: every recorded webhook, and every way a send may end."""

import base64
import hashlib
import hmac
import json
import logging
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest

from gateway import channel_settings
from gateway.channels.base import Ack, ChannelAdapter, SendError, SignatureInvalid, WebhookRequest
from gateway.channels.sms import TwilioSms
from gateway.channels.whatsapp import TwilioWhatsapp
from parsers.messages import Button, Envelope, Failure, Ignored, Outgoing
from parsers.phone import e164
from tests.provider import Answer, Close, Hang, Provider, Reaction, refusal

HERE = Path(__file__).parent / "fixtures"
FIXTURES = sorted([*(HERE / "sms").glob("*.json"), *(HERE / "whatsapp").glob("*.json")])
ADAPTERS = ("sms", "whatsapp")
SID = "AC0000000000000000000000000001708a"
TOKEN = "token-of-the-test"
PUBLIC = "https://lapor.example.go.id"
NOON = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
REPLY = Outgoing(
    id=41,
    recipient="+6281200000101",
    text="Laporan 9165816 diterima. Cek: STATUS 9165816",
    origin="+6281200001708",
)
SECRETS = (TOKEN, "6281200000101", "6281200001708", "9165816")


def channel(
    name: str = "sms",
    api_url: str = "http://127.0.0.1:1",
    *,
    number: str = "",
    service: str = "",
    sid: str = SID,
    token: str = TOKEN,
    public_url: str = PUBLIC,
    timeout: float = 5,
) -> TwilioSms | TwilioWhatsapp:
    twilio = {"number": number, "messaging_service_sid": service, "api_url": api_url}
    account = {"account_sid": sid, "auth_token": token, "public_url": public_url}
    if name == "sms":
        sms = channel_settings.Twilio.model_validate(twilio)
        return TwilioSms(sms, **account, timeout=timeout, clock=lambda: NOON)
    whatsapp = channel_settings.Whatsapp.model_validate(
        twilio | {"templates": {}, "mark_read": False}
    )
    return TwilioWhatsapp(whatsapp, **account, timeout=timeout, clock=lambda: NOON)


def signature(url: str, form: dict[str, str]) -> str:
    """Written from Twilio's description, so that a fault of ours cannot hide in its library."""
    text = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(TOKEN.encode(), text.encode(), hashlib.sha1).digest()).decode()


def webhook(case: dict[str, Any]) -> WebhookRequest:
    url = case.get("signed_url") or PUBLIC + case["path"]
    if case["query"]:
        url += "?" + case["query"]
    fields = case["form"]
    body = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in fields.items())
    return WebhookRequest(
        path=case["path"],
        query=case["query"],
        headers={"x-twilio-signature": signature(url, fields), **case["headers"]},
        body=body.encode(),
    )


def outcome(adapter: ChannelAdapter, request: WebhookRequest) -> dict[str, Any]:
    try:
        adapter.verify(request)
        parsed = adapter.parse(request)
    except SignatureInvalid as error:
        return {"refused": str(error)}
    except ValueError as error:
        return {"error": str(error)}
    if isinstance(parsed, Ignored):
        return {"ignored": parsed.reason}
    if isinstance(parsed, Envelope):
        assert parsed.received_at == NOON
        assert parsed.part is None  # Twilio joins what came in parts
    fields = {name: value for name, value in asdict(parsed).items() if name != "received_at"}
    fields = {name: value for name, value in fields.items() if value or name == "text"}
    kind = "envelope" if isinstance(parsed, Envelope) else "receipt"
    return {kind: json.loads(json.dumps(fields))}


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_recorded_webhook(path: Path):
    case = json.loads(path.read_text(encoding="utf-8"))
    adapter = channel(path.parent.name)
    expected = json.loads(json.dumps(case["expect"]))
    if "receipt" in expected:
        expected["receipt"].setdefault("provider_id", "")
    for _ in range(2):  # every provider repeats itself sooner or later
        assert outcome(adapter, webhook(case["request"])) == expected


@pytest.mark.parametrize("name", ADAPTERS)
def test_without_credentials_nothing_is_genuine(name: str):
    form = {"MessageSid": "SM1", "AccountSid": "", "From": "3636"}
    empty = base64.b64encode(hmac.new(b"", b"x", hashlib.sha1).digest()).decode()
    request = WebhookRequest(
        path=f"/in/{name}",
        headers={"x-twilio-signature": empty},
        body=b"&".join(f"{key}={value}".encode() for key, value in form.items()),
    )
    for adapter in (channel(name, token=""), channel(name, sid="", token="")):
        with pytest.raises(SignatureInvalid, match="credentials"):
            adapter.verify(request)


def test_a_public_url_with_path_and_slash_is_part_of_the_signature():
    public = "https://gateway.example.go.id/lapor/"
    form = {"MessageSid": "SM1", "AccountSid": SID, "From": "3636", "To": "1708", "Body": "x"}
    signed = signature("https://gateway.example.go.id/lapor/in/sms", form)
    body = "&".join(f"{key}={value}" for key, value in form.items()).encode()
    request = WebhookRequest(path="/in/sms", headers={"x-twilio-signature": signed}, body=body)
    channel(public_url=public).verify(request)


def test_a_body_that_is_not_utf8_is_malformed():
    request = WebhookRequest(
        path="/in/sms", headers={"x-twilio-signature": "x"}, body=b"Body=%FF&From=\xff"
    )
    with pytest.raises(ValueError, match="utf-8"):
        channel().verify(request)


@pytest.mark.parametrize("name", ADAPTERS)
def test_twilio_is_told_to_do_nothing_more(name: str):
    assert channel(name).ack == Ack("<Response/>", status=200, content_type="text/xml")


@pytest.mark.parametrize(
    ("written", "one_spelling"),
    [
        ("+6281200000101", "+6281200000101"),
        ("6281200000101", "+6281200000101"),
        ("081200000101", "+6281200000101"),
        ("006281200000101", "+6281200000101"),
        ("+62 812-0000-0101", "+6281200000101"),
        ("0812 0000 0101", "+6281200000101"),
        ("(021) 3456789", "+62213456789"),
        ("+6591234567", "+6591234567"),
        ("6591234567", "+6591234567"),
        ("00852 5123 4567", "+85251234567"),
        ("1708", "1708"),
        ("3636", "3636"),
        ("99999999999999", "99999999999999"),
        ("TOKO CONTOH", "TOKO CONTOH"),
        ("", ""),
    ],
)
def test_a_number_has_one_spelling(written: str, one_spelling: str):
    assert e164(written) == one_spelling
    assert e164(one_spelling) == one_spelling


# --- what goes out -------------------------------------------------------------------------------


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider(accounts={SID: TOKEN}) as provider:
        yield provider


@pytest.mark.parametrize(
    ("name", "config", "expected"),
    [
        (
            "sms",
            {"number": "1708"},
            {"To": "+6281200000101", "From": "1708"},
        ),
        (
            "sms",
            {"number": "1708", "service": "MG00000000000000000000000000001708"},
            {"To": "+6281200000101", "MessagingServiceSid": "MG00000000000000000000000000001708"},
        ),
        (
            "sms",
            {},
            {"To": "+6281200000101", "From": "+6281200001708"},
        ),
        (
            "whatsapp",
            {"number": "+6281200001708"},
            {
                "To": "whatsapp:+6281200000101",
                "From": "whatsapp:+6281200001708",
                "Body": "Laporan *9165816* diterima. Cek: STATUS 9165816",
            },
        ),
    ],
    ids=["number", "messaging service", "number the citizen wrote to", "whatsapp"],
)
def test_a_reply_as_twilio_receives_it(
    provider: Provider, name: str, config: dict[str, str], expected: dict[str, str]
):
    adapter = channel(name, provider.url, **config)
    assert adapter.send(REPLY) == "SM00000000000000000000000000000001"
    (request,) = provider.requests
    assert (request.method, request.path) == (
        "POST",
        f"/2010-04-01/Accounts/{SID}/Messages.json",
    )
    assert request.form == {
        "Body": "Laporan 9165816 diterima. Cek: STATUS 9165816",
        "StatusCallback": f"https://lapor.example.go.id/in/{name}/receipt/41",
        **expected,
    }
    assert request.query == {}


def test_text_arrives_as_written(provider: Provider):
    text = "Baris 1\nBaris 2 & 100% + “kutip” 🙏"
    channel("whatsapp", provider.url, number="1708").send(
        Outgoing(id=1, recipient="+6281200000101", text=text)
    )
    assert provider.requests[0].form["Body"] == text


def test_an_sms_is_sent_in_the_cheap_alphabet_with_its_choices(provider: Provider):
    choices = (Button("a", "Kota Bandung"), Button("b", "Kab. Bandung"))
    reply = replace(REPLY, text="“Jl. Contoh” – yang mana? 🙏", buttons=choices)
    adapter = channel("sms", provider.url, number="1708")
    adapter.send(reply)
    sent = '"Jl. Contoh" - yang mana?\n1. Kota Bandung\n2. Kab. Bandung'
    assert provider.requests[0].form["Body"] == sent
    assert adapter.segments("a" * 161) == 2


LONG = replace(REPLY, text=("laporan " * 210).strip())  # eleven segments


def test_a_reply_of_more_than_ten_segments_goes_as_two_messages(provider: Provider):
    assert channel("sms", provider.url, number="1708").send(LONG) == f"SM{2:032x}"
    first, last = (request.form for request in provider.requests)
    words = (
        first["Body"].removeprefix("(1/2) ").split() + last["Body"].removeprefix("(2/2) ").split()
    )
    assert words == ["laporan"] * 210
    base = "https://lapor.example.go.id/in/sms/receipt/41"
    assert [first["StatusCallback"], last["StatusCallback"]] == [
        f"{base}?part=1-2",
        f"{base}?part=2-2",
    ]


PARTLY: dict[str, tuple[Reaction, str]] = {
    "refused": (refusal(429, 20429), "part_2_of_2:20429"),
    "no answer": (Close(), "part_2_of_2:ProtocolError"),
}


@pytest.mark.parametrize(("reaction", "code"), PARTLY.values(), ids=PARTLY.keys())
def test_once_a_part_is_out_any_end_leaves_a_doubt(
    provider: Provider, reaction: Reaction, code: str
):
    """To try again would say the first part twice, and nobody but a person knows the rest."""
    provider.script(created_by_twilio(), reaction)
    error = failed(channel("sms", provider.url, number="1708", timeout=0.5), LONG)
    assert (error.failure, error.code) == (Failure.UNCERTAIN, code)
    assert len(provider.requests) == 2


def test_a_first_part_that_is_refused_is_as_any_refusal(provider: Provider):
    provider.script(refusal(429, 20429))
    error = failed(channel("sms", provider.url, number="1708"), LONG)
    assert (error.failure, error.code) == (Failure.RETRY, "20429")
    assert len(provider.requests) == 1


def created_by_twilio() -> Answer:
    return Answer(201, json.dumps({"sid": f"SM{1:032x}"}))


HTML = Answer(502, "<html>Bad Gateway</html>", {"Content-Type": "text/html"})
ENDS: dict[str, tuple[Reaction, Failure, str]] = {
    "unsubscribed": (refusal(400, 21610), Failure.BLOCKED, "21610"),
    "blocked us on whatsapp": (refusal(400, 63014), Failure.BLOCKED, "63014"),
    "no phone number": (refusal(400, 21211), Failure.REJECTED, "21211"),
    "landline": (refusal(400, 21614), Failure.REJECTED, "21614"),
    "outside the 24 hours": (refusal(400, 63016), Failure.CLOSED, "63016"),
    "limited by Meta": (refusal(400, 63049), Failure.CLOSED, "63049"),
    "not on whatsapp": (refusal(400, 63003), Failure.REJECTED, "63003"),
    "wrong token": (refusal(401, 20003), Failure.CONFIG, "20003"),
    "sender is not ours": (refusal(400, 21606), Failure.CONFIG, "21606"),
    "sender is no twilio number": (refusal(400, 21659), Failure.CONFIG, "21659"),
    "country switched off": (refusal(400, 21408), Failure.CONFIG, "21408"),
    "too fast, said with 400": (refusal(400, 20429), Failure.RETRY, "20429"),
    "queue of the sender is full": (refusal(400, 21611), Failure.RETRY, "21611"),
    "a code of next year": (refusal(400, 29999), Failure.REJECTED, "29999"),
    "a code of next year, 429": (refusal(429, 29998), Failure.RETRY, "29998"),
    "429 without a body": (Answer(429), Failure.RETRY, "HTTP 429"),
    "500": (refusal(500, 20500), Failure.RETRY, "20500"),
    "502 of an edge": (HTML, Failure.RETRY, "HTTP 502"),
    "503 with a list for a body": (Answer(503, "[1]"), Failure.RETRY, "HTTP 503"),
    "504: the edge waited in vain": (Answer(504), Failure.UNCERTAIN, "HTTP 504"),
    "404 without a code": (Answer(404, "Unknown request."), Failure.CONFIG, "HTTP 404"),
    "moved elsewhere": (
        Answer(308, "", {"Location": "/elsewhere"}),
        Failure.CONFIG,
        "HTTP 308",
    ),
    "closed before an answer": (Close(), Failure.UNCERTAIN, "ProtocolError"),
    "closed amid the answer": (
        Close(b"HTTP/1.1 201 Created\r\nContent-Length: 90\r\n\r\n{"),
        Failure.UNCERTAIN,
        "ProtocolError",
    ),
    "an answer that is no HTTP": (Close(b"SSH-2.0\r\n"), Failure.UNCERTAIN, "ProtocolError"),
    "silence": (Hang(), Failure.UNCERTAIN, "ReadTimeoutError"),
    "201 without JSON": (Answer(201, "OK"), Failure.UNCERTAIN, "unexpected answer"),
    "201 with a list": (Answer(201, "[]"), Failure.UNCERTAIN, "unexpected answer"),
    "201 without a sid": (Answer(201, "{}"), Failure.UNCERTAIN, "unexpected answer"),
}


def failed(adapter: ChannelAdapter, reply: Outgoing = REPLY) -> SendError:
    with pytest.raises(SendError) as caught:
        adapter.send(reply)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert not [secret for secret in SECRETS if secret in shown]
    return caught.value


@pytest.mark.parametrize(("reaction", "failure", "code"), ENDS.values(), ids=ENDS.keys())
def test_how_a_send_may_end(provider: Provider, reaction: Reaction, failure: Failure, code: str):
    provider.script(reaction)
    adapter = channel("sms", provider.url, number="1708", timeout=0.3)
    error = failed(adapter)
    assert (error.failure, error.code) == (failure, code)
    assert len(provider.requests) == 1  # the retry is the outbox's, never ours
    assert adapter.send(REPLY)  # and the next one is not the worse for it


def test_refused_connection_may_be_tried_again(provider: Provider):
    provider.refuse()
    error = failed(channel("sms", provider.url, number="1708"))
    assert (error.failure, error.code) == (Failure.RETRY, "ConnectionRefusedError")


def test_failed_tls_handshake_may_be_tried_again(provider: Provider):
    secure = provider.url.replace("http://", "https://")
    error = failed(channel("sms", secure, number="1708", timeout=0.3))
    assert (error.failure, error.code) == (Failure.RETRY, "TimeoutError")
    assert provider.requests == []


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("86400", 3600.0),
        ("soon", None),
        (format_datetime(datetime(2020, 1, 1, tzinfo=UTC), usegmt=True), 0.0),
    ],
)
def test_retry_after(provider: Provider, header: str, seconds: float | None):
    provider.script(refusal(429, 20429, Retry_After=header))
    error = failed(channel("sms", provider.url, number="1708"))
    assert (error.failure, error.code, error.retry_after) == (Failure.RETRY, "20429", seconds)


def test_wrong_token_is_an_operators_matter(provider: Provider):
    error = failed(channel("sms", provider.url, number="1708", token="another"))
    assert (error.failure, error.code) == (Failure.CONFIG, "20003")


@pytest.mark.parametrize(
    ("config", "code"),
    [({"token": ""}, "no credentials"), ({"sid": ""}, "no credentials"), ({}, "no sender")],
)
def test_what_is_not_configured_is_not_sent(provider: Provider, config: dict[str, str], code: str):
    reply = Outgoing(id=1, recipient="+6281200000101", text="x")
    error = failed(channel("sms", provider.url, **config), reply)
    assert (error.failure, error.code) == (Failure.CONFIG, code)
    assert provider.requests == []


def test_sixteen_threads_share_the_connections(provider: Provider):
    adapter = channel("sms", provider.url, number="1708")
    replies = [Outgoing(id=n, recipient="+6281200000101", text=f"nomor {n}") for n in range(400)]
    with ThreadPoolExecutor(16) as pool:
        ids = list(pool.map(adapter.send, replies))
    assert len(set(ids)) == 400
    sent = {(r.form["StatusCallback"].rsplit("/")[-1], r.form["Body"]) for r in provider.requests}
    assert sent == {(str(n), f"nomor {n}") for n in range(400)}
    assert provider.connections <= 16


def test_a_connection_that_the_provider_closed_while_idle_is_replaced(provider: Provider):
    adapter = channel("sms", provider.url, number="1708")
    adapter.send(REPLY)
    provider.drop_idle()
    adapter.send(REPLY)
    assert provider.connections == 2


def test_nothing_of_a_send_is_logged(provider: Provider, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    channel("sms", provider.url, number="1708").send(REPLY)
    assert not [secret for secret in SECRETS if secret in caplog.text]


# --- lapor doctor --------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["1708", "+6281200001708"])
def test_check_is_silent_when_all_is_well(provider: Provider, number: str):
    assert channel("sms", provider.url, number=number).check() is None
    assert provider.requests[0].path == f"/2010-04-01/Accounts/{SID}.json"


@pytest.mark.parametrize(
    ("reaction", "config", "sentence"),
    [
        (None, {"token": ""}, "TWILIO_ACCOUNT_SID or TWILIO_AUTH_TOKEN is not set."),
        (
            None,
            {"number": ""},
            "channels.sms: set number or messaging_service_sid to send replies.",
        ),
        (None, {"token": "no"}, "Twilio refuses the account SID or the auth token (20003)."),
        (
            None,
            {"number": "LAPOR 1708"},
            "channels.sms: nobody can answer the sender name LAPOR 1708, and every reply asks for "
            "answers: set a short code or a number.",
        ),
        (Answer(503), {}, "Twilio does not answer at {url} (HTTP 503)."),
        (Answer(200, "<html>"), {}, "What answers at {url} is not Twilio."),
        (Answer(200, '{"status": "suspended"}'), {}, "The Twilio account is suspended."),
    ],
)
def test_check_says_what_to_do(
    provider: Provider, reaction: Reaction | None, config: dict[str, str], sentence: str
):
    if reaction:
        provider.script(reaction)
    adapter = channel("sms", provider.url, **{"number": "1708", **config})
    assert adapter.check() == sentence.format(url=provider.url)


def test_the_adapters_are_what_the_gateway_asks_for():
    adapters: list[ChannelAdapter] = [channel("sms"), channel("whatsapp")]
    assert [(adapter.name, adapter.max_text) for adapter in adapters] == [
        ("sms", 16000),
        ("whatsapp", 16000),
    ]
