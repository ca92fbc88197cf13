"""Telegram: every recorded update, every way a send may end, and long polling."""

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session
from structlog.testing import capture_logs

from gateway.channels.base import SendError, SignatureInvalid, WebhookRequest
from gateway.channels.console import Console
from gateway.channels.telegram import SILENT_LOGGERS, Telegram
from gateway.channels.telegram_poll import poll
from gateway.settings import ROOT
from parsers.messages import Envelope, Failure, Ignored, Outgoing
from store import inbox
from store.db import open_engine
from tests.live import write_config
from tests.provider import Answer, Close, Hang, Provider, Reaction, Request

FIXTURES = sorted((Path(__file__).parent / "fixtures" / "telegram").glob("*.json"))
TOKEN = "1708:token-of-the-test"
SECRET = "webhook-secret-of-the-test"
NOON = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SENT = {
    "ok": True,
    "result": {
        "message_id": 77,
        "date": 1767587400,
        "chat": {"id": 812000001, "type": "private", "first_name": "Sari"},
        "from": {"id": 1708000000, "is_bot": True, "first_name": "1708"},
        "text": "Laporan diterima.",
    },
}
ME = {"ok": True, "result": {"id": 1708000000, "is_bot": True, "first_name": "1708"}}
REPLY = Outgoing(id=5, recipient="812000001", text="Laporan *9165816* diterima_ <b>hari ini</b>")


def answer(status: int, body: object) -> Answer:
    return Answer(status, json.dumps(body), {"Content-Type": "application/json"})


def refused(status: int, words: str, **parameters: object) -> Answer:
    """https://core.telegram.org/bots/api#making-requests"""
    body: dict[str, object] = {"ok": False, "error_code": status, "description": words}
    return answer(status, {**body, "parameters": parameters} if parameters else body)


def telegram(api_url: str = "http://127.0.0.1:1/bot", timeout_seconds: float = 5) -> Telegram:
    return Telegram(
        token=TOKEN,
        secret=SECRET,
        api_url=api_url,
        timeout_seconds=timeout_seconds,
        clock=lambda: NOON,
    )


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as provider:
        provider.routes["POST", f"/bot{TOKEN}/sendMessage"] = answer(200, SENT)
        provider.routes["POST", f"/bot{TOKEN}/getMe"] = answer(200, ME)
        yield provider


@pytest.fixture
def adapter(provider: Provider) -> Iterator[Telegram]:
    adapter = telegram(f"{provider.url}/bot")
    yield adapter
    adapter.close()


# --- what comes in -------------------------------------------------------------------------------


def fields(envelope: Envelope) -> dict[str, Any]:
    values = asdict(envelope)
    values["received_at"] = envelope.received_at.isoformat()
    values["media"] = list(values["media"])
    return {name: value for name, value in values.items() if value or name == "text"}


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_update(path: Path):
    case = json.loads(path.read_text(encoding="utf-8"))
    request = WebhookRequest(body=json.dumps(case["update"]).encode())
    try:
        parsed = telegram().parse(request)
    except ValueError as error:
        seen: dict[str, Any] = {"error": str(error)}
    else:
        seen = (
            {"ignored": parsed.reason}
            if isinstance(parsed, Ignored)
            else {"envelope": fields(parsed)}
        )
    assert seen == case["expect"]


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
        token=TOKEN, secret="", api_url="http://127.0.0.1:1/bot", timeout_seconds=1
    )
    for headers in ({}, {"x-telegram-bot-api-secret-token": ""}):
        with pytest.raises(SignatureInvalid, match="no webhook secret"):
            open_door.verify(WebhookRequest(headers=headers))


# --- what goes out -------------------------------------------------------------------------------


def test_a_reply_goes_out_as_plain_text(provider: Provider, adapter: Telegram):
    assert adapter.send(REPLY) == "812000001:77"
    (request,) = provider.requests
    assert request.form == {
        "chat_id": "812000001",
        "text": "Laporan *9165816* diterima_ <b>hari ini</b>",
    }


def test_many_threads_share_few_connections(provider: Provider, adapter: Telegram):
    with ThreadPoolExecutor(4) as threads:
        sent = list(threads.map(lambda _: adapter.send(REPLY), range(40)))
    assert sent == ["812000001:77"] * 40
    assert len(provider.requests) == 40
    assert provider.connections <= 4


