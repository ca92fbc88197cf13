"""Kannel: every recorded webhook, and every way a send may end."""

import json
import logging
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import pytest

from gateway import channel_settings
from gateway.channels.base import Ack, ChannelAdapter, SendError, SignatureInvalid, WebhookRequest
from gateway.channels.gsm7 import is_gsm7
from gateway.channels.kannel import Kannel
from gateway.spool import Spool
from parsers.messages import Button, Envelope, Failure, Ignored, Outgoing
from tests.provider import Answer, Close, Hang, Provider, Reaction

FIXTURES = sorted((Path(__file__).parent / "fixtures" / "kannel").glob("*.json"))
SECRET = "kannel-secret-of-the-test"
PASSWORD = "sendsms-password-of-the-test"
NOON = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
REPLY = Outgoing(id=43, recipient="+6281200000101", text="Laporan 9165816 diterima", origin="1709")
SECRETS = (SECRET, PASSWORD, "6281200000101", "9165816")


def channel(
    sendsms_url: str = "",
    *,
    sender: str = "1708",
    smsc: str = "",
    secret: str = SECRET,
    password: str = PASSWORD,
    concatenates: bool = True,
    answer_in_http: bool = False,
    timeout: float = 5,
) -> Kannel:
    config = channel_settings.Kannel(
        sendsms_url=sendsms_url,
        username="lapor1708",
        sender=sender,
        smsc=smsc,
        concatenates=concatenates,
        allowed_sources=(ip_network("127.0.0.0/8"), ip_network("::1/128")),
        answer_in_http=answer_in_http,
        answer_wait_seconds=3,
    )
    return Kannel(
        config,
        secret=secret,
        password=password,
        public_url="https://lapor.example.go.id/",
        timeout=timeout,
        clock=lambda: NOON,
    )


def webhook(case: dict[str, Any]) -> WebhookRequest:
    body = bytes.fromhex(case["body_hex"]) if "body_hex" in case else case.get("body", "").encode()
    return WebhookRequest(
        method=case["method"],
        path=case["path"],
        query=case["query"],
        headers=case["headers"],
        body=body,
        remote_addr=case["remote_addr"],
    )


def message(query: str) -> Envelope:
    request = WebhookRequest(method="GET", path="/in/kannel", query=query, remote_addr="127.0.0.1")
    parsed = channel().parse(request)
    assert isinstance(parsed, Envelope)
    return parsed


def outcome(adapter: Kannel, request: WebhookRequest) -> dict[str, Any]:
    try:
        adapter.verify(request)
        parsed = adapter.parse(request)
    except SignatureInvalid as error:
        return {"refused": str(error)}
    except ValueError as error:
        return {"error": str(error)}
    if isinstance(parsed, Ignored):
        return {"ignored": parsed.reason}
    fields = {name: value for name, value in asdict(parsed).items() if value or name == "text"}
    if isinstance(parsed, Envelope):
        fields["received_at"] = parsed.received_at.isoformat()
        return {"envelope": json.loads(json.dumps(fields))}
    return {"receipt": fields}


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_recorded_webhook(path: Path):
    case = json.loads(path.read_text(encoding="utf-8"))
    adapter = channel()
    for _ in range(2):  # smsbox repeats itself with http-request-retry
        assert outcome(adapter, webhook(case["request"])) == case["expect"]


def test_without_a_secret_nothing_is_genuine():
    request = WebhookRequest(query="secret=&from=3636&text=x&id=1", remote_addr="127.0.0.1")
    with pytest.raises(SignatureInvalid, match="KANNEL_SECRET"):
        channel(secret="").verify(request)


BASE = "from=%2B6281200000101&to=1708&"


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("text=STATUS&time=1772420645", "text=STATUS&time=1772420645", True),
        ("text=STATUS&time=1772420645", "text=STATUS&time=1772420646", False),
        ("text=STATUS&time=1772420645", "text=STATUS+1&time=1772420645", False),
        ("text=a&time=17724206451", "text=1a&time=1772420645", False),
        ("text=STATUS&time=1772420645&id=", "text=STATUS&time=1772420645", True),
        ("text=STATUS&time=1772420645&id=7", "text=STATUS&time=1772420645", False),
    ],
)
def test_a_message_without_an_id_is_known_by_sender_time_and_words(
    first: str, second: str, same: bool
):
    ids = {message(BASE + first).provider_id, message(BASE + second).provider_id}
    assert (len(ids) == 1) is same


