"""Two phones in a browser, for development: they speak through the console adapters only."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import uuid4

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from sqlmodel import Session, col, select
from werkzeug.exceptions import BadRequest, Conflict, ServiceUnavailable

from gateway.accept import Unavailable
from gateway.channels.console import Console
from gateway.channels.rendering import numbered
from gateway.channels.whatsapp import SEND_PIN
from gateway.runtime import Runtime, from_app
from parsers.messages import Button, Envelope, Location, Media
from store import inbox
from store.inbox import Line
from store.models import OutboxRow

bp = Blueprint(
    "simulator",
    __name__,
    url_prefix="/simulator",
    template_folder="templates",
    static_folder="static",
    static_url_path="/static",
)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a reply offers to press."""

    buttons: tuple[Button, ...] = ()
    ask_location: bool = False


NO_OFFER = Offer()
CHANNELS = {"sms": "SMS", "whatsapp": "WhatsApp", "telegram": "Telegram"}
PHONES = (("+6281200000001", "sms"), ("+6281200000002", "whatsapp"))
EXAMPLES = ("Jalan rusak di Kec. Coblong Bandung", "STATUS", "BANTUAN")
SENDER = re.compile(r"\+?[0-9]{3,15}")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
WORDS = {
    "id": {
        "title": "Simulator telepon",
        "intro": "Nomor karangan; pesan sungguh diproses, tetapi tidak dikirim ke luar.",
        "phone": "Telepon",
        "channel": "Kanal",
        "number": "Nomor",
        "other_number": "Nomor baru",
        "thread": "Percakapan",
        "empty": "Belum ada pesan. Tulis laporan, atau pilih contoh di bawah.",
        "examples": "Contoh pesan",
        "text": "Pesan",
        "send": "Kirim",
        "pin": "Kirim lokasi (Coblong, Bandung)",
        "attachment": "(lokasi atau lampiran)",
        "you": "Anda",
        "bad_number": "Nomor: 3 sampai 15 angka, boleh diawali +.",
        "not_sent": "Tidak terkirim. Server tidak dapat dihubungi atau menolak; coba lagi.",
        "offline": "Server tidak menjawab. Mencoba lagi setiap detik.",
        "live": "Kanal ini memakai penyedia sungguhan, jadi tidak dapat dicoba di sini.",
        "received": "menunggu balasan",
        "dead": "gagal diproses",
        "queued": "akan dikirim",
        "sending": "sedang dikirim",
        "held": "ditahan",
        "failed": "gagal terkirim",
        "cancelled": "dibatalkan",
        "other_language": "English",
    },
    "en": {
        "title": "Phone simulator",
        "intro": "Invented numbers. Messages are really processed, but nothing is sent out.",
        "phone": "Phone",
        "channel": "Channel",
        "number": "Number",
        "other_number": "New number",
        "thread": "Conversation",
        "empty": "No messages yet. Write a report, or choose an example below.",
        "examples": "Example messages",
        "text": "Message",
        "send": "Send",
        "pin": "Send location (Coblong, Bandung)",
        "attachment": "(location or attachment)",
        "you": "You",
        "bad_number": "Number: 3 to 15 digits, may begin with +.",
        "not_sent": "Not sent. The server cannot be reached or refused; try again.",
        "offline": "The server does not answer. Trying again every second.",
        "live": "This channel uses a real provider, so it cannot be tried here.",
        "received": "waiting for a reply",
        "dead": "could not be processed",
        "queued": "about to be sent",
        "sending": "being sent",
        "held": "held",
        "failed": "not delivered",
        "cancelled": "cancelled",
        "other_language": "Bahasa Indonesia",
    },
}


@bp.after_request
def seal(response: Response) -> Response:
    """Nothing from another host, nothing inline, nothing kept."""
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("")
def page() -> str:
    language = "en" if request.args.get("lang") == "en" else "id"
    adapters = from_app().adapters
    return render_template(
        "simulator.html",
        language=language,
        other_language="id" if language == "en" else "en",
        words=WORDS[language],
        phones=PHONES,
        examples=EXAMPLES,
        channels=CHANNELS,
        live=[name for name in CHANNELS if not isinstance(adapters.get(name), Console)],
    )


