"""What Telegram's users expect besides replies: a sign of life, an end of the spinner, manners."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.channels.telegram_update import CONTENT, Json

ABSENT = ("left", "kicked")  # https://core.telegram.org/bots/api#chatmember
USERNAME = re.compile(r"@(\w{4,32})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Gesture:
    """A small call of the Bot API whose result nobody waits for."""

    method: str
    parameters: Mapping[str, int | str]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupCall:
    """Somebody in a group spoke to a bot: surely to us, or to one that has one of these names."""

    chat: int
    message_id: int | None = None
    ours: bool = False
    names: frozenset[str] = frozenset()


def gestures(update: Json, *, bot_id: str) -> tuple[Gesture | GroupCall, ...]:
    """What is owed for an update that was taken; the first may be the answer to a webhook."""
    match update:
        case {"callback_query": {"id": str(query), **press}}:
            return (Gesture("answerCallbackQuery", {"callback_query_id": query}), *_used(press))
        case {"message": {"chat": {"id": int(chat), "type": "private"}, **message}}:
            silent = CONTENT.isdisjoint(message)
            return () if silent else (_typing(chat),)
        case {"message": {"chat": {"id": int(chat)}, "message_id": int(number), **message}}:
            return _called(chat, number, message, bot_id)
        case {"my_chat_member": dict(change)}:
            return _joined(change)
    return ()


def _typing(chat: int) -> Gesture:
    """Shown for five seconds or until a reply arrives, whichever is first."""
    return Gesture("sendChatAction", {"chat_id": chat, "action": "typing"})


def _used(press: Json) -> tuple[Gesture, ...]:
    """Take the buttons away that were answered; `date` is 0 on a message that is out of reach."""
    match press:
        case {"message": {"date": 0}}:
            return ()
        case {"message": {"message_id": int(number), "chat": {"id": int(chat), "type": "private"}}}:
            return (Gesture("editMessageReplyMarkup", {"chat_id": chat, "message_id": number}),)
    return ()


def _called(chat: int, number: int, message: Json, bot_id: str) -> tuple[GroupCall, ...]:
    match message:
        case {"reply_to_message": {"from": {"id": int(author)}}} if str(author) == bot_id:
            return (GroupCall(chat=chat, message_id=number, ours=True),)
        case {"text": str(words)} | {"caption": str(words)}:
            names = frozenset(name.casefold() for name in USERNAME.findall(words))
            return (GroupCall(chat=chat, message_id=number, names=names),) if names else ()
    return ()


def _joined(change: Json) -> tuple[Gesture | GroupCall, ...]:
    """A group is told once whom we serve; a channel, where we can be of no use, is left."""
    match change:
        case {
            "chat": {"id": int(chat), "type": str(kind)},
            "old_chat_member": {"status": str(before)},
            "new_chat_member": {"status": "member" | "administrator"},
        } if kind != "private" and before in ABSENT:
            if kind == "channel":
                return (Gesture("leaveChat", {"chat_id": chat}),)
            return (GroupCall(chat=chat, ours=True),)
    return ()