def test_made_up_ids_of_two_people_differ():
    tail = "text=STATUS&time=1772420645"
    assert (
        message(f"from=%2B6281200000101&{tail}").provider_id
        != message(f"from=%2B6281200000102&{tail}").provider_id
    )


def test_a_part_is_the_same_after_it_waited_on_disk(tmp_path: Path):
    envelope = message(BASE + "text=di+jalan&id=7&udh=%05%00%03%2A%03%02")
    spool = Spool(tmp_path)
    spool.write([envelope])
    assert spool.read(spool.files()[0]) == ([envelope], True)
    assert (envelope.extra()["part"], envelope.extra()["series"]) == ([2, 3], "42")


# --- what goes out -------------------------------------------------------------------------------


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider(users={"lapor1708": PASSWORD}) as provider:
        yield provider


def test_a_reply_as_smsbox_receives_it(provider: Provider):
    assert channel(provider.sendsms_url).send(REPLY) == ""
    (request,) = provider.requests
    assert (request.method, request.path) == ("GET", "/cgi-bin/sendsms")
    assert request.query == {
        "username": "lapor1708",
        "password": PASSWORD,
        "from": "1708",
        "to": "+6281200000101",
        "text": "Laporan 9165816 diterima",
        "charset": "UTF-8",
        "dlr-mask": "31",
        "dlr-url": "https://lapor.example.go.id/in/kannel/receipt/43"
        "?secret=kannel-secret-of-the-test&type=%d",
    }


@pytest.mark.parametrize(
    ("text", "sent", "coding"),
    [
        ("Laporan diterima [9165816] ~ 5€\n", "Laporan diterima [9165816] ~ 5€\n", None),
        ("Café à la carte", "Café à la carte", None),
        ("Terima kasih 🙏", "Terima kasih", None),
        ("“Pasar Lama” – panjang", '"Pasar Lama" - panjang', None),
        ("ç `", "c '", None),
        ("", "", None),
        ("ꦩꦠꦸꦂ ꦤꦸꦮꦸꦤ꧀", "ꦩꦠꦸꦂ ꦤꦸꦮꦸꦤ꧀", "2"),
        ("“谢谢” 🙏", "“谢谢” 🙏", "2"),
    ],
)
def test_only_what_has_no_letters_in_gsm7_is_sent_as_unicode(
    provider: Provider, text: str, sent: str, coding: str | None
):
    channel(provider.sendsms_url).send(Outgoing(id=1, recipient="+6281200000101", text=text))
    query = provider.requests[0].query
    assert (query["text"], query["charset"], query.get("coding")) == (sent, "UTF-8", coding)
    assert "mclass" not in query  # a flash message would not be kept by the phone


def test_choices_are_numbered(provider: Provider):
    choices = (Button("a", "Kota Bandung"), Button("b", "Kab. Bandung"))
    channel(provider.sendsms_url).send(replace(REPLY, text="Yang mana?", buttons=choices))
    assert provider.requests[0].query["text"] == "Yang mana?\n1. Kota Bandung\n2. Kab. Bandung"


LONG = replace(REPLY, text=("laporan " * 35).strip())  # 279 characters


def test_kannel_joins_what_fits_ten_segments(provider: Provider):
    adapter = channel(provider.sendsms_url)
    adapter.send(LONG)
    assert [request.query["text"] for request in provider.requests] == [LONG.text]
    assert adapter.segments(LONG.text) == 2


