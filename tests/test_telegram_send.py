"""Telegram: what a reply looks like when it goes out, and every way a send may end."""

import json
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.channels.base import SendError
from gateway.channels.telegram import SILENT_LOGGERS, Telegram
from gateway.channels.telegram_text import html_of, pieces
from parsers.messages import Button, Failure, Outgoing
from tests.bot_api import Shown, ok, refused
from tests.provider import Answer, Close, Hang, Provider, Reaction, Request

TOKEN = "1708000000:token-of-the-test"
SECRET = "webhook-secret-of-the-test"
SENT = {
    "message_id": 77,
    "date": 1767587400,
    "chat": {"id": 812000001, "type": "private", "first_name": "Sari"},
    "from": {"id": 1708000000, "is_bot": True, "first_name": "1708"},
    "text": "Laporan diterima.",
}
REPLY = Outgoing(id=5, recipient="812000001", text="Laporan *9165816* diterima_ <b>hari ini</b>")


def telegram(api_url: str, timeout_seconds: float = 5) -> Telegram:
    return Telegram(token=TOKEN, secret=SECRET, api_url=api_url, timeout_seconds=timeout_seconds)


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as provider:
        provider.routes["POST", f"/bot{TOKEN}/sendMessage"] = ok(SENT)
        yield provider


@pytest.fixture
def adapter(provider: Provider) -> Iterator[Telegram]:
    adapter = telegram(f"{provider.url}/bot")
    yield adapter
    adapter.close()


def reply(text: str = "Halo", **fields: Any) -> Outgoing:
    return Outgoing(id=5, recipient="812000001", text=text, **fields)


def calls(provider: Provider, method: str = "sendMessage") -> list[dict[str, str]]:
    found = [request for request in provider.requests if request.path.endswith(f"/{method}")]
    return [request.form for request in found]


def keyboard(provider: Provider) -> Any:
    return json.loads(calls(provider)[-1].get("reply_markup", "null"))


# --- words ---------------------------------------------------------------------------------------


def test_a_reply_is_html_in_which_nobody_else_can_write_markup(
    provider: Provider, adapter: Telegram
):
    assert adapter.send(REPLY) == "812000001:77"
    (form,) = calls(provider)
    assert json.loads(form.pop("link_preview_options")) == {"is_disabled": True}
    assert json.loads(form.pop("reply_markup")) == {"remove_keyboard": True}
    assert form == {
        "chat_id": "812000001",
        "text": "Laporan *9165816* diterima_ &lt;b&gt;hari ini&lt;/b&gt;",
        "parse_mode": "HTML",
    }


@pytest.mark.parametrize(
    ("text", "html"),
    [
        (
            "Laporan 9165816 diterima. Cek: STATUS 9165816",
            "Laporan <b>9165816</b> diterima. Cek: <code>STATUS 9165816</code>",
        ),
        ("Tambah: BALAS 9165816 lampu mati", "Tambah: <code>BALAS 9165816</code> lampu mati"),
        ("Report 9165816 was received.", "Report <b>9165816</b> was received."),
        ("Laporan 91658161 dan Laporan 916581", "Laporan 91658161 dan Laporan 916581"),
        ("Telepon 0812000 atau 9165816", "Telepon 0812000 atau 9165816"),
        ("PT. A & B: 1 < 2 > 0", "PT. A &amp; B: 1 &lt; 2 &gt; 0"),
        ("&lt; <code>STATUS 9165816", "&amp;lt; &lt;code&gt;<code>STATUS 9165816</code>"),
        ("kata \"ini\" dan 'itu'", "kata \"ini\" dan 'itu'"),
    ],
)
def test_html_of_a_text(text: str, html: str):
    assert html_of(text) == html


WORDS = st.text(st.sampled_from("aZ019 \n&<>;/#\"'\U0001f6b0") | st.characters(codec="utf-8"))
OURS = st.sampled_from(["Laporan 9165816", "STATUS 9165816", "<b>", "</code>", "&lt;", "&#60;"])


@given(st.lists(WORDS | OURS).map("".join))
@example("Laporan 9165816 STATUS 9165816")
def test_telegram_shows_exactly_the_text_whatever_it_holds(text: str):
    shown = Shown(html_of(text), html=True)
    assert (shown.text, shown.problem in ("", "message text is empty")) == (text, True)
    assert all(words.endswith(tuple("0123456789")) for _, words in shown.marked)


