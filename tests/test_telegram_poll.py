"""Telegram by long polling, and what its users see besides replies: real client, local server."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session
from structlog.testing import capture_logs

from gateway.channels.base import WebhookRequest
from gateway.channels.telegram import Telegram
from gateway.channels.telegram_poll import poll
from gateway.settings import ROOT
from parsers.messages import Envelope, Membership
from store import inbox
from store.db import open_engine
from tests.bot_api import BOT, ok, refused
from tests.harness import Clock, eventually
from tests.live import write_config
from tests.provider import Close, Hang, Provider, Reaction, Request

TOKEN = "1708000000:token-of-the-test"
FIXTURES = sorted((Path(__file__).parent / "fixtures" / "telegram").glob("*.json"))
GROUP = -100812000002
PRIVATE_ONLY = "1708 hanya melayani chat pribadi: t.me/Lapor1708Bot"


def update(number: int, text: str) -> dict[str, object]:
    chat = {"id": 812000001, "type": "private", "first_name": "Sari"}
    message = {"message_id": number, "date": 1767587400, "chat": chat, "text": text}
    return {"update_id": number, "message": message}


def press(number: int) -> dict[str, object]:
    chat = {"id": 812000001, "type": "private", "first_name": "Sari"}
    message = {
        "message_id": 60,
        "date": 1767587400,
        "chat": chat,
        "from": BOT,
        "text": "Yang mana?",
    }
    query = {"id": f"q{number}", "from": chat, "message": message, "data": "case-1:2"}
    return {"update_id": number, "callback_query": query}


class BotApi:
    """Keeps updates as Telegram does: one is forgotten once a higher offset was asked for."""

    def __init__(self, provider: Provider, *waiting: dict[str, object]) -> None:
        self.waiting = dict(sorted((int(str(item["update_id"])), item) for item in waiting))
        self.offsets: list[int] = []
        self.drained = threading.Event()
        provider.routes["POST", f"/bot{TOKEN}/getUpdates"] = self.answer

    def answer(self, request: Request) -> Reaction:
        offset = int(request.query["offset"])
        self.offsets.append(offset)
        self.waiting = {key: item for key, item in self.waiting.items() if key >= offset}
        if self.waiting:
            return ok(list(self.waiting.values()))
        self.drained.set()
        return Hang()


def run_poller(
    provider: Provider,
    api: BotApi,
    take: Callable[[Envelope], None],
    note: Callable[[Membership], None] = lambda _: None,
    *,
    calls: int = 0,
) -> list[dict[str, Any]]:
    """Poll until Telegram has nothing left and heard so many other calls; returns the log."""
    stop = threading.Event()
    with capture_logs() as log, ThreadPoolExecutor(1) as threads:
        running = threads.submit(
            poll, TOKEN, f"{provider.url}/bot", take, stop, note=note, pause_seconds=0.001
        )
        try:
            assert api.drained.wait(20)
            eventually(lambda: len(heard(provider)) >= calls, f"{calls} calls")
        finally:
            stop.set()
            running.result(5)  # at once, although a request is being held open
    return [dict(line) for line in log]


def heard(provider: Provider) -> list[dict[str, Any]]:
    """What was asked of the Bot API besides updates and our own name, as a webhook's answer."""
    named = ((request.path.rsplit("/", 1)[1], request.form) for request in provider.requests)
    return [
        {"method": method, **form}
        for method, form in named
        if method not in ("getUpdates", "getMe")
    ]


def in_order(calls: Iterable[Mapping[str, Any]]) -> list[list[str]]:
    return sorted(sorted(f"{key}={value}" for key, value in call.items()) for call in calls)


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
        ([ok("odd")], "ValueError"),
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


