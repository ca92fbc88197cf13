"""Telegram: every recorded update, what we make of it and what its webhook is answered."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.channels.base import SignatureInvalid, WebhookRequest
from gateway.channels.console import Console
from gateway.channels.telegram import Telegram
from parsers.messages import Envelope, Ignored, Membership, Outgoing

FIXTURES = sorted((Path(__file__).parent / "fixtures" / "telegram").glob("*.json"))
SECRET = "webhook-secret-of-the-test"
NOON = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def telegram() -> Telegram:
    """Nobody is at its address: what it does besides answering a webhook fails, unseen."""
    return Telegram(
        token="1708000000:token-of-the-test",
        secret=SECRET,
        api_url="http://127.0.0.1:1/bot",
        timeout_seconds=1,
        clock=lambda: NOON,
    )


def fields(envelope: Envelope) -> dict[str, Any]:
    values = asdict(envelope)
    values["received_at"] = envelope.received_at.isoformat()
    values["media"] = list(values["media"])
    return {name: value for name, value in values.items() if value or name == "text"}


def seen_of(case: dict[str, Any]) -> dict[str, Any]:
    request, adapter = WebhookRequest(body=json.dumps(case["update"]).encode()), telegram()
    try:
        parsed = adapter.parse(request)
    except ValueError as error:
        return {"error": str(error)}
    seen: dict[str, Any] = {}
    match parsed:
        case Envelope():
            seen["envelope"] = fields(parsed)
        case Membership():
            seen["membership"] = asdict(parsed)
        case Ignored(reason):
            seen["ignored"] = reason
    ack = adapter.ack_to(request)
    adapter.close()
    if ack.body:
        assert (ack.status, ack.content_type) == (200, "application/json")
        seen["answer"] = json.loads(ack.body)
    else:
        assert ack.status == 204
    return seen


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_update(path: Path):
    case = json.loads(path.read_text(encoding="utf-8"))
    assert seen_of(case) == case["expect"]


@pytest.mark.parametrize(
    "body", [b"", b"not json", b"{", b"\xff\xfe", b"null", b"[]", b"12"], ids=repr
)
def test_a_body_that_is_no_update_is_malformed(body: bytes):
    with pytest.raises(ValueError, match=r".+"):
        telegram().parse(WebhookRequest(body=body))


def test_a_pin_of_nan_is_no_pin():
    body = (
        b'{"update_id": 1, "message": {"message_id": 2, "date": 1767587400, "chat": {"id": 3},'
        b' "location": {"latitude": NaN, "longitude": 107.6}}}'
    )
    parsed = telegram().parse(WebhookRequest(body=body))
    assert isinstance(parsed, Envelope)
    assert parsed.location is None


@pytest.mark.parametrize(
    ("headers", "complaint"),
    [
        ({}, "secret token is missing"),
        ({"x-telegram-bot-api-secret-token": ""}, "secret token is missing"),
        ({"x-telegram-bot-api-secret-token": SECRET[:-1]}, "secret token differs"),
        ({"x-telegram-bot-api-secret-token": SECRET.upper()}, "secret token differs"),
        ({"x-telegram-bot-api-secret-token": "s\u00ebcret"}, "secret token differs"),
    ],
)
def test_a_webhook_without_our_secret_is_refused(headers: dict[str, str], complaint: str):
    with pytest.raises(SignatureInvalid, match=complaint):
        telegram().verify(WebhookRequest(headers=headers))


def test_a_webhook_with_our_secret_is_genuine():
    telegram().verify(WebhookRequest(headers={"x-telegram-bot-api-secret-token": SECRET}))


def test_without_a_configured_secret_nothing_is_genuine():
    open_door = Telegram(
        token="1708:x", secret="", api_url="http://127.0.0.1:1/bot", timeout_seconds=1
    )
    for headers in ({}, {"x-telegram-bot-api-secret-token": ""}):
        with pytest.raises(SignatureInvalid, match="no webhook secret"):
            open_door.verify(WebhookRequest(headers=headers))


# --- the channel without a provider --------------------------------------------------------------


def test_console_lets_nothing_in_and_keeps_nothing():
    console = Console("sms", 1600)
    with pytest.raises(SignatureInvalid, match="sms has no provider"):
        console.verify(WebhookRequest())
    with pytest.raises(ValueError, match="sms has no provider"):
        console.parse(WebhookRequest(body=b"Body=halo"))
    assert console.send(Outgoing(id=5, recipient="+6281200000101", text="Halo")) == "console-5"
    assert console.check() == "sms has no credentials: it runs in the simulator only."
    assert (console.name, console.max_text) == ("sms", 1600)
