"""POST requests: a report that goes the way of every message, and its number or a token."""

import hmac
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite

import structlog
from flask import request
from sqlalchemy.exc import SQLAlchemyError

from bots import replies
from gateway.open311 import services, words
from gateway.open311.arguments import language
from gateway.open311.rendering import Value
from gateway.open311.words import refusal
from gateway.runtime import Runtime
from parsers.messages import Envelope, Location, storable
from parsers.phone import e164
from store import open311
from store.agencies import api_keys
from store.agencies.access import Access, Action
from store.open311 import Filed

log = structlog.get_logger()
CHANNEL = "open311"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
LONGEST, SHORT = 4_000, 500  # characters: of a description, as the standard says; of other fields
LOOK_EVERY = 0.02  # seconds
ADDRESS, DETAIL, WHEN, PICTURE = (  # how an officer reads what stood in fields of its own
    "Alamat: {}",
    "Patokan: {}",
    "Waktu: {}",
    "Lampiran: {}",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A report as it was filled in; names, phone and mail are not in it."""

    category: str
    text: str
    location: Location | None
    token: str
    sender: str


def bearer(rt: Runtime, action: Action) -> Access:
    """Who sends it; 403 for a key that is missing, unknown or not for this."""
    text = key_of()
    if not text:
        raise refusal(403, words.KEY_MISSING)
    with rt.reading() as session:
        access = api_keys.find(session, text, rt.now())
    if access is None:
        raise refusal(403, words.KEY_INVALID)
    if not access.may(action):
        raise refusal(403, words.KEY_MAY_NOT)
    return access


def key_of() -> str:
    return field("api_key") or request.args.get("api_key", "").strip()


def must_be_form() -> None:
    if request.mimetype not in FORMS:
        raise refusal(400, words.NOT_A_FORM)


def field(name: str, longest: int = SHORT) -> str:
    """A field of the form; blank is as good as absent."""
    text = storable(request.form.get(name, "")).strip()
    if len(text) > longest:
        raise refusal(400, words.TOO_LONG, name=name, longest=longest)
    return text


def needed(name: str, longest: int = SHORT) -> str:
    if not (text := field(name, longest)):
        raise refusal(400, words.MISSING, name=name)
    return text


def file(rt: Runtime) -> Value:
    """Take a report; when this answers it is on disk."""
    must_be_form()
    if key_of() or rt.settings.open311.key_needed:
        bearer(rt, Action.FILE)
    form = read(rt)
    rt.accept(
        Envelope(
            channel=CHANNEL,
            provider_id=form.token,
            sender=form.sender,
            text=form.text,
            received_at=rt.now(),
            location=form.location,
            category=form.category,
        )
    )
    return [_answer(rt, form, _settled(rt, form))]


def read(rt: Runtime) -> Form:
    category = services.topic(rt.reader, needed("service_code"))
    point, lines = _point(), list(_lines(rt))
    if not (point or field("address_string") or field("address_id")):
        raise refusal(400, words.NO_LOCATION)
    person = field("email").casefold() or e164(field("phone")) or field("device_id")
    return Form(
        category=category.code,
        text="\n".join([needed("description", LONGEST), *lines]),
        location=Location(lat=point[0], lon=point[1]) if point else None,
        token=_token(person),
        sender=_sender(person),
    )


def _point() -> tuple[float, float] | None:
    written = field("lat"), field("long")
    if not any(written):
        return None
    try:
        lat, lon = map(float, written)
    except ValueError as error:
        raise refusal(400, words.BAD_POINT) from error
    if not (isfinite(lat) and isfinite(lon) and abs(lat) <= 90 and abs(lon) <= 180):
        raise refusal(400, words.BAD_POINT)
    return lat, lon


def _lines(rt: Runtime) -> Iterator[str]:
    """What belongs to the report beside its description."""
    if address := field("address_string"):
        yield ADDRESS.format(address)
    elif code := field("address_id"):
        yield ADDRESS.format(_place(rt, code))
    if detail := field(f"attribute[{services.ADDRESS_DETAIL}]"):
        yield DETAIL.format(detail)
    if when := field(f"attribute[{services.WHEN}]"):
        yield WHEN.format(when)
    if url := field("media_url"):
        if not url.startswith(("http://", "https://")) or len(url.split()) > 1:
            raise refusal(400, words.BAD_URL)
        yield PICTURE.format(url)  # an officer may look; 1708 fetches from no host it is told


def _place(rt: Runtime, code: str) -> str:
    try:
        return rt.reader.place_name(code)
    except KeyError as error:
        raise refusal(400, words.ADDRESS_UNKNOWN) from error


def _token(person: str) -> str:
    """The same for the same Idempotency-Key of the same program and person, else new.

    Programs without a key share a space of names: there only the same form from the same address
    is a repeat, or two strangers who both count from 1 would get each other's report.
    """
    name = request.headers.get("Idempotency-Key", "").strip()
    if not name:
        return secrets.token_hex(16)
    if len(name) > SHORT:
        raise refusal(400, words.TOO_LONG, name="Idempotency-Key", longest=SHORT)
    if not key_of():
        sent = (f"{field}={value}" for field, value in sorted(request.form.items(multi=True)))
        return _keyed("token", name, request.remote_addr or "", *sent)
    return _keyed("token", name, person)


def _sender(person: str) -> str:
    """Knows a person again who gives the same phone or mail, and tells nobody what it was."""
    if not person or not key_of():
        return secrets.token_hex(16)
    return _keyed("sender", person)


def _keyed(*parts: str) -> str:
    said = "\0".join(parts).encode("utf-8", "replace")
    return hmac.digest(key_of().encode("utf-8", "replace"), said, "sha256").hex()[:32]


def _settled(rt: Runtime, form: Form) -> Filed | None:
    """What became of the report, if it is quick; the database may be away, the report is not."""
    until = time.monotonic() + rt.settings.open311.wait_seconds
    while True:
        try:
            with rt.reading() as session:
                found = open311.filed(session, CHANNEL, form.token)
        except SQLAlchemyError as error:
            log.warning("open311_cannot_look", error=type(error).__name__)
            return None
        if found and found.text != form.text:
            raise refusal(400, words.KEY_REUSED)
        if (found and found.settled) or time.monotonic() >= until:
            return found
        time.sleep(LOOK_EVERY)


def _answer(rt: Runtime, form: Form, found: Filed | None) -> Value:
    """A number, or a token: never both."""
    told = services.notice(rt.reader, rt.policy, form.category, language())
    if found and found.urgent:
        told = f"{replies.EMERGENCY.say(language())} {told}"
    if found and found.tracking:
        name, value = "service_request_id", str(found.tracking)
    else:
        name, value = "token", form.token
    return {name: value, "service_notice": told, "account_id": None}


def of_token(rt: Runtime, token: str) -> Value:
    """The number, or none yet; 404 for what is unknown, confidential, or was no report."""
    with rt.reading() as session:
        found = open311.filed(session, CHANNEL, token)
    if found is None or (found.settled and found.tracking is None):
        raise refusal(404, words.TOKEN_UNKNOWN)
    number = str(found.tracking) if found.tracking else None
    return [{"service_request_id": number, "token": token}]