def test_a_day_of_updates_by_polling_is_the_same_as_by_webhook(provider: Provider):
    """All recorded updates through the real client: what is taken, and every call it leads to."""
    cases = [json.loads(path.read_text("utf-8")) for path in FIXTURES]
    cases = [case for case in cases if "update_id is missing" not in str(case["expect"])]
    owed = [case["expect"]["answer"] for case in cases if "answer" in case["expect"]]
    owed += [
        {"method": "editMessageReplyMarkup", "chat_id": 812000001, "message_id": 60},
        {"method": "sendMessage", "chat_id": GROUP, "text": PRIVATE_ONLY},
    ]
    taken: list[Envelope] = []
    noted: list[Membership] = []
    api = BotApi(provider, *(case["update"] for case in cases))
    run_poller(provider, api, taken.append, noted.append, calls=len(owed))
    by_id = {item.provider_id: item for item in taken}
    expected = [case["expect"]["envelope"] for case in cases if "envelope" in case["expect"]]
    assert len(by_id) == len(taken) == len(expected) > 20
    for fields in expected:
        got = by_id[fields["provider_id"]]
        for name in ("text", "sender", "message_ref", "reply_to", "edit_of", "choice", "album"):
            assert getattr(got, name) == fields.get(name, ""), name
    assert [(item.sender, item.blocked) for item in noted] == [
        ("812000001", True),
        ("812000001", False),
    ]
    told = [{**call} for call in heard(provider)]
    for call in told:
        call.pop("reply_parameters", None)  # which of the group's calls was first is all the same
    assert in_order(told) == in_order(owed)


def test_a_gesture_that_fails_costs_no_update(provider: Provider):
    for method in ("answerCallbackQuery", "editMessageReplyMarkup"):
        words = "Bad Request: query is too old and response timeout expired or query ID is invalid"
        provider.routes["POST", f"/bot{TOKEN}/{method}"] = refused(400, words)
    provider.routes["POST", f"/bot{TOKEN}/sendChatAction"] = ok([])
    api = BotApi(provider, press(11), update(12, "dua"), press(13))
    taken: list[Envelope] = []
    log = run_poller(provider, api, taken.append, calls=5)
    assert [item.choice or item.text for item in taken] == ["case-1:2", "dua", "case-1:2"]
    assert {line["event"] for line in log} <= {"telegram_gesture_failed"}
    assert "812000001" not in str(log)


def test_nothing_is_done_for_an_update_that_could_not_be_taken(provider: Provider):
    api = BotApi(provider, press(11), update(12, "dua"))
    failures = iter([True])

    def take(_: Envelope) -> None:
        if next(failures, False):
            raise OSError("disk full")

    run_poller(provider, api, take, calls=3)
    assert in_order(heard(provider)) == in_order(
        [
            {"method": "answerCallbackQuery", "callback_query_id": "q11"},
            {"method": "editMessageReplyMarkup", "chat_id": 812000001, "message_id": 60},
            {"method": "sendChatAction", "chat_id": 812000001, "action": "typing"},
        ]
    )


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


# --- by webhook ----------------------------------------------------------------------------------


@pytest.fixture
def adapter(provider: Provider, clock: Clock) -> Iterator[Telegram]:
    address = f"{provider.url}/bot"
    adapter = Telegram(token=TOKEN, secret="", api_url=address, timeout_seconds=5, clock=clock)
    yield adapter
    adapter.close()


def answered(adapter: Telegram, update: object) -> object:
    ack = adapter.ack_to(WebhookRequest(body=json.dumps(update).encode()))
    return json.loads(ack.body) if ack.body else None


def test_a_press_ends_the_spinner_in_the_answer_and_takes_the_buttons_away(
    provider: Provider, adapter: Telegram
):
    assert answered(adapter, press(11)) == {
        "method": "answerCallbackQuery",
        "callback_query_id": "q11",
    }
    eventually(lambda: heard(provider), "the buttons to be taken away")
    (call,) = heard(provider)
    assert call == {
        "method": "editMessageReplyMarkup",
        "chat_id": "812000001",
        "message_id": "60",
    }


