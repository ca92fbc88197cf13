"""The digests of officers: one message a working day, or none if nothing is new."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from functools import cache

from redis.exceptions import RedisError
from sqlmodel import Session

from bots.digests import LINES, Digest
from gateway import queue
from gateway.publish import addresses, names_of, to_officer
from gateway.queue import Wake
from gateway.runtime import Runtime
from store.agencies.scope import Scope
from store.agency_models import Officer
from store.casework import digests, feed
from store.casework.digests import Overview, Times
from store.casework.feed import Letter
from store.notices import DIGEST

DAY = timedelta(days=1)
LONGEST_BREAK = timedelta(days=14)  # what is older than this is not called new
OVERLAP = timedelta(minutes=1)  # what was being committed while the last digest was written


def send_digests(rt: Runtime) -> int:
    """Queue the digests of today once their hour has come; returns how many messages are new.

    However often it runs, an officer gets one a day: the name of the message says so. The flag in
    the queue only spares the work.
    """
    day = _due(rt)
    if day is None or _flagged(rt, day):
        return 0
    with rt.reading() as session:
        officers = [officer for officer in feed.listeners(session) if officer.digest]
        letters = list(_letters(rt, session, officers, day)) if officers else []
    with rt.transaction() as session:
        sent = feed.post(session, letters, now=rt.now())
    if sent:
        queue.wake(rt.redis, Wake.DELIVER)
    _flag(rt, day)
    return sent


def _due(rt: Runtime) -> date | None:
    """Today, if it is a working day and the hour has come."""
    here = rt.now().astimezone(rt.settings.zone)
    calendar = rt.settings.deadlines.calendar
    hour = time.fromisoformat(rt.settings.officers.digest_at)
    return here.date() if calendar.is_working(here.date()) and here.time() >= hour else None


def _letters(rt: Runtime, session: Session, officers: list[Officer], day: date) -> Iterator[Letter]:
    names = names_of(rt, session)

    @cache
    def found(agency: str, since: datetime) -> Overview:
        scope = Scope.within(names.directory, agency)
        return digests.overview(session, scope, _times(rt, since, day), limit=LINES)

    for officer in officers:
        overview = found(officer.agency, _since(rt, session, officer, day))
        if overview.says_something:
            text = Digest(overview, names, day).say(officer.language)
            name = f"digest-{day.isoformat()}"
            yield from to_officer(rt, officer, name, DIGEST, text, rt.now(), life=DAY)


def _times(rt: Runtime, since: datetime, day: date) -> Times:
    since_day = since.astimezone(rt.settings.zone).date()
    return Times(since, since_day, day, rt.policy.clock.warn_until(day))


def _since(rt: Runtime, session: Session, officer: Officer, day: date) -> datetime:
    """The last digest of this officer, else the time of the one that was due before today's."""
    sent = [digests.last_sent(session, *where) for where in addresses(rt, officer)]
    last = max((at for at in sent if at), default=None)
    if last and last > rt.now() - LONGEST_BREAK:
        return last - OVERLAP
    calendar, before = rt.settings.deadlines.calendar, day - DAY
    while not calendar.is_working(before):
        before -= DAY
    hour = time.fromisoformat(rt.settings.officers.digest_at)
    return datetime.combine(before, hour, rt.settings.zone).astimezone(UTC)


def _name(day: date) -> str:
    return f"1708:digests:{day.isoformat()}"


def _flagged(rt: Runtime, day: date) -> bool:
    with suppress(RedisError):
        return bool(rt.redis.exists(_name(day)))
    return False


def _flag(rt: Runtime, day: date) -> None:
    with suppress(RedisError):
        rt.redis.set(_name(day), 1, ex=DAY)