@pytest.mark.parametrize(
    ("reaction", "failure", "code", "retry_after"),
    [
        (refused(429, "Too Many Requests: retry after 7", retry_after=7), "retry", "flood", 7.0),
        (refused(429, "Too Many Requests"), "retry", "unavailable", None),
        (refused(500, "Internal Server Error"), "retry", "unavailable", None),
        (Answer(502, "<html>Bad Gateway</html>"), "retry", "unavailable", None),
        (refused(403, "Forbidden: bot was blocked by the user"), "blocked", "forbidden", None),
        (refused(403, "Forbidden: user is deactivated"), "blocked", "forbidden", None),
        (refused(401, "Unauthorized"), "config", "token", None),
        (refused(404, "Not Found"), "config", "token", None),
        (refused(400, "Bad Request: chat not found"), "rejected", "chat_not_found", None),
        (refused(400, "Bad Request: message is too long"), "rejected", "too_long", None),
        (refused(400, "Bad Request: message text is empty"), "rejected", "empty", None),
        (refused(400, "Bad Request: Sari Contoh"), "rejected", "bad_request", None),
        (
            refused(400, "Bad Request: group upgraded", migrate_to_chat_id=-1008120),
            "rejected",
            "chat_migrated",
            None,
        ),
        (Close(), "uncertain", "broken", None),
        (Close(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"), "uncertain", "broken", None),
        (Answer(200, "<html>a proxy's page</html>"), "uncertain", "answer", None),
        (answer(200, {"ok": True}), "uncertain", "answer", None),
        (answer(200, {"ok": True, "result": {}}), "uncertain", "answer", None),
    ],
)
def test_a_send_that_fails_says_what_to_do(
    provider: Provider,
    adapter: Telegram,
    reaction: Reaction,
    failure: str,
    code: str,
    retry_after: float | None,
):
    provider.script(reaction)
    with pytest.raises(SendError) as caught:
        adapter.send(REPLY)
    error = caught.value
    assert (error.failure, error.code, error.retry_after) == (failure, code, retry_after)
    assert adapter.send(REPLY) == "812000001:77"  # the next one is not harmed


def test_no_answer_in_time_is_uncertain(provider: Provider):
    provider.script(Hang())
    hasty = telegram(f"{provider.url}/bot", timeout_seconds=0.05)
    with ThreadPoolExecutor(1) as threads:
        error = threads.submit(hasty.send, REPLY).exception(3)
    hasty.close()
    assert isinstance(error, SendError)
    assert (error.failure, error.code) == (Failure.UNCERTAIN, "timeout")


def test_a_refused_connection_is_tried_again(provider: Provider, adapter: Telegram):
    provider.refuse()
    with pytest.raises(SendError) as caught:
        adapter.send(REPLY)
    assert (caught.value.failure, caught.value.code) == (Failure.RETRY, "connect")


def test_a_connection_that_was_closed_while_idle_harms_no_reply(
    provider: Provider, adapter: Telegram
):
    adapter.send(REPLY)
    provider.drop_idle()
    assert adapter.send(REPLY) == "812000001:77"


def test_closing_lets_a_waiting_send_end_as_uncertain(provider: Provider):
    asked = threading.Event()

    def hang(request: Request) -> Reaction:
        asked.set()
        return Hang()

    provider.routes["POST", f"/bot{TOKEN}/sendMessage"] = hang
    adapter = telegram(f"{provider.url}/bot", timeout_seconds=60)
    with ThreadPoolExecutor(1) as threads:
        sending = threads.submit(adapter.send, REPLY)
        assert asked.wait(10)
        adapter.close()
        error = sending.exception(10)
    assert isinstance(error, SendError)
    assert (error.failure, error.code) == (Failure.UNCERTAIN, "closing")


@pytest.mark.parametrize(
    ("recipient", "token", "api_url", "failure", "code"),
    [
        ("Sari", TOKEN, "http://127.0.0.1:1/bot", "rejected", "chat_id"),
        ("812000001", "", "http://127.0.0.1:1/bot", "config", "token"),
        ("812000001", "17:\n08", "http://127.0.0.1:1/bot", "config", "address"),
        ("812000001", TOKEN, "127.0.0.1:1/bot", "config", "address"),
    ],
)
def test_what_cannot_be_sent_at_all(
    recipient: str, token: str, api_url: str, failure: str, code: str
):
    adapter = Telegram(token=token, secret="", api_url=api_url, timeout_seconds=5)
    with pytest.raises(SendError) as caught:
        adapter.send(Outgoing(id=5, recipient=recipient, text="halo"))
    adapter.close()
    assert (caught.value.failure, caught.value.code) == (failure, code)


@pytest.mark.parametrize(
    "reaction",
    [refused(401, "Unauthorized"), refused(400, "Bad Request: Sari Contoh"), Close(), Hang()],
    ids=lambda reaction: type(reaction).__name__,
)
def test_neither_token_nor_text_is_in_an_error_or_a_log(
    provider: Provider, reaction: Reaction, caplog: pytest.LogCaptureFixture
):
    levels = {name: logging.getLogger(name).level for name in SILENT_LOGGERS}
    caplog.set_level(logging.DEBUG)
    for name in SILENT_LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    provider.script(reaction, Answer(200, "Laporan <b>hari ini</b> is not JSON"))
    adapter = telegram(f"{provider.url}/bot", timeout_seconds=0.2)
    said = []
    for _ in range(2):
        with pytest.raises(SendError) as caught:
            adapter.send(REPLY)
        said.append(f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}")
    adapter.close()
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    for secret in (TOKEN, "Sari", "Laporan", "812000001"):
        assert secret not in "".join(said) + caplog.text


def test_check_says_nothing_when_the_token_works(adapter: Telegram):
    assert adapter.check() is None


@pytest.mark.parametrize(
    ("reaction", "words"),
    [(refused(401, "Unauthorized"), "refuses"), (refused(502, "Bad Gateway"), "cannot be reached")],
)
def test_check_says_what_is_wrong(
    provider: Provider, adapter: Telegram, reaction: Reaction, words: str
):
    provider.script(reaction)
    sentence = adapter.check()
    assert sentence is not None
    assert words in sentence
    assert TOKEN not in sentence


def test_registering_the_webhook_gives_telegram_our_secret(provider: Provider, adapter: Telegram):
    path = f"/bot{TOKEN}/setWebhook"
    provider.routes["POST", path] = answer(200, {"ok": True, "result": True})
    adapter.register("https://1708.example/in/telegram")
    (request,) = provider.requests
    form = request.form
    assert form["url"] == "https://1708.example/in/telegram"
    assert form["secret_token"] == SECRET
    assert json.loads(form["allowed_updates"]) == [
        "message",
        "edited_message",
        "callback_query",
        "my_chat_member",
    ]


# --- long polling --------------------------------------------------------------------------------


def update(number: int, text: str) -> dict[str, object]:
    chat = {"id": 812000001, "type": "private", "first_name": "Sari"}
    message = {"message_id": number, "date": 1767587400, "chat": chat, "text": text}
    return {"update_id": number, "message": message}


class BotApi:
    """Keeps updates as Telegram does: one is forgotten once a higher offset was asked for."""

    def __init__(self, provider: Provider, *waiting: dict[str, object]) -> None:
        self.waiting = {int(str(item["update_id"])): item for item in waiting}
        self.offsets: list[int] = []
        self.drained = threading.Event()
        provider.routes["POST", f"/bot{TOKEN}/getUpdates"] = self.answer

    def answer(self, request: Request) -> Reaction:
        offset = int(request.query["offset"])
        self.offsets.append(offset)
        self.waiting = {key: item for key, item in self.waiting.items() if key >= offset}
        if self.waiting:
            return answer(200, {"ok": True, "result": list(self.waiting.values())})
        self.drained.set()
        return Hang()


def run_poller(
    provider: Provider, api: BotApi, take: Callable[[Envelope], None]
) -> list[dict[str, Any]]:
    """Poll until Telegram has nothing left, then stop; returns the log."""
    stop = threading.Event()
    with capture_logs() as log, ThreadPoolExecutor(1) as threads:
        running = threads.submit(
            poll, TOKEN, f"{provider.url}/bot", take, stop, pause_seconds=0.001
        )
        drained = api.drained.wait(20)
        stop.set()
        running.result(5)  # at once, although a request is being held open
    assert drained
    return [dict(line) for line in log]


def test_polling_takes_each_update_once_and_then_confirms_it(provider: Provider):
    api = BotApi(provider, update(11, "satu"), update(12, "dua"), update(14, "tiga"))
    texts: list[str] = []
    log = run_poller(provider, api, lambda envelope: texts.append(envelope.text))
    assert texts == ["satu", "dua", "tiga"]
    assert api.offsets == [0, 15]
    assert log == []


def test_an_update_is_not_confirmed_before_it_is_durable(provider: Provider):
    api = BotApi(provider, update(11, "satu"), update(12, "dua"), update(13, "tiga"))
    texts: list[str] = []
    refusals = iter([True, True])

    def take(envelope: Envelope) -> None:
        if envelope.text == "dua" and next(refusals, False):
            raise OSError("disk full")
        texts.append(envelope.text)

    log = run_poller(provider, api, take)
    assert texts == ["satu", "dua", "tiga"]  # in order, none twice, none lost
    assert api.offsets == [0, 12, 12, 14]
    assert [line["event"] for line in log] == [
        "telegram_polling_failed",
        "telegram_polling_recovered",
    ]
    assert log[0]["error"] == "OSError"


def test_a_malformed_update_does_not_stop_the_next(provider: Provider):
    broken: dict[str, object] = {"update_id": 11, "message": {"text": "tanpa chat"}}
    foreign: dict[str, object] = {"update_id": 12, "poll": {"id": "1"}}
    api = BotApi(provider, broken, foreign, update(13, "utuh"))
    texts: list[str] = []
    log = run_poller(provider, api, lambda envelope: texts.append(envelope.text))
    assert texts == ["utuh"]
    assert [line["event"] for line in log] == ["telegram_update_malformed", "ignored"]
    assert log[1]["reason"] == "telegram update: poll"


@pytest.mark.parametrize(
    ("reactions", "error"),
    [
        ([refused(502, "Bad Gateway")] * 3, "NetworkError"),
        ([Close()] * 3, "RemoteProtocolError"),
        ([answer(200, {"ok": True, "result": "odd"})], "ValueError"),
        ([refused(429, "Too Many Requests: retry after 1", retry_after=1)], "RetryAfter"),
        ([refused(401, "Unauthorized")], "InvalidToken"),
        ([refused(409, "Conflict: terminated by other getUpdates request")], "Conflict"),
    ],
)
def test_an_outage_is_said_once_and_loses_nothing(
    provider: Provider, reactions: list[Reaction], error: str
):
    api = BotApi(provider, update(11, "satu"))
    provider.script(*reactions)
    texts: list[str] = []
    log = run_poller(provider, api, lambda envelope: texts.append(envelope.text))
    assert texts == ["satu"]
    assert [line["event"] for line in log] == [
        "telegram_polling_failed",
        "telegram_polling_recovered",
    ]
    assert log[0]["error"] == error
    assert TOKEN not in str(log)


def test_without_a_token_the_poller_says_so_and_ends_at_once_when_asked():
    with subprocess.Popen(
        [sys.executable, "-m", "gateway.poller"],
        stdout=subprocess.PIPE,
        text=True,
        env={},
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "No TELEGRAM_BOT_TOKEN: not polling\n"
        process.terminate()
        assert process.wait(5) == 0


def test_the_poller_process_stores_what_telegram_holds(
    provider: Provider, environ: dict[str, str], tmp_path: Path
):
    api = BotApi(provider, update(11, "satu"), update(12, "dua"))
    telegram = {"polling": True, "api_url": f"{provider.url}/bot"}
    config = write_config(tmp_path / "config.yaml", channels={"telegram": telegram})
    settings = {**environ, "LAPOR_CONFIG": str(config), "TELEGRAM_BOT_TOKEN": TOKEN}
    with subprocess.Popen(
        [sys.executable, "-m", "gateway.poller"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=settings,
        cwd=ROOT,
    ) as process:
        drained = api.drained.wait(30)
        process.terminate()
        said, _ = process.communicate(timeout=10)
    assert (drained, process.returncode) == (True, 0), said
    assert TOKEN not in said
    engine = open_engine(environ["DATABASE_URL"])
    with Session(engine) as session:
        lines = inbox.thread(session, "telegram", "812000001")
    engine.dispose()
    assert [line.text for line in lines] == ["satu", "dua"]


# --- the channel without a provider --------------------------------------------------------------


def test_console_lets_nothing_in_and_keeps_nothing():
    console = Console("sms", 1600)
    with pytest.raises(SignatureInvalid, match="sms has no provider"):
        console.verify(WebhookRequest())
    with pytest.raises(ValueError, match="sms has no provider"):
        console.parse(WebhookRequest(body=b"Body=halo"))
    assert console.send(REPLY) == "console-5"
    assert console.check() == "sms has no credentials: it runs in the simulator only."
    assert (console.name, console.max_text) == ("sms", 1600)
