"""Updates of the Bot API in our words; what is no message to us is named, never guessed."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from parsers.messages import Envelope, Ignored, Location, Media, Membership

NAME = "telegram"
FILE_TYPES = {
    "voice": "audio/ogg",
    "audio": "audio/mpeg",
    "video": "video/mp4",
    "video_note": "video/mp4",
    "document": "",
}
CONTENT = {"text", "caption", "photo", "location", "venue", "contact", "sticker", *FILE_TYPES}
# `/start` keeps its slash: Telegram sends it when a chat is opened, and it must not read as START,
# which undoes STOP.
SLASH_COMMAND = re.compile(r"/((?!start\b)\w{1,32})(?:@\w+)?(?!\S)", re.ASCII)
TYPE_NAME = re.compile(r"[a-z_]{1,40}")

Json = Mapping[object, object]


def read_update(update: object, now: datetime) -> Envelope | Ignored:
    """ValueError says what is wrong with something that is no update of Telegram."""
    match update:
        case {"update_id": int(number), "message": dict(message)}:
            return _message(str(number), message)
        case {"update_id": int(number), "edited_message": dict(message)}:
            return _edit(str(number), message)
        case {"update_id": int(number), "callback_query": dict(query)}:
            return _button(str(number), query, now)
        case {"update_id": int(), "my_chat_member": dict(change)}:
            return _membership(change)
        case {"update_id": int(), **others}:
            return Ignored(f"telegram update: {_names(others)}")
    raise ValueError("not a Telegram update: update_id is missing")


def _message(provider_id: str, message: Json, *, edited: bool = False) -> Envelope | Ignored:
    match message:
        case {"message_id": int(number), "date": int(date), "chat": {"id": int(chat), **room}}:
            pass
        case _:
            raise ValueError("a Telegram message without message_id, date or chat")
    if room.get("type", "private") != "private":
        return Ignored("telegram group message")
    if CONTENT.isdisjoint(message):
        return Ignored(f"telegram message: {_names(message.keys() - {'chat', 'date', 'from'})}")
    ref = f"{chat}:{number}"
    return Envelope(
        channel=NAME,
        provider_id=provider_id,
        sender=str(chat),
        text=_text(message),
        received_at=_time(message.get("edit_date", date)),
        media=_media(message),
        location=_location(message),
        profile_name=_person(message),
        message_ref=ref,
        reply_to=_replied(message, chat),
        edit_of=ref if edited else "",
        album=_album(message),
    )


def _edit(provider_id: str, message: Json) -> Envelope | Ignored:
    """A pin cannot be edited by hand: an edit with a location is a live pin that moved."""
    if "location" in message:
        return Ignored("telegram edited_message: live location")
    return _message(provider_id, message, edited=True)


def _button(provider_id: str, query: Json, now: datetime) -> Envelope | Ignored:
    match query:
        case {
            "data": str(choice),
            "message": {"message_id": int(number), "chat": {"id": int(chat), **room}},
        }:
            pass
        case _:
            return Ignored(f"telegram callback_query: {_names(query)}")
    if room.get("type", "private") != "private":
        return Ignored("telegram group message")
    return Envelope(
        channel=NAME,
        provider_id=provider_id,
        sender=str(chat),
        text="",
        received_at=now,  # an update about a button carries no time
        profile_name=_person(query),
        reply_to=f"{chat}:{number}",
        choice=choice,
    )


def _membership(change: Json) -> Ignored:
    """In a private chat: `kicked` when the person blocks the bot, `member` when that ends."""
    match change:
        case {"chat": {"type": str(kind)}} if kind != "private":
            return Ignored("telegram my_chat_member: group")
        case {
            "chat": {"id": int(chat)},
            "new_chat_member": {"status": "kicked" | "member" as status},
        }:
            blocked = status == "kicked"
            return Membership(
                f"telegram my_chat_member: {'blocked' if blocked else 'unblocked'}",
                channel=NAME,
                sender=str(chat),
                blocked=blocked,
            )
    return Ignored("telegram my_chat_member: other")


def _text(message: Json) -> str:
    match message:
        case {"text": str(text)}:
            return SLASH_COMMAND.sub(r"\1", text, count=1) if text.startswith("/") else text
        case {"caption": str(text)} | {"sticker": {"emoji": str(text)}}:
            return text
        case {"contact": {"phone_number": str(phone), **contact}}:
            return f"{_full_name(contact)} {phone}".strip()
    return ""


def _media(message: Json) -> tuple[Media, ...]:
    match message:
        case {"photo": [*sizes]}:
            return _largest(sizes)
    for kind, content_type in FILE_TYPES.items():
        match message.get(kind):
            case {"file_id": str(ref), **file}:
                return (_file(ref, file, content_type),)
    return ()


def _album(message: Json) -> str:
    match message:
        case {"media_group_id": str(album)}:
            return album
    return ""


def _largest(sizes: Iterable[object]) -> tuple[Media, ...]:
    """Telegram sends one photo in up to four sizes; only the best one is kept."""
    found: list[tuple[int, Media]] = []
    for size in sizes:
        match size:
            case {"file_id": str(ref), "width": int(width), "height": int(height), **file}:
                found.append((width * height, _file(ref, file, "image/jpeg")))
    return (max(found, key=lambda pair: pair[0])[1],) if found else ()


def _file(ref: str, file: Json, content_type: str) -> Media:
    size, kind, name = file.get("file_size"), file.get("mime_type"), file.get("file_name")
    return Media(
        ref=ref,
        content_type=kind if isinstance(kind, str) else content_type,
        size=size if isinstance(size, int) else None,
        name=name if isinstance(name, str) else "",
    )


def _location(message: Json) -> Location | None:
    match message:
        case {"venue": {"location": dict(pin), "title": str(label), "address": str(address)}}:
            return _pin(pin, label, address)
        case {"location": dict(pin)}:
            return _pin(pin)
    return None


def _pin(pin: Json, label: str = "", address: str = "") -> Location | None:
    match pin:
        case {"latitude": float() | int() as lat, "longitude": float() | int() as lon}:
            if -90 <= lat <= 90 and -180 <= lon <= 180:  # not so for NaN, which JSON may carry
                return Location(lat=lat, lon=lon, label=label, address=address)
    return None


def _replied(message: Json, chat: int) -> str:
    match message:
        case {"reply_to_message": {"message_id": int(number)}}:
            return f"{chat}:{number}"
    return ""


def _person(event: Json) -> str:
    match event:
        case {"from": dict(person)}:
            return _full_name(person)
    return ""


def _full_name(person: Json) -> str:
    names = (person.get("first_name"), person.get("last_name"))
    return " ".join(name for name in names if isinstance(name, str))


def _time(seconds: object) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, tz=UTC)  # type: ignore[arg-type]  # TypeError below
    except (OverflowError, OSError, TypeError, ValueError) as error:
        raise ValueError("a Telegram message with an impossible date") from error


def _names(keys: Iterable[object]) -> str:
    """The names of the fields, never their values; bounded, for the log."""
    names = (key for key in keys if isinstance(key, str) and TYPE_NAME.fullmatch(key))
    return " ".join(sorted(names)[:8])
