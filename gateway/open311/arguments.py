"""What a client asked for, checked; Refusal says what is wrong in its own language."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import g, request

from gateway.open311 import words
from gateway.open311.rendering import ACCEPTED, Format
from gateway.open311.words import refusal
from gateway.settings import Open311
from parsers.messages import storable

SPAN = timedelta(days=90)  # "may not span more than 90 days"
DEEPEST = 100_000  # rows that are passed over to reach a page
DIGITS = 18  # of a number that every database can hold
DATE = len("2026-11-20")


@dataclass(frozen=True, slots=True)
class Window:
    """Both ends belong to it."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Page:
    limit: int
    offset: int


def answer_format() -> Format:
    """What the suffix says, else what Accept prefers; XML is what every client must know."""
    if suffix := g.get("suffix"):
        return Format(suffix)
    return ACCEPTED[request.accept_mimetypes.best_match(list(ACCEPTED), default="text/xml")]


def language() -> str:
    return request.accept_languages.best_match(words.LANGUAGES, default="id") or "id"


def named(name: str) -> str:
    """An argument of the query; blank is as good as absent."""
    return storable(request.args.get(name, "")).strip()


def listed(name: str) -> tuple[str, ...]:
    """Comma delimited, each once."""
    parts = (part.strip() for part in named(name).split(","))
    return tuple(dict.fromkeys(part for part in parts if part))


def moment(text: str, name: str, zone: ZoneInfo, *, end: bool = False) -> datetime:
    """A W3C date; a day alone is that day here, `end` its last moment.

    A `+` that was not encoded arrives as a blank: https://www.w3.org/TR/NOTE-datetime
    """
    try:
        found = datetime.fromisoformat(text.replace(" ", "+"))
        if len(text) == DATE:
            found = datetime.combine(found, time.max if end else time.min, zone)
        if found.tzinfo is None:
            raise ValueError("no time zone")
        return found.astimezone(zone)
    except (ValueError, OverflowError) as error:
        raise refusal(400, words.BAD_DATE, name=name) from error


def window(zone: ZoneInfo, now: datetime, *, usual: timedelta = SPAN) -> Window:
    """The time that was asked for, else the most recent 90 days, or what is usual instead."""
    first, last = named("start_date"), named("end_date")
    since = moment(first, "start_date", zone) if first else None
    until = moment(last, "end_date", zone, end=True) if last else None
    try:
        until = until or (since + SPAN if since else now)
        since = since or until - (SPAN if last else usual)
    except OverflowError as error:
        raise refusal(400, words.BAD_DATE, name="start_date") from error
    if since > until:
        raise refusal(400, words.TURNED_SPAN)
    if until - since > SPAN + timedelta(days=1):  # the day at its end, where days were given
        raise refusal(400, words.LONG_SPAN, days=SPAN.days)
    return Window(since, until)


def page(settings: Open311) -> Page:
    """`page` and `page_size`, or `limit`, as several servers have them beside the standard."""
    size = named("page_size") or named("limit")
    limit = _whole("page_size", size, settings.largest_page) if size else settings.page_size
    number = named("page")
    most = DEEPEST // limit + 1
    return Page(limit, limit * ((_whole("page", number, most) if number else 1) - 1))


def _whole(name: str, text: str, most: int) -> int:
    known = text.isascii() and text.isdigit() and len(text) <= DIGITS
    if not known or not 1 <= int(text) <= most:
        raise refusal(400, words.BAD_NUMBER, name=name, most=most)
    return int(text)


def number_of(text: str) -> int | None:
    """A tracking number; anything else is the number of nothing."""
    known = text.isascii() and text.isdigit() and len(text) <= DIGITS
    return int(text) if known else None


def trackings() -> tuple[int, ...] | None:
    """The numbers that were asked for, None if none was; those that cannot exist are left out."""
    asked = listed("service_request_id")
    if not asked:
        return None
    return tuple(number for text in asked if (number := number_of(text)) is not None)