@bp.post("/send")
def send() -> ResponseReturnValue:
    rt = from_app()
    channel, sender = _phone(rt)
    envelope = Envelope(
        channel=channel,
        provider_id=f"sim-{uuid4()}",
        sender=sender,
        text=_text("text"),
        received_at=rt.now(),
        media=_media(),
        location=_location(),
        choice=_text("choice"),
    )
    try:
        rt.accept(envelope)
    except Unavailable:
        raise ServiceUnavailable("1708 cannot store messages at this moment") from None
    return {}, 202


@bp.post("/messages")
def messages() -> ResponseReturnValue:
    """The newest lines of one conversation; only what follows the line `after`, if it is there."""
    rt = from_app()
    channel, sender = _phone(rt)
    with rt.reading() as session:
        lines = inbox.thread(session, channel, sender)
        after, ids = _text("after"), [line.id for line in lines]
        start = ids.index(after) + 1 if after in ids else 0
        offers = _offers(session, lines[start:])
    return [_shown(channel, line, offers.get(line.id, NO_OFFER)) for line in lines[start:]]


def _offers(session: Session, lines: Sequence[Line]) -> Mapping[str, Offer]:
    """What may be pressed under our replies, by the id of their line."""
    keys = {int(line.id.removeprefix("out-")): line.id for line in lines if line.direction == "out"}
    rows = session.exec(select(OutboxRow).where(col(OutboxRow.id).in_(keys)))
    return {keys[row.key]: _offer(row.extra) for row in rows}


def _offer(extra: Mapping[str, Any]) -> Offer:
    buttons = tuple(Button(str(key), str(label)) for key, label in extra.get("buttons", ()))
    return Offer(buttons, ask_location=bool(extra.get("ask_location")))


def _shown(channel: str, line: Line, offer: Offer) -> dict[str, object]:
    """A line as the phone of this channel shows it."""
    values = {**asdict(line), "at": line.at.isoformat()}
    if channel == "sms":
        return values | {"text": numbered(line.text, offer.buttons)}
    hint = f"\n{SEND_PIN}" if offer.ask_location and channel == "whatsapp" else ""
    buttons = [asdict(button) for button in offer.buttons]
    pin = offer.ask_location and channel == "telegram"
    return values | {"text": line.text + hint, "buttons": buttons, "pin": pin}


def _phone(rt: Runtime) -> tuple[str, str]:
    """Channel and sender; 409 for a channel whose replies would really go out."""
    match request.get_json():
        case {"channel": str(channel), "sender": str(sender)} if channel in CHANNELS:
            pass
        case _:
            raise BadRequest(f"channel must be one of {', '.join(CHANNELS)}, sender a text")
    if not SENDER.fullmatch(sender):
        raise BadRequest("sender must be 3 to 15 digits, with or without +")
    if not isinstance(rt.adapters.get(channel), Console):
        raise Conflict(f"{channel} uses a real provider")
    return channel, sender


def _text(name: str) -> str:
    match request.get_json().get(name, ""):
        case str(text):
            return text
    raise BadRequest(f"{name} must be a text")


def _location() -> Location | None:
    match request.get_json():
        case {"lat": float() | int() as lat, "lon": float() | int() as lon}:
            if -90 <= lat <= 90 and -180 <= lon <= 180:
                return Location(lat=lat, lon=lon)
        case {"lat": _} | {"lon": _}:
            pass
        case _:
            return None
    raise BadRequest("lat and lon must be degrees")


def _media() -> tuple[Media, ...]:
    match request.get_json().get("media", []):
        case [*items]:
            return tuple(_attachment(item) for item in items)
    raise BadRequest("media must be a list")


def _attachment(item: object) -> Media:
    match item:
        case {"ref": str(ref), "content_type": str(content_type)}:
            return Media(ref=ref, content_type=content_type)
    raise BadRequest("each of media needs ref and content_type")
