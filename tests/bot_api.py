"""Telegram's Bot API as the provider double plays it: what it takes, and what it refuses."""

import json
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from itertools import count
from typing import Any

from tests.provider_answers import JSON, Answer, Request

BOT = {"id": 1708000000, "is_bot": True, "first_name": "1708", "username": "Lapor1708Bot"}
TAGS = {"b", "code"}  # of https://core.telegram.org/bots/api#html-style what we may use
ENTITIES = {"lt", "gt", "amp", "quot"}  # "The API currently supports only" these
MESSAGE_IDS = count(101)


def ok(result: object) -> Answer:
    return Answer(200, json.dumps({"ok": True, "result": result}), JSON)


def refused(status: int, words: str, **parameters: object) -> Answer:
    """https://core.telegram.org/bots/api#making-requests"""
    body: dict[str, object] = {"ok": False, "error_code": status, "description": words}
    return Answer(
        status, json.dumps({**body, "parameters": parameters} if parameters else body), JSON
    )


def bot_api(request: Request) -> Answer:
    """The answer to one call; 404 for a method that the Bot API does not have."""
    method = METHODS.get(request.path.rsplit("/", 1)[1])
    return method(request.form) if method else refused(404, "Not Found")


def _send_message(form: Mapping[str, str]) -> Answer:
    """https://core.telegram.org/bots/api#sendmessage"""
    shown = Shown(form.get("text", ""), html=form.get("parse_mode") == "HTML")
    markup = json.loads(form.get("reply_markup", "{}"))
    if problem := shown.problem or _wrong_keyboard(markup):
        return refused(400, f"Bad Request: {problem}")
    message = _message(form, next(MESSAGE_IDS))
    return ok({**message, "text": shown.text})


def _wrong_keyboard(markup: Mapping[str, Any]) -> str:
    for button in (button for row in markup.get("inline_keyboard", ()) for button in row):
        if not button["text"]:
            return "text buttons are unallowed in the inline keyboard"
        if not 1 <= len(button["callback_data"].encode()) <= 64:
            return "BUTTON_DATA_INVALID"
    return ""


def _edit_message_reply_markup(form: Mapping[str, str]) -> Answer:
    return ok({**_message(form, int(form["message_id"])), "text": "Yang mana?"})


def _message(form: Mapping[str, str], number: int) -> dict[str, object]:
    chat = int(form["chat_id"])
    room = {"id": chat, "type": "private" if chat > 0 else "supergroup", "first_name": "Sari"}
    return {"message_id": number, "date": 1767587400, "chat": room, "from": BOT}


def _set_my_commands(form: Mapping[str, str]) -> Answer:
    """https://core.telegram.org/bots/api#botcommand"""
    for item in json.loads(form["commands"]):
        name, words = item["command"], item["description"]
        if not (name.isascii() and name.islower() and 1 <= len(name) <= 32):
            return refused(400, "Bad Request: BOT_COMMAND_INVALID")
        if not 1 <= len(words) <= 256:
            return refused(400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
    return ok(True)


def _longest(field: str, limit: int) -> Callable[[Mapping[str, str]], Answer]:
    def answer(form: Mapping[str, str]) -> Answer:
        fits = len(form[field]) <= limit
        return ok(True) if fits else refused(400, f"Bad Request: {field} is too long")

    return answer


def _needs(*fields: str) -> Callable[[Mapping[str, str]], Answer]:
    def answer(form: Mapping[str, str]) -> Answer:
        missing = [field for field in fields if not form.get(field)]
        return refused(400, f"Bad Request: {missing[0]} is missing") if missing else ok(True)

    return answer


METHODS: Mapping[str, Callable[[Mapping[str, str]], Answer]] = {
    "getMe": lambda _: ok(BOT),
    "sendMessage": _send_message,
    "editMessageReplyMarkup": _edit_message_reply_markup,
    "sendChatAction": _needs("chat_id", "action"),
    "answerCallbackQuery": _needs("callback_query_id"),
    "leaveChat": _needs("chat_id"),
    "setWebhook": _needs("url"),
    "setMyCommands": _set_my_commands,
    "setMyShortDescription": _longest("short_description", 120),
    "setMyDescription": _longest("description", 512),
}


class Shown(HTMLParser):
    """What a person reads of a text, and why Telegram would refuse it."""

    def __init__(self, sent: str, *, html: bool) -> None:
        super().__init__(convert_charrefs=False)
        self.text, self.problem = "", ""
        self.marked: list[tuple[str, str]] = []  # tag and the words in it
        self._open: list[str] = []
        if html:
            self.feed(sent)
            self.close()
        else:
            self.text = sent
        if self._open or self.problem:
            self.problem = "can't parse entities"
        elif not self.text.strip():
            self.problem = "message text is empty"
        elif len(self.text.encode("utf-16-le")) > 2 * 4096:
            self.problem = "message is too long"

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._open.append(tag)
        if tag not in TAGS or attrs:
            self.problem = tag

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.problem = tag

    def handle_data(self, data: str) -> None:
        if "<" in data or "&" in data:
            self.problem = data
        self._say(data)

    def handle_entityref(self, name: str) -> None:
        if name not in ENTITIES:
            self.problem = name
        self._say({"lt": "<", "gt": ">", "amp": "&", "quot": '"'}.get(name, ""))

    def handle_charref(self, name: str) -> None:
        self.problem = name

    def handle_comment(self, data: str) -> None:
        self.problem = data

    def handle_decl(self, decl: str) -> None:
        self.problem = decl

    def handle_pi(self, data: str) -> None:
        self.problem = data

    def _say(self, words: str) -> None:
        self.text += words
        if self._open:
            self.marked.append((self._open[-1], words))