@given(st.lists(WORDS | OURS | st.just("kata " * 900) | st.just("x" * 5000)).map("".join))
def test_a_long_text_is_cut_without_losing_a_character(text: str):
    found = pieces(text)
    assert "".join("".join(found).split()) == "".join(text.split())
    if text.strip():
        assert {Shown(html_of(piece), html=True).problem for piece in found} == {""}


@pytest.mark.parametrize(
    ("text", "lengths", "second"),
    [
        ("a" * 4096, [4096], None),
        ("a" * 4097, [4096, 1], "a"),
        ("kata " * 819 + "b" * 100, [4094, 100], "b" * 100),
        ("a" * 4096 + " akhir", [4096, 5], "akhir"),
        ("a" * 3000 + "\n" + "kata " * 300, [3000, 1499], None),
        ("a\n" + "kata " * 900, [4096, 404], None),  # a line's end near the start is no good cut
        ("\U0001f6b0" * 2048, [2048], None),
        ("\U0001f6b0" * 2049, [2048, 1], "\U0001f6b0"),
        ("<" * 4096, [4096], None),
    ],
)
def test_where_a_long_text_is_cut(text: str, lengths: list[int], second: str | None):
    found = pieces(text)
    assert [len(piece) for piece in found] == lengths
    if second:
        assert found[1] == second


# --- buttons -------------------------------------------------------------------------------------

YES_NO = (Button("satisfied-9165816-02:yes", "PUAS"), Button("satisfied-9165816-02:no", "BELUM"))
PLACES = (Button("p:1", "Coblong, Kota Bandung"), Button("p:2", "Coblong, Kab. Contoh Selatan"))
SCORES = tuple(Button(f"s:{number}", str(number)) for number in range(1, 7))


def labels(rows: list[list[dict[str, str]]]) -> list[list[str]]:
    return [[button["text"] for button in row] for row in rows]


@pytest.mark.parametrize(
    ("buttons", "rows"),
    [
        (YES_NO, [["PUAS", "BELUM"]]),
        (PLACES, [["Coblong, Kota Bandung"], ["Coblong, Kab. Contoh Selatan"]]),
        (SCORES, [["1", "2", "3", "4", "5"], ["6"]]),
        (YES_NO + PLACES[:1], [["PUAS", "BELUM"], ["Coblong, Kota Bandung"]]),
    ],
)
def test_buttons_stand_side_by_side_only_where_they_fit(
    provider: Provider, adapter: Telegram, buttons: tuple[Button, ...], rows: list[list[str]]
):
    adapter.send(reply("Yang mana?", buttons=buttons))
    shown = keyboard(provider)["inline_keyboard"]
    assert labels(shown) == rows
    assert [button["callback_data"] for row in shown for button in row] == [
        button.id for button in buttons
    ]


def test_a_pin_is_asked_for_by_a_key(provider: Provider, adapter: Telegram):
    adapter.send(reply("Di mana?", ask_location=True))
    assert keyboard(provider) == {
        "keyboard": [[{"text": "Kirim lokasi saya", "request_location": True}]],
        "one_time_keyboard": True,
        "resize_keyboard": True,
    }


def test_choices_beside_a_pin_are_keys_too(provider: Provider, adapter: Telegram):
    adapter.send(reply("Di mana?", ask_location=True, buttons=YES_NO))
    assert labels(keyboard(provider)["keyboard"]) == [["Kirim lokasi saya"], ["PUAS", "BELUM"]]


def test_a_notice_leaves_the_key_of_an_open_question(provider: Provider, adapter: Telegram):
    adapter.send(reply("Laporan 9165816 sudah dijawab.", notice="answered"))
    assert keyboard(provider) is None


@pytest.mark.parametrize(
    ("text", "buttons", "code"),
    [
        ("Yang mana?", (Button("x" * 65, "PUAS"),), "button"),
        ("Yang mana?", (Button("\u00e9" * 33, "PUAS"),), "button"),
        ("  ", (), "empty"),
    ],
)
def test_what_the_bot_api_refuses_is_named(
    provider: Provider, adapter: Telegram, text: str, buttons: tuple[Button, ...], code: str
):
    provider.routes.clear()
    with pytest.raises(SendError) as caught:
        adapter.send(reply(text, buttons=buttons))
    assert (caught.value.failure, caught.value.code) == (Failure.REJECTED, code)