def test_for_a_bind_that_joins_nothing_each_part_is_a_message(provider: Provider):
    adapter = channel(provider.sendsms_url, concatenates=False)
    adapter.send(LONG)
    first, last = (request.query for request in provider.requests)
    assert (first["text"][:13], last["text"][:13]) == ("(1/2) laporan", "(2/2) laporan")
    assert max(len(first["text"]), len(last["text"])) <= 160
    assert first["dlr-url"].endswith("&part=1-2&type=%d")
    assert last["dlr-url"].endswith("&part=2-2&type=%d")
    assert adapter.segments(LONG.text) == 2


def test_once_a_part_is_out_a_refusal_leaves_a_doubt(provider: Provider):
    adapter = channel(provider.sendsms_url, concatenates=False)
    provider.script(Answer(202, "0: Accepted for delivery"), Answer(503, "Temporal failure"))
    error = failed(adapter, LONG)
    assert (error.failure, error.code) == (Failure.UNCERTAIN, "part_2_of_2:HTTP 503")


def test_all_of_gsm7_is_gsm7():
    """Counted in 3GPP TS 23.038: 127 characters without the escape, and ten in the extension."""
    every = "".join(map(chr, range(0x2100)))
    assert sum(is_gsm7(character) for character in every) == 127 + 10


def test_route_and_sender(provider: Provider):
    channel(provider.sendsms_url, smsc="tsel", sender="").send(REPLY)
    query = provider.requests[0].query
    assert (query["smsc"], query["from"]) == ("tsel", "1709")


@pytest.mark.parametrize("secret", ["plain", "a%d%I&type=1", "kunci é?#/", "100%"])
def test_smsbox_gives_the_secret_back_as_it_is(provider: Provider, secret: str):
    """smsbox fills %d and the other escape codes of dlr-url; %% is a percent sign."""
    adapter = channel(provider.sendsms_url, secret=secret)
    adapter.send(REPLY)
    url = provider.requests[0].query["dlr-url"]
    filled = url.replace("%%", "\0").replace("%d", "8")
    assert "%" not in filled
    path, _, query = filled.replace("\0", "%").partition("?")
    request = WebhookRequest(
        method="GET",
        path=path.removeprefix("https://lapor.example.go.id"),
        query=query,
        remote_addr="127.0.0.1",
    )
    assert outcome(adapter, request) == {
        "receipt": {"channel": "kannel", "state": "accepted", "outbox_id": 43}
    }
    assert unquote_plus(query) == f"secret={secret}&type=8"


@pytest.mark.parametrize("said", ["0: Accepted for delivery", "3: Queued for later delivery"])
@pytest.mark.parametrize("status", [200, 202])
def test_taken(provider: Provider, said: str, status: int):
    provider.script(Answer(status, said))
    assert channel(provider.sendsms_url).send(REPLY) == ""


ENDS: dict[str, tuple[Reaction, Failure, str]] = {
    "wrong login": (
        Answer(403, "Authorization failed for sendsms"),
        Failure.CONFIG,
        "HTTP 403",
    ),
    "no route": (
        Answer(403, "Not routable. Do not try again."),
        Failure.REJECTED,
        "HTTP 403",
    ),
    "black list": (
        Answer(400, "Number(s) has/have been denied by white- and/or black-lists."),
        Failure.REJECTED,
        "HTTP 400",
    ),
    "wrong address": (Answer(404, "Unknown request."), Failure.CONFIG, "HTTP 404"),
    "for a while": (
        Answer(503, "Temporal failure, try again later."),
        Failure.RETRY,
        "HTTP 503",
    ),
    "sending failed": (Answer(500, "Sending failed."), Failure.RETRY, "HTTP 500"),
    "too fast": (Answer(429, "", {"Retry-After": "4"}), Failure.RETRY, "HTTP 429"),
    "a proxy waited in vain": (Answer(504), Failure.UNCERTAIN, "HTTP 504"),
    "not Kannel at all": (Answer(200, "<html>Welcome"), Failure.UNCERTAIN, "unexpected answer"),
    "closed before an answer": (Close(), Failure.UNCERTAIN, "ProtocolError"),
    "silence": (Hang(), Failure.UNCERTAIN, "ReadTimeoutError"),
}


def failed(adapter: Kannel, reply: Outgoing = REPLY) -> SendError:
    with pytest.raises(SendError) as caught:
        adapter.send(reply)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert not [secret for secret in SECRETS if secret in shown]
    return caught.value