def test_a_message_costs_no_call_of_our_own(provider: Provider, adapter: Telegram):
    assert answered(adapter, update(11, "Jalan rusak")) == {
        "method": "sendChatAction",
        "chat_id": 812000001,
        "action": "typing",
    }
    assert provider.connections == 0


# --- groups --------------------------------------------------------------------------------------


def said_in(room: int, number: int, **message: Any) -> dict[str, object]:
    chat = {"id": room, "type": "supergroup", "title": "Warga RW 05"}
    return {
        "update_id": number,
        "message": {"message_id": number, "date": 1767587400, "chat": chat, **message},
    }


def test_a_group_is_declined_once_an_hour(provider: Provider, adapter: Telegram, clock: Clock):
    def attend(number: int, room: int = GROUP) -> None:
        adapter.attend(said_in(room, number, text="/status@lapor1708bot 9165816"))

    attend(1)
    attend(2)
    eventually(lambda: len(heard(provider)) == 1, "the first answer")
    clock.forward(minutes=59)
    attend(3)
    attend(4, GROUP - 1)
    eventually(lambda: len(heard(provider)) == 2, "the answer to the other group")
    clock.forward(minutes=1)
    attend(5)
    eventually(lambda: len(heard(provider)) == 3, "the second answer")
    told = [(call["chat_id"], call["text"], quoted(call)) for call in heard(provider)]
    assert told == [
        (str(GROUP), PRIVATE_ONLY, 1),
        (str(GROUP - 1), PRIVATE_ONLY, 4),
        (str(GROUP), PRIVATE_ONLY, 5),
    ]


def quoted(call: Mapping[str, str]) -> int:
    return int(json.loads(call["reply_parameters"])["message_id"])


@pytest.mark.parametrize(
    ("message", "declined"),
    [
        ({"text": "tanya @Lapor1708Bot dong"}, True),
        ({"caption": "@lapor1708bot", "photo": []}, True),
        ({"text": "@Lapor1708BotPalsu"}, False),
        ({"text": "/start@BotLain"}, False),
        ({"text": "/start"}, False),
        ({"text": "jalan rusak di RT 5"}, False),
        ({"text": "ya", "reply_to_message": {"message_id": 3, "from": BOT}}, True),
        (
            {"text": "ya", "reply_to_message": {"message_id": 3, "from": {**BOT, "id": 5}}},
            False,
        ),
        ({"migrate_to_chat_id": -100812000009}, False),
    ],
)
def test_only_who_speaks_to_us_in_a_group_is_answered(
    provider: Provider, adapter: Telegram, message: dict[str, Any], declined: bool
):
    adapter.attend(said_in(GROUP, 7, **message))
    adapter.attend(update(8, "pribadi"))
    eventually(lambda: len(heard(provider)) >= 1 + declined, "what is owed")
    assert [call["text"] for call in heard(provider) if call["method"] == "sendMessage"] == (
        [PRIVATE_ONLY] if declined else []
    )


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("left", "member", True),
        ("kicked", "administrator", True),
        ("member", "administrator", False),
        ("member", "restricted", False),
        ("member", "left", False),
        ("member", "kicked", False),
    ],
)
def test_a_group_is_told_when_we_are_put_into_it(
    provider: Provider, adapter: Telegram, before: str, after: str, told: bool
):
    chat = {"id": GROUP, "type": "group", "title": "Warga RW 05"}
    states = {"old_chat_member": {"status": before}, "new_chat_member": {"status": after}}
    adapter.attend({"update_id": 7, "my_chat_member": {"chat": chat, **states}})
    adapter.attend(update(8, "pribadi"))
    eventually(lambda: len(heard(provider)) >= 1 + told, "what is owed")
    assert [call["text"] for call in heard(provider) if call["method"] == "sendMessage"] == (
        [PRIVATE_ONLY] if told else []
    )