# --- long replies --------------------------------------------------------------------------------

LONG = " ".join(f"kata{number}" for number in range(1200))  # 9,890 characters


def test_a_long_answer_is_told_in_full_with_its_buttons_at_the_end(
    provider: Provider, adapter: Telegram
):
    provider.routes.clear()
    assert len(LONG) <= adapter.max_text
    sent = adapter.send(reply(LONG, buttons=YES_NO))
    told = calls(provider)
    assert " ".join(form["text"] for form in told) == LONG
    assert ["reply_markup" in form for form in told] == [False, False, True]
    provider.script(ok({**SENT, "message_id": 500}))
    assert sent.startswith("812000001:")
    assert adapter.send(reply("Halo")) == "812000001:500"


def test_the_id_of_a_long_answer_is_that_of_its_last_message(provider: Provider, adapter: Telegram):
    provider.script(*(ok({**SENT, "message_id": number}) for number in (11, 12, 13)))
    assert adapter.send(reply(LONG)) == "812000001:13"


@pytest.mark.parametrize(
    ("reactions", "failure", "code", "times"),
    [
        ([refused(403, "Forbidden: bot was blocked by the user")], "blocked", "forbidden", 1),
        ([refused(502, "Bad Gateway")], "retry", "unavailable", 1),
        (
            [ok(SENT), refused(403, "Forbidden: bot was blocked by the user")],
            "uncertain",
            "part_2_of_3:forbidden",
            2,
        ),
        ([ok(SENT), Close()], "uncertain", "part_2_of_3:broken", 2),
        ([ok(SENT), ok(SENT), Close()], "uncertain", "part_3_of_3:broken", 3),
        (
            [ok(SENT), refused(429, "Too Many Requests: retry after 60", retry_after=60)],
            "uncertain",
            "part_2_of_3:flood",
            2,
        ),
    ],
)
def test_a_reply_of_which_a_part_went_out_is_never_begun_again(
    provider: Provider,
    adapter: Telegram,
    reactions: list[Reaction],
    failure: str,
    code: str,
    times: int,
):
    provider.script(*reactions)
    with pytest.raises(SendError) as caught:
        adapter.send(reply(LONG))
    assert (caught.value.failure, caught.value.code) == (failure, code)
    assert len(provider.requests) == times


def test_a_short_refusal_amid_a_long_answer_is_waited_out(provider: Provider, adapter: Telegram):
    provider.script(ok(SENT), refused(429, "Too Many Requests: retry after 1", retry_after=1))
    assert adapter.send(reply(LONG)) == "812000001:77"
    starts = [form["text"][:8] for form in calls(provider)]
    assert starts[0] == "kata0 ka"
    assert starts[1] == starts[2] != starts[3]


# --- how a send may end --------------------------------------------------------------------------


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
        (Answer(200, '{"ok": true}'), "uncertain", "answer", None),
        (ok({}), "uncertain", "answer", None),
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
    provider.routes["POST", path] = ok(True)
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


def test_telegram_learns_what_the_bot_is_and_does(provider: Provider, adapter: Telegram):
    adapter.introduce()
    commands = {
        form.get("language_code", ""): [
            (item["command"], item["description"]) for item in json.loads(form["commands"])
        ]
        for form in calls(provider, "setMyCommands")
    }
    assert set(commands) == {"", "en"}
    assert [name for name, _ in commands[""]] == ["start", "status", "bantuan", "batal", "bahasa"]
    assert dict(commands[""])["batal"] == "Batalkan laporan terakhir"
    assert dict(commands["en"])["batal"] == "Undo your last report"
    for form in calls(provider, "setMyCommands"):
        assert json.loads(form["scope"]) == {"type": "all_private_chats"}
    for method, field in (
        ("setMyShortDescription", "short_description"),
        ("setMyDescription", "description"),
    ):
        told = {form.get("language_code", ""): form[field] for form in calls(provider, method)}
        assert set(told) == {"", "en"}
        assert "SP4N-LAPOR!" in told[""] or "LAPOR!" in told[""]