@pytest.mark.parametrize(("reaction", "failure", "code"), ENDS.values(), ids=ENDS.keys())
def test_how_a_send_may_end(provider: Provider, reaction: Reaction, failure: Failure, code: str):
    provider.script(reaction)
    adapter = channel(provider.sendsms_url, timeout=0.3)
    error = failed(adapter)
    assert (error.failure, error.code) == (failure, code)
    assert error.retry_after == (4.0 if code == "HTTP 429" else None)
    assert len(provider.requests) == 1
    assert adapter.send(REPLY) == ""


def test_refused_connection_may_be_tried_again(provider: Provider):
    provider.refuse()
    error = failed(channel(provider.sendsms_url))
    assert (error.failure, error.code) == (Failure.RETRY, "ConnectionRefusedError")


@pytest.mark.parametrize("missing", ["sendsms_url", "password"])
def test_what_is_not_configured_is_not_sent(provider: Provider, missing: str):
    given = {"sendsms_url": provider.sendsms_url, "password": PASSWORD, missing: ""}
    error = failed(channel(**given))
    assert (error.failure, error.code) == (
        Failure.CONFIG,
        "no sendsms_url or KANNEL_PASSWORD",
    )
    assert provider.requests == []


def test_sixteen_threads_share_the_connections(provider: Provider):
    adapter = channel(provider.sendsms_url)
    replies = [Outgoing(id=n, recipient="+6281200000101", text=f"nomor {n}") for n in range(400)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(adapter.send, replies))
    assert sorted(int(request.query["text"].split()[1]) for request in provider.requests) == list(
        range(400)
    )
    assert provider.connections <= 16


def test_nothing_of_a_send_is_logged(provider: Provider, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    channel(provider.sendsms_url).send(REPLY)
    assert not [secret for secret in SECRETS if secret in caplog.text]


# --- the reply as the HTTP answer ----------------------------------------------------------------


def test_the_answer_to_smsbox_is_one_it_accepts():
    """Any status but 200 and 202 makes smsbox text the citizen "Could not fetch content"."""
    assert channel().ack == Ack("", status=202, content_type="text/plain")


def test_the_webhook_waits_for_the_reply_only_when_told_to():
    assert channel(answer_in_http=True).answer_wait == 3
    assert channel(answer_in_http=False).answer_wait == 0


def test_a_reply_in_the_answer():
    assert channel().answer("Laporan diterima") == Ack(
        "Laporan diterima", status=200, content_type="text/plain; charset=UTF-8"
    )
    assert channel().answer("ꦩꦠꦸꦂ ꦤꦸꦮꦸꦤ꧀") is None
    assert channel(concatenates=False).answer("Jalan rusak " * 14) is None


# --- lapor doctor --------------------------------------------------------------------------------


def test_check_is_silent_when_all_is_well_and_sends_nothing(provider: Provider):
    assert channel(provider.sendsms_url).check() is None
    assert provider.requests[0].query == {"username": "lapor1708", "password": PASSWORD}


@pytest.mark.parametrize(
    ("reaction", "config", "sentence"),
    [
        (None, {"secret": ""}, "KANNEL_SECRET or KANNEL_PASSWORD is not set."),
        (None, {"password": "no"}, "Kannel refuses the username, the password or our address."),
        (
            Answer(404, "Unknown request."),
            {},
            "sendsms_url answers 404: it is no sendsms of Kannel.",
        ),
        (Close(), {}, "Kannel's smsbox does not answer at sendsms_url (ProtocolError)."),
    ],
)
def test_check_says_what_to_do(
    provider: Provider, reaction: Reaction | None, config: dict[str, str], sentence: str
):
    if reaction:
        provider.script(reaction)
    assert channel(provider.sendsms_url, **config).check() == sentence


def test_the_adapter_is_what_the_gateway_asks_for():
    adapter: ChannelAdapter = channel()
    assert (adapter.name, adapter.max_text) == ("kannel", 16000)
    adapter.close()
